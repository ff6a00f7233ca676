// Following a group without its secrets: what is seen, what is refused, what cannot be told.

#include "mls/public_group.h"

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::hostile_commit;
using testing::hostile_proposals;
using testing::MlsMember;

const Bytes kGroupId(32, 0x47);

class Follower : public ::testing::TestWithParam<CipherSuite> {
  protected:
    void SetUp() override {
        ASSERT_TRUE(alice.create(kGroupId, {{0x8001, {1}}}, suite).has_value());
        const auto bundle = alice.stage(Plan{.add = {bob.key_package(suite).key_package}});
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
        open(alice.group->group_info(true, false).value());
    }
    void open(const Bytes& group_info, ByteView tree = {}) {
        auto opened = PublicGroup::open(relay.environment, group_info, relay.arrival, tree);
        ASSERT_TRUE(opened.has_value()) << opened.error().check;
        group.emplace(*std::move(opened));
    }
    void follow(const Bytes& message) {
        auto followed = group->check(message, relay.arrival);
        ASSERT_TRUE(followed.has_value()) << followed.error().check;
        ASSERT_TRUE(group->apply(*std::move(followed)).has_value());
    }
    void expect_refused(const Bytes& message, const char* check) {
        const auto refused = group->check(message, relay.arrival);
        ASSERT_FALSE(refused.has_value()) << "not refused: " << check;
        EXPECT_STREQ(refused.error().check, check);
    }
    void expect_in_step() {
        const GroupView& there = alice.group->view();
        const GroupView& here = group->view();
        EXPECT_EQ(here.epoch(), there.epoch());
        EXPECT_EQ(here.member_count(), there.member_count());
        EXPECT_TRUE(equal(here.tree_hash(), there.tree_hash()));
        EXPECT_TRUE(equal(here.confirmed_transcript_hash(), there.confirmed_transcript_hash()));
        EXPECT_EQ(here.components(), there.components());
    }

    CipherSuite suite = GetParam();
    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
    MlsMember relay{"relay", 4};
    std::optional<PublicGroup> group;
};

TEST_P(Follower, StaysInStepThroughProposalsCommitsAndExternalCommits) {
    expect_in_step();
    Plan update{.rotate = bob.setup(suite)};
    update.public_message = true;
    const Bytes proposal = bob.propose(std::move(update)).value();
    ASSERT_TRUE(alice.receive(proposal).has_value());
    follow(proposal);
    follow(proposal);  // A second time is nothing new.
    const auto bundle = alice.stage(
        Plan{.components = std::vector<Component>{{0x8001, {2}}}, .public_message = true});
    const auto followed = group->check(bundle->commit, relay.arrival);
    ASSERT_TRUE(followed.has_value());
    ASSERT_NE(followed->change(), nullptr);
    EXPECT_EQ(followed->change()->updated.size(), 2u);
    EXPECT_FALSE(followed->change()->removes_self);
    follow(bundle->commit);
    ASSERT_TRUE(alice.confirm().has_value());
    expect_in_step();
    const auto joined =
        carol.join_external(alice.group->group_info(true, true).value(), std::nullopt, {}, suite);
    follow(joined->commit);
    ASSERT_TRUE(alice.follow(joined->commit).has_value());
    expect_in_step();
    // Opened anew at this place, it is the same group.
    open(alice.group->group_info(false, false).value(), alice.group->ratchet_tree());
    expect_in_step();
}

TEST_P(Follower, RefusesWhatBreaksTheGroupBeforeAnybodyStoresIt) {
    expect_refused(hostile_proposals(bob, {Proposal{Remove{bob.group->view().own_index()}}}),
                   "MLS-52");
    expect_refused(hostile_proposals(bob, {Proposal{Remove{LeafIndex{7}}}}), "MLS-54");
    expect_refused(hostile_proposals(bob, {Proposal{Remove{LeafIndex{0}}}}), "MLS-67");
    expect_refused(
        hostile_commit(bob, Plan{.force_path = true}, [](Commit& c) { c.path->nodes.clear(); }),
        "MLS-26");
    Bytes forged = hostile_proposals(bob, {});
    forged[forged.size() / 2] ^= 1;
    EXPECT_FALSE(group->check(forged, relay.arrival).has_value());
    EXPECT_EQ(group->view().epoch(), alice.group->view().epoch());
}

TEST_P(Follower, ReadsPublicMessagesOfTheCurrentEpochAlone) {
    expect_refused(alice.encrypt("secret").value(), "MLS-103");
    expect_refused(alice.group->group_info(true, false).value(), "MLS-80");
    expect_refused(Bytes(relay.environment.limits.message_bytes_max + 1), "MLS-79");
    const auto first = alice.stage(Plan{.force_path = true, .public_message = true});
    auto late = group->check(first->commit, relay.arrival);
    follow(first->commit);
    expect_refused(first->commit, "MLS-83");
    const auto applied = group->apply(*std::move(late));
    ASSERT_FALSE(applied.has_value());
    EXPECT_STREQ(applied.error().check, "MLS-89");
}

TEST_P(Follower, GoesOnFromItsRecord) {
    const auto restart = [&] {
        const Bytes record = group->encode();
        auto read = PublicGroup::decode(relay.environment, record);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->encode(), record);
        group.emplace(*std::move(read));
        expect_in_step();
        for (std::size_t size = 0; size < record.size(); ++size) {
            const auto part = PublicGroup::decode(relay.environment, ByteView(record).first(size));
            ASSERT_FALSE(part.has_value());
            EXPECT_STREQ(part.error().check, "MLS-48");
        }
    };
    restart();
    Plan update{.rotate = bob.setup(suite), .public_message = true};
    const Bytes proposal = bob.propose(std::move(update)).value();
    ASSERT_TRUE(alice.receive(proposal).has_value());
    follow(proposal);
    restart();
    follow(proposal);  // Known, after a restart too.
    follow(alice.stage(Plan{.force_path = true, .public_message = true})->commit);
    ASSERT_TRUE(alice.confirm().has_value());
    restart();
    EXPECT_TRUE(equal(group->view().member(LeafIndex{1})->signature_key,
                      alice.group->view().member(LeafIndex{1})->signature_key));
    follow(alice
               .stage(Plan{.reinit = ReInit{.group_id = {1}, .cipher_suite = 1},
                           .public_message = true})
               ->commit);
    ASSERT_TRUE(alice.confirm().has_value());
    restart();
    expect_refused(proposal, "MLS-98");
}

TEST_P(Follower, ReadsNoRecordOfAnotherVersionOrTree) {
    const Bytes record = group->encode();
    const auto expect_corrupt = [&](const Bytes& bytes) {
        const auto read = PublicGroup::decode(relay.environment, bytes);
        ASSERT_FALSE(read.has_value());
        EXPECT_STREQ(read.error().check, "MLS-48");
    };
    Bytes later = record;
    later[0] = 2;
    expect_corrupt(later);
    // The tree is the longest part: its last leaf's signature ends just before the two empty lists.
    Bytes other_tree = record;
    other_tree[record.size() - 4] ^= 1;
    expect_corrupt(other_tree);
}

TEST_P(Follower, SeesTheEndOfAGroup) {
    const auto bundle = alice.stage(
        Plan{.reinit = ReInit{.group_id = {1}, .cipher_suite = 1}, .public_message = true});
    follow(bundle->commit);
    expect_refused(bundle->commit, "MLS-98");
}

INSTANTIATE_TEST_SUITE_P(Suites, Follower, ::testing::ValuesIn(testing::kTestedSuites));

}  // namespace
}  // namespace chatmcp::mls
