#include "chain/codec.h"

#include "base/check.h"

namespace chatmcp::chain {
namespace {

constexpr unsigned kGroupBits = 7;
constexpr std::uint8_t kGroupMask = 0x7f;
constexpr std::uint8_t kMoreFollows = 0x80;
constexpr unsigned kCompactBytesMax = 3;

}  // namespace

void Writer::little_endian(std::uint64_t value, std::size_t size_bytes) {
    for (std::size_t i = 0; i < size_bytes; ++i) {
        bytes_.push_back(static_cast<std::uint8_t>((value >> (8 * i)) & 0xff));
    }
}

void Writer::compact_u16(std::size_t value) {
    CHATMCP_CHECK(value <= kCompactMax);
    while (value > kGroupMask) {
        u8(static_cast<std::uint8_t>((value & kGroupMask) | kMoreFollows));
        value >>= kGroupBits;
    }
    u8(static_cast<std::uint8_t>(value));
}

Result<ByteView> Reader::fixed(std::size_t size_bytes) {
    if (size_bytes > remaining()) {
        return fail(Errc::malformed, "CHN-01");
    }
    const ByteView view = input_.subspan(position_, size_bytes);
    position_ += size_bytes;
    return view;
}

Result<std::uint8_t> Reader::peek() const {
    if (remaining() == 0) {
        return fail(Errc::malformed, "CHN-01");
    }
    return input_[position_];
}

template <class Integer>
Result<Integer> Reader::little_endian() {
    CHATMCP_TRY(const ByteView view, fixed(sizeof(Integer)));
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(Integer); i-- > 0;) {
        value = (value << 8) | view[i];
    }
    return static_cast<Integer>(value);
}

Result<std::uint8_t> Reader::u8() {
    return little_endian<std::uint8_t>();
}

Result<std::uint16_t> Reader::u16() {
    return little_endian<std::uint16_t>();
}

Result<std::uint32_t> Reader::u32() {
    return little_endian<std::uint32_t>();
}

Result<std::uint64_t> Reader::u64() {
    return little_endian<std::uint64_t>();
}

Result<std::size_t> Reader::compact_u16() {
    std::size_t value = 0;
    for (unsigned group = 0; group < kCompactBytesMax; ++group) {
        CHATMCP_TRY(const std::uint8_t byte, u8());
        value |= std::size_t{byte & std::size_t{kGroupMask}} << (group * kGroupBits);
        if ((byte & kMoreFollows) != 0) {
            continue;
        }
        // A last group of zeros adds nothing: two encodings would be two hashes of one message.
        if (byte == 0 && group > 0) {
            return fail(Errc::not_canonical, "CHN-02");
        }
        if (value > kCompactMax) {
            return fail(Errc::too_large, "CHN-03");
        }
        return value;
    }
    return fail(Errc::too_large, "CHN-03");
}

Result<ByteView> Reader::compact_bytes() {
    CHATMCP_TRY(const std::size_t size, compact_u16());
    return fixed(size);
}

Result<void> Reader::finish() const {
    if (remaining() != 0) {
        return fail(Errc::trailing_bytes, "CHN-04");
    }
    return {};
}

}  // namespace chatmcp::chain
