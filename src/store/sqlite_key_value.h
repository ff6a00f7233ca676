#pragma once

#include <memory>
#include <string>

#include "base/key_value.h"
#include "base/result.h"

namespace chatmcp::store {

/// Key-value pairs in one SQLite file: a client's home. Several processes and threads may have the
/// same file open; their transactions run one after the other.
///
/// Trust:  the file is whatever the disk gives; damage is an error, never a wrong answer of a kind
///         that SQLite can notice. Values are sealed above this interface, so that a changed byte
///         is noticed there.
/// Errors: storage_corrupt (STO-01) not a database, not one of ours, or damaged;
/// unsupported_version
///         (STO-02) written by a newer program; resource_exhausted (STO-03) full disk; unavailable
///         (STO-04) others held it for kBusyMaxMs; too_large (STO-05) an empty key, or a key or
///         value above Transaction's limits; storage (STO-06) the system refused.
/// Cost:   one fsync per commit that wrote something.
class SqliteKeyValue {
  public:
    static constexpr int kBusyMaxMs = 60'000;
    /// PRAGMA user_version of the files this program writes.
    static constexpr int kSchemaVersion = 1;

    /// Opens the file, creates it (mode 0600) if there is none. Its folder must exist.
    [[nodiscard]] static Result<std::unique_ptr<SqliteKeyValue>> open(const std::string& path,
                                                                      int busy_max_ms = kBusyMaxMs);
    ~SqliteKeyValue();
    SqliteKeyValue(const SqliteKeyValue&) = delete;
    SqliteKeyValue& operator=(const SqliteKeyValue&) = delete;

    /// Waits for other transactions to end. The store outlives the transaction.
    ///
    /// After a call of the transaction failed, all its further calls fail the same way and nothing
    /// of it is kept.
    [[nodiscard]] Result<std::unique_ptr<OwnedTransaction>> begin();

    /// Reads the whole file and compares what it holds twice: finds a changed key, which reads
    /// cannot tell from one that was never written. Errors: storage_corrupt (STO-01).
    /// Cost:   reads the whole file.
    [[nodiscard]] Result<void> check() const;

  private:
    friend class SqliteTransaction;
    struct State;
    explicit SqliteKeyValue(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace chatmcp::store
