#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace chatmcp::attest {

/// What can be said about one question.
///
/// pass: shown to hold. fail: shown not to hold, or not shown although it must be; refuses.
/// not_proven: cannot be shown by this evidence; does not refuse, and must be read.
/// not_applicable: the question has no meaning for this kind.
enum class Verdict : std::uint8_t { pass = 1, fail = 2, not_proven = 3, not_applicable = 4 };
[[nodiscard]] std::string_view verdict_name(Verdict verdict);

/// The questions, in the order in which a report answers them. docs/attestation.md has them all.
enum class FactorId : std::uint8_t {
    // What was read, and who signed it.
    format,
    signature,
    kind,
    evidence_class,
    root,
    published_key,
    algorithms,
    revocation,
    collateral,
    collateral_age,
    // Which platform it is, and in which state.
    tcb,
    tcb_evaluation,
    advisories,
    quoting_enclave,
    module,
    firmware_committed,
    simultaneous_threads,
    debug,
    migration,
    privilege,
    attributes,
    lifecycle,
    key_protection,
    memory,
    memory_integrity,
    ciphertext_hiding,
    host_identity,
    host_registry,
    cloud,
    gpu_binding,
    gpu_measurements,
    physical,
    side_channels,
    // Which program runs.
    measurement,
    signer,
    product,
    security_version,
    configuration,
    weights,
    boot_chain,
    secure_boot,
    boot_state,
    patch_level,
    event_log,
    registers,
    transparency,
    sandbox,
    extra_sandbox,
    unmeasured,
    // For whom and when it was made.
    development,
    binding,
    nonce,
    freshness,
    clock,
    rollback,
};
inline constexpr std::size_t kFactors = static_cast<std::size_t>(FactorId::rollback) + 1;
[[nodiscard]] std::string_view factor_name(FactorId id);
/// What the factor asks, as a sentence.
[[nodiscard]] std::string_view factor_question(FactorId id);

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
[[nodiscard]] Factor factor_not_proven(FactorId id, std::string meaning, std::string remedy = {});
[[nodiscard]] Factor factor_not_applicable(FactorId id, std::string meaning);

/// All factors in their order: those that nobody judged are not applicable.
/// Precondition (checked): no factor stands twice.
[[nodiscard]] std::vector<Factor> complete_factors(std::vector<Factor> judged);

}  // namespace chatmcp::attest
