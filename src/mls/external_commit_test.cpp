// Joining by an external commit, coming back by one, and what is refused of both.

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::MemoryTransaction;
using testing::MlsMember;
using testing::state_of;

const Bytes kGroupId(32, 0x47);

class ExternalCommit : public ::testing::TestWithParam<CipherSuite> {
  protected:
    void SetUp() override {
        ASSERT_TRUE(alice.create(kGroupId, {{0x8001, {1}}}, suite).has_value());
        const auto bundle = alice.stage(Plan{.add = {bob.key_package(suite).key_package}});
        ASSERT_TRUE(bundle.has_value());
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
    }
    Bytes info() { return alice.group->group_info(true, true).value(); }
    /// Whoever is in follows, and agrees with the newcomer.
    void expect_followed(const Bundle& bundle, MlsMember& newcomer) {
        for (MlsMember* member : {&alice, &bob}) {
            if (member == &newcomer) {
                continue;
            }
            const auto change = member->follow(bundle.commit);
            ASSERT_TRUE(change.has_value()) << change.error().check;
            EXPECT_TRUE(change->external);
            EXPECT_EQ(change->added.size(), 1u);
            EXPECT_EQ(change->added_by[0], change->committer);
            EXPECT_TRUE(equal(member->group->view().epoch_authenticator(),
                              newcomer.group->view().epoch_authenticator()));
        }
        const auto text = newcomer.encrypt("here I am");
        EXPECT_TRUE(alice.receive(*text).has_value());
        const auto answer = alice.stage(Plan{.force_path = true});
        ASSERT_TRUE(alice.confirm().has_value());
        EXPECT_TRUE(newcomer.follow(answer->commit).has_value());
    }
    /// Carol joins with a SelfRemove that came beside the GroupInfo.
    Result<Bundle> join_taking_along(const Bytes& group_info,
                                     const Bytes& self_remove,
                                     std::optional<LeafIndex> resync) {
        return carol.step([&](Transaction& t) -> Result<Bundle> {
            ExternalJoin how{.own = carol.setup(suite), .group_info = group_info, .resync = resync};
            how.self_removes = {self_remove};
            CHATMCP_TRY(auto made,
                        Group::join_external(carol.environment, t, std::move(how), carol.arrival));
            carol.group = std::move(made.first);
            return std::move(made.second);
        });
    }
    /// Carol's true external commit, said differently and signed again with its leaf's key.
    void expect_refused(const std::function<void(Commit&)>& edit, const char* check) {
        const auto bundle = carol.join_external(info(), std::nullopt, {}, suite);
        ASSERT_TRUE(bundle.has_value());
        wire::Reader reader(bundle->commit);
        ASSERT_TRUE(read_message_header(reader).has_value());
        auto message = PublicMessage::read(reader).value();
        auto commit = wire::decode<Commit>(message.content.body).value();
        edit(commit);
        AuthenticatedContent content{WireFormat::public_message, message.content, message.auth};
        content.content.body = wire::encode(commit);
        sign_content(suite,
                     state_of(carol).epoch.signature_key,
                     state_of(alice).epoch.encoded_context,
                     content);
        const auto refused = alice.receive(encode_message(
            WireFormat::public_message, protect_public(suite, {}, {}, std::move(content))));
        ASSERT_FALSE(refused.has_value()) << "not refused: " << check;
        EXPECT_STREQ(refused.error().check, check);
        ASSERT_TRUE(carol.step([](Transaction& t) { return Group::erase(t, kGroupId); }));
    }

    CipherSuite suite = GetParam();
    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
};

TEST_P(ExternalCommit, BringsANewMemberIn) {
    const auto bundle = carol.join_external(info(), std::nullopt, {}, suite);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(carol.reload().has_value());
    expect_followed(*bundle, carol);
    // Its own commit comes back from the sequencer.
    const auto own = carol.receive(bundle->commit);
    EXPECT_FALSE(own.has_value() && std::holds_alternative<Incoming>(*own));
}

TEST_P(ExternalCommit, TakesTheTreeFromBesideTheGroupInfo) {
    const Bytes bare = alice.group->group_info(false, true).value();
    const auto without = carol.join_external(bare, std::nullopt, {}, suite);
    ASSERT_FALSE(without.has_value());
    EXPECT_STREQ(without.error().check, "MLS-87");
    const Bytes tree = alice.group->ratchet_tree();
    const auto joined = carol.step([&](Transaction& t) -> Result<Bundle> {
        CHATMCP_TRY(auto made,
                    Group::join_external(carol.environment,
                                         t,
                                         ExternalJoin{.own = carol.setup(suite),
                                                      .group_info = bare,
                                                      .ratchet_tree = tree,
                                                      .resync = {}},
                                         carol.arrival));
        carol.group = std::move(made.first);
        return std::move(made.second);
    });
    ASSERT_TRUE(joined.has_value()) << joined.error().check;
    expect_followed(*joined, carol);
}

