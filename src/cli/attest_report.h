#pragma once

#include <string>
#include <vector>

#include "attest/policy.h"
#include "attest/report.h"
#include "base/result.h"
#include "cli/output.h"

namespace chatmcp::cli {

/// Fields of attest_json.
[[nodiscard]] const std::vector<std::string>& attest_fields();

/// `verifies`: format and signatures hold. `accepted`: no factor failed either.
[[nodiscard]] Json attest_json(const attest::FactorReport& report);
[[nodiscard]] std::string lines_of_report(const attest::FactorReport& report);

/// A policy file; without a file the policy that refuses everything. Errors: of parse_policy and
/// read_file.
[[nodiscard]] Result<attest::Policy> read_policy(const std::string& file);

}  // namespace chatmcp::cli
