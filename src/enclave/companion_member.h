#pragma once

#include <optional>

#include "enclave/agent_state.h"

namespace chatmcp::enclave {

// The agent as a member of one companion: it follows the topic epoch by epoch, renews itself, keeps
// the copies, and answers (DESIGN 8 and 9).

/// A Welcome from the inbox. What it refuses becomes a note, changes nothing and is false.
///
/// Checks: those of mls::Group::join and client::ConversationRules, which hold our package's
///         delegation against this group (ID-16) and the grant against our leaf (CLT-53);
///         equivocation (ENC-09) not the relay's proof for the epoch that it leads into, or another
///         relay's group; permission_denied (ENC-10) the grant names another credential than the
///         one that we have now; untrusted_identity (ENC-12) no development component, or one that
///         names another root; resource_exhausted (ENC-07) too many companions.
[[nodiscard]] Result<bool> take_welcome(AgentStep& step, const wire::InboxItem& item);

/// Load all companions at the start.
[[nodiscard]] Result<void> load_companions(AgentStep& step);

/// One envelope of a companion's topic.
///
/// Checks: equivocation (ENC-13) out of place, or a proof that is none; invalid_argument (ENC-14) a
///         commit that nobody can follow: the companion ends here; conflict (ENC-15) a commit of
///         our own leaf that we did not stage: another enclave runs on this state, and this one
///         falls silent; cannot_open (ENC-16) a message, which is asked for once more; malformed
///         (ENC-17) what it says; resource_exhausted (ENC-18) originals beyond grant or limits.
[[nodiscard]] Result<void> take_envelope(AgentStep& step,
                                         Companion& companion,
                                         const wire::Envelope& envelope);

/// Read the topic again from where we stand, a little later.
void ask_topic_again(AgentStep& step, Companion& companion);

/// Send what is due: stream, Update, messages.
[[nodiscard]] Result<void> progress_companion(AgentStep& step, Companion& companion);

[[nodiscard]] Result<void> bundle_answered(AgentStep& step,
                                           Companion& companion,
                                           const std::optional<client::Reason>& refused);
[[nodiscard]] Result<void> message_answered(AgentStep& step,
                                            Companion& companion,
                                            std::uint64_t request,
                                            const std::optional<client::Reason>& refused);

/// Erase everything about a companion: we are no longer in it.
[[nodiscard]] Result<void> forget_companion(AgentStep& step, const GroupId& id);

/// Latest of the host's clock and the acceptances of this companion.
[[nodiscard]] UnixMs time_in(const AgentStep& step, const Companion& companion);

}  // namespace chatmcp::enclave
