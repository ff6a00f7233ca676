#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

/// What can be said about one question.
///
/// pass: shown to hold. fail: shown not to hold, or not shown although it must be; refuses.
/// not_proven: cannot be shown by this evidence; does not refuse, and must be read.
/// not_applicable: the question has no meaning for this kind.
enum class Verdict : std::uint8_t { pass = 1, fail = 2, not_proven = 3, not_applicable = 4 };
[[nodiscard]] std::string_view verdict_name(Verdict verdict);

/// The questions, in the order in which a report answers them.
enum class FactorId : std::uint8_t {
    format,         // The evidence can be read, whole.
    signature,      // It was signed by the root that it names.
    revocation,     // The maker has not taken back what it signed.
    tcb,            // Firmware, microcode and modules are current.
    debug,          // Nobody may debug the enclave.
    kind,           // The policy allows this kind and class at all.
    development,    // The companion says openly that it is for development (simulated only).
    root,           // The policy trusts that root.
    measurement,    // The policy allows the program, and it is the one of the agent's credential.
    configuration,  // The configuration is the one of the agent's credential.
    binding,        // The evidence was made for these keys, this group and this question.
    freshness,      // It is neither too old nor from the future.
    sandbox,        // The walls around the program that must stand.
    extra_sandbox,  // The walls that depend on the machine's kernel.
    memory,         // The machine's owner cannot read the program's memory.
    physical,       // Somebody with the machine in hands cannot either.
    rollback,       // Old sealed state is noticed.
    unmeasured,     // What else runs and is not covered by the measurement.
};
[[nodiscard]] std::string_view factor_name(FactorId id);

/// One line of a report.
struct Factor {
    FactorId id = FactorId::format;
    Verdict verdict = Verdict::not_proven;
    std::optional<Error> error;  // Present if and only if the verdict is fail.
    std::string meaning;         // A sentence.
    std::string remedy;          // What to do about it; empty when nothing can or need be done.
};

// The makers of lines, so that an error stands in a line if and only if its verdict is fail.
[[nodiscard]] Factor factor_pass(FactorId id, std::string meaning);
[[nodiscard]] Factor factor_fail(FactorId id, Error error, std::string meaning, std::string remedy);
[[nodiscard]] Factor factor_not_proven(FactorId id, std::string meaning, std::string remedy);
[[nodiscard]] Factor factor_not_applicable(FactorId id, std::string meaning);

/// What was found, for people and for programs. A report is no permission: only an
/// AppraisedEvidence is.
struct FactorReport {
    std::vector<Factor> factors;
    std::optional<Claims> claims;  // Present once the signatures held.
    UnixMs judged_at;
    /// True if and only if appraisal was complete and no factor failed.
    bool accepted = false;

    [[nodiscard]] const Factor* find(FactorId id) const;
    /// The first failed factor's error.
    [[nodiscard]] std::optional<Error> first_error() const;
};

/// One object: docs/policy.md lists the names.
[[nodiscard]] std::string report_to_json(const FactorReport& report);
/// Lines of text.
[[nodiscard]] std::string report_to_text(const FactorReport& report);

}  // namespace chatmcp::attest
