#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "identity/caip10.h"
#include "wire/content.h"
#include "wire/delivery.h"

namespace chatmcp::client {

// What a user can want. A command is an event of Client::step; whatever it starts and cannot end
// at once becomes an intent, which is durable before any of its requests leaves.

/// A conversation, or a companion: its MLS group id.
using ChatId = wire::GroupId;

inline constexpr std::size_t kChatMembersMax = 1000;  // Accounts in one CreateChat or AddMembers.

/// Make this home's device, or renew what is due. Ends in a WalletSignatureWanted notice unless
/// the wallet has signed before.
struct StartLogin {
    identity::Caip10 account;
    std::string domain;
};
/// The wallet's answer to WalletSignatureWanted.
struct WalletSigned {
    ByteArray<crypto::kEd25519SignatureBytes> signature{};
};

struct CreateChat {
    std::string title;
    std::vector<identity::Caip10> accounts;  // Others; the own account is always in.
    bool public_handshakes = false;          // The relay follows the group (wire::Handshakes).
};
struct AddMembers {
    ChatId chat{};
    std::vector<identity::Caip10> accounts;
};
struct RemoveMember {
    ChatId chat{};
    identity::Caip10 account;
};
/// Propose the own removal; the next member to sync commits it.
struct LeaveChat {
    ChatId chat{};
};
/// Start a group in place of one that is broken or lost, with its members but those who are left
/// out; whoever is known to have broken it is left out anyway.
struct RepairChat {
    ChatId chat{};
    std::vector<identity::Caip10> without;
};
struct SendText {
    ChatId chat{};
    std::string text;  // UTF-8, at most wire::Content::kTextMaxBytes.
};

struct AcceptRequest {
    ChatId chat{};
};
/// Say no and propose the own removal.
struct DeclineRequest {
    ChatId chat{};
};
/// Decline, and refuse every later request of the same inviter.
struct BlockRequest {
    ChatId chat{};
};

/// Read what is new: one conversation with its companion, or everything, the inbox first.
struct Synchronise {
    std::optional<ChatId> chat;
};
/// Hold streams open instead of asking: inbox and every conversation (or the one named). Lasts as
/// long as the Client object; `on` = false closes them.
struct Follow {
    bool on = true;
    std::optional<ChatId> chat;
};

/// Ask the relay which assistants there are: a hint. Query: Client::assistants.
struct FetchAssistants {};
/// Ask an assistant for fresh evidence without inviting it. Query: Client::assistant_report.
struct ProbeAssistant {
    wire::Ed25519Key enclave_key{};
};
/// The inviter agrees by inviting: `from` says for which own words.
struct InviteAssistant {
    ChatId chat{};
    wire::Ed25519Key enclave_key{};
    std::vector<wire::Scope> scopes;
    UnixMs expires_at;
    wire::AgreeFrom from = wire::AgreeFrom::now;
};
struct AgreeAssistant {
    ChatId chat{};
    wire::AgreeFrom from = wire::AgreeFrom::now;
};
/// Local only: the announcement is no longer offered to the user.
struct DeclineAssistant {
    ChatId chat{};
};
/// Remove the agent from the companion.
struct RevokeAssistant {
    ChatId chat{};
};
struct Ask {
    ChatId chat{};
    wire::Scope scope = wire::Scope::answer;
    std::string text;  // At most wire::Question::kTextMaxBytes.
};

/// What strangers need to write to this device. The relay is told; contacts get tokens.
struct SetStampSettings {
    bool wanted = false;
    std::uint64_t own_price = 0;  // Units of CHAT; the chain's bounds are around it.
};
/// Ask what somebody's inbox wants of strangers. Query: Client::stamp_terms.
struct AskStampTerms {
    identity::Caip10 account;
};
/// Stamps of Client::sent_stamps were locked on the chain, each under this key: their welcomes may
/// go.
struct StampsLocked {
    struct Lock {
        ByteArray<32> salt{};
        ByteArray<32> one_time_key{};
    };
    std::vector<Lock> locks;
};
/// Invite nobody for whom a stamp is still wanted.
struct DeclineStamps {
    std::uint64_t intent = 0;  // SentStamp::intent
};
/// The chain has nothing of this stamp any more, or nothing that we still wait for.
struct ForgetStamp {
    ByteArray<32> one_time_key{};
};

/// Before a payment is signed: it is said in this conversation once it is made.
struct DraftPayment {
    ChatId chat{};
    wire::PaymentTerms terms;
    std::string text;  // At most wire::Payment::kTextMaxBytes.
};
/// Before it is sent to the chain, and each time that it is signed anew.
struct PaymentSigned {
    ByteArray<32> nonce{};
    ByteArray<64> transaction{};
};
/// It was made: say so.
struct SendPayment {
    ByteArray<32> nonce{};
};
/// It was not made and will not be.
struct DropPayment {
    ByteArray<32> nonce{};
};
struct RequestPayment {
    ChatId chat{};
    wire::PaymentRequest request;
};

/// Replace the trust policy (JSON, docs/policy.md). Every conversation is judged again.
struct SetPolicy {
    Bytes json;
};
/// Add one machine's development root to the policy, for every program or for one.
struct AllowSimulated {
    wire::Digest root_fingerprint{};  // wire::root_fingerprint of its public key.
    std::optional<wire::Digest> measurement;
};

using Command = std::variant<StartLogin,
                             WalletSigned,
                             CreateChat,
                             AddMembers,
                             RemoveMember,
                             LeaveChat,
                             RepairChat,
                             SendText,
                             AcceptRequest,
                             DeclineRequest,
                             BlockRequest,
                             Synchronise,
                             Follow,
                             FetchAssistants,
                             ProbeAssistant,
                             InviteAssistant,
                             AgreeAssistant,
                             DeclineAssistant,
                             RevokeAssistant,
                             Ask,
                             SetStampSettings,
                             AskStampTerms,
                             StampsLocked,
                             DeclineStamps,
                             ForgetStamp,
                             DraftPayment,
                             PaymentSigned,
                             SendPayment,
                             DropPayment,
                             RequestPayment,
                             SetPolicy,
                             AllowSimulated>;

}  // namespace chatmcp::client
