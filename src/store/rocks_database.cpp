#include "store/rocks_database.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/write_batch_with_index.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/check.h"

namespace chatmcp::store {
namespace {

constexpr std::string_view kLockName = "/lock";
constexpr std::string_view kFormatName = "/format";
constexpr std::string_view kDatabaseName = "/rocks";

// A node that is idle stays small; a busy one writes more often and reads from the page cache.
constexpr std::size_t kMemtableBytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kBlockCacheBytes = std::size_t{8} * 1024 * 1024;
// What RocksDB needs to come back after a failed write: what is in memory goes into tables, and a
// new log begins.
constexpr std::uint64_t kRecoveryBytes = 3 * kMemtableBytes;

rocksdb::Slice slice(ByteView view) {
    return {reinterpret_cast<const char*>(view.data()), view.size()};  // NOLINT(*-reinterpret-cast)
}

ByteView view(const rocksdb::Slice& slice) {
    return as_bytes(std::string_view(slice.data(), slice.size()));
}

Error error_of(const rocksdb::Status& status) {
    if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kNoSpace) {
        return {Errc::resource_exhausted, "STO-03"};
    }
    if (status.IsCorruption()) {
        return {Errc::storage_corrupt, "STO-10"};
    }
    return {Errc::storage, "STO-11"};
}

Result<void> result_of(const rocksdb::Status& status) {
    return status.ok() ? Result<void>{} : fail(error_of(status));
}

Error error_of_system(int reason) {
    if (reason == ENOSPC || reason == EDQUOT) {
        return {Errc::resource_exhausted, "STO-03"};
    }
    return {Errc::storage, "STO-11"};
}

Result<std::optional<Bytes>> value_of(const rocksdb::Status& status,
                                      const rocksdb::PinnableSlice& value) {
    if (status.IsNotFound()) {
        return std::nullopt;
    }
    CHATMCP_TRY_VOID(result_of(status));
    return to_bytes(view(value));
}

Result<void> visit_range(rocksdb::Iterator& iterator,
                         ByteView first,
                         ByteView end,
                         const Visit& visit) {
    for (iterator.Seek(slice(first)); iterator.Valid(); iterator.Next()) {
        if (!BytesLess{}(view(iterator.key()), end) ||
            !visit(view(iterator.key()), view(iterator.value()))) {
            break;
        }
    }
    return result_of(iterator.status());
}

rocksdb::ReadOptions up_to(const rocksdb::Slice& end) {
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &end;
    return options;
}

class DatabaseView final : public RocksView {
  public:
    explicit DatabaseView(rocksdb::DB& database) : database_(database) {}

    Result<std::optional<Bytes>> get(ByteView key) override {
        rocksdb::PinnableSlice value;
        const auto status = database_.Get({}, database_.DefaultColumnFamily(), slice(key), &value);
        return value_of(status, value);
    }

    Result<void> scan(ByteView first, ByteView end, const Visit& visit) override {
        const rocksdb::Slice bound = slice(end);
        const std::unique_ptr<rocksdb::Iterator> iterator(database_.NewIterator(up_to(bound)));
        return visit_range(*iterator, first, end, visit);
    }

  private:
    rocksdb::DB& database_;
};

rocksdb::Options rocks_options(bool create) {
    rocksdb::Options options;
    options.create_if_missing = create;
    // Accept a record that was cut off at the log's end (it was never acknowledged), and nothing
    // else: the default stops at the first damaged record and silently drops what was acknowledged
    // behind it.
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    options.write_buffer_size = kMemtableBytes;
    options.max_write_buffer_number = 3;
    options.max_background_jobs = 2;
    options.max_open_files = 256;
    options.compression = rocksdb::kNoCompression;  // Ciphertext.
    options.bytes_per_sync = std::uint64_t{1} * 1024 * 1024;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    options.info_log_level = rocksdb::WARN_LEVEL;
    options.max_log_file_size = std::size_t{1} * 1024 * 1024;
    options.keep_log_file_num = 2;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
    table.cache_index_and_filter_blocks = true;
    // Each publish asks for a name that is almost never there.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return options;
}

std::string format_text(int version) {
    return "chatmcp store " + std::to_string(version) + "\n";
}

Result<bool> read_format(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return errno == ENOENT ? Result<bool>(false) : fail(error_of_system(errno));
    }
    std::array<char, 64> content{};
    const ::ssize_t size = ::read(file, content.data(), content.size());
    ::close(file);
    const std::string_view text(content.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (text == format_text(RocksDatabase::kFormatVersion)) {
        return true;
    }
    return text.starts_with("chatmcp store ") ? fail(Errc::unsupported_version, "STO-15")
                                              : fail(Errc::storage_corrupt, "STO-10");
}

// Whole or not at all: written beside, made durable, then renamed.
Result<void> write_format(const std::string& folder) {
    const std::string path = folder + std::string(kFormatName);
    const std::string temporary = path + ".new";
    const std::string text = format_text(RocksDatabase::kFormatVersion);
    const int file =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return fail(error_of_system(errno));
    }
    const bool written =
        ::write(file, text.data(), text.size()) == static_cast<::ssize_t>(text.size()) &&
        ::fsync(file) == 0;
    const int reason = errno;
    ::close(file);
    if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
        return fail(error_of_system(written ? errno : reason));
    }
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        static_cast<void>(::fsync(directory));
        ::close(directory);
    }
    return {};
}

}  // namespace

