#include "client/conversation.h"

#include <utility>

#include "client/inbox_policy.h"
#include "client/publish.h"
#include "wire/components.h"
#include "wire/content.h"

namespace chatmcp::client {
namespace {

Bytes speaker(const ChatId& chat, std::string_view account) {
    return concat({chat, as_bytes(account)});
}

}  // namespace

Result<bool> store_message(Step& step,
                           const ChatRow& chat,
                           std::uint64_t position,
                           UnixMs accepted_at,
                           const std::string& author,
                           ByteView content) {
    const wire::MessageId id = wire::message_id(chat.id, author, content);
    CHATMCP_TRY(const auto seen, step.home.seen(chat.id, id));
    if (seen.has_value()) {
        return false;
    }
    CHATMCP_TRY(const auto account, step.home.account());
    MessageRow row;
    row.position = position;
    row.id = id;
    row.author = author;
    row.self = account.has_value() && account->account == author;
    row.content = to_bytes(content);
    row.accepted_at = accepted_at;
    row.read_at = step.now;
    CHATMCP_TRY_VOID(step.home.mark_seen(chat.id, id, position));
    CHATMCP_TRY_VOID(step.home.save(chat.id, row));
    CHATMCP_TRY_VOID(mark_spoken(step, chat.id, author, true));
    return true;
}

Result<void> store_unreadable(Step& step,
                              const ChatRow& chat,
                              std::uint64_t position,
                              UnixMs accepted_at,
                              const std::string& author,
                              const Error& error) {
    step.misbehaviour(chat.id, position, error);
    MessageRow row;
    row.position = position;
    row.author = author;
    row.accepted_at = accepted_at;
    row.read_at = step.now;
    row.reason = ReasonRow{error.code, error.check};
    return step.home.save(chat.id, row);
}

Result<bool> has_spoken(Step& step, const ChatId& chat, std::string_view account) {
    return step.home.has_mark("spoke/", speaker(chat, account));
}

Result<void> mark_spoken(Step& step, const ChatId& chat, std::string_view account, bool spoken) {
    CHATMCP_TRY(const bool was, has_spoken(step, chat, account));
    if (was == spoken) {
        return {};
    }
    return step.home.set_mark("spoke/", speaker(chat, account), spoken);
}

void take_over(const mls::GroupView& view, ChatRow& chat) {
    chat.epoch = view.epoch().value;
    const auto title =
        component_of<wire::Title>(view.components(), wire::ComponentId::title, "CLT-60");
    chat.title = title.has_value() ? title->text : std::string();
    chat.public_handshakes = has_public_handshakes(view);
}

Result<void> end_chat(Step& step, ChatRow& chat, ChatState state, const Error* error) {
    chat.state = state;
    chat.reason.reset();
    if (error != nullptr) {
        chat.reason = ReasonRow{error->code, error->check};
    }
    chat.distrusted.clear();
    chat.leaving.clear();
    chat.staged.reset();
    // Its keys are of no use any more, and a later Welcome into it needs the place.
    step.forget(chat.id);
    CHATMCP_TRY_VOID(mls::Group::erase(step.home.transaction(), chat.id));
    CHATMCP_TRY_VOID(step.home.transaction().erase(bundle_key(chat.id)));
    CHATMCP_TRY_VOID(forget_given_token(step, chat));
    step.runtime.want_chats.erase(chat.id);
    step.notice(ChatChanged{chat.id});
    return step.home.save(chat);
}

Result<void> judge_again(Step& step, ChatRow& chat) {
    if (!chat.following() || chat.distrusted.empty()) {
        return {};
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    std::vector<DistrustRow> still;
    for (DistrustRow& row : chat.distrusted) {
        const auto leaf = group->view().member(mls::LeafIndex{row.leaf});
        if (!leaf.has_value()) {
            continue;
        }
        const auto judged = step.environment.trust.check(
            *leaf, nullptr, group->view(), mls::Arrival{row.entered_at, row.found});
        if (!judged.has_value()) {
            row.reason = ReasonRow{judged.error().code, judged.error().check};
            still.push_back(row);
        }
    }
    chat.distrusted = std::move(still);
    step.notice(ChatChanged{chat.id});
    return step.home.save(chat);
}

}  // namespace chatmcp::client
