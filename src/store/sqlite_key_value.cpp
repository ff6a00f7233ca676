#include "store/sqlite_key_value.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/check.h"

namespace chatmcp::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

// PRAGMA application_id: tells a home from somebody else's database. "CMCP".
constexpr int kApplicationId = 0x434d4350;

// A process that waits looks again this often: a transaction takes a few milliseconds, so SQLite's
// own steps of up to 100 ms would be most of the wait.
constexpr std::chrono::milliseconds kBusyStep{2};

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinishStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

Error error_of(sqlite3* database, int code) {
    // SQLite names ENOSPC by itself when it writes, but not when it enlarges the shared index.
    if ((code & 0xff) == SQLITE_IOERR && database != nullptr) {
        const int reason = sqlite3_system_errno(database);
        if (reason == ENOSPC || reason == EDQUOT) {
            return {Errc::resource_exhausted, "STO-03"};
        }
    }
    if (code == SQLITE_IOERR_SHORT_READ) {
        return {Errc::storage_corrupt, "STO-01"};
    }
    switch (code & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT:
            return {Errc::storage_corrupt, "STO-01"};
        case SQLITE_FULL:
            return {Errc::resource_exhausted, "STO-03"};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {Errc::unavailable, "STO-04"};
        case SQLITE_TOOBIG:
            return {Errc::too_large, "STO-05"};
        default:
            return {Errc::storage, "STO-06"};
    }
}

// SQLite's file would come with the mode of the process's umask; others must not read even sealed
// values.
Result<void> create_private(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file >= 0) {
        ::close(file);
        return {};
    }
    if (errno == ENOSPC || errno == EDQUOT) {
        return fail(Errc::resource_exhausted, "STO-03");
    }
    return errno == EEXIST ? Result<void>{} : fail(Errc::storage, "STO-06");
}

}  // namespace

struct SqliteKeyValue::State {
    Database database;
    std::chrono::milliseconds busy_max{};
    SteadyClock::time_point busy_until;

    Statement begin;
    Statement commit;
    Statement roll_back;
    Statement get;
    Statement scan;
    Statement put;
    Statement erase;

    // One transaction of this object at a time; other threads wait here, other processes in SQLite.
    std::mutex mutex;
    std::condition_variable ended;
    bool open = false;

    [[nodiscard]] Error error(int code) const { return error_of(database.get(), code); }

    Result<Statement> prepare(const char* sql) const {
        sqlite3_stmt* statement = nullptr;
        const int code = sqlite3_prepare_v3(
            database.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code != SQLITE_OK) {
            return fail(error(code));
        }
        return Statement(statement);
    }

    Result<void> execute(const char* sql) const {
        const int code = sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr);
        return code == SQLITE_OK ? Result<void>{} : fail(error(code));
    }

    Result<int> integer(const char* sql) const {
        CHATMCP_TRY(const Statement statement, prepare(sql));
        const int code = sqlite3_step(statement.get());
        if (code != SQLITE_ROW) {
            return fail(error(code));
        }
        return sqlite3_column_int(statement.get(), 0);
    }

    // One run of a statement that gives no rows.
    Result<void> run(const Statement& statement) const {
        const int code = sqlite3_step(statement.get());
        sqlite3_reset(statement.get());
        sqlite3_clear_bindings(statement.get());
        return code == SQLITE_DONE ? Result<void>{} : fail(error(code));
    }

    void start_waiting() { busy_until = SteadyClock::now() + busy_max; }

    Result<void> set_up();
    Result<void> write_schema() const;
    Result<void> check_schema() const;
};

namespace {

int wait_while_busy(void* state, int) {
    const auto* until = static_cast<const SteadyClock::time_point*>(state);
    if (SteadyClock::now() >= *until) {
        return 0;
    }
    std::this_thread::sleep_for(kBusyStep);
    return 1;
}

// A key that borrowed bytes give; SQLite takes a null pointer for NULL, so an empty view needs
// another.
int bind_blob(const Statement& statement, int column, ByteView bytes) {
    static constexpr std::uint8_t kNothing = 0;
    return sqlite3_bind_blob64(statement.get(),
                               column,
                               bytes.empty() ? &kNothing : bytes.data(),
                               bytes.size(),
                               SQLITE_STATIC);
}

Bytes column_blob(const Statement& statement, int column) {
    const auto* data =
        static_cast<const std::uint8_t*>(sqlite3_column_blob(statement.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), column));
    return data == nullptr ? Bytes{} : Bytes(data, data + size);
}

// The first key after all that start with `prefix`; none if the prefix is all 0xff.
std::optional<Bytes> end_of_prefix(ByteView prefix) {
    Bytes end = to_bytes(prefix);
    while (!end.empty() && end.back() == 0xff) {
        end.pop_back();
    }
    if (end.empty()) {
        return std::nullopt;
    }
    ++end.back();
    return end;
}

}  // namespace

