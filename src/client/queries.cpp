// What a user interface may ask: Client's functions that change nothing a conversation depends on.
#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "client/account.h"
#include "client/client.h"
#include "client/client_state.h"
#include "client/companion.h"
#include "client/conversation.h"
#include "client/intents.h"
#include "client/publish.h"
#include "client/repair.h"
#include "identity/device_log.h"

namespace chatmcp::client {
namespace {

constexpr std::size_t kIdPrefixMin = 6;

Result<std::vector<Distrusted>> distrusted_of(Step& step, const ChatRow& chat) {
    std::vector<Distrusted> out;
    if (chat.distrusted.empty()) {
        return out;
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    for (const DistrustRow& row : chat.distrusted) {
        Distrusted shown{.member = {}, .agent = false, .reason = row.reason.reason()};
        const auto leaf = group->view().member(mls::LeafIndex{row.leaf});
        if (leaf.has_value()) {
            CHATMCP_TRY(const LeafIdentity who, identity_of(*leaf));
            shown.member = who.account;
            shown.agent = who.agent;
        }
        out.push_back(std::move(shown));
    }
    return out;
}

// Told from program to program: nothing to read.
bool is_shown(const MessageRow& row) {
    const auto content = wire::decode<wire::Content>(row.content);
    return !content.has_value() || content->type != wire::ContentType::given_token;
}

Result<std::uint32_t> count_unread(Step& step, const ChatRow& chat) {
    constexpr std::size_t kPage = 256;
    std::uint32_t unread = 0;
    std::uint64_t since = chat.read_through;
    while (chat.state != ChatState::request) {
        CHATMCP_TRY(const auto page, step.home.messages(chat.id, since, kPage));
        for (const MessageRow& row : page) {
            since = row.position;
            unread += row.self || row.position > chat.cursor || !is_shown(row) ? 0 : 1;
        }
        if (page.size() < kPage) {
            break;
        }
    }
    return unread;
}

bool has_group(const ChatRow& chat) {
    return chat.following();
}

Result<ChatSummary> summary_of(Step& step, const ChatRow& chat) {
    ChatSummary out;
    out.chat = chat.id;
    out.title = chat.title;
    out.state = chat.state;
    out.epoch = chat.epoch;
    out.last_position = chat.cursor;
    out.received_at = chat.received_at;
    if (has_group(chat)) {
        CHATMCP_TRY(mls::Group * group, step.group(chat.id));
        out.members = static_cast<std::uint32_t>(group->view().member_count());
    }
    CHATMCP_TRY(out.unread, count_unread(step, chat));
    if (!chat.inviter.empty()) {
        out.inviter = chat.inviter;
    }
    CHATMCP_TRY(out.distrusted, distrusted_of(step, chat));
    if (chat.reason.has_value()) {
        out.reason = chat.reason->reason();
    } else if (!out.distrusted.empty()) {
        out.reason = out.distrusted.front().reason;
    }
    return out;
}

MessageView view_of(const MessageRow& row) {
    MessageView view;
    view.position = row.position;
    view.id = row.id;
    view.author = row.author;
    view.self = row.self;
    view.accepted_at = row.accepted_at;
    view.read_at = row.read_at;
    if (row.reason.has_value()) {
        view.reason = row.reason->reason();
    }
    const auto content = wire::decode<wire::Content>(row.content);
    if (!content.has_value()) {
        return view;
    }
    view.type = content->type;
    view.sent_at = content->sent_at;
    switch (content->type) {
        case wire::ContentType::text:
            view.text = to_text(content->body);
            break;
        case wire::ContentType::announcement:
            if (auto body = wire::decode<wire::Announcement>(content->body); body.has_value()) {
                view.announcement = *std::move(body);
            }
            break;
        case wire::ContentType::agreement:
            if (auto body = wire::decode<wire::Agreement>(content->body); body.has_value()) {
                view.agreement = *std::move(body);
            }
            break;
        case wire::ContentType::answer_post:
            if (auto body = wire::decode<wire::AnswerPost>(content->body); body.has_value()) {
                view.text = body->answer.text;
                view.answer = *std::move(body);
            }
            break;
        case wire::ContentType::payment:
            if (auto body = wire::decode<wire::Payment>(content->body); body.has_value()) {
                view.text = body->text;
                view.payment = *std::move(body);
            }
            break;
        case wire::ContentType::payment_request:
            if (auto body = wire::decode<wire::PaymentRequest>(content->body); body.has_value()) {
                view.text = body->text;
                view.payment_request = *std::move(body);
            }
            break;
        default:
            break;
    }
    return view;
}

// Own texts that are on their way, or were refused before they had a place.
Result<std::vector<MessageView>> pending_messages(Step& step, const ChatRow& chat) {
    std::vector<MessageView> out;
    CHATMCP_TRY(const AccountRow account, step.home.known_account());
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (const IntentRow& intent : pending) {
        const bool shown =
            intent.kind == IntentKind::send_text || intent.kind == IntentKind::send_payment;
        if (!shown || intent.chat != chat.id) {
            continue;
        }
        CHATMCP_TRY(const auto body, decode_record<MessageBody>(intent.body));
        MessageRow row;
        CHATMCP_TRY(row.id, recorded(intent.message));
        row.author = account.account;
        row.self = true;
        row.content = body.content;
        row.reason = intent.reason;
        MessageView view = view_of(row);
        view.state = IntentState::pending;
        out.push_back(std::move(view));
    }
    return out;
}

Result<std::string> checked_prefix(std::string_view text) {
    if (text.size() < kIdPrefixMin) {
        return fail(Errc::invalid_argument, "CLT-11");
    }
    return std::string(text);
}

}  // namespace

// ---- Account ----

Result<std::optional<AccountView>> Client::account(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    CHATMCP_TRY(const auto row, opened.home.account());
    if (!row.has_value()) {
        return std::optional<AccountView>();
    }
    CHATMCP_TRY(const RelayRow relay, opened.home.relay());
    AccountView view;
    CHATMCP_TRY(view.account, identity::Caip10::parse(row->account));
    view.root_key = crypto::SigningKey::from_seed(row->root_seed).public_key();
    view.inbox = identity::inbox_id(view.root_key);
    view.relay_key = relay.relay_key.value_or(wire::Ed25519Key{});
    view.registered = row->registered;
    view.key_packages = relay.key_packages;
    if (row->proof_made) {
        const auto proof = wire::decode<identity::WalletProof>(row->wallet_proof);
        if (proof.has_value()) {
            view.root_expires_at =
                UnixMs{static_cast<std::int64_t>(proof->expires_at_s) * kSecondMs};
        }
    }
    return std::optional<AccountView>(std::move(view));
}

Result<StatusView> Client::status(Transaction& home) {
    StatusView view;
    CHATMCP_TRY(view.account, account(home));
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto ids, opened.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow chat, opened.home.known_chat(id));
        view.chats += chat.companion_of.has_value() ? 0 : 1;
        view.requests += chat.state == ChatState::request ? 1 : 0;
    }
    CHATMCP_TRY(const auto pending_rows, opened.home.pending_intents());
    view.pending = static_cast<std::uint32_t>(pending_rows.size());
    CHATMCP_TRY(const RelayRow relay, opened.home.relay());
    if (relay.skew.has_value()) {
        view.clock_skew_ms = relay.skew->value;
    }
    return view;
}

