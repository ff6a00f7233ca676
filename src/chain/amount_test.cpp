#include "chain/amount.h"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "support/random.h"

namespace chatmcp::chain {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

void expect_refused(std::string_view text, std::uint8_t decimals, std::string_view check) {
    const auto amount = parse_amount(text, decimals);
    ASSERT_FALSE(amount.has_value()) << text;
    EXPECT_EQ(amount.error().check, check) << text;
}

TEST(Amount, TextsAreWholeNumbersOfTheSmallestUnit) {
    EXPECT_EQ(parse_amount("1.5", 6).value(), 1'500'000u);
    EXPECT_EQ(parse_amount("0.000001", 6).value(), 1u);
    EXPECT_EQ(parse_amount("1.500000", 6).value(), 1'500'000u);
    EXPECT_EQ(parse_amount("7", 0).value(), 7u);
    EXPECT_EQ(parse_amount("0", 255).value(), 0u);
    EXPECT_EQ(parse_amount("0.1", kSolDecimals).value(), 100'000'000u);
    // What a double cannot hold.
    EXPECT_EQ(parse_amount("9007199.254740993", kSolDecimals).value(), 9'007'199'254'740'993u);
    EXPECT_EQ(parse_amount("18446744073.709551615", kSolDecimals).value(), kMax);
    EXPECT_EQ(parse_amount("18446744073709551615", 0).value(), kMax);
}

TEST(Amount, NothingIsNoAmount) {
    expect_refused("", 6, "CHN-40");
}

TEST(Amount, ASignIsRefused) {
    expect_refused("-1", 6, "CHN-41");
    expect_refused("+1", 6, "CHN-41");
    expect_refused("-0", 6, "CHN-41");
}

TEST(Amount, AnotherShapeIsRefused) {
    for (const char* text : {".",
                             ".5",
                             "5.",
                             "1.2.3",
                             "1,5",
                             "1 000",
                             " 1",
                             "1 ",
                             "01",
                             "00.5",
                             "1e3",
                             "0x1",
                             "1.-5",
                             "inf",
                             "nan",
                             "\xd9\xa1"}) {
        expect_refused(text, 6, "CHN-42");
    }
    expect_refused(std::string(kAmountTextMaxBytes + 1, '0'), 6, "CHN-42");
    expect_refused("0." + std::string(kAmountTextMaxBytes, '0'), 255, "CHN-42");
}

TEST(Amount, MoreDigitsThanTheMintHasAreRefused) {
    expect_refused("1.0000000", 6, "CHN-43");
    expect_refused("1.0", 0, "CHN-43");
}

TEST(Amount, AnAmountAboveSixtyFourBitsIsRefused) {
    expect_refused("18446744073.709551616", kSolDecimals, "CHN-44");
    expect_refused("18446744073709551616", 0, "CHN-44");
    expect_refused("99999999999999999999", 0, "CHN-44");
    expect_refused("1", 20, "CHN-44");
}

TEST(Amount, TheTextOfAnAmountIsTheShortestAndReadsBack) {
    EXPECT_EQ(amount_text(1'500'000, 6), "1.5");
    EXPECT_EQ(amount_text(1, 6), "0.000001");
    EXPECT_EQ(amount_text(7'000'000, 6), "7");
    EXPECT_EQ(amount_text(70, 0), "70");
    EXPECT_EQ(amount_text(0, 9), "0");
    EXPECT_EQ(amount_text(kMax, kSolDecimals), "18446744073.709551615");
    testing::SeededRandom random(4);
    for (int i = 0; i < 5000; ++i) {
        const auto decimals = static_cast<std::uint8_t>(random.below(20));
        const std::uint64_t amount = random.below(kMax) >> random.below(64);
        EXPECT_EQ(parse_amount(amount_text(amount, decimals), decimals).value(), amount);
    }
}

}  // namespace
}  // namespace chatmcp::chain
