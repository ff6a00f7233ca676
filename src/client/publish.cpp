#include "client/publish.h"

#include <algorithm>
#include <utility>

#include "client/admission.h"
#include "client/companion.h"
#include "client/companion_duties.h"
#include "client/conversation.h"
#include "client/first_contact.h"
#include "client/repair.h"
#include "client/sync.h"
#include "identity/device_log.h"

namespace chatmcp::client {
namespace {

bool is_leave(const MessageBody& body) {
    return body.content.empty();
}

Result<MessageBody> body_of(const IntentRow& intent) {
    return decode_record<MessageBody>(intent.body);
}

// Encrypt for the group's present epoch. The ratchet moves on in this transaction, and the result
// is kept: the same message key never seals two texts.
Result<void> encrypt(Step& step, IntentRow& intent, const ChatRow& chat, MessageBody& body) {
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    Bytes payload;
    if (is_leave(body)) {
        CHATMCP_TRY(payload,
                    group->propose(step.home.transaction(),
                                   {.remove = {group->view().own_index()},
                                    .public_message = has_public_handshakes(group->view())}));
    } else {
        CHATMCP_TRY(
            payload,
            group->encrypt(
                step.home.transaction(), body.content, {}, wire::padded_size(body.content.size())));
    }
    CHATMCP_TRY(const auto key, admission_key(*group));
    const auto request = publish_message(
        topic_address(chat.relay_key, chat.id), key, chat.epoch, std::move(payload));
    CHATMCP_TRY_VOID(step.home.mark_sent(request.payload, intent.id));
    body.outgoing = OutgoingRow{request.epoch, request.payload, request.signature};
    intent.body = encode_record(body);
    return step.home.save(intent);
}

// Leaving and declining are the two things that a request or a quarantined conversation still
// sends.
Result<void> check_message_sendable(const IntentRow& intent, const ChatRow& chat) {
    if (intent.kind == IntentKind::leave || intent.kind == IntentKind::decline) {
        return chat.following() ? Result<void>() : fail(Errc::permission_denied, "CLT-15");
    }
    return check_sendable(chat);
}

}  // namespace

Result<CommitBody> commit_body(const IntentRow& intent) {
    return decode_record<CommitBody>(intent.body);
}

Result<void> save_commit_body(Step& step, IntentRow& intent, const CommitBody& body) {
    intent.body = encode_record(body);
    return step.home.save(intent);
}

Result<void> check_sendable(const ChatRow& chat) {
    if (chat.state != ChatState::active) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    if (!chat.distrusted.empty()) {
        return fail(Errc::refused_by_policy, "CLT-16");
    }
    return {};
}

wire::Content make_content(Step& step, wire::ContentType type, Bytes body) {
    return {.salt = step.random().array<32>(),
            .type = type,
            .sent_at = step.now,
            .body = std::move(body)};
}

Result<IntentRow> new_message(
    Step& step, IntentKind kind, const ChatId& chat, const wire::Content& content, Bytes extra) {
    CHATMCP_TRY(const AccountRow account, step.home.known_account());
    CHATMCP_TRY(IntentRow intent, new_intent(step, kind, chat));
    MessageBody body;
    body.content = wire::encode(content);
    body.extra = std::move(extra);
    intent.body = encode_record(body);
    intent.message = wire::message_id(chat, account.account, body.content);
    CHATMCP_TRY_VOID(step.home.save(intent));
    return intent;
}

Result<IntentRow> new_leave(Step& step, const ChatId& chat) {
    CHATMCP_TRY(IntentRow intent, new_intent(step, IntentKind::leave, chat));
    intent.body = encode_record(MessageBody{});
    CHATMCP_TRY_VOID(step.home.save(intent));
    return intent;
}

Result<void> progress_message(Step& step, IntentRow& intent) {
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
    if (intent.kind == IntentKind::leave && !chat.following()) {
        return deliver(step, intent);
    }
    const auto sendable = check_message_sendable(intent, chat);
    if (!sendable.has_value()) {
        // A quarantine may be lifted and a broken conversation repaired; what was left is gone.
        const bool waits =
            (chat.following() && chat.state != ChatState::leaving) || awaits_repair(chat);
        return waits ? wait_because(step, intent, Reason::from(sendable.error()))
                     : refuse(step, intent, sendable.error());
    }
    if (intent.kind == IntentKind::copy_words) {
        // Before every try: an epoch that brought an outsider in, or the grant's end, may lie
        // between this one and the last.
        CHATMCP_TRY(const auto hindered, copying_hindered(step, chat));
        if (hindered.has_value() && hindered->code == Errc::not_found) {
            return refuse(step, intent, *hindered);
        }
        if (hindered.has_value()) {
            return wait_because(step, intent, Reason::from(*hindered));
        }
    }
    CHATMCP_TRY(MessageBody body, body_of(intent));
    if (intent.position.has_value()) {
        // A proposal to leave waits for somebody's commit, and lasts as long as its epoch.
        if (!body.outgoing.has_value() || body.outgoing->epoch == chat.epoch) {
            return {};
        }
        intent.position.reset();
    }
    const Task task = intent_task(intent.id);
    if (!body.outgoing.has_value() || body.outgoing->epoch < chat.epoch) {
        CHATMCP_TRY_VOID(encrypt(step, intent, chat, body));
        step.succeeded(task);
    }
    CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
    if (mine) {
        CHATMCP_TRY(auto outgoing, recorded(std::move(body.outgoing)));
        step.send(task,
                  wire::PublishMessage{.relay_key = chat.relay_key,
                                       .topic = wire::topic_of(chat.id),
                                       .epoch = outgoing.epoch,
                                       .payload = std::move(outgoing.payload),
                                       .signature = outgoing.signature});
    }
    return {};
}

Result<void> message_accepted(Step& step,
                              IntentRow& intent,
                              std::uint64_t position,
                              UnixMs accepted_at) {
    if (intent.state != IntentState::pending || intent.position.has_value()) {
        return {};
    }
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
    CHATMCP_TRY(const MessageBody body, body_of(intent));
    intent.position = position;
    intent.accepted_at = accepted_at;
    if (position > chat.known_end) {
        chat.known_end = position;
        CHATMCP_TRY_VOID(step.home.save(chat));
    }
    if (is_leave(body)) {
        return step.home.save(intent);
    }
    CHATMCP_TRY(const auto stands, step.home.message(chat.id, position));
    if (stands.has_value() && intent.message != stands->id) {
        // One sequence, two messages: the relay contradicts itself. Ours is sent again.
        step.misbehaviour(chat.id, position, Error{Errc::equivocation, "CLT-28"});
        intent.position.reset();
        intent.accepted_at.reset();
        return step.home.save(intent);
    }
    CHATMCP_TRY(const AccountRow account, step.home.known_account());
    CHATMCP_TRY(const bool fresh,
                store_message(step, chat, position, accepted_at, account.account, body.content));
    if (fresh && position <= chat.cursor) {
        step.notice(MessagesArrived{chat.id, chat.cursor});
    }
    return own_message_delivered(step, intent);
}

Result<std::vector<mls::LeafIndex>> leaves_of(const mls::GroupView& view,
                                              std::string_view account) {
    std::vector<mls::LeafIndex> out;
    for (const mls::LeafView& leaf : view.members()) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        if (!who.agent && who.account == account) {
            out.push_back(leaf.index);
        }
    }
    return out;
}

