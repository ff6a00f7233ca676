#include "attest/tpm_quote.h"

#include <algorithm>
#include <array>
#include <utility>

#include "attest/object_identifiers.h"
#include "wire/der.h"

namespace chatmcp::attest {
namespace {

using crypto::VerificationKey;
using wire::DerReader;

// ---- Certificates ----

/// A certificate, and how many bytes of empty storage follow it.
struct Stored {
    ByteView der;
    std::size_t padding_bytes = 0;
};

Result<Stored> without_padding(ByteView stored) {
    DerReader reader(stored);
    CHATMCP_TRY(const wire::DerValue value, reader.value(wire::kDerSequence));
    const ByteView rest = stored.subspan(value.whole.size());
    const auto all = [&](std::uint8_t filling) {
        return std::ranges::all_of(rest, [=](std::uint8_t byte) { return byte == filling; });
    };
    if (!all(0x00) && !all(0xff)) {
        return fail(Errc::malformed, "ATT-225");
    }
    return Stored{value.whole, rest.size()};
}

/// The files as certificates; what they borrow lives as long as this.
class Certificates {
  public:
    /// One certificate in DER, or some in PEM.
    Result<void> add(ByteView file) {
        constexpr std::uint8_t kSequence = 0x30;
        if (!file.empty() && file.front() == kSequence) {
            return add_certificate(file);
        }
        CHATMCP_TRY(std::vector<Bytes> all, certificates_of_pem(file));
        for (Bytes& each : all) {
            // Moving the vector's elements leaves their bytes where they are.
            from_pem_.push_back(std::move(each));
            CHATMCP_TRY_VOID(add_certificate(from_pem_.back()));
        }
        return {};
    }
    [[nodiscard]] std::span<const Certificate> all() const { return certificates_; }
    [[nodiscard]] std::size_t first_padding() const { return first_padding_; }

  private:
    Result<void> add_certificate(ByteView stored) {
        if (certificates_.size() == kChainMax) {
            return fail(Errc::too_large, "ATT-235");
        }
        CHATMCP_TRY(const Stored content, without_padding(stored));
        CHATMCP_TRY(Certificate certificate, Certificate::read(content.der));
        if (certificates_.empty()) {
            first_padding_ = content.padding_bytes;
        }
        certificates_.push_back(std::move(certificate));
        return {};
    }

    std::vector<Bytes> from_pem_;
    std::vector<Certificate> certificates_;
    std::size_t first_padding_ = 0;
};

/// Whether keyUsage is there and has digitalSignature, the first bit from the left: certificates of
/// endorsement keys, which decrypt alone, do not.
bool signs(const Certificate& certificate) {
    constexpr std::uint8_t kDigitalSignature = 0x80;
    const CertificateExtension* const usage = certificate.find(oid::kKeyUsage);
    if (usage == nullptr) {
        return false;
    }
    DerReader reader(usage->value);
    const auto bits = reader.content(wire::kDerBitString);
    return bits.has_value() && bits->size() >= 2 && ((*bits)[1] & kDigitalSignature) != 0;
}

/// Whether extKeyUsage names a key of a TPM: TCG's purpose for attestation keys, or, as Google
/// writes it, the one for endorsement keys.
bool is_for_tpms(const Certificate& certificate) {
    const CertificateExtension* const usage = certificate.find(oid::kExtendedKeyUsage);
    if (usage == nullptr) {
        return false;
    }
    DerReader reader(usage->value);
    auto purposes = reader.sequence();
    while (purposes.has_value() && !purposes->empty()) {
        const auto id = purposes->object_identifier();
        if (!id.has_value()) {
            return false;
        }
        if (equal(*id, oid::kTcgAttestationKey) || equal(*id, oid::kTcgEndorsementKey)) {
            return true;
        }
    }
    return false;
}

// ---- The attestation key ----

/// "-----BEGIN PUBLIC KEY-----" and what belongs to it.
Result<Bytes> public_key_of_pem(ByteView text) {
    const auto key = blocks_of_pem(text, "PUBLIC KEY");
    if (!key.has_value() || key->size() != 1) {
        return fail(Errc::malformed, "ATT-234");
    }
    return key->front();
}

/// The AK in all forms that there are.
class AttestationKey {
  public:
    Result<void> add(ByteView spki) {
        CHATMCP_TRY(VerificationKey key, VerificationKey::from_spki(spki));
        if (key_.has_value() && key_->spki() != key.spki()) {
            return fail(Errc::wrong_key, "ATT-221");
        }
        key_ = std::move(key);
        return {};
    }
    /// Null without any.
    [[nodiscard]] const VerificationKey* key() const { return key_.has_value() ? &*key_ : nullptr; }

