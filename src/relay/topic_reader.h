#pragma once

#include "base/result.h"
#include "relay/admit.h"
#include "relay/context.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

/// Gives the envelopes of one epoch, and the bundle that ends it, to whoever holds the epoch's key.
class TopicReader {
  public:
    TopicReader(const Context& context, const Admission& admission)
        : context_(context), admission_(admission) {}

    /// Errors: those of Admission and find_epoch_key; invalid_argument (RLY-15) a limit of 0 or
    ///         above kReadLimitMax; history_expired (RLY-16) what follows `after` is no longer
    ///         kept.
    [[nodiscard]] Result<wire::ReadTopic::Reply> read(const wire::ReadTopic& request,
                                                      const Peer& peer) const;
    /// Checks the request alone. Errors: those of Admission and find_epoch_key.
    [[nodiscard]] Result<void> check(const wire::SubscribeTopic& request, const Peer& peer) const;

    /// The same answer for a reader who was admitted before.
    [[nodiscard]] Result<wire::ReadTopic::Reply> read_admitted(const wire::TopicId& topic,
                                                               std::uint64_t epoch,
                                                               std::uint64_t after,
                                                               const Page& page) const;

  private:
    const Context& context_;
    const Admission& admission_;
};

}  // namespace chatmcp::relay
