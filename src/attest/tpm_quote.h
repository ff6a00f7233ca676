#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attest/certificate.h"
#include "attest/tpm_structures.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

/// A quote and what comes with it, one file each. The attestation key (AK) is there in at least
/// one of three forms; all that are there are of the same key.
struct TpmEvidence {
    ByteView quote;                         // TPMS_ATTEST
    ByteView signature;                     // TPMT_SIGNATURE
    ByteView pcrs;                          // JSON, tpm_pcrs_of_json
    std::optional<ByteView> ak_public_key;  // PEM, a SubjectPublicKeyInfo
    std::optional<ByteView> ak_public;      // TPMT_PUBLIC
    std::optional<ByteView> ak_certificate;
    /// Of the authorities between the AK's certificate and its root. Each one certificate in DER,
    /// or some in PEM.
    std::vector<ByteView> authorities;
};

/// What an AK's certificate says, once its chain holds.
struct TpmAkCertificate {
    std::string subject;  // Common name; Google leaves it out.
    std::string issuer;   // The same.
    Bytes key;            // SubjectPublicKeyInfo
    UnixMs key_ends;
    std::size_t padding_bytes = 0;  // After the certificate, in the TPM's storage.
};

/// What a quote claims, once it is verified under the key that came with it.
struct TpmClaims {
    Bytes nonce;  // Empty: the quote may be as old as its key.
    Bytes qualified_signer;
    std::uint64_t clock_ms = 0;
    std::uint32_t reset_count = 0;
    std::uint32_t restart_count = 0;
    bool clock_safe = false;
    std::uint64_t firmware_version = 0;
    TpmHash signature_hash{};
    TpmPcrs pcrs;  // Those that the quote is over, and no others.
    Bytes pcr_digest;
    Bytes ak;  // SubjectPublicKeyInfo
    /// Absent: nobody vouches for the AK, and anybody could have made the quote.
    std::optional<TpmAkCertificate> ak_certificate;
    /// TPMA_OBJECT of the AK; absent without a TPMT_PUBLIC.
    std::optional<std::uint32_t> ak_attributes;
    /// The quote itself names a key with these attributes, as the primary key of a hierarchy.
    bool ak_attributes_quoted = false;

    /// The signature or a register rests on SHA-1.
    [[nodiscard]] bool uses_sha1() const;
};

/// Verify a quote: by its AK, its registers by their values, and the AK by its certificate's chain
/// where there is one. A quote without such a chain verifies as well: what it proves, and whether
/// SHA-1 or an empty nonce are good enough, is the policy's to say.
///
/// No signature covers values of registers that were not quoted, which the claims leave out;
/// comments in PEM and empty storage behind a certificate; and of a TPMT_PUBLIC whose name the
/// quote does not have (ak_attributes_quoted) everything but its key.
///
/// `roots`: of TPM makers and clouds, or a test's.
///
/// Errors: those of TpmQuote, TpmSignature, TpmPublic, tpm_pcrs_of_json and verify_ak_certificate;
///         not_found (ATT-220) no AK; malformed (ATT-234) its PEM; wrong_key (ATT-221) the AK's
///         forms are of several keys; wrong_purpose (ATT-223) a key for other things;
///         bad_signature (ATT-219) the quote, (ATT-218) registers; not_found (ATT-217) the value of
///         a register.
/// Cost:   one signature, and one for each certificate below the root.
/// Spec:   TPM 2.0 Library part 1 section "Attestation", part 3 TPM2_Quote.
[[nodiscard]] Result<TpmClaims> verify_tpm_quote(const TpmEvidence& evidence,
                                                 std::span<const Certificate> roots,
                                                 UnixMs at);

/// The same for a key that something else vouches for. `pcrs`: may hold more than was quoted.
///
/// Errors: bad_signature (ATT-219), (ATT-218); not_found (ATT-217).
[[nodiscard]] Result<TpmClaims> verify_tpm_quote_by_key(const TpmQuote& quote,
                                                        const TpmSignature& signature,
                                                        const crypto::VerificationKey& ak,
                                                        const TpmPcrs& pcrs);

/// Verify the certificate of an AK alone. TPMs keep it in storage of a fixed size: what is behind
/// the certificate is all zeros, or all ones as in storage that was never written.
///
/// Errors: those of verify_chain and certificates_of_pem; malformed (ATT-225) something else behind
///         a certificate; wrong_purpose (ATT-224) a certificate that is not for attestation keys;
///         too_large (ATT-235) more certificates than a chain has.
[[nodiscard]] Result<TpmAkCertificate> verify_ak_certificate(ByteView certificate,
                                                             std::span<const ByteView> authorities,
                                                             std::span<const Certificate> roots,
                                                             UnixMs at);

}  // namespace chatmcp::attest
