#include "base/clock.h"

#include <gtest/gtest.h>

namespace chatmcp {
namespace {

TEST(Clock, AFixedClockSaysWhatItWasTold) {
    FixedClock clock(UnixMs{5});
    EXPECT_EQ(clock.now(), UnixMs{5});
    clock.set(UnixMs{7});
    EXPECT_EQ(clock.now(), UnixMs{7});
}

TEST(Clock, TheSystemsClockIsInThisCenturyAndInMilliseconds) {
    const UnixMs now = SystemClock().now();
    EXPECT_GT(now, UnixMs{1'700'000'000'000});
    EXPECT_LT(now, UnixMs{4'102'444'800'000});
}

TEST(Clock, UnitsAreWhatTheirNamesSay) {
    EXPECT_EQ(kDayMs, 86'400'000);
    EXPECT_EQ(UnixMs{}.plus_ms(kHourMs), UnixMs{3'600'000});
    EXPECT_EQ(UnixMs{61'999}.seconds(), 61);
}

}  // namespace
}  // namespace chatmcp
