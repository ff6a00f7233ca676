#include "client/assistant_intents.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/account.h"
#include "client/chat_intents.h"
#include "client/commit_intents.h"
#include "client/conversation.h"
#include "client/intents.h"
#include "client/questions.h"
#include "identity/device_log.h"
#include "wire/cbor.h"
#include "wire/labelled_sign.h"

namespace chatmcp::client {
namespace {

enum InviteStage : std::uint8_t {
    find = 0,
    request = 1,
    wait_for_reply = 2,
    make_topic = 3,
    commit = 4,
    announcing = 5,
};

// How long an assistant may take to answer with a key package, and when it is asked again.
constexpr std::int64_t kReplyMaxMs = 2 * kMinuteMs;
constexpr std::int64_t kAskAgainMs = 30 * kSecondMs;

Result<InviteExtra> invite_extra(const IntentRow& intent) {
    CHATMCP_TRY(const CommitBody body, commit_body(intent));
    return decode_record<InviteExtra>(body.extra);
}
Result<void> save_extra(Step& step, IntentRow& intent, const InviteExtra& extra) {
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    body.extra = encode_record(extra);
    return save_commit_body(step, intent, body);
}

}  // namespace

// ---- Commands ----

Result<ListedAgent> verify_entry(ByteView encoded) {
    ListedAgent listed;
    CHATMCP_TRY(listed.entry, wire::decode<wire::AgentEntry>(encoded));
    CHATMCP_TRY(listed.credential,
                wire::decode<identity::AgentCredential>(listed.entry.credential));
    const auto signature =
        wire::verify(listed.credential.enclave_key, listed.entry, listed.entry.signature);
    if (!signature.has_value()) {
        return fail(Errc::bad_signature, "CLT-91");
    }
    CHATMCP_TRY_VOID(identity::verify_agent_credential(listed.credential));
    return listed;
}

Result<void> start_fetch(Step& step) {
    CHATMCP_TRY(IntentRow intent, new_intent(step, IntentKind::fetch_assistants, std::nullopt));
    return step.home.save(intent);
}

namespace {

Result<IntentRow> new_invitation(Step& step, IntentKind kind, InviteExtra extra) {
    CHATMCP_TRY_VOID(device(step));
    extra.group_id = step.random().array<32>();
    extra.nonce = step.random().array<32>();
    const auto key = crypto::HpkePrivateKey::generate(crypto::KemId::x25519, step.random());
    extra.reply_key = to_bytes(key.bytes());
    CHATMCP_TRY(IntentRow intent, new_intent(step, kind, std::nullopt));
    CommitBody body;
    body.extra = encode_record(extra);
    intent.body = encode_record(body);
    CHATMCP_TRY_VOID(step.home.save(intent));
    return intent;
}

}  // namespace

Result<void> start_probe(Step& step, const ProbeAssistant& command) {
    InviteExtra extra;
    extra.enclave_key = command.enclave_key;
    CHATMCP_TRY_VOID(new_invitation(step, IntentKind::probe_assistant, std::move(extra)));
    return {};
}

Result<void> start_invite(Step& step, const InviteAssistant& command) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(command.chat));
    CHATMCP_TRY_VOID(check_sendable(chat));
    if (chat.companion_of.has_value()) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    if (chat.open_companion.has_value()) {
        CHATMCP_TRY(const auto open, load_companion(step, *chat.open_companion));
        if (!open.has_value() || is_open(*open, step.now)) {
            return fail(Errc::already_exists, "CLT-92");
        }
    }
    if (command.scopes.empty()) {
        return fail(Errc::invalid_argument, "CLT-83");
    }
    if (command.expires_at <= step.now) {
        return fail(Errc::expired, "CLT-82");
    }
    InviteExtra extra;
    extra.enclave_key = command.enclave_key;
    extra.scopes = command.scopes;
    std::ranges::sort(extra.scopes);
    const auto repeated = std::ranges::unique(extra.scopes);
    extra.scopes.erase(repeated.begin(), repeated.end());
    extra.expires_at = command.expires_at;
    extra.from = command.from;
    CHATMCP_TRY(IntentRow intent,
                new_invitation(step, IntentKind::invite_assistant, std::move(extra)));
    CHATMCP_TRY(const InviteExtra made, invite_extra(intent));
    intent.conversation = chat.id;
    intent.chat = made.group_id;
    intent.companion = made.group_id;
    return step.home.save(intent);
}

