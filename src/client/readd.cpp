#include "client/readd.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/account.h"
#include "client/intents.h"
#include "client/publish.h"
#include "identity/device_log.h"
#include "wire/labelled_sign.h"

namespace chatmcp::client {
namespace {

// Body of request_readd.
struct AskBody {
    Bytes payload;
    std::vector<wire::InboxId> open;  // Inboxes that have not got it yet.
    auto fields(this auto& self) { return std::tie(self.payload, self.open); }
};

// Body of readd_member.
struct ReaddBody {
    wire::ReaddRequest request;
    wire::Ed25519Key root_key{};  // Of the device that asked.
    auto fields(this auto& self) { return std::tie(self.request, self.root_key); }
};

// When a device was last taken out and in again. Table "readd/", id the group's, rest the root key.
struct ReaddedRow {
    std::uint64_t epoch = 0;
    UnixMs accepted_at;
    auto fields(this auto& self) { return std::tie(self.epoch, self.accepted_at); }
};
Bytes readded_key(const ChatId& chat, const wire::Ed25519Key& root_key) {
    return home_key("readd/", chat, root_key);
}

std::vector<wire::InboxId> chosen_inboxes(const RepairRow& row, crypto::Random& random) {
    std::vector<wire::InboxId> out;
    for (const RepairMember& member : row.members) {
        if (!member.self && member.account != row.culprit) {
            out.push_back(identity::inbox_id(member.root_key));
        }
    }
    // Inbox ids are hashes: a random rotation of their order is a random choice.
    std::ranges::sort(out);
    const auto first = random.array<32>();
    std::ranges::rotate(out, std::ranges::lower_bound(out, first));
    out.resize(std::min(out.size(), kReaddAskedMax));
    return out;
}

std::optional<mls::LeafView> leaf_of_device(const mls::GroupView& view, const LeafIdentity& who) {
    for (const mls::LeafView& leaf : view.members()) {
        const auto member = identity_of(leaf);
        if (member.has_value() && same_device(*member, who)) {
            return leaf;
        }
    }
    return std::nullopt;
}

Result<std::optional<ChatRow>> conversation_of(Step& step, const wire::TopicId& topic) {
    CHATMCP_TRY(const auto ids, step.home.chats());
    for (const ChatId& id : ids) {
        if (wire::topic_of(id) == topic) {
            CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
            const bool ours = chat.state == ChatState::active && !chat.companion_of.has_value();
            return ours ? std::optional(std::move(chat)) : std::nullopt;
        }
    }
    return std::nullopt;
}

Result<void> check_fresh(Step& step,
                         const ChatRow& chat,
                         const wire::ReaddRequest& request,
                         const wire::Ed25519Key& root_key) {
    CHATMCP_TRY(const auto known, step.home.get<ReaddedRow>(readded_key(chat.id, root_key)));
    // What happened before we came we cannot know: others can.
    const ReaddedRow last = known.value_or(ReaddedRow{chat.joined_epoch, chat.joined_at});
    if (request.epoch < last.epoch && request.made_at <= last.accepted_at) {
        return fail(Errc::replayed, "CLT-103");
    }
    return {};
}

// A request that is its device's own.
struct TrueRequest {
    LeafIdentity who;
    mls::LeafView wanted;
    mls::LeafView present;
};
Result<TrueRequest> check_request(Step& step,
                                  const ChatRow& chat,
                                  const mls::GroupView& view,
                                  const wire::ReaddRequest& request) {
    CHATMCP_TRY(mls::LeafView wanted, mls::inspect_key_package(request.key_package));
    CHATMCP_TRY(LeafIdentity who, identity_of(wanted));
    auto present = leaf_of_device(view, who);
    if (!present.has_value()) {
        return fail(Errc::not_member, "CLT-100");
    }
    CHATMCP_CHECK(who.device.has_value());  // No agent is a member's device.
    if (!wire::verify(who.root_key, request, request.signature).has_value()) {
        return fail(Errc::bad_signature, "CLT-101");
    }
    CHATMCP_TRY_VOID(
        identity::verify_device_credential(*who.device, wanted.signature_key, chat.id, false));
    CHATMCP_TRY_VOID(
        identity::check_device_credential(*who.device, step.trust.accepted_domains, step.now));
    CHATMCP_TRY_VOID(check_lifetime(wanted, step.now));
    if (request.made_at > step.now.plus_ms(kReaddAheadMaxMs)) {
        return fail(Errc::not_yet_valid, "CLT-102");
    }
    return TrueRequest{std::move(who), std::move(wanted), *std::move(present)};
}

Result<void> name_fork(Step& step, const ChatRow& chat, const wire::ReaddRequest& request) {
    CHATMCP_TRY(const auto ours, known_epoch(step, chat.id, request.epoch));
    if (ours.has_value() && wire::ReaddRequest::hash_of_authenticator(ours->authenticator) !=
                                request.authenticator_hash) {
        step.misbehaviour(chat.id, ours->sequence, Error{Errc::equivocation, "CLT-104"});
    }
    return {};
}

}  // namespace

// ---- Asking ----

Result<void> start_readd_duty(Step& step, const ChatRow& chat) {
    if (!awaits_repair(chat)) {
        return {};
    }
    CHATMCP_TRY(auto row, repair_of(step, chat.id));
    if (!row.has_value() || !row->accepted || row->asked == kReaddTimesMax ||
        (row->asked != 0 && step.now < row->asked_at.plus_ms(kReaddAgainMs))) {
        return {};
    }
    CHATMCP_TRY(const bool there, has_duty(step, IntentKind::request_readd, chat.id));
    if (there) {
        return {};
    }
    CHATMCP_TRY(const Device own, device(step));
    AskBody body;
    body.open = chosen_inboxes(*row, step.random());
    row->asked_at = std::max(step.now, row->asked_at.plus_ms(1));
    ++row->asked;
    CHATMCP_TRY_VOID(save_repair(step, chat.id, *row));
    if (body.open.empty()) {
        return {};
    }
    wire::ReaddRequest request{
        .topic = wire::topic_of(chat.id),
        .epoch = row->epoch,
        .authenticator_hash = wire::ReaddRequest::hash_of_authenticator(row->authenticator),
        .made_at = row->asked_at,
        .key_package = {},
        .signature = {}};
    CHATMCP_TRY(request.key_package, make_key_package_for(step, own, chat.id));
    request.signature = to_array<64>(wire::sign(own.root, request));
    body.payload = wire::encode(request);
    CHATMCP_TRY(IntentRow intent, new_intent(step, IntentKind::request_readd, chat.id));
    intent.body = encode_record(body);
    return step.home.save(intent);
}

Result<void> progress_readd_request(Step& step, IntentRow& intent) {
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
    CHATMCP_TRY(const auto body, decode_record<AskBody>(intent.body));
    if (!awaits_repair(chat) || body.open.empty()) {
        return deliver(step, intent);
    }
    for (const wire::InboxId& inbox : body.open) {
        const Task task = intent_task(intent.id, inbox);
        CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
        if (mine) {
            step.send(task, wire::SendInbox{inbox, wire::InboxKind::readd, body.payload});
        }
    }
    return {};
}

Result<void> readd_request_replied(Step& step, IntentRow& intent, const Task& task) {
    CHATMCP_TRY(auto body, decode_record<AskBody>(intent.body));
    std::erase_if(body.open, [&](const auto& inbox) { return equal(inbox, part_of(task)); });
    intent.body = encode_record(body);
    return step.home.save(intent);
}

// ---- Being asked ----

Result<void> take_readd(Step& step, ByteView payload) {
    CHATMCP_TRY(const auto request, wire::decode<wire::ReaddRequest>(payload));
    CHATMCP_TRY(const auto chat, conversation_of(step, request.topic));
    if (!chat.has_value()) {
        return {};  // Of a conversation that we left, or could not help in.
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat->id));
    CHATMCP_TRY(const TrueRequest asked, check_request(step, *chat, group->view(), request));
    if (equal(asked.present.signature_key, asked.wanted.signature_key)) {
        return {};  // Somebody else was faster.
    }
    CHATMCP_TRY_VOID(check_fresh(step, *chat, request, asked.who.root_key));
    CHATMCP_TRY_VOID(must(name_fork(step, *chat, request)));
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    std::size_t waiting = 0;
    for (const IntentRow& intent : pending) {
        if (intent.kind != IntentKind::readd_member || intent.chat != chat->id) {
            continue;
        }
        CHATMCP_TRY(const auto body, decode_record<ReaddBody>(intent.body));
        if (body.root_key == asked.who.root_key) {
            return {};
        }
        ++waiting;
    }
    if (waiting >= kReaddWaitingMax) {
        return fail(Errc::resource_exhausted, "CLT-105");
    }
    CHATMCP_TRY(IntentRow duty, new_intent(step, IntentKind::readd_member, chat->id));
    duty.body = encode_record(ReaddBody{request, asked.who.root_key});
    duty.not_before = own_turn(step, group->view());
    return step.home.save(duty);
}

