#pragma once

#include <optional>

#include "attest/evidence.h"
#include "attest/policy.h"
#include "attest/report.h"
#include "attest/report_data.h"
#include "wire/components.h"

namespace chatmcp::attest {

/// How far the clocks of an enclave's machine and a member may differ when evidence seems to come
/// from the future.
inline constexpr std::int64_t kClockSkewMsMax = 5 * kMinuteMs;

/// What the verifier knows from elsewhere and evidence must agree with.
///
/// Every field comes from the verifier's own state: the nonce that it asked with (or the exporter's
/// value for a renewal), the group that the leaf is in, the leaf's own key, and the credential.
struct Expectation {
    ReportDataInput binding;
    wire::Measurement measurement{};  // Of the agent's credential.
    /// When it is judged: now for members who are present and on every timer, the acceptance's time
    /// for those who joined later.
    UnixMs judged_at;
    /// The companion's `development` component; absent if the companion has none.
    std::optional<wire::Development> development;
};

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
///         (ATT-22); expired (ATT-23).
[[nodiscard]] Appraisal appraise(const SignedEvidence& evidence,
                                 const Policy& policy,
                                 const Expectation& expectation);

/// All three steps; there is a report even when the first one fails.
[[nodiscard]] Appraisal examine(ByteView conceptual_message,
                                const Roots& roots,
                                const Policy& policy,
                                const Expectation& expectation);

/// What evidence alone says, without keys, group and nonce to hold it against: its binding stays
/// not proven and the report is never `accepted`.
[[nodiscard]] FactorReport inspect(ByteView conceptual_message,
                                   const Roots& roots,
                                   const Policy& policy,
                                   UnixMs at);

}  // namespace chatmcp::attest
