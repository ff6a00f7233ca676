#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "client/effect.h"
#include "identity/caip10.h"
#include "wire/components.h"
#include "wire/content.h"
#include "wire/delivery.h"

namespace chatmcp::client {

// What a user interface can ask a Client: plain values, read in one transaction.

struct AccountView {
    identity::Caip10 account;
    wire::Ed25519Key root_key{};  // This device.
    wire::InboxId inbox{};
    wire::Ed25519Key relay_key{};
    bool registered = false;         // The relay has this device in the account's log.
    std::uint32_t key_packages = 0;  // In the directory, as last told.
    std::optional<UnixMs> root_expires_at;
};

enum class ChatState : std::uint8_t {
    creating = 1,  // Own, not at the relay yet.
    request = 2,   // Joined and not accepted: nothing is shown of its content.
    active = 3,
    leaving = 4,  // The own removal is proposed.
    left = 5,
    removed = 6,  // By somebody else.
    broken = 7,   // Its sequencer accepted a commit that is not valid: it cannot go on.
    lost = 8,     // What this device would need to follow has expired at the relay.
};

/// Why a conversation encrypts nothing: a member who is in, but not trusted by this home.
struct Distrusted {
    std::string member;  // CAIP-10 account, or the operator's for an agent.
    bool agent = false;
    Reason reason;
};

struct Gap {
    std::uint64_t from = 0;  // First and last sequence that this device never saw.
    std::uint64_t to = 0;
};

struct ChatSummary {
    ChatId chat{};
    std::string title;
    ChatState state = ChatState::creating;
    std::uint64_t epoch = 0;
    std::uint32_t members = 0;
    std::uint32_t unread = 0;
    std::uint64_t last_position = 0;
    std::optional<std::string> inviter;  // CAIP-10; absent for the creator.
    UnixMs received_at;                  // When it was created or its welcome came.
    std::optional<Reason> reason;  // Of broken, lost; of a quarantine: the first of `distrusted`.
    std::vector<Distrusted> distrusted;  // Not empty: quarantined. Remove them, or leave.
};

struct ChatView {
    ChatSummary summary;
    wire::TopicId topic{};
    wire::Ed25519Key sequencer{};
    bool public_handshakes = false;
    Bytes epoch_authenticator;
    std::vector<std::string> admins;
    std::vector<IntentView> pending;
    std::vector<Gap> gaps;
    std::optional<ChatId> companion;  // Of the open announcement.
    std::optional<ChatId> predecessor;
    std::optional<ChatId> successor;
};

/// An epoch that this device stood in. All members of one epoch have the same authenticator.
struct EpochView {
    std::uint64_t epoch = 0;
    Bytes authenticator;
    std::uint64_t position = 0;  // Of the commit that made it; 0: the group's first epoch.
    UnixMs accepted_at;
};

struct MemberView {
    enum class State : std::uint8_t { present = 1, invited = 2, expired = 3, distrusted = 4 };
    std::string account;  // CAIP-10; of an agent: its operator.
    State state = State::invited;
    bool admin = false;
    bool self = false;
    bool agent = false;
    std::optional<Reason> reason;
};

struct MessageView {
    std::uint64_t position = 0;  // 0: pending.
    wire::MessageId id{};
    std::string author;  // CAIP-10
    bool self = false;
    wire::ContentType type = wire::ContentType::text;
    std::string text;  // Of type text; of answer_post the answer's.
    /// What is not of its type is absent.
    std::optional<wire::Announcement> announcement;
    std::optional<wire::Agreement> agreement;
    std::optional<wire::AnswerPost> answer;
    std::optional<wire::Payment> payment;  // The author's word: chain::check_payment.
    std::optional<wire::PaymentRequest> payment_request;
    UnixMs sent_at;      // The author's claim.
    UnixMs accepted_at;  // The relay's.
    UnixMs read_at;      // This home's clock when it was opened.
    IntentState state = IntentState::delivered;
    /// Why it could not be opened, or why an answer does not verify.
    std::optional<Reason> reason;
};

/// An entry of the relay's list: nothing in it is proven but that the enclave key signed it.
struct AssistantView {
    wire::Ed25519Key enclave_key{};
    std::string name;
    std::string model;
    std::string operator_account;  // CAIP-10
    wire::Digest measurement{};
    wire::Digest configuration_digest{};
    wire::Digest credential_digest{};
    std::vector<wire::Scope> scopes;
};

/// One line of a factor report.
struct FactorView {
    std::string id;
    std::string result;  // pass, fail, not proven
    std::string detail;
    std::string remedy;
};
struct RefusalView {
    Reason reason;
    std::string detail;
};

enum class AssistantState : std::uint8_t {
    offered = 1,    // Probed, not invited.
    announced = 2,  // Open, and this home did not agree.
    agreed = 3,     // Agreed, and not in the companion yet.
    member = 4,     // In the companion.
    declined = 5,
    revoked = 6,
    expired = 7,
};

struct AgreedView {
    std::string account;
    wire::AgreeFrom from = wire::AgreeFrom::now;
    std::uint64_t position = 0;
};

/// An assistant as this home judges it, by its policy of now.
struct AssistantReport {
    wire::Ed25519Key enclave_key{};
    std::optional<ChatId> companion;
    wire::Digest measurement{};
    wire::Digest configuration_digest{};
    std::string operator_account;
    std::string evidence_class;  // confidential, key-protection, simulated
    std::optional<wire::Grant> grant;
    std::optional<wire::Digest> grant_digest;
    AssistantState state = AssistantState::offered;
    bool accepted = false;
    std::vector<RefusalView> refusals;
    std::vector<FactorView> factors;
    std::vector<AgreedView> agreed;
    std::uint64_t companion_epoch = 0;     // Of a member.
    std::uint64_t companion_position = 0;  // Last sequence of the companion's topic seen.
    std::uint32_t copied = 0;              // Own words that were copied.
    UnixMs evidence_at;
    Bytes evidence;  // CMW
};

/// What `receipt show` writes: everything that a stranger needs to verify an answer alone.
///
/// Wire:  uint16 version (1); opaque announcement<V> (wire::Announcement); uint64 announced_at_ms;
///        opaque answer_post<V> (wire::AnswerPost); uint64 answered_at_ms (acceptance of the post);
///        opaque prompts<V> of opaque prompt<V> (empty unless this home was in the companion).
struct ReceiptFile {
    static constexpr std::uint16_t kVersion = 1;
    static constexpr std::size_t kMaxBytes = std::size_t{16} * 1024 * 1024;
    wire::Announcement announcement;
    UnixMs announced_at;
    wire::AnswerPost answer_post;
    UnixMs answered_at;
    std::vector<Bytes> prompts;

