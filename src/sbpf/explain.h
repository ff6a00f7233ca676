#pragma once

#include <string>

#include "base/result.h"
#include "sbpf/image.h"

namespace chatmcp::sbpf {

/// A refusal as a sentence for whoever wrote the program: what is wrong, where, and what to do.
[[nodiscard]] std::string explain(const Error& error, const Place& place);

}  // namespace chatmcp::sbpf
