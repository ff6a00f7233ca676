// What a group of a thousand writes per message and per commit (DESIGN 3: never O(members)).

#include <gtest/gtest.h>

#include "mls/tree_validation.h"
#include "support/mls_filled_group.h"

namespace chatmcp::mls {
namespace {

using testing::FilledGroup;
using testing::MemoryTransaction;
using testing::state_of;

constexpr std::size_t kMessageBytesMax = 1000;
constexpr std::size_t kCommitBytesMax = 8 * 1024;

TEST(GroupCost, MessagesAndCommitsOfAThousandWriteLittle) {
    FilledGroup group(1000);
    ASSERT_TRUE(check_parent_hashes(group.tree).has_value());
    auto& sender = group.sender;
    auto& receiver = group.receiver;
    for (int i = 0; i < 3; ++i) {
        sender.store.reset_counters();
        const auto message = sender.encrypt("a hundred bytes", 100);
        ASSERT_TRUE(message.has_value());
        EXPECT_LE(sender.store.bytes_written, kMessageBytesMax);
        receiver.store.reset_counters();
        ASSERT_TRUE(receiver.receive(*message).has_value());
        EXPECT_LE(receiver.store.bytes_written, kMessageBytesMax);
    }
    for (int i = 0; i < 3; ++i) {
        sender.store.reset_counters();
        const auto bundle = sender.stage(Plan{.force_path = true});
        ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
        EXPECT_LE(sender.store.bytes_written, kCommitBytesMax);
        sender.store.reset_counters();
        ASSERT_TRUE(sender.confirm().has_value());
        EXPECT_LE(sender.store.bytes_written, kCommitBytesMax);
        receiver.store.reset_counters();
        const auto followed = receiver.follow(bundle->commit);
        ASSERT_TRUE(followed.has_value()) << followed.error().check;
        EXPECT_LE(receiver.store.bytes_written, kCommitBytesMax);
        EXPECT_LE(bundle->commit.size(), 4000u);
    }
    EXPECT_TRUE(equal(sender.group->view().epoch_authenticator(),
                      receiver.group->view().epoch_authenticator()));
    ASSERT_TRUE(receiver.reload().has_value());
    EXPECT_EQ(state_of(receiver).tree.root_hash(), state_of(sender).tree.root_hash());
    EXPECT_TRUE(receiver.receive(*sender.encrypt("after")).has_value());
}

TEST(GroupCost, AStagedCommitHoldsTheChangedNodesAlone) {
    FilledGroup group(1000);
    ASSERT_TRUE(group.sender.stage(Plan{.force_path = true}).has_value());
    EXPECT_LE(state_of(group.sender).staged->tree.slots().size(), 12u);
}

}  // namespace
}  // namespace chatmcp::mls
