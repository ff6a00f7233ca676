#pragma once

#include <optional>

#include "base/result.h"
#include "client/step.h"
#include "wire/first_contact.h"

namespace chatmcp::client {

// What this device asks of strangers, as the relay is told, and the delivery tokens: one for every
// conversation, made here and given to who is in it, so that they may write without a stamp; and
// those that others gave us.

/// Larger groups are given no token: who is in them is not known well enough.
inline constexpr std::size_t kTokenMembersMax = 64;

/// One. Table "policy-inbox/".
struct InboxPolicyRow {
    bool wanted = false;  // Strangers need a stamp.
    ByteArray<crypto::kEd25519SeedBytes> stamp_seed{};
    std::uint64_t own_price = 0;
    std::uint64_t revision = 0;       // Counts changes of what the relay has to know,
    std::uint64_t told_revision = 0;  // and which of them it knows.
    auto fields(this auto& self) {
        return std::tie(
            self.wanted, self.stamp_seed, self.own_price, self.revision, self.told_revision);
    }
};
[[nodiscard]] Result<InboxPolicyRow> inbox_policy(Step& step);

[[nodiscard]] Result<void> start_set_policy(Step& step, const SetStampSettings& command);
[[nodiscard]] Result<void> progress_set_policy(Step& step, IntentRow& intent);

/// Tell the relay where it does not know.
[[nodiscard]] Result<void> keep_inbox_policy(Step& step);
[[nodiscard]] Result<void> inbox_policy_told(Step& step);

/// Duty in every conversation: who came in gets our token, and who left has none that is good.
[[nodiscard]] Result<void> keep_given_token(Step& step, const ChatRow& chat);
/// The conversation ended here.
[[nodiscard]] Result<void> forget_given_token(Step& step, const ChatRow& chat);
[[nodiscard]] Result<std::uint32_t> count_given_tokens(Step& step);

/// Somebody gave us a token of the device that this message of `chat` is by: one for each
/// conversation.
///
/// Errors: malformed (CLT-74) it has another length.
[[nodiscard]] Result<void> take_given_token(Step& step,
                                            const ChatRow& chat,
                                            const wire::InboxId& author,
                                            ByteView body);
/// The newest that we have for an inbox.
[[nodiscard]] Result<std::optional<wire::DeliveryToken>> held_token(Step& step,
                                                                    const wire::InboxId& inbox);
/// Its owner's relay does not know it any more.
[[nodiscard]] Result<void> drop_held_token(Step& step,
                                           const wire::InboxId& inbox,
                                           const wire::DeliveryToken& token);

}  // namespace chatmcp::client