Result<std::optional<mls::Plan>> plan_readd(Step& step,
                                            const IntentRow& intent,
                                            const mls::GroupView& view) {
    CHATMCP_TRY(const auto body, decode_record<ReaddBody>(intent.body));
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
    CHATMCP_TRY(const mls::LeafView wanted, mls::inspect_key_package(body.request.key_package));
    CHATMCP_TRY(const LeafIdentity who, identity_of(wanted));
    const auto present = leaf_of_device(view, who);
    const auto fresh = check_fresh(step, chat, body.request, body.root_key);
    if (!fresh.has_value() && is_home_error(fresh.error())) {
        return fail(fresh.error());
    }
    if (!present.has_value() || !fresh.has_value() ||
        equal(present->signature_key, wanted.signature_key)) {
        return std::nullopt;
    }
    mls::Plan plan;
    plan.remove = {present->index};
    plan.add = {body.request.key_package};
    return plan;
}

Result<void> note_readded(Step& step,
                          const ChatRow& chat,
                          const mls::Change& change,
                          UnixMs accepted_at) {
    for (const mls::LeafView& leaf : change.added) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        for (const mls::MemberRemoval& removal : change.removed) {
            CHATMCP_TRY(const LeafIdentity gone, identity_of(removal.leaf));
            if (same_device(who, gone)) {
                CHATMCP_TRY_VOID(step.home.put(readded_key(chat.id, who.root_key),
                                               ReaddedRow{change.from.value + 1, accepted_at}));
            }
        }
    }
    return {};
}

// ---- Coming back ----

Result<bool> brings_back(Step& step, const ChatId& id, std::string_view inviter) {
    CHATMCP_TRY(const auto chat, step.home.chat(id));
    CHATMCP_TRY(const auto row, repair_of(step, id));
    return chat.has_value() && awaits_repair(*chat) && row.has_value() && row->accepted &&
           std::ranges::any_of(row->members, [&](const RepairMember& member) {
               return !member.self && member.account == inviter;
           });
}

Result<ChatRow> brought_back(Step& step, ChatRow fresh) {
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(fresh.id));
    if (fresh.cursor > chat.cursor + 1) {
        chat.gaps.push_back({chat.cursor + 1, fresh.cursor - 1});
    }
    fresh.inviter = std::move(chat.inviter);
    fresh.received_at = chat.received_at;
    fresh.read_through = chat.read_through;
    fresh.gaps = std::move(chat.gaps);
    fresh.open_companion = chat.open_companion;
    fresh.predecessor = chat.predecessor;
    fresh.state = ChatState::active;
    CHATMCP_TRY_VOID(repaired(step, fresh.id));
    return fresh;
}

}  // namespace chatmcp::client
