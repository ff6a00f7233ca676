#include "store/rocks_keys.h"

#include "base/check.h"

namespace chatmcp::store {
namespace {

void append_number(Bytes& to, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        to.push_back(static_cast<std::uint8_t>((number >> shift) & 0xff));
    }
}

std::uint64_t number_of(ByteView bytes) {
    std::uint64_t number = 0;
    for (const std::uint8_t byte : bytes) {
        number = (number << 8) | byte;
    }
    return number;
}

}  // namespace

Bytes rocks_key(RocksTable table, const Partition& partition, ByteView rest) {
    Bytes key;
    key.reserve(kRocksPartitionBytes + rest.size());
    key.push_back(static_cast<std::uint8_t>(table));
    key.push_back(static_cast<std::uint8_t>(partition.space));
    append(key, partition.id);
    append(key, rest);
    return key;
}

Bytes rocks_key(RocksTable table, const Partition& partition, std::uint64_t number) {
    Bytes key = rocks_key(table, partition);
    append_number(key, number);
    return key;
}

Bytes rocks_expiry_key(UnixMs expires_at, ByteView key) {
    Bytes out = {static_cast<std::uint8_t>(RocksTable::expiry)};
    append_number(out, static_cast<std::uint64_t>(expires_at.value));
    append(out, key);
    return out;
}

Bytes rocks_end(RocksTable table, const Partition& partition) {
    Bytes end = rocks_key(table, partition);
    while (end.back() == 0xff) {  // Ends at the table's byte at the latest.
        end.pop_back();
    }
    ++end.back();
    return end;
}

Bytes with_number(std::uint64_t number, ByteView value) {
    Bytes out;
    out.reserve(8 + value.size());
    append_number(out, number);
    append(out, value);
    return out;
}

Result<NumberedValue> split_number(ByteView stored) {
    if (stored.size() < 8) {
        return fail(Errc::storage_corrupt, "STO-10");
    }
    return NumberedValue{.number = number_of(stored.first(8)), .value = stored.subspan(8)};
}

std::uint64_t trailing_number(ByteView key) {
    CHATMCP_CHECK(key.size() >= 8);
    return number_of(key.last(8));
}

}  // namespace chatmcp::store
