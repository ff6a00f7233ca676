#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/agent_protocol.h"
#include "client/home.h"
#include "client/step.h"
#include "client/sync.h"
#include "mls/group.h"

namespace chatmcp::client {

// The assistant of a conversation (DESIGN 9): its companion group, who agreed, whose words are
// copied, what was asked and answered. Each person's client copies that person's own words, and
// only after that person agreed.

struct AgreedRow {
    std::string account;
    wire::AgreeFrom from = wire::AgreeFrom::now;
    std::uint64_t position = 0;  // Of the agreement in the conversation.
    Bytes key_package;           // Empty: the inviter, who is in already.
    auto fields(this auto& self) {
        return std::tie(self.account, self.from, self.position, self.key_package);
    }
};

/// One companion that was announced in a conversation of ours. Table "companion/", id the group's.
struct CompanionRow {
    ChatId id{};
    ChatId conversation{};
    AssistantState state = AssistantState::announced;
    wire::Announcement announcement;
    std::string announced_by;
    std::uint64_t position = 0;  // Of the first announcement.
    UnixMs announced_at;
    bool own_agreement = false;
    wire::AgreeFrom from = wire::AgreeFrom::now;
    std::uint64_t agreed_position = 0;  // Own words after it are copied; all of them with `past`.
    std::vector<AgreedRow> agreed;
    UnixMs appraised_at;
    std::uint64_t receipts = 0;  // Highest receipt sequence that was posted.
    std::uint32_t copied = 0;
    auto fields(this auto& self) {
        return std::tie(self.id,
                        self.conversation,
                        self.state,
                        self.announcement,
                        self.announced_by,
                        self.position,
                        self.announced_at,
                        self.own_agreement,
                        self.from,
                        self.agreed_position,
                        self.agreed,
                        self.appraised_at,
                        self.receipts,
                        self.copied);
    }
};
[[nodiscard]] Result<std::optional<CompanionRow>> load_companion(Step& step, const ChatId& id);
/// Errors: storage_corrupt (CLT-07) there is none, where one has to be.
[[nodiscard]] Result<CompanionRow> known_companion(Step& step, const ChatId& id);
[[nodiscard]] Result<void> save_companion(Step& step, const CompanionRow& row);
/// The announced companion of a conversation. Errors: not_found (CLT-80).
[[nodiscard]] Result<CompanionRow> companion_of_chat(Step& step, const ChatId& conversation);
/// The development root that a companion would name or names, told by its evidence; verified by
/// nobody yet.
[[nodiscard]] std::optional<wire::Development> development_of(ByteView evidence,
                                                              const TrustSettings& trust);
/// The announced agent's evidence, judged by the policy of now.
[[nodiscard]] Result<attest::Appraisal> appraise_announced(Step& step, const CompanionRow& row);

/// An answer as it is posted: receipt, question and asker, platform and model fit together, and the
/// agent's evidence is good enough at this time.
/// Errors: those of verify_shown_leaf, verify_answer_post and verify_receipt_claims; the
/// appraisal's first.
[[nodiscard]] Result<void> appraise_answer(Step& step,
                                           const CompanionRow& row,
                                           const wire::AnswerPost& post,
                                           UnixMs at);

/// Make an announced companion the conversation's. Errors: already_exists (CLT-92) one that was
/// announced before it is open still.
[[nodiscard]] Result<void> open_companion(Step& step, const CompanionRow& row);
/// Announced, not ended by anybody, and its grant runs at this time.
[[nodiscard]] bool is_open(const CompanionRow& row, UnixMs at);

// ---- Commands ----
/// Errors: not_found (CLT-80); refused_by_policy and others: the report's first; permission_denied
/// (CLT-15, CLT-16); expired (CLT-82) grant; already_exists (CLT-81) agreed before.
[[nodiscard]] Result<void> start_agree(Step& step, const AgreeAssistant& command);
[[nodiscard]] Result<void> decline_assistant(Step& step, const DeclineAssistant& command);
/// Errors: not_found (CLT-80); permission_denied (CLT-81) only who is in the companion may.
[[nodiscard]] Result<void> start_revoke(Step& step, const RevokeAssistant& command);

// ---- What topics and relay tell ----
/// Anything but plain text: in a conversation announcements, agreements and answers; in a companion
/// what the agent says. `position` is that of the message.
[[nodiscard]] Result<void> message_received(Step& step,
                                            const ChatRow& chat,
                                            const wire::Envelope& envelope,
                                            const LeafIdentity& author,
                                            const mls::LeafView& leaf,
                                            const wire::Content& content);
/// An agent's new leaf that was not made over this epoch's nonce: CLT-72.
[[nodiscard]] Result<std::optional<mls::Distrust>> check_renewals(const mls::Group& group,
                                                                  const mls::Change& change);
[[nodiscard]] Result<void> commit_taken(Step& step,
                                        const ChatRow& chat,
                                        const CommitEffects& members);
[[nodiscard]] Result<void> chat_ended(Step& step, const ChatRow& chat);
/// Errors: permission_denied (CLT-32) not the companion that this home agreed to.
[[nodiscard]] Result<void> check_companion_welcome(Step& step,
                                                   const mls::GroupView& view,
                                                   const ChatId& id,
                                                   const wire::CompanionOf& companion_of);
[[nodiscard]] Result<void> companion_joined(Step& step, const ChatRow& chat);

// ---- What became of own intents ----
[[nodiscard]] Result<void> own_text_delivered(Step& step, const IntentRow& intent);
[[nodiscard]] Result<void> agreement_delivered(Step& step, const IntentRow& intent);
[[nodiscard]] Result<void> copy_delivered(Step& step, const IntentRow& intent);
[[nodiscard]] Result<void> members_added(Step& step, const IntentRow& intent);
/// Queue own words of a conversation for its companion. Returns how many.
[[nodiscard]] Result<std::uint32_t> queue_own_words(Step& step, const CompanionRow& row);
/// Announce a companion in its conversation (again), with the agent's present leaf.
[[nodiscard]] Result<IntentRow> announce(Step& step, const CompanionRow& row);

}  // namespace chatmcp::client
