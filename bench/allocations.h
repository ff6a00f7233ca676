#pragma once

#include <cstddef>

namespace chatmcp::bench {

/// Allocations of this thread since it began: this program replaces operator new to count them.
struct Allocations {
    std::size_t count = 0;
    std::ptrdiff_t live_bytes = 0;  // As malloc rounds them.
};
[[nodiscard]] Allocations allocations();

}  // namespace chatmcp::bench
