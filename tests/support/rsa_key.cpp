#include "support/rsa_key.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/check.h"

namespace chatmcp::testing {

struct RsaKey::Key {
    bssl::UniquePtr<EVP_PKEY> key{EVP_PKEY_new()};
};

RsaKey::RsaKey() : key_(std::make_unique<Key>()) {
    constexpr int kBits = 2048;
    const bssl::UniquePtr<RSA> rsa(RSA_new());
    const bssl::UniquePtr<BIGNUM> exponent(BN_new());
    CHATMCP_CHECK(BN_set_word(exponent.get(), RSA_F4) == 1 &&
                  RSA_generate_key_ex(rsa.get(), kBits, exponent.get(), nullptr) == 1 &&
                  EVP_PKEY_set1_RSA(key_->key.get(), rsa.get()) == 1);
}
RsaKey::RsaKey(RsaKey&&) noexcept = default;
RsaKey::~RsaKey() = default;

Bytes RsaKey::modulus() const {
    const BIGNUM* const n = RSA_get0_n(EVP_PKEY_get0_RSA(key_->key.get()));
    Bytes out(BN_num_bytes(n));
    CHATMCP_CHECK(BN_bn2bin(n, out.data()) == out.size());
    return out;
}

Bytes RsaKey::spki() const {
    bssl::ScopedCBB out;
    CHATMCP_CHECK(CBB_init(out.get(), 0) == 1 &&
                  EVP_marshal_public_key(out.get(), key_->key.get()) == 1 &&
                  CBB_flush(out.get()) == 1);
    return Bytes(CBB_data(out.get()), CBB_data(out.get()) + CBB_len(out.get()));
}

Bytes RsaKey::sign(crypto::SignatureAlgorithm algorithm, ByteView message) const {
    using crypto::SignatureAlgorithm;
    const bool pss = algorithm == SignatureAlgorithm::rsa_pss_sha256;
    const bool sha1 = algorithm == SignatureAlgorithm::rsa_pkcs1_sha1;
    CHATMCP_CHECK(pss || sha1 || algorithm == SignatureAlgorithm::rsa_pkcs1_sha256);
    bssl::ScopedEVP_MD_CTX context;
    EVP_PKEY_CTX* parameters = nullptr;  // The context's own.
    CHATMCP_CHECK(EVP_DigestSignInit(context.get(),
                                     &parameters,
                                     sha1 ? EVP_sha1() : EVP_sha256(),
                                     nullptr,
                                     key_->key.get()) == 1);
    if (pss) {
        CHATMCP_CHECK(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    auto size = static_cast<std::size_t>(EVP_PKEY_size(key_->key.get()));
    Bytes out(size);
    CHATMCP_CHECK(
        EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1);
    out.resize(size);
    return out;
}

}  // namespace chatmcp::testing
