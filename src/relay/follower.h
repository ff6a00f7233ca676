#pragma once

#include <optional>

#include "base/result.h"
#include "relay/context.h"
#include "relay/records.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

/// Follows the groups whose handshakes are public (wire::Handshakes), so that what breaks one is
/// refused before it takes a place in its topic. Keeps nothing beside the topic's own record.
///
/// Trust: what mls::PublicGroup and client::ConversationRules can tell without secrets. A
///        confirmation tag, a membership tag or a path's ciphertext that is wrong passes here, and
///        members refuse it.
class Follower {
  public:
    explicit Follower(const Context& context) : context_(context) {}

    /// The group of a new topic, by the word of whoever creates it.
    /// Errors: invalid_argument (RLY-37) a GroupInfo of another topic, of a later epoch or of a
    ///         group whose handshakes are private; too_large (RLY-38); those of
    ///         mls::PublicGroup::open.
    [[nodiscard]] Result<FollowedGroup> open(const wire::CreateTopic& request, UnixMs now) const;

    /// The group as it is after this commit or message of this epoch. None after an application
    /// message, which changes nothing; nor where the epoch is over meanwhile, as the topic's head
    /// then says.
    /// Errors: permission_denied (RLY-39) a handshake as PrivateMessage; invalid_argument (RLY-40)
    ///         a bundle that holds no commit, or a commit outside a bundle; too_large (RLY-38) the
    ///         group would be; those of mls::PublicGroup::check.
    [[nodiscard]] Result<std::optional<FollowedGroup>> look(const wire::TopicId& topic,
                                                            std::uint64_t epoch,
                                                            wire::EnvelopeKind kind,
                                                            ByteView payload,
                                                            UnixMs now) const;

  private:
    const Context& context_;
};

}  // namespace chatmcp::relay
