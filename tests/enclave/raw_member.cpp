#include "enclave/raw_member.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "base/check.h"
#include "client/admission.h"
#include "client/agent_protocol.h"
#include "identity/device_log.h"
#include "support/identity.h"
#include "wire/components.h"

namespace chatmcp::testing {
namespace {

const relay::Peer kPeer{.source = to_bytes(as_bytes("raw member")), .channel = {}};
constexpr std::size_t kPaddedBytes = 1024;

template <class T>
T value(Result<T> result) {
    if (!result.has_value()) {
        ADD_FAILURE() << "raw member: " << result.error().check;
        CHATMCP_CHECK(result.has_value());
    }
    return *std::move(result);
}
void done(const Result<void>& result) {
    EXPECT_TRUE(result.has_value()) << "raw member: " << result.error().check;
}

}  // namespace

RawMember::RawMember(World& world, const std::string& name)
    : world_(world),
      wallet_(key_named(name + " wallet")),
      root_(key_named(name + " root")),
      environment_{rules_, trust_, world.random, mls::Limits()} {}

std::string RawMember::account() const {
    return identity::Caip10::from_solana_key(wallet_.public_key()).text();
}

mls::LeafSetup RawMember::leaf(ByteView group_id) const {
    auto key = crypto::SigningKey::generate(world_.random);
    const auto credential = make_device_credential(
        wallet_, root_, key.public_key(), group_id, world_.clock.now().plus_ms(-kMinuteMs));
    return {.credential = {identity::kDeviceCredentialType, wire::encode(credential)},
            .signature_key = std::move(key),
            .components = {client::make_component(wire::ComponentId::log_head, wire::LogHead{})}};
}

Bytes RawMember::challenge() const {
    return value(world_.relay.handle(wire::GetChallenge{}, kPeer)).challenge;
}

Bytes RawMember::package_from(EnclaveRig& rig, const wire::GroupId& group) {
    const auto listed = value(world_.relay.handle(wire::ListAgents{}, kPeer));
    const auto entry = value(wire::decode<wire::AgentEntry>(listed.entries.at(0)));
    const auto reply_key = crypto::HpkePrivateKey::generate(crypto::KemId::x25519, world_.random);
    const wire::KeyPackageRequest request{
        .group_id = group,
        .nonce = world_.random.array<32>(),
        .reply_inbox = identity::inbox_id(root_.public_key()),
        .reply_key = to_array<crypto::kX25519Bytes>(reply_key.public_key())};
    value(world_.relay.handle(
        wire::SendInbox{identity::inbox_id(rig.enclave_key()),
                        wire::InboxKind::kp_request,
                        value(client::seal_request(request, entry.hpke_key, world_.random))},
        kPeer));
    rig.serve();
    CHATMCP_CHECK(!rig.replies.empty());
    return value(client::open_reply(rig.replies.back().payload, reply_key)).key_package;
}

void RawMember::found(EnclaveRig& rig, CompanionPlan plan) {
    id_ = world_.random.array<32>();
    conversation_ = world_.random.array<32>();
    const Bytes package = package_from(rig, plan.other_group.value_or(id_));
    const auto agent = value(client::identity_of(value(mls::inspect_key_package(package))));
    plan.grant.agent_credential_digest = agent.agent_credential->digest();
    mls::GroupSpec spec;
    spec.group_id = to_bytes(id_);
    const auto add = [&](wire::ComponentId id, const auto& component) {
        spec.components.push_back(client::make_component(id, component));
    };
    add(wire::ComponentId::roles, wire::Roles{{account()}});
    add(wire::ComponentId::sequencer,
        wire::Sequencer{plan.sequencer_key.value_or(world_.relay.public_key())});
    if (plan.development) {
        add(wire::ComponentId::development,
            wire::Development{plan.root_key.value_or(rig.root_key())});
    }
    add(wire::ComponentId::companion_of, wire::CompanionOf{conversation_});
    add(wire::ComponentId::grant, plan.grant);
    add(wire::ComponentId::title, wire::Title{"assistant (simulated)"});
    auto transaction = value(store_.begin());
    group_ = value(mls::Group::create(
        environment_, *transaction, spec, leaf(id_), mls::Arrival{world_.clock.now()}));
    done(transaction->commit());
    value(world_.relay.handle(
        client::create_topic(client::topic_address(world_.relay.public_key(), id_),
                             value(client::admission_key(*group_)),
                             {}),
        kPeer));
    commit_plan(mls::Plan{.add = {package}}, {identity::inbox_id(rig.enclave_key())});
    rig.serve();
}

mls::Bundle RawMember::commit_plan(const mls::Plan& plan,
                                   const std::vector<wire::InboxId>& inboxes) {
    static_cast<void>(read());  // Nobody else's epoch is open.
    auto transaction = value(store_.begin());
    mls::Bundle bundle = value(group_->stage(*transaction, plan, mls::Arrival{world_.clock.now()}));
    std::vector<wire::WelcomeDelivery> welcomes;
    for (std::size_t i = 0; i < inboxes.size(); ++i) {
        welcome_ = {inboxes[i], bundle.welcomes[i].welcome};
        welcomes.push_back(welcome_);
    }
    const auto request =
        client::publish_bundle(client::topic_address(world_.relay.public_key(), id_),
                               value(client::admission_key(*group_)),
                               bundle,
                               value(client::staged_admission_key(*group_)).public_key(),
                               std::move(welcomes));
    cursor_ = value(world_.relay.handle(request, kPeer)).acceptance.sequence;
    static_cast<void>(value(group_->confirm(*transaction)));
    done(transaction->commit());
    return bundle;
}

void RawMember::bring(RawMember& other) {
    auto transaction = value(other.store_.begin());
    const auto now_s = static_cast<std::uint64_t>(world_.clock.now().seconds());
    const auto made = value(mls::make_key_package(other.environment_,
                                                  *transaction,
                                                  mls::GroupSpec{}.suite,
                                                  other.leaf(id_),
                                                  {now_s - 1000, now_s + 100'000},
                                                  false));
    const mls::Bundle bundle = commit_plan(mls::Plan{.add = {made.key_package}});
    other.group_ = value(mls::Group::join(other.environment_,
                                          *transaction,
                                          bundle.welcomes[0].welcome,
                                          mls::Arrival{world_.clock.now()}));
    done(transaction->commit());
    other.id_ = id_;
    other.conversation_ = conversation_;
    other.cursor_ = cursor_;
}

void RawMember::remove(const RawMember& other) {
    for (const mls::LeafView& member : group_->view().members()) {
        if (value(client::identity_of(member)).account == other.account()) {
            commit_plan(mls::Plan{.remove = {member.index}});
            return;
        }
    }
    ADD_FAILURE() << "not a member";
}

void RawMember::remove_agent() {
    for (const mls::LeafView& member : group_->view().members()) {
        if (value(client::identity_of(member)).agent) {
            commit_plan(mls::Plan{.remove = {member.index}});
            return;
        }
    }
    ADD_FAILURE() << "no agent";
}

void RawMember::commit() {
    mls::Plan plan;
    plan.force_path = true;
    commit_plan(plan);
}

void RawMember::commit_that_locks_out() {
    auto transaction = value(store_.begin());
    const mls::Bundle bundle =
        value(group_->stage(*transaction, {.force_path = true}, mls::Arrival{world_.clock.now()}));
    publish_commit(bundle.commit, key_named("nobody's").public_key());
    done(group_->discard(*transaction));
    done(transaction->commit());
}

void RawMember::publish_commit(Bytes commit, const wire::Ed25519Key& next_admission_key) {
    mls::Bundle bundle;
    bundle.epoch = group_->view().epoch();
    bundle.commit = std::move(commit);
    value(world_.relay.handle(
        client::publish_bundle(client::topic_address(world_.relay.public_key(), id_),
                               value(client::admission_key(*group_)),
                               bundle,
                               next_admission_key,
                               {}),
        kPeer));
}

std::uint64_t RawMember::say_raw(Bytes payload) {
    return value(world_.relay.handle(
                     client::publish_message(client::topic_address(world_.relay.public_key(), id_),
                                             value(client::admission_key(*group_)),
                                             epoch(),
                                             std::move(payload)),
                     kPeer))
        .sequence;
}

std::uint64_t RawMember::say(wire::ContentType type, Bytes body) {
    static_cast<void>(read());
    const Bytes content = wire::encode(wire::Content{.salt = world_.random.array<32>(),
                                                     .type = type,
                                                     .sent_at = world_.clock.now(),
                                                     .body = std::move(body)});
    auto transaction = value(store_.begin());
    Bytes payload = value(group_->encrypt(
        *transaction, content, {}, std::max(kPaddedBytes, wire::padded_size(content.size()))));
    done(transaction->commit());
    return say_raw(std::move(payload));
}

std::uint64_t RawMember::ask(const std::string& text, wire::Scope scope) {
    return say(wire::ContentType::question, wire::encode(wire::Question{scope, text}));
}

std::uint64_t RawMember::copy(std::uint64_t position, const std::string& text) {
    const wire::Content words{.salt = world_.random.array<32>(),
                              .type = wire::ContentType::text,
                              .sent_at = world_.clock.now(),
                              .body = to_bytes(as_bytes(text))};
    return say(wire::ContentType::copy,
               wire::encode(wire::Copy{{{position, wire::encode(words)}}}));
}

std::vector<wire::Content> RawMember::read() {
    std::vector<wire::Content> contents;
    for (bool more = true; more;) {
        const auto reply = value(world_.relay.handle(
            client::read_topic(client::topic_address(world_.relay.public_key(), id_),
                               value(client::admission_key(*group_)),
                               epoch(),
                               cursor_,
                               challenge()),
            kPeer));
        more = reply.epoch_ended;
        for (const wire::Envelope& envelope : reply.envelopes) {
            cursor_ = envelope.sequence;
            auto transaction = value(store_.begin());
            Bytes payload = envelope.payload;
            if (envelope.acceptance.has_value() && !client::is_private_message(payload)) {
                payload = value(client::open_agent_update(*group_, payload));
            }
            auto received =
                group_->receive(*transaction, payload, mls::Arrival{envelope.accepted_at});
            if (!received.has_value()) {
                continue;  // What a test said that nobody can read.
            }
            if (auto* incoming = std::get_if<mls::Incoming>(&*received)) {
                done(incoming->apply(*transaction));
            } else if (auto* message = std::get_if<mls::ApplicationMessage>(&*received)) {
                contents.push_back(value(wire::decode<wire::Content>(message->data)));
            }
            done(transaction->commit());
        }
    }
    return contents;
}

std::vector<std::string> RawMember::read_last_words() {
    std::vector<std::string> words;
    for (const wire::Content& content : read()) {
        if (content.type == wire::ContentType::refusal) {
            words.push_back(value(wire::decode<wire::Refusal>(content.body)).check);
        } else if (content.type == wire::ContentType::answer) {
            words.push_back(value(wire::decode<wire::Answer>(content.body)).answer.text);
        }
    }
    return words;
}

}  // namespace chatmcp::testing
