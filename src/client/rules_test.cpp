#include "client/rules.h"

#include <memory>

#include <gtest/gtest.h>

#include "support/identity.h"
#include "wire/components.h"

namespace chatmcp::client {
namespace {

using testing::key_named;
using wire::ComponentId;

const wire::GroupId kGroup = crypto::sha256(as_bytes("group"));

// A group as rules see it: leaves at the places of the list.
class View final : public mls::GroupView {
  public:
    explicit View(std::vector<mls::Component> components) : components_(std::move(components)) {}
    View& with(mls::LeafView leaf) {
        leaf.index = mls::LeafIndex{static_cast<std::uint32_t>(leaves_.size())};
        leaves_.push_back(std::move(leaf));
        return *this;
    }

    mls::CipherSuite suite() const override { return {}; }
    ByteView group_id() const override { return kGroup; }
    mls::Epoch epoch() const override { return {}; }
    mls::LeafIndex own_index() const override { return {}; }
    std::size_t member_count() const override { return leaves_.size(); }
    std::vector<mls::LeafView> members() const override { return leaves_; }
    std::optional<mls::LeafView> member(mls::LeafIndex index) const override {
        return index.value < leaves_.size() ? std::optional(leaves_[index.value]) : std::nullopt;
    }
    Result<Bytes> encoded_leaf(mls::LeafIndex) const override { return fail(Errc::not_found, "-"); }
    const std::vector<mls::Component>& components() const override { return components_; }
    std::optional<ByteView> component(std::uint16_t) const override { return std::nullopt; }
    ByteView epoch_authenticator() const override { return {}; }
    ByteView tree_hash() const override { return {}; }
    ByteView confirmed_transcript_hash() const override { return {}; }

