#include "wire/der.h"

#include <algorithm>
#include <chrono>

namespace chatmcp::wire {
namespace {

constexpr std::size_t kLengthBytesMax = 4;
constexpr std::uint32_t kNumberMax = (std::uint32_t{1} << 28) - 1;

bool is_digits(ByteView text) {
    return std::ranges::all_of(text, [](std::uint8_t c) { return c >= '0' && c <= '9'; });
}

std::int64_t digits(ByteView text, std::size_t at, std::size_t count) {
    std::int64_t value = 0;
    for (const std::uint8_t c : text.subspan(at, count)) {
        value = 10 * value + (c - '0');
    }
    return value;
}

/// The rest of a time after its year: MMDDHHMMSSZ.
Result<UnixMs> time_in_year(std::int64_t year, ByteView text) {
    constexpr std::size_t kDigits = 10;
    if (text.size() != kDigits + 1 || text.back() != 'Z' || !is_digits(text.first(kDigits))) {
        return fail(Errc::malformed, "DER-07");
    }
    const std::chrono::year_month_day date{
        std::chrono::year(static_cast<int>(year)),
        std::chrono::month(static_cast<unsigned>(digits(text, 0, 2))),
        std::chrono::day(static_cast<unsigned>(digits(text, 2, 2)))};
    const std::int64_t hour = digits(text, 4, 2);
    const std::int64_t minute = digits(text, 6, 2);
    const std::int64_t second = digits(text, 8, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) {
        return fail(Errc::malformed, "DER-07");
    }
    const auto days = std::chrono::sys_days(date).time_since_epoch().count();
    return UnixMs{std::int64_t{days} * kDayMs + hour * kHourMs + minute * kMinuteMs +
                  second * kSecondMs};
}

}  // namespace

Result<std::uint8_t> DerReader::byte() {
    if (input_.empty()) {
        return fail(Errc::malformed, "DER-01");
    }
    const std::uint8_t value = input_.front();
    input_ = input_.subspan(1);
    return value;
}

Result<DerTag> DerReader::tag() {
    constexpr std::uint8_t kLongForm = 0x1f;
    CHATMCP_TRY(const std::uint8_t first, byte());
    DerTag tag{static_cast<DerTag::Class>(first >> 6), (first & 0x20) != 0, 0};
    tag.number = first & kLongForm;
    if (tag.number != kLongForm) {
        return tag;
    }
    tag.number = 0;
    for (;;) {
        CHATMCP_TRY(const std::uint8_t next, byte());
        if (tag.number == 0 && next == 0x80) {
            return fail(Errc::not_canonical, "DER-02");
        }
        if (tag.number > kNumberMax >> 7) {
            return fail(Errc::malformed, "DER-03");
        }
        tag.number = (tag.number << 7) | (next & 0x7f);
        if ((next & 0x80) == 0) {
            break;
        }
    }
    if (tag.number < kLongForm) {
        return fail(Errc::not_canonical, "DER-02");
    }
    return tag;
}

Result<std::size_t> DerReader::length() {
    CHATMCP_TRY(const std::uint8_t first, byte());
    if (first < 0x80) {
        return first;
    }
    const std::size_t count = first & 0x7f;
    if (count == 0 || count > kLengthBytesMax) {
        return fail(Errc::malformed, "DER-03");
    }
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) {
        CHATMCP_TRY(const std::uint8_t next, byte());
        if (i == 0 && next == 0) {
            return fail(Errc::not_canonical, "DER-02");
        }
        length = (length << 8) | next;
    }
    if (length < 0x80) {
        return fail(Errc::not_canonical, "DER-02");
    }
    if (length > kNumberMax) {
        return fail(Errc::malformed, "DER-03");
    }
    return length;
}

Result<DerValue> DerReader::any() {
    const ByteView start = input_;
    DerValue value;
    CHATMCP_TRY(value.tag, tag());
    CHATMCP_TRY(const std::size_t size_bytes, length());
    if (size_bytes > input_.size()) {
        return fail(Errc::malformed, "DER-01");
    }
    value.content = input_.first(size_bytes);
    input_ = input_.subspan(size_bytes);
    value.whole = start.first(start.size() - input_.size());
    return value;
}

Result<DerValue> DerReader::value(const DerTag& wanted) {
    CHATMCP_TRY(DerValue found, any());
    if (found.tag != wanted) {
        return fail(Errc::malformed, "DER-04");
    }
    return found;
}

Result<ByteView> DerReader::content(const DerTag& wanted) {
    CHATMCP_TRY(const DerValue found, value(wanted));
    return found.content;
}

Result<std::optional<ByteView>> DerReader::optional(const DerTag& wanted) {
    if (empty()) {
        return std::optional<ByteView>();
    }
    DerReader ahead = *this;
    CHATMCP_TRY(const DerValue found, ahead.any());
    if (found.tag != wanted) {
        return std::optional<ByteView>();
    }
    *this = ahead;
    return std::optional(found.content);
}

Result<DerReader> DerReader::nested(const DerTag& wanted) {
    CHATMCP_TRY(const ByteView inside, content(wanted));
    return DerReader(inside);
}

Result<ByteView> der_unsigned(ByteView content) {
    if (content.empty() || (content[0] & 0x80) != 0) {
        return fail(Errc::malformed, "DER-05");
    }
    if (content[0] != 0 || content.size() == 1) {
        return content;
    }
    if ((content[1] & 0x80) == 0) {
        return fail(Errc::not_canonical, "DER-02");
    }
    return content.subspan(1);
}

Result<ByteView> DerReader::unsigned_integer() {
    CHATMCP_TRY(const ByteView number, content(kDerInteger));
    return der_unsigned(number);
}

Result<std::uint64_t> DerReader::small_integer() {
    CHATMCP_TRY(const ByteView number, unsigned_integer());
    if (number.size() > sizeof(std::uint64_t)) {
        return fail(Errc::too_large, "DER-06");
    }
    std::uint64_t value = 0;
    for (const std::uint8_t next : number) {
        value = (value << 8) | next;
    }
    return value;
}

Result<bool> DerReader::boolean() {
    CHATMCP_TRY(const ByteView value, content(kDerBoolean));
    if (value.size() != 1 || (value[0] != 0x00 && value[0] != 0xff)) {
        return fail(Errc::malformed, "DER-05");
    }
    return value[0] != 0;
}

Result<ByteView> DerReader::bit_string_of_bytes() {
    CHATMCP_TRY(const ByteView value, content(kDerBitString));
    if (value.empty() || value[0] != 0) {
        return fail(Errc::malformed, "DER-05");
    }
    return value.subspan(1);
}

Result<UnixMs> DerReader::time() {
    CHATMCP_TRY(const DerValue found, any());
    const std::size_t year_digits = found.tag == kDerUtcTime ? 2 : 4;
    if (found.tag != kDerUtcTime && found.tag != kDerGeneralizedTime) {
        return fail(Errc::malformed, "DER-04");
    }
    if (found.content.size() < year_digits || !is_digits(found.content.first(year_digits))) {
        return fail(Errc::malformed, "DER-07");
    }
    std::int64_t year = digits(found.content, 0, year_digits);
    if (found.tag == kDerUtcTime) {
        year += year < 50 ? 2000 : 1900;
    }
    return time_in_year(year, found.content.subspan(year_digits));
}

Result<void> DerReader::finish() const {
    if (!empty()) {
        return fail(Errc::trailing_bytes, "DER-08");
    }
    return {};
}

}  // namespace chatmcp::wire
