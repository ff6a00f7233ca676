#include "crypto/hpke.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/check.h"
#include "crypto/kdf.h"

// Names and order of steps are those of RFC 9180: section 4 (LabeledExtract, LabeledExpand, Encap,
// Decap) and section 5.1 (KeySchedule), for mode_base with one message, so the sequence number is 0
// and the nonce is base_nonce itself.

namespace chatmcp::crypto {
namespace {

constexpr ByteArray<2> kKemId = {0x00, 0x20};  // DHKEM(X25519, HKDF-SHA256), section 7.1.
constexpr ByteArray<2> kKdfId = {0x00, 0x01};  // HKDF-SHA256, section 7.2.
constexpr ByteArray<1> kModeBase = {0x00};

using SuiteId = Bytes;

ByteArray<2> i2osp2(std::size_t value) {
    CHATMCP_CHECK(value <= 0xffff);
    return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value & 0xff)};
}

SuiteId kem_suite_id() {
    return concat({as_bytes("KEM"), kKemId});
}

SuiteId hpke_suite_id(HpkeSuite suite) {
    return concat(
        {as_bytes("HPKE"), kKemId, kKdfId, i2osp2(static_cast<std::uint16_t>(suite.aead))});
}

SecretBytes labeled_extract(const SuiteId& suite_id,
                            ByteView salt,
                            std::string_view label,
                            ByteView ikm) {
    constexpr std::string_view kVersion = "HPKE-v1";
    SecretBytes labeled_ikm(kVersion.size() + suite_id.size() + label.size() + ikm.size());
    auto to = labeled_ikm.mutable_view().begin();
    for (const ByteView part : {as_bytes(kVersion), ByteView(suite_id), as_bytes(label), ikm}) {
        to = std::copy(part.begin(), part.end(), to);
    }
    return hkdf_extract_sha256(salt, labeled_ikm.view());
}

SecretBytes labeled_expand(const SuiteId& suite_id,
                           ByteView prk,
                           std::string_view label,
                           ByteView info,
                           std::size_t size_bytes) {
    const Bytes labeled_info =
        concat({i2osp2(size_bytes), as_bytes("HPKE-v1"), suite_id, as_bytes(label), info});
    return hkdf_expand_sha256(prk, labeled_info, size_bytes);
}

SecretBytes extract_and_expand(ByteView dh, ByteView kem_context) {
    const SuiteId suite_id = kem_suite_id();
    const SecretBytes eae_prk = labeled_extract(suite_id, {}, "eae_prk", dh);
    return labeled_expand(suite_id, eae_prk.view(), "shared_secret", kem_context, kSha256Bytes);
}

struct Context {
    Aead aead;
    SecretBytes base_nonce;
};

// KeySchedule of section 5.1; without psk, as mode_base has none.
Context key_schedule(HpkeSuite suite, ByteView shared_secret, ByteView info) {
    const SuiteId suite_id = hpke_suite_id(suite);
    const SecretBytes psk_id_hash = labeled_extract(suite_id, {}, "psk_id_hash", {});
    const SecretBytes info_hash = labeled_extract(suite_id, {}, "info_hash", info);
    const Bytes key_schedule_context = concat({kModeBase, psk_id_hash.view(), info_hash.view()});
    const SecretBytes secret = labeled_extract(suite_id, shared_secret, "secret", {});
    const SecretBytes key = labeled_expand(
        suite_id, secret.view(), "key", key_schedule_context, aead_key_bytes(suite.aead));
    return {Aead(suite.aead, key.view()),
            labeled_expand(
                suite_id, secret.view(), "base_nonce", key_schedule_context, kAeadNonceBytes)};
}

}  // namespace

HpkePrivateKey::HpkePrivateKey(SecretBytes private_key, ByteArray<kX25519Bytes> public_key)
    : private_key_(std::move(private_key)), public_key_(public_key) {}

HpkePrivateKey HpkePrivateKey::generate(Random& random) {
    return derive(random.secret(kX25519Bytes).view());
}

HpkePrivateKey HpkePrivateKey::derive(ByteView ikm) {
    const SuiteId suite_id = kem_suite_id();
    const SecretBytes dkp_prk = labeled_extract(suite_id, {}, "dkp_prk", ikm);
    SecretBytes private_key = labeled_expand(suite_id, dkp_prk.view(), "sk", {}, kX25519Bytes);
    const ByteArray<kX25519Bytes> public_key = x25519_public_key(private_key.view());
    return {std::move(private_key), public_key};
}

Result<HpkePrivateKey> HpkePrivateKey::from_bytes(ByteView private_key) {
    if (private_key.size() != kX25519Bytes) {
        return fail(Errc::malformed, "CRY-06");
    }
    SecretBytes copy(private_key);
    const ByteArray<kX25519Bytes> public_key = x25519_public_key(private_key);
    return HpkePrivateKey(std::move(copy), public_key);
}

HpkePrivateKey HpkePrivateKey::clone() const {
    return {private_key_.clone(), public_key_};
}

Result<HpkeCiphertext> hpke_seal(HpkeSuite suite,
                                 ByteView public_key,
                                 ByteView info,
                                 ByteView aad,
                                 ByteView plaintext,
                                 Random& random) {
    if (public_key.size() != kX25519Bytes) {
        return fail(Errc::malformed, "CRY-07");
    }
    const HpkePrivateKey ephemeral = HpkePrivateKey::generate(random);
    const ByteView enc = ephemeral.public_key();
    CHATMCP_TRY(const SecretBytes dh, x25519(ephemeral.bytes(), public_key));
    const SecretBytes shared_secret = extract_and_expand(dh.view(), concat({enc, public_key}));
    const Context context = key_schedule(suite, shared_secret.view(), info);
    return HpkeCiphertext{to_bytes(enc),
                          context.aead.seal(context.base_nonce.view(), aad, plaintext)};
}

Result<SecretBytes> hpke_open(HpkeSuite suite,
                              const HpkePrivateKey& key,
                              ByteView enc,
                              ByteView info,
                              ByteView aad,
                              ByteView ciphertext) {
    if (enc.size() != kX25519Bytes) {
        return fail(Errc::malformed, "CRY-07");
    }
    CHATMCP_TRY(const SecretBytes dh, x25519(key.bytes(), enc));
    const SecretBytes shared_secret =
        extract_and_expand(dh.view(), concat({enc, key.public_key()}));
    const Context context = key_schedule(suite, shared_secret.view(), info);
    return context.aead.open_secret(context.base_nonce.view(), aad, ciphertext);
}

}  // namespace chatmcp::crypto
