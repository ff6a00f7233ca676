#include "crypto/xwing.h"

#include <initializer_list>

#include <openssl/evp.h>

#include "base/check.h"
#include "crypto/aws_lc.h"
#include "crypto/kem.h"
#include "crypto/mlkem.h"

namespace chatmcp::crypto {
namespace {

constexpr ByteArray<6> kLabel = {'\\', '.', '/', '/', '^', '\\'};  // \./ over /^\ : section 5.3.

/// SHAKE256 or SHA3-256 of the parts one after the other.
SecretBytes sponge(const EVP_MD* function,
                   std::initializer_list<ByteView> parts,
                   std::size_t size_bytes) {
    bssl::ScopedEVP_MD_CTX context;
    EVP_MD_CTX* const state = context.get();
    CHATMCP_CHECK(EVP_DigestInit_ex(state, function, nullptr) == 1);
    for (const ByteView part : parts) {
        CHATMCP_CHECK(EVP_DigestUpdate(state, pointer_of(part), part.size()) == 1);
    }
    SecretBytes out(size_bytes);
    std::uint8_t* const to = out.mutable_view().data();
    const bool squeezed = function == EVP_shake256()
                              ? EVP_DigestFinalXOF(state, to, size_bytes) == 1
                              : EVP_DigestFinal_ex(state, to, nullptr) == 1;
    CHATMCP_CHECK(squeezed);
    return out;
}

/// expandDecapsulationKey, section 5.2: both private keys from the seed.
struct Expanded {
    SecretBytes seeds;
    [[nodiscard]] ByteView mlkem() const { return seeds.view().first(kMlKem768SeedBytes); }
    [[nodiscard]] ByteView x25519() const { return seeds.view().last(kX25519Bytes); }
};
Expanded expand(ByteView private_key) {
    CHATMCP_CHECK(private_key.size() == kXwingPrivateBytes);
    return {sponge(EVP_shake256(), {private_key}, kMlKem768SeedBytes + kX25519Bytes)};
}

/// Combiner, section 5.3.
SecretBytes combine(ByteView mlkem_secret,
                    ByteView x25519_secret,
                    ByteView x25519_ciphertext,
                    ByteView x25519_public_key) {
    return sponge(EVP_sha3_256(),
                  {mlkem_secret, x25519_secret, x25519_ciphertext, x25519_public_key, kLabel},
                  kXwingSharedBytes);
}

}  // namespace

Bytes xwing_public_key(ByteView private_key) {
    const Expanded keys = expand(private_key);
    return concat(
        {mlkem768_public_key(keys.mlkem()), kem_public_key(KemId::x25519, keys.x25519())});
}

SecretBytes xwing_derive_private_key(ByteView ikm) {
    // SHAKE256.LabeledDerive: ikm, then version, suite id, label with its size, size of the output.
    constexpr std::string_view kLabeled = "HPKE-v1KEM\x64\x7a";
    constexpr std::string_view kName = "DeriveKeyPair";
    constexpr ByteArray<2> kNameSize = {0, kName.size()};
    constexpr ByteArray<2> kOutputSize = {0, kXwingPrivateBytes};
    return sponge(EVP_shake256(),
                  {ikm, as_bytes(kLabeled), kNameSize, as_bytes(kName), kOutputSize},
                  kXwingPrivateBytes);
}

Result<XwingEncapsulation> xwing_encapsulate(ByteView public_key, ByteView randomness) {
    CHATMCP_CHECK(randomness.size() == kXwingEncapsulationBytes);
    if (public_key.size() != kXwingPublicBytes) {
        return fail(Errc::malformed, "CRY-07");
    }
    const ByteView x25519_key = public_key.last(kX25519Bytes);
    const ByteView ephemeral = randomness.last(kX25519Bytes);
    CHATMCP_TRY(const MlKemEncapsulation inner,
                mlkem768_encapsulate(public_key.first(kMlKem768PublicBytes),
                                     randomness.first(kMlKem768EncapsulationBytes)));
    CHATMCP_TRY(const SecretBytes dh, kem_dh(KemId::x25519, ephemeral, x25519_key));
    const Bytes sent = kem_public_key(KemId::x25519, ephemeral);
    return XwingEncapsulation{concat({inner.ciphertext, sent}),
                              combine(inner.shared_secret.view(), dh.view(), sent, x25519_key)};
}

Result<SecretBytes> xwing_decapsulate(ByteView private_key, ByteView ciphertext) {
    const Expanded keys = expand(private_key);
    if (ciphertext.size() != kXwingCiphertextBytes) {
        return fail(Errc::malformed, "CRY-07");
    }
    const ByteView sent = ciphertext.last(kX25519Bytes);
    CHATMCP_TRY(const SecretBytes inner,
                mlkem768_decapsulate(keys.mlkem(), ciphertext.first(kMlKem768CiphertextBytes)));
    CHATMCP_TRY(const SecretBytes dh, kem_dh(KemId::x25519, keys.x25519(), sent));
    return combine(inner.view(), dh.view(), sent, kem_public_key(KemId::x25519, keys.x25519()));
}

}  // namespace chatmcp::crypto
