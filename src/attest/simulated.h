#pragma once

#include <vector>

#include "attest/appraise.h"
#include "attest/evidence.h"
#include "attest/policy.h"
#include "attest/report.h"
#include "attest/roots.h"

namespace chatmcp::attest {

/// Second step for the kind `simulated`. Errors: ATT-12, ATT-13, ATT-14 (see SignedEvidence).
[[nodiscard]] Result<Claims> verify_simulated(const wire::SimulatedQuote& quote,
                                              const Roots& roots);

/// The factors of the third step that only this kind has: kind, root, measurement against the
/// policy, sandbox, and what a sandbox without hardware can never show.
/// `expectation` is null when evidence is inspected alone.
[[nodiscard]] std::vector<Factor> judge_simulated(const Claims& claims,
                                                  const SimulatedClaims& details,
                                                  const Policy& policy,
                                                  const Expectation* expectation);

}  // namespace chatmcp::attest
