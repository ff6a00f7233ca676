#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace chatmcp::testing {

/// The bytes of the block "```hex NAME" in docs/formats.md, white space aside.
///
/// Errors: ends the program with the name unless there is exactly one such block.
[[nodiscard]] Bytes format_vector(std::string_view name);
/// The lines of the block "```text NAME", joined by line ends, none at the end.
[[nodiscard]] std::string format_text(std::string_view name);
/// Names of all hex blocks, in order.
[[nodiscard]] std::vector<std::string> format_vector_names();

}  // namespace chatmcp::testing
