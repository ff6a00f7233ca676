#include "client/sync.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "client/account.h"
#include "client/admission.h"
#include "client/companion.h"
#include "client/conversation.h"
#include "client/inbox.h"
#include "client/intents.h"
#include "client/publish.h"
#include "client/readd.h"
#include "mls/framing.h"
#include "wire/content.h"

namespace chatmcp::client {
namespace {

// Answers that break a rule, one after the other, before a chat is left alone until it is wanted
// again.
constexpr std::uint32_t kUnsoundReadsMax = 3;

TopicAddress address_of(const ChatRow& chat) {
    return topic_address(chat.relay_key, chat.id);
}

// A relay that skips, repeats or reorders would make members disagree about what was said before
// what. Retention alone may make a jump, and it is shown.
Result<void> check_place(const ChatRow& chat, const wire::Envelope& envelope) {
    const bool next =
        envelope.sequence == chat.cursor + 1 || (chat.expired && envelope.sequence > chat.cursor);
    if (!next) {
        return fail(Errc::equivocation, "CLT-20");
    }
    if (envelope.epoch != chat.epoch) {
        return fail(Errc::equivocation, "CLT-21");
    }
    return {};
}

void note_gap(ChatRow& chat, const wire::Envelope& envelope) {
    if (envelope.sequence > chat.cursor + 1) {
        chat.gaps.push_back({chat.cursor + 1, envelope.sequence - 1});
    }
    chat.expired = false;
}

Result<std::string> account_of(const mls::GroupView& view, mls::LeafIndex index) {
    const auto leaf = view.member(index);
    if (!leaf.has_value()) {
        return fail(Errc::not_member, "CLT-25");
    }
    CHATMCP_TRY(const LeafIdentity who, identity_of(*leaf));
    return who.account;
}

// ---- Messages and proposals ----

// The topic is the truth about who stands at a sequence. An own message that the relay's answer put
// there is not in the topic: it is named, and sent again.
Result<void> give_way(Step& step,
                      const ChatRow& chat,
                      const wire::Envelope& envelope,
                      ByteView encoded,
                      const std::string& author) {
    CHATMCP_TRY(const auto stands, step.home.message(chat.id, envelope.sequence));
    if (!stands.has_value() || !stands->self ||
        stands->id == wire::message_id(chat.id, author, encoded)) {
        return {};
    }
    step.misbehaviour(chat.id, envelope.sequence, Error{Errc::equivocation, "CLT-28"});
    const auto content = wire::decode<wire::Content>(stands->content);
    const bool is_text = content.has_value() && content->type == wire::ContentType::text;
    if (!is_text && !(content.has_value() && content->type == wire::ContentType::payment)) {
        return {};
    }
    CHATMCP_TRY_VOID(step.home.forget_seen(chat.id, stands->id));
    const IntentKind kind = is_text ? IntentKind::send_text : IntentKind::send_payment;
    CHATMCP_TRY(const auto again, new_message(step, kind, chat.id, *content));
    step.notice(IntentChanged{view_of(again)});
    return {};
}

Result<void> take_application(Step& step,
                              ChatRow& chat,
                              const wire::Envelope& envelope,
                              const mls::ApplicationMessage& message) {
    // As the leaf was in the message's epoch: its place may be somebody else's by now.
    const mls::LeafView& leaf = message.sender_leaf;
    CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
    const auto content = wire::decode<wire::Content>(message.data);
    if (!content.has_value()) {
        return store_unreadable(
            step, chat, envelope.sequence, envelope.accepted_at, who.account, content.error());
    }
    if (chat.companion_of.has_value()) {
        // Copies of others' words are the agent's to read; what it says of own questions is kept
        // with the question.
        return message_received(step, chat, envelope, who, leaf, *content);
    }
    CHATMCP_TRY_VOID(give_way(step, chat, envelope, message.data, who.account));
    CHATMCP_TRY(
        const bool fresh,
        store_message(
            step, chat, envelope.sequence, envelope.accepted_at, who.account, message.data));
    return fresh ? message_received(step, chat, envelope, who, leaf, *content) : Result<void>();
}

Result<void> take_proposal(Step& step, ChatRow& chat, const mls::ProposalReceived& proposal) {
    if (proposal.self_remove && proposal.sender.has_value()) {
        chat.leaving.push_back(proposal.sender->value);
        CHATMCP_TRY_VOID(step.home.save(chat));
    }
    return {};
}

// The relay answered with another place than the topic has. A later one is not read yet: the
// message stands where the topic has it. An earlier one was read, and this is a repetition.
Result<void> move_own(Step& step, const ChatRow& chat, IntentRow& intent, std::uint64_t sequence) {
    step.misbehaviour(chat.id, sequence, Error{Errc::equivocation, "CLT-28"});
    CHATMCP_TRY(const std::uint64_t position, recorded(intent.position));
    if (position < sequence) {
        return {};
    }
    CHATMCP_TRY(auto row, step.home.message(chat.id, position));
    if (row.has_value() && row->id == intent.message) {
        CHATMCP_TRY_VOID(step.home.erase_message(chat.id, row->position));
        row->position = sequence;
        CHATMCP_TRY_VOID(step.home.save(chat.id, *row));
        CHATMCP_TRY_VOID(step.home.mark_seen(chat.id, row->id, sequence));
    }
    intent.position = sequence;
    return step.home.save(intent);
}

// Our own payload came back: the one proof of delivery that does not rest on the relay's answer.
Result<bool> take_own(Step& step, const ChatRow& chat, const wire::Envelope& envelope) {
    CHATMCP_TRY(const auto sender, step.home.sent_by(envelope.payload));
    if (!sender.has_value()) {
        return false;
    }
    CHATMCP_TRY(auto intent, step.home.intent(*sender));
    if (intent.has_value() && intent->chat == chat.id) {
        if (intent->position.has_value() && *intent->position != envelope.sequence) {
            CHATMCP_TRY_VOID(move_own(step, chat, *intent, envelope.sequence));
            return true;
        }
        if (intent->state == IntentState::refused) {
            // The relay refused what it then published: others read it, so it was sent.
            intent->state = IntentState::pending;
            intent->reason.reset();
        }
        CHATMCP_TRY_VOID(
            must(message_accepted(step, *intent, envelope.sequence, envelope.accepted_at)));
    }
    return true;
}

// A proposal that the relay cannot read would hang every commit that takes it up.
Result<mls::Received> receive_message(Step& step,
                                      const ChatRow& chat,
                                      mls::Group& group,
                                      const wire::Envelope& envelope) {
    if (chat.public_handshakes && mls::is_private_handshake(envelope.payload)) {
        return fail(Errc::permission_denied, "CLT-69");
    }
    return group.receive(
        step.home.transaction(), envelope.payload, mls::Arrival{envelope.accepted_at});
}

Result<void> take_message(Step& step, ChatRow& chat, const wire::Envelope& envelope) {
    if (envelope.acceptance.has_value()) {
        return fail(Errc::equivocation, "CLT-23");
    }
    CHATMCP_TRY(const bool own, take_own(step, chat, envelope));
    if (own) {
        return {};
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    auto received = receive_message(step, chat, *group, envelope);
    if (!received.has_value()) {
        if (received.error().code == Errc::storage ||
            received.error().code == Errc::storage_corrupt) {
            return fail(received.error());
        }
        // Seen before under another sequence: its sender, or the relay, repeated it.
        if (received.error().code == Errc::replayed) {
            step.misbehaviour(chat.id, envelope.sequence, Error{Errc::replayed, "CLT-25"});
            return {};
        }
        return store_unreadable(step,
                                chat,
                                envelope.sequence,
                                envelope.accepted_at,
                                "",
                                Error{received.error().code, "CLT-25"});
    }
    if (const auto* message = std::get_if<mls::ApplicationMessage>(&*received)) {
        return must(take_application(step, chat, envelope, *message));
    }
    if (const auto* proposal = std::get_if<mls::ProposalReceived>(&*received)) {
        return must(take_proposal(step, chat, *proposal));
    }
    // A commit that nobody gave a slot: dropping it leaves the group as it was.
    return store_unreadable(step,
                            chat,
                            envelope.sequence,
                            envelope.accepted_at,
                            "",
                            Error{Errc::equivocation, "CLT-25"});
}

// ---- Commits ----

// A leaf that was replaced is judged by what it is now; what trust says of the new ones comes with
// the commit.
void note_distrust(ChatRow& chat, const mls::Change& change, UnixMs accepted_at) {
    const auto replaced = [&](std::uint32_t leaf) {
        return std::ranges::any_of(change.removed,
                                   [&](const auto& r) { return r.leaf.index.value == leaf; }) ||
               std::ranges::any_of(change.updated,
                                   [&](const auto& u) { return u.after.index.value == leaf; });
    };
    std::erase_if(chat.distrusted, [&](const DistrustRow& row) { return replaced(row.leaf); });
    for (const mls::Distrust& distrust : change.distrusted) {
        chat.distrusted.push_back({distrust.leaf.value,
                                   accepted_at,
                                   {distrust.reason.code, distrust.reason.check},
                                   false});
    }
}

Result<CommitEffects> note_members(Step& step, const ChatRow& chat, const mls::Change& change) {
    CommitEffects effects;
    for (const mls::LeafView& leaf : change.added) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        if (who.agent) {
            effects.agent_changed = true;
            continue;
        }
        effects.added.push_back(who.account);
        CHATMCP_TRY_VOID(mark_spoken(step, chat.id, who.account, false));
    }
    for (const mls::MemberRemoval& removal : change.removed) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(removal.leaf));
        if (who.agent) {
            effects.agent_changed = true;
        } else {
            effects.removed.push_back(who.account);
        }
    }
    for (const mls::MemberUpdate& update : change.updated) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(update.after));
        effects.agent_changed = effects.agent_changed || who.agent;
    }
    return effects;
}

