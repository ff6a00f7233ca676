#include "wire/cbor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace chatmcp::wire {
namespace {

// RFC 8949 section 3: the low five bits of the first byte.
constexpr std::uint8_t kDirectMax = 23;   // The value itself.
constexpr std::uint8_t kOneByte = 24;     // 24..27: 1, 2, 4 or 8 bytes follow.
constexpr std::uint8_t kEightBytes = 27;  // 28..30 are reserved, 31 is an indefinite length.
constexpr std::uint8_t kArgumentMask = 31;
// Whole first bytes of items without content (RFC 8949 section 3.2.1, 3.3).
constexpr std::uint8_t kNull = 0xf6;
constexpr std::uint8_t kIndefiniteMap = 0xbf;
constexpr std::uint8_t kBreak = 0xff;

/// The smallest value that may be written in `size` bytes after the head.
std::uint64_t smallest_for(std::size_t size) {
    switch (size) {
        case 1:
            return kDirectMax + 1;
        case 2:
            return std::uint64_t{1} << 8;
        case 4:
            return std::uint64_t{1} << 16;
        default:
            return std::uint64_t{1} << 32;
    }
}

constexpr std::size_t kWordBytes = 8;

/// Whether eight bytes of ASCII come first.
bool begins_with_ascii(ByteView text) {
    constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
    if (text.size() < kWordBytes) {
        return false;
    }
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), kWordBytes);
    return (word & kHighBits) == 0;
}

struct Utf8Range {
    std::size_t continuation_bytes;
    std::uint8_t second_min;
    std::uint8_t second_max;
};

/// RFC 3629 section 4: what may follow a first byte. No continuation bytes and an empty range:
/// nothing starts with it.
Utf8Range utf8_range(std::uint8_t first) {
    if (first < 0x80) {
        return {0, 0, 0};
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return {1, 0x80, 0xBF};
    }
    if (first >= 0xE0 && first <= 0xEF) {
        return {2,
                first == 0xE0 ? std::uint8_t{0xA0} : std::uint8_t{0x80},
                first == 0xED ? std::uint8_t{0x9F} : std::uint8_t{0xBF}};
    }
    if (first >= 0xF0 && first <= 0xF4) {
        return {3,
                first == 0xF0 ? std::uint8_t{0x90} : std::uint8_t{0x80},
                first == 0xF4 ? std::uint8_t{0x8F} : std::uint8_t{0xBF}};
    }
    return {1, 1, 0};
}

}  // namespace

bool is_utf8(ByteView text) {
    for (std::size_t i = 0; i < text.size();) {
        if (begins_with_ascii(text.subspan(i))) {
            i += kWordBytes;
            continue;
        }
        const Utf8Range range = utf8_range(text[i]);
        if (text.size() - i <= range.continuation_bytes) {
            return false;
        }
        for (std::size_t k = 1; k <= range.continuation_bytes; ++k) {
            const std::uint8_t byte = text[i + k];
            const std::uint8_t min = k == 1 ? range.second_min : std::uint8_t{0x80};
            const std::uint8_t max = k == 1 ? range.second_max : std::uint8_t{0xBF};
            if (byte < min || byte > max) {
                return false;
            }
        }
        i += 1 + range.continuation_bytes;
    }
    return true;
}

void CborWriter::head(CborMajor major, std::uint64_t argument) {
    const auto type = static_cast<std::uint8_t>(static_cast<std::uint8_t>(major) << 5);
    if (argument <= kDirectMax) {
        bytes_.push_back(static_cast<std::uint8_t>(type | argument));
        return;
    }
    std::uint8_t code = kOneByte;
    std::size_t size = 1;
    while (size < 8 && (argument >> (8 * size)) != 0) {
        size *= 2;
        ++code;
    }
    bytes_.push_back(static_cast<std::uint8_t>(type | code));
    for (std::size_t i = size; i-- > 0;) {
        bytes_.push_back(static_cast<std::uint8_t>(argument >> (8 * i)));
    }
}

void CborWriter::unsigned_integer(std::uint64_t value) {
    head(CborMajor::unsigned_integer, value);
}

void CborWriter::byte_string(ByteView bytes) {
    head(CborMajor::byte_string, bytes.size());
    append(bytes_, bytes);
}

void CborWriter::text_string(std::string_view text) {
    CHATMCP_CHECK(is_utf8(as_bytes(text)));
    head(CborMajor::text_string, text.size());
    append(bytes_, as_bytes(text));
}

void CborWriter::array(std::size_t items) {
    head(CborMajor::array, items);
}