    static Result<ReceiptFile> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// Costs of the model, as the agent reported them (of one's own questions).
struct AnswerTiming {
    std::uint32_t first_token_ms = 0;
    std::uint32_t output_tokens = 0;
    std::uint32_t generation_ms = 0;
};

/// What `ask` came to.
struct AskView {
    IntentView intent;
    std::optional<wire::AnswerPost> post;
    std::optional<wire::MessageId> post_id;
    std::optional<wire::Refusal> refusal;
    AnswerTiming timing;
    /// Positions of the answer's rests_on, same order; 0 where this home does not have the message.
    std::vector<std::uint64_t> rests_on_positions;
};

/// What this device asks of strangers.
struct StampSettingsView {
    bool wanted = false;
    std::uint64_t own_price = 0;  // Units of CHAT.
    bool told = false;            // The relay knows it as it is.
    std::uint32_t tokens = 0;     // Conversations whose members need no stamp.
};

enum class SentStampState : std::uint8_t {
    wanted = 1,   // To be locked.
    locked = 2,   // Locked, and its welcome is on the way.
    used = 3,     // Its welcome was delivered.
    useless = 4,  // Its welcome will never be: to be reclaimed, if it was locked.
};
/// A stamp of ours: what it is for, and under which terms. Also how a home keeps it.
struct SentStamp {
    IntentId intent;
    std::string account;  // CAIP-10: who it is for.
    wire::InboxId inbox{};
    wire::StampTerms terms;
    ByteArray<32> salt{};
    wire::Digest welcome_digest{};
    std::optional<ByteArray<32>> one_time_key;  // From when it was locked.
    SentStampState state = SentStampState::wanted;
    UnixMs made_at;
    auto fields(this auto& self) {
        return std::tie(self.intent.value,
                        self.account,
                        self.inbox,
                        self.terms,
                        self.salt,
                        self.welcome_digest,
                        self.one_time_key,
                        self.state,
                        self.made_at);
    }
};

enum class ReceivedStampState : std::uint8_t {
    open = 1,      // Not answered.
    accepted = 2,  // To be given back,
    rejected = 3,  // or burned, as soon as somebody submits the answer.
};
/// A stamp that came with a welcome. Also how a home keeps it.
struct ReceivedStamp {
    std::optional<ChatId> chat;  // Absent: the welcome was refused.
    std::string inviter;         // CAIP-10
    wire::StampPass pass;        // As the relay says: whoever signs makes the key again.
    wire::Digest welcome_digest{};
    ReceivedStampState state = ReceivedStampState::open;
    UnixMs received_at;
    auto fields(this auto& self) {
        return std::tie(self.chat,
                        self.inviter,
                        self.pass.salt,
                        self.pass.one_time_key,
                        self.welcome_digest,
                        self.state,
                        self.received_at);
    }
};

/// A payment that was begun and not said yet. Also how a home keeps it.
struct PaymentDraft {
    ChatId chat{};
    wire::PaymentTerms terms;
    std::string text;
    std::optional<ByteArray<64>> transaction;  // As it was signed last.
    UnixMs made_at;
    auto fields(this auto& self) {
        return std::tie(self.chat, self.terms, self.text, self.transaction, self.made_at);
    }
};

struct StatusView {
    std::optional<AccountView> account;
    std::uint32_t chats = 0;
    std::uint32_t requests = 0;
    std::uint32_t pending = 0;
    std::optional<std::int64_t> clock_skew_ms;  // Relay's clock minus ours, when it last told.
};

}  // namespace chatmcp::client
