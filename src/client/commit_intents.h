#pragma once

#include "base/result.h"
#include "client/publish.h"
#include "client/step.h"

namespace chatmcp::client {

// Intents that end in a commit: create a chat, add, remove, commit what others proposed, renew the
// own leaf. Each is planned on the group as it is, and planned again when another commit was first.

/// The commit of any intent that has one.
[[nodiscard]] Result<void> progress_commit(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> commit_replied(Step& step,
                                          IntentRow& intent,
                                          const wire::PublishBundle::Reply& reply);

/// A commit of create_chat or add_members was accepted: whether people are left for the next one.
[[nodiscard]] Result<bool> somebody_left_to_add(Step& step, IntentRow& intent);

/// Duties of every member: commit proposals to leave, renew the own leaf in time.
[[nodiscard]] Result<void> start_chat_duties(Step& step, const ChatRow& chat);

}  // namespace chatmcp::client
