#include "mls/proposal_list.h"

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

constexpr auto kSuite = testing::kTestSuite;

LeafNode member_that_supports(std::uint8_t number, std::vector<std::uint16_t> extensions) {
    LeafNode leaf;
    leaf.encryption_key = Bytes(32, number);
    leaf.signature_key = Bytes(32, static_cast<std::uint8_t>(number + 100));
    leaf.credential = {1, {}};
    leaf.capabilities.credentials = {1};
    leaf.capabilities.extensions = std::move(extensions);
    leaf.source = LeafSource::update;
    return leaf;
}

TEST(ProposalList, WhoIsRemovedNeedNotSupportWhatTheCommitBrings) {
    RatchetTree tree(kSuite);
    TreeDraft start(tree);
    start.set_leaf(LeafIndex{0}, member_that_supports(1, {0x7777}));
    ASSERT_TRUE(start.add(member_that_supports(2, {0x7777}), 10).has_value());
    ASSERT_TRUE(start.add(member_that_supports(3, {}), 10).has_value());
    tree.merge(std::move(start));
    const Proposal extend{GroupContextExtensions{{Extension{0x7777, {}}}}};
    const Proposal remove{Remove{LeafIndex{2}}};
    const GroupContext context;

    TreeDraft without(tree);
    const auto refused = apply_proposals(
        without, {{extend, member_sender(LeafIndex{0})}}, LeafIndex{0}, context, Limits{});
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "MLS-09");
    TreeDraft with(tree);
    const auto accepted = apply_proposals(
        with,
        {{extend, member_sender(LeafIndex{0})}, {remove, member_sender(LeafIndex{0})}},
        LeafIndex{0},
        context,
        Limits{});
    ASSERT_TRUE(accepted.has_value()) << accepted.error().check;
    EXPECT_TRUE(accepted->needs_path);
    EXPECT_EQ(with.member_count(), 2u);
}

TEST(ProposalList, AnAddTakesTheLeafThatTheSameCommitEmpties) {
    testing::MlsMember alice("alice", 1);
    testing::MlsMember bob("bob", 2);
    testing::MlsMember carol("carol", 3);
    ASSERT_TRUE(alice.create(Bytes(32, 7)).has_value());
    const auto first = alice.stage(Plan{.add = {bob.key_package().key_package}});
    ASSERT_TRUE(first.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    const auto second =
        alice.stage(Plan{.add = {carol.key_package().key_package}, .remove = {LeafIndex{1}}});
    ASSERT_TRUE(second.has_value());
    ASSERT_EQ(second->change.removed.size(), 1u);
    EXPECT_EQ(second->change.removed[0].leaf.credential.data, to_bytes(as_bytes("bob")));
    ASSERT_EQ(second->change.added.size(), 1u);
    EXPECT_EQ(second->change.added[0].index, LeafIndex{1});
    EXPECT_EQ(second->change.added[0].credential.data, to_bytes(as_bytes("carol")));
    EXPECT_EQ(second->change.added_by[0], LeafIndex{0});
    // What is said before and after a reload is the same.
    ASSERT_TRUE(alice.reload().has_value());
    const auto confirmed = alice.confirm();
    ASSERT_TRUE(confirmed.has_value());
    EXPECT_EQ(confirmed->added.size(), 1u);
    EXPECT_EQ(confirmed->removed[0].leaf.credential.data, to_bytes(as_bytes("bob")));
    EXPECT_TRUE(confirmed->has_path);
    EXPECT_TRUE(carol.join(second->welcomes[0].welcome).has_value());
}

}  // namespace
}  // namespace chatmcp::mls
