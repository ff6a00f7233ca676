// Groups that continue others: reinitialisation and branching (RFC 9420 sections 11.2 and 11.3).

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::MemoryTransaction;
using testing::MlsMember;
using testing::state_of;

const Bytes kOld(32, 0x47);
const Bytes kNew(32, 0x48);
constexpr auto kOldSuite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;
constexpr auto kNewSuite = CipherSuite::p256_aes128gcm_sha256_p256;

/// Alice, Bob and Carol are in the old group; a member's next group is kept beside it.
class Resumption : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(alice.create(kOld, {{0x8001, {1}}}).has_value());
        const auto bundle = alice.stage(
            Plan{.add = {bob.key_package().key_package, carol.key_package().key_package}});
        ASSERT_TRUE(bundle.has_value());
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
        ASSERT_TRUE(carol.join(bundle->welcomes[1].welcome).has_value());
    }

    [[nodiscard]] ReInit reinit() const {
        return {
            .group_id = kNew,
            .cipher_suite = static_cast<std::uint16_t>(kNewSuite),
            .extensions = {Extension{static_cast<std::uint16_t>(ExtensionType::app_data_dictionary),
                                     encode_dictionary({{0x8001, {9}}})}}};
    }
    void end_old_group() {
        const auto bundle = bob.stage(Plan{.reinit = reinit()});
        ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
        ASSERT_TRUE(bob.reload().has_value());  // The staged commit is read from the store.
        ASSERT_EQ(bob.confirm()->reinit, reinit());
        for (MlsMember* member : {&alice, &carol}) {
            const auto change = member->follow(bundle->commit);
            ASSERT_TRUE(change.has_value()) << change.error().check;
            EXPECT_EQ(change->reinit, reinit());
        }
    }
    /// Bob founds a group on the old one and adds Alice.
    Result<Bundle> found(GroupSpec spec, ResumptionUsage usage, Bytes key_package) {
        return bob.step([&](Transaction& t) -> Result<Bundle> {
            const Epoch old = bob.group->view().epoch();
            CHATMCP_TRY(
                Group made,
                Group::create(bob.environment, t, spec, bob.setup(spec.suite), bob.arrival));
            Plan plan{.add = {std::move(key_package)}};
            plan.resumption_psks = {{usage, kOld, old}};
            CHATMCP_TRY(Bundle bundle, made.stage(t, plan, bob.arrival));
            CHATMCP_TRY_VOID(made.confirm(t));
            next_of_bob = std::move(made);
            return bundle;
        });
    }
    [[nodiscard]] GroupSpec reinitialised() const {
        GroupSpec spec{kNewSuite, kNew, {}};
        spec.extensions = reinit().extensions;
        return spec;
    }
    Result<Group> alice_joins(ByteView welcome) {
        return alice.step([&](Transaction& t) {
            return Group::join(alice.environment, t, welcome, alice.arrival);
        });
    }

    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
    std::optional<Group> next_of_bob;
};

TEST_F(Resumption, AReInitEndsTheGroupForEverybody) {
    end_old_group();
    for (MlsMember* member : {&alice, &bob, &carol}) {
        ASSERT_TRUE(member->reload().has_value());
        EXPECT_STREQ(member->encrypt("x").error().check, "MLS-98");
        EXPECT_STREQ(member->stage(Plan{}).error().check, "MLS-98");
        EXPECT_STREQ(member->propose_leave().error().check, "MLS-98");
    }
}

TEST_F(Resumption, AReInitThatWasProposedIsCommittedByWhoPlansIt) {
    const auto proposed = alice.propose(Plan{.reinit = reinit()});
    ASSERT_TRUE(bob.receive(*proposed).has_value());
    // An open ReInit stands in nobody's way.
    const auto bundle = bob.stage(Plan{.remove = {carol.group->view().own_index()}});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    EXPECT_FALSE(bundle->change.reinit.has_value());
}

TEST_F(Resumption, AReinitialisedGroupIsJoinedWithTheOldOnesSecret) {
    end_old_group();
    const auto bundle =
        found(reinitialised(), ResumptionUsage::reinit, alice.key_package(kNewSuite).key_package);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    const auto joined = alice_joins(bundle->welcomes[0].welcome);
    ASSERT_TRUE(joined.has_value()) << joined.error().check;
    EXPECT_TRUE(
        equal(joined->view().epoch_authenticator(), next_of_bob->view().epoch_authenticator()));
    EXPECT_EQ(joined->view().suite(), kNewSuite);
}

