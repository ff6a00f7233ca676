#include "client/intents.h"

#include <algorithm>
#include <utility>

#include "client/account.h"
#include "client/assistant_intents.h"
#include "client/chat_intents.h"
#include "client/commit_intents.h"
#include "client/companion.h"
#include "client/conversation.h"
#include "client/first_contact.h"
#include "client/inbox_policy.h"
#include "client/publish.h"
#include "client/questions.h"
#include "client/readd.h"
#include "client/successor.h"
#include "client/sync.h"

namespace chatmcp::client {
namespace {

/// How long a commit whose Welcome finds an inbox full waits before it is made again.
constexpr std::int64_t kFullInboxWaitMs = kMinuteMs;

bool is_command(IntentKind kind) {
    return static_cast<std::uint8_t>(kind) <
           static_cast<std::uint8_t>(IntentKind::commit_proposals);
}

enum class Shape : std::uint8_t {
    login,
    policy,
    invitation,
    commit,
    message,
    companion,
    question,
    request
};

Shape shape_of(IntentKind kind) {
    switch (kind) {
        case IntentKind::login:
            return Shape::login;
        case IntentKind::set_stamp_settings:
            return Shape::policy;
        case IntentKind::create_chat:
        case IntentKind::add_members:
        case IntentKind::ask_stamp_terms:
            return Shape::invitation;
        case IntentKind::remove_member:
        case IntentKind::revoke_assistant:
        case IntentKind::commit_proposals:
        case IntentKind::rotate_leaf:
        case IntentKind::admit_agreed:
        case IntentKind::remove_agent:
        case IntentKind::remove_outsider:
        case IntentKind::readd_member:
        case IntentKind::remove_expired:
            return Shape::commit;
        case IntentKind::request_readd:
            return Shape::request;
        case IntentKind::leave:
        case IntentKind::send_text:
        case IntentKind::decline:
        case IntentKind::announce:
        case IntentKind::copy_words:
        case IntentKind::post_answer:
        case IntentKind::agree_assistant:
        case IntentKind::give_token:
        case IntentKind::send_payment:
            return Shape::message;
        case IntentKind::fetch_assistants:
        case IntentKind::probe_assistant:
        case IntentKind::invite_assistant:
            return Shape::companion;
        case IntentKind::ask:
            return Shape::question;
    }
    return Shape::message;
}

Result<void> progress(Step& step, IntentRow& intent) {
    switch (shape_of(intent.kind)) {
        case Shape::login:
            return progress_login(step, intent);
        case Shape::policy:
            return progress_set_policy(step, intent);
        case Shape::invitation:
            return progress_invitation(step, intent);
        case Shape::commit:
            return progress_commit(step, intent);
        case Shape::message:
            return progress_message(step, intent);
        case Shape::companion:
            return progress_companion_intent(step, intent);
        case Shape::question:
            return progress_question(step, intent);
        case Shape::request:
            return progress_readd_request(step, intent);
    }
    return {};
}

void tell(Step& step, const IntentRow& intent) {
    if (intent.state != IntentState::pending) {
        step.runtime.untold.erase(intent.id);
    }
    step.notice(IntentChanged{view_of(intent)});
}

}  // namespace

Result<IntentRow> new_intent(Step& step, IntentKind kind, std::optional<ChatId> chat) {
    IntentRow intent;
    CHATMCP_TRY(intent.id, step.home.next_intent());
    intent.kind = kind;
    intent.chat = chat;
    intent.started_at = step.now;
    step.runtime.own_intents.insert(intent.id);
    if (is_command(kind)) {
        step.effects.intent = IntentId{intent.id};
        step.runtime.untold.insert(intent.id);
    }
    return intent;
}

UnixMs own_turn(const Step& step, const mls::GroupView& view) {
    constexpr std::int64_t kTurnMs = 100;
    return step.runtime.follow.has_value()
               ? step.now.plus_ms(kTurnMs * std::int64_t{view.own_index().value})
               : step.now;
}

Result<void> deliver(Step& step, IntentRow& intent) {
    intent.state = IntentState::delivered;
    intent.reason.reset();
    step.succeeded(intent_task(intent.id));
    tell(step, intent);
    return step.home.save(intent);
}

Result<void> refuse(Step& step, IntentRow& intent, const Reason& reason) {
    intent.state = IntentState::refused;
    intent.reason = ReasonRow::from(reason);
    step.succeeded(intent_task(intent.id));
    tell(step, intent);
    return step.home.save(intent);
}

Result<void> refuse(Step& step, IntentRow& intent, const Error& error) {
    if (is_home_error(error)) {
        return fail(error);
    }
    return refuse(step, intent, Reason::from(error));
}

Result<void> wait_because(Step& step, IntentRow& intent, const Reason& reason) {
    const ReasonRow row = ReasonRow::from(reason);
    if (intent.reason.has_value() && intent.reason->code == row.code &&
        intent.reason->check == row.check) {
        return {};
    }
    intent.reason = row;
    tell(step, intent);
    return step.home.save(intent);
}

Result<bool> may_carry(Step& step, IntentRow& intent, const Task& task) {
    if (!step.runtime.own_intents.contains(intent.id)) {
        const UnixMs free_at = intent.carried_at.plus_ms(kTakeOverMs);
        if (step.now < free_at) {
            step.wake_at(free_at);
            return false;
        }
        step.runtime.own_intents.insert(intent.id);
    }
    if (!step.may_send(task)) {
        return false;
    }
    intent.carried_at = step.now;
    CHATMCP_TRY_VOID(step.home.save(intent));
    return true;
}

Result<bool> has_duty(Step& step, IntentKind kind, const ChatId& chat) {
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    return std::ranges::any_of(pending, [&](const IntentRow& intent) {
        return intent.kind == kind && intent.chat == chat;
    });
}

Result<void> progress_intents(Step& step) {
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (const IntentRow& listed : pending) {
        // One intent's progress may end another one.
        CHATMCP_TRY(auto intent, step.home.intent(listed.id));
        const bool due = intent.has_value() && intent->state == IntentState::pending &&
                         (is_command(intent->kind) || step.runtime.synchronising ||
                          step.runtime.own_intents.contains(intent->id));
        if (!due) {
            continue;
        }
        // One intent that cannot go on must not keep the others, and the home, from going on.
        const auto progressed = progress(step, *intent);
        if (!progressed.has_value()) {
            CHATMCP_TRY_VOID(refuse(step, *intent, progressed.error()));
        }
    }
    return {};
}

Result<void> tell_ended_elsewhere(Step& step) {
    const std::set<std::uint64_t> untold = step.runtime.untold;
    for (const std::uint64_t id : untold) {
        CHATMCP_TRY(const auto intent, step.home.intent(id));
        if (intent.has_value() && intent->state != IntentState::pending) {
            tell(step, *intent);
        }
    }
    return {};
}

Result<void> intent_replied(Step& step, const Task& task, const ReplyBody& reply) {
    CHATMCP_TRY(auto intent, step.home.intent(intent_of(task)));
    if (!intent.has_value() || intent->state != IntentState::pending) {
        return {};
    }
    step.succeeded(task);
    if (const auto* message = std::get_if<wire::PublishMessage::Reply>(&reply)) {
        return message_accepted(step, *intent, message->sequence, message->accepted_at);
    }
    if (const auto* bundle = std::get_if<wire::PublishBundle::Reply>(&reply)) {
        return commit_replied(step, *intent, *bundle);
    }
    switch (shape_of(intent->kind)) {
        case Shape::login:
            return login_replied(step, *intent, task, reply);
        case Shape::invitation:
            return invitation_replied(step, *intent, task, reply);
        case Shape::companion:
            return companion_intent_replied(step, *intent, task, reply);
        case Shape::request:
            return readd_request_replied(step, *intent, task);
        default:
            return {};
    }
}

namespace {

// A commit that can never be accepted is taken back, so that the group can go on.
Result<void> give_up(Step& step, IntentRow& intent, const Reason& reason) {
    if (intent.chat.has_value()) {
        CHATMCP_TRY(auto chat, step.home.chat(*intent.chat));
        if (chat.has_value() && chat->staged.has_value() && chat->staged->intent == intent.id) {
            CHATMCP_TRY_VOID(discard_staged(step, *chat));
        }
        if (chat.has_value() && chat->state == ChatState::creating) {
            CHATMCP_TRY_VOID(end_chat(step, *chat, ChatState::left, nullptr));
        }
    }
    return refuse(step, intent, reason);
}

// Somebody's inbox takes no Welcome now. The commit is taken back and made again later, so that
// whoever keeps an inbox full does not hold up our other commits in this group. That needs to be
// sure: of a bundle that left twice (or was taken over by another process), one could be refused
// and the other still be accepted, and nobody can follow an own commit that is gone.
Result<void> give_way(Step& step, IntentRow& intent) {
    if (!intent.chat.has_value()) {
        return {};
    }
    CHATMCP_TRY(auto chat, step.home.chat(*intent.chat));
    if (!chat.has_value() || !chat->staged.has_value() || chat->staged->intent != intent.id) {
        return {};
    }
    const auto first = step.runtime.first_tries.find(intent.id);
    if (first == step.runtime.first_tries.end() || first->second != intent.carried_at) {
        return {};
    }
    CHATMCP_TRY_VOID(discard_staged(step, *chat));
    intent.not_before = step.now.plus_ms(kFullInboxWaitMs);
    return step.home.save(intent);
}

}  // namespace

Result<void> intent_failed(Step& step, const Task& task, const Reason& reason) {
    CHATMCP_TRY(auto intent, step.home.intent(intent_of(task)));
    if (!intent.has_value() || intent->state != IntentState::pending) {
        return {};
    }
    CHATMCP_TRY(const bool for_its_pass, pass_refused(step, *intent, task, reason));
    if (for_its_pass) {
        return {};
    }
    const bool topic = intent->chat.has_value() && (reason.code == Errc::stale_epoch ||
                                                    reason.code == Errc::permission_denied ||
                                                    reason.code == Errc::unauthenticated);
    if (topic) {
        // Another commit was first, or we are out: the topic says which.
        CHATMCP_TRY(const auto chat, step.home.chat(*intent->chat));
        if (chat.has_value() && chat->state != ChatState::creating) {
            want_sync(step, chat->id);
        }
    }
    if (is_permanent(reason.code)) {
        return give_up(step, *intent, reason);
    }
    if (reason.check == "RLY-13" || reason.check == "RLY-14") {
        CHATMCP_TRY_VOID(give_way(step, *intent));
    }
    step.retry_later(task, reason);
    return {};
}

Result<void> own_message_delivered(Step& step, IntentRow& intent) {
    if (intent.kind == IntentKind::ask) {
        return question_delivered(step, intent);  // It ends with the answer.
    }
    CHATMCP_TRY_VOID(deliver(step, intent));
    switch (intent.kind) {
        case IntentKind::agree_assistant:
            return agreement_delivered(step, intent);
        case IntentKind::announce:
            return announcement_delivered(step, intent);
        case IntentKind::copy_words:
            return copy_delivered(step, intent);
        case IntentKind::post_answer:
            return answer_posted(step, intent);
        case IntentKind::send_text:
            return own_text_delivered(step, intent);
        default:
            return {};
    }
}

Result<void> own_commit_accepted(Step& step, IntentRow& intent) {
    if (intent.kind == IntentKind::invite_assistant) {
        return assistant_added(step, intent);
    }
    CHATMCP_TRY_VOID(stamps_used(step, intent.id));
    if (shape_of(intent.kind) == Shape::invitation) {
        const IntentRow accepted = intent;
        CHATMCP_TRY(const bool left, somebody_left_to_add(step, intent));
        if (left) {
            return {};
        }
        intent.position = accepted.position;
    }
    CHATMCP_TRY_VOID(deliver(step, intent));
    if (intent.kind == IntentKind::create_chat) {
        CHATMCP_TRY(const auto continued, continued_by(intent));
        CHATMCP_TRY(const ChatId id, recorded(intent.chat));
        return continued.has_value() ? succeed(step, continued->predecessor, id) : Result<void>();
    }
    return intent.kind == IntentKind::add_members ? members_added(step, intent) : Result<void>();
}

IntentView view_of(const IntentRow& intent) {
    IntentView view;
    view.id = IntentId{intent.id};
    view.kind = intent.kind;
    view.state = intent.state;
    if (intent.reason.has_value()) {
        view.reason = intent.reason->reason();
    }
    view.chat = intent.conversation.has_value() ? intent.conversation : intent.chat;
    view.copied = intent.copied;
    view.companion = intent.companion;
    view.message = intent.message;
    view.position = intent.position;
    view.accepted_at = intent.accepted_at;
    view.started_at = intent.started_at;
    if (shape_of(intent.kind) == Shape::invitation) {
        const auto body = decode_record<CommitBody>(intent.body);
        for (const InviteeRow& row :
             body.has_value() ? body->invitees : std::vector<InviteeRow>()) {
            auto account = identity::Caip10::parse(row.account);
            if (row.reason.has_value() && account.has_value()) {
                view.missing.push_back({*std::move(account), row.reason->reason()});
            }
        }
    }
    return view;
}

}  // namespace chatmcp::client
