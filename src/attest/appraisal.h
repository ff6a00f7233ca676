#pragma once

#include <map>
#include <optional>
#include <vector>

#include "attest/bundle.h"
#include "attest/claims.h"
#include "attest/factor.h"
#include "attest/policy.h"
#include "attest/report_data.h"
#include "attest/roots.h"
#include "wire/components.h"

namespace chatmcp::attest {

/// How far the clocks of an enclave's machine and a member may differ when evidence seems to come
/// from the future.
inline constexpr std::int64_t kClockSkewMsMax = 5 * kMinuteMs;

/// What the second step has in hand beside the evidence.
struct VerificationInput {
    const EvidenceBundle& bundle;
    const Roots& roots;
    UnixMs at;
};

/// What the verifier knows from elsewhere and an agent's evidence must agree with.
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

/// What somebody who looks at evidence alone may know about it.
struct Clues {
    std::optional<Bytes> report_data;
    std::optional<Bytes> nonce;
};

/// What the third step has in hand.
struct AppraisalInput {
    const Claims& claims;
    const Policy& policy;
    const Expectation* expectation;  // Null when evidence is inspected alone.
    const Clues& clues;
    const Roots& roots;
    UnixMs at;
};

/// Null when the policy does not allow the kind.
[[nodiscard]] const HardwarePolicy* rules_of(const AppraisalInput& input);

/// Of a kind that is not allowed everything else is judged all the same, by the strictest rules.
[[nodiscard]] const HardwarePolicy& rules_or_strictest(const AppraisalInput& input);

/// Registers by their numbers against the policy's. Errors (of the factor): refused_by_policy
/// (ATT-281) a value that the policy does not name.
[[nodiscard]] Factor judge_registers(const std::map<std::uint8_t, Bytes>& registers,
                                     const HardwarePolicy& rules);

/// Whether the key with this fingerprint is one that anybody can sign with. Errors (of the factor):
/// untrusted_identity (ATT-286).
[[nodiscard]] Factor judge_published_key(const crypto::Sha256Digest& fingerprint,
                                         const AppraisalInput& input);

/// Whether a log explains the registers. Errors (of the factor): those of EventLog; bad_signature
/// (ATT-297) registers that its events do not lead to.
[[nodiscard]] Factor judge_event_log(const ExplainedLog& log);

/// Factors that every kind of hardware has: kind, class, measurement, configuration, binding,
/// nonce, freshness, collateral age, host registry, transparency, and what no quote says.
[[nodiscard]] std::vector<Factor> judge_hardware(const AppraisalInput& input);

// Parts of it that `simulated` shares.
[[nodiscard]] Factor judge_configuration(const AppraisalInput& input);
[[nodiscard]] Factor judge_binding(const AppraisalInput& input);
[[nodiscard]] Factor judge_nonce(const AppraisalInput& input);
[[nodiscard]] Factor judge_freshness(const AppraisalInput& input);

}  // namespace chatmcp::attest
