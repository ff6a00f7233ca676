#include "crypto/random.h"

#include <set>

#include <gtest/gtest.h>

#include "support/random.h"

namespace chatmcp::crypto {
namespace {

TEST(Random, TheSystemGivesDifferentBytesEachTime) {
    SystemRandom random;
    std::set<ByteArray<32>> seen;
    for (int i = 0; i < 100; ++i) {
        seen.insert(random.array<32>());
    }
    EXPECT_EQ(seen.size(), 100u);
}

TEST(Random, EveryByteOfTheOutputIsFilled) {
    SystemRandom random;
    // Each place must change within a few draws; all staying zero has probability 2^-160 a place.
    ByteArray<64> any{};
    for (int i = 0; i < 20; ++i) {
        const auto draw = random.array<64>();
        for (std::size_t place = 0; place < any.size(); ++place) {
            any[place] |= draw[place];
        }
    }
    for (const std::uint8_t byte : any) {
        EXPECT_NE(byte, 0);
    }
    EXPECT_EQ(random.secret(48).size(), 48u);
    EXPECT_TRUE(random.secret(0).empty());
}

TEST(Random, SeededRunsRepeat) {
    testing::SeededRandom one(7);
    testing::SeededRandom same(7);
    testing::SeededRandom other(8);
    const auto first = one.array<100>();
    EXPECT_EQ(first, same.array<100>());
    EXPECT_NE(first, other.array<100>());
    EXPECT_NE(first, one.array<100>());
}

}  // namespace
}  // namespace chatmcp::crypto