  private:
    std::optional<VerificationKey> key_;
};

bool names_primary_key(ByteView qualified_signer, const TpmPublic& ak) {
    // TPM_RH_OWNER, TPM_RH_NULL, TPM_RH_ENDORSEMENT, TPM_RH_PLATFORM
    constexpr std::array<std::uint32_t, 4> kHierarchies = {
        0x40000001, 0x40000007, 0x4000000b, 0x4000000c};
    return std::ranges::any_of(kHierarchies, [&](std::uint32_t hierarchy) {
        return equal(ak.qualified_name_below(hierarchy), qualified_signer);
    });
}

// ---- Registers ----

/// The values that the quote is over, and the hash of them in the order of its selection. The hash
/// is the signature's, whatever the banks are.
Result<TpmPcrs> check_registers(const TpmQuote& quote, TpmHash hash, const TpmPcrs& pcrs) {
    TpmPcrs quoted;
    Bytes all;
    for (const TpmPcrSelection& selection : quote.selections) {
        const auto bank = pcrs.find(selection.bank);
        for (const std::uint8_t number : selection.registers) {
            if (bank == pcrs.end() || !bank->second.contains(number)) {
                return fail(Errc::not_found, "ATT-217");
            }
            const Bytes& value = bank->second.at(number);
            append(all, value);
            quoted[selection.bank].emplace(number, value);
        }
    }
    if (!equal(tpm_digest(hash, {all}).view(), quote.pcr_digest)) {
        return fail(Errc::bad_signature, "ATT-218");
    }
    return quoted;
}

bool is_ecdsa(crypto::SignatureAlgorithm algorithm) {
    using crypto::SignatureAlgorithm;
    return algorithm == SignatureAlgorithm::ecdsa_sha256 ||
           algorithm == SignatureAlgorithm::ecdsa_sha384 ||
           algorithm == SignatureAlgorithm::ecdsa_sha512;
}

}  // namespace

bool TpmClaims::uses_sha1() const {
    return signature_hash == TpmHash::sha1 || pcrs.contains(TpmHash::sha1);
}

Result<TpmClaims> verify_tpm_quote_by_key(const TpmQuote& quote,
                                          const TpmSignature& signature,
                                          const VerificationKey& ak,
                                          const TpmPcrs& pcrs) {
    const auto verified =
        is_ecdsa(signature.algorithm)
            ? ak.verify_fixed(signature.algorithm, quote.signed_part, signature.bytes)
            : ak.verify(signature.algorithm, quote.signed_part, signature.bytes);
    if (!verified.has_value()) {
        return fail(Errc::bad_signature, "ATT-219");
    }
    TpmClaims out;
    CHATMCP_TRY(out.pcrs, check_registers(quote, signature.hash, pcrs));
    out.nonce = to_bytes(quote.extra_data);
    out.qualified_signer = to_bytes(quote.qualified_signer);
    out.clock_ms = quote.clock_ms;
    out.reset_count = quote.reset_count;
    out.restart_count = quote.restart_count;
    out.clock_safe = quote.safe;
    out.firmware_version = quote.firmware_version;
    out.signature_hash = signature.hash;
    out.pcr_digest = to_bytes(quote.pcr_digest);
    out.ak = ak.spki();
    return out;
}

Result<TpmAkCertificate> verify_ak_certificate(ByteView certificate,
                                               std::span<const ByteView> authorities,
                                               std::span<const Certificate> roots,
                                               UnixMs at) {
    Certificates certificates;
    CHATMCP_TRY_VOID(certificates.add(certificate));
    if (certificates.all().empty()) {
        return fail(Errc::not_found, "ATT-220");
    }
    for (const ByteView file : authorities) {
        CHATMCP_TRY_VOID(certificates.add(file));
    }
    const Certificate& leaf = certificates.all().front();
    // Google names TPM and machine in the alternative name, and leaves the subject empty.
    const ChainRules rules{.at = at, .known_extensions = {oid::kSubjectAlternativeName}};
    CHATMCP_TRY_VOID(verify_chain(leaf, certificates.all().subspan(1), roots, rules));
    if (leaf.is_authority || !signs(leaf) || !is_for_tpms(leaf)) {
        return fail(Errc::wrong_purpose, "ATT-224");
    }
    return TpmAkCertificate{.subject = std::string(common_name_of(leaf.subject)),
                            .issuer = std::string(common_name_of(leaf.issuer)),
                            .key = to_bytes(leaf.public_key),
                            .key_ends = leaf.not_after,
                            .padding_bytes = certificates.first_padding()};
}

Result<TpmClaims> verify_tpm_quote(const TpmEvidence& evidence,
                                   std::span<const Certificate> roots,
                                   UnixMs at) {
    CHATMCP_TRY(const TpmQuote quote, TpmQuote::read(evidence.quote));
    CHATMCP_TRY(const TpmSignature signature, TpmSignature::read(evidence.signature));
    CHATMCP_TRY(const TpmPcrs pcrs, tpm_pcrs_of_json(as_text(evidence.pcrs)));
    AttestationKey ak;
    std::optional<TpmPublic> ak_public;
    std::optional<TpmAkCertificate> certificate;
    if (evidence.ak_public_key.has_value()) {
        CHATMCP_TRY(const Bytes spki, public_key_of_pem(*evidence.ak_public_key));
        CHATMCP_TRY_VOID(ak.add(spki));
    }
    if (evidence.ak_public.has_value()) {
        CHATMCP_TRY(ak_public, TpmPublic::read(*evidence.ak_public));
        if (!ak_public->is_attestation_key()) {
            return fail(Errc::wrong_purpose, "ATT-223");
        }
        CHATMCP_TRY_VOID(ak.add(ak_public->spki));
    }
    if (evidence.ak_certificate.has_value()) {
        CHATMCP_TRY(
            certificate,
            verify_ak_certificate(*evidence.ak_certificate, evidence.authorities, roots, at));
        CHATMCP_TRY_VOID(ak.add(certificate->key));
    }
    if (ak.key() == nullptr) {
        return fail(Errc::not_found, "ATT-220");
    }
    CHATMCP_TRY(TpmClaims claims, verify_tpm_quote_by_key(quote, signature, *ak.key(), pcrs));
    if (ak_public.has_value()) {
        claims.ak_attributes = ak_public->attributes;
        claims.ak_attributes_quoted = names_primary_key(quote.qualified_signer, *ak_public);
    }
    claims.ak_certificate = std::move(certificate);
    return claims;
}

}  // namespace chatmcp::attest
