#pragma once

#include "base/result.h"
#include "client/step.h"

namespace chatmcp::client {

// This device's inbox at the relay: welcomes into groups, which become requests, and answers of
// assistants.

/// Make the read, stream or acknowledgement that is wanted and not under way.
[[nodiscard]] Result<void> progress_inbox(Step& step);

/// Errors named by notices: CLT-31 a welcome whose acceptance does not fit the group it opens,
/// CLT-33 from somebody who was blocked, CLT-34 for a group that this device is in (kept until its
/// topic says that it is not), CLT-32 into a companion that this home did not agree to; those of
/// mls::Group::join.
[[nodiscard]] Result<void> inbox_replied(Step& step, const wire::ReadInbox::Reply& reply);
/// The relay has deleted what was acknowledged.
[[nodiscard]] Result<void> inbox_acknowledged(Step& step);
[[nodiscard]] Result<void> inbox_pushed(Step& step, const wire::InboxItem& item);

/// A group ended here: a welcome into it that came before we knew may be taken up now.
[[nodiscard]] Result<void> take_kept_welcomes(Step& step);

[[nodiscard]] Result<bool> is_blocked(Step& step, std::string_view account);
[[nodiscard]] Result<void> block(Step& step, std::string_view account);

}  // namespace chatmcp::client