void CborWriter::integer(std::int64_t value) {
    if (value >= 0) {
        head(CborMajor::unsigned_integer, static_cast<std::uint64_t>(value));
    } else {
        head(CborMajor::negative_integer, static_cast<std::uint64_t>(-1 - value));
    }
}

void CborWriter::map(std::size_t pairs) {
    head(CborMajor::map, pairs);
}

void CborWriter::tag(std::uint64_t number) {
    head(CborMajor::tag, number);
}

void CborWriter::null() {
    bytes_.push_back(kNull);
}

Result<CborMajor> CborReader::peek() const {
    if (position_ == input_.size()) {
        return fail(Errc::malformed, "CBOR-01");
    }
    return static_cast<CborMajor>(input_[position_] >> 5);
}

Result<std::uint64_t> CborReader::head(CborMajor wanted) {
    CHATMCP_TRY(const CborMajor major, peek());
    if (major != wanted) {
        return fail(Errc::malformed, "CBOR-04");
    }
    const std::uint8_t code = input_[position_] & kArgumentMask;
    if (code <= kDirectMax) {
        ++position_;
        return std::uint64_t{code};
    }
    // A length that is only known at the end lets one value be written in many ways.
    if (code > kEightBytes) {
        return fail(Errc::malformed, "CBOR-03");
    }
    const std::size_t size = std::size_t{1} << (code - kOneByte);
    if (input_.size() - position_ - 1 < size) {
        return fail(Errc::malformed, "CBOR-01");
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = value << 8 | input_[position_ + 1 + i];
    }
    if (value < smallest_for(size)) {
        return fail(Errc::not_canonical, "CBOR-02");
    }
    position_ += 1 + size;
    return value;
}

Result<std::uint64_t> CborReader::unsigned_integer() {
    return head(CborMajor::unsigned_integer);
}

Result<ByteView> CborReader::content(CborMajor wanted, std::size_t max_bytes) {
    CHATMCP_TRY(const std::uint64_t size, head(wanted));
    if (size > max_bytes) {
        return fail(Errc::too_large, "CBOR-05");
    }
    if (size > input_.size() - position_) {
        return fail(Errc::malformed, "CBOR-01");
    }
    const ByteView view = input_.subspan(position_, static_cast<std::size_t>(size));
    position_ += view.size();
    return view;
}

Result<ByteView> CborReader::byte_string(std::size_t max_bytes) {
    return content(CborMajor::byte_string, max_bytes);
}

Result<std::string_view> CborReader::text_string(std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, content(CborMajor::text_string, max_bytes));
    if (!is_utf8(view)) {
        return fail(Errc::malformed, "CBOR-06");
    }
    return as_text(view);
}

Result<std::size_t> CborReader::count(CborMajor wanted, std::size_t max) {
    CHATMCP_TRY(const std::uint64_t items, head(wanted));
    if (items > max) {
        return fail(Errc::too_large, "CBOR-05");
    }
    return static_cast<std::size_t>(items);
}

Result<std::size_t> CborReader::array(std::size_t max_items) {
    return count(CborMajor::array, max_items);
}

Result<std::size_t> CborReader::map(std::size_t max_pairs) {
    return count(CborMajor::map, max_pairs);
}

Result<std::optional<std::size_t>> CborReader::map_of_any_length(std::size_t max_pairs) {
    if (take(kIndefiniteMap)) {
        return std::optional<std::size_t>();
    }
    CHATMCP_TRY(const std::size_t pairs, map(max_pairs));
    return std::optional<std::size_t>(pairs);
}

Result<std::int64_t> CborReader::integer() {
    CHATMCP_TRY(const CborMajor major, peek());
    const bool negative = major == CborMajor::negative_integer;
    CHATMCP_TRY(const std::uint64_t argument,
                head(negative ? CborMajor::negative_integer : CborMajor::unsigned_integer));
    if (argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return fail(Errc::too_large, "CBOR-05");
    }
    const auto value = static_cast<std::int64_t>(argument);
    return negative ? -1 - value : value;
}

Result<std::uint64_t> CborReader::tag() {
    return head(CborMajor::tag);
}

bool CborReader::take(std::uint8_t byte) {
    if (position_ == input_.size() || input_[position_] != byte) {
        return false;
    }
    ++position_;
    return true;
}

bool CborReader::take_break() {
    return take(kBreak);
}

bool CborReader::take_null() {
    return take(kNull);
}

Result<void> CborReader::finish() const {
    if (position_ != input_.size()) {
        return fail(Errc::trailing_bytes, "CBOR-07");
    }
    return {};
}

}  // namespace chatmcp::wire
