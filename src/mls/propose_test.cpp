// Proposals of members, external senders and new members: each kind, taken up by somebody else's
// commit, and those that are refused.

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::MemoryTransaction;
using testing::MlsMember;
using testing::public_message;
using testing::state_of;

const Bytes kGroupId(32, 0x47);
const Bytes kPskId = {1, 2, 3};

class Proposals : public ::testing::TestWithParam<CipherSuite> {
  protected:
    void SetUp() override {
        ASSERT_TRUE(alice.step([&](Transaction& t) -> Result<void> {
            GroupSpec spec{suite, kGroupId, {{0x8001, {1}}}};
            spec.extensions = Extensions{
                Extension{static_cast<std::uint16_t>(ExtensionType::app_data_dictionary),
                          encode_dictionary(spec.components)},
                Extension{
                    static_cast<std::uint16_t>(ExtensionType::external_senders),
                    encode_external_senders({{to_bytes(server_key.public_key()), {1, {0x73}}}})}};
            CHATMCP_TRY(
                Group made,
                Group::create(alice.environment, t, spec, alice.setup(suite), alice.arrival));
            alice.group = std::move(made);
            return {};
        }));
        const auto bundle = alice.stage(Plan{
            .add = {bob.key_package(suite).key_package, carol.key_package(suite).key_package}});
        ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
        ASSERT_TRUE(carol.join(bundle->welcomes[1].welcome).has_value());
        for (MlsMember* member : {&alice, &bob, &carol}) {
            ASSERT_TRUE(member->store_psk(kPskId, Bytes(32, 7)).has_value());
        }
    }

    /// Bob commits what is open; everybody follows and agrees.
    Bundle bob_commits() {
        auto bundle = bob.stage(Plan{});
        EXPECT_TRUE(bundle.has_value()) << bundle.error().check;
        EXPECT_TRUE(bob.confirm().has_value());
        for (MlsMember* member : {&alice, &carol}) {
            const auto change = member->follow(bundle->commit);
            EXPECT_TRUE(change.has_value()) << change.error().check;
            EXPECT_TRUE(equal(member->group->view().epoch_authenticator(),
                              bob.group->view().epoch_authenticator()));
        }
        return *std::move(bundle);
    }
    void all_but_alice_receive(const Bytes& message) {
        for (MlsMember* member : {&bob, &carol}) {
            const auto received = member->receive(message);
            ASSERT_TRUE(received.has_value()) << received.error().check;
            EXPECT_EQ(std::get<ProposalReceived>(*received).sender,
                      alice.group->view().own_index());
        }
    }
    [[nodiscard]] OutsideProposal here() const {
        return {suite, kGroupId, alice.group->view().epoch()};
    }
    void expect_refused(const Bytes& message, const char* check) {
        const auto received = alice.receive(message);
        ASSERT_FALSE(received.has_value()) << "not refused: " << check;
        EXPECT_STREQ(received.error().check, check);
        EXPECT_TRUE(state_of(alice).proposals.empty());
    }

    CipherSuite suite = GetParam();
    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
    MlsMember dan{"dan", 4};
    SignatureKey server_key = SignatureKey::generate(suite, dan.random);
};

TEST_P(Proposals, AnUpdateIsTakenUpBySomebodyElseAndItsKeysSurviveARestart) {
    auto rotation = alice.setup(suite);
    const Bytes new_key = to_bytes(rotation.signature_key.public_key());
    const auto message = alice.propose(Plan{.rotate = std::move(rotation)});
    ASSERT_TRUE(message.has_value()) << message.error().check;
    all_but_alice_receive(*message);
    ASSERT_TRUE(alice.reload().has_value());
    const Bundle bundle = bob_commits();
    ASSERT_EQ(bundle.change.updated.size(), 2u);
    EXPECT_EQ(alice.group->view().member(LeafIndex{0})->signature_key, new_key);
    // Signed with the new key, and encrypted to the new leaf key.
    const auto text = alice.encrypt("after");
    EXPECT_TRUE(carol.receive(*text).has_value());
    const auto next = carol.stage(Plan{.force_path = true});
    ASSERT_TRUE(carol.confirm().has_value());
    EXPECT_TRUE(alice.follow(next->commit).has_value());
}

TEST_P(Proposals, AddRemovePskAndComponentsAreTakenUp) {
    for (const bool in_the_clear : {false, true}) {
        Plan psk{.external_psks = {kPskId}};
        psk.public_message = in_the_clear;
        all_but_alice_receive(alice.propose(std::move(psk)).value());
        Plan components{.components = std::vector<Component>{{0x8001, {2}}}};
        components.public_message = in_the_clear;
        all_but_alice_receive(alice.propose(std::move(components)).value());
        const Bundle bundle = bob_commits();
        EXPECT_TRUE(bundle.change.has_pre_shared_keys);
        ASSERT_TRUE(bundle.change.components.has_value());
        EXPECT_EQ(bundle.change.components->proposers,
                  std::vector<Proposer>{alice.group->view().own_index()});
    }
    all_but_alice_receive(alice.propose(Plan{.add = {dan.key_package(suite).key_package}}).value());
    const Bundle bundle = bob_commits();
    ASSERT_EQ(bundle.welcomes.size(), 1u);
    EXPECT_TRUE(dan.join(bundle.welcomes[0].welcome).has_value());
}

TEST_P(Proposals, AResumptionPskOfThisGroupBindsTheNextEpochToAPastOne) {
    const Epoch past = alice.group->view().epoch();
    Plan plan;
    plan.resumption_psks = {{ResumptionUsage::application, kGroupId, past}};
    all_but_alice_receive(alice.propose(std::move(plan)).value());
    bob_commits();
    Plan later;
    later.resumption_psks = {{ResumptionUsage::application, kGroupId, past}};
    all_but_alice_receive(alice.propose(std::move(later)).value());
    bob_commits();
}

