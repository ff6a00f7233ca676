#include "client/inbox_policy.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "client/account.h"
#include "client/home.h"
#include "client/intents.h"
#include "client/publish.h"
#include "crypto/hash.h"

namespace chatmcp::client {
namespace {

/// Table "given/", rest the conversation's number.
struct GivenTokenRow {
    ChatId chat{};
    ByteArray<wire::kDeliveryTokenBytes> token{};
    std::uint64_t revision = 0;        // Of the policy that has it first.
    std::uint64_t epoch = 0;           // Of the group when `members` were its members.
    std::vector<std::string> members;  // Accounts, without our own.
    bool sent = false;                 // To all of them.
    auto fields(this auto& self) {
        return std::tie(self.chat, self.token, self.revision, self.epoch, self.members, self.sent);
    }
};
/// Table "held/", id the inbox, rest the conversation's number.
struct HeldTokenRow {
    std::uint32_t chat = 0;
    ByteArray<wire::kDeliveryTokenBytes> token{};
    auto fields(this auto& self) { return std::tie(self.chat, self.token); }
};

Bytes policy_key() {
    return home_key("policy-inbox/");
}
Bytes given_key(const ChatRow& chat) {
    return home_key("given/", {}, big_endian(chat.number));
}
Bytes held_key(const wire::InboxId& inbox, std::uint32_t chat) {
    return home_key("held/", inbox, big_endian(chat));
}

Task policy_task() {
    return {Purpose::inbox_policy, {}};
}

Result<std::vector<GivenTokenRow>> given_tokens(Step& step) {
    return step.home.all<GivenTokenRow>(home_key("given/"));
}

// Something that the relay has to know is different now.
Result<std::uint64_t> change_policy(Step& step) {
    CHATMCP_TRY(InboxPolicyRow row, inbox_policy(step));
    ++row.revision;
    CHATMCP_TRY_VOID(step.home.put(policy_key(), row));
    return row.revision;
}

Result<std::optional<wire::InboxPolicy>> policy_to_tell(Step& step, const InboxPolicyRow& row) {
    if (!row.wanted) {
        return std::optional<wire::InboxPolicy>();
    }
    wire::InboxPolicy policy{
        .stamp_key = crypto::SigningKey::from_seed(row.stamp_seed).public_key(),
        .own_price = row.own_price,
        .token_digests = {}};
    CHATMCP_TRY(const auto tokens, given_tokens(step));
    for (const GivenTokenRow& given : tokens) {
        policy.token_digests.push_back(crypto::sha256(given.token));
    }
    return std::optional(std::move(policy));
}

// The row as it has to be for who is in the conversation now.
Result<void> follow_members(Step& step, const ChatRow& chat, GivenTokenRow& given, bool is_new) {
    CHATMCP_TRY(const People* people, step.people(chat.id));
    CHATMCP_TRY(const AccountRow own, step.home.known_account());
    std::vector<std::string> members;
    for (const std::string& account : people->accounts) {
        if (account != own.account) {
            members.push_back(account);
        }
    }
    // Both are sorted.
    const bool somebody_left = !std::ranges::includes(members, given.members);
    const bool somebody_came = !std::ranges::includes(given.members, members);
    if (is_new || somebody_left) {
        given.token = step.random().array<wire::kDeliveryTokenBytes>();
        CHATMCP_TRY(given.revision, change_policy(step));
    }
    given.sent = given.sent && !somebody_came && !somebody_left;
    given.members = std::move(members);
    given.epoch = chat.epoch;
    return step.home.put(given_key(chat), given);
}

}  // namespace

Result<InboxPolicyRow> inbox_policy(Step& step) {
    CHATMCP_TRY(const auto row, step.home.get<InboxPolicyRow>(policy_key()));
    return row.value_or(InboxPolicyRow{});
}

Result<void> start_set_policy(Step& step, const SetStampSettings& command) {
    CHATMCP_TRY_VOID(device(step));
    CHATMCP_TRY(InboxPolicyRow row, inbox_policy(step));
    if (row.revision == 0) {
        step.random().fill(row.stamp_seed);
    }
    row.wanted = command.wanted;
    row.own_price = command.own_price;
    ++row.revision;
    CHATMCP_TRY_VOID(step.home.put(policy_key(), row));
    // Contacts have their tokens before the relay asks for them.
    CHATMCP_TRY(const auto ids, step.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
        CHATMCP_TRY_VOID(keep_given_token(step, chat));
    }
    CHATMCP_TRY(const IntentRow intent,
                new_intent(step, IntentKind::set_stamp_settings, std::nullopt));
    return step.home.save(intent);
}

Result<void> progress_set_policy(Step& step, IntentRow& intent) {
    CHATMCP_TRY_VOID(keep_inbox_policy(step));
    CHATMCP_TRY(const InboxPolicyRow row, inbox_policy(step));
    return row.told_revision == row.revision ? deliver(step, intent) : Result<void>();
}

Result<void> keep_inbox_policy(Step& step) {
    CHATMCP_TRY(const InboxPolicyRow row, inbox_policy(step));
    if (row.told_revision == row.revision || !step.may_send(policy_task())) {
        return {};
    }
    CHATMCP_TRY(auto shown, token(step));
    if (!shown.has_value()) {
        return {};
    }
    CHATMCP_TRY(auto policy, policy_to_tell(step, row));
    step.runtime.policy_telling = row.revision;
    step.send(policy_task(), wire::SetInboxPolicy{*std::move(shown), std::move(policy)});
    return {};
}

Result<void> inbox_policy_told(Step& step) {
    CHATMCP_TRY(InboxPolicyRow row, inbox_policy(step));
    row.told_revision = std::max(row.told_revision, step.runtime.policy_telling);
    return step.home.put(policy_key(), row);
}

Result<void> keep_given_token(Step& step, const ChatRow& chat) {
    CHATMCP_TRY(const InboxPolicyRow policy, inbox_policy(step));
    if (!policy.wanted || chat.state != ChatState::active || chat.companion_of.has_value()) {
        return {};
    }
    CHATMCP_TRY(auto given, step.home.get<GivenTokenRow>(given_key(chat)));
    const bool is_new = !given.has_value();
    if (is_new) {
        CHATMCP_TRY(const std::uint32_t count, count_given_tokens(step));
        CHATMCP_TRY(const People* people, step.people(chat.id));
        if (count >= wire::kDeliveryTokensMax || people->accounts.size() > kTokenMembersMax) {
            return {};
        }
        given.emplace().chat = chat.id;
    }
    if (is_new || given->epoch != chat.epoch) {
        CHATMCP_TRY_VOID(follow_members(step, chat, *given, is_new));
    }
    if (given->sent || policy.told_revision < given->revision || given->members.empty() ||
        !check_sendable(chat).has_value()) {
        return {};
    }
    const auto content = make_content(step, wire::ContentType::given_token, to_bytes(given->token));
    CHATMCP_TRY_VOID(new_message(step, IntentKind::give_token, chat.id, content));
    given->sent = true;
    return step.home.put(given_key(chat), *given);
}

Result<void> forget_given_token(Step& step, const ChatRow& chat) {
    CHATMCP_TRY(const auto given, step.home.get<GivenTokenRow>(given_key(chat)));
    if (!given.has_value()) {
        return {};
    }
    CHATMCP_TRY_VOID(step.home.transaction().erase(given_key(chat)));
    CHATMCP_TRY_VOID(change_policy(step));
    return {};
}

Result<std::uint32_t> count_given_tokens(Step& step) {
    CHATMCP_TRY(const auto tokens, given_tokens(step));
    return static_cast<std::uint32_t>(tokens.size());
}

Result<void> take_given_token(Step& step,
                              const ChatRow& chat,
                              const wire::InboxId& author,
                              ByteView body) {
    if (body.size() != wire::kDeliveryTokenBytes) {
        return fail(Errc::malformed, "CLT-74");
    }
    return step.home.put(held_key(author, chat.number),
                         HeldTokenRow{chat.number, to_array<wire::kDeliveryTokenBytes>(body)});
}

Result<std::optional<wire::DeliveryToken>> held_token(Step& step, const wire::InboxId& inbox) {
    CHATMCP_TRY(const auto rows, step.home.all<HeldTokenRow>(home_key("held/", inbox)));
    return rows.empty() ? std::nullopt : std::optional(wire::DeliveryToken{rows.back().token});
}

Result<void> drop_held_token(Step& step,
                             const wire::InboxId& inbox,
                             const wire::DeliveryToken& token) {
    CHATMCP_TRY(const auto rows, step.home.all<HeldTokenRow>(home_key("held/", inbox)));
    for (const HeldTokenRow& row : rows) {
        if (row.token == token.token) {
            CHATMCP_TRY_VOID(step.home.transaction().erase(held_key(inbox, row.chat)));
        }
    }
    return {};
}

}  // namespace chatmcp::client