// ---- Conversations ----

Result<std::vector<ChatSummary>> Client::chats(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    std::vector<ChatSummary> out;
    CHATMCP_TRY(const auto ids, opened.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow row, opened.home.known_chat(id));
        if (!row.companion_of.has_value()) {
            CHATMCP_TRY(ChatSummary summary, summary_of(opened.step, row));
            out.push_back(std::move(summary));
        }
    }
    return out;
}

Result<ChatId> Client::find_chat(Transaction& home, std::string_view text) {
    CHATMCP_TRY(const std::string prefix, checked_prefix(text));
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto ids, opened.home.chats());
    std::optional<ChatId> found;
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow row, opened.home.known_chat(id));
        if (row.companion_of.has_value() || !to_hex(id).starts_with(prefix)) {
            continue;
        }
        if (found.has_value()) {
            return fail(Errc::invalid_argument, "CLT-11");
        }
        found = id;
    }
    return found.has_value() ? Result<ChatId>(*found) : fail(Errc::not_found, "CLT-10");
}

Result<ChatView> Client::chat(Transaction& home, const ChatId& id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    CHATMCP_TRY(const ChatRow row, opened.home.known_chat(id));
    ChatView view;
    CHATMCP_TRY(view.summary, summary_of(opened.step, row));
    view.topic = wire::topic_of(id);
    view.sequencer = row.relay_key;
    view.public_handshakes = row.public_handshakes;
    if (has_group(row)) {
        CHATMCP_TRY(mls::Group * group, opened.step.group(id));
        view.epoch_authenticator = to_bytes(group->view().epoch_authenticator());
        CHATMCP_TRY(const auto roles,
                    component_of<wire::Roles>(
                        group->view().components(), wire::ComponentId::roles, "CLT-60"));
        view.admins = roles.admins;
    }
    for (const GapRow& gap : row.gaps) {
        view.gaps.push_back({gap.from, gap.to});
    }
    view.companion = row.open_companion;
    view.predecessor = row.predecessor;
    view.successor = row.successor;
    CHATMCP_TRY(const auto rows, opened.home.pending_intents());
    for (const IntentRow& intent : rows) {
        if (intent.chat == id || intent.conversation == id) {
            view.pending.push_back(client::view_of(intent));
        }
    }
    return view;
}

Result<std::vector<EpochView>> Client::epochs(Transaction& home, const ChatId& id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    CHATMCP_TRY_VOID(opened.home.known_chat(id));
    CHATMCP_TRY(auto rows, all_epochs(opened.step, id));
    std::vector<EpochView> out;
    for (EpochRow& row : rows) {
        out.push_back({row.epoch, std::move(row.authenticator), row.sequence, row.accepted_at});
    }
    return out;
}

