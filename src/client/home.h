#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/key_value.h"
#include "base/result.h"
#include "client/effect.h"
#include "client/record.h"
#include "client/view.h"
#include "crypto/sign.h"
#include "identity/credential.h"
#include "wire/content.h"
#include "wire/delivery.h"

namespace chatmcp::client {

// The rows of a home. Each is one record under one key; the key's table, id and rest stand with the
// functions below. What mls keeps lies beside them in the same transaction.

struct ReasonRow {
    Errc code = Errc::internal;
    std::string check;
    auto fields(this auto& self) { return std::tie(self.code, self.check); }

    static ReasonRow from(const Reason& reason) { return {reason.code, reason.check}; }
    [[nodiscard]] Reason reason() const { return {code, check}; }
};

/// This device. One.
struct AccountRow {
    std::string account;  // CAIP-10
    std::string domain;
    ByteArray<crypto::kEd25519SeedBytes> root_seed{};
    Bytes wallet_proof;  // identity::WalletProof, its signature zero until `proof_signed`.
    bool proof_made = false;
    bool proof_signed = false;
    bool registered = false;  // The relay has the log entry.
    crypto::Sha256Digest log_hash{};
    auto fields(this auto& self) {
        return std::tie(self.account,
                        self.domain,
                        self.root_seed,
                        self.wallet_proof,
                        self.proof_made,
                        self.proof_signed,
                        self.registered,
                        self.log_hash);
    }
};

/// What we have with our relay. One.
struct RelayRow {
    std::optional<wire::Ed25519Key> relay_key;
    Bytes challenge;
    UnixMs challenge_at;
    Bytes token;
    UnixMs token_expires_at;
    std::optional<UnixMs> skew;  // Relay's clock minus ours.
    std::uint32_t key_packages = 0;
    std::optional<UnixMs> key_packages_at;  // When it last told.
    bool last_resort_wanted = true;
    UnixMs key_packages_made_at;
    std::vector<Bytes> upload;  // Made and not acknowledged yet.
    std::optional<Bytes> upload_last_resort;
    std::uint64_t inbox_cursor = 0;
    std::uint64_t inbox_acknowledged = 0;
    auto fields(this auto& self) {
        return std::tie(self.relay_key,
                        self.challenge,
                        self.challenge_at,
                        self.token,
                        self.token_expires_at,
                        self.skew,
                        self.key_packages,
                        self.key_packages_at,
                        self.last_resort_wanted,
                        self.key_packages_made_at,
                        self.upload,
                        self.upload_last_resort,
                        self.inbox_cursor,
                        self.inbox_acknowledged);
    }
};

struct GapRow {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    auto fields(this auto& self) { return std::tie(self.from, self.to); }
};
struct DistrustRow {
    std::uint32_t leaf = 0;
    UnixMs entered_at;  // Acceptance of the commit that brought it: what it was judged by.
    ReasonRow reason;
    bool found = false;  // It stood in the tree that this device joined.
    auto fields(this auto& self) {
        return std::tie(self.leaf, self.entered_at, self.reason, self.found);
    }
};
struct StagedRow {
    std::uint64_t intent = 0;
    wire::Digest commit_hash{};
    auto fields(this auto& self) { return std::tie(self.intent, self.commit_hash); }
};

/// One group that this device knows: a conversation or a companion. Table "chat/", id the group's.
struct ChatRow {
    ChatId id{};
    std::uint32_t number = 0;  // In the order in which they came, from 1.
    std::optional<ChatId> companion_of;
    ChatState state = ChatState::creating;
    std::optional<ReasonRow> reason;
    std::string title;
    std::string inviter;  // Empty: ourselves.
    UnixMs received_at;
    wire::Ed25519Key relay_key{};
    std::uint64_t epoch = 0;
    std::uint64_t cursor = 0;     // Last sequence that was taken over.
    std::uint64_t known_end = 0;  // Highest sequence that the relay ever told us of.
    UnixMs newest_acceptance;
    UnixMs newest_envelope;          // As the relay says, which signs the times of commits alone.
    std::uint64_t read_through = 0;  // By the user.
    UnixMs joined_at;                // Acceptance of the commit that brought this device.
    std::vector<GapRow> gaps;
    bool expired = false;  // The relay said that older envelopes are gone: the next one may jump.
    std::vector<DistrustRow> distrusted;
    std::vector<std::uint32_t> leaving;  // Leaves that proposed their own removal in this epoch.
    std::optional<StagedRow> staged;
    std::optional<ChatId> open_companion;  // Of a conversation.
    std::uint64_t joined_epoch = 0;        // The first one of this device.
    std::optional<ChatId> predecessor;     // Of a conversation that continues another one, and
    std::optional<ChatId> successor;       // the reverse.
    bool public_handshakes = false;        // wire::Handshakes
    static constexpr std::size_t kFirstFields = 25;
    auto fields(this auto& self) {
        return std::tie(self.id,
                        self.number,
                        self.companion_of,
                        self.state,
                        self.reason,
                        self.title,
                        self.inviter,
                        self.received_at,
                        self.relay_key,
                        self.epoch,
                        self.cursor,
                        self.known_end,
                        self.newest_acceptance,
                        self.newest_envelope,
                        self.read_through,
                        self.joined_at,
                        self.gaps,
                        self.expired,
                        self.distrusted,
                        self.leaving,
                        self.staged,
                        self.open_companion,
                        self.joined_epoch,
                        self.predecessor,
                        self.successor,
                        self.public_handshakes);
    }
    /// The newest time of this topic that its relay told us.
    [[nodiscard]] UnixMs relay_time() const { return std::max(newest_acceptance, newest_envelope); }
    /// Whether this device is in the group and may follow it.
    [[nodiscard]] bool following() const {
        return state == ChatState::request || state == ChatState::active ||
               state == ChatState::leaving || state == ChatState::creating;
    }
};

/// One message of a topic. Table "msg/", id the group's, rest uint64 position.
struct MessageRow {
    std::uint64_t position = 0;
    wire::MessageId id{};
    std::string author;
    bool self = false;
    Bytes content;  // Encoded wire::Content; empty: could not be opened, see reason.
    UnixMs accepted_at;
    UnixMs read_at;
    std::optional<ReasonRow> reason;
    auto fields(this auto& row) {
        return std::tie(row.position,
                        row.id,
                        row.author,
                        row.self,
                        row.content,
                        row.accepted_at,
                        row.read_at,
                        row.reason);
    }
};

/// What a user wanted, or a duty. Pending ones: table "todo/", rest uint64 id; ended ones: "done/".
struct IntentRow {
    std::uint64_t id = 0;
    IntentKind kind = IntentKind::send_text;
    IntentState state = IntentState::pending;
    std::uint8_t stage = 0;  // Of its kind.
    std::optional<ReasonRow> reason;
    std::optional<ChatId> chat;
    UnixMs started_at;
    UnixMs carried_at;  // When a process last carried a request of it.
    UnixMs not_before;  // It waits until then.
    Bytes body;         // Record of its kind.
    std::optional<wire::MessageId> message;
    std::optional<std::uint64_t> position;
    std::optional<UnixMs> accepted_at;
    std::optional<ChatId> companion;
    std::optional<ChatId> conversation;  // Shown in place of `chat` where that is a companion.
    std::uint32_t copied = 0;
    auto fields(this auto& self) {
        return std::tie(self.id,
                        self.kind,
                        self.state,
                        self.stage,
                        self.reason,
                        self.chat,
                        self.started_at,
                        self.carried_at,
                        self.not_before,
                        self.body,
                        self.message,
                        self.position,
                        self.accepted_at,
                        self.companion,
                        self.conversation,
                        self.copied);
    }
};

/// Typed access to the rows, over the sealed transaction of one step.
///
/// Errors of all: those of the transaction; storage_corrupt (CLT-07).
class Home {
  public:
    explicit Home(Transaction& transaction) : transaction_(transaction) {}
    [[nodiscard]] Transaction& transaction() { return transaction_; }

