#pragma once

namespace chatmcp {

/// Print the broken assumption and end the process. For programmer errors only: no outside input
/// reaches it.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace chatmcp

/// An assumption of the program about itself, kept in release builds too.
#define CHATMCP_CHECK(condition)                                     \
    do {                                                             \
        if (!(condition)) [[unlikely]] {                             \
            ::chatmcp::check_failed(#condition, __FILE__, __LINE__); \
        }                                                            \
    } while (false)
