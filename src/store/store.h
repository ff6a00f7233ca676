#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::store {

/// What a partition is for. Numbers are part of the stored format.
enum class Space : std::uint8_t {
    topic = 1,
    inbox = 2,
    device_log = 3,
    key_packages = 4,
    agents = 5,
    first_contact = 6,
};

/// The unit of ordering and of atomic change: one topic, inbox, device log, pool or list.
struct Partition {
    Space space = Space::topic;
    ByteArray<32> id{};
    friend auto operator<=>(const Partition&, const Partition&) = default;
};

/// The one row of a partition that is changed by compare-and-set. It never expires.
struct Head {
    std::uint64_t sequence = 0;  // Of the last entry; 0 before the first.
    Bytes state;                 // What its owner keeps there.
};

/// An expiry that never comes.
inline constexpr UnixMs kNever{std::numeric_limits<std::int64_t>::max()};

/// Entries of a partition have dense sequences from 1; those over their time disappear.
struct Entry {
    std::uint64_t sequence = 0;
    UnixMs expires_at = kNever;
    Bytes value;
};

/// A named value of a partition.
struct Blob {
    Bytes name;  // 1..kBlobNameMaxBytes
    UnixMs expires_at = kNever;
    Bytes value;
};

/// An entry for another partition, which gets that partition's next sequence.
struct Delivery {
    Partition to;
    UnixMs expires_at = kNever;
    Bytes value;
};

struct NewEntry {
    UnixMs expires_at = kNever;
    Bytes value;
};

/// What an update does, all of it or nothing.
struct Change {
    Bytes state;                    // The head's from now on.
    std::optional<NewEntry> entry;  // Gets the head's sequence + 1.
    std::vector<Blob> blobs;        // Of the same partition; a name that is there is replaced.
    std::vector<Delivery>
        deliveries;  // Visible in their partitions if and only if this change won.
};

/// Looks at a partition's head (absent: the partition is new) and says what to change, or refuses.
/// Must not call the store and must have no lasting effect: it runs again when another writer came
/// between, and its change may be lost to a failing disk.
using Decide = std::function<Result<Change>(const std::optional<Head>&)>;

struct Updated {
    Entry entry;            // The one appended; sequence 0 if the change had none.
    bool repeated = false;  // `once` was known: nothing was changed, `entry` is the earlier one.
};

/// A pool of things that are handed out once each, with one more that is handed out when none is
/// left.
struct PoolState {
    std::uint32_t available = 0;
    bool has_last_resort = false;
    bool last_resort_used = false;  // Since it was put there.
};

struct Usage {
    std::size_t entries = 0;
    std::size_t bytes = 0;  // Of their values.
};

/// What a store has done since it was opened.
struct StoreStatistics {
    std::uint64_t operations = 0;  // Changes that were acknowledged.
    std::uint64_t syncs = 0;       // Times the disk was waited for.
    std::uint64_t written_bytes = 0;
};

/// Where a relay keeps what it acknowledged. One interface over RocksDB, memory and (later)
/// Cassandra, held by one conformance suite; safe for concurrent calls, which block for a write to
/// disk at most.
///
/// What each part costs on Cassandra, for which the interface is cut: a partition's head is one row
/// of its own table changed by a lightweight transaction (settled by a SERIAL read when the answer
/// is unknown, so `once` is not optional for a caller that must not do a thing twice); entries lie
/// in (partition, bucket) by sequence with a TTL; the winning head carries its last entry and its
/// deliveries until they stand in their places, so that whoever comes next can finish a change that
/// won. Nothing here asks for a transaction over two partitions that both decide.
///
/// Time:   `now` is the caller's; what expires at or before it is not given, and expire() deletes
/// it. Errors: resource_exhausted (STO-03) the disk is full: nothing was changed, and it works
/// again
///         once there is room; storage_corrupt (STO-10) the disk gives back what was not written;
///         storage (STO-11) it refuses; too_large (STO-12) a name, value or list above the limits.
class Store {
  public:
    static constexpr std::size_t kValueMaxBytes = std::size_t{6} * 1024 * 1024;
    static constexpr std::size_t kBlobNameMaxBytes = 128;
    static constexpr std::size_t kDeliveriesMax = 1000;
    static constexpr std::size_t kChangeMaxBytes = std::size_t{24} * 1024 * 1024;
    static constexpr std::size_t kPoolItemsMax = 1000;
    static constexpr std::size_t kClaimsMax = 200;

