#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/account.h"
#include "client/intents.h"
#include "client/step.h"
#include "mls/group.h"

namespace chatmcp::client {

// How an intent gets something into a topic: encrypted or staged, written, carried, and carried
// again byte for byte until the relay's answer or the topic itself says what became of it.

/// A message as it was encrypted for one epoch.
struct OutgoingRow {
    std::uint64_t epoch = 0;
    Bytes payload;
    wire::Ed25519Signature signature{};
    auto fields(this auto& self) { return std::tie(self.epoch, self.payload, self.signature); }
};

/// Body of every intent that publishes one message: its content, always the same bytes, and its
/// ciphertext, made anew for each epoch that it is tried in.
struct MessageBody {
    Bytes content;  // Encoded wire::Content; empty: a proposal to leave.
    std::optional<OutgoingRow> outgoing;
    Bytes extra;  // Of the intent's kind.
    auto fields(this auto& self) { return std::tie(self.content, self.outgoing, self.extra); }
};

/// The content of a new message, with its salt and time.
[[nodiscard]] wire::Content make_content(Step& step, wire::ContentType type, Bytes body);
/// A pending intent that publishes `content` into `chat`. Saved.
[[nodiscard]] Result<IntentRow> new_message(Step& step,
                                            IntentKind kind,
                                            const ChatId& chat,
                                            const wire::Content& content,
                                            Bytes extra = {});
[[nodiscard]] Result<IntentRow> new_leave(Step& step, const ChatId& chat);

[[nodiscard]] Result<void> progress_message(Step& step, IntentRow& intent);
/// The relay took it, as its answer or the topic says. Twice is once.
[[nodiscard]] Result<void> message_accepted(Step& step,
                                            IntentRow& intent,
                                            std::uint64_t position,
                                            UnixMs accepted_at);

/// A person to add: looked up in the account's device log, then a key package claimed.
struct InviteeRow {
    std::string account;
    bool looked_up = false;
    std::optional<wire::Ed25519Key> root_key;
    std::vector<wire::Digest> log_hashes;  // Of the log's entries, in order.
    Bytes key_package;
    bool added = false;               // By an earlier commit of this intent.
    std::optional<ReasonRow> reason;  // Why it cannot be added.
    auto fields(this auto& self) {
        return std::tie(self.account,
                        self.looked_up,
                        self.root_key,
                        self.log_hashes,
                        self.key_package,
                        self.added,
                        self.reason);
    }
};

/// Somebody to add who wants a pass of strangers, and whose token we do not have.
struct StrangerRow {
    std::string account;
    wire::InboxId inbox{};
    bool asked = false;
    std::optional<wire::StampTerms> terms;  // Absent once asked: every welcome is taken.
    auto fields(this auto& self) {
        return std::tie(self.account, self.inbox, self.asked, self.terms);
    }
};

/// Body of every intent that ends in a commit: what it wishes, to be planned anew in each epoch.
struct CommitBody {
    std::string title;                   // create_chat
    std::vector<InviteeRow> invitees;    // create_chat, add_members, admit_agreed, invite_assistant
    std::string remove_account;          // remove_member, remove_outsider
    Bytes extra;                         // Of the intent's kind; of create_chat: Continued.
    bool public_handshakes = false;      // create_chat
    std::vector<StrangerRow> strangers;  // create_chat, add_members, ask_stamp_terms
    bool one_at_a_time = false;          // One of several tokens is no good: find out which.
    static constexpr std::size_t kFirstFields = 4;
    auto fields(this auto& self) {
        return std::tie(self.title,
                        self.invitees,
                        self.remove_account,
                        self.extra,
                        self.public_handshakes,
                        self.strangers,
                        self.one_at_a_time);
    }
};
[[nodiscard]] Result<CommitBody> commit_body(const IntentRow& intent);
[[nodiscard]] Result<void> save_commit_body(Step& step, IntentRow& intent, const CommitBody& body);

/// The bundle of a chat's staged commit, as it is carried. Table "bundle/", id the group's.
struct BundleRow {
    struct WelcomeRow {
        wire::InboxId inbox{};
        Bytes welcome;
        auto fields(this auto& self) { return std::tie(self.inbox, self.welcome); }
    };
    std::uint64_t epoch = 0;
    Bytes commit;
    wire::Ed25519Key next_admission_key{};
    std::vector<WelcomeRow> welcomes;
    wire::Ed25519Signature signature{};
    std::vector<std::optional<wire::Pass>> passes;  // Of the welcomes, in their order.
    static constexpr std::size_t kFirstFields = 5;
    auto fields(this auto& self) {
        return std::tie(self.epoch,
                        self.commit,
                        self.next_admission_key,
                        self.welcomes,
                        self.signature,
                        self.passes);
    }
};
[[nodiscard]] Bytes bundle_key(const ChatId& chat);

/// Stage the plan and write the bundle; afterwards it is carried. What staging refuses ends the
/// intent.
[[nodiscard]] Result<void> stage_commit(Step& step,
                                        IntentRow& intent,
                                        ChatRow& chat,
                                        mls::Plan plan);
/// Its passes are complete: sign it as it is now.
[[nodiscard]] Result<void> sign_bundle(Step& step, const ChatRow& chat, BundleRow& bundle);
/// Carry the staged bundle of this intent.
[[nodiscard]] Result<void> carry_bundle(Step& step, IntentRow& intent, const ChatRow& chat);
/// Somebody else's commit took the slot: undo the staging, the intent plans again.
[[nodiscard]] Result<void> discard_staged(Step& step, ChatRow& chat);

/// Why nothing may be encrypted in this chat now, if so. Errors: permission_denied (CLT-15) it is
/// not accepted, left or gone; refused_by_policy (CLT-16) quarantined.
[[nodiscard]] Result<void> check_sendable(const ChatRow& chat);

/// Leaves of an account in a group.
[[nodiscard]] Result<std::vector<mls::LeafIndex>> leaves_of(const mls::GroupView& view,
                                                            std::string_view account);

}  // namespace chatmcp::client