    // ---- Any record. Keys: table || id || rest. ----
    template <RecordType T>
    [[nodiscard]] Result<std::optional<T>> get(ByteView key) {
        CHATMCP_TRY(const auto value, transaction_.get(key));
        if (!value.has_value()) {
            return std::optional<T>();
        }
        CHATMCP_TRY(T record, decode_record<T>(*value));
        return std::optional<T>(std::move(record));
    }
    template <RecordType T>
    [[nodiscard]] Result<void> put(ByteView key, const T& value) {
        return transaction_.put(key, encode_record(value));
    }
    template <RecordType T>
    [[nodiscard]] Result<std::vector<T>> scan(ByteView prefix, ByteView after, std::size_t limit) {
        CHATMCP_TRY(const auto rows, transaction_.scan(prefix, after, limit));
        std::vector<T> out;
        for (const KeyValuePair& row : rows) {
            CHATMCP_TRY(T record, decode_record<T>(row.value));
            out.push_back(std::move(record));
        }
        return out;
    }
    template <RecordType T>
    [[nodiscard]] Result<std::vector<T>> all(ByteView prefix) {
        constexpr std::size_t kPage = 256;
        std::vector<T> out;
        Bytes after;
        while (true) {
            CHATMCP_TRY(const auto rows, transaction_.scan(prefix, after, kPage));
            for (const KeyValuePair& row : rows) {
                CHATMCP_TRY(T record, decode_record<T>(row.value));
                out.push_back(std::move(record));
            }
            if (rows.size() < kPage) {
                return out;
            }
            after = rows.back().key;
        }
    }