TEST_P(Proposals, ACommitWithAPskThatWeLackIsRefusedAndTheGroupStays) {
    for (MlsMember* member : {&alice, &bob}) {
        ASSERT_TRUE(member->store_psk(Bytes{9}, Bytes(32, 8)).has_value());
    }
    const auto bundle = bob.stage(Plan{.external_psks = {{9}}});
    ASSERT_TRUE(bundle.has_value());
    const auto refused = carol.follow(bundle->commit);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "MLS-64");
    // Another secret under the same name: the confirmation tag tells.
    ASSERT_TRUE(carol.store_psk(Bytes{9}, Bytes(32, 9)).has_value());
    EXPECT_STREQ(carol.follow(bundle->commit).error().check, "MLS-68");
    ASSERT_TRUE(carol.store_psk(Bytes{9}, Bytes(32, 8)).has_value());
    EXPECT_TRUE(carol.follow(bundle->commit).has_value());
}

TEST_P(Proposals, APlanForAProposalSaysExactlyOneThing) {
    const Plan nothing;
    Plan two{.remove = {LeafIndex{1}}};
    two.external_psks = {kPskId};
    EXPECT_STREQ(alice.propose({}).error().check, "MLS-94");
    EXPECT_STREQ(alice.propose(std::move(two)).error().check, "MLS-94");
}

TEST_P(Proposals, OfAnExternalSenderAreTakenUpAndHaveNoProposer) {
    MemoryTransaction transaction(dan.store);
    const auto add = propose_as_external_sender(
        here(), server_key, 0, dan.random, Plan{.add = {dan.key_package(suite).key_package}});
    ASSERT_TRUE(add.has_value());
    for (MlsMember* member : {&alice, &bob, &carol}) {
        const auto received = member->receive(*add);
        ASSERT_TRUE(received.has_value()) << received.error().check;
        EXPECT_FALSE(std::get<ProposalReceived>(*received).sender.has_value());
    }
    ASSERT_TRUE(bob.reload().has_value());
    const Bundle bundle = bob_commits();
    ASSERT_EQ(bundle.change.added_by.size(), 1u);
    EXPECT_FALSE(bundle.change.added_by[0].has_value());
    EXPECT_TRUE(dan.join(bundle.welcomes[0].welcome).has_value());
}

TEST_P(Proposals, OfAnExternalSenderThatNobodyNamedOrWithAnotherKeyAreRefused) {
    const Plan remove{.remove = {LeafIndex{1}}};
    expect_refused(propose_as_external_sender(here(), server_key, 1, dan.random, remove).value(),
                   "MLS-85");
    const SignatureKey other = SignatureKey::generate(suite, dan.random);
    expect_refused(propose_as_external_sender(here(), other, 0, dan.random, remove).value(),
                   "MLS-38");
    EXPECT_STREQ(
        propose_as_external_sender(here(), server_key, 0, dan.random, Plan{}).error().check,
        "MLS-94");
    const Plan components{.components = std::vector<Component>{{0x8001, {2}}}};
    EXPECT_STREQ(
        propose_as_external_sender(here(), server_key, 0, dan.random, components).error().check,
        "MLS-94");
}

TEST_P(Proposals, ANewMemberMayAskToBeAddedAndNothingElse) {
    const auto package = dan.key_package(suite);
    const auto ask = dan.step(
        [&](Transaction& t) { return propose_as_new_member(t, here(), package.key_package); });
    ASSERT_TRUE(ask.has_value());
    for (MlsMember* member : {&alice, &bob, &carol}) {
        ASSERT_TRUE(member->receive(*ask).has_value());
    }
    const Bundle bundle = bob_commits();
    ASSERT_EQ(bundle.welcomes.size(), 1u);
    EXPECT_TRUE(dan.join(bundle.welcomes[0].welcome).has_value());

    const auto strangers = MlsMember("eve", 9).key_package(suite);
    const auto not_ours = dan.step(
        [&](Transaction& t) { return propose_as_new_member(t, here(), strangers.key_package); });
    EXPECT_STREQ(not_ours.error().check, "MLS-72");
    // A member's Remove, sent as if by a new member.
    AuthenticatedContent content = testing::signed_content(
        bob, ContentType::proposal, wire::encode(Proposal{Remove{LeafIndex{0}}}));
    content.content.sender = {SenderType::new_member_proposal, 0};
    expect_refused(public_message(bob, std::move(content)), "MLS-95");
}

TEST_P(Proposals, OfAKindThatTheirSenderMayNotMakeAreRefused) {
    // Signed by the external sender, who may not update a leaf.
    AuthenticatedContent content;
    content.wire_format = WireFormat::public_message;
    content.content.group_id = kGroupId;
    content.content.epoch = alice.group->view().epoch();
    content.content.sender = {SenderType::external, 0};
    content.content.content_type = ContentType::proposal;
    content.content.body = wire::encode(testing::update_of(bob));
    sign_content(suite, server_key, {}, content);
    const Bytes update = public_message(bob, content);
    expect_refused(update, "MLS-95");
    content.content.content_type = ContentType::commit;
    content.content.body = wire::encode(Commit{});
    content.auth.confirmation_tag = Bytes(32, 0);
    expect_refused(public_message(bob, std::move(content)), "MLS-95");
    expect_refused(testing::public_proposal(bob, Proposal{ExternalInit{Bytes(32, 1)}}), "MLS-95");
}

INSTANTIATE_TEST_SUITE_P(Suites, Proposals, ::testing::ValuesIn(testing::kTestedSuites));

}  // namespace
}  // namespace chatmcp::mls
