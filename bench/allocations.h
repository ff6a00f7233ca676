#pragma once

#include <cstddef>

namespace chatmcp::bench {

/// Allocations of this thread since it began: this program replaces operator new to count them.
struct Allocations {
    std::size_t count = 0;
    std::ptrdiff_t live_bytes = 0;  // As malloc rounds them, once track_live_bytes() was called.
};
[[nodiscard]] Allocations allocations();
/// Asking malloc for sizes takes time, so it is done only where memory is measured.
void track_live_bytes();

}  // namespace chatmcp::bench
