#pragma once

#include <string>
#include <vector>

#include "attest/appraise.h"
#include "attest/policy.h"
#include "attest/roots.h"
#include "base/result.h"
#include "client/rules.h"
#include "mls/environment.h"

namespace chatmcp::client {

/// What this home trusts. A default-constructed value trusts nobody.
struct TrustSettings {
    std::vector<std::string> accepted_domains;
    attest::Policy policy;
    attest::Roots roots;
};

/// A key package lives at most this long.
inline constexpr std::int64_t kKeyPackageLifetimeMaxMs = 30 * kDayMs;

/// Errors: expired, not_yet_valid (CLT-70). A leaf that is of no key package has no lifetime.
[[nodiscard]] Result<void> check_lifetime(const mls::LeafView& leaf, UnixMs at);

/// What an agent's leaf must be held against beside itself.
struct AgentSurroundings {
    wire::GroupId group_id{};
    std::optional<wire::Development> development;  // The companion's component.
};
/// Evidence of an agent's leaf, judged at one time by this home's policy. Always a report; the
/// permission only if every factor holds.
///
/// Trust:  that the nonce in the leaf is the one that was asked for is the caller's to check.
/// Errors: those of identity_of and of the evidence component (CLT-54).
[[nodiscard]] Result<attest::Appraisal> appraise_agent(const mls::LeafView& leaf,
                                                       const AgentSurroundings& surroundings,
                                                       const TrustSettings& settings,
                                                       UnixMs judged_at);

/// Trust in groups of ours: time, accepted domains, evidence, policy. Refuses when inviting; what
/// is in already is reported, and means quarantine.
///
/// Errors: expired, not_yet_valid (CLT-70) a key package's lifetime, also one that is too long;
///         those of identity::check_…; those of appraise_agent.
class ClientTrust final : public mls::Trust {
  public:
    /// `settings` may change between calls, and outlives this object.
    explicit ClientTrust(const TrustSettings& settings) : settings_(settings) {}
    [[nodiscard]] Result<void> check(const mls::LeafView& next,
                                     const mls::LeafView* current,
                                     const mls::GroupView& group,
                                     const mls::Arrival& arrival) const override;

  private:
    const TrustSettings& settings_;
};

}  // namespace chatmcp::client
