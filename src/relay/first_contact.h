#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "relay/context.h"
#include "relay/records.h"
#include "wire/delivery.h"
#include "wire/first_contact.h"

namespace chatmcp::relay {

/// Whose welcomes an inbox takes: of contacts, who have a delivery token, and of strangers who
/// locked a stamp. Without a policy of its owner, or on a relay without a chain, everybody's.
///
/// The relay knows tokens by their hashes alone. A stamp tells it that somebody paid for this
/// welcome to this inbox, not who.
class FirstContact {
  public:
    explicit FirstContact(const Context& context) : context_(context) {}

    /// Absent: every welcome is taken. Errors: those of stamps::check_stamp_key.
    [[nodiscard]] Result<wire::SetInboxPolicy::Reply> set_policy(
        const wire::InboxId& inbox, const std::optional<wire::InboxPolicy>& policy) const;

    /// What a stranger would have to lock now. Errors: those of StampBook::terms.
    [[nodiscard]] Result<wire::GetStampTerms::Reply> terms(const wire::InboxId& inbox) const;

    /// Before a bundle is given its place. A stamp is taken for this bundle; asked again for the
    /// same, it is taken still.
    ///
    /// Errors: pass_required (RLY-41) the inbox wants a token or a stamp, and there is neither,
    ///         (RLY-42) the token is not one of hers; wrong_key (RLY-43) the stamp is for another
    ///         inbox or welcome; those of StampBook::check; already_exists (RLY-44) the stamp came
    ///         with another bundle; resource_exhausted (RLY-45) too many stamps are remembered.
    /// Cost:   for a stamp, one stamps::one_time_key and a write to disk.
    [[nodiscard]] Result<void> admit(const wire::WelcomeDelivery& delivery,
                                     const ByteArray<32>& bundle) const;

  private:
    [[nodiscard]] Result<FirstContactState> state_of(const wire::InboxId& inbox) const;
    [[nodiscard]] Result<std::uint64_t> price(const FirstContactState& state, UnixMs now) const;
    [[nodiscard]] Result<void> check_stamp(const wire::WelcomeDelivery& delivery,
                                           const wire::StampPass& pass,
                                           const FirstContactState& state) const;
    [[nodiscard]] Result<void> take(const wire::InboxId& inbox, const UsedStamp& stamp) const;

    const Context& context_;
};

}  // namespace chatmcp::relay
