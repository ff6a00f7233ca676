#include "relay/inbox_usage.h"

#include <gtest/gtest.h>

namespace chatmcp::relay {
namespace {

constexpr UnixMs kNow{1'780'000'000'000};

struct InboxUsageTest : ::testing::Test {
    InboxUsage usage{2};
    store::Usage stored{.entries = 3, .bytes = 30};
    int counted = 0;

    store::Usage get(std::uint8_t inbox, UnixMs now = kNow) {
        return usage
            .get(wire::InboxId{inbox},
                 now,
                 [this]() -> Result<store::Usage> {
                     ++counted;
                     return stored;
                 })
            .value();
    }
};

TEST_F(InboxUsageTest, AnInboxIsLookedThroughOnceAndThenCountedOn) {
    EXPECT_EQ(get(1).entries, 3u);
    for (int i = 0; i < 100; ++i) {
        usage.added(wire::InboxId{1}, 5);
    }
    usage.added(wire::InboxId{2}, 5);  // Never asked about: nothing to keep.
    EXPECT_EQ(get(1, kNow.plus_ms(kInboxRecountMs - 1)).entries, 103u);
    EXPECT_EQ(get(1).bytes, 530u);
    EXPECT_EQ(counted, 1);
    EXPECT_EQ(usage.size(), 1u);
}

TEST_F(InboxUsageTest, WhatWasTakenOutOrExpiredIsNoticed) {
    EXPECT_EQ(get(1).entries, 3u);
    stored = {.entries = 1, .bytes = 10};
    usage.forget(wire::InboxId{1});
    EXPECT_EQ(get(1).entries, 1u);
    stored = {};
    EXPECT_EQ(get(1, kNow.plus_ms(kInboxRecountMs)).entries, 0u);
    EXPECT_EQ(counted, 3);
    EXPECT_EQ(get(1, kNow).entries, 0u);  // The clock was set back.
    EXPECT_EQ(counted, 4);
}

TEST_F(InboxUsageTest, TheInboxesNotUsedForLongestAreForgotten) {
    static_cast<void>(get(1));
    static_cast<void>(get(2));
    static_cast<void>(get(1));
    static_cast<void>(get(3));
    EXPECT_EQ(usage.size(), 2u);
    EXPECT_EQ(counted, 3);
    static_cast<void>(get(1));
    EXPECT_EQ(counted, 3);
    static_cast<void>(get(2));
    EXPECT_EQ(counted, 4);
}

TEST_F(InboxUsageTest, WhatCannotBeCountedIsAnError) {
    const auto failed = usage.get(wire::InboxId{1}, kNow, []() -> Result<store::Usage> {
        return fail(Errc::storage, "STO-11");
    });
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, Errc::storage);
    EXPECT_EQ(usage.size(), 0u);
}

}  // namespace
}  // namespace chatmcp::relay
