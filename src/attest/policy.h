#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/evidence.h"

namespace chatmcp::attest {

inline constexpr std::size_t kPolicyMaxBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kPolicyRootsMax = 64;
inline constexpr std::size_t kPolicyMeasurementsMax = 256;  // For each root.
inline constexpr std::int64_t kEvidenceAgeSecondsMin = 60;
/// An agent renews its evidence every 24 hours; nobody needs to accept older than a week.
inline constexpr std::int64_t kEvidenceAgeSecondsMax = std::int64_t{7} * 24 * 3600;
inline constexpr std::int64_t kEvidenceAgeSecondsDefault = std::int64_t{26} * 3600;

/// One development root that is trusted, and for which programs.
struct SimulatedRoot {
    wire::RootFingerprint fingerprint{};
    /// The policy says in so many words that every program of this root will do. Without it only
    /// the listed ones, and an empty list allows none.
    bool any_measurement = false;
    std::vector<wire::Measurement> measurements;
};

struct SimulatedPolicy {
    std::vector<SimulatedRoot> roots;
};

/// Whom this person trusts. A default-constructed policy refuses everything: what is not set is not
/// allowed.
struct Policy {
    /// How old evidence may be when it is judged. Not set: none is young enough.
    std::optional<std::int64_t> evidence_age_seconds_max;
    /// Kinds that are allowed, each with its own rules. Not set: the kind is refused.
    std::optional<SimulatedPolicy> simulated;

    /// Null when this root is not trusted.
    [[nodiscard]] const SimulatedRoot* find_simulated_root(
        const wire::RootFingerprint& fingerprint) const;
};

/// Read a trust policy (docs/policy.md). Strict: one unknown or repeated name refuses the whole
/// file, so that a misspelt rule is never a missing one.
///
/// Errors: too_large (ATT-30); malformed (ATT-31) no JSON, (ATT-34) wrong type or missing name,
///         (ATT-36) a digest; invalid_argument (ATT-32) repeated name, (ATT-33) unknown name,
///         (ATT-37) age out of range, (ATT-39) repeated root or measurement; unsupported_version
///         (ATT-35); too_large (ATT-38) too many values.
[[nodiscard]] Result<Policy> parse_policy(std::string_view json);

/// The same policy as a file, for people to read and edit.
[[nodiscard]] std::string policy_to_json(const Policy& policy);

/// `policy allow-simulated FINGERPRINT`: trust this development root for every program, keep
/// everything else. Errors: too_large (ATT-38).
[[nodiscard]] Result<Policy> allow_simulated(Policy policy,
                                             const wire::RootFingerprint& fingerprint);
/// The same for one program only: a root that was trusted for every program is narrowed to it.
/// Errors: too_large (ATT-38).
[[nodiscard]] Result<Policy> allow_simulated_measurement(Policy policy,
                                                         const wire::RootFingerprint& fingerprint,
                                                         const wire::Measurement& measurement);

/// 64 lower-case hexadecimal digits. Errors: malformed (ATT-36).
[[nodiscard]] Result<ByteArray<32>> parse_digest(std::string_view hex);

}  // namespace chatmcp::attest