    virtual ~Store() = default;

    /// Compare-and-set of a partition's head, with all that belongs to it. What it returns is
    /// durable.
    ///
    /// `once` names the change: while the entry that it made is kept, the same name gives that
    /// entry again and decides nothing. A change without an entry is not remembered. Errors also:
    /// whatever `decide` refuses with.
    [[nodiscard]] virtual Result<Updated> update(const Partition& partition,
                                                 const std::optional<ByteArray<32>>& once,
                                                 UnixMs now,
                                                 const Decide& decide) = 0;

    [[nodiscard]] virtual Result<std::optional<Head>> head(const Partition& partition) = 0;

    /// Entries with a sequence above `after`, in order: at most `limit`, and no further one once
    /// `bytes_max` of values are reached (so at least one, if there is one).
    [[nodiscard]] virtual Result<std::vector<Entry>> read_after(const Partition& partition,
                                                                std::uint64_t after,
                                                                std::size_t limit,
                                                                std::size_t bytes_max,
                                                                UnixMs now) = 0;
    /// What the partition's entries take up. Stops counting once `limit` entries or `bytes_max` are
    /// reached.
    [[nodiscard]] virtual Result<Usage> usage(const Partition& partition,
                                              std::size_t limit,
                                              std::size_t bytes_max,
                                              UnixMs now) = 0;
    /// Forgets entries up to and with `sequence`; the head stays.
    [[nodiscard]] virtual Result<void> erase_through(const Partition& partition,
                                                     std::uint64_t sequence) = 0;

    [[nodiscard]] virtual Result<void> put_blob(const Partition& partition, const Blob& blob) = 0;
    [[nodiscard]] virtual Result<std::optional<Blob>> get_blob(const Partition& partition,
                                                               ByteView name,
                                                               UnixMs now) = 0;
    /// In byte order of the names, those above `after` (empty: from the first).
    [[nodiscard]] virtual Result<std::vector<Blob>> list_blobs(const Partition& partition,
                                                               ByteView after,
                                                               std::size_t limit,
                                                               UnixMs now) = 0;

    /// Puts items into a pool, and its last-resort item if given. An item that was ever offered
    /// before its expiry is not put in again, claimed or not.
    /// Errors also: resource_exhausted (STO-13) more than kPoolItemsMax would lie there.
    [[nodiscard]] virtual Result<PoolState> offer(const Partition& pool,
                                                  const std::vector<Bytes>& items,
                                                  const std::optional<Bytes>& last_resort,
                                                  UnixMs expires_at,
                                                  UnixMs now) = 0;
    /// Takes one item from each pool, oldest first, else its last-resort item, which stays. Each
    /// item is handed out once, whatever happens.
    [[nodiscard]] virtual Result<std::vector<std::optional<Bytes>>> claim(
        const std::vector<Partition>& pools, UnixMs now) = 0;

    /// The last-resort item of a pool, whatever else lies there; it stays and counts as used.
    [[nodiscard]] virtual Result<std::optional<Bytes>> claim_last_resort(const Partition& pool) = 0;

    /// Deletes up to `limit` things that are over their time; returns how many.
    [[nodiscard]] virtual Result<std::size_t> expire(UnixMs now, std::size_t limit) = 0;

    [[nodiscard]] virtual StoreStatistics statistics() const = 0;

  protected:
    Store() = default;
    Store(const Store&) = default;
    Store& operator=(const Store&) = default;
};

/// Whether a change keeps Store's limits; every implementation asks it before anything else.
/// Errors: too_large (STO-12).
[[nodiscard]] Result<void> check_limits(const Change& change);
[[nodiscard]] Result<void> check_limits(const Blob& blob);
[[nodiscard]] Result<void> check_offer(const std::vector<Bytes>& items,
                                       const std::optional<Bytes>& last_resort);

}  // namespace chatmcp::store
