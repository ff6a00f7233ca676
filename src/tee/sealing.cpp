#include "tee/sealing.h"

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "wire/quoting.h"
#include "wire/tls.h"

namespace chatmcp::tee {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kKeyBytes = 32;
constexpr ByteArray<crypto::kAeadNonceBytes> kZeroNonce{};  // Every key is used once.

crypto::Aead one_time_aead(ByteView platform_key, ByteView salt) {
    wire::Writer info;
    info.vector(as_bytes("ChatMCP sealed state 1"));
    info.fixed(salt);
    const SecretBytes key =
        crypto::hkdf_expand(crypto::HashId::sha256, platform_key, info.view(), kKeyBytes);
    return {crypto::AeadId::chacha20_poly1305, key.view()};
}

Bytes associated_data(std::string_view context, ByteView name) {
    wire::Writer writer;
    writer.u8(kVersion);
    writer.vector(as_bytes(context));
    writer.vector(name);
    return writer.take();
}

}  // namespace

Result<Sealer> Sealer::open(Platform& platform, std::string_view context) {
    CHATMCP_CHECK(context.size() <= wire::kSealingContextMaxBytes);
    CHATMCP_TRY(const SecretBytes key, platform.sealing_key(as_bytes(context)));
    CHATMCP_CHECK(key.size() == wire::kSealingKeyBytes);
    return Sealer(std::string(context), key.view());
}

Bytes Sealer::seal(ByteView name, ByteView plaintext, crypto::Random& random) const {
    CHATMCP_CHECK(plaintext.size() <= kPlaintextMaxBytes);
    const auto salt = random.array<kSaltBytes>();
    const Bytes ciphertext = one_time_aead(key_.view(), salt)
                                 .seal(kZeroNonce, associated_data(context_, name), plaintext);
    return concat({ByteView(&kVersion, 1), salt, ciphertext});
}

Result<SecretBytes> Sealer::unseal(ByteView name, ByteView sealed) const {
    if (sealed.size() < kOverheadBytes) {
        return fail(Errc::malformed, "TEE-13");
    }
    if (sealed.size() > kOverheadBytes + kPlaintextMaxBytes) {
        return fail(Errc::too_large, "TEE-14");
    }
    if (sealed.front() != kVersion) {
        return fail(Errc::unsupported_version, "TEE-15");
    }
    const ByteView salt = sealed.subspan(1, kSaltBytes);
    auto plaintext =
        one_time_aead(key_.view(), salt)
            .open_secret(
                kZeroNonce, associated_data(context_, name), sealed.subspan(1 + kSaltBytes));
    if (!plaintext.has_value()) {
        return fail(Errc::cannot_open, "TEE-16");
    }
    return *std::move(plaintext);
}

}  // namespace chatmcp::tee
