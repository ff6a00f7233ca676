#pragma once

#include "base/result.h"
#include "relay/admit.h"
#include "relay/context.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

inline constexpr std::int64_t kInboxRequestLifetimeMs = 24 * kHourMs;
/// Items that wait in one inbox; above it senders are refused until the device acknowledges some.
inline constexpr std::size_t kInboxItemsMax = 1024;
inline constexpr std::size_t kInboxBytesMax = std::size_t{64} * 1024 * 1024;

/// Errors: resource_exhausted (RLY-14).
[[nodiscard]] Result<void> check_inbox_room(const Context& context, const wire::InboxId& inbox);

/// Inboxes of devices and enclaves: anybody may put a request in, only the owner's login reads.
class Mailbox {
  public:
    explicit Mailbox(const Context& context) : context_(context) {}

    struct Sent {
        bool repeated = false;
    };
    /// Errors: invalid_argument (RLY-27) an unknown kind; permission_denied (RLY-28) a welcome;
    ///         too_large (RLY-11), malformed (RLY-12); rate_limited (RLY-29); resource_exhausted
    ///         (RLY-14).
    [[nodiscard]] Result<Sent> send(const wire::SendInbox& request, const Peer& peer) const;

    /// Errors: invalid_argument (RLY-15).
    [[nodiscard]] Result<wire::ReadInbox::Reply> read(const wire::InboxId& inbox,
                                                      std::uint64_t after,
                                                      std::uint32_t limit) const;
    [[nodiscard]] Result<void> acknowledge(const wire::InboxId& inbox,
                                           std::uint64_t sequence) const;

  private:
    const Context& context_;
};

}  // namespace chatmcp::relay
