#pragma once

#include <optional>

#include "base/result.h"
#include "client/step.h"

namespace chatmcp::client {

// Following topics: epoch by epoch, sequence by sequence, believing nothing of the relay that is
// not signed or sealed. What breaks a rule is named and not taken over; what is taken over is taken
// over once, whoever brought it: a read, a stream, or another process on this home.

/// Want all that is new in a chat.
void want_sync(Step& step, const ChatId& chat);
/// Want it in a chat and its open companion.
[[nodiscard]] Result<void> want_sync_with_companion(Step& step, const ChatId& chat);
/// Want it everywhere, the inbox first.
[[nodiscard]] Result<void> want_sync_all(Step& step);

/// Make the reads and subscriptions that are wanted and not under way.
[[nodiscard]] Result<void> progress_sync(Step& step);

[[nodiscard]] Result<void> topic_replied(Step& step,
                                         const Task& task,
                                         const wire::ReadTopic::Reply& reply);
[[nodiscard]] Result<void> topic_pushed(Step& step,
                                        const Task& task,
                                        const wire::Envelope& envelope);
/// A read was refused, or a stream ended with a reason. `history_expired` becomes a gap.
[[nodiscard]] Result<void> topic_failed(Step& step, const Task& task, const Reason& reason);

/// What the conversation and its companion owe after a commit: see duties in companion.h.
struct CommitEffects {
    std::vector<std::string> added;    // Accounts of people.
    std::vector<std::string> removed;  // Accounts of people.
    bool agent_changed = false;
};

}  // namespace chatmcp::client
