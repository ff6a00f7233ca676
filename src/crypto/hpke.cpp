#include "crypto/hpke.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/check.h"
#include "crypto/kdf.h"
#include "crypto/xwing.h"

// Names and order of steps are those of RFC 9180: section 4 (LabeledExtract, LabeledExpand, Encap,
// Decap) and section 5.1 (KeySchedule), for mode_base with one message or one export, so the
// sequence number is 0 and the nonce is base_nonce itself.

namespace chatmcp::crypto {
namespace {

constexpr ByteArray<1> kModeBase = {0x00};

using SuiteId = Bytes;

ByteArray<2> i2osp2(std::size_t value) {
    CHATMCP_CHECK(value <= 0xffff);
    return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value & 0xff)};
}

ByteArray<2> kem_number(KemId kem) {
    return i2osp2(static_cast<std::uint16_t>(kem));
}

// Section 7.2.
ByteArray<2> kdf_number(HashId kdf) {
    switch (kdf) {
        case HashId::sha256:
            return {0x00, 0x01};
        case HashId::sha384:
            return {0x00, 0x02};
        case HashId::sha512:
            return {0x00, 0x03};
    }
    return {};
}

SuiteId kem_suite_id(KemId kem) {
    return concat({as_bytes("KEM"), kem_number(kem)});
}

SuiteId hpke_suite_id(const HpkeSuite& suite) {
    return concat({as_bytes("HPKE"),
                   kem_number(suite.kem),
                   kdf_number(suite.kdf),
                   i2osp2(static_cast<std::uint16_t>(suite.aead))});
}

/// Labelled HKDF of one suite (section 4).
struct LabeledKdf {
    HashId hash = HashId::sha256;
    SuiteId suite_id;

    [[nodiscard]] SecretBytes extract(ByteView salt, std::string_view label, ByteView ikm) const {
        constexpr std::string_view kVersion = "HPKE-v1";
        SecretBytes labeled_ikm(kVersion.size() + suite_id.size() + label.size() + ikm.size());
        auto to = labeled_ikm.mutable_view().begin();
        for (const ByteView part : {as_bytes(kVersion), ByteView(suite_id), as_bytes(label), ikm}) {
            to = std::copy(part.begin(), part.end(), to);
        }
        return hkdf_extract(hash, salt, labeled_ikm.view());
    }
    [[nodiscard]] SecretBytes expand(ByteView prk,
                                     std::string_view label,
                                     ByteView info,
                                     std::size_t size_bytes) const {
        const Bytes labeled_info =
            concat({i2osp2(size_bytes), as_bytes("HPKE-v1"), suite_id, as_bytes(label), info});
        return hkdf_expand(hash, prk, labeled_info, size_bytes);
    }
};

LabeledKdf kem_kdf(KemId kem) {
    return {kem_hash(kem), kem_suite_id(kem)};
}

SecretBytes extract_and_expand(KemId kem, ByteView dh, ByteView kem_context) {
    const LabeledKdf kdf = kem_kdf(kem);
    const SecretBytes eae_prk = kdf.extract({}, "eae_prk", dh);
    return kdf.expand(eae_prk.view(), "shared_secret", kem_context, hash_bytes(kdf.hash));
}

/// KeySchedule of section 5.1, without psk, as mode_base has none. What it gives is derived when it
/// is asked for: either the two of a message, or an exported secret.
class KeySchedule {
  public:
    KeySchedule(const HpkeInfo& info, ByteView shared_secret)
        : suite_(info.suite()),
          kdf_{suite_.kdf, hpke_suite_id(suite_)},
          context_(info.context()),
          secret_(kdf_.extract(shared_secret, "secret", {})) {}

    [[nodiscard]] SecretBytes key() const { return derive("key", aead_key_bytes(suite_.aead)); }
    [[nodiscard]] SecretBytes base_nonce() const { return derive("base_nonce", kAeadNonceBytes); }
    /// Section 5.3.
    [[nodiscard]] SecretBytes export_secret(ByteView exporter_context,
                                            std::size_t size_bytes) const {
        const SecretBytes exporter_secret = derive("exp", hash_bytes(suite_.kdf));
        return kdf_.expand(exporter_secret.view(), "sec", exporter_context, size_bytes);
    }

  private:
    [[nodiscard]] SecretBytes derive(std::string_view label, std::size_t size_bytes) const {
        return kdf_.expand(secret_.view(), label, context_, size_bytes);
    }

    HpkeSuite suite_;
    LabeledKdf kdf_;
    Bytes context_;  // key_schedule_context
    SecretBytes secret_;
};

// Section 7.1.3: for the NIST curves candidates until one is in range, which the first is but for
// one in 2^32 (P-256).
SecretBytes derive_private_key(KemId kem, ByteView ikm) {
    if (!is_dhkem(kem)) {
        return xwing_derive_private_key(ikm);
    }
    const LabeledKdf kdf = kem_kdf(kem);
    const SecretBytes dkp_prk = kdf.extract({}, "dkp_prk", ikm);
    if (kem == KemId::x25519) {
        return kdf.expand(dkp_prk.view(), "sk", {}, kX25519Bytes);
    }
    for (unsigned counter = 0; counter < 256; ++counter) {
        const ByteArray<1> number = {static_cast<std::uint8_t>(counter)};
        SecretBytes candidate =
            kdf.expand(dkp_prk.view(), "candidate", number, kem_private_bytes(kem));
        if (kem == KemId::p521) {
            candidate.mutable_view().front() &= 0x01;  // The order has 521 bits.
        }
        if (is_kem_private_key(kem, candidate.view())) {
            return candidate;
        }
    }
    CHATMCP_CHECK(false);  // DeriveKeyPairError: once in 2^8192.
}

}  // namespace

