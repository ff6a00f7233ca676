#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/publish.h"
#include "client/step.h"
#include "client/view.h"

namespace chatmcp::client {

// Writing to somebody for the first time (DESIGN 11), from both sides. A welcome to an inbox that
// wants passes comes with the delivery token that its owner gave us, or with a stamp, which the
// wallet locks on the chain: this client says for what and under which terms, and is told of it.

/// Stamps of ours. Table "stamps-out/", rest a hash of the salt.
[[nodiscard]] Result<std::vector<SentStamp>> sent_stamps(Step& step);
/// Stamps that came with welcomes. Table "stamps-in/", rest a hash of the key.
[[nodiscard]] Result<std::vector<ReceivedStamp>> received_stamps(Step& step);

// ---- Inviting ----

/// Give each welcome the pass that it needs, as far as it is known: a token, or a stamp whose key
/// is zero until it is locked.
[[nodiscard]] Result<void> attach_passes(Step& step,
                                         const IntentRow& intent,
                                         std::vector<wire::WelcomeDelivery>& welcomes);
/// Stamps of this bundle are to be locked yet.
[[nodiscard]] bool awaits_stamps(const BundleRow& bundle);
/// The same of what is staged in a conversation.
[[nodiscard]] Result<bool> awaits_stamps(Step& step, const ChatRow& chat);

/// The relay refused a bundle for want of a pass, or for one that is no good: it is made again with
/// another, or carried again when the chain has gone on. Returns whether that was the reason.
[[nodiscard]] Result<bool> pass_refused(Step& step,
                                        IntentRow& intent,
                                        const Task& task,
                                        const Reason& reason);
/// What became of the bundle that an intent's stamps were for.
[[nodiscard]] Result<void> stamps_discarded(Step& step, std::uint64_t intent);
[[nodiscard]] Result<void> stamps_used(Step& step, std::uint64_t intent);

/// Ask for terms that are not known. Returns whether all are.
[[nodiscard]] Result<bool> progress_terms(Step& step, IntentRow& intent, const CommitBody& body);
[[nodiscard]] Result<void> terms_came(Step& step,
                                      IntentRow& intent,
                                      const Task& task,
                                      const wire::GetStampTerms::Reply& reply);

/// Errors: not_found (CLT-76) there is no such stamp.
[[nodiscard]] Result<void> stamps_locked(Step& step, const StampsLocked& command);
/// Errors: not_found (CLT-77) no stamp of this intent is to be locked.
[[nodiscard]] Result<void> decline_stamps(Step& step, const DeclineStamps& command);

// ---- Being invited ----

/// A welcome came, with a stamp or without.
[[nodiscard]] Result<void> stamp_came(Step& step,
                                      const wire::InboxItem& item,
                                      const std::optional<ChatId>& chat,
                                      const std::string& inviter,
                                      ReceivedStampState state);
/// Whoever sent this request gets the stamp back, or not. Without a stamp: nothing.
[[nodiscard]] Result<void> answer_stamp(Step& step, const ChatId& chat, ReceivedStampState answer);
/// Of either direction. One that is not there: nothing.
[[nodiscard]] Result<void> forget_stamp(Step& step, const ForgetStamp& command);

}  // namespace chatmcp::client
