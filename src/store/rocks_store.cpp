#include "store/rocks_store.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/check.h"
#include "crypto/hash.h"
#include "store/rocks_keys.h"

namespace chatmcp::store {
namespace {

constexpr std::size_t kEraseBatchMax = 1000;

std::uint64_t number(UnixMs at) {
    CHATMCP_CHECK(at.value >= 0);
    return static_cast<std::uint64_t>(at.value);
}

// A record that can go away: its value begins with its expiry, and the expiry table finds it when
// it is time.
void put_expiring(RocksBatch& batch, ByteView key, UnixMs expires_at, ByteView value) {
    batch.put(key, with_number(number(expires_at), value));
    if (expires_at != kNever) {
        batch.put(rocks_expiry_key(expires_at, key), {});
    }
}

void erase_expiring(RocksBatch& batch, ByteView key, UnixMs expires_at) {
    batch.erase(key);
    if (expires_at != kNever) {
        batch.erase(rocks_expiry_key(expires_at, key));
    }
}

Result<std::optional<Head>> read_head(RocksView& view, const Partition& partition) {
    CHATMCP_TRY(const auto stored, view.get(rocks_key(RocksTable::head, partition)));
    if (!stored.has_value()) {
        return std::nullopt;
    }
    CHATMCP_TRY(const NumberedValue split, split_number(*stored));
    return Head{.sequence = split.number, .state = to_bytes(split.value)};
}

void put_head(RocksBatch& batch, const Partition& partition, const Head& head) {
    batch.put(rocks_key(RocksTable::head, partition), with_number(head.sequence, head.state));
}

Result<std::optional<Entry>> read_entry(RocksView& view,
                                        const Partition& partition,
                                        std::uint64_t sequence) {
    CHATMCP_TRY(const auto stored, view.get(rocks_key(RocksTable::entry, partition, sequence)));
    if (!stored.has_value()) {
        return std::nullopt;
    }
    CHATMCP_TRY(const NumberedValue split, split_number(*stored));
    return Entry{
        .sequence = sequence, .expires_at = split.expires_at(), .value = to_bytes(split.value)};
}

// The entry that an earlier change of the same name made, if it is still kept.
Result<std::optional<Entry>> read_once(RocksView& view,
                                       const Partition& partition,
                                       const std::optional<ByteArray<32>>& once,
                                       UnixMs now) {
    if (!once.has_value()) {
        return std::nullopt;
    }
    CHATMCP_TRY(const auto stored, view.get(rocks_key(RocksTable::once, partition, *once)));
    if (!stored.has_value()) {
        return std::nullopt;
    }
    CHATMCP_TRY(const NumberedValue split, split_number(*stored));
    CHATMCP_TRY(const NumberedValue sequence, split_number(split.value));
    if (split.expires_at() <= now) {
        return std::nullopt;
    }
    return read_entry(view, partition, sequence.number);
}

// Heads of the inboxes that a change delivers to, read before anything is written.
using Heads = std::map<Partition, Head>;

Result<Heads> read_delivery_heads(RocksView& view,
                                  const Partition& own,
                                  const std::vector<Delivery>& deliveries) {
    Heads heads;
    for (const Delivery& delivery : deliveries) {
        CHATMCP_CHECK(delivery.to != own);
        if (!heads.contains(delivery.to)) {
            CHATMCP_TRY(auto head, read_head(view, delivery.to));
            heads.emplace(delivery.to, std::move(head).value_or(Head{}));
        }
    }
    return heads;
}

void write_change(RocksBatch& batch,
                  const Partition& partition,
                  const std::optional<ByteArray<32>>& once,
                  const Head& next,
                  const Change& change,
                  Heads& heads) {
    if (change.entry.has_value()) {
        const UnixMs expires_at = change.entry->expires_at;
        put_expiring(batch,
                     rocks_key(RocksTable::entry, partition, next.sequence),
                     expires_at,
                     change.entry->value);
        if (once.has_value()) {
            put_expiring(batch,
                         rocks_key(RocksTable::once, partition, *once),
                         expires_at,
                         with_number(next.sequence, {}));
        }
    }
    put_head(batch, partition, next);
    for (const Blob& blob : change.blobs) {
        put_expiring(
            batch, rocks_key(RocksTable::blob, partition, blob.name), blob.expires_at, blob.value);
    }
    for (const Delivery& delivery : change.deliveries) {
        Head& head = heads.at(delivery.to);
        ++head.sequence;
        put_expiring(batch,
                     rocks_key(RocksTable::entry, delivery.to, head.sequence),
                     delivery.expires_at,
                     delivery.value);
    }
    for (const auto& [inbox, head] : heads) {
        put_head(batch, inbox, head);
    }
}

}  // namespace

RocksStore::RocksStore(std::unique_ptr<RocksDatabase> database) : database_(std::move(database)) {}

Result<std::unique_ptr<RocksStore>> RocksStore::open(const std::string& folder,
                                                     const RocksOptions& options) {
    CHATMCP_TRY(auto database, RocksDatabase::open(folder, options));
    return std::unique_ptr<RocksStore>(new RocksStore(std::move(database)));
}

Result<Updated> RocksStore::update(const Partition& partition,
                                   const std::optional<ByteArray<32>>& once,
                                   UnixMs now,
                                   const Decide& decide) {
    Updated out;
    const auto apply = [&](RocksBatch& batch) -> Result<void> {
        CHATMCP_TRY(auto known, read_once(batch, partition, once, now));
        if (known.has_value()) {
            out = {.entry = *std::move(known), .repeated = true};
            return {};
        }
        CHATMCP_TRY(const auto before, read_head(batch, partition));
        CHATMCP_TRY(Change change, decide(before));
        CHATMCP_TRY_VOID(check_limits(change));
        CHATMCP_TRY(Heads heads, read_delivery_heads(batch, partition, change.deliveries));

        Head next{.sequence = before.has_value() ? before->sequence : 0,
                  .state = std::move(change.state)};
        next.sequence += change.entry.has_value() ? 1 : 0;
        write_change(batch, partition, once, next, change, heads);
        out = {};
        if (change.entry.has_value()) {
            out.entry = {.sequence = next.sequence,
                         .expires_at = change.entry->expires_at,
                         .value = std::move(change.entry->value)};
        }
        return {};
    };
    CHATMCP_TRY_VOID(database_->commit(apply));
    return out;
}

Result<std::optional<Head>> RocksStore::head(const Partition& partition) {
    std::optional<Head> out;
    CHATMCP_TRY_VOID(database_->read([&](RocksView& view) -> Result<void> {
        CHATMCP_TRY(out, read_head(view, partition));
        return {};
    }));
    return out;
}

Result<std::vector<Entry>> RocksStore::read_after(const Partition& partition,
                                                  std::uint64_t after,
                                                  std::size_t limit,
                                                  std::size_t bytes_max,
                                                  UnixMs now) {
    std::vector<Entry> out;
    if (after == std::numeric_limits<std::uint64_t>::max() || limit == 0 || bytes_max == 0) {
        return out;
    }
    Result<void> damaged;
    std::size_t total_bytes = 0;
    const auto visit = [&](ByteView key, ByteView stored) {
        const auto split = split_number(stored);
        if (!split.has_value()) {
            damaged = fail(split.error());
            return false;
        }
        if (split->expires_at() > now) {
            out.push_back({.sequence = trailing_number(key),
                           .expires_at = split->expires_at(),
                           .value = to_bytes(split->value)});
            total_bytes += split->value.size();
        }
        return out.size() < limit && total_bytes < bytes_max;
    };
    CHATMCP_TRY_VOID(database_->read([&](RocksView& view) {
        return view.scan(rocks_key(RocksTable::entry, partition, after + 1),
                         rocks_end(RocksTable::entry, partition),
                         visit);
    }));
    CHATMCP_TRY_VOID(damaged);
    return out;
}

Result<Usage> RocksStore::usage(const Partition& partition,
                                std::size_t limit,
                                std::size_t bytes_max,
                                UnixMs now) {
    Usage out;
    if (limit == 0 || bytes_max == 0) {
        return out;
    }
    const auto visit = [&](ByteView, ByteView stored) {
        const auto split = split_number(stored);
        if (split.has_value() && split->expires_at() > now) {
            ++out.entries;
            out.bytes += split->value.size();
        }
        return out.entries < limit && out.bytes < bytes_max;
    };
    CHATMCP_TRY_VOID(database_->read([&](RocksView& view) {
        return view.scan(rocks_key(RocksTable::entry, partition),
                         rocks_end(RocksTable::entry, partition),
                         visit);
    }));
    return out;
}

Result<void> RocksStore::erase_through(const Partition& partition, std::uint64_t sequence) {
    bool more = true;
    while (more) {
        const auto apply = [&](RocksBatch& batch) -> Result<void> {
            std::vector<std::pair<Bytes, UnixMs>> found;
            const auto visit = [&](ByteView key, ByteView stored) {
                const auto split = split_number(stored);
                if (trailing_number(key) > sequence) {
                    return false;
                }
                found.emplace_back(to_bytes(key), split.has_value() ? split->expires_at() : kNever);
                return found.size() < kEraseBatchMax;
            };
            CHATMCP_TRY_VOID(batch.scan(rocks_key(RocksTable::entry, partition),
                                        rocks_end(RocksTable::entry, partition),
                                        visit));
            for (const auto& [key, expires_at] : found) {
                erase_expiring(batch, key, expires_at);
            }
            more = found.size() == kEraseBatchMax;
            return {};
        };
        CHATMCP_TRY_VOID(database_->commit(apply, true));
    }
    return {};
}

Result<void> RocksStore::put_blob(const Partition& partition, const Blob& blob) {
    CHATMCP_TRY_VOID(check_limits(blob));
    return database_->commit([&](RocksBatch& batch) -> Result<void> {
        put_expiring(
            batch, rocks_key(RocksTable::blob, partition, blob.name), blob.expires_at, blob.value);
        return {};
    });
}

Result<std::optional<Blob>> RocksStore::get_blob(const Partition& partition,
                                                 ByteView name,
                                                 UnixMs now) {
    std::optional<Blob> out;
    CHATMCP_TRY_VOID(database_->read([&](RocksView& view) -> Result<void> {
        CHATMCP_TRY(const auto stored, view.get(rocks_key(RocksTable::blob, partition, name)));
        if (stored.has_value()) {
            CHATMCP_TRY(const NumberedValue split, split_number(*stored));
            if (split.expires_at() > now) {
                out = Blob{.name = to_bytes(name),
                           .expires_at = split.expires_at(),
                           .value = to_bytes(split.value)};
            }
        }
        return {};
    }));
    return out;
}

Result<std::vector<Blob>> RocksStore::list_blobs(const Partition& partition,
                                                 ByteView after,
                                                 std::size_t limit,
                                                 UnixMs now) {
    std::vector<Blob> out;
    Result<void> damaged;
    const auto visit = [&](ByteView key, ByteView stored) {
        const ByteView name = key.subspan(kRocksPartitionBytes);
        const auto split = split_number(stored);
        if (!split.has_value()) {
            damaged = fail(split.error());
            return false;
        }
        if (out.size() < limit && split->expires_at() > now && !equal(name, after)) {
            out.push_back({.name = to_bytes(name),
                           .expires_at = split->expires_at(),
                           .value = to_bytes(split->value)});
        }
        return out.size() < limit;
    };
    CHATMCP_TRY_VOID(database_->read([&](RocksView& view) {
        return view.scan(rocks_key(RocksTable::blob, partition, after),
                         rocks_end(RocksTable::blob, partition),
                         visit);
    }));
    CHATMCP_TRY_VOID(damaged);
    return out;
}

Result<std::size_t> RocksStore::expire(UnixMs now, std::size_t limit) {
    std::size_t deleted = 0;
    const auto apply = [&](RocksBatch& batch) -> Result<void> {
        // Every key up to this time; the expiry itself stands in front of the key it is about.
        const Bytes first = rocks_expiry_key(UnixMs{0}, {});
        const Bytes end = rocks_expiry_key(now.plus_ms(1), {});
        std::vector<Bytes> due;
        CHATMCP_TRY_VOID(batch.scan(first, end, [&](ByteView key, ByteView) {
            if (due.size() < limit) {
                due.push_back(to_bytes(key));
            }
            return due.size() < limit;
        }));
        constexpr std::size_t kExpiryPrefixBytes = 1 + 8;
        std::vector<Bytes> records;
        for (const Bytes& key : due) {
            Bytes record = to_bytes(ByteView(key).subspan(kExpiryPrefixBytes));
            CHATMCP_TRY(const auto stored, batch.get(record));
            // A blob may have been put again, for longer.
            const auto split =
                stored.has_value() ? split_number(*stored) : Result<NumberedValue>(NumberedValue{});
            if (stored.has_value() && split.has_value() && split->expires_at() <= now) {
                records.push_back(std::move(record));
            }
        }
        for (const Bytes& record : records) {
            batch.erase(record);
        }
        for (const Bytes& key : due) {
            batch.erase(key);
        }
        deleted = due.size();
        return {};
    };
    CHATMCP_TRY_VOID(database_->commit(apply, true));
    return deleted;
}

StoreStatistics RocksStore::statistics() const {
    return database_->statistics();
}

// ---- Pools ----

namespace {

struct PoolItem {
    Bytes key;
    UnixMs expires_at;
};

Result<std::vector<PoolItem>> pool_items(RocksView& view,
                                         const Partition& pool,
                                         UnixMs now,
                                         std::size_t limit) {
    std::vector<PoolItem> out;
    CHATMCP_TRY_VOID(
        view.scan(rocks_key(RocksTable::pool_item, pool),
                  rocks_end(RocksTable::pool_item, pool),
                  [&](ByteView key, ByteView stored) {
                      const auto split = split_number(stored);
                      if (split.has_value() && split->expires_at() > now) {
                          out.push_back({.key = to_bytes(key), .expires_at = split->expires_at()});
                      }
                      return out.size() < limit;
                  }));
    return out;
}

struct LastResort {
    bool used = false;
    Bytes value;
};

Result<std::optional<LastResort>> read_last_resort(RocksView& view, const Partition& pool) {
    CHATMCP_TRY(const auto stored, view.get(rocks_key(RocksTable::last_resort, pool)));
    if (!stored.has_value()) {
        return std::nullopt;
    }
    if (stored->empty() || stored->front() > 1) {
        return fail(Errc::storage_corrupt, "STO-10");
    }
    return LastResort{.used = stored->front() == 1,
                      .value = to_bytes(ByteView(*stored).subspan(1))};
}

void put_last_resort(RocksBatch& batch, const Partition& pool, const LastResort& item) {
    const ByteArray<1> used = {static_cast<std::uint8_t>(item.used ? 1 : 0)};
    batch.put(rocks_key(RocksTable::last_resort, pool), concat({used, item.value}));
}

// Items that were never offered before, each once.
Result<std::vector<std::pair<Bytes, const Bytes*>>> new_items(RocksView& view,
                                                              const Partition& pool,
                                                              const std::vector<Bytes>& items,
                                                              UnixMs now) {
    std::vector<std::pair<Bytes, const Bytes*>> out;
    for (const Bytes& item : items) {
        Bytes key = rocks_key(RocksTable::offered, pool, crypto::sha256(item));
        CHATMCP_TRY(const auto stored, view.get(key));
        bool known = std::ranges::any_of(out, [&](const auto& o) { return o.first == key; });
        if (stored.has_value()) {
            CHATMCP_TRY(const NumberedValue split, split_number(*stored));
            known = known || split.expires_at() > now;
        }
        if (!known) {
            out.emplace_back(std::move(key), &item);
        }
    }
    return out;
}

Result<std::optional<Bytes>> use_last_resort(RocksBatch& batch, const Partition& pool) {
    CHATMCP_TRY(auto resort, read_last_resort(batch, pool));
    if (!resort.has_value()) {
        return std::optional<Bytes>();
    }
    if (!resort->used) {
        resort->used = true;
        put_last_resort(batch, pool, *resort);
    }
    return std::optional(std::move(resort->value));
}

}  // namespace

Result<PoolState> RocksStore::offer(const Partition& pool,
                                    const std::vector<Bytes>& items,
                                    const std::optional<Bytes>& last_resort,
                                    UnixMs expires_at,
                                    UnixMs now) {
    CHATMCP_TRY_VOID(check_offer(items, last_resort));
    PoolState out;
    const auto apply = [&](RocksBatch& batch) -> Result<void> {
        CHATMCP_TRY(auto resort, read_last_resort(batch, pool));
        CHATMCP_TRY(const auto there, pool_items(batch, pool, now, kPoolItemsMax + 1));
        CHATMCP_TRY(const auto fresh, new_items(batch, pool, items, now));
        if (there.size() + fresh.size() > kPoolItemsMax) {
            return fail(Errc::resource_exhausted, "STO-13");
        }
        std::uint64_t order = there.empty() ? 0 : trailing_number(there.back().key);
        for (const auto& [offered, item] : fresh) {
            ++order;
            put_expiring(batch, rocks_key(RocksTable::pool_item, pool, order), expires_at, *item);
            put_expiring(batch, offered, expires_at, {});
        }
        if (last_resort.has_value()) {
            resort = LastResort{.used = false, .value = *last_resort};
            put_last_resort(batch, pool, *resort);
        }
        out = {.available = static_cast<std::uint32_t>(there.size() + fresh.size()),
               .has_last_resort = resort.has_value(),
               .last_resort_used = resort.has_value() && resort->used};
        return {};
    };
    CHATMCP_TRY_VOID(database_->commit(apply));
    return out;
}

Result<std::vector<std::optional<Bytes>>> RocksStore::claim(const std::vector<Partition>& pools,
                                                            UnixMs now) {
    if (pools.size() > kClaimsMax) {
        return fail(Errc::too_large, "STO-12");
    }
    std::vector<std::optional<Bytes>> out;
    const auto apply = [&](RocksBatch& batch) -> Result<void> {
        out.clear();
        for (const Partition& pool : pools) {
            CHATMCP_TRY(const auto items, pool_items(batch, pool, now, 1));
            if (!items.empty()) {
                CHATMCP_TRY(const auto stored, batch.get(items.front().key));
                CHATMCP_CHECK(stored.has_value());
                CHATMCP_TRY(const NumberedValue split, split_number(*stored));
                out.emplace_back(to_bytes(split.value));
                erase_expiring(batch, items.front().key, items.front().expires_at);
                continue;
            }
            CHATMCP_TRY(out.emplace_back(), use_last_resort(batch, pool));
        }
        return {};
    };
    CHATMCP_TRY_VOID(database_->commit(apply));
    return out;
}

Result<std::optional<Bytes>> RocksStore::claim_last_resort(const Partition& pool) {
    std::optional<Bytes> out;
    const auto apply = [&](RocksBatch& batch) -> Result<void> {
        CHATMCP_TRY(out, use_last_resort(batch, pool));
        return {};
    };
    CHATMCP_TRY_VOID(database_->commit(apply));
    return out;
}

}  // namespace chatmcp::store