/// Held as long as the database is open; the system lets go of it when a process dies.
class RocksDatabase::LockFile {
  public:
    static Result<std::unique_ptr<LockFile>> take(const std::string& path) {
        const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file < 0) {
            return fail(error_of_system(errno));
        }
        auto lock = std::unique_ptr<LockFile>(new LockFile(file));
        if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
            return errno == EWOULDBLOCK ? fail(Errc::unavailable, "STO-14")
                                        : fail(error_of_system(errno));
        }
        return lock;
    }
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;
    ~LockFile() { ::close(file_); }

  private:
    explicit LockFile(int file) : file_(file) {}
    int file_;
};

Result<std::optional<Bytes>> RocksBatch::get(ByteView key) {
    rocksdb::PinnableSlice value;
    const auto status = batch_.GetFromBatchAndDB(&database_, {}, slice(key), &value);
    return value_of(status, value);
}

Result<void> RocksBatch::scan(ByteView first, ByteView end, const Visit& visit) {
    const rocksdb::Slice bound = slice(end);
    const rocksdb::ReadOptions options = up_to(bound);
    // The merged iterator owns the one below it.
    const std::unique_ptr<rocksdb::Iterator> iterator(batch_.NewIteratorWithBase(
        database_.DefaultColumnFamily(), database_.NewIterator(options), &options));
    return visit_range(*iterator, first, end, visit);
}

void RocksBatch::put(ByteView key, ByteView value) {
    const auto status = batch_.Put(slice(key), slice(value));
    CHATMCP_CHECK(status.ok());  // Memory only; it has no other way to fail.
    ++writes_;
}

void RocksBatch::erase(ByteView key) {
    const auto status = batch_.Delete(slice(key));
    CHATMCP_CHECK(status.ok());
    ++writes_;
}

RocksDatabase::RocksDatabase(std::string folder, RocksOptions options)
    : folder_(std::move(folder)), options_(options) {}

RocksDatabase::~RocksDatabase() {
    const std::lock_guard lock(queue_mutex_);
    CHATMCP_CHECK(queue_.empty() && !leading_);
}

Result<std::unique_ptr<RocksDatabase>> RocksDatabase::open(const std::string& folder,
                                                           const RocksOptions& options) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(error_of_system(errno));
    }
    auto database = std::unique_ptr<RocksDatabase>(new RocksDatabase(folder, options));
    CHATMCP_TRY(database->lock_file_, LockFile::take(folder + std::string(kLockName)));
    // RocksDB makes a new database wherever it does not find its file CURRENT. Once there was one
    // here, a missing file is damage and no reason to begin anew.
    CHATMCP_TRY(const bool existed, read_format(folder + std::string(kFormatName)));
    // RocksDB writes while it opens, and where its manifest finds no room it aborts the process.
    CHATMCP_TRY_VOID(database->check_space(kRecoveryBytes));
    CHATMCP_TRY_VOID(database->open_database(!existed));
    if (!existed) {
        CHATMCP_TRY_VOID(write_format(folder));
    }
    return database;
}

Result<void> RocksDatabase::open_database(bool create) {
    rocksdb::DB* opened = nullptr;
    const auto status =
        rocksdb::DB::Open(rocks_options(create), folder_ + std::string(kDatabaseName), &opened);
    database_.reset(opened);
    if (!status.ok() && status.IsInvalidArgument()) {
        return fail(Errc::storage_corrupt, "STO-10");  // Not there, although it was.
    }
    return result_of(status);
}

