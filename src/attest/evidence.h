#pragma once

#include <memory>
#include <variant>

#include "attest/bundle.h"
#include "attest/claims.h"
#include "attest/dcap_quote.h"
#include "attest/roots.h"
#include "attest/sev_snp_report.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "wire/evidence.h"

namespace chatmcp::attest {

/// Verification has three steps, and each has its type: bytes -> ParsedEvidence -> SignedEvidence
/// -> AppraisedEvidence (appraise.h). Only the checking function can make the next one.

/// Files of a TPM: a quote with its signature and registers, or the certificate of its attestation
/// key alone. Views are borrowed from the bundle.
struct TpmFiles {
    TpmEvidence evidence;
    bool has_quote = false;

    /// Errors: those of TpmQuote; not_found (ATT-296) a quote without signature or registers.
    [[nodiscard]] static Result<TpmFiles> read(const EvidenceBundle& bundle);
};

/// Evidence that was read. Nothing in it has been verified, so nothing of it is shown. It moves and
/// does not copy.
class ParsedEvidence {
  public:
    [[nodiscard]] Kind kind() const { return bundle_->kind; }

    /// First step: read the evidence of a bundle, whole. Collateral is read by the second.
    ///
    /// Errors: those of the kind's reader (docs/CHECKS.md).
    [[nodiscard]] static Result<ParsedEvidence> read(EvidenceBundle bundle);

  private:
    using Content = std::variant<wire::SimulatedQuote,
                                 DcapQuote,
                                 SignedSnpReport,
                                 NitroDocument,
                                 PsaToken,
                                 CcaToken,
                                 TpmFiles,
                                 AzureEvidence,
                                 NvidiaReport,
                                 AndroidKeyChain>;

    ParsedEvidence(std::unique_ptr<const EvidenceBundle> bundle, Content content)
        : bundle_(std::move(bundle)), content_(std::move(content)) {}
    friend Result<ParsedEvidence> parse_unverified(ByteView conceptual_message);
    friend class SignedEvidence;

    std::unique_ptr<const EvidenceBundle> bundle_;  // What content_ borrows from.
    Content content_;
    crypto::Sha256Digest digest_{};
};

/// First step, of a conceptual message.
///
/// Errors: those of bundle_of_message and ParsedEvidence::read.
/// Cost:   bounded by wire::ConceptualMessage::kMaxBytes.
[[nodiscard]] Result<ParsedEvidence> parse_unverified(ByteView conceptual_message);

/// Evidence whose signatures hold: the key that it names made these claims. Whether that key, these
/// claims and this time are good enough is not decided yet.
class SignedEvidence {
  public:
    [[nodiscard]] const Claims& claims() const { return claims_; }

    /// Second step: signatures, chains, revocation, collateral, and their dates at `at`.
    ///
    /// Errors: those of the kind's verifier; of `simulated`: bad_signature (ATT-12);
    ///         untrusted_identity (ATT-13) a root whose private key is public; malformed (ATT-14) a
    ///         measurement that is not that of the digests beside it.
    [[nodiscard]] static Result<SignedEvidence> verify(const ParsedEvidence& evidence,
                                                       const Roots& roots,
                                                       UnixMs at);

  private:
    explicit SignedEvidence(Claims claims) : claims_(std::move(claims)) {}

    Claims claims_;
};

/// SHA-256 of the conceptual message: how receipts name evidence.
[[nodiscard]] crypto::Sha256Digest evidence_digest(ByteView conceptual_message);

}  // namespace chatmcp::attest
