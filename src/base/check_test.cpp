#include "base/check.h"

#include <gtest/gtest.h>

namespace chatmcp {
namespace {

TEST(CheckDeath, ABrokenAssumptionEndsTheProcessAndSaysWhichAndWhere) {
    CHATMCP_CHECK(1 + 1 == 2);
    EXPECT_DEATH(CHATMCP_CHECK(1 + 1 == 3),
                 "check_test.cpp:[0-9]+: broken assumption: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace chatmcp
