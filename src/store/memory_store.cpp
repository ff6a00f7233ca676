#include "store/memory_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace chatmcp::store {

Result<Updated> MemoryStore::update(const Partition& partition,
                                    const std::optional<ByteArray<32>>& once,
                                    UnixMs now,
                                    const Decide& decide) {
    const std::lock_guard lock(mutex_);
    const auto existing = partitions_.find(partition);
    const Content* before = existing == partitions_.end() ? nullptr : &existing->second;
    if (once.has_value() && before != nullptr) {
        const auto known = before->once.find(*once);
        if (known != before->once.end()) {
            const auto entry = before->entries.find(known->second);
            if (entry != before->entries.end() && entry->second.expires_at > now) {
                return Updated{.entry = entry->second, .repeated = true};
            }
        }
    }
    CHATMCP_TRY(Change change, decide(before == nullptr ? std::nullopt : before->head));
    CHATMCP_TRY_VOID(check_limits(change));

    Content& content = partitions_[partition];
    Head next{.sequence = content.head.has_value() ? content.head->sequence : 0,
              .state = std::move(change.state)};
    Updated out;
    if (change.entry.has_value()) {
        ++next.sequence;
        out.entry = {.sequence = next.sequence,
                     .expires_at = change.entry->expires_at,
                     .value = std::move(change.entry->value)};
        content.entries.emplace(next.sequence, out.entry);
        if (once.has_value()) {
            content.once.insert_or_assign(*once, next.sequence);
        }
    }
    content.head = std::move(next);
    for (Blob& blob : change.blobs) {
        Bytes name = blob.name;
        content.blobs.insert_or_assign(std::move(name), std::move(blob));
    }
    for (Delivery& delivery : change.deliveries) {
        CHATMCP_CHECK(delivery.to != partition);
        Content& inbox = partitions_[delivery.to];
        if (!inbox.head.has_value()) {
            inbox.head = Head{};
        }
        const std::uint64_t sequence = ++inbox.head->sequence;
        inbox.entries.emplace(sequence,
                              Entry{.sequence = sequence,
                                    .expires_at = delivery.expires_at,
                                    .value = std::move(delivery.value)});
    }
    ++statistics_.operations;
    return out;
}

Result<std::optional<Head>> MemoryStore::head(const Partition& partition) {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    return found == partitions_.end() ? std::nullopt : found->second.head;
}

Result<std::vector<Entry>> MemoryStore::read_after(const Partition& partition,
                                                   std::uint64_t after,
                                                   std::size_t limit,
                                                   std::size_t bytes_max,
                                                   UnixMs now) {
    const std::lock_guard lock(mutex_);
    std::vector<Entry> out;
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) {
        return out;
    }
    std::size_t total_bytes = 0;
    const auto& entries = found->second.entries;
    for (auto at = entries.upper_bound(after);
         at != entries.end() && out.size() < limit && total_bytes < bytes_max;
         ++at) {
        if (at->second.expires_at > now) {
            out.push_back(at->second);
            total_bytes += at->second.value.size();
        }
    }
    return out;
}

Result<Usage> MemoryStore::usage(const Partition& partition,
                                 std::size_t limit,
                                 std::size_t bytes_max,
                                 UnixMs now) {
    CHATMCP_TRY(const auto entries, read_after(partition, 0, limit, bytes_max, now));
    Usage out{.entries = entries.size(), .bytes = 0};
    for (const Entry& entry : entries) {
        out.bytes += entry.value.size();
    }
    return out;
}

Result<void> MemoryStore::erase_through(const Partition& partition, std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found != partitions_.end()) {
        auto& entries = found->second.entries;
        entries.erase(entries.begin(), entries.upper_bound(sequence));
        ++statistics_.operations;
    }
    return {};
}

Result<void> MemoryStore::put_blob(const Partition& partition, const Blob& blob) {
    CHATMCP_TRY_VOID(check_limits(blob));
    const std::lock_guard lock(mutex_);
    partitions_[partition].blobs.insert_or_assign(blob.name, blob);
    ++statistics_.operations;
    return {};
}

Result<std::optional<Blob>> MemoryStore::get_blob(const Partition& partition,
                                                  ByteView name,
                                                  UnixMs now) {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) {
        return std::nullopt;
    }
    const auto blob = found->second.blobs.find(name);
    if (blob == found->second.blobs.end() || blob->second.expires_at <= now) {
        return std::nullopt;
    }
    return blob->second;
}

