#include "client/agent.h"

#include <utility>

#include <gtest/gtest.h>

#include "attest/evidence.h"
#include "attest/report_data.h"
#include "base/check.h"
#include "client/admission.h"
#include "client/agent_protocol.h"
#include "crypto/hash.h"
#include "identity/device_log.h"
#include "identity/wallet_file.h"
#include "wire/cmw.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {
namespace {

const Bytes kChannel = to_bytes(as_bytes("http://127.0.0.1:1"));
const relay::Peer kPeer{.source = to_bytes(as_bytes("agent")), .channel = kChannel};

template <class T>
T value(Result<T> result) {
    if (!result.has_value()) {
        ADD_FAILURE() << "agent: " << result.error().check;
        CHATMCP_CHECK(result.has_value());
    }
    return *std::move(result);
}
void done(const Result<void>& result) {
    EXPECT_TRUE(result.has_value()) << "agent: " << result.error().check;
}

}  // namespace

Agent::Agent(World& world)
    : world_(world),
      enclave_(crypto::SigningKey::generate(world.random)),
      operator_(crypto::SigningKey::generate(world.random)),
      root_(crypto::SigningKey::generate(world.random)),
      hpke_(crypto::HpkePrivateKey::generate(crypto::KemId::x25519, world.random)),
      environment_{rules_, trust_, world.random, mls::Limits()} {
    digests_.program.fill(0x21);
    digests_.model.fill(0x22);
    digests_.configuration.fill(0x23);
    digests_.command_line = wire::command_line_digest({});
    credential_.measurement = wire::measurement_of(digests_);
    credential_.configuration_digest = digests_.configuration;
    credential_.enclave_key = enclave_.public_key();
    credential_.operator_account = identity::Caip10::from_solana_key(operator_.public_key());
    credential_.domain = "terminal.chatmcp";
    const UnixMs now = world.clock.now();
    credential_.issued_at_s = static_cast<std::uint64_t>(now.seconds());
    credential_.expires_at_s = static_cast<std::uint64_t>(now.plus_ms(300 * kDayMs).seconds());
    credential_.signature = value(identity::sign_wallet_text(operator_, credential_.text()));
}

Bytes Agent::challenge() {
    return value(world_.relay.handle(wire::GetChallenge{}, kPeer)).challenge;
}

Bytes Agent::login() {
    wire::Login login{.relay_key = world_.relay.public_key(),
                      .root_key = enclave_.public_key(),
                      .challenge = challenge(),
                      .channel = kChannel,
                      .signature = {}};
    login.signature = to_array<64>(wire::sign(enclave_, login));
    return value(world_.relay.handle(login, kPeer)).token;
}

void Agent::publish() {
    wire::AgentEntry entry;
    entry.credential = wire::encode(credential_);
    entry.hpke_key = to_array<crypto::kX25519Bytes>(hpke_.public_key());
    entry.name = "test agent";
    entry.model = "none";
    entry.scopes = {1, 2};
    entry.issued_at = world_.clock.now();
    entry.signature = to_array<64>(wire::sign(enclave_, entry));
    value(world_.relay.handle(wire::PutAgentEntry{login(), wire::encode(entry)}, kPeer));
}

Bytes Agent::quote(const wire::GroupId& group,
                   const ByteArray<32>& nonce,
                   const crypto::SigningKey& leaf_key) const {
    wire::SimulatedQuote quote;
    quote.digests = digests_;
    if (next_package_fault == 2) {
        quote.digests.configuration.fill(0x66);
    }
    quote.measurement = wire::measurement_of(quote.digests);
    quote.report_data = attest::report_data({.enclave_key = enclave_.public_key(),
                                             .leaf_signature_key = leaf_key.public_key(),
                                             .configuration_digest = digests_.configuration,
                                             .group_id = group,
                                             .nonce = nonce});
    quote.issued = world_.clock.now();
    quote.sandbox_layers = (std::uint32_t{1} << wire::kSandboxLayers) - 1;
    quote.root_key = root_.public_key();
    quote.signature = to_array<64>(wire::sign(root_, quote));
    return wire::encode_cmw({.media_type = std::string(wire::SimulatedQuote::kMediaType),
                             .value = wire::encode(quote),
                             .indicator = wire::ConceptualMessage::kEvidence});
}

mls::LeafSetup Agent::leaf(const wire::GroupId& group,
                           const ByteArray<32>& nonce,
                           crypto::SigningKey leaf_key,
                           Bytes evidence) const {
    const auto delegation = identity::delegate(enclave_,
                                               leaf_key.public_key(),
                                               identity::Delegation::Purpose::group,
                                               group,
                                               world_.clock.now());
    const wire::EvidenceComponent component{
        .delegation = wire::encode(delegation), .nonce = nonce, .evidence = std::move(evidence)};
    return {.credential = {identity::kAgentCredentialType, wire::encode(credential_)},
            .signature_key = std::move(leaf_key),
            .components = {client::make_component(wire::ComponentId::evidence, component)}};
}