// ---- Commits ----

namespace {

// A Welcome goes to the inbox of the device, or enclave, whose key package it answers.
Result<std::vector<wire::WelcomeDelivery>> address_welcomes(
    const std::vector<mls::WelcomeFor>& welcomes) {
    std::vector<wire::WelcomeDelivery> out;
    for (const mls::WelcomeFor& welcome : welcomes) {
        CHATMCP_TRY(const auto leaf, mls::inspect_key_package(welcome.key_package));
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        out.push_back({identity::inbox_id(who.root_key), welcome.welcome, std::nullopt});
    }
    return out;
}

BundleRow row_of(const wire::PublishBundle& request) {
    BundleRow row{
        request.epoch, request.commit, request.next_admission_key, {}, request.signature, {}};
    for (const wire::WelcomeDelivery& welcome : request.welcomes) {
        row.welcomes.push_back({welcome.inbox, welcome.welcome});
        row.passes.push_back(welcome.pass);
    }
    return row;
}

wire::PublishBundle request_of(const ChatRow& chat, const BundleRow& row) {
    wire::PublishBundle request{.relay_key = chat.relay_key,
                                .topic = wire::topic_of(chat.id),
                                .epoch = row.epoch,
                                .commit = row.commit,
                                .next_admission_key = row.next_admission_key,
                                .welcomes = {},
                                .signature = row.signature};
    for (std::size_t i = 0; i < row.welcomes.size(); ++i) {
        request.welcomes.push_back({row.welcomes[i].inbox,
                                    row.welcomes[i].welcome,
                                    i < row.passes.size() ? row.passes[i] : std::nullopt});
    }
    return request;
}

}  // namespace