// The group stands in its next epoch; bring the row there and see what this commit means.
Result<void> after_commit(Step& step,
                          ChatRow& chat,
                          const wire::Acceptance& acceptance,
                          const mls::Change& change,
                          const std::string& committer) {
    chat.cursor = acceptance.sequence;
    chat.known_end = std::max(chat.known_end, chat.cursor);
    chat.newest_acceptance = std::max(chat.newest_acceptance, acceptance.accepted_at);
    if (change.removes_self) {
        const bool wished = chat.state == ChatState::leaving;
        CHATMCP_TRY_VOID(
            end_chat(step, chat, wished ? ChatState::left : ChatState::removed, nullptr));
        CHATMCP_TRY_VOID(chat_ended(step, chat));
        return take_kept_welcomes(step);
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    take_over(group->view(), chat);
    CHATMCP_TRY_VOID(note_epoch(step, chat, group->view()));
    CHATMCP_TRY_VOID(note_readded(step, chat, change, acceptance.accepted_at));
    chat.leaving.clear();
    note_distrust(chat, change, acceptance.accepted_at);
    CHATMCP_TRY(const CommitEffects members, note_members(step, chat, change));
    CHATMCP_TRY_VOID(mark_spoken(step, chat.id, committer, true));
    CHATMCP_TRY_VOID(step.home.save(chat));
    step.notice(ChatChanged{chat.id});
    return commit_taken(step, chat, members);
}

Result<void> take_own_commit(Step& step, ChatRow& chat, const wire::Acceptance& acceptance) {
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    CHATMCP_TRY(const auto next, staged_admission_key(*group));
    CHATMCP_TRY_VOID(check_admission_key(acceptance, next.public_key()));
    CHATMCP_TRY(const StagedRow staged, recorded(chat.staged));
    CHATMCP_TRY(const mls::Change change, must(group->confirm(step.home.transaction())));
    CHATMCP_TRY_VOID(step.home.transaction().erase(bundle_key(chat.id)));
    chat.staged.reset();
    if (chat.state == ChatState::creating) {
        chat.state = ChatState::active;
    }
    CHATMCP_TRY(const AccountRow own, step.home.known_account());
    CHATMCP_TRY_VOID(must(after_commit(step, chat, acceptance, change, own.account)));
    CHATMCP_TRY(auto intent, step.home.intent(staged.intent));
    if (!intent.has_value() || intent->state != IntentState::pending) {
        return {};
    }
    intent->position = acceptance.sequence;
    intent->accepted_at = acceptance.accepted_at;
    return must(own_commit_accepted(step, *intent));
}

// Nobody follows a commit that is not valid, so the group ends here for every honest member.
// `culprit`: the account that signed it, where that is sure.
Result<void> break_chat(Step& step,
                        ChatRow& chat,
                        const wire::Envelope& envelope,
                        const Error& error,
                        const std::string& culprit = {}) {
    chat.cursor = envelope.sequence;
    step.misbehaviour(chat.id, envelope.sequence, error);
    return end_for_repair(step, chat, ChatState::broken, error, culprit);
}

// Who signed a commit that could not be taken over; empty where nobody can be shown to have.
std::string culprit_of(Step& step, mls::Group& group, ByteView commit) {
    const auto sender = group.sender_of(step.home.transaction(), commit);
    const auto account =
        sender.has_value() ? account_of(group.view(), *sender) : Result<std::string>();
    return account.has_value() ? *account : std::string();
}

Result<void> take_commit(Step& step, ChatRow& chat, const wire::Envelope& envelope) {
    if (!envelope.acceptance.has_value()) {
        return fail(Errc::equivocation, "CLT-22");
    }
    const wire::Acceptance& acceptance = *envelope.acceptance;
    CHATMCP_TRY_VOID(verify_acceptance(
        acceptance, address_of(chat), chat.epoch, envelope.payload, envelope.sequence));
    if (chat.staged.has_value() && chat.staged->commit_hash == acceptance.commit_hash) {
        return take_own_commit(step, chat, acceptance);
    }
    CHATMCP_TRY_VOID(must(discard_staged(step, chat)));
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    Bytes commit = envelope.payload;
    if (chat.companion_of.has_value() && !is_private_message(commit)) {
        auto opened = open_agent_update(*group, commit);
        if (!opened.has_value()) {
            return break_chat(step, chat, envelope, opened.error());
        }
        commit = *std::move(opened);
    }
    auto received =
        group->receive(step.home.transaction(), commit, mls::Arrival{acceptance.accepted_at});
    if (!received.has_value()) {
        if (received.error().code == Errc::storage ||
            received.error().code == Errc::storage_corrupt) {
            return fail(received.error());
        }
        return break_chat(step, chat, envelope, received.error(), culprit_of(step, *group, commit));
    }
    auto* incoming = std::get_if<mls::Incoming>(&*received);
    if (incoming == nullptr) {
        return break_chat(step, chat, envelope, Error{Errc::malformed, "CLT-26"});
    }
    mls::Change change = incoming->change();
    // Who is removed cannot know the next epoch's key, and has no use for it.
    if (!change.removes_self) {
        CHATMCP_TRY(const auto next, next_admission_key(*incoming));
        const auto fits = check_admission_key(acceptance, next);
        if (!fits.has_value()) {
            return break_chat(step, chat, envelope, fits.error());
        }
    }
    CHATMCP_TRY(const std::string committer, account_of(group->view(), change.committer));
    CHATMCP_TRY(const auto renewal, must(check_renewals(*group, change)));
    CHATMCP_TRY_VOID(must(incoming->apply(step.home.transaction())));
    if (renewal.has_value()) {
        change.distrusted.push_back(*renewal);
    }
    return must(after_commit(step, chat, acceptance, change, committer));
}

// ---- One envelope ----

Result<void> take_envelope(Step& step, ChatRow& chat, const wire::Envelope& envelope) {
    CHATMCP_TRY_VOID(check_place(chat, envelope));
    note_gap(chat, envelope);
    chat.newest_envelope = std::max(chat.newest_envelope, envelope.accepted_at);
    if (envelope.kind == wire::EnvelopeKind::bundle) {
        return take_commit(step, chat, envelope);
    }
    CHATMCP_TRY_VOID(step.home.save(chat));
    CHATMCP_TRY_VOID(take_message(step, chat, envelope));
    CHATMCP_TRY(chat, step.home.known_chat(chat.id));  // What it meant may have changed the row.
    chat.cursor = envelope.sequence;
    chat.known_end = std::max(chat.known_end, chat.cursor);
    return step.home.save(chat);
}

// Home errors stop the step; everything else is the relay's, named, and ends this answer.
// Returns whether the envelopes after this one may be looked at.
Result<bool> offer_envelope(Step& step, const ChatId& id, const wire::Envelope& envelope) {
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
    if (!chat.following()) {
        return false;
    }
    if (envelope.sequence <= chat.cursor) {
        // Another process on this home was faster, or the relay repeats itself.
        if (chat.state != ChatState::request) {
            step.notice(MessagesArrived{id, chat.cursor});
        }
        return true;
    }
    const std::uint64_t before = chat.cursor;
    const auto taken = take_envelope(step, chat, envelope);
    if (!taken.has_value()) {
        if (is_home_error(taken.error())) {
            return fail(taken.error());
        }
        step.misbehaviour(id, envelope.sequence, taken.error());
        return false;
    }
    if (chat.cursor > before && chat.state != ChatState::request) {
        step.notice(MessagesArrived{id, chat.cursor});
    }
    return true;
}

}  // namespace

