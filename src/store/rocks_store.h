#pragma once

#include <memory>
#include <string>

#include "store/rocks_database.h"
#include "store/store.h"

namespace chatmcp::store {

/// The embedded store of one relay: RocksDB in a folder that this process holds alone.
class RocksStore final : public Store {
  public:
    /// Makes the folder (mode 0700) if it is not there; its parent must be.
    /// Errors: those of RocksDatabase::open.
    [[nodiscard]] static Result<std::unique_ptr<RocksStore>> open(const std::string& folder,
                                                                  const RocksOptions& options = {});

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
    explicit RocksStore(std::unique_ptr<RocksDatabase> database);

    std::unique_ptr<RocksDatabase> database_;
};

}  // namespace chatmcp::store
