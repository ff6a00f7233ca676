#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/bundle.h"
#include "attest/event_description.h"
#include "attest/event_log.h"
#include "base/result.h"

namespace chatmcp::attest {

struct Claims;

/// What a log that lies beside evidence says about registers that were signed. Of its events only
/// what `proof` names is true; the rest anybody can have written.
struct ExplainedLog {
    std::optional<Error> error;  // Present: the log cannot be read, and the rest is empty.
    std::map<std::string, ReplayResult> registers;  // By their names, for example "RTMR0".
    std::vector<EventDescription> events;           // In the order of the log.

    /// Every register that has a value is explained by its events.
    [[nodiscard]] bool is_whole() const;
    [[nodiscard]] bool contradicts() const;
};

/// For TDX `ccel_data.bin`, for TPMs and Azure's `eventlog.bin`. Absent: there is no log.
[[nodiscard]] std::optional<ExplainedLog> explain_log(const EvidenceBundle& bundle,
                                                      const Claims& claims);

}  // namespace chatmcp::attest
