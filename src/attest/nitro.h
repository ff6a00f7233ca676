#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/certificate.h"
#include "attest/cose.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

// Limits of AWS's document; those of the payload's fields are in section 2.2, the rest ours.
inline constexpr std::size_t kNitroDocumentMaxBytes = std::size_t{20} * 1024;
inline constexpr std::size_t kNitroPayloadMaxBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kNitroModuleIdMaxBytes = 256;
inline constexpr std::size_t kNitroCertificateMaxBytes = 1024;
inline constexpr std::size_t kNitroUserDataMaxBytes = 1024;
inline constexpr std::size_t kNitroPcrsMax = 32;
inline constexpr std::size_t kNitroBundleMax = kChainMax - 1;

/// An attestation document of the Nitro hypervisor: a COSE_Sign1 over a payload in CBOR. It borrows
/// the bytes that it was read from, which outlive it. Nothing in it has been verified.
///
/// Spec: aws-nitro-enclaves-nsm-api, docs/attestation_process.md sections 2.2, 3.1 and 3.2; RFC
///       9052 section 4.2.
struct NitroDocument {
    CoseMessage message;
    std::string_view module_id;
    UnixMs timestamp;
    std::map<std::uint8_t, ByteView> pcrs;  // One that is absent is not one of zeros.
    ByteView certificate;                   // DER
    std::vector<ByteView> bundle;           // DER, root first.
    std::optional<ByteView> public_key;     // Absent: not there, or null.
    std::optional<ByteView> user_data;
    std::optional<ByteView> nonce;

    /// Errors: those of CoseMessage; too_large (ATT-130) the document; unsupported (ATT-132)
    /// another
    ///         algorithm than ES384, (ATT-137) digest; invalid_argument (ATT-133) a field that is
    ///         not known, (ATT-134) a field or register twice, (ATT-135) a field that is missing,
    ///         (ATT-136) a value out of its range.
    [[nodiscard]] static Result<NitroDocument> read(ByteView bytes);
};

/// What a document claims, once it is verified.
struct NitroClaims {
    std::string module_id;
    UnixMs timestamp;
    std::map<std::uint8_t, Bytes> pcrs;
    std::optional<Bytes> public_key;
    std::optional<Bytes> user_data;
    std::optional<Bytes> nonce;
    /// No register of 0 to 2 says anything: in debug mode they are zeros, and the parent instance
    /// reads the enclave's console.
    bool debug = false;
    UnixMs key_ends;  // When the certificate of the signing key does, hours after it was made.
};

/// Verify a document: chain to the root, its order, dates and usages, and the signature. Whether
/// debug mode, registers, age or nonce are good enough is the policy's to say. AWS publishes no
/// revocation lists for these certificates and asks verifiers not to look for any.
///
/// `root`: AWS's Nitro Enclaves root, or a test's.
///
/// Errors: those of verify_chain; wrong_key (ATT-138) a bundle that is not the chain in its order;
///         wrong_purpose (ATT-139) a certificate that is not for signing documents; unsupported
///         (ATT-141) a chain with other signatures than of P-384 with SHA-384; bad_signature
///         (ATT-140) the document.
/// Cost:   one signature of P-384 for each certificate below the root, and one for the document.
/// Spec:   docs/attestation_process.md section 3.2.3.
[[nodiscard]] Result<NitroClaims> verify_nitro(const NitroDocument& document,
                                               const Certificate& root,
                                               UnixMs at);

}  // namespace chatmcp::attest