  private:
    std::vector<mls::Component> components_;
    std::vector<mls::LeafView> leaves_;
};

// A person's leaf, every signature right.
mls::LeafView person(const std::string& name, const std::string& device = "phone") {
    const auto leaf_key = key_named(name + device + "leaf");
    const auto credential = testing::make_device_credential(
        key_named(name), key_named(name + device), leaf_key.public_key(), kGroup);
    mls::LeafView leaf;
    leaf.credential = {identity::kDeviceCredentialType, wire::encode(credential)};
    leaf.signature_key = to_bytes(leaf_key.public_key());
    leaf.source = mls::LeafSource::commit;
    leaf.components = {make_component(ComponentId::log_head, wire::LogHead{})};
    return leaf;
}

std::string account(const std::string& name) {
    return identity::Caip10::from_solana_key(key_named(name).public_key()).text();
}

identity::AgentCredential agent_credential() {
    return testing::make_agent_credential(key_named("operator"), key_named("enclave").public_key());
}

mls::LeafView agent() {
    const auto leaf_key = key_named("agent leaf");
    const auto delegation = identity::delegate(key_named("enclave"),
                                               leaf_key.public_key(),
                                               identity::Delegation::Purpose::group,
                                               kGroup,
                                               testing::kTestNow);
    mls::LeafView leaf;
    leaf.credential = {identity::kAgentCredentialType, wire::encode(agent_credential())};
    leaf.signature_key = to_bytes(leaf_key.public_key());
    leaf.source = mls::LeafSource::commit;
    leaf.components = {make_component(
        ComponentId::evidence,
        wire::EvidenceComponent{
            .delegation = wire::encode(delegation), .nonce = {}, .evidence = {1, 2, 3}})};
    return leaf;
}

wire::Grant grant() {
    wire::Grant grant;
    grant.agent_credential_digest = agent_credential().digest();
    grant.scopes = {wire::Scope::answer};
    return grant;
}

std::vector<mls::Component> conversation() {
    return {make_component(ComponentId::roles, wire::Roles{{account("ana")}}),
            make_component(ComponentId::sequencer, wire::Sequencer{}),
            make_component(ComponentId::title, wire::Title{"Lunch"})};
}
std::vector<mls::Component> companion() {
    return {make_component(ComponentId::roles, wire::Roles{{account("ana")}}),
            make_component(ComponentId::sequencer, wire::Sequencer{}),
            make_component(ComponentId::companion_of, wire::CompanionOf{}),
            make_component(ComponentId::grant, grant())};
}
std::vector<mls::Component> with(std::vector<mls::Component> components, mls::Component extra) {
    std::erase_if(components, [&](const auto& component) { return component.id == extra.id; });
    components.push_back(std::move(extra));
    return components;
}
std::vector<mls::Component> without(std::vector<mls::Component> components, ComponentId id) {
    std::erase_if(components, [&](const auto& component) {
        return component.id == static_cast<std::uint16_t>(id);
    });
    return components;
}

// Ana is admin at 0, Ben at 1, Cleo at 2.
View three() {
    View view(conversation());
    view.with(person("ana")).with(person("ben")).with(person("cleo"));
    return view;
}

const ConversationRules kRules;

void expect_refused(const Result<void>& result, const char* check) {
    ASSERT_FALSE(result.has_value());
    EXPECT_STREQ(result.error().check, check);
}

mls::Change commit_by(std::uint32_t committer) {
    mls::Change change;
    change.committer = mls::LeafIndex{committer};
    return change;
}
mls::Change adding(std::uint32_t committer, mls::LeafView leaf) {
    mls::Change change = commit_by(committer);
    change.added = {std::move(leaf)};
    change.added_by = {mls::LeafIndex{committer}};
    return change;
}
/// Committed and proposed by one member.
mls::Change changing(std::uint32_t committer,
                     std::vector<mls::Component> before,
                     std::vector<mls::Component> after) {
    mls::Change change = commit_by(committer);
    change.components = {std::move(before), std::move(after), {mls::LeafIndex{committer}}};
    return change;
}
mls::Change removing(const View& view, std::uint32_t committer, std::uint32_t removed) {
    mls::Change change = commit_by(committer);
    change.removed = {{*view.member(mls::LeafIndex{removed}), mls::LeafIndex{committer}}};
    return change;
}

TEST(Rules, ACommitWithAPreSharedKeyOrAnotherExtensionIsRefused) {
    const View view = three();
    mls::Change with_key = commit_by(0);
    with_key.has_pre_shared_keys = true;
    expect_refused(kRules.check_commit(with_key, view), "CLT-98");
    mls::Change with_extension = commit_by(0);
    with_extension.other_extensions_changed = true;
    expect_refused(kRules.check_commit(with_extension, view), "CLT-98");
    mls::Change uninvited = commit_by(0);
    uninvited.external = true;
    expect_refused(kRules.check_commit(uninvited, view), "CLT-98");
    mls::Change attaching = commit_by(0);
    attaching.attached = {{{0x8042, {1}}, mls::LeafIndex{0}}};
    expect_refused(kRules.check_commit(attaching, view), "CLT-98");
    mls::Change ending = commit_by(0);
    ending.reinit.emplace();
    expect_refused(kRules.check_commit(ending, view), "CLT-98");
    // Found at joining: nobody is before it.
    expect_refused(kRules.check_commit(with_extension, View({})), "CLT-98");
}

TEST(Rules, OneDeviceTakenOutIsBroughtBackOnce) {
    const View view = three();
    mls::Change change = removing(view, 1, 2);
    change.added = {person("cleo")};
    change.added_by = {mls::LeafIndex{1}};
    EXPECT_TRUE(kRules.check_commit(change, view).has_value());
    change.added.push_back(person("cleo"));
    change.added_by.push_back(mls::LeafIndex{1});
    expect_refused(kRules.check_commit(change, view), "CLT-64");
}

// ---- Leaves ----

TEST(Rules, ALeafWhoseSignaturesHoldIsValid) {
    EXPECT_TRUE(kRules.check_leaf(person("ben"), nullptr, three()).has_value());
    View view(companion());
    EXPECT_TRUE(kRules.check_leaf(agent(), nullptr, view).has_value());
}

TEST(Rules, ALeafOfAnotherCredentialTypeIsRefused) {
    mls::LeafView leaf = person("ben");
    leaf.credential.type = 1;
    expect_refused(kRules.check_leaf(leaf, nullptr, three()), "CLT-50");
}

TEST(Rules, ALeafWithAnUndeclaredComponentIsRefused) {
    mls::LeafView leaf = person("ben");
    leaf.components.push_back({0x8042, {}});
    expect_refused(kRules.check_leaf(leaf, nullptr, three()), "CLT-51");
    mls::LeafView enclave = agent();
    enclave.components.push_back(make_component(ComponentId::log_head, wire::LogHead{}));
    expect_refused(kRules.check_leaf(enclave, nullptr, View(companion())), "CLT-51");
}

TEST(Rules, ADeviceWithoutItsLogHeadIsRefused) {
    mls::LeafView leaf = person("ben");
    leaf.components.clear();
    expect_refused(kRules.check_leaf(leaf, nullptr, three()), "CLT-52");
}

TEST(Rules, AnAgentOutsideACompanionThatGrantsItIsRefused) {
    expect_refused(kRules.check_leaf(agent(), nullptr, three()), "CLT-53");
    wire::Grant other = grant();
    other.agent_credential_digest = {};
    View view(with(companion(), make_component(ComponentId::grant, other)));
    expect_refused(kRules.check_leaf(agent(), nullptr, view), "CLT-53");
}

TEST(Rules, AnAgentWithoutEvidenceIsRefused) {
    mls::LeafView leaf = agent();
    leaf.components.clear();
    expect_refused(kRules.check_leaf(leaf, nullptr, View(companion())), "CLT-54");
}

TEST(Rules, AKeyThatNobodyDelegatedIsRefused) {
    mls::LeafView leaf = person("ben");
    leaf.signature_key = to_bytes(key_named("stranger").public_key());
    EXPECT_FALSE(kRules.check_leaf(leaf, nullptr, three()).has_value());
    mls::LeafView enclave = agent();
    enclave.signature_key = leaf.signature_key;
    EXPECT_FALSE(kRules.check_leaf(enclave, nullptr, View(companion())).has_value());
}

TEST(Rules, ALeafNeverBecomesSomebodyElse) {
    const mls::LeafView ben = person("ben");
    EXPECT_TRUE(kRules.check_leaf(ben, &ben, three()).has_value());
    const mls::LeafView cleo = person("cleo");
    expect_refused(kRules.check_leaf(cleo, &ben, three()), "CLT-56");
    const mls::LeafView other_device = person("ben", "laptop");
    expect_refused(kRules.check_leaf(other_device, &ben, three()), "CLT-56");
}

// ---- What a group says about itself ----

TEST(Rules, AGroupWithoutRolesOrSequencerIsRefused) {
    EXPECT_TRUE(check_group_components(conversation()).has_value());
    EXPECT_TRUE(check_group_components(companion()).has_value());
    expect_refused(check_group_components(without(conversation(), ComponentId::roles)), "CLT-60");
    expect_refused(check_group_components(without(conversation(), ComponentId::sequencer)),
                   "CLT-60");
}

TEST(Rules, AnUndeclaredGroupComponentIsRefused) {
    expect_refused(check_group_components(with(conversation(), {0x8055, {}})), "CLT-61");
    expect_refused(check_group_components(with(
                       conversation(), make_component(ComponentId::log_head, wire::LogHead{}))),
                   "CLT-61");
}

TEST(Rules, CompanionAndGrantComeTogetherAndDevelopmentOnlyBesideThem) {
    expect_refused(check_group_components(without(companion(), ComponentId::grant)), "CLT-62");
    expect_refused(check_group_components(without(companion(), ComponentId::companion_of)),
                   "CLT-62");
    const auto development = make_component(ComponentId::development, wire::Development{});
    expect_refused(check_group_components(with(conversation(), development)), "CLT-62");
    EXPECT_TRUE(check_group_components(with(companion(), development)).has_value());
}

// ---- Commits ----

TEST(Rules, OnlyAdminsAdd) {
    const View view = three();
    EXPECT_TRUE(kRules.check_commit(adding(0, person("dan")), view).has_value());
    expect_refused(kRules.check_commit(adding(1, person("dan")), view), "CLT-64");
}

TEST(Rules, OnlyAdminsRemoveButEverybodyMayLeaveAndBringADeviceBack) {
    const View view = three();
    EXPECT_TRUE(kRules.check_commit(removing(view, 0, 1), view).has_value());
    expect_refused(kRules.check_commit(removing(view, 1, 2), view), "CLT-65");

    mls::Change leaving = removing(view, 1, 2);
    leaving.removed[0].proposer = mls::LeafIndex{2};
    EXPECT_TRUE(kRules.check_commit(leaving, view).has_value());

    mls::Change repair = removing(view, 1, 2);
    repair.added = {person("cleo")};
    repair.added_by = {mls::LeafIndex{1}};
    EXPECT_TRUE(kRules.check_commit(repair, view).has_value());
    repair.added = {person("cleo", "laptop")};
    expect_refused(kRules.check_commit(repair, view), "CLT-64");
}

TEST(Rules, EveryPersonIsAdminInACompanionAndNothingInItChanges) {
    View view(companion());
    view.with(person("ana")).with(agent()).with(person("ben"));
    EXPECT_TRUE(kRules.check_commit(adding(2, person("cleo")), view).has_value());
    EXPECT_TRUE(kRules.check_commit(removing(view, 2, 1), view).has_value());
    const mls::Change change = changing(
        0, companion(), with(companion(), make_component(ComponentId::title, wire::Title{"x"})));
    expect_refused(kRules.check_commit(change, view), "CLT-66");
}

TEST(Rules, OnlyAdminsChangeComponentsAndSomeNeverChange) {
    const View view = three();
    const auto titled = with(conversation(), make_component(ComponentId::title, wire::Title{"x"}));
    mls::Change change = changing(0, conversation(), titled);
    EXPECT_TRUE(kRules.check_commit(change, view).has_value());
    expect_refused(kRules.check_commit(changing(1, conversation(), titled), view), "CLT-66");
    // An admin who commits what others proposed lends them no rights.
    change.components->proposers = {mls::LeafIndex{0}, mls::LeafIndex{1}};
    expect_refused(kRules.check_commit(change, view), "CLT-66");
    change.components->proposers = {std::nullopt};
    expect_refused(kRules.check_commit(change, view), "CLT-66");

    wire::Sequencer other;
    other.relay_key[0] = 1;
    const auto moved = with(conversation(), make_component(ComponentId::sequencer, other));
    expect_refused(kRules.check_commit(changing(0, conversation(), moved), view), "CLT-63");
    expect_refused(kRules.check_commit(changing(0, conversation(), companion()), view), "CLT-63");
}

TEST(Rules, AnAgentOnlyRenewsItself) {
    View view(companion());
    view.with(person("ana")).with(agent());
    mls::Change renewal = commit_by(1);
    renewal.has_path = true;
    renewal.public_message = true;
    renewal.updated = {{*view.member(mls::LeafIndex{1}), *view.member(mls::LeafIndex{1})}};
    EXPECT_TRUE(kRules.check_commit(renewal, view).has_value());

    mls::Change adds = renewal;
    adds.added = {person("dan")};
    adds.added_by = {mls::LeafIndex{1}};
    expect_refused(kRules.check_commit(adds, view), "CLT-67");
    mls::Change removes = renewal;
    removes.removed = {{*view.member(mls::LeafIndex{0}), mls::LeafIndex{1}}};
    expect_refused(kRules.check_commit(removes, view), "CLT-67");
    mls::Change without_path = renewal;
    without_path.has_path = false;
    expect_refused(kRules.check_commit(without_path, view), "CLT-67");
}

TEST(Rules, ACommitHasTheFormOfWhoMadeIt) {
    View view(companion());
    view.with(person("ana")).with(agent());
    mls::Change by_agent = commit_by(1);
    by_agent.has_path = true;
    by_agent.updated = {{*view.member(mls::LeafIndex{1}), *view.member(mls::LeafIndex{1})}};
    expect_refused(kRules.check_commit(by_agent, view), "CLT-69");
    mls::Change by_person = commit_by(0);
    by_person.public_message = true;
    expect_refused(kRules.check_commit(by_person, view), "CLT-69");
}

TEST(Rules, WhereHandshakesArePublicEveryCommitIs) {
    auto components = conversation();
    components.push_back(make_component(ComponentId::handshakes, wire::Handshakes{}));
    View view(components);
    view.with(person("ana"));
    mls::Change change = adding(0, person("dan"));
    expect_refused(kRules.check_commit(change, view), "CLT-69");
    change.public_message = true;
    EXPECT_TRUE(kRules.check_commit(change, view).has_value());
    auto in_companion = companion();
    in_companion.push_back(make_component(ComponentId::handshakes, wire::Handshakes{}));
    expect_refused(check_group_components(in_companion), "CLT-62");
}

TEST(Rules, WhatAnAgentProposesNobodyMayCommit) {
    View view(companion());
    view.with(person("ana")).with(agent());
    mls::Change change = adding(0, person("dan"));
    change.added_by = {mls::LeafIndex{1}};
    expect_refused(kRules.check_commit(change, view), "CLT-64");
}

}  // namespace
}  // namespace chatmcp::client
