#pragma once

#include "bench/support.h"

namespace chatmcp::bench {

[[nodiscard]] inline double microseconds_since(SteadyClock::time_point start) {
    return milliseconds_since(start) * 1000;
}

/// Durations of an operation and of its floor, taken in turn in short blocks, so that a machine
/// whose clock changes changes both.
struct Paired {
    Samples ours;
    Samples floor;

    template <class Operation>
    void floor_block(std::size_t times, Operation operation) {
        for (std::size_t i = 0; i < times; ++i) {
            const auto start = SteadyClock::now();
            operation();
            floor.add(microseconds_since(start));
        }
    }
    [[nodiscard]] Json to_json() const {
        return {{"ours", ours.quantile(0.5)}, {"floor", floor.quantile(0.5)}};
    }
};

}  // namespace chatmcp::bench