TEST_F(Resumption, AGroupThatIsNotWhatTheReInitSaysIsRefusedByItsFounderAndByItsMembers) {
    EXPECT_STREQ(
        found(reinitialised(), ResumptionUsage::reinit, alice.key_package(kNewSuite).key_package)
            .error()
            .check,
        "MLS-99");  // The old group goes on.
    end_old_group();
    GroupSpec other = reinitialised();
    other.group_id[0] ^= 1;
    const Bytes package = alice.key_package(kNewSuite).key_package;
    EXPECT_STREQ(found(other, ResumptionUsage::reinit, package).error().check, "MLS-99");
    other = reinitialised();
    other.extensions =
        Extensions{Extension{static_cast<std::uint16_t>(ExtensionType::app_data_dictionary),
                             encode_dictionary({{0x8001, {8}}})}};
    EXPECT_STREQ(found(other, ResumptionUsage::reinit, package).error().check, "MLS-99");
    // Bob's build does not look: the members do.
    state_of(bob).epoch.reinit = reinit();
    ReInit lie = reinit();
    lie.extensions = *other.extensions;
    state_of(bob).epoch.reinit = lie;
    ASSERT_TRUE(bob.step([&](Transaction& t) -> Result<void> {
        wire::Writer writer;
        writer.u32(state_of(bob).tree.width().value);
        state_of(bob).epoch.write(writer);
        return t.put(record_key(kOld, RecordKind::header), writer.view());
    }));
    const auto bundle = found(other, ResumptionUsage::reinit, package);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    const auto refused = alice_joins(bundle->welcomes[0].welcome);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "MLS-99");
}

TEST_F(Resumption, ABranchHoldsOnlyMembersOfTheOldGroupInTheSameSuite) {
    const GroupSpec branch{kOldSuite, kNew, {{0x8001, {2}}}};
    const auto bundle = found(branch, ResumptionUsage::branch, alice.key_package().key_package);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    const auto joined = alice_joins(bundle->welcomes[0].welcome);
    ASSERT_TRUE(joined.has_value()) << joined.error().check;
    EXPECT_TRUE(
        equal(joined->view().epoch_authenticator(), next_of_bob->view().epoch_authenticator()));
}

TEST_F(Resumption, ABranchWithAStrangerOrInAnotherSuiteIsRefused) {
    MlsMember eve("eve", 9);
    const GroupSpec branch{kOldSuite, kNew, {}};
    EXPECT_STREQ(
        found(branch, ResumptionUsage::branch, eve.key_package().key_package).error().check,
        "MLS-100");
    const GroupSpec other_suite{kNewSuite, kNew, {}};
    EXPECT_STREQ(
        found(other_suite, ResumptionUsage::branch, alice.key_package(kNewSuite).key_package)
            .error()
            .check,
        "MLS-99");
}

/// As a conversation's rules: no pre-shared keys.
class NoPsks final : public Rules {
  public:
    [[nodiscard]] Result<void> check_leaf(const LeafView& /*next*/,
                                          const LeafView* /*current*/,
                                          const GroupView& /*group*/) const override {
        return {};
    }
    [[nodiscard]] Result<void> check_commit(const Change& change,
                                            const GroupView& /*before*/) const override {
        return change.has_pre_shared_keys ? fail(Errc::permission_denied, "no PSK")
                                          : Result<void>();
    }
};

TEST_F(Resumption, RulesSeeThatAWelcomeNeedsAPsk) {
    const GroupSpec branch{kOldSuite, kNew, {}};
    const auto bundle = found(branch, ResumptionUsage::branch, alice.key_package().key_package);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    const NoPsks rules;
    const Environment strict{rules, alice.trust, alice.random, {}};
    MemoryTransaction transaction(alice.store);
    const auto refused =
        Group::join(strict, transaction, bundle->welcomes[0].welcome, alice.arrival);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "no PSK");
    EXPECT_FALSE(transaction.changed_anything());
}

TEST_F(Resumption, WhoWasNotInTheOldGroupCannotJoin) {
    const GroupSpec branch{kOldSuite, kNew, {}};
    MlsMember impostor("alice", 77);  // Her credential, not her state.
    const auto bundle = found(branch, ResumptionUsage::branch, impostor.key_package().key_package);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    const auto refused = impostor.join(bundle->welcomes[0].welcome);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "MLS-64");
}

}  // namespace
}  // namespace chatmcp::mls