namespace {

Result<std::vector<MemberView>> members_before(Step& step, const ChatRow& chat) {
    std::vector<MemberView> out;
    CHATMCP_TRY(const auto repair, repair_of(step, chat.id));
    if (!repair.has_value()) {
        return out;
    }
    for (const RepairMember& member : repair->members) {
        CHATMCP_TRY(const bool spoken, has_spoken(step, chat.id, member.account));
        MemberView& view = out.emplace_back();
        view.account = member.account;
        view.self = member.self;
        view.admin = member.admin;
        view.state = spoken || view.self ? MemberView::State::present : MemberView::State::invited;
    }
    return out;
}

}  // namespace

Result<std::vector<MemberView>> Client::members(Transaction& home, const ChatId& id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    CHATMCP_TRY(const ChatRow row, opened.home.known_chat(id));
    if (!has_group(row)) {
        return members_before(opened.step, row);
    }
    std::vector<MemberView> out;
    CHATMCP_TRY(mls::Group * group, opened.step.group(id));
    CHATMCP_TRY(
        const auto roles,
        component_of<wire::Roles>(group->view().components(), wire::ComponentId::roles, "CLT-60"));
    for (const mls::LeafView& leaf : group->view().members()) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        MemberView& view = out.emplace_back();
        view.account = who.account;
        view.agent = who.agent;
        view.self = leaf.index == group->view().own_index();
        view.admin =
            !who.agent && std::ranges::find(roles.admins, who.account) != roles.admins.end();
        CHATMCP_TRY(const bool spoken, has_spoken(opened.step, id, who.account));
        view.state = spoken || view.self ? MemberView::State::present : MemberView::State::invited;
        if (who.device.has_value() && who.device->delegation.not_after < row.relay_time()) {
            view.state = MemberView::State::expired;
        }
        for (const DistrustRow& distrust : row.distrusted) {
            if (distrust.leaf == leaf.index.value) {
                view.state = MemberView::State::distrusted;
                view.reason = distrust.reason.reason();
            }
        }
    }
    return out;
}

Result<std::vector<MessageView>> Client::messages(Transaction& home,
                                                  const ChatId& id,
                                                  std::uint64_t since,
                                                  std::size_t limit) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const ChatRow chat, opened.home.known_chat(id));
    std::vector<MessageView> out;
    if (chat.state == ChatState::request) {
        return out;
    }
    bool ended = false;
    while (!ended && out.size() < limit) {
        const std::size_t wanted = limit - out.size();
        CHATMCP_TRY(const auto rows, opened.home.messages(id, since, wanted));
        for (const MessageRow& row : rows) {
            since = row.position;
            if (row.position <= chat.cursor && is_shown(row)) {
                out.push_back(view_of(row));
            }
        }
        ended = rows.size() < wanted;
    }
    if (ended) {
        CHATMCP_TRY(auto waiting, pending_messages(opened.step, chat));
        std::ranges::move(waiting, std::back_inserter(out));
    }
    return out;
}

Result<MessageView> Client::find_message(Transaction& home,
                                         const ChatId& id,
                                         std::string_view text) {
    constexpr std::size_t kPage = 256;
    CHATMCP_TRY(const std::string prefix, checked_prefix(text));
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const ChatRow chat, opened.home.known_chat(id));
    std::optional<MessageView> found;
    std::uint64_t since = 0;
    while (chat.state != ChatState::request) {
        CHATMCP_TRY(const auto page, opened.home.messages(id, since, kPage));
        for (const MessageRow& row : page) {
            since = row.position;
            if (row.content.empty() || !to_hex(row.id).starts_with(prefix)) {
                continue;
            }
            if (found.has_value()) {
                return fail(Errc::invalid_argument, "CLT-11");
            }
            found = view_of(row);
        }
        if (page.size() < kPage) {
            break;
        }
    }
    return found.has_value() ? Result<MessageView>(*std::move(found))
                             : fail(Errc::not_found, "CLT-14");
}

Result<void> Client::mark_read(Transaction& home, const ChatId& id, std::uint64_t through) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(ChatRow row, opened.home.known_chat(id));
    if (through <= row.read_through) {
        return {};
    }
    row.read_through = through;
    return opened.home.save(row);
}

// ---- Intents ----

Result<IntentView> Client::intent(Transaction& home, IntentId id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto row, opened.home.intent(id.value));
    return row.has_value() ? Result<IntentView>(client::view_of(*row))
                           : fail(Errc::not_found, "CLT-12");
}

Result<std::vector<IntentView>> Client::pending(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto rows, opened.home.pending_intents());
    std::vector<IntentView> out;
    for (const IntentRow& row : rows) {
        out.push_back(client::view_of(row));
    }
    return out;
}

}  // namespace chatmcp::client
