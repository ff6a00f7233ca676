#pragma once

#include <optional>

#include "base/result.h"
#include "client/companion.h"
#include "client/step.h"

namespace chatmcp::client {

// What every member of a companion owes to it: copies of own words, admission of who agreed,
// removal of who left the conversation, of an agent whose grant ended or whose evidence is refused.

/// An own message whose copy is still to be sent. Table "copy/", id companion and position.
struct QueuedRow {
    std::uint64_t position = 0;
    auto fields(this auto& self) { return std::tie(self.position); }
};
[[nodiscard]] Bytes queue_key(const ChatId& companion, std::uint64_t position);

/// Why no own words may be copied into this companion now, if so: the outsider, the ended grant or
/// the refused evidence has to go first. not_found (CLT-80): the assistant is gone. CLT-99 also
/// while either topic is not read to its end.
[[nodiscard]] Result<std::optional<Error>> copying_hindered(Step& step, const ChatRow& companion);
/// What this client owes to a companion that it is in: copies, admissions, removals.
[[nodiscard]] Result<void> start_companion_duties(Step& step, const ChatRow& companion);

}  // namespace chatmcp::client
