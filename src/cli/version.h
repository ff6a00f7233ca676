#pragma once

namespace chatmcp::cli {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace chatmcp::cli
