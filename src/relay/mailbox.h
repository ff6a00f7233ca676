#pragma once

#include "base/result.h"
#include "relay/admit.h"
#include "relay/context.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

inline constexpr std::int64_t kInboxRequestLifetimeMs = 24 * kHourMs;
/// What waits in one inbox; above it senders are refused until the device acknowledges some.
struct InboxRoom {
    std::size_t items_max = 0;
    std::size_t bytes_max = 0;
};
inline constexpr InboxRoom kInboxRoom{.items_max = 1024, .bytes_max = std::size_t{64} << 20U};
/// Requests that anybody may send leave half of it to Welcomes.
inline constexpr InboxRoom kInboxRoomOfRequests{.items_max = 512,
                                                .bytes_max = std::size_t{32} << 20U};

/// Errors: resource_exhausted (RLY-14).
[[nodiscard]] Result<void> check_inbox_room(const Context& context,
                                            const wire::InboxId& inbox,
                                            const InboxRoom& room);

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
                                                      const Page& page) const;
    [[nodiscard]] Result<void> acknowledge(const wire::InboxId& inbox,
                                           std::uint64_t sequence) const;

  private:
    const Context& context_;
};

}  // namespace chatmcp::relay