// ---- Finding and asking for a key package ----

namespace {

Result<void> entries_came(Step& step, IntentRow& intent, const wire::ListAgents::Reply& reply) {
    AgentsRow row;
    std::optional<ListedAgent> wanted;
    CHATMCP_TRY(InviteExtra extra,
                intent.kind == IntentKind::fetch_assistants ? Result<InviteExtra>(InviteExtra())
                                                            : invite_extra(intent));
    for (const Bytes& encoded : reply.entries) {
        const auto listed = verify_entry(encoded);
        if (!listed.has_value()) {
            step.misbehaviour(std::nullopt, 0, listed.error());
            continue;
        }
        row.entries.push_back(encoded);
        if (listed->credential.enclave_key == extra.enclave_key) {
            wanted = *listed;
            extra.entry = encoded;
        }
    }
    CHATMCP_TRY_VOID(step.home.put(home_key("agents/"), row));
    if (intent.kind == IntentKind::fetch_assistants) {
        return deliver(step, intent);
    }
    if (!wanted.has_value()) {
        return refuse(step, intent, Error{Errc::not_found, "CLT-13"});
    }
    intent.stage = request;
    return save_extra(step, intent, extra);
}

Result<void> progress_request(Step& step, IntentRow& intent) {
    CHATMCP_TRY(InviteExtra extra, invite_extra(intent));
    const Task task = intent_task(intent.id);
    CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
    if (!mine) {
        return {};
    }
    CHATMCP_TRY(const Device own, device(step));
    CHATMCP_TRY(const ListedAgent agent, verify_entry(extra.entry));
    CHATMCP_TRY(const auto reply_key,
                crypto::HpkePrivateKey::from_bytes(crypto::KemId::x25519, extra.reply_key));
    const wire::KeyPackageRequest wanted{
        .group_id = extra.group_id,
        .nonce = extra.nonce,
        .reply_inbox = identity::inbox_id(own.proof.root_key),
        .reply_key = to_array<crypto::kX25519Bytes>(reply_key.public_key())};
    auto payload = seal_request(wanted, agent.entry.hpke_key, step.random());
    if (!payload.has_value()) {
        return refuse(step, intent, payload.error());
    }
    step.send(task,
              wire::SendInbox{.inbox = identity::inbox_id(agent.credential.enclave_key),
                              .kind = wire::InboxKind::kp_request,
                              .payload = *std::move(payload)});
    return {};
}

Result<void> progress_reply(Step& step, IntentRow& intent) {
    CHATMCP_TRY(InviteExtra extra, invite_extra(intent));
    if (step.now.value - intent.started_at.value > kReplyMaxMs) {
        return refuse(step, intent, Error{Errc::deadline_exceeded, "CLT-93"});
    }
    if (step.now.value - extra.asked_at.value > kAskAgainMs) {
        intent.stage = request;
        CHATMCP_TRY_VOID(step.home.save(intent));
        return progress_request(step, intent);
    }
    step.wake_at(extra.asked_at.plus_ms(kAskAgainMs + 1));
    return {};
}

// The package must be the listed agent's, made for this group and this nonce, by this enclave.
Result<void> check_reply(const InviteExtra& extra, const mls::LeafView& leaf) {
    CHATMCP_TRY(const ListedAgent agent, verify_entry(extra.entry));
    CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
    if (!who.agent_credential.has_value() ||
        who.agent_credential->digest() != agent.credential.digest()) {
        return fail(Errc::untrusted_identity, "CLT-85");
    }
    CHATMCP_TRY(const auto evidence,
                component_of<wire::EvidenceComponent>(
                    leaf.components, wire::ComponentId::evidence, "CLT-54"));
    if (evidence.nonce != extra.nonce) {
        return fail(Errc::replayed, "CLT-85");
    }
    CHATMCP_TRY(const auto delegation, wire::decode<identity::Delegation>(evidence.delegation));
    return identity::verify_delegation(
        delegation, agent.credential.enclave_key, leaf.signature_key, extra.group_id);
}

Result<void> create_companion(Step& step,
                              const IntentRow& intent,
                              const InviteExtra& extra,
                              const mls::LeafView& leaf) {
    CHATMCP_TRY(const Device own, device(step));
    CHATMCP_TRY(const ChatId conversation_id, recorded(intent.conversation));
    CHATMCP_TRY(const ChatRow conversation, step.home.known_chat(conversation_id));
    CHATMCP_TRY(const LeafIdentity agent, identity_of(leaf));
    CHATMCP_CHECK(agent.agent_credential.has_value());  // Says check_reply().
    CHATMCP_TRY(const auto evidence,
                component_of<wire::EvidenceComponent>(
                    leaf.components, wire::ComponentId::evidence, "CLT-54"));
    wire::Grant grant;
    grant.agent_credential_digest = agent.agent_credential->digest();
    grant.scopes = extra.scopes;
    grant.expires_at = extra.expires_at;
    const auto development = development_of(evidence.evidence, step.trust);
    NewGroup wanted{.id = extra.group_id, .components = {}, .companion_of = conversation.id};
    const auto add = [&](wire::ComponentId id, const auto& value) {
        wanted.components.push_back(make_component(id, value));
    };
    // In the order of their numbers, as the dictionary wants them.
    add(wire::ComponentId::roles, wire::Roles{{own.row.account}});
    add(wire::ComponentId::sequencer, wire::Sequencer{conversation.relay_key});
    if (development.has_value()) {
        add(wire::ComponentId::development, *development);
    }
    add(wire::ComponentId::companion_of, wire::CompanionOf{conversation.id});
    add(wire::ComponentId::grant, grant);
    add(wire::ComponentId::title,
        wire::Title{development.has_value() ? "assistant (simulated)" : "assistant"});
    return create_group(step, wanted);
}

Result<void> take_reply(Step& step, IntentRow& intent, const wire::KeyPackageReply& reply) {
    CHATMCP_TRY(const InviteExtra extra, invite_extra(intent));
    const auto leaf = mls::inspect_key_package(reply.key_package);
    const auto checked =
        leaf.has_value() ? check_reply(extra, *leaf) : Result<void>(fail(leaf.error()));
    if (!checked.has_value()) {
        return refuse(step, intent, checked.error());
    }
    const ProbeRow probe{extra.entry, reply.key_package, extra.group_id, step.now};
    CHATMCP_TRY_VOID(step.home.put(home_key("probe/", extra.enclave_key), probe));
    if (intent.kind == IntentKind::probe_assistant) {
        return deliver(step, intent);
    }
    CHATMCP_TRY(const auto appraisal, appraise_probe(probe, step.trust, step.now));
    const auto accepted = appraisal.evidence();
    if (!accepted.has_value()) {
        return refuse(step, intent, accepted.error());
    }
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    CHATMCP_TRY(const LeafIdentity agent, identity_of(*leaf));
    body.invitees.clear();
    InviteeRow& invitee = body.invitees.emplace_back();
    invitee.account = agent.account;
    invitee.key_package = reply.key_package;
    intent.body = encode_record(body);
    intent.stage = make_topic;
    CHATMCP_TRY_VOID(create_companion(step, intent, extra, *leaf));
    return step.home.save(intent);
}

}  // namespace

