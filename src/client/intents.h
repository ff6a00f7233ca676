#pragma once

#include <optional>

#include "base/result.h"
#include "client/step.h"

namespace chatmcp::client {

// What users want, and what this client owes to others, as rows that outlive the process. An intent
// is written before any of its requests leaves, and ends as delivered or refused; until then it is
// pending, says why where it waits, and goes on after every start.

/// Another process leaves an intent alone for this long after its owner last carried it.
inline constexpr std::int64_t kTakeOverMs = 5 * kSecondMs;

/// A new pending intent, with its number; the caller fills in the body and saves it.
[[nodiscard]] Result<IntentRow> new_intent(Step& step, IntentKind kind, std::optional<ChatId> chat);
/// When a duty that every member has may be done. Members who follow at the same time would all
/// commit at once: each waits its turn.
[[nodiscard]] UnixMs own_turn(const Step& step, const mls::GroupView& view);
[[nodiscard]] Result<void> deliver(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> refuse(Step& step, IntentRow& intent, const Error& error);
[[nodiscard]] Result<void> refuse(Step& step, IntentRow& intent, const Reason& reason);
/// It stays pending, and this is why.
[[nodiscard]] Result<void> wait_because(Step& step, IntentRow& intent, const Reason& reason);

/// Whether this process may carry a request of the intent now; notes that it does.
[[nodiscard]] Result<bool> may_carry(Step& step, IntentRow& intent, const Task& task);

/// A pending duty of this kind for this chat, if there is one.
[[nodiscard]] Result<bool> has_duty(Step& step, IntentKind kind, const ChatId& chat);

/// Go on with everything that is pending.
[[nodiscard]] Result<void> progress_intents(Step& step);
/// Another process on this home may have ended what was begun here: tell.
[[nodiscard]] Result<void> tell_ended_elsewhere(Step& step);
/// A request of an intent was answered, or was not.
[[nodiscard]] Result<void> intent_replied(Step& step, const Task& task, const ReplyBody& reply);
[[nodiscard]] Result<void> intent_failed(Step& step, const Task& task, const Reason& reason);

/// The topic or the relay said that it took an intent's message or commit: what follows from it.
[[nodiscard]] Result<void> own_message_delivered(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> own_commit_accepted(Step& step, IntentRow& intent);

[[nodiscard]] IntentView view_of(const IntentRow& intent);

}  // namespace chatmcp::client
