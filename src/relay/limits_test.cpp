#include "relay/limits.h"

#include <string>

#include <gtest/gtest.h>

namespace chatmcp::relay {
namespace {

using Kind = RateLimiter::Kind;
constexpr UnixMs kNow{1'780'000'000'000};
constexpr Rate kRate{.burst = 3, .per_hour = 60};

int take(
    RateLimiter& limiter, std::string_view source, std::string_view target, UnixMs now, int times) {
    int taken = 0;
    for (int i = 0; i < times; ++i) {
        taken +=
            limiter.take(Kind::send_inbox, kRate, as_bytes(source), as_bytes(target), now) ? 1 : 0;
    }
    return taken;
}

TEST(RateLimiter, ABurstIsGivenAtOnceAndThenByTime) {
    RateLimiter limiter;
    EXPECT_EQ(take(limiter, "a", "", kNow, 10), 3);
    EXPECT_EQ(take(limiter, "a", "", kNow.plus_ms(kMinuteMs - 1), 10), 0);
    EXPECT_EQ(take(limiter, "a", "", kNow.plus_ms(kMinuteMs), 10), 1);
    EXPECT_EQ(take(limiter, "a", "", kNow.plus_ms(kHourMs), 10), 3);  // Never more than the burst.
}

TEST(RateLimiter, WhatCostsMoreThanIsLeftTakesNothing) {
    RateLimiter limiter;
    const auto take_many = [&](std::uint32_t cost) {
        return limiter.take(Kind::publish_source, kRate, as_bytes("a"), {}, kNow, cost);
    };
    EXPECT_FALSE(take_many(4));
    EXPECT_TRUE(take_many(2));
    EXPECT_FALSE(take_many(2));
    EXPECT_TRUE(take_many(1));
}

TEST(RateLimiter, LookingTakesNothing) {
    RateLimiter limiter;
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(limiter.has(Kind::send_inbox, kRate, as_bytes("a"), {}, kNow));
    }
    EXPECT_EQ(take(limiter, "a", "", kNow, 10), 3);
    EXPECT_FALSE(limiter.has(Kind::send_inbox, kRate, as_bytes("a"), {}, kNow));
}

TEST(RateLimiter, KindsSourcesAndTargetsCountApart) {
    RateLimiter limiter;
    EXPECT_EQ(take(limiter, "ab", "c", kNow, 10), 3);
    EXPECT_EQ(take(limiter, "a", "bc", kNow, 10), 3);
    EXPECT_EQ(take(limiter, "ab", "d", kNow, 10), 3);
    EXPECT_TRUE(limiter.take(Kind::claim_target, kRate, as_bytes("ab"), as_bytes("c"), kNow));
}

TEST(RateLimiter, AClockThatIsSetBackGivesNothing) {
    RateLimiter limiter;
    EXPECT_EQ(take(limiter, "a", "", kNow, 10), 3);
    EXPECT_EQ(take(limiter, "a", "", kNow.plus_ms(-kDayMs), 10), 0);
    EXPECT_EQ(take(limiter, "a", "", kNow.plus_ms(-kDayMs + kMinuteMs), 10), 1);
}

TEST(RateLimiter, ItsMemoryIsBoundedAndTheLeastUsedIsForgotten) {
    RateLimiter limiter(100);
    EXPECT_EQ(take(limiter, "busy", "", kNow, 10), 3);
    for (int i = 0; i < 1000; ++i) {
        static_cast<void>(take(limiter, "flood " + std::to_string(i), "", kNow, 1));
        EXPECT_EQ(take(limiter, "busy", "", kNow, 1), 0);  // Used all the time, so never forgotten.
    }
    EXPECT_EQ(limiter.size(), 100u);
}

TEST(RateLimiter, ARateOfNothingRefusesEverything) {
    RateLimiter limiter;
    EXPECT_FALSE(limiter.take(Kind::send_inbox, Rate{}, as_bytes("a"), {}, kNow));
    EXPECT_FALSE(limiter.take(Kind::send_inbox, Rate{}, as_bytes("a"), {}, kNow.plus_ms(kDayMs)));
}

}  // namespace
}  // namespace chatmcp::relay