Result<void> SqliteKeyValue::State::write_schema() const {
    const std::string sql =
        "CREATE TABLE pairs (key BLOB NOT NULL UNIQUE, value BLOB NOT NULL);"
        "PRAGMA application_id = " +
        std::to_string(kApplicationId) + ";PRAGMA user_version = " + std::to_string(kSchemaVersion);
    return execute(sql.c_str());
}

Result<void> SqliteKeyValue::State::check_schema() const {
    CHATMCP_TRY(const int application, integer("PRAGMA application_id"));
    CHATMCP_TRY(const int version, integer("PRAGMA user_version"));
    CHATMCP_TRY(const int tables, integer("SELECT count(*) FROM sqlite_master"));
    if (application == 0 && version == 0 && tables == 0) {
        return write_schema();
    }
    if (application != kApplicationId || version < 1) {
        return fail(Errc::storage_corrupt, "STO-01");
    }
    // A newer program may have given the same keys another meaning: reading on could lose what it
    // wrote.
    if (version > kSchemaVersion) {
        return fail(Errc::unsupported_version, "STO-02");
    }
    return {};
}

Result<void> SqliteKeyValue::State::set_up() {
    start_waiting();
    sqlite3_extended_result_codes(database.get(), 1);
    sqlite3_busy_handler(database.get(), wait_while_busy, &busy_until);
    // Values may be this large, and their statement as much more as a key.
    sqlite3_limit(database.get(),
                  SQLITE_LIMIT_LENGTH,
                  static_cast<int>(Transaction::kValueMaxBytes + Transaction::kKeyMaxBytes + 1024));
    // WAL with FULL: a commit is durable when it returns. secure_delete: erased values are sealed
    // ratchet states, which whoever learns the passphrase later should not find in free pages.
    constexpr const char* kSettings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -2048;"
        "PRAGMA journal_size_limit = 4194304;";
    auto done = execute(kSettings);
    // While two processes create one file, the change to WAL answers "busy" without asking the
    // handler.
    while (!done.has_value() && done.error().code == Errc::unavailable &&
           SteadyClock::now() < busy_until) {
        std::this_thread::sleep_for(kBusyStep);
        done = execute(kSettings);
    }
    CHATMCP_TRY_VOID(done);
    CHATMCP_TRY_VOID(execute("BEGIN IMMEDIATE"));
    const auto checked = check_schema();
    if (!checked.has_value()) {
        static_cast<void>(execute("ROLLBACK"));
        return checked;
    }
    CHATMCP_TRY_VOID(execute("COMMIT"));
    CHATMCP_TRY(begin, prepare("BEGIN IMMEDIATE"));
    CHATMCP_TRY(commit, prepare("COMMIT"));
    CHATMCP_TRY(roll_back, prepare("ROLLBACK"));
    CHATMCP_TRY(get, prepare("SELECT value FROM pairs WHERE key = ?1"));
    CHATMCP_TRY(scan,
                prepare("SELECT key, value FROM pairs WHERE key > ?1 AND (?2 IS NULL OR key < ?2) "
                        "ORDER BY key LIMIT ?3"));
    CHATMCP_TRY(put,
                prepare("INSERT INTO pairs (key, value) VALUES (?1, ?2) "
                        "ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
    CHATMCP_TRY(erase, prepare("DELETE FROM pairs WHERE key = ?1"));
    return {};
}

class SqliteTransaction final : public OwnedTransaction {
  public:
    explicit SqliteTransaction(SqliteKeyValue::State& state) : state_(state) {}
    SqliteTransaction(const SqliteTransaction&) = delete;
    SqliteTransaction& operator=(const SqliteTransaction&) = delete;
    ~SqliteTransaction() override {
        if (!ended_) {
            end();
        }
    }

    Result<std::optional<Bytes>> get(ByteView key) override {
        CHATMCP_TRY_VOID(usable());
        bind_blob(state_.get, 1, key);
        const int code = sqlite3_step(state_.get.get());
        std::optional<Bytes> value;
        if (code == SQLITE_ROW) {
            value = column_blob(state_.get, 0);
        }
        sqlite3_reset(state_.get.get());
        sqlite3_clear_bindings(state_.get.get());
        if (code != SQLITE_ROW && code != SQLITE_DONE) {
            return spoilt(state_.error(code));
        }
        return value;
    }

    Result<std::vector<KeyValuePair>> scan(ByteView prefix,
                                           ByteView after,
                                           std::size_t limit) override;

    Result<void> put(ByteView key, ByteView value) override {
        CHATMCP_TRY_VOID(usable());
        if (key.empty() || key.size() > kKeyMaxBytes || value.size() > kValueMaxBytes) {
            return spoilt({Errc::too_large, "STO-05"});
        }
        bind_blob(state_.put, 1, key);
        bind_blob(state_.put, 2, value);
        return checked(state_.run(state_.put));
    }

    Result<void> erase(ByteView key) override {
        CHATMCP_TRY_VOID(usable());
        bind_blob(state_.erase, 1, key);
        return checked(state_.run(state_.erase));
    }

    Result<void> commit() override {
        CHATMCP_CHECK(!ended_);
        if (!failed_.has_value()) {
            static_cast<void>(checked(state_.run(state_.commit)));
        }
        end();
        return failed_.has_value() ? fail(*failed_) : Result<void>{};
    }

  private:
    // SQLite ends a transaction by itself after some errors; what came after it would then be
    // committed one by one. So the first error spoils all that follows.
    std::unexpected<Error> spoilt(Error error) {
        failed_ = error;
        return fail(error);
    }
    Result<void> checked(Result<void> result) {
        if (!result.has_value()) {
            failed_ = result.error();
        }
        return result;
    }
    [[nodiscard]] Result<void> usable() const {
        CHATMCP_CHECK(!ended_);
        return failed_.has_value() ? fail(*failed_) : Result<void>{};
    }

    void end() {
        ended_ = true;
        if (sqlite3_get_autocommit(state_.database.get()) == 0) {
            static_cast<void>(state_.run(state_.roll_back));
        }
        {
            const std::lock_guard lock(state_.mutex);
            state_.open = false;
        }
        state_.ended.notify_one();
    }

    SqliteKeyValue::State& state_;
    std::optional<Error> failed_;
    bool ended_ = false;
};

Result<std::vector<KeyValuePair>> SqliteTransaction::scan(ByteView prefix,
                                                          ByteView after,
                                                          std::size_t limit) {
    CHATMCP_TRY_VOID(usable());
    std::vector<KeyValuePair> out;
    if (limit == 0) {
        return out;
    }
    // A key equal to the prefix belongs to the scan, so "greater than" starts just below it: at the
    // prefix itself only if `after` names it.
    const bool from_prefix = after.empty() || BytesLess{}(after, prefix);
    if (from_prefix && !prefix.empty()) {
        CHATMCP_TRY(auto first, get(prefix));
        if (first.has_value()) {
            out.push_back({.key = to_bytes(prefix), .value = *std::move(first)});
        }
    }
    const std::optional<Bytes> end = end_of_prefix(prefix);
    bind_blob(state_.scan, 1, from_prefix ? prefix : after);
    if (end.has_value()) {
        bind_blob(state_.scan, 2, *end);
    }
    const std::size_t wanted = std::min<std::size_t>(limit - out.size(), 1'000'000);
    sqlite3_bind_int64(state_.scan.get(), 3, static_cast<sqlite3_int64>(wanted));
    int code = SQLITE_DONE;
    while ((code = sqlite3_step(state_.scan.get())) == SQLITE_ROW) {
        out.push_back({.key = column_blob(state_.scan, 0), .value = column_blob(state_.scan, 1)});
    }
    sqlite3_reset(state_.scan.get());
    sqlite3_clear_bindings(state_.scan.get());
    if (code != SQLITE_DONE) {
        return spoilt(state_.error(code));
    }
    return out;
}

SqliteKeyValue::SqliteKeyValue(std::unique_ptr<State> state) : state_(std::move(state)) {}

SqliteKeyValue::~SqliteKeyValue() {
    CHATMCP_CHECK(!state_->open);
}

Result<std::unique_ptr<SqliteKeyValue>> SqliteKeyValue::open(const std::string& path,
                                                             int busy_max_ms) {
    CHATMCP_TRY_VOID(create_private(path));
    auto state = std::make_unique<State>();
    state->busy_max = std::chrono::milliseconds(busy_max_ms);
    sqlite3* database = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(),
        &database,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
        nullptr);
    state->database.reset(database);
    if (code != SQLITE_OK) {
        return fail(error_of(database, code));
    }
    CHATMCP_TRY_VOID(state->set_up());
    return std::unique_ptr<SqliteKeyValue>(new SqliteKeyValue(std::move(state)));
}

Result<void> SqliteKeyValue::check() const {
    CHATMCP_TRY(const Statement statement, state_->prepare("PRAGMA integrity_check(1)"));
    const int code = sqlite3_step(statement.get());
    if (code != SQLITE_ROW) {
        return fail(state_->error(code));
    }
    const unsigned char* const verdict = sqlite3_column_text(statement.get(), 0);
    const auto size_bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0));
    if (verdict == nullptr || as_text(ByteView(verdict, size_bytes)) != "ok") {
        return fail(Errc::storage_corrupt, "STO-01");
    }
    return {};
}

Result<std::unique_ptr<OwnedTransaction>> SqliteKeyValue::begin() {
    {
        std::unique_lock lock(state_->mutex);
        if (!state_->ended.wait_for(lock, state_->busy_max, [this] { return !state_->open; })) {
            return fail(Errc::unavailable, "STO-04");
        }
        state_->open = true;
    }
    state_->start_waiting();
    auto transaction = std::make_unique<SqliteTransaction>(*state_);
    CHATMCP_TRY_VOID(state_->run(state_->begin));
    return transaction;
}

}  // namespace chatmcp::store
