#include "relay/inbox_usage.h"

namespace chatmcp::relay {

Result<store::Usage> InboxUsage::get(const wire::InboxId& inbox, UnixMs now, const Count& count) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = by_inbox_.find(inbox);
        if (found != by_inbox_.end()) {
            const std::int64_t age_ms = now.value - found->second->counted_at.value;
            // A clock that was set back counts anew too.
            if (age_ms >= 0 && age_ms < kInboxRecountMs) {
                by_use_.splice(by_use_.begin(), by_use_, found->second);
                return found->second->usage;
            }
        }
    }
    CHATMCP_TRY(const store::Usage usage, count());
    const std::lock_guard lock(mutex_);
    const auto found = by_inbox_.find(inbox);
    if (found != by_inbox_.end()) {
        by_use_.erase(found->second);
        by_inbox_.erase(found);
    } else if (by_inbox_.size() >= inboxes_max_) {
        by_inbox_.erase(by_use_.back().inbox);
        by_use_.pop_back();
    }
    by_use_.push_front({.inbox = inbox, .usage = usage, .counted_at = now});
    by_inbox_.emplace(inbox, by_use_.begin());
    return usage;
}

void InboxUsage::added(const wire::InboxId& inbox, std::size_t size_bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = by_inbox_.find(inbox);
    if (found != by_inbox_.end()) {
        ++found->second->usage.entries;
        found->second->usage.bytes += size_bytes;
    }
}

void InboxUsage::forget(const wire::InboxId& inbox) {
    const std::lock_guard lock(mutex_);
    const auto found = by_inbox_.find(inbox);
    if (found != by_inbox_.end()) {
        by_use_.erase(found->second);
        by_inbox_.erase(found);
    }
}

std::size_t InboxUsage::size() const {
    const std::lock_guard lock(mutex_);
    return by_inbox_.size();
}

}  // namespace chatmcp::relay
