#pragma once

#include "base/result.h"

namespace chatmcp::cli {

/// What the program ends with; docs/cli.md tells users.
enum class ExitCode : int {
    done = 0,
    refused = 1,
    unusable_input = 2,
    unreachable = 3,
    local_failure = 4
};

/// The exit code of a failure.
[[nodiscard]] ExitCode exit_code(Errc code);

/// One sentence that says what to do about a failure.
[[nodiscard]] const char* advice(Errc code);

}  // namespace chatmcp::cli
