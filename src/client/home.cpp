#include "client/home.h"

#include <algorithm>

#include "base/check.h"
#include "client/sealed_store.h"
#include "crypto/hash.h"

namespace chatmcp::client {
namespace {

struct NumberRow {
    std::uint64_t value = 0;
    auto fields(this auto& self) { return std::tie(self.value); }
};
struct IdRow {
    ChatId id{};
    auto fields(this auto& self) { return std::tie(self.id); }
};

// Ended intents are kept for queries, this many of them.
constexpr std::uint64_t kDoneMax = 1000;

Bytes chat_key(const ChatId& id) {
    return home_key("chat/", id);
}
Bytes message_key(const ChatId& chat, std::uint64_t position) {
    return home_key("msg/", chat, big_endian(position));
}
Bytes seen_key(const ChatId& chat, const wire::MessageId& id) {
    return home_key("seen/", hashed_id({chat, id}));
}
Bytes sent_key(ByteView payload) {
    return home_key("sent/", hashed_id({payload}));
}
Bytes intent_key(const char* table, std::uint64_t id) {
    return home_key(table, {}, big_endian(id));
}

}  // namespace

ByteArray<8> big_endian(std::uint64_t value) {
    ByteArray<8> out;
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(value >> (8 * (out.size() - 1 - i)));
    }
    return out;
}

Bytes home_key(std::string_view table, ByteView id, ByteView rest) {
    constexpr ByteArray<SealedTransaction::kIdBytes> kNone{};
    CHATMCP_CHECK(table.ends_with('/') && (id.empty() || id.size() == kNone.size()));
    return concat({as_bytes(table), id.empty() ? ByteView(kNone) : id, rest});
}

Bytes home_key(std::string_view table) {
    return home_key(table, {}, {});
}

Bytes hashed_id(std::initializer_list<ByteView> parts) {
    return to_bytes(crypto::sha256(parts));
}

Result<std::optional<AccountRow>> Home::account() {
    return get<AccountRow>(home_key("account/"));
}
Result<AccountRow> Home::known_account() {
    CHATMCP_TRY(auto row, account());
    return recorded(std::move(row));
}
Result<void> Home::save(const AccountRow& row) {
    return put(home_key("account/"), row);
}
Result<RelayRow> Home::relay() {
    CHATMCP_TRY(auto row, get<RelayRow>(home_key("relay/")));
    return row.has_value() ? *std::move(row) : RelayRow();
}
Result<void> Home::save(const RelayRow& row) {
    return put(home_key("relay/"), row);
}

Result<std::optional<ChatRow>> Home::chat(const ChatId& id) {
    return get<ChatRow>(chat_key(id));
}
Result<ChatRow> Home::known_chat(const ChatId& id) {
    CHATMCP_TRY(auto row, chat(id));
    if (!row.has_value()) {
        return fail(Errc::not_found, "CLT-10");
    }
    return *std::move(row);
}
Result<void> Home::save(const ChatRow& row) {
    return put(chat_key(row.id), row);
}

Result<std::uint32_t> Home::list_chat(const ChatId& id) {
    const Bytes counter = home_key("chats/");
    CHATMCP_TRY(const auto last, get<NumberRow>(counter));
    const std::uint64_t number = last.has_value() ? last->value + 1 : 1;
    CHATMCP_TRY_VOID(put(counter, NumberRow{number}));
    CHATMCP_TRY_VOID(put(home_key("list/", {}, big_endian(number)), IdRow{id}));
    return static_cast<std::uint32_t>(number);
}

Result<std::vector<ChatId>> Home::chats() {
    CHATMCP_TRY(const auto rows, all<IdRow>(home_key("list/")));
    std::vector<ChatId> out;
    out.reserve(rows.size());
    for (const IdRow& row : rows) {
        out.push_back(row.id);
    }
    return out;
}

Result<std::optional<MessageRow>> Home::message(const ChatId& chat, std::uint64_t position) {
    return get<MessageRow>(message_key(chat, position));
}
Result<std::vector<MessageRow>> Home::messages(const ChatId& chat,
                                               std::uint64_t since,
                                               std::size_t limit) {
    return scan<MessageRow>(home_key("msg/", chat), message_key(chat, since), limit);
}
Result<void> Home::save(const ChatId& chat, const MessageRow& row) {
    return put(message_key(chat, row.position), row);
}
Result<void> Home::erase_message(const ChatId& chat, std::uint64_t position) {
    return transaction_.erase(message_key(chat, position));
}

Result<std::optional<std::uint64_t>> Home::seen(const ChatId& chat, const wire::MessageId& id) {
    CHATMCP_TRY(const auto row, get<NumberRow>(seen_key(chat, id)));
    return row.has_value() ? std::optional(row->value) : std::nullopt;
}
Result<void> Home::mark_seen(const ChatId& chat,
                             const wire::MessageId& id,
                             std::uint64_t position) {
    return put(seen_key(chat, id), NumberRow{position});
}
Result<void> Home::forget_seen(const ChatId& chat, const wire::MessageId& id) {
    return transaction_.erase(seen_key(chat, id));
}
Result<std::optional<std::uint64_t>> Home::sent_by(ByteView payload) {
    CHATMCP_TRY(const auto row, get<NumberRow>(sent_key(payload)));
    return row.has_value() ? std::optional(row->value) : std::nullopt;
}
Result<void> Home::mark_sent(ByteView payload, std::uint64_t intent) {
    return put(sent_key(payload), NumberRow{intent});
}

Result<bool> Home::has_mark(std::string_view table, ByteView subject) {
    CHATMCP_TRY(const auto row, transaction_.get(home_key(table, hashed_id({subject}))));
    return row.has_value();
}
Result<void> Home::set_mark(std::string_view table, ByteView subject, bool present) {
    const Bytes key = home_key(table, hashed_id({subject}));
    return present ? transaction_.put(key, {}) : transaction_.erase(key);
}

Result<std::uint64_t> Home::next_intent() {
    const Bytes counter = home_key("intents/");
    CHATMCP_TRY(const auto last, get<NumberRow>(counter));
    const std::uint64_t id = last.has_value() ? last->value + 1 : 1;
    CHATMCP_TRY_VOID(put(counter, NumberRow{id}));
    return id;
}
Result<std::vector<IntentRow>> Home::pending_intents() {
    return all<IntentRow>(home_key("todo/"));
}
Result<std::optional<IntentRow>> Home::intent(std::uint64_t id) {
    CHATMCP_TRY(auto pending, get<IntentRow>(intent_key("todo/", id)));
    if (pending.has_value()) {
        return pending;
    }
    return get<IntentRow>(intent_key("done/", id));
}
Result<void> Home::save(const IntentRow& row) {
    if (row.state == IntentState::pending) {
        return put(intent_key("todo/", row.id), row);
    }
    CHATMCP_TRY_VOID(transaction_.erase(intent_key("todo/", row.id)));
    if (row.id > kDoneMax) {
        CHATMCP_TRY_VOID(transaction_.erase(intent_key("done/", row.id - kDoneMax)));
    }
    return put(intent_key("done/", row.id), row);
}

Result<Bytes> Home::state_version() {
    CHATMCP_TRY(auto version, transaction_.get(home_key("version/")));
    return version.has_value() ? *std::move(version) : Bytes();
}
Result<void> Home::set_state_version(ByteView version) {
    return transaction_.put(home_key("version/"), version);
}

}  // namespace chatmcp::client
