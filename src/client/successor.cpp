#include "client/successor.h"

#include <algorithm>
#include <utility>

#include "client/account.h"
#include "client/companion.h"
#include "client/conversation.h"
#include "client/intents.h"
#include "client/publish.h"
#include "client/sync.h"
#include "wire/components.h"

namespace chatmcp::client {
namespace {

constexpr Error kGoesOnElsewhere{Errc::not_found, "CLT-109"};

Result<bool> is_admin_of(Step& step, const ChatRow& chat, std::string_view account) {
    if (chat.following()) {
        CHATMCP_TRY(mls::Group * group, step.group(chat.id));
        CHATMCP_TRY(const auto roles,
                    component_of<wire::Roles>(
                        group->view().components(), wire::ComponentId::roles, "CLT-60"));
        CHATMCP_TRY(const auto leaves, leaves_of(group->view(), account));
        return !leaves.empty() && std::ranges::find(roles.admins, account) != roles.admins.end();
    }
    CHATMCP_TRY(const auto row, repair_of(step, chat.id));
    return row.has_value() && row->accepted &&
           std::ranges::any_of(row->members, [&](const RepairMember& member) {
               return member.admin && member.account == account;
           });
}

// The same content, under the id that it has in the new conversation.
Result<void> move_text(Step& step, IntentRow& intent, const ChatId& to) {
    CHATMCP_TRY(MessageBody body, decode_record<MessageBody>(intent.body));
    CHATMCP_TRY(const AccountRow own, step.home.known_account());
    body.outgoing.reset();
    intent.chat = to;
    intent.position.reset();
    intent.reason.reset();
    intent.message = wire::message_id(to, own.account, body.content);
    intent.body = encode_record(body);
    step.succeeded(intent_task(intent.id));
    return step.home.save(intent);
}

Result<void> move_intents(Step& step, const ChatId& from, const ChatId& to) {
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (IntentRow intent : pending) {
        if (intent.chat != from) {
            continue;
        }
        if (intent.kind == IntentKind::send_text) {
            CHATMCP_TRY_VOID(move_text(step, intent, to));
        } else if (intent.kind == IntentKind::leave || intent.kind == IntentKind::request_readd) {
            CHATMCP_TRY_VOID(deliver(step, intent));
        } else {
            CHATMCP_TRY_VOID(refuse(step, intent, kGoesOnElsewhere));
        }
    }
    return {};
}

Result<void> end_companions(Step& step, const ChatId& conversation) {
    CHATMCP_TRY(const auto ids, step.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
        if (chat.companion_of == conversation && chat.following()) {
            CHATMCP_TRY_VOID(end_chat(step, chat, ChatState::left, &kGoesOnElsewhere));
            CHATMCP_TRY_VOID(chat_ended(step, chat));
        }
    }
    return {};
}

}  // namespace

Result<std::optional<Continued>> continued_by(const IntentRow& intent) {
    CHATMCP_TRY(const CommitBody body, commit_body(intent));
    if (intent.kind != IntentKind::create_chat || body.extra.empty()) {
        return std::optional<Continued>();
    }
    CHATMCP_TRY(Continued continued, decode_record<Continued>(body.extra));
    return std::optional(std::move(continued));
}

Result<void> start_repair(Step& step, const RepairChat& command) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(command.chat));
    if (chat.successor.has_value()) {
        return fail(Errc::already_exists, "CLT-108");
    }
    CHATMCP_TRY(const auto row, repair_of(step, chat.id));
    if (!awaits_repair(chat) || !row.has_value() || !row->accepted) {
        return fail(Errc::permission_denied, "CLT-106");
    }
    const auto left_out = [&](const std::string& account) {
        return account == row->culprit ||
               std::ranges::any_of(command.without, [&](const identity::Caip10& named) {
                   return named.text() == account;
               });
    };
    for (const identity::Caip10& named : command.without) {
        const bool known = std::ranges::any_of(row->members, [&](const RepairMember& member) {
            return !member.self && member.account == named.text();
        });
        if (!known) {
            return fail(Errc::not_found, "CLT-45");
        }
    }
    Continued continued{.predecessor = chat.id, .admins = {}};
    CommitBody body;
    body.title = chat.title;
    body.public_handshakes = chat.public_handshakes;
    bool own_admin = false;
    for (const RepairMember& member : row->members) {
        if (member.self) {
            own_admin = member.admin;
        } else if (!left_out(member.account)) {
            body.invitees.emplace_back().account = member.account;
            if (member.admin) {
                continued.admins.push_back(member.account);
            }
        }
    }
    if (!own_admin) {
        return fail(Errc::permission_denied, "CLT-107");
    }
    body.extra = encode_record(continued);
    CHATMCP_TRY(IntentRow intent,
                new_intent(step, IntentKind::create_chat, step.random().array<32>()));
    return save_commit_body(step, intent, body);
}

Result<std::optional<ChatId>> succeeds(Step& step,
                                       const mls::GroupView& view,
                                       std::string_view inviter) {
    if (!has_component(view.components(), wire::ComponentId::successor_of)) {
        return std::optional<ChatId>();
    }
    CHATMCP_TRY(const auto named,
                component_of<wire::CompanionOf>(
                    view.components(), wire::ComponentId::successor_of, "CLT-60"));
    CHATMCP_TRY(const auto chat, step.home.chat(named.conversation_id));
    const bool waits = chat.has_value() && !chat->companion_of.has_value() &&
                       !chat->successor.has_value() &&
                       (chat->state == ChatState::active || awaits_repair(*chat));
    if (!waits) {
        return std::optional<ChatId>();
    }
    CHATMCP_TRY(const bool admin, is_admin_of(step, *chat, inviter));
    return admin ? std::optional(chat->id) : std::nullopt;
}

Result<void> succeed(Step& step, const ChatId& from, const ChatId& to) {
    CHATMCP_TRY(ChatRow old, step.home.known_chat(from));
    if (old.following()) {
        CHATMCP_TRY_VOID(end_chat(step, old, ChatState::broken, &kGoesOnElsewhere));
    }
    CHATMCP_TRY_VOID(end_companions(step, from));
    old.successor = to;
    CHATMCP_TRY_VOID(step.home.save(old));
    CHATMCP_TRY(ChatRow next, step.home.known_chat(to));
    next.predecessor = from;
    CHATMCP_TRY_VOID(step.home.save(next));
    CHATMCP_TRY_VOID(repaired(step, from));
    step.notice(ChatChanged{from});
    return move_intents(step, from, to);
}

}  // namespace chatmcp::client