HpkeInfo::HpkeInfo(HpkeSuite suite, ByteView info) : suite_(suite) {
    const LabeledKdf kdf{suite.kdf, hpke_suite_id(suite)};
    const SecretBytes psk_id_hash = kdf.extract({}, "psk_id_hash", {});
    const SecretBytes info_hash = kdf.extract({}, "info_hash", info);
    context_ = concat({kModeBase, psk_id_hash.view(), info_hash.view()});
}

HpkePrivateKey::HpkePrivateKey(KemId kem, SecretBytes private_key, Bytes public_key)
    : kem_(kem), private_key_(std::move(private_key)), public_key_(std::move(public_key)) {}

HpkePrivateKey HpkePrivateKey::generate(KemId kem, Random& random) {
    return derive(kem, random.secret(kem_private_bytes(kem)).view());
}

HpkePrivateKey HpkePrivateKey::derive(KemId kem, ByteView ikm) {
    SecretBytes private_key = derive_private_key(kem, ikm);
    Bytes public_key = kem_public_key(kem, private_key.view());
    return {kem, std::move(private_key), std::move(public_key)};
}

Result<HpkePrivateKey> HpkePrivateKey::from_bytes(KemId kem, ByteView private_key) {
    if (!is_kem_private_key(kem, private_key)) {
        return fail(Errc::malformed, "CRY-06");
    }
    return HpkePrivateKey(kem, SecretBytes(private_key), kem_public_key(kem, private_key));
}

HpkePrivateKey HpkePrivateKey::clone() const {
    return {kem_, private_key_.clone(), public_key_};
}

namespace {

// SetupBaseS and SetupBaseR, section 5.1.1.

struct SenderSetup {
    Bytes enc;
    KeySchedule schedule;
};

Result<SenderSetup> setup_sender(const HpkeInfo& info, ByteView public_key, Random& random) {
    const HpkeSuite& suite = info.suite();
    if (!is_dhkem(suite.kem)) {
        const SecretBytes randomness = random.secret(kXwingEncapsulationBytes);
        CHATMCP_TRY(XwingEncapsulation made, xwing_encapsulate(public_key, randomness.view()));
        return SenderSetup{std::move(made.ciphertext),
                           KeySchedule(info, made.shared_secret.view())};
    }
    const HpkePrivateKey ephemeral = HpkePrivateKey::generate(suite.kem, random);
    const Bytes& enc = ephemeral.public_key();
    CHATMCP_TRY(const SecretBytes dh, kem_dh(suite.kem, ephemeral.bytes(), public_key));
    const SecretBytes shared_secret =
        extract_and_expand(suite.kem, dh.view(), concat({enc, public_key}));
    return SenderSetup{enc, KeySchedule(info, shared_secret.view())};
}

Result<KeySchedule> setup_receiver(const HpkeSuite& suite,
                                   const HpkePrivateKey& key,
                                   ByteView enc,
                                   ByteView info) {
    CHATMCP_CHECK(key.kem() == suite.kem);
    if (!is_dhkem(suite.kem)) {
        CHATMCP_TRY(const SecretBytes secret, xwing_decapsulate(key.bytes(), enc));
        return KeySchedule(HpkeInfo(suite, info), secret.view());
    }
    CHATMCP_TRY(const SecretBytes dh, kem_dh(suite.kem, key.bytes(), enc));
    const SecretBytes shared_secret =
        extract_and_expand(suite.kem, dh.view(), concat({enc, key.public_key()}));
    return KeySchedule(HpkeInfo(suite, info), shared_secret.view());
}

}  // namespace

Result<HpkeCiphertext> hpke_seal(HpkeSuite suite,
                                 ByteView public_key,
                                 ByteView info,
                                 ByteView aad,
                                 ByteView plaintext,
                                 Random& random) {
    return hpke_seal(HpkeInfo(suite, info), public_key, aad, plaintext, random);
}

Result<HpkeCiphertext> hpke_seal(
    const HpkeInfo& info, ByteView public_key, ByteView aad, ByteView plaintext, Random& random) {
    CHATMCP_TRY(SenderSetup to, setup_sender(info, public_key, random));
    const AeadId aead = info.suite().aead;
    return HpkeCiphertext{
        std::move(to.enc),
        aead_seal(aead, to.schedule.key().view(), to.schedule.base_nonce().view(), aad, plaintext)};
}

Result<SecretBytes> hpke_open(HpkeSuite suite,
                              const HpkePrivateKey& key,
                              ByteView enc,
                              ByteView info,
                              ByteView aad,
                              ByteView ciphertext) {
    CHATMCP_TRY(const KeySchedule from, setup_receiver(suite, key, enc, info));
    return aead_open_secret(
        suite.aead, from.key().view(), from.base_nonce().view(), aad, ciphertext);
}

Result<HpkeExport> hpke_send_export(HpkeSuite suite,
                                    ByteView public_key,
                                    ByteView info,
                                    ByteView exporter_context,
                                    std::size_t size_bytes,
                                    Random& random) {
    CHATMCP_TRY(const SenderSetup to, setup_sender(HpkeInfo(suite, info), public_key, random));
    return HpkeExport{to.enc, to.schedule.export_secret(exporter_context, size_bytes)};
}

Result<SecretBytes> hpke_receive_export(HpkeSuite suite,
                                        const HpkePrivateKey& key,
                                        ByteView enc,
                                        ByteView info,
                                        ByteView exporter_context,
                                        std::size_t size_bytes) {
    CHATMCP_TRY(const KeySchedule from, setup_receiver(suite, key, enc, info));
    return from.export_secret(exporter_context, size_bytes);
}

}  // namespace chatmcp::crypto
