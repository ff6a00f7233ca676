// The proposals of draft-ietf-mls-extensions: AppDataUpdate, AppEphemeral and SelfRemove.

#include <algorithm>

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::hostile_proposals;
using testing::MlsMember;
using testing::public_proposal;
using testing::state_of;

const Bytes kGroupId(32, 0x47);

/// Alice and Bob in a group that requires AppDataUpdate; Carol with them.
class AppData : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(alice.create(kGroupId, {{0x8001, {1}}, {0x8002, {2}}}).has_value());
        const auto bundle = alice.stage(
            Plan{.add = {bob.key_package().key_package, carol.key_package().key_package}});
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
        ASSERT_TRUE(carol.join(bundle->welcomes[1].welcome).has_value());
    }
    void expect_refused(const Bytes& message, const char* check) {
        const auto refused = alice.follow(message);
        ASSERT_FALSE(refused.has_value()) << "not refused: " << check;
        EXPECT_STREQ(refused.error().check, check);
    }
    static Proposal update(std::uint16_t id, Bytes data) {
        return Proposal{AppDataUpdate{id, std::move(data)}};
    }
    static Proposal remove(std::uint16_t id) { return Proposal{AppDataUpdate{id, std::nullopt}}; }

    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
};

TEST_F(AppData, AnUpdateChangesWhatDiffersAndNeedsNoPath) {
    const std::vector<Component> wanted = {{0x8001, {9}}, {0x8003, {3}}};
    const auto bundle = bob.stage(Plan{.components = wanted});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    EXPECT_FALSE(bundle->change.has_path);
    ASSERT_TRUE(bob.reload().has_value());
    const auto confirmed = bob.confirm();
    const auto change = alice.follow(bundle->commit);
    ASSERT_TRUE(change.has_value()) << change.error().check;
    for (const Change* each : {&*confirmed, &*change}) {
        ASSERT_TRUE(each->components.has_value());
        EXPECT_EQ(each->components->before.size(), 2u);
        EXPECT_EQ(each->components->after, wanted);
        EXPECT_EQ(each->components->proposers, std::vector<Proposer>(3, LeafIndex{1}));
        EXPECT_FALSE(each->other_extensions_changed);
    }
    EXPECT_EQ(alice.group->view().components(), wanted);
    EXPECT_TRUE(
        equal(alice.group->view().epoch_authenticator(), bob.group->view().epoch_authenticator()));
}

