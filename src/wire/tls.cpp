#include "wire/tls.h"

#include <algorithm>

#include "base/check.h"

namespace chatmcp::wire {
namespace {

// RFC 9420 section 2.1.2: the two high bits of the first byte say how many bytes the length has (1,
// 2 or 4; 3 is reserved), the rest is the length, big-endian.
constexpr std::size_t kOneByteMax = 0x3f;
constexpr std::size_t kTwoByteMax = 0x3fff;

// Most of what is written in pieces fits into this.
constexpr std::size_t kFirstRoomBytes = 96;

void append_to(Bytes& to, ByteView bytes) {
    if (to.capacity() == 0) {
        to.reserve(std::max(kFirstRoomBytes, bytes.size()));
    }
    append(to, bytes);
}

template <class Integer>
void write_big_endian(Bytes& to, Integer value) {
    ByteArray<sizeof(Integer)> bytes;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        bytes[i] = static_cast<std::uint8_t>((value >> (8 * (sizeof(Integer) - 1 - i))) & 0xff);
    }
    append_to(to, bytes);
}

template <class Integer>
Integer read_big_endian(ByteView from) {
    Integer value = 0;
    for (const std::uint8_t byte : from) {
        value = static_cast<Integer>((value << 8) | byte);
    }
    return value;
}

}  // namespace

void Writer::u8(std::uint8_t value) {
    write_big_endian(bytes_, value);
}

void Writer::u16(std::uint16_t value) {
    write_big_endian(bytes_, value);
}

void Writer::u32(std::uint32_t value) {
    write_big_endian(bytes_, value);
}

void Writer::u64(std::uint64_t value) {
    write_big_endian(bytes_, value);
}

void Writer::fixed(ByteView bytes) {
    append_to(bytes_, bytes);
}

void Writer::vector(ByteView bytes) {
    variable_length(bytes.size());
    append_to(bytes_, bytes);
}

void Writer::u16_vector(std::span<const std::uint16_t> values) {
    variable_length(2 * values.size());
    bytes_.resize(bytes_.size() + 2 * values.size());
    auto to = bytes_.end() - static_cast<std::ptrdiff_t>(2 * values.size());
    for (const std::uint16_t value : values) {
        *to++ = static_cast<std::uint8_t>(value >> 8);
        *to++ = static_cast<std::uint8_t>(value & 0xff);
    }
}

void Writer::variable_length(std::size_t length) {
    CHATMCP_CHECK(length <= kVectorMaxBytes);
    if (length <= kOneByteMax) {
        u8(static_cast<std::uint8_t>(length));
    } else if (length <= kTwoByteMax) {
        u16(static_cast<std::uint16_t>(0x4000 | length));
    } else {
        u32(static_cast<std::uint32_t>(0x8000'0000 | length));
    }
}

void Writer::insert_length(std::size_t start) {
    const std::size_t end = bytes_.size();
    variable_length(end - start);
    const auto at = [&](std::size_t offset) {
        return bytes_.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    ByteArray<4> length;
    std::copy(at(end), bytes_.end(), length.begin());
    const auto after = std::copy_backward(at(start), at(end), bytes_.end());
    std::copy_n(length.begin(), after - at(start), at(start));
}

Result<ByteView> Reader::fixed(std::size_t size_bytes) {
    if (size_bytes > remaining()) {
        return fail(Errc::malformed, "WIRE-01");
    }
    const ByteView view = input_.subspan(position_, size_bytes);
    position_ += size_bytes;
    return view;
}

Result<std::uint8_t> Reader::u8() {
    CHATMCP_TRY(const ByteView view, fixed(1));
    return view[0];
}

Result<std::uint16_t> Reader::u16() {
    CHATMCP_TRY(const ByteView view, fixed(2));
    return read_big_endian<std::uint16_t>(view);
}

Result<std::uint32_t> Reader::u32() {
    CHATMCP_TRY(const ByteView view, fixed(4));
    return read_big_endian<std::uint32_t>(view);
}

Result<std::uint64_t> Reader::u64() {
    CHATMCP_TRY(const ByteView view, fixed(8));
    return read_big_endian<std::uint64_t>(view);
}

Result<std::size_t> Reader::variable_length() {
    CHATMCP_TRY(const std::uint8_t first, u8());
    const unsigned form = first >> 6;
    if (form == 3) {
        return fail(Errc::not_canonical, "WIRE-02");
    }
    std::size_t length = first & kOneByteMax;
    CHATMCP_TRY(const ByteView rest, fixed((std::size_t{1} << form) - 1));
    for (const std::uint8_t byte : rest) {
        length = (length << 8) | byte;
    }
    // Two encodings of one length would be two encodings, and two hashes, of one value.
    if ((form == 1 && length <= kOneByteMax) || (form == 2 && length <= kTwoByteMax)) {
        return fail(Errc::not_canonical, "WIRE-02");
    }
    return length;
}

Result<ByteView> Reader::vector(std::size_t max_bytes) {
    CHATMCP_TRY(const std::size_t length, variable_length());
    if (length > max_bytes) {
        return fail(Errc::too_large, "WIRE-03");
    }
    return fixed(length);
}

Result<Reader> Reader::sub(std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView content, vector(max_bytes));
    return Reader(content);
}

Result<bool> Reader::presence() {
    CHATMCP_TRY(const std::uint8_t byte, u8());
    if (byte > 1) {
        return fail(Errc::malformed, "WIRE-04");
    }
    return byte == 1;
}

Result<void> Reader::finish() const {
    if (!empty()) {
        return fail(Errc::trailing_bytes, "WIRE-05");
    }
    return {};
}

}  // namespace chatmcp::wire
