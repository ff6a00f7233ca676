#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "client/command.h"
#include "identity/caip10.h"
#include "wire/content.h"
#include "wire/delivery.h"

namespace chatmcp::client {

/// Names one request while the Client object that made it lives; never used twice by it.
struct EffectId {
    std::uint64_t value = 0;
    friend auto operator<=>(const EffectId&, const EffectId&) = default;
};
/// Names what a user wanted, for as long as the home exists. From 1.
struct IntentId {
    std::uint64_t value = 0;
    friend auto operator<=>(const IntentId&, const IntentId&) = default;
};

/// A refusal as it is kept and shown: `check` is a row of docs/CHECKS.md, ours or the relay's.
struct Reason {
    Errc code = Errc::internal;
    std::string check;

    static Reason from(const Error& error) { return {error.code, error.check}; }
    friend bool operator==(const Reason&, const Reason&) = default;
};

// ---- Requests: complete and signed. Who carries one changes nothing, and may carry it twice. ----

using RequestBody = std::variant<wire::GetRelayInfo,
                                 wire::GetChallenge,
                                 wire::Login,
                                 wire::UploadKeyPackages,
                                 wire::ClaimKeyPackages,
                                 wire::GetDeviceLog,
                                 wire::AppendDeviceLog,
                                 wire::CreateTopic,
                                 wire::PublishBundle,
                                 wire::PublishMessage,
                                 wire::ReadTopic,
                                 wire::SubscribeTopic,
                                 wire::SendInbox,
                                 wire::ReadInbox,
                                 wire::SubscribeInbox,
                                 wire::AckInbox,
                                 wire::PutAgentEntry,
                                 wire::ListAgents,
                                 wire::SetInboxPolicy,
                                 wire::GetStampTerms>;

struct Request {
    EffectId id;
    RequestBody body;
};

/// The answer of a unary request: the Reply of its type.
using ReplyBody = std::variant<wire::GetRelayInfo::Reply,
                               wire::GetChallenge::Reply,
                               wire::Login::Reply,
                               wire::UploadKeyPackages::Reply,
                               wire::ClaimKeyPackages::Reply,
                               wire::GetDeviceLog::Reply,
                               wire::AppendDeviceLog::Reply,
                               wire::CreateTopic::Reply,
                               wire::PublishBundle::Reply,
                               wire::PublishMessage::Reply,
                               wire::ReadTopic::Reply,
                               wire::SendInbox::Reply,
                               wire::ReadInbox::Reply,
                               wire::AckInbox::Reply,
                               wire::PutAgentEntry::Reply,
                               wire::ListAgents::Reply,
                               wire::SetInboxPolicy::Reply,
                               wire::GetStampTerms::Reply>;

// ---- Events: everything that a Client is ever told. ----

/// A unary request ended. `outcome` holds the answer, or why there is none: what the relay said, or
/// `unavailable` and `deadline_exceeded` from the carrier, which mean that the request may or may
/// not have been done.
struct Replied {
    EffectId id;
    std::variant<ReplyBody, Reason> outcome;
    /// What a login over the same connection has to be bound to (wire::Login::channel). The carrier
    /// fills it in for GetChallenge at least, and carries the Login that follows on that
    /// connection.
    Bytes channel;
};
/// One item of a stream that SubscribeTopic or SubscribeInbox opened.
struct PushedEnvelope {
    EffectId id;
    wire::Envelope envelope;
};
struct PushedInboxItem {
    EffectId id;
    wire::InboxItem item;
};
/// A stream ended; without a reason: because the epoch did, or the login that opened it.
struct StreamEnded {
    EffectId id;
    std::optional<Reason> reason;
};
/// Nothing happened but time. Also the first event after a start: pending intents go on.
struct Tick {};

struct Event {
    UnixMs now;  // The local clock. Decides retries and own expiry dates, never validity.
    std::variant<Command, Replied, PushedEnvelope, PushedInboxItem, StreamEnded, Tick> what;
};

// ---- Notices: for the user interface. What they tell is durable already; none must be kept. ----

enum class IntentKind : std::uint8_t {
    login = 1,
    create_chat = 2,
    add_members = 3,
    remove_member = 4,
    leave = 5,
    send_text = 6,
    decline = 7,
    fetch_assistants = 8,
    probe_assistant = 9,
    invite_assistant = 10,
    agree_assistant = 11,
    revoke_assistant = 12,
    ask = 13,
    set_stamp_settings = 14,
    ask_stamp_terms = 15,
    send_payment = 16,  // Or ask for one.
    // Duties of this client, not commands.
    commit_proposals = 32,  // Somebody proposed to leave.
    rotate_leaf = 33,       // The own delegation ends soon.
    announce = 34,          // Repeat an open announcement for somebody new.
    admit_agreed = 35,      // Add a person who agreed to the companion.
    copy_words = 36,        // Own words into the companion.
    post_answer = 37,       // An answer into the conversation.
    remove_agent = 38,      // Expired, or no longer accepted.
    remove_outsider = 39,   // A person in the companion who is not in the conversation.
    request_readd = 40,     // Ask to be taken out and in again.
    readd_member = 41,      // Somebody asked.
    remove_expired = 42,    // Persons whose delegations ended long ago.
    give_token = 43,        // Our delivery token to who is in a conversation.
};

enum class IntentState : std::uint8_t { pending = 1, delivered = 2, refused = 3 };

struct Missing {
    identity::Caip10 account;
    Reason reason;
};

/// What became of an intent. Fields that its kind does not have are empty.
struct IntentView {
    IntentId id;
    IntentKind kind = IntentKind::send_text;
    IntentState state = IntentState::pending;
    std::optional<Reason> reason;  // Of `refused`; of `pending`: why it waits, where it does.
    std::optional<ChatId> chat;    // Of create_chat: from the start.
    std::optional<ChatId> companion;
    std::optional<wire::MessageId> message;
    std::optional<std::uint64_t> position;  // Sequence in the topic it went to.
    std::optional<UnixMs> accepted_at;
    UnixMs started_at;
    std::vector<Missing> missing;  // create_chat, add_members: who could not be added, and why.
    std::uint32_t copied = 0;      // agree_assistant, invite_assistant: own past words queued.
};

/// The wallet has to sign exactly this text; answer with the command WalletSigned.
struct WalletSignatureWanted {
    identity::Caip10 account;
    std::string text;
};
struct IntentChanged {
    IntentView intent;
};
/// The conversation has something new to read up to `through`: Client::messages.
struct MessagesArrived {
    ChatId chat{};
    std::uint64_t through = 0;
};
struct RequestArrived {
    ChatId chat{};
};
/// Members, title, state or assistant of a conversation changed.
struct ChatChanged {
    ChatId chat{};
};
/// A question is being worked on.
struct QuestionProgress {
    ChatId chat{};
    IntentId intent;
    wire::Progress progress;
};
/// Something came that breaks a rule, and was not taken over: a relay that drops, repeats, reorders
/// or alters, a welcome or message that is not what it has to be.
struct Misbehaviour {
    std::optional<ChatId> chat;
    std::uint64_t position = 0;  // Where there is one.
    Reason reason;
};
/// The relay did not answer, or is full or busy (resource_exhausted, rate_limited); what waits is
/// tried again at `again_at`.
struct Unreachable {
    Reason reason;
    UnixMs again_at;
};
/// All that could be done is done: no request is under way but streams. Intents may be pending;
/// then `wake_at` says when a Tick may help.
struct Idle {
    std::optional<UnixMs> wake_at;
};

using Notice = std::variant<WalletSignatureWanted,
                            IntentChanged,
                            MessagesArrived,
                            RequestArrived,
                            ChatChanged,
                            QuestionProgress,
                            Misbehaviour,
                            Unreachable,
                            Idle>;

/// What one step asks for. The carrier commits the transaction first, then carries `requests` and
/// closes `closed` streams.
struct Effects {
    std::vector<Request> requests;
    std::vector<EffectId> closed;
    std::vector<Notice> notices;
    /// The intent that a command started, if it started one.
    std::optional<IntentId> intent;
};

}  // namespace chatmcp::client
