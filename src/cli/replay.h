#pragma once

#include <string>

#include "base/result.h"
#include "client/view.h"

namespace chatmcp::cli {

/// What a replay needs beside the receipt's file.
struct ReplayFiles {
    std::string enclave;
    std::string model;
    std::string configuration;
};

/// Run the model again on the disclosed prompts, in the enclave program as an ordinary process.
///
/// "same": every output is the one that the receipt commits to. "differs": it is not. "not
/// comparable": another model, configuration, engine build or settings than the receipt names.
/// Errors: invalid_argument (CLI-30) a file is not named; not_found (CLI-31) the file holds no
/// prompts (its maker was not in the
///         companion); io (CLI-32) the program did not run to its end; malformed (CLI-33) its
///         answer.
[[nodiscard]] Result<std::string> replay(const client::ReceiptFile& file, const ReplayFiles& files);

}  // namespace chatmcp::cli