Result<attest::Appraisal> appraise_probe(const ProbeRow& probe,
                                         const TrustSettings& trust,
                                         UnixMs now) {
    CHATMCP_TRY(const auto leaf, mls::inspect_key_package(probe.key_package));
    CHATMCP_TRY(const auto evidence,
                component_of<wire::EvidenceComponent>(
                    leaf.components, wire::ComponentId::evidence, "CLT-54"));
    // The companion would name this very root, so a simulated assistant is judged by the policy.
    const AgentSurroundings surroundings{probe.group_id, development_of(evidence.evidence, trust)};
    return appraise_agent(leaf, surroundings, trust, now);
}

Result<void> key_package_reply(Step& step, ByteView payload) {
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (IntentRow intent : pending) {
        if ((intent.kind != IntentKind::probe_assistant &&
             intent.kind != IntentKind::invite_assistant) ||
            (intent.stage != wait_for_reply && intent.stage != request)) {
            continue;
        }
        CHATMCP_TRY(const InviteExtra extra, must(invite_extra(intent)));
        CHATMCP_TRY(
            const auto key,
            must(crypto::HpkePrivateKey::from_bytes(crypto::KemId::x25519, extra.reply_key)));
        const auto reply = open_reply(payload, key);
        if (reply.has_value() && reply->group_id == extra.group_id) {
            return must(take_reply(step, intent, *reply));
        }
    }
    return fail(Errc::cannot_open, "CLT-35");
}

// ---- Inviting ----