void want_sync(Step& step, const ChatId& chat) {
    step.runtime.want_chats.insert(chat);
}

Result<void> want_sync_with_companion(Step& step, const ChatId& id) {
    CHATMCP_TRY(const auto chat, step.home.chat(id));
    if (!chat.has_value()) {
        return {};
    }
    want_sync(step, id);
    if (chat->open_companion.has_value()) {
        CHATMCP_TRY(const auto companion, step.home.chat(*chat->open_companion));
        if (companion.has_value() && companion->following()) {
            want_sync(step, companion->id);
        }
    }
    return {};
}

Result<void> want_sync_all(Step& step) {
    step.runtime.want_inbox = true;
    CHATMCP_TRY(const auto ids, step.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
        if (chat.following() && chat.state != ChatState::creating) {
            want_sync(step, id);
        }
    }
    return {};
}

namespace {

bool follows(const Runtime& runtime, const ChatRow& chat) {
    if (runtime.stream_chats.contains(chat.id)) {
        return true;
    }
    if (!runtime.follow.has_value() || !runtime.follow->on) {
        return false;
    }
    const auto& only = runtime.follow->chat;
    return !only.has_value() || *only == chat.id || chat.companion_of == only;
}

Result<void> progress_read(Step& step, const ChatRow& chat) {
    const Task task = chat_task(Purpose::read_topic, chat.id);
    if (!step.may_send(task)) {
        return {};
    }
    CHATMCP_TRY(const auto shown, challenge(step));
    if (!shown.has_value()) {
        return {};
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    CHATMCP_TRY(const auto key, admission_key(*group));
    const std::uint64_t after = chat.expired ? wire::kReadFromOldest : chat.cursor;
    step.send(task, read_topic(address_of(chat), key, chat.epoch, after, *shown));
    return {};
}

Result<void> progress_stream(Step& step, const ChatRow& chat) {
    const auto open = step.runtime.topic_streams.find(chat.id);
    if (open != step.runtime.topic_streams.end()) {
        return {};  // Of an earlier epoch: it ends by itself, with that epoch's bundle.
    }
    const Task task = chat_task(Purpose::topic_stream, chat.id);
    if (!step.may_send(task)) {
        return {};
    }
    CHATMCP_TRY(const auto shown, challenge(step));
    if (!shown.has_value()) {
        return {};
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    CHATMCP_TRY(const auto key, admission_key(*group));
    const std::uint64_t after = chat.expired ? wire::kReadFromOldest : chat.cursor;
    const EffectId id =
        step.send(task, subscribe_topic(address_of(chat), key, chat.epoch, after, *shown));
    step.runtime.topic_streams[chat.id] = {id, chat.epoch};
    return {};
}

}  // namespace

Result<void> progress_sync(Step& step) {
    const std::set<ChatId> wanted = step.runtime.want_chats;
    for (const ChatId& id : wanted) {
        CHATMCP_TRY(const auto chat, step.home.chat(id));
        if (!chat.has_value() || !chat->following()) {
            step.runtime.want_chats.erase(id);
            continue;
        }
        CHATMCP_TRY_VOID(progress_read(step, *chat));
    }
    if (!step.runtime.follow.has_value() && step.runtime.stream_chats.empty()) {
        return {};
    }
    CHATMCP_TRY(const auto ids, step.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
        if (chat.following() && chat.state != ChatState::creating && follows(step.runtime, chat)) {
            CHATMCP_TRY_VOID(progress_stream(step, chat));
        }
    }
    return {};
}

Result<void> topic_replied(Step& step, const Task& task, const wire::ReadTopic::Reply& reply) {
    const ChatId id = to_array<32>(task.subject);
    bool sound = true;
    for (const wire::Envelope& envelope : reply.envelopes) {
        CHATMCP_TRY(const bool go_on, offer_envelope(step, id, envelope));
        if (!go_on) {
            sound = false;
            break;
        }
    }
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
    if (!chat.following()) {
        step.runtime.want_chats.erase(id);
        return {};
    }
    if (!sound) {
        step.retry_later(task, Reason{Errc::equivocation, "CLT-20"});
        if (step.runtime.retries[task].attempts >= kUnsoundReadsMax) {
            step.succeeded(task);
            step.runtime.want_chats.erase(id);
        }
        return {};
    }
    step.succeeded(task);
    if (reply.more || reply.epoch_ended) {
        return {};  // Still wanted: the next read goes on from the cursor.
    }
    step.runtime.want_chats.erase(id);
    // The relay itself told of more than it shows now.
    if (chat.known_end > chat.cursor) {
        step.misbehaviour(id, chat.known_end, Error{Errc::equivocation, "CLT-27"});
    }
    return {};
}

Result<void> topic_pushed(Step& step, const Task& task, const wire::Envelope& envelope) {
    const ChatId id = to_array<32>(task.subject);
    CHATMCP_TRY(const bool go_on, offer_envelope(step, id, envelope));
    if (!go_on) {
        // Read once more what the stream broke off; a relay that goes on lying is named again.
        want_sync(step, id);
    }
    return {};
}

Result<void> topic_failed(Step& step, const Task& task, const Reason& reason) {
    const ChatId id = to_array<32>(task.subject);
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
    if (reason.code != Errc::history_expired || !chat.following()) {
        step.retry_later(task, reason);
        return {};
    }
    if (chat.expired) {
        // Not even the oldest that is kept can be read with this epoch's key: the way on is gone.
        const Error error{Errc::history_expired, "CLT-29"};
        step.misbehaviour(id, chat.cursor, error);
        return end_for_repair(step, chat, ChatState::lost, error, {});
    }
    chat.expired = true;
    return step.home.save(chat);
}

}  // namespace chatmcp::client
