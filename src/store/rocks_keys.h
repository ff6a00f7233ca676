#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace chatmcp::store {

/// The first byte of every key. Numbers are part of the stored format.
enum class RocksTable : std::uint8_t {
    head = 'H',         // partition                -> sequence, state
    entry = 'E',        // partition, sequence      -> expires, value
    once = 'O',         // partition, 32-byte name  -> expires, sequence
    blob = 'B',         // partition, name          -> expires, value
    pool_item = 'P',    // partition, order         -> expires, value
    offered = 'D',      // partition, digest        -> expires
    last_resort = 'L',  // partition                -> used (0 or 1), value
    expiry = 'X',       // expires, another key     -> nothing
};

/// Keys: table, one byte of space, 32 bytes of id, then what the table adds; numbers are 8 bytes,
/// big-endian, so that byte order is their order.
[[nodiscard]] Bytes rocks_key(RocksTable table, const Partition& partition, ByteView rest = {});
[[nodiscard]] Bytes rocks_key(RocksTable table, const Partition& partition, std::uint64_t number);
[[nodiscard]] Bytes rocks_expiry_key(UnixMs expires_at, ByteView key);
/// The first key behind all keys of this table and partition.
[[nodiscard]] Bytes rocks_end(RocksTable table, const Partition& partition);

inline constexpr std::size_t kRocksPartitionBytes = 1 + 1 + 32;

/// A value with an 8-byte number (an expiry, a sequence) in front.
[[nodiscard]] Bytes with_number(std::uint64_t number, ByteView value);
struct NumberedValue {
    std::uint64_t number = 0;
    ByteView value;
    [[nodiscard]] UnixMs expires_at() const { return UnixMs{static_cast<std::int64_t>(number)}; }
};
/// Errors: storage_corrupt (STO-10) shorter than its number.
[[nodiscard]] Result<NumberedValue> split_number(ByteView stored);
/// The last 8 bytes of a key as a number. Precondition (checked): the key has them.
[[nodiscard]] std::uint64_t trailing_number(ByteView key);

}  // namespace chatmcp::store
