#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/claims.h"
#include "attest/factor.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

/// What was found, for people and for programs. A report is no permission: only an
/// AppraisedEvidence is.
struct FactorReport {
    std::vector<Factor> factors;
    std::optional<Kind> kind;      // Absent: it could not be told.
    std::optional<Claims> claims;  // Present once the signatures held.
    UnixMs judged_at;
    /// True if and only if all three steps were taken and no factor failed.
    bool accepted = false;

    [[nodiscard]] const Factor* find(FactorId id) const;
    /// The first failed factor's error.
    [[nodiscard]] std::optional<Error> first_error() const;
};

/// One object: docs/attestation.md lists the names.
[[nodiscard]] std::string report_to_json(const FactorReport& report);
/// Lines of text; what is not applicable stands in one line at the end.
[[nodiscard]] std::string report_to_text(const FactorReport& report);

}  // namespace chatmcp::attest