Result<std::vector<Blob>> MemoryStore::list_blobs(const Partition& partition,
                                                  ByteView after,
                                                  std::size_t limit,
                                                  UnixMs now) {
    const std::lock_guard lock(mutex_);
    std::vector<Blob> out;
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) {
        return out;
    }
    const auto& blobs = found->second.blobs;
    for (auto at = blobs.upper_bound(after); at != blobs.end() && out.size() < limit; ++at) {
        if (at->second.expires_at > now) {
            out.push_back(at->second);
        }
    }
    return out;
}

void MemoryStore::drop_expired(Pool& pool, UnixMs now) {
    std::erase_if(pool.items, [now](const PoolItem& item) { return item.expires_at <= now; });
    std::erase_if(pool.ever_offered, [now](const auto& item) { return item.second <= now; });
}

PoolState MemoryStore::state_of(const Pool& pool, UnixMs now) {
    const auto available = std::ranges::count_if(
        pool.items, [now](const PoolItem& item) { return item.expires_at > now; });
    return {.available = static_cast<std::uint32_t>(available),
            .has_last_resort = pool.last_resort.has_value(),
            .last_resort_used = pool.last_resort_used};
}

Result<PoolState> MemoryStore::offer(const Partition& pool,
                                     const std::vector<Bytes>& items,
                                     const std::optional<Bytes>& last_resort,
                                     UnixMs expires_at,
                                     UnixMs now) {
    CHATMCP_TRY_VOID(check_offer(items, last_resort));
    const std::lock_guard lock(mutex_);
    Pool next = partitions_[pool].pool;
    drop_expired(next, now);
    for (const Bytes& item : items) {
        if (next.ever_offered.emplace(item, expires_at).second) {
            next.items.push_back({.expires_at = expires_at, .value = item});
        }
    }
    if (next.items.size() > kPoolItemsMax) {
        return fail(Errc::resource_exhausted, "STO-13");
    }
    if (last_resort.has_value()) {
        next.last_resort = last_resort;
        next.last_resort_used = false;
    }
    partitions_[pool].pool = std::move(next);
    ++statistics_.operations;
    return state_of(partitions_[pool].pool, now);
}

Result<std::vector<std::optional<Bytes>>> MemoryStore::claim(const std::vector<Partition>& pools,
                                                             UnixMs now) {
    if (pools.size() > kClaimsMax) {
        return fail(Errc::too_large, "STO-12");
    }
    const std::lock_guard lock(mutex_);
    std::vector<std::optional<Bytes>> out;
    for (const Partition& name : pools) {
        const auto found = partitions_.find(name);
        if (found == partitions_.end()) {
            out.emplace_back();
            continue;
        }
        Pool& pool = found->second.pool;
        drop_expired(pool, now);
        if (!pool.items.empty()) {
            out.emplace_back(std::move(pool.items.front().value));
            pool.items.pop_front();
        } else {
            pool.last_resort_used = pool.last_resort.has_value();
            out.push_back(pool.last_resort);
        }
    }
    ++statistics_.operations;
    return out;
}

Result<std::optional<Bytes>> MemoryStore::claim_last_resort(const Partition& pool) {
    const std::lock_guard lock(mutex_);
    ++statistics_.operations;
    const auto found = partitions_.find(pool);
    if (found == partitions_.end()) {
        return std::optional<Bytes>();
    }
    found->second.pool.last_resort_used = found->second.pool.last_resort.has_value();
    return found->second.pool.last_resort;
}

Result<std::size_t> MemoryStore::expire(UnixMs now, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::size_t deleted = 0;
    const auto over = [&](UnixMs expires_at) {
        const bool goes = expires_at <= now && deleted < limit;
        deleted += goes ? 1 : 0;
        return goes;
    };
    for (auto& [name, content] : partitions_) {
        std::erase_if(content.entries, [&](const auto& e) { return over(e.second.expires_at); });
        std::erase_if(content.blobs, [&](const auto& b) { return over(b.second.expires_at); });
        std::erase_if(content.pool.items, [&](const PoolItem& i) { return over(i.expires_at); });
        std::erase_if(content.once,
                      [&](const auto& o) { return !content.entries.contains(o.second); });
    }
    return deleted;
}

StoreStatistics MemoryStore::statistics() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
}

}  // namespace chatmcp::store
