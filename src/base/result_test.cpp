#include "base/result.h"

#include <memory>

#include <gtest/gtest.h>

namespace chatmcp {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) {
        return fail(Errc::invalid_argument, "TEST-01");
    }
    return value / 2;
}

Result<int> quarter(int value) {
    CHATMCP_TRY(const int once, half(value));
    CHATMCP_TRY(const int twice, half(once));
    return twice;
}

Result<void> divisible_by_four(int value) {
    CHATMCP_TRY_VOID(quarter(value));
    return {};
}

TEST(Result, TryHandsOnTheValueOrTheFirstError) {
    EXPECT_EQ(quarter(8).value(), 2);
    ASSERT_FALSE(quarter(6).has_value());
    EXPECT_EQ(quarter(6).error(), (Error{Errc::invalid_argument, "TEST-01"}));
    EXPECT_TRUE(divisible_by_four(12).has_value());
    EXPECT_FALSE(divisible_by_four(10).has_value());
}

TEST(Result, TryMovesWhatCannotBeCopied) {
    const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(3); };
    const auto use = [&]() -> Result<int> {
        CHATMCP_TRY(const auto pointer, make());
        return *pointer;
    };
    EXPECT_EQ(use().value(), 3);
}

TEST(Result, ErrorsAreEqualByCodeAndTextOfTheCheck) {
    const std::string text = "MLS-07";  // Another address than the literal's.
    EXPECT_EQ((Error{Errc::malformed, text.c_str()}), (Error{Errc::malformed, "MLS-07"}));
    EXPECT_FALSE((Error{Errc::malformed, "MLS-07"} == Error{Errc::malformed, "MLS-08"}));
    EXPECT_FALSE((Error{Errc::malformed, "MLS-07"} == Error{Errc::too_large, "MLS-07"}));
}

}  // namespace
}  // namespace chatmcp
