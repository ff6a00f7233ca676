#include "bench/two_threads.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace chatmcp::bench {

void TwoThreads::run(std::size_t count, const std::function<void(std::size_t)>& work) const {
    // Pieces small enough that neither waits long for the other at the end.
    constexpr std::size_t kPiece = 8;
    std::atomic<std::size_t> next = 0;
    const auto take = [&] {
        for (std::size_t from = next.fetch_add(kPiece); from < count;
             from = next.fetch_add(kPiece)) {
            for (std::size_t i = from; i < std::min(from + kPiece, count); ++i) {
                work(i);
            }
        }
    };
    std::thread second(take);
    take();
    second.join();
}

}  // namespace chatmcp::bench