TEST_P(ExternalCommit, BringsADeviceBackThatLostItsState) {
    const LeafIndex old = bob.group->view().own_index();
    const auto bundle = bob.join_external(info(), old, {}, suite);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_EQ(bundle->change.removed.size(), 1u);
    EXPECT_EQ(bundle->change.removed[0].proposer, bundle->change.committer);
    expect_followed(*bundle, bob);
    EXPECT_EQ(alice.group->view().member_count(), 2u);
}

TEST_P(ExternalCommit, RemovesTheLeafThatAnotherOfUsIsInByResync) {
    // Somebody (here without rules) takes Bob's place: Bob learns that he is out.
    const auto bundle = carol.join_external(info(), bob.group->view().own_index(), {}, suite);
    ASSERT_TRUE(bundle.has_value());
    const auto change = bob.follow(bundle->commit);
    ASSERT_TRUE(change.has_value()) << change.error().check;
    EXPECT_TRUE(change->removes_self);
    EXPECT_STREQ(bob.encrypt("x").error().check, "MLS-70");
}

TEST_P(ExternalCommit, TakesAlongWhoWantsToLeave) {
    Plan leave;
    leave.self_remove = true;
    const Bytes leaving = bob.propose(std::move(leave)).value();
    ASSERT_TRUE(alice.receive(leaving).has_value());
    const Bytes group_info = info();
    const auto join = [&](const Bytes& beside) {
        return join_taking_along(group_info, beside, std::nullopt);
    };
    EXPECT_STREQ(join(bob.encrypt("x").value()).error().check, "MLS-80");
    EXPECT_STREQ(join(testing::public_proposal(bob, Proposal{Remove{LeafIndex{0}}})).error().check,
                 "MLS-96");
    Bytes forged = leaving;
    forged[forged.size() - hash_bytes(suite) - 10] ^= 1;  // In the signature.
    EXPECT_FALSE(join(forged).has_value());
    const auto bundle = join(leaving);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_EQ(bundle->change.removed.size(), 1u);
    const auto change = alice.follow(bundle->commit);
    ASSERT_TRUE(change.has_value()) << change.error().check;
    EXPECT_EQ(change->removed[0].leaf.index, LeafIndex{1});
    EXPECT_EQ(change->removed[0].proposer, LeafIndex{1});
    EXPECT_TRUE(equal(alice.group->view().epoch_authenticator(),
                      carol.group->view().epoch_authenticator()));
    EXPECT_TRUE(bob.follow(bundle->commit)->removes_self);
}

/// Who takes a leaf's place has its credential.
class SameCredential final : public Rules {
  public:
    [[nodiscard]] Result<void> check_leaf(const LeafView& next,
                                          const LeafView* current,
                                          const GroupView& /*group*/) const override {
        const bool same = current == nullptr || current->credential == next.credential;
        return same ? Result<void>() : fail(Errc::wrong_key, "another credential");
    }
    [[nodiscard]] Result<void> check_commit(const Change& /*change*/,
                                            const GroupView& /*before*/) const override {
        return {};
    }
};

TEST_P(ExternalCommit, IsJudgedByTheLeafThatItReplacesAndNotByWhoLeavesBesideIt) {
    // Somebody with Carol's credential is in the group, and leaves as she comes.
    MlsMember accomplice("carol", 9);
    const auto added = alice.stage(Plan{.add = {accomplice.key_package(suite).key_package}});
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(accomplice.join(added->welcomes[0].welcome).has_value());
    Plan leave;
    leave.self_remove = true;
    const Bytes leaving = accomplice.propose(std::move(leave)).value();
    ASSERT_TRUE(alice.receive(leaving).has_value());
    const SameCredential rules;
    const Environment strict{rules, alice.trust, alice.random, {}};
    const auto judged_by_alice = [&](const Bundle& bundle) -> Result<void> {
        MemoryTransaction transaction(alice.store);
        CHATMCP_TRY(Group group, Group::load(strict, transaction, kGroupId));
        CHATMCP_TRY_VOID(group.receive(transaction, bundle.commit, alice.arrival));
        return {};
    };
    const Bytes group_info = info();
    const auto evicting = join_taking_along(group_info, leaving, LeafIndex{1});
    ASSERT_TRUE(evicting.has_value()) << evicting.error().check;
    const auto refused = judged_by_alice(*evicting);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "another credential");
    ASSERT_TRUE(carol.step([](Transaction& t) { return Group::erase(t, kGroupId); }));
    const auto joining = join_taking_along(group_info, leaving, std::nullopt);
    ASSERT_TRUE(joining.has_value()) << joining.error().check;
    EXPECT_TRUE(judged_by_alice(*joining).has_value());
}

