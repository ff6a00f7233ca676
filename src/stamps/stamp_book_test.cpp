#include "stamps/stamp_book.h"

#include <gtest/gtest.h>

namespace chatmcp::stamps {
namespace {

constexpr UnixMs kNow{1'000'000};
constexpr std::uint64_t kSlot = 10'000'000;

ByteArray<32> key(std::uint8_t number) {
    ByteArray<32> out;
    out.fill(number);
    return out;
}

program::Stamp stamp(std::uint8_t number) {
    program::Stamp out{};
    out.one_time_key = std::bit_cast<program::Key>(key(number));
    out.amount = 5;
    out.locked_slot = kSlot - 10;
    out.expires_slot = kSlot + program::kParamsAtFirst.stamp_open_slots - 10;
    out.status = program::StampStatus::open;
    return out;
}

class StampBookTest : public ::testing::Test {
  protected:
    void see(std::vector<program::Stamp> stamps, std::uint64_t slot = kSlot, UnixMs now = kNow) {
        ASSERT_TRUE(book_
                        .update({.scope = {},
                                 .slot = slot,
                                 .params = program::kParamsAtFirst,
                                 .stamps = std::move(stamps)},
                                now)
                        .has_value());
    }
    [[nodiscard]] std::string check(std::uint8_t number,
                                    std::uint64_t price = 5,
                                    UnixMs now = kNow) const {
        const auto result = book_.check(key(number), price, now);
        return result.has_value() ? "ok" : result.error().check;
    }

    StampBook book_;
};

TEST_F(StampBookTest, AnOpenStampOfThePriceIsGood) {
    see({stamp(1)});
    EXPECT_EQ(check(1), "ok");
    EXPECT_EQ(check(1, 4), "ok");
    EXPECT_EQ(check(1, 6), "STM-13");
    EXPECT_EQ(check(2), "STM-11");
}

TEST_F(StampBookTest, NothingIsKnownWhenTheChainIsAway) {
    EXPECT_EQ(check(1), "STM-10");
    EXPECT_EQ(book_.terms(kNow).error().check, std::string_view("STM-10"));
    see({stamp(1)});
    EXPECT_EQ(check(1, 5, UnixMs{kNow.value + StampBook::kFreshMs}), "ok");
    const UnixMs late{kNow.value + StampBook::kFreshMs + 1};
    EXPECT_EQ(check(1, 5, late), "STM-10");
    const std::vector keys{key(1)};
    EXPECT_EQ(book_.rejected_last_day(keys, late).error().check, std::string_view("STM-10"));
}

TEST_F(StampBookTest, AStampThatWasGivenBackIsNotFoundEvenIfANodeFallsBehind) {
    see({stamp(1)});
    see({}, kSlot + 1);
    EXPECT_EQ(check(1), "STM-11");
    see({stamp(1)}, kSlot);
    EXPECT_EQ(check(1), "STM-11");
}

TEST_F(StampBookTest, AnotherClusterOrProgramChangesNothing) {
    see({stamp(1)});
    for (const chain::StatementScope& other :
         {chain::StatementScope{.genesis_hash = key(1), .program = {}},
          chain::StatementScope{.genesis_hash = {}, .program = {key(1)}}}) {
        const auto refused =
            book_.update({.scope = other, .slot = kSlot + 1, .params = {}, .stamps = {}}, kNow);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().check, std::string_view("STM-15"));
        EXPECT_EQ(check(1), "ok");
    }
}

TEST_F(StampBookTest, ARejectedStampLetsNobodyInAndCountsForADay) {
    program::Stamp rejected = stamp(1);
    rejected.status = program::StampStatus::rejected;
    rejected.rejected_slot = kSlot;
    see({rejected, stamp(2)});
    EXPECT_EQ(check(1), "STM-12");
    const std::vector keys{key(1), key(2), key(3)};
    EXPECT_EQ(book_.rejected_last_day(keys, kNow).value(), 1U);
    see({rejected}, kSlot + program::kSlotsPerDay - 1);
    EXPECT_EQ(book_.rejected_last_day(keys, kNow).value(), 1U);
    see({rejected}, kSlot + program::kSlotsPerDay);
    EXPECT_EQ(book_.rejected_last_day(keys, kNow).value(), 0U);
}

TEST_F(StampBookTest, AStampThatIsTooOldLetsNobodyIn) {
    const std::uint64_t window = program::kParamsAtFirst.stamp_admission_slots;
    see({stamp(1)}, kSlot - 10 + window);
    EXPECT_EQ(check(1), "ok");
    see({stamp(1)}, kSlot - 10 + window + 1);
    EXPECT_EQ(check(1), "STM-14");
    program::Stamp ends = stamp(2);
    ends.expires_slot = kSlot + 10 * window;
    ends.locked_slot = kSlot + 10 * window;
    see({ends}, kSlot + 10 * window);
    EXPECT_EQ(check(2), "STM-14");
}

}  // namespace
}  // namespace chatmcp::stamps
