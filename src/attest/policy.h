#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/dcap_collateral.h"
#include "attest/kind.h"
#include "attest/sev_snp.h"
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

inline constexpr std::int64_t kCollateralAgeDaysMax = 366;
inline constexpr std::int64_t kGraceDaysMax = 366;
inline constexpr std::size_t kPolicyListMax = 256;
inline constexpr std::size_t kPolicyBytesMax = 64;  // Of one value in hexadecimal.

/// One development root that is trusted, and for which programs.
struct SimulatedRoot {
    wire::RootFingerprint fingerprint{};
    /// The policy says in so many words that every program of this root will do. Without it only
    /// the listed ones, and an empty list allows none.
    bool any_measurement = false;
    std::vector<wire::Measurement> measurements;
};

/// What a kind of hardware must be. A default-constructed one is the strictest: no program, no
/// debug mode, only what is up to date. docs/policy.md says which rule is for which kinds.
struct HardwarePolicy {
    bool any_measurement = false;
    std::vector<wire::Measurement> measurements;

    bool debug = false;
    bool without_revocation = false;  // Evidence whose revocation nobody looked up.
    /// Of SGX and TDX: the states that will do.
    std::vector<TcbStatus> tcb = {TcbStatus::up_to_date};
    /// A platform that is out of date will do for so many days after the newest level's date.
    std::int64_t tcb_grace_days = 0;
    std::uint32_t tcb_evaluation_min = 0;
    std::vector<std::string> advisories_accepted;
    bool any_advisory = false;
    /// Of SEV-SNP.
    bool migration = false;
    bool simultaneous_threads = true;
    std::uint32_t vmpl_max = 0;
    std::map<SnpProductLine, SnpTcb> tcb_min;
    /// MRSIGNER, digests of id or author keys, of PCR8, of verification keys.
    std::vector<Bytes> signers;
    std::optional<std::uint32_t> security_version_min;
    /// Values that a register may have, by its number: PCRs of Nitro and TPM, RTMRs.
    std::map<std::uint8_t, std::vector<Bytes>> registers;
    /// Keys without a maker's chain that are trusted: SHA-256 of the SubjectPublicKeyInfo.
    std::vector<crypto::Sha256Digest> keys;
    bool insecure_lifecycle = false;    // Of PSA and CCA.
    bool unverified_boot = false;       // Of Android.
    std::uint32_t patch_level_min = 0;  // Of Android: YYYYMM.
};

struct SimulatedPolicy {
    std::vector<SimulatedRoot> roots;
};

/// Whom this person trusts. A default-constructed policy refuses everything: what is not set is not
/// allowed.
struct Policy {
    /// How old evidence may be when it is judged. Not set: none is young enough.
    std::optional<std::int64_t> evidence_age_seconds_max;
    /// How many days before it is judged a document of collateral may have been issued.
    std::optional<std::int64_t> collateral_age_days_max;
    /// Machines that are known: PPID, chip or instance. Empty: no machine is asked for.
    std::vector<Bytes> hosts;
    /// Kinds that are allowed, each with its own rules. Not set: the kind is refused.
    std::optional<SimulatedPolicy> simulated;
    std::map<Kind, HardwarePolicy> hardware;

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

/// One of the policies that ship with the program: `strict`, `production`, `development`
/// (docs/policy.md). Absent: no such name.
[[nodiscard]] std::optional<Policy> policy_profile(std::string_view name);

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
