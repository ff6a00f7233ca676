#include "cli/lent_threads.h"

#include <algorithm>
#include <atomic>
#include <vector>

namespace chatmcp::cli {

void LentThreads::run(std::size_t count, const std::function<void(std::size_t)>& work) const {
    // Pieces small enough that nobody waits long for another at the end, and large enough to be
    // worth a thread.
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
    const std::size_t pieces = (count + kPiece - 1) / kPiece;
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min<std::size_t>(count_, pieces); ++i) {
        others.emplace_back(take);
    }
    take();
}

}  // namespace chatmcp::cli
