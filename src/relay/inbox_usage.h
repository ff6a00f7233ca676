#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

/// Counts are taken anew after this long: what expired meanwhile makes room again.
inline constexpr std::int64_t kInboxRecountMs = kMinuteMs;
/// Inboxes whose counts are kept at once, about 200 bytes each; those not used for longest go.
inline constexpr std::size_t kInboxCountsMax = 16'384;

/// What waits in each inbox, so that an item that is put in does not cost a look at all items that
/// are there. Safe for concurrent calls; forgets everything at a restart.
///
/// Trust:  items that arrive while an inbox is being counted may be missed until the next count: at
///         most one for each storage thread.
class InboxUsage {
  public:
    /// Looks through an inbox.
    using Count = std::function<Result<store::Usage>()>;

    explicit InboxUsage(std::size_t inboxes_max = kInboxCountsMax) : inboxes_max_(inboxes_max) {}

    /// Calls `count`, without a lock held, only when the inbox has not been counted lately.
    /// Errors: those of `count`.
    [[nodiscard]] Result<store::Usage> get(const wire::InboxId& inbox,
                                           UnixMs now,
                                           const Count& count);
    /// An item was put in.
    void added(const wire::InboxId& inbox, std::size_t size_bytes);
    /// Items were taken out: it is counted again when somebody asks.
    void forget(const wire::InboxId& inbox);

    [[nodiscard]] std::size_t size() const;

  private:
    struct Row {
        wire::InboxId inbox{};
        store::Usage usage;
        UnixMs counted_at;
    };
    using Rows = std::list<Row>;

    const std::size_t inboxes_max_;
    mutable std::mutex mutex_;
    Rows by_use_;  // Most recently used first.
    std::map<wire::InboxId, Rows::iterator> by_inbox_;
};

}  // namespace chatmcp::relay