Result<void> RocksDatabase::check_space(std::uint64_t reserve_bytes) const {
    struct ::statvfs status{};
    if (::statvfs(folder_.c_str(), &status) != 0) {
        return fail(error_of_system(errno));
    }
    const std::uint64_t whole = std::uint64_t{status.f_blocks} * status.f_frsize;
    const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
    if (free < std::min(reserve_bytes, whole / 8)) {
        return fail(Errc::resource_exhausted, "STO-03");
    }
    return {};
}

// After a failed write RocksDB only reads, until it is told that the reason is gone.
Result<void> RocksDatabase::recover() {
    // Not before there is room: a database that is closed and cannot be opened again could not be
    // read either.
    CHATMCP_TRY_VOID(check_space(std::max(options_.reserve_bytes, kRecoveryBytes)));
    const std::unique_lock lock(database_mutex_);
    if (database_ == nullptr || !database_->Resume().ok()) {
        database_.reset();
        CHATMCP_TRY_VOID(open_database(false));
    }
    failed_ = false;
    return {};
}

Result<void> RocksDatabase::write_group(const std::deque<Waiting*>& group, std::size_t& taken) {
    const std::shared_lock lock(database_mutex_);
    rocksdb::WriteBatchWithIndex batch(rocksdb::BytewiseComparator(), 0, true);
    const bool makes_room = group.front()->makes_room;
    for (Waiting* waiting : group) {
        if (waiting->makes_room != makes_room) {
            break;
        }
        RocksBatch own(*database_, batch);
        waiting->result = waiting->apply(own);
        ++taken;
        // A refusal comes before the first write; an error in between leaves a part that must not
        // stay.
        if (!waiting->result.has_value() && own.writes() > 0) {
            return fail(waiting->result.error());
        }
        if (batch.GetWriteBatch()->GetDataSize() >= kGroupMaxBytes) {
            break;
        }
    }
    if (batch.GetWriteBatch()->Count() == 0) {
        return {};
    }
    if (options_.reserve_bytes > 0 && !makes_room) {
        CHATMCP_TRY_VOID(
            check_space(options_.reserve_bytes + batch.GetWriteBatch()->GetDataSize()));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    const auto status = database_->Write(options, batch.GetWriteBatch());
    if (!status.ok()) {
        failed_ = true;
        return fail(error_of(status));
    }
    const std::lock_guard statistics_lock(queue_mutex_);
    ++statistics_.syncs;
    statistics_.written_bytes += batch.GetWriteBatch()->GetDataSize();
    return {};
}

// One group, led by the thread that holds `lock`; it is let go of meanwhile.
void RocksDatabase::lead(std::unique_lock<std::mutex>& lock) {
    leading_ = true;
    const std::deque<Waiting*> group = queue_;
    lock.unlock();
    std::size_t taken = 0;
    Result<void> written = failed_ ? recover() : Result<void>{};
    if (written.has_value()) {
        written = write_group(group, taken);
    } else {
        taken = group.size();
    }
    lock.lock();
    for (std::size_t i = 0; i < taken; ++i) {
        Waiting& waiting = *queue_.front();
        queue_.pop_front();
        // Who was refused because of a change that is now lost was refused for nothing: all of the
        // group learn that the disk failed, and ask again.
        if (!written.has_value()) {
            waiting.result = written;
        }
        statistics_.operations += waiting.result.has_value() ? 1 : 0;
        waiting.done = true;
    }
    leading_ = false;
    queue_changed_.notify_all();
}

Result<void> RocksDatabase::commit(const Apply& apply, bool makes_room) {
    Waiting waiting{.apply = apply, .makes_room = makes_room};
    std::unique_lock lock(queue_mutex_);
    queue_.push_back(&waiting);
    while (!waiting.done) {
        if (leading_) {
            queue_changed_.wait(lock);
        } else {
            lead(lock);
        }
    }
    return waiting.result;
}

Result<void> RocksDatabase::read(const std::function<Result<void>(RocksView&)>& use) {
    const std::shared_lock lock(database_mutex_);
    if (database_ == nullptr) {
        return fail(Errc::storage, "STO-11");
    }
    DatabaseView view(*database_);
    return use(view);
}

StoreStatistics RocksDatabase::statistics() const {
    const std::lock_guard lock(queue_mutex_);
    return statistics_;
}

}  // namespace chatmcp::store
