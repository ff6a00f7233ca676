#pragma once

#include <optional>
#include <variant>

#include "attest/dcap.h"
#include "attest/kind.h"
#include "attest/roots.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "wire/evidence.h"

namespace chatmcp::attest {

/// Verification has three steps, and each has its type: bytes -> ParsedEvidence -> SignedEvidence
/// -> AppraisedEvidence (appraise.h). Only the checking function can make the next one.

/// Evidence that was read. Nothing in it has been verified, so nothing of it is shown.
class ParsedEvidence {
  public:
    [[nodiscard]] Kind kind() const;

  private:
    ParsedEvidence() = default;
    friend Result<ParsedEvidence> parse_unverified(ByteView conceptual_message);
    friend class SignedEvidence;

    std::variant<wire::SimulatedQuote> content_;
    crypto::Sha256Digest evidence_digest_{};
};

/// First step: read a conceptual message and the evidence in it, whole.
///
/// Errors: ATT-01..07, CBOR-01..07, WIRE-01..05; unsupported (ATT-10) a kind that this build does
///         not know; wrong_purpose (ATT-11) a conceptual message that is not evidence.
/// Cost:   bounded by wire::ConceptualMessage::kMaxBytes.
[[nodiscard]] Result<ParsedEvidence> parse_unverified(ByteView conceptual_message);

/// What only the simulated platform says.
struct SimulatedClaims {
    wire::MeasuredDigests digests;
    std::uint32_t sandbox_layers = 0;
    ByteArray<crypto::kEd25519PublicBytes> root_key{};
    wire::RootFingerprint root{};
};

/// What evidence claims, in one form for all kinds.
struct Claims {
    Kind kind = Kind::simulated;
    wire::Measurement measurement{};
    crypto::Sha256Digest configuration_digest{};
    wire::ReportData report_data{};
    std::optional<UnixMs> issued;            // Quotes of hardware have no time.
    crypto::Sha256Digest evidence_digest{};  // SHA-256 of what was read.
    std::variant<SimulatedClaims, DcapClaims> details;
};

/// Evidence whose signatures hold: the root that it names made these claims. Whether that root,
/// these claims and this time are good enough is not decided yet.
class SignedEvidence {
  public:
    [[nodiscard]] const Claims& claims() const { return claims_; }

    /// Second step.
    ///
    /// Errors: bad_signature (ATT-12); untrusted_identity (ATT-13) a root whose private key is
    ///         public; malformed (ATT-14) a measurement that is not that of the digests beside it.
    [[nodiscard]] static Result<SignedEvidence> verify(const ParsedEvidence& evidence,
                                                       const Roots& roots);

  private:
    explicit SignedEvidence(Claims claims) : claims_(std::move(claims)) {}

    Claims claims_;
};

/// SHA-256 of the conceptual message: how receipts name evidence.
[[nodiscard]] crypto::Sha256Digest evidence_digest(ByteView conceptual_message);

}  // namespace chatmcp::attest
