#include "stamps/one_time_key.h"

#include <algorithm>

#include <sodium.h>

#include "base/check.h"
#include "base/secret.h"
#include "crypto/hash.h"

namespace chatmcp::stamps {
namespace {

constexpr std::string_view kTweakLabel = "ChatMCP 1.0 stamp key tweak";
constexpr std::size_t kScalarBytes = crypto_core_ed25519_SCALARBYTES;
using Scalar = ByteArray<kScalarBytes>;

static_assert(crypto_core_ed25519_BYTES == kStampKeyBytes);
static_assert(crypto_core_ed25519_NONREDUCEDSCALARBYTES == crypto::kSha512Bytes);

void start_library() {
    // Once, in whatever thread comes first.
    static const bool started = sodium_init() >= 0;
    CHATMCP_CHECK(started);
}

// A hash as a number modulo the order of the group.
SecretBytes reduce(const crypto::Sha512Digest& digest) {
    SecretBytes out(kScalarBytes);
    crypto_core_ed25519_scalar_reduce(out.mutable_view().data(), digest.data());
    return out;
}

SecretBytes tweak(const StampKey& stamp_key, const OneTimeKeyContext& context) {
    return reduce(crypto::sha512(
        {as_bytes(kTweakLabel), stamp_key, context.salt, context.inbox, context.welcome_digest}));
}

// The scalar and the prefix that RFC 8032 section 5.1.5 makes of a private key.
struct Expanded {
    SecretBytes scalar;
    SecretBytes prefix;
};

Expanded expand(const crypto::SigningKey& key) {
    crypto::Sha512Digest hash = crypto::sha512(key.seed());
    crypto::Sha512Digest clamped{};
    std::copy_n(hash.begin(), kScalarBytes, clamped.begin());
    clamped[0] &= 0xf8;
    clamped[kScalarBytes - 1] &= 0x7f;
    clamped[kScalarBytes - 1] |= 0x40;
    Expanded out{.scalar = reduce(clamped),
                 .prefix = SecretBytes(ByteView(hash).subspan(kScalarBytes))};
    wipe(hash);
    wipe(clamped);
    return out;
}

StampKey base_times(ByteView scalar) {
    StampKey out;
    // Fails for zero alone, which no hash gives.
    CHATMCP_CHECK(crypto_scalarmult_ed25519_base_noclamp(out.data(), scalar.data()) == 0);
    return out;
}

}  // namespace

Result<void> check_stamp_key(const StampKey& stamp_key) {
    start_library();
    if (crypto_core_ed25519_is_valid_point(stamp_key.data()) != 1) {
        return fail(Errc::wrong_key, "STM-01");
    }
    return {};
}

Result<StampKey> one_time_key(const StampKey& stamp_key, const OneTimeKeyContext& context) {
    start_library();
    const StampKey tweak_point = base_times(tweak(stamp_key, context).view());
    StampKey out;
    if (crypto_core_ed25519_add(out.data(), stamp_key.data(), tweak_point.data()) != 0) {
        return fail(Errc::wrong_key, "STM-02");
    }
    return out;
}

ByteArray<crypto::kEd25519SignatureBytes> sign_with_one_time_key(
    const crypto::SigningKey& stamp_key, const OneTimeKeyContext& context, ByteView message) {
    start_library();
    const Expanded expanded = expand(stamp_key);
    const SecretBytes h = tweak(stamp_key.public_key(), context);
    SecretBytes private_scalar(kScalarBytes);
    crypto_core_ed25519_scalar_add(
        private_scalar.mutable_view().data(), expanded.scalar.view().data(), h.view().data());
    const StampKey public_key = base_times(private_scalar.view());

    // RFC 8032 section 5.1.6 from step 2 on; the nonce is of this key alone.
    crypto::Sha512Digest nonce_hash = crypto::sha512({expanded.prefix.view(), h.view(), message});
    const SecretBytes nonce = reduce(nonce_hash);
    wipe(nonce_hash);
    const StampKey r = base_times(nonce.view());
    const SecretBytes challenge = reduce(crypto::sha512({r, public_key, message}));
    SecretBytes product(kScalarBytes);
    crypto_core_ed25519_scalar_mul(
        product.mutable_view().data(), challenge.view().data(), private_scalar.view().data());
    Scalar s{};
    crypto_core_ed25519_scalar_add(s.data(), nonce.view().data(), product.view().data());
    ByteArray<crypto::kEd25519SignatureBytes> signature{};
    std::ranges::copy(r, signature.begin());
    std::ranges::copy(s, signature.begin() + kStampKeyBytes);
    return signature;
}

}  // namespace chatmcp::stamps
