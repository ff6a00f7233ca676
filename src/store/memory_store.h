#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "store/store.h"

namespace chatmcp::store {

/// A store that forgets everything at its end: the model that the others are compared with, and
/// what tests of the relay use. Written plainly, with nothing shared with the stores it judges.
class MemoryStore final : public Store {
  public:
    Result<Updated> update(const Partition& partition,
                           const std::optional<ByteArray<32>>& once,
                           UnixMs now,
                           const Decide& decide) override;
    Result<std::optional<Head>> head(const Partition& partition) override;
    Result<std::vector<Entry>> read_after(const Partition& partition,
                                          std::uint64_t after,
                                          std::size_t limit,
                                          std::size_t bytes_max,
                                          UnixMs now) override;
    Result<Usage> usage(const Partition& partition,
                        std::size_t limit,
                        std::size_t bytes_max,
                        UnixMs now) override;
    Result<void> erase_through(const Partition& partition, std::uint64_t sequence) override;

    Result<void> put_blob(const Partition& partition, const Blob& blob) override;
    Result<std::optional<Blob>> get_blob(const Partition& partition,
                                         ByteView name,
                                         UnixMs now) override;
    Result<std::vector<Blob>> list_blobs(const Partition& partition,
                                         ByteView after,
                                         std::size_t limit,
                                         UnixMs now) override;

    Result<PoolState> offer(const Partition& pool,
                            const std::vector<Bytes>& items,
                            const std::optional<Bytes>& last_resort,
                            UnixMs expires_at,
                            UnixMs now) override;
    Result<std::vector<std::optional<Bytes>>> claim(const std::vector<Partition>& pools,
                                                    UnixMs now) override;
    Result<std::optional<Bytes>> claim_last_resort(const Partition& pool) override;

    Result<std::size_t> expire(UnixMs now, std::size_t limit) override;
    [[nodiscard]] StoreStatistics statistics() const override;

  private:
    struct PoolItem {
        UnixMs expires_at;
        Bytes value;
    };
    struct Pool {
        std::deque<PoolItem> items;            // Oldest first.
        std::map<Bytes, UnixMs> ever_offered;  // By value, until its expiry.
        std::optional<Bytes> last_resort;
        bool last_resort_used = false;
    };
    struct Content {
        std::optional<Head> head;
        std::map<std::uint64_t, Entry> entries;
        std::map<ByteArray<32>, std::uint64_t> once;  // To the sequence of the entry it made.
        std::map<Bytes, Blob, BytesLess> blobs;
        Pool pool;
    };

    static PoolState state_of(const Pool& pool, UnixMs now);
    static void drop_expired(Pool& pool, UnixMs now);

    mutable std::mutex mutex_;
    std::map<Partition, Content> partitions_;  // Guarded by mutex_, like all below.
    StoreStatistics statistics_;
};

}  // namespace chatmcp::store
