#pragma once

#include <string>
#include <vector>

#include "attest/policy.h"
#include "attest/report.h"
#include "attest/roots.h"
#include "base/result.h"
#include "cli/output.h"

namespace chatmcp::cli {

/// Fields of attest_json.
[[nodiscard]] const std::vector<std::string>& attest_fields();

/// As attest::report_to_json. `verifies`: format and signatures hold. `accepted`: no factor failed
/// either.
[[nodiscard]] Json attest_json(const attest::FactorReport& report);
[[nodiscard]] std::string lines_of_report(const attest::FactorReport& report);

/// A policy file or the name of one that ships; without one the policy that refuses everything.
/// Errors: of parse_policy and read_file.
[[nodiscard]] Result<attest::Policy> read_policy(const std::string& file);

/// The makers' roots; with a folder those that it has instead: for each file of the name that
/// docs/attestation.md gives it, in PEM or DER.
/// Errors: of read_file and roots_of_files.
[[nodiscard]] Result<attest::Roots> read_roots(const std::string& folder);

}  // namespace chatmcp::cli
