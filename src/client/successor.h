#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/repair.h"
#include "client/step.h"

namespace chatmcp::client {

// A new group in place of one that nobody can follow any more (DESIGN 5, Repair). An admin starts
// it without whoever broke the old one; it names the old one (component successor_of), and whoever
// had accepted that joins it without a request and sends there what was still waiting.

/// What a create_chat intent continues, in CommitBody::extra; a new conversation has none.
struct Continued {
    ChatId predecessor{};
    std::vector<std::string> admins;  // Beside ourselves, as far as they come along.
    auto fields(this auto& self) { return std::tie(self.predecessor, self.admins); }
};
[[nodiscard]] Result<std::optional<Continued>> continued_by(const IntentRow& intent);

/// RepairChat. Errors: permission_denied (CLT-106) the conversation goes on, or was only a request,
/// (CLT-107) no admin; already_exists (CLT-108) it has a successor; not_found (CLT-45) somebody who
/// is not in it is to be left out.
[[nodiscard]] Result<void> start_repair(Step& step, const RepairChat& command);

/// The conversation that a Welcome into `view` continues without asking: known here, accepted, and
/// the inviter is an admin of it.
[[nodiscard]] Result<std::optional<ChatId>> succeeds(Step& step,
                                                     const mls::GroupView& view,
                                                     std::string_view inviter);
/// `to` takes the place of `from`: the old one ends (CLT-109), texts that wait in it are sent in
/// the new one, and whatever else waits is refused (CLT-109).
[[nodiscard]] Result<void> succeed(Step& step, const ChatId& from, const ChatId& to);

}  // namespace chatmcp::client