Bytes bundle_key(const ChatId& chat) {
    return home_key("bundle/", chat);
}

Result<void> stage_commit(Step& step, IntentRow& intent, ChatRow& chat, mls::Plan plan) {
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    CHATMCP_TRY(const Device own, device(step));
    // Who makes a path renews the leaf key and its delegation with it, so that leaves from the
    // directory soon stand on a key that was made for this group alone.
    if (!plan.remove.empty() || plan.force_path || !chat.leaving.empty()) {
        CHATMCP_TRY(plan.rotate, make_leaf(step, own, chat.id));
    }
    plan.public_message = has_public_handshakes(group->view());
    auto staged = group->stage(step.home.transaction(), plan, mls::Arrival{step.now});
    if (!staged.has_value()) {
        return refuse(step, intent, staged.error());
    }
    CHATMCP_TRY(const auto key, admission_key(*group));
    CHATMCP_TRY(const auto next, staged_admission_key(*group));
    CHATMCP_TRY(auto welcomes, address_welcomes(staged->welcomes));
    CHATMCP_TRY_VOID(attach_passes(step, intent, welcomes));
    const auto request = publish_bundle(topic_address(chat.relay_key, chat.id),
                                        key,
                                        *staged,
                                        next.public_key(),
                                        std::move(welcomes));
    CHATMCP_TRY_VOID(step.home.put(bundle_key(chat.id), row_of(request)));
    chat.staged = StagedRow{intent.id, crypto::sha256(request.commit)};
    CHATMCP_TRY_VOID(step.home.save(chat));
    step.runtime.first_tries.insert_or_assign(intent.id, std::nullopt);
    return carry_bundle(step, intent, chat);
}

Result<void> sign_bundle(Step& step, const ChatRow& chat, BundleRow& bundle) {
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    CHATMCP_TRY(const auto key, admission_key(*group));
    bundle.signature = signed_again(key, request_of(chat, bundle)).signature;
    return step.home.put(bundle_key(chat.id), bundle);
}

Result<void> carry_bundle(Step& step, IntentRow& intent, const ChatRow& chat) {
    const Task task = intent_task(intent.id);
    CHATMCP_TRY(const auto row, step.home.get<BundleRow>(bundle_key(chat.id)));
    if (!row.has_value()) {
        return fail(Errc::storage_corrupt, "CLT-07");
    }
    if (awaits_stamps(*row)) {
        return wait_because(step, intent, Reason{Errc::pass_required, "CLT-75"});
    }
    CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
    if (!mine) {
        return {};
    }
    const auto first = step.runtime.first_tries.find(intent.id);
    if (first != step.runtime.first_tries.end() && !first->second.has_value()) {
        first->second = step.now;
    } else {
        step.runtime.first_tries.erase(intent.id);
    }
    step.send(task, request_of(chat, *row));
    return {};
}

Result<void> discard_staged(Step& step, ChatRow& chat) {
    if (!chat.staged.has_value()) {
        return {};
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    if (group->has_staged()) {
        CHATMCP_TRY_VOID(group->discard(step.home.transaction()));
    }
    CHATMCP_TRY_VOID(step.home.transaction().erase(bundle_key(chat.id)));
    CHATMCP_TRY_VOID(stamps_discarded(step, chat.staged->intent));
    step.succeeded(intent_task(chat.staged->intent));
    chat.staged.reset();
    return step.home.save(chat);
}

}  // namespace chatmcp::client
