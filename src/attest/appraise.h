#pragma once

#include <optional>

#include "attest/appraisal.h"
#include "attest/evidence.h"
#include "attest/policy.h"
#include "attest/report.h"

namespace chatmcp::attest {

/// Evidence that passed every check against one policy and one expectation.
class AppraisedEvidence {
  public:
    [[nodiscard]] const Claims& claims() const { return claims_; }
    [[nodiscard]] Class evidence_class() const { return class_of(claims_.kind); }

  private:
    explicit AppraisedEvidence(Claims claims) : claims_(std::move(claims)) {}
    friend class Appraiser;

    Claims claims_;
};

/// The report, and the permission if there is one.
struct Appraisal {
    FactorReport report;
    /// Errors: the first failed factor's.
    [[nodiscard]] Result<AppraisedEvidence> evidence() const;

    std::optional<AppraisedEvidence> accepted;
};

/// Third step: compare what was signed with what the policy allows and the verifier expects. Every
/// factor is judged, so that a report names all that is wrong and not only the first thing.
///
/// Errors (of factors): simulated_refused (ATT-15) the policy does not allow the kind, (ATT-16) the
///         companion has no development component; wrong_key (ATT-17) it names another root;
///         untrusted_identity (ATT-18) a root that the policy does not trust; refused_by_policy
///         (ATT-19) a measurement that it does not allow, (ATT-24) no maximum age, (ATT-25) a
///         sandbox layer missing; untrusted_identity (ATT-20) another configuration, (ATT-26)
///         another measurement than the credential's; wrong_key (ATT-21) report data; not_yet_valid
///         (ATT-22); expired (ATT-23). Those of hardware, docs/CHECKS.md: ATT-74..78, ATT-274..293.
[[nodiscard]] Appraisal appraise(const SignedEvidence& evidence,
                                 const Roots& roots,
                                 const Policy& policy,
                                 const Expectation& expectation);

/// All three steps; there is a report even when the first one fails.
[[nodiscard]] Appraisal examine(ByteView conceptual_message,
                                const Roots& roots,
                                const Policy& policy,
                                const Expectation& expectation);

/// What evidence alone says, without keys and group to hold it against. It may be accepted by the
/// policy; it never admits anybody.
[[nodiscard]] FactorReport inspect(
    EvidenceBundle bundle, const Roots& roots, const Policy& policy, const Clues& clues, UnixMs at);
/// The same of a conceptual message.
[[nodiscard]] FactorReport inspect(ByteView conceptual_message,
                                   const Roots& roots,
                                   const Policy& policy,
                                   UnixMs at);

}  // namespace chatmcp::attest
