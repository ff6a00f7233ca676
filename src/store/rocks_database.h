#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "store/store.h"

namespace rocksdb {
class DB;
class Status;
class WriteBatchWithIndex;
}  // namespace rocksdb

namespace chatmcp::store {

/// Looks at one pair; false ends the scan.
using Visit = std::function<bool(ByteView key, ByteView value)>;

/// What can be read: the database, or the database with a batch laid over it.
class RocksView {
  public:
    virtual ~RocksView() = default;
    /// Errors: storage_corrupt (STO-10), storage (STO-11).
    [[nodiscard]] virtual Result<std::optional<Bytes>> get(ByteView key) = 0;
    /// Pairs with first <= key < end, in byte order.
    [[nodiscard]] virtual Result<void> scan(ByteView first, ByteView end, const Visit& visit) = 0;

  protected:
    RocksView() = default;
    RocksView(const RocksView&) = default;
    RocksView& operator=(const RocksView&) = default;
};

/// The changes of one commit so far; reads see them.
class RocksBatch final : public RocksView {
  public:
    RocksBatch(rocksdb::DB& database, rocksdb::WriteBatchWithIndex& batch)
        : database_(database), batch_(batch) {}

    [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) override;
    [[nodiscard]] Result<void> scan(ByteView first, ByteView end, const Visit& visit) override;
    void put(ByteView key, ByteView value);
    void erase(ByteView key);
    [[nodiscard]] std::size_t writes() const { return writes_; }

  private:
    rocksdb::DB& database_;
    rocksdb::WriteBatchWithIndex& batch_;
    std::size_t writes_ = 0;
};

struct RocksOptions {
    /// Below this much free space nothing is written any more, so that the database itself
    /// (flushes, compaction, deleting what expired) still can. At most an eighth of the file system
    /// is asked for. 0: no look at the free space, the file system's own refusal decides.
    std::uint64_t reserve_bytes = std::uint64_t{32} * 1024 * 1024;
};

/// RocksDB in a folder of its own, with one queue for all writers: whoever comes first takes along
/// everybody who waits, looks at each one's conditions in turn over one batch, and waits for the
/// disk once for all of them.
///
/// Errors: unavailable (STO-14) another process has the folder; unsupported_version (STO-15) a
/// newer
///         program wrote it; resource_exhausted (STO-03), storage_corrupt (STO-10), storage
///         (STO-11).
/// Cost:   one fdatasync for each group of commits.
class RocksDatabase {
  public:
    /// A group ends when it has this much; the next writer begins another.
    static constexpr std::size_t kGroupMaxBytes = std::size_t{8} * 1024 * 1024;
    static constexpr int kFormatVersion = 1;

    [[nodiscard]] static Result<std::unique_ptr<RocksDatabase>> open(const std::string& folder,
                                                                     const RocksOptions& options);
    ~RocksDatabase();
    RocksDatabase(const RocksDatabase&) = delete;
    RocksDatabase& operator=(const RocksDatabase&) = delete;

    /// Reads its conditions and writes its changes; refuses before its first write.
    using Apply = std::function<Result<void>(RocksBatch&)>;

    /// Runs `apply` alone among all commits; what it wrote is durable when this returns without an
    /// error, and nothing of it is there when it returns with one.
    /// `makes_room`: what deletes may use the reserve.
    [[nodiscard]] Result<void> commit(const Apply& apply, bool makes_room = false);

    /// What is durable, while `use` runs.
    [[nodiscard]] Result<void> read(const std::function<Result<void>(RocksView&)>& use);

    [[nodiscard]] StoreStatistics statistics() const;

  private:
    struct Waiting {
        const Apply& apply;
        bool makes_room = false;
        Result<void> result{};
        bool done = false;
    };
    class LockFile;

    RocksDatabase(std::string folder, RocksOptions options);

    Result<void> open_database(bool create);
    Result<void> check_space(std::uint64_t reserve_bytes) const;
    Result<void> recover();
    Result<void> write_group(const std::deque<Waiting*>& group, std::size_t& taken);
    void lead(std::unique_lock<std::mutex>& lock);

    const std::string folder_;
    const RocksOptions options_;
    std::unique_ptr<LockFile> lock_file_;

    std::shared_mutex database_mutex_;  // Held shared by users, alone while it is opened again.
    std::unique_ptr<rocksdb::DB> database_;  // Guarded by database_mutex_.
    bool failed_ = false;                    // A write failed; used by the leader only.

    mutable std::mutex queue_mutex_;
    std::condition_variable queue_changed_;
    std::deque<Waiting*> queue_;    // Guarded by queue_mutex_.
    bool leading_ = false;          // Guarded by queue_mutex_.
    StoreStatistics statistics_{};  // Guarded by queue_mutex_.
};

}  // namespace chatmcp::store