TEST_F(AppData, UpdatesOfOneComponentStandInTheirOrder) {
    ASSERT_TRUE(alice.receive(public_proposal(bob, update(0x8001, {5}))).has_value());
    ASSERT_TRUE(alice.receive(public_proposal(carol, update(0x8001, {6}))).has_value());
    const auto bundle = alice.stage(Plan{});
    ASSERT_TRUE(bundle.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    EXPECT_EQ(to_bytes(*alice.group->view().component(0x8001)), Bytes{6});
    EXPECT_EQ(bundle->change.components->proposers,
              (std::vector<Proposer>{LeafIndex{1}, LeafIndex{2}}));
}

TEST_F(AppData, ChangesThatContradictEachOtherAreRefused) {
    expect_refused(hostile_proposals(bob, {remove(0x8009)}), "MLS-106");
    expect_refused(hostile_proposals(bob, {remove(0x8001), remove(0x8001)}), "MLS-106");
    expect_refused(hostile_proposals(bob, {update(0x8001, {1}), remove(0x8001)}), "MLS-106");
    expect_refused(hostile_proposals(bob, {remove(0x8001), update(0x8001, {1})}), "MLS-106");
    wire::Writer writer;
    writer.u16(static_cast<std::uint16_t>(ProposalType::app_data_update));
    writer.u16(0x8001);
    writer.u8(3);
    const auto read = wire::decode<Proposal>(writer.view());
    ASSERT_FALSE(read.has_value());
    EXPECT_STREQ(read.error().check, "MLS-104");
}

TEST_F(AppData, TheDictionaryChangesInNoOtherWayWhereUpdatesAreRequired) {
    Extensions extensions = state_of(bob).epoch.context.extensions;
    set_extension(extensions, ExtensionType::app_data_dictionary, encode_dictionary({}));
    expect_refused(hostile_proposals(bob, {Proposal{GroupContextExtensions{extensions}}}),
                   "MLS-107");
    std::erase_if(extensions, [](const Extension& e) {
        return e.type == static_cast<std::uint16_t>(ExtensionType::app_data_dictionary);
    });
    expect_refused(hostile_proposals(bob, {Proposal{GroupContextExtensions{extensions}}}),
                   "MLS-107");
}

TEST_F(AppData, AttachedDataReachesEverybodyAndLeavesNoState) {
    Plan plan;
    plan.attach = {{0x0005, {1, 2}}};
    const auto bundle = bob.stage(plan);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(bob.reload().has_value());
    EXPECT_EQ(bob.confirm()->attached.size(), 1u);
    const auto change = alice.follow(bundle->commit);
    ASSERT_TRUE(change.has_value()) << change.error().check;
    ASSERT_EQ(change->attached.size(), 1u);
    EXPECT_EQ(change->attached[0].component, (Component{0x0005, {1, 2}}));
    EXPECT_EQ(change->attached[0].proposer, LeafIndex{1});
    EXPECT_FALSE(change->components.has_value());
}

TEST_F(AppData, ASelfRemoveIsTakenUpByReferenceAlone) {
    Plan leave;
    leave.self_remove = true;
    const auto message = bob.propose(std::move(leave));
    ASSERT_TRUE(message.has_value()) << message.error().check;
    for (MlsMember* member : {&alice, &carol}) {
        const auto received = member->receive(*message);
        ASSERT_TRUE(received.has_value());
        EXPECT_TRUE(std::get<ProposalReceived>(*received).self_remove);
    }
    expect_refused(hostile_proposals(carol, {Proposal{SelfRemove{}}}), "MLS-108");
    const auto bundle = alice.stage(Plan{});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_EQ(bundle->change.removed.size(), 1u);
    EXPECT_EQ(bundle->change.removed[0].proposer, bob.group->view().own_index());
    EXPECT_TRUE(bundle->change.has_path);
    EXPECT_TRUE(carol.follow(bundle->commit).has_value());
    EXPECT_TRUE(bob.follow(bundle->commit)->removes_self);
}

TEST_F(AppData, AMemberThatDoesNotKnowATypeKeepsOthersFromUsingIt) {
    // A group that requires nothing, and a leaf of somebody's older build.
    MlsMember old("old", 5);
    ASSERT_TRUE(old.step([&](Transaction& t) -> Result<void> {
        GroupSpec spec{testing::kTestSuite, Bytes{1}, {}};
        spec.extensions = Extensions{};
        CHATMCP_TRY(Group made, Group::create(old.environment, t, spec, old.setup(), old.arrival));
        old.group = std::move(made);
        return {};
    }));
    MlsMember young("young", 6);
    const auto bundle = old.stage(Plan{.add = {young.key_package().key_package}});
    ASSERT_TRUE(old.confirm().has_value());
    ASSERT_TRUE(young.join(bundle->welcomes[0].welcome).has_value());
    const Proposal attach{AppEphemeral{{5, {}}}};
    TreeDraft knows(state_of(young).tree);
    const auto accepted = apply_proposals(knows,
                                          {{attach, member_sender(LeafIndex{1})}},
                                          LeafIndex{1},
                                          state_of(young).epoch.context,
                                          Limits{});
    EXPECT_TRUE(accepted.has_value());
    TreeDraft draft(state_of(young).tree);
    LeafNode leaf = *draft.leaf(LeafIndex{0});
    leaf.capabilities.proposals.clear();
    draft.set_leaf(LeafIndex{0}, std::move(leaf));
    const auto refused = apply_proposals(draft,
                                         {{attach, member_sender(LeafIndex{1})}},
                                         LeafIndex{1},
                                         state_of(young).epoch.context,
                                         Limits{});
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "MLS-105");
}

TEST_F(AppData, OurLeavesSendGreaseAndTakeItFromOthers) {
    const auto is_grease = [](std::uint16_t value) {
        return (value & 0x0f0fU) == 0x0a0aU && value >> 8U == (value & 0xffU);
    };
    const Capabilities& can = state_of(alice).tree.leaf(LeafIndex{1})->capabilities;
    for (const auto* list :
         {&can.cipher_suites, &can.extensions, &can.proposals, &can.credentials}) {
        EXPECT_EQ(std::ranges::count_if(*list, is_grease), 1);
    }
    MlsMember dan("dan", 8);
    auto setup = dan.setup();
    setup.extension_types = {0x3A3A};
    setup.extensions = {Extension{0x3A3A, {1, 2, 3}}};
    const auto package = dan.step([&](Transaction& t) {
        return make_key_package(dan.environment,
                                t,
                                testing::kTestSuite,
                                std::move(setup),
                                Lifetime{0, ~std::uint64_t{0}},
                                false);
    });
    const auto bundle = alice.stage(Plan{.add = {package->key_package}});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(bob.follow(bundle->commit).has_value());
    const LeafNode* leaf = state_of(bob).tree.leaf(LeafIndex{3});
    EXPECT_EQ(leaf->extensions, (Extensions{Extension{0x3A3A, {1, 2, 3}}}));
}

}  // namespace
}  // namespace chatmcp::mls
