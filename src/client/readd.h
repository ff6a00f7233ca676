#pragma once

#include <optional>

#include "base/result.h"
#include "client/repair.h"
#include "client/step.h"
#include "identity/wallet_proof.h"
#include "mls/group.h"

namespace chatmcp::client {

// A device that can no longer follow a conversation asks some of its members to take it out and in
// again, in one commit that any person may make (DESIGN 5, Repair).

/// Members that are asked at once.
inline constexpr std::size_t kReaddAskedMax = 16;
/// How long an answer is waited for before others are asked, and how often.
inline constexpr std::int64_t kReaddAgainMs = 6 * kHourMs;
inline constexpr std::uint32_t kReaddTimesMax = 8;
/// Requests that wait for a commit of ours in one conversation.
inline constexpr std::size_t kReaddWaitingMax = 16;
/// How far ahead of the local clock a request may be dated.
inline constexpr std::int64_t kReaddAheadMaxMs = identity::kNotBeforeSlackMs;

/// Duty of a device whose conversation is broken or lost: ask, in time ask others.
[[nodiscard]] Result<void> start_readd_duty(Step& step, const ChatRow& chat);
[[nodiscard]] Result<void> progress_readd_request(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> readd_request_replied(Step& step, IntentRow& intent, const Task& task);

/// Somebody asks us. What is true becomes a duty to commit.
///
/// Errors: not_member (CLT-100) no device of a conversation of ours; bad_signature (CLT-101) not
///         that device's; not_yet_valid (CLT-102) dated too far ahead; replayed (CLT-103) the
///         device was brought in after it asked; resource_exhausted (CLT-105) too many wait; those
///         of the credential. Named and taken up: equivocation (CLT-104) the device stood in
///         another epoch of the same number than we, so the group was forked.
[[nodiscard]] Result<void> take_readd(Step& step, ByteView payload);
/// The commit that answers a request, in the group as it is. Nothing: it is done, or needless.
[[nodiscard]] Result<std::optional<mls::Plan>> plan_readd(Step& step,
                                                          const IntentRow& intent,
                                                          const mls::GroupView& view);
/// A commit took devices out and in again: older requests of theirs count no more.
[[nodiscard]] Result<void> note_readded(Step& step,
                                        const ChatRow& chat,
                                        const mls::Change& change,
                                        UnixMs accepted_at);

/// Whether a Welcome brings this device back into a conversation of its own: broken or lost here,
/// accepted before, and the inviter was in it.
[[nodiscard]] Result<bool> brings_back(Step& step, const ChatId& chat, std::string_view inviter);
/// The row of a conversation that goes on: `fresh` is what the Welcome says, and what this home
/// knew of it before stays.
[[nodiscard]] Result<ChatRow> brought_back(Step& step, ChatRow fresh);

}  // namespace chatmcp::client