void Agent::answer_request(const wire::InboxItem& item) {
    const auto request = value(client::open_request(item.payload, hpke_));
    auto leaf_key = crypto::SigningKey::generate(world_.random);
    ByteArray<32> nonce = request.nonce;
    nonce[0] ^= next_package_fault == 1 ? 1 : 0;
    const Bytes evidence = quote(request.group_id, nonce, leaf_key);
    const auto now_s = static_cast<std::uint64_t>(world_.clock.now().seconds());
    auto transaction = value(store_.begin());
    const auto made =
        value(mls::make_key_package(environment_,
                                    *transaction,
                                    mls::GroupSpec{}.suite,
                                    leaf(request.group_id, nonce, leaf_key.clone(), evidence),
                                    {now_s - 1000, now_s + 100'000},
                                    false));
    done(transaction->commit());
    offered_.insert_or_assign(request.group_id, std::pair(std::move(leaf_key), evidence));
    const Bytes reply = value(
        client::seal_reply({request.group_id, made.key_package}, request.reply_key, world_.random));
    value(world_.relay.handle(
        wire::SendInbox{request.reply_inbox, wire::InboxKind::kp_reply, reply}, kPeer));
}

void Agent::join(const wire::InboxItem& item) {
    auto transaction = value(store_.begin());
    mls::Group group = value(mls::Group::join(
        environment_, *transaction, item.payload, mls::Arrival{item.acceptance->accepted_at}));
    done(transaction->commit());
    const auto id = to_array<32>(group.view().group_id());
    auto& [leaf_key, evidence] = offered_.at(id);
    companions_.insert_or_assign(id,
                                 Companion{.group = std::move(group),
                                           .cursor = item.acceptance->sequence,
                                           .leaf_key = std::move(leaf_key),
                                           .evidence = evidence,
                                           .relay_key = item.acceptance->relay_key,
                                           .copied = {},
                                           .inputs = {}});
}

void Agent::serve() {
    const auto inbox = value(world_.relay.handle(wire::ReadInbox{login(), inbox_cursor_}, kPeer));
    for (const wire::InboxItem& item : inbox.items) {
        inbox_cursor_ = item.sequence;
        if (item.kind == wire::InboxKind::kp_request) {
            answer_request(item);
        } else if (item.kind == wire::InboxKind::welcome) {
            join(item);
        }
    }
    for (auto& [id, companion] : companions_) {
        read(id, companion);
    }
}

void Agent::read(const client::ChatId& id, Companion& companion) {
    while (!companion.removed) {
        const auto key = value(client::admission_key(companion.group));
        const auto request = client::read_topic(client::topic_address(companion.relay_key, id),
                                                key,
                                                companion.group.view().epoch().value,
                                                companion.cursor,
                                                challenge());
        const auto reply = value(world_.relay.handle(request, kPeer));
        for (const wire::Envelope& envelope : reply.envelopes) {
            ++frames_;
            companion.cursor = envelope.sequence;
            auto transaction = value(store_.begin());
            auto received = companion.group.receive(
                *transaction, envelope.payload, mls::Arrival{envelope.accepted_at});
            if (!received.has_value()) {
                continue;  // Its own messages.
            }
            if (auto* incoming = std::get_if<mls::Incoming>(&*received)) {
                companion.removed = incoming->change().removes_self;
                done(incoming->apply(*transaction));
            }
            done(transaction->commit());
            transaction.reset();
            if (const auto* message = std::get_if<mls::ApplicationMessage>(&*received)) {
                take(id, companion, *message);
            }
        }
        if (!reply.epoch_ended && !reply.more) {
            return;
        }
    }
}

void Agent::take(const client::ChatId& id,
                 Companion& companion,
                 const mls::ApplicationMessage& message) {
    const auto content = value(wire::decode<wire::Content>(message.data));
    const auto sender = value(client::identity_of(*companion.group.view().member(message.sender)));
    if (content.type == wire::ContentType::copy) {
        const auto conversation =
            value(client::component_of<wire::CompanionOf>(
                      companion.group.view().components(), wire::ComponentId::companion_of, "-"))
                .conversation_id;
        const auto copy = value(wire::decode<wire::Copy>(content.body));
        for (const auto& original : copy.originals) {
            const auto said = value(wire::decode<wire::Content>(original.content));
            companion.copied.push_back({sender.account, original.position, to_text(said.body)});
            companion.inputs.push_back(
                wire::message_id(conversation, sender.account, original.content));
        }
    } else if (content.type == wire::ContentType::question) {
        answer(id, companion, message.sender, wire::message_id(id, sender.account, message.data));
    }
}

void Agent::publish(Companion& companion, wire::ContentType type, Bytes body) {
    const wire::Content content{.salt = world_.random.array<32>(),
                                .type = type,
                                .sent_at = world_.clock.now(),
                                .body = std::move(body)};
    auto transaction = value(store_.begin());
    const Bytes payload =
        value(companion.group.encrypt(*transaction, wire::encode(content), {}, 1024));
    done(transaction->commit());
    const auto& view = companion.group.view();
    const auto request =
        client::publish_message(client::topic_address(companion.relay_key, view.group_id()),
                                value(client::admission_key(companion.group)),
                                view.epoch().value,
                                payload);
    value(world_.relay.handle(request, kPeer));
}

void Agent::answer(const client::ChatId& id,
                   Companion& companion,
                   mls::LeafIndex asker,
                   const wire::MessageId& question) {
    if (refuses) {
        publish(companion,
                wire::ContentType::refusal,
                wire::encode(wire::Refusal{question, "AST-17", "nothing to answer from"}));
        return;
    }
    publish(companion,
            wire::ContentType::progress,
            wire::encode(wire::Progress{.question = question, .stage = 2, .done = 1, .total = 2}));
    wire::Answer out;
    out.answer.text = "An answer.";
    if (!companion.inputs.empty()) {
        out.answer.rests_on = {companion.inputs.front()};
    }
    out.keys = {world_.random.array<32>(), world_.random.array<32>(), world_.random.array<32>()};
    out.prompts = {to_bytes(as_bytes("prompt"))};
    out.first_token_ms = 5;
    wire::Receipt& receipt = out.receipt;
    receipt.companion_commitment = client::companion_commitment(out.keys, id);
    receipt.epoch = companion.group.view().epoch().value;
    receipt.grant_digest =
        value(client::component_of<wire::Grant>(
                  companion.group.view().components(), wire::ComponentId::grant, "-"))
            .digest();
    receipt.question = question;
    receipt.asker_leaf = asker.value;
    receipt.sequence = ++companion.answers;
    receipt.time = world_.clock.now();
    receipt.evidence_digest = attest::evidence_digest(companion.evidence);
    receipt.measurement = credential_.measurement;
    receipt.configuration_digest = credential_.configuration_digest;
    receipt.weights_root = digests_.model;
    receipt.inputs = companion.inputs;
    receipt.output_commitment = client::output_commitment(out.keys, out.answer);
    receipt.platform = "simulated";
    if (next_answer_fault == 2) {
        out.answer.text = "Another answer.";
    } else if (next_answer_fault == 3) {
        receipt.grant_digest[0] ^= 1;
    } else if (next_answer_fault == 4) {
        receipt.measurement[0] ^= 1;
    } else if (next_answer_fault == 5) {
        receipt.platform = "nitro";
    } else if (next_answer_fault == 6) {
        receipt.weights_root[0] ^= 1;
    }
    receipt.signature = to_array<64>(wire::sign(companion.leaf_key, receipt));
    receipt.signature[0] ^= next_answer_fault == 1 ? 1 : 0;
    publish(companion, wire::ContentType::answer, wire::encode(out));
}

void Agent::renew(const client::ChatId& id, bool honest) {
    Companion& companion = companions_.at(id);
    read(id, companion);
    const auto& view = companion.group.view();
    auto nonce = value(client::renewal_nonce(companion.group, view.own_index()));
    nonce[0] ^= honest ? 0 : 1;
    auto leaf_key = crypto::SigningKey::generate(world_.random);
    companion.evidence = quote(id, nonce, leaf_key);
    mls::Plan plan;
    plan.public_message = true;
    plan.include_pending = false;
    plan.force_path = true;
    plan.rotate = leaf(id, nonce, leaf_key.clone(), companion.evidence);
    auto transaction = value(store_.begin());
    auto bundle =
        value(companion.group.stage(*transaction, plan, mls::Arrival{world_.clock.now()}));
    bundle.commit = value(client::seal_agent_update(companion.group, bundle.commit, world_.random));
    const auto request =
        client::publish_bundle(client::topic_address(companion.relay_key, id),
                               value(client::admission_key(companion.group)),
                               bundle,
                               value(client::staged_admission_key(companion.group)).public_key(),
                               {});
    const auto reply = value(world_.relay.handle(request, kPeer));
    value(companion.group.confirm(*transaction));
    done(transaction->commit());
    companion.cursor = reply.acceptance.sequence;
    companion.leaf_key = std::move(leaf_key);
}

std::vector<Agent::Copied> Agent::copied(const client::ChatId& companion) const {
    const auto found = companions_.find(companion);
    return found == companions_.end() ? std::vector<Copied>() : found->second.copied;
}

}  // namespace chatmcp::testing