    [[nodiscard]] Result<std::optional<AccountRow>> account();
    /// The same where somebody has signed in before, as always when there is a chat or an intent.
    [[nodiscard]] Result<AccountRow> known_account();
    [[nodiscard]] Result<void> save(const AccountRow& row);
    [[nodiscard]] Result<RelayRow> relay();
    [[nodiscard]] Result<void> save(const RelayRow& row);

    [[nodiscard]] Result<std::optional<ChatRow>> chat(const ChatId& id);
    /// Errors: not_found (CLT-10).
    [[nodiscard]] Result<ChatRow> known_chat(const ChatId& id);
    [[nodiscard]] Result<void> save(const ChatRow& row);
    /// A number for a new chat, and its entry in the list.
    [[nodiscard]] Result<std::uint32_t> list_chat(const ChatId& id);
    [[nodiscard]] Result<std::vector<ChatId>> chats();

    [[nodiscard]] Result<std::optional<MessageRow>> message(const ChatId& chat,
                                                            std::uint64_t position);
    [[nodiscard]] Result<std::vector<MessageRow>> messages(const ChatId& chat,
                                                           std::uint64_t since,
                                                           std::size_t limit);
    [[nodiscard]] Result<void> save(const ChatId& chat, const MessageRow& row);
    [[nodiscard]] Result<void> erase_message(const ChatId& chat, std::uint64_t position);
    /// Position at which a message id was first seen in a group.
    [[nodiscard]] Result<std::optional<std::uint64_t>> seen(const ChatId& chat,
                                                            const wire::MessageId& id);
    [[nodiscard]] Result<void> forget_seen(const ChatId& chat, const wire::MessageId& id);
    [[nodiscard]] Result<void> mark_seen(const ChatId& chat,
                                         const wire::MessageId& id,
                                         std::uint64_t position);
    /// The intent whose request had this payload.
    [[nodiscard]] Result<std::optional<std::uint64_t>> sent_by(ByteView payload);
    [[nodiscard]] Result<void> mark_sent(ByteView payload, std::uint64_t intent);

    [[nodiscard]] Result<bool> has_mark(std::string_view table, ByteView subject);
    [[nodiscard]] Result<void> set_mark(std::string_view table, ByteView subject, bool present);

    [[nodiscard]] Result<std::uint64_t> next_intent();
    [[nodiscard]] Result<std::vector<IntentRow>> pending_intents();
    [[nodiscard]] Result<std::optional<IntentRow>> intent(std::uint64_t id);
    /// Writes it where its state belongs.
    [[nodiscard]] Result<void> save(const IntentRow& row);

    /// 16 bytes that change with every step that writes.
    [[nodiscard]] Result<Bytes> state_version();
    [[nodiscard]] Result<void> set_state_version(ByteView version);

  private:
    Transaction& transaction_;
};

/// table || id (32 bytes, zero for what there is one of) || rest.
[[nodiscard]] Bytes home_key(std::string_view table, ByteView id, ByteView rest = {});
[[nodiscard]] Bytes home_key(std::string_view table);
/// An id for a row that is found by a value of any length: its SHA-256.
[[nodiscard]] Bytes hashed_id(std::initializer_list<ByteView> parts);
[[nodiscard]] ByteArray<8> big_endian(std::uint64_t value);

}  // namespace chatmcp::client