TEST_P(ExternalCommit, CarriesPsks) {
    const Bytes id = {5};
    for (MlsMember* member : {&alice, &bob, &carol}) {
        ASSERT_TRUE(member->store_psk(id, Bytes(32, 1)).has_value());
    }
    const auto bundle = carol.join_external(info(), std::nullopt, {id}, suite);
    ASSERT_TRUE(bundle.has_value());
    EXPECT_TRUE(bundle->change.has_pre_shared_keys);
    expect_followed(*bundle, carol);
    EXPECT_STREQ(MlsMember("dan", 4).join_external(info(), std::nullopt, {id}, suite).error().check,
                 "MLS-64");
}

TEST_P(ExternalCommit, NeedsAGroupInfoThatAllowsItAndIsTrue) {
    const Bytes closed = alice.group->group_info(true, false).value();
    EXPECT_STREQ(carol.join_external(closed, std::nullopt, {}, suite).error().check, "MLS-93");
    Bytes forged = info();
    forged.back() ^= 1;
    EXPECT_STREQ(carol.join_external(forged, std::nullopt, {}, suite).error().check, "MLS-45");
    EXPECT_STREQ(
        carol.join_external(alice.encrypt("x").value(), std::nullopt, {}, suite).error().check,
        "MLS-80");
    EXPECT_STREQ(bob.join_external(info(), std::nullopt, {}, suite).error().check, "MLS-75");
    EXPECT_STREQ(carol.join_external(info(), LeafIndex{7}, {}, suite).error().check, "MLS-54");
    EXPECT_FALSE(carol.group.has_value());
}

TEST_P(ExternalCommit, OfAnEpochThatEndedIsStale) {
    const auto bundle = carol.join_external(info(), std::nullopt, {}, suite);
    ASSERT_TRUE(bundle.has_value());
    ASSERT_TRUE(alice.stage(Plan{.force_path = true}).has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    EXPECT_STREQ(alice.receive(bundle->commit).error().check, "MLS-83");
}

TEST_P(ExternalCommit, HoldsOneExternalInitByValueAndNothingThatOnlyMembersDo) {
    expect_refused([](Commit& c) { c.proposals.clear(); }, "MLS-96");
    expect_refused([](Commit& c) { c.proposals.push_back(c.proposals.front()); }, "MLS-96");
    expect_refused(
        [](Commit& c) { c.proposals.push_back(ProposalOrRef{Proposal{GroupContextExtensions{}}}); },
        "MLS-96");
    expect_refused([](Commit& c) { c.proposals.push_back(ProposalOrRef{Bytes(32, 1)}); }, "MLS-66");
    ASSERT_TRUE(alice.receive(bob.propose_leave().value()).has_value());
    const Bytes remove = state_of(alice).proposals.front().reference;
    expect_refused([&](Commit& c) { c.proposals.push_back(ProposalOrRef{remove}); }, "MLS-96");
    expect_refused(
        [](Commit& c) {
            for (const std::uint32_t leaf : {0u, 1u}) {
                c.proposals.push_back(ProposalOrRef{Proposal{Remove{LeafIndex{leaf}}}});
            }
        },
        "MLS-96");
    expect_refused([](Commit& c) { c.path.reset(); }, "MLS-67");
    expect_refused(
        [](Commit& c) {
            std::get<ExternalInit>(std::get<Proposal>(c.proposals.front().content).content)
                .kem_output.resize(3);
        },
        "CRY-07");
    // The Remove gives the newcomer another place than the one that its leaf was signed for.
    expect_refused(
        [](Commit& c) { c.proposals.push_back(ProposalOrRef{Proposal{Remove{LeafIndex{1}}}}); },
        "MLS-06");
}

TEST(ExternalCommitBits, EveryFlippedBitIsRefusedAndTheTrueOnesStillWork) {
    MlsMember alice("alice", 1);
    MlsMember carol("carol", 3);
    ASSERT_TRUE(alice.create(kGroupId).has_value());
    const Bytes info = alice.group->group_info(true, true).value();
    const auto flipped = [](Bytes bytes, std::size_t bit) {
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        return bytes;
    };
    for (std::size_t bit = 0; bit < info.size() * 8; ++bit) {
        ASSERT_FALSE(carol.join_external(flipped(info, bit)).has_value()) << "bit " << bit;
    }
    const auto bundle = carol.join_external(info);
    ASSERT_TRUE(bundle.has_value());
    for (std::size_t bit = 0; bit < bundle->commit.size() * 8; ++bit) {
        MemoryTransaction transaction(alice.store);
        const auto received =
            alice.group->receive(transaction, flipped(bundle->commit, bit), alice.arrival);
        ASSERT_FALSE(received.has_value()) << "bit " << bit;
        ASSERT_FALSE(transaction.changed_anything());
    }
    EXPECT_TRUE(alice.follow(bundle->commit).has_value());
}

INSTANTIATE_TEST_SUITE_P(Suites, ExternalCommit, ::testing::ValuesIn(testing::kTestedSuites));

}  // namespace
}  // namespace chatmcp::mls
