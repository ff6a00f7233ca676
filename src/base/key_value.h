#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp {

struct KeyValuePair {
    Bytes key;
    Bytes value;
};

/// One exclusive transaction over an ordered key-value store: what a step reads and writes.
///
/// Reads see the transaction's own writes. Nothing is durable before `commit` of the owner
/// returned; dropping the transaction leaves the store as it was. Keys hold only random ids and
/// counters, values are sealed above or below this interface (see client/sealed_store.h), never
/// here.
class Transaction {
  public:
    /// A key may be this long, a value that long; checked by implementations.
    static constexpr std::size_t kKeyMaxBytes = 512;
    static constexpr std::size_t kValueMaxBytes = std::size_t{16} * 1024 * 1024;

    virtual ~Transaction() = default;

    [[nodiscard]] virtual Result<std::optional<Bytes>> get(ByteView key) = 0;
    /// Up to `limit` pairs whose key starts with `prefix` and is greater than `after` (empty: from
    /// the first), in byte order.
    [[nodiscard]] virtual Result<std::vector<KeyValuePair>> scan(ByteView prefix,
                                                                 ByteView after,
                                                                 std::size_t limit) = 0;
    [[nodiscard]] virtual Result<void> put(ByteView key, ByteView value) = 0;
    [[nodiscard]] virtual Result<void> erase(ByteView key) = 0;

  protected:
    Transaction() = default;
    Transaction(const Transaction&) = default;
    Transaction& operator=(const Transaction&) = default;
};

/// A transaction that its owner can end.
class OwnedTransaction : public Transaction {
  public:
    /// All writes become durable together, or none (an error leaves the store as it was).
    [[nodiscard]] virtual Result<void> commit() = 0;
};

}  // namespace chatmcp
