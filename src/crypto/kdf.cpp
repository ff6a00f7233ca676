#include "crypto/kdf.h"

#include <bit>
#include <string_view>

#include <openssl/evp.h>
#include <openssl/hkdf.h>
#include <openssl/hmac.h>

#include "base/check.h"
#include "crypto/aws_lc.h"

namespace chatmcp::crypto {
namespace {

const EVP_MD* evp_hash(HashId id) {
    switch (id) {
        case HashId::sha256:
            return EVP_sha256();
        case HashId::sha384:
            return EVP_sha384();
        case HashId::sha512:
            return EVP_sha512();
    }
    return nullptr;
}

bool in_range(const ScryptParameters& parameters) {
    const auto& [n, r, p] = parameters;
    // RFC 7914 section 2: n is a power of two above 1. The bound on n alone keeps the product below
    // from wrapping round.
    return std::has_single_bit(n) && n > 1 && n <= kScryptMemoryMaxBytes && r > 0 && p > 0 &&
           p <= kScryptParallelMax && r <= kScryptMemoryMaxBytes / (128 * n);
}

}  // namespace

Sha256Digest hmac_sha256(ByteView key, ByteView data) {
    return to_array<kSha256Bytes>(hmac(HashId::sha256, key, data).view());
}

Digest hmac(HashId id, ByteView key, ByteView data) {
    ByteArray<Digest::kMaxBytes> out{};
    unsigned size = 0;
    CHATMCP_CHECK(HMAC(evp_hash(id),
                       pointer_of(key),
                       key.size(),
                       pointer_of(data),
                       data.size(),
                       out.data(),
                       &size) != nullptr);
    CHATMCP_CHECK(size == hash_bytes(id));
    return Digest(ByteView(out).first(size));
}

SecretBytes hkdf_extract(HashId id, ByteView salt, ByteView ikm) {
    SecretBytes prk(hash_bytes(id));
    std::size_t size = 0;
    CHATMCP_CHECK(HKDF_extract(prk.mutable_view().data(),
                               &size,
                               evp_hash(id),
                               pointer_of(ikm),
                               ikm.size(),
                               pointer_of(salt),
                               salt.size()) == 1);
    CHATMCP_CHECK(size == prk.size());
    return prk;
}

SecretBytes hkdf_expand(HashId id, ByteView prk, ByteView info, std::size_t size_bytes) {
    CHATMCP_CHECK(size_bytes <= 255 * hash_bytes(id));
    SecretBytes out(size_bytes);
    if (size_bytes == 0) {
        return out;
    }
    CHATMCP_CHECK(HKDF_expand(out.mutable_view().data(),
                              out.size(),
                              evp_hash(id),
                              pointer_of(prk),
                              prk.size(),
                              pointer_of(info),
                              info.size()) == 1);
    return out;
}

Result<SecretBytes> scrypt(ByteView passphrase,
                           ByteView salt,
                           const ScryptParameters& parameters,
                           std::size_t size_bytes) {
    if (!in_range(parameters)) {
        return fail(Errc::invalid_argument, "CRY-02");
    }
    // AWS-LC counts its working blocks too; the bound that matters is the one above.
    const std::size_t working_memory_max_bytes =
        static_cast<std::size_t>(kScryptMemoryMaxBytes) + std::size_t{64} * 1024 * 1024;
    SecretBytes out(size_bytes);
    const std::string_view text = as_text(passphrase);
    const int done = EVP_PBE_scrypt(text.data(),
                                    text.size(),
                                    pointer_of(salt),
                                    salt.size(),
                                    parameters.n,
                                    parameters.r,
                                    parameters.p,
                                    working_memory_max_bytes,
                                    out.mutable_view().data(),
                                    out.size());
    if (done != 1) {
        forget_errors();
        return fail(Errc::invalid_argument, "CRY-02");
    }
    return out;
}

}  // namespace chatmcp::crypto
