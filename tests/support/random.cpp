#include "support/random.h"

#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace chatmcp::testing {

void SeededRandom::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const std::string name = to_decimal(seed_) + "/" + to_decimal(counter_);
        ++counter_;
        const auto block = crypto::sha256(as_bytes(name));
        const std::size_t size = std::min(out.size(), block.size());
        std::copy_n(block.begin(), size, out.begin());
        out = out.subspan(size);
    }
}

std::uint64_t SeededRandom::below(std::uint64_t bound) {
    CHATMCP_CHECK(bound > 0);
    std::uint64_t value = 0;
    for (const std::uint8_t byte : array<8>()) {
        value = (value << 8) | byte;
    }
    return value % bound;
}

void RecordedRandom::fill(std::span<std::uint8_t> out) {
    CHATMCP_CHECK(out.size() <= bytes_.size() - position_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), out.size(), out.begin());
    position_ += out.size();
}

}  // namespace chatmcp::testing