Result<void> assistant_added(Step& step, IntentRow& intent) {
    CHATMCP_TRY(const InviteExtra extra, invite_extra(intent));
    CompanionRow row;
    CHATMCP_TRY(row.id, recorded(intent.chat));
    CHATMCP_TRY(row.conversation, recorded(intent.conversation));
    CHATMCP_TRY(mls::Group * group, step.group(row.id));
    CHATMCP_TRY(const AccountRow account, step.home.known_account());
    row.state = AssistantState::member;
    row.announced_by = account.account;
    row.own_agreement = true;
    row.from = extra.from;
    row.announcement.companion_id = row.id;
    CHATMCP_TRY(
        row.announcement.grant,
        component_of<wire::Grant>(group->view().components(), wire::ComponentId::grant, "CLT-32"));
    for (const mls::LeafView& leaf : group->view().members()) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        if (who.agent) {
            CHATMCP_TRY(row.announcement.agent_leaf, group->view().encoded_leaf(leaf.index));
        }
    }
    row.announced_at = step.now;
    CHATMCP_TRY_VOID(save_companion(step, row));
    intent.stage = announcing;
    CHATMCP_TRY_VOID(step.home.save(intent));
    CHATMCP_TRY_VOID(announce(step, row));
    return {};
}

Result<void> announcement_delivered(Step& step, const IntentRow& announced) {
    CHATMCP_TRY(const ChatId companion, recorded(announced.companion));
    CHATMCP_TRY(auto row, load_companion(step, companion));
    if (!row.has_value() || row->position != 0) {
        return {};  // Repeated for somebody who came later.
    }
    CHATMCP_TRY(row->position, recorded(announced.position));
    CHATMCP_TRY(row->announced_at, recorded(announced.accepted_at));
    row->agreed_position = row->position;
    row->agreed.push_back({row->announced_by, row->from, row->position, {}});
    CHATMCP_TRY_VOID(save_companion(step, *row));
    const auto opened = open_companion(step, *row);
    if (!opened.has_value() && is_home_error(opened.error())) {
        return opened;
    }
    std::uint32_t queued = 0;
    if (opened.has_value()) {
        CHATMCP_TRY(queued, queue_own_words(step, *row));
    }
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (IntentRow intent : pending) {
        if (intent.kind == IntentKind::invite_assistant && intent.chat == row->id) {
            intent.copied = queued;
            // Somebody's invitation was announced first; the duties take this agent out again.
            return opened.has_value() ? deliver(step, intent)
                                      : refuse(step, intent, opened.error());
        }
    }
    return {};
}

// ---- Progress ----

Result<void> progress_companion_intent(Step& step, IntentRow& intent) {
    switch (intent.stage) {
        case find: {
            const Task task = intent_task(intent.id);
            CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
            if (mine) {
                step.send(task, wire::ListAgents{});
            }
            return {};
        }
        case request:
            return progress_request(step, intent);
        case wait_for_reply:
            return progress_reply(step, intent);
        case make_topic:
            return carry_create_topic(step, intent);
        case commit:
            return progress_commit(step, intent);
        default:
            return {};
    }
}

Result<void> companion_intent_replied(Step& step,
                                      IntentRow& intent,
                                      const Task& /*task*/,
                                      const ReplyBody& reply) {
    if (const auto* agents = std::get_if<wire::ListAgents::Reply>(&reply)) {
        return intent.stage == find ? entries_came(step, intent, *agents) : Result<void>();
    }
    if (std::holds_alternative<wire::SendInbox::Reply>(reply) && intent.stage == request) {
        CHATMCP_TRY(InviteExtra extra, invite_extra(intent));
        extra.asked_at = step.now;
        intent.stage = wait_for_reply;
        return save_extra(step, intent, extra);
    }
    if (std::holds_alternative<wire::CreateTopic::Reply>(reply) && intent.stage == make_topic) {
        intent.stage = commit;
        return step.home.save(intent);
    }
    return {};
}

bool waits_for_inbox(const IntentRow& intent) {
    return (intent.kind == IntentKind::probe_assistant ||
            intent.kind == IntentKind::invite_assistant) &&
           (intent.stage == request || intent.stage == wait_for_reply);
}

std::optional<ChatId> waits_for_topic(const IntentRow& intent) {
    // An answer comes there, and the commit that takes up a wish to leave.
    const bool wish = intent.kind == IntentKind::leave && intent.position.has_value();
    return wish || intent.kind == IntentKind::ask ? intent.chat : std::nullopt;
}

}  // namespace chatmcp::client
