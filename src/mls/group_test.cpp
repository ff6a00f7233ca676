#include "mls/group.h"

#include <gtest/gtest.h>

#include "support/mls_member.h"

namespace chatmcp::mls {
namespace {

using testing::MlsMember;

const Bytes kGroupId(32, 0x47);

std::string text_of(const Result<Received>& received) {
    if (!received.has_value()) {
        return std::string("error ") + received.error().check;
    }
    const auto* message = std::get_if<ApplicationMessage>(&*received);
    return message == nullptr ? "no message" : to_text(message->data);
}

/// `first` adds the others to its group in one commit; all are members afterwards.
void add_all(MlsMember& first, const std::vector<MlsMember*>& others) {
    Plan plan;
    for (MlsMember* other : others) {
        plan.add.push_back(other->key_package().key_package);
    }
    const auto bundle = first.stage(plan);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(first.confirm().has_value());
    ASSERT_EQ(bundle->welcomes.size(), others.size());
    for (std::size_t i = 0; i < others.size(); ++i) {
        const auto joined = others[i]->join(bundle->welcomes[i].welcome);
        ASSERT_TRUE(joined.has_value()) << joined.error().check;
    }
}

void expect_same_epoch(const MlsMember& a, const MlsMember& b) {
    EXPECT_EQ(a.group->view().epoch(), b.group->view().epoch());
    EXPECT_TRUE(
        equal(a.group->view().epoch_authenticator(), b.group->view().epoch_authenticator()));
    EXPECT_TRUE(equal(a.group->view().tree_hash(), b.group->view().tree_hash()));
}

TEST(Group, TwoMembersExchangeMessages) {
    MlsMember alice("alice", 1);
    MlsMember bob("bob", 2);
    ASSERT_TRUE(alice.create(kGroupId, {{0x8001, {1, 2, 3}}}).has_value());
    add_all(alice, {&bob});
    expect_same_epoch(alice, bob);
    EXPECT_EQ(bob.group->view().member_count(), 2u);
    EXPECT_EQ(bob.group->welcomed_by(), LeafIndex{0});
    ASSERT_TRUE(bob.group->view().component(0x8001).has_value());

    const auto hello = alice.encrypt("hello", 256);
    ASSERT_TRUE(hello.has_value());
    EXPECT_EQ(text_of(bob.receive(*hello)), "hello");
    EXPECT_EQ(text_of(bob.receive(*hello)), "error MLS-50");
    const auto back = bob.encrypt("and back", 256);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->size(), hello->size());
    EXPECT_EQ(text_of(alice.receive(*back)), "and back");
    const auto own = alice.receive(*hello);
    ASSERT_TRUE(own.has_value());
    EXPECT_TRUE(std::holds_alternative<OwnMessage>(*own));
}

TEST(Group, TenMembersFollowCommitsWithAndWithoutPathAndAfterEveryReload) {
    std::vector<std::unique_ptr<MlsMember>> members;
    for (std::uint64_t i = 0; i < 11; ++i) {
        members.push_back(std::make_unique<MlsMember>("member" + std::to_string(i), 100 + i));
    }
    ASSERT_TRUE(members[0]->create(kGroupId).has_value());
    std::vector<MlsMember*> others;
    for (std::size_t i = 1; i < members.size(); ++i) {
        others.push_back(members[i].get());
    }
    add_all(*members[0], others);
    for (std::size_t round = 0; round < members.size(); ++round) {
        MlsMember& committer = *members[round];
        ASSERT_TRUE(committer.reload().has_value());
        const auto bundle = committer.stage(Plan{.force_path = true});
        ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
        ASSERT_TRUE(committer.reload().has_value());
        ASSERT_TRUE(committer.group->has_staged());
        ASSERT_TRUE(std::holds_alternative<OwnCommit>(*committer.receive(bundle->commit)));
        ASSERT_TRUE(committer.confirm().has_value());
        for (const auto& member : members) {
            if (member.get() != &committer) {
                const auto change = member->follow(bundle->commit);
                ASSERT_TRUE(change.has_value()) << change.error().check;
                EXPECT_EQ(change->committer, committer.group->view().own_index());
                EXPECT_TRUE(change->has_path);
                ASSERT_TRUE(member->reload().has_value());
            }
            expect_same_epoch(committer, *member);
        }
    }
}

}  // namespace
}  // namespace chatmcp::mls
