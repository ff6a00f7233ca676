#include "base/encoding.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"

namespace chatmcp {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64UrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase58Alphabet =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

constexpr std::uint8_t kNoDigit = 0xff;
using DigitTable = std::array<std::uint8_t, 256>;

// The value of each character in an alphabet, so that reading is one look-up a character.
constexpr DigitTable digits_of(std::string_view alphabet) {
    DigitTable table{};
    table.fill(kNoDigit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}

constexpr DigitTable kHexValues = digits_of(kHexDigits);
constexpr DigitTable kBase64Values = digits_of(kBase64Alphabet);
constexpr DigitTable kBase64UrlValues = digits_of(kBase64UrlAlphabet);
constexpr DigitTable kBase58Values = digits_of(kBase58Alphabet);

std::uint8_t digit(const DigitTable& table, char character) {
    return table[static_cast<std::uint8_t>(character)];
}

std::string base64_digits(ByteView bytes, std::string_view alphabet) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    unsigned bit_count = 0;
    for (const std::uint8_t byte : bytes) {
        bits = (bits << 8) | byte;
        bit_count += 8;
        while (bit_count >= 6) {
            bit_count -= 6;
            out.push_back(alphabet[(bits >> bit_count) & 0x3f]);
        }
    }
    if (bit_count > 0) {
        out.push_back(alphabet[(bits << (6 - bit_count)) & 0x3f]);
    }
    return out;
}

// `text` without padding.
Result<Bytes> base64_bytes(std::string_view text, const DigitTable& table) {
    if (text.size() % 4 == 1) {
        return fail(Errc::malformed, "BASE-02");
    }
    Bytes out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned bit_count = 0;
    for (const char character : text) {
        const std::uint8_t value = digit(table, character);
        if (value == kNoDigit) {
            return fail(Errc::malformed, "BASE-02");
        }
        bits = (bits << 6) | value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out.push_back(static_cast<std::uint8_t>((bits >> bit_count) & 0xff));
        }
    }
    if ((bits & ((1u << bit_count) - 1)) != 0) {
        return fail(Errc::not_canonical, "BASE-03");
    }
    return out;
}

// Value of a big number in `FromBase` written in `ToBase`, both as digits with the highest first
// and no leading zero. Bases that are known here divide by multiplying: every look at a member's
// account comes through this.
template <unsigned FromBase, unsigned ToBase>
Bytes change_base(ByteView digits) {
    Bytes lowest_first;
    for (const std::uint8_t next : digits) {
        unsigned carry = next;
        for (std::uint8_t& place : lowest_first) {
            carry += place * FromBase;
            place = static_cast<std::uint8_t>(carry % ToBase);
            carry /= ToBase;
        }
        while (carry > 0) {
            lowest_first.push_back(static_cast<std::uint8_t>(carry % ToBase));
            carry /= ToBase;
        }
    }
    std::reverse(lowest_first.begin(), lowest_first.end());
    return lowest_first;
}

constexpr std::uint32_t kBase58 = 58;
constexpr std::size_t kBase58GroupDigits = 5;
constexpr std::uint32_t kBase58Group = kBase58 * kBase58 * kBase58 * kBase58 * kBase58;
static_assert(std::uint64_t{kBase58Group} * kBase58 > UINT32_MAX);  // As many as fit 32 bits.
constexpr std::size_t kWordBytes = 4;

// A big-endian number in groups of five base58 digits, the lowest one first: as change_base, with
// words and groups for bytes and digits, since addresses are written and compared in large numbers.
std::vector<std::uint32_t> base58_groups(ByteView bytes) {
    std::vector<std::uint32_t> groups;
    groups.reserve(bytes.size() * 2 / 7 + 1);  // A group holds 29 bits.
    while (!bytes.empty()) {
        // The first word may have fewer bytes, so that the others are whole.
        const std::size_t size = (bytes.size() - 1) % kWordBytes + 1;
        std::uint64_t carry = 0;
        for (const std::uint8_t byte : bytes.first(size)) {
            carry = (carry << 8) | byte;
        }
        bytes = bytes.subspan(size);
        for (std::uint32_t& group : groups) {
            carry += std::uint64_t{group} << 32;
            group = static_cast<std::uint32_t>(carry % kBase58Group);
            carry /= kBase58Group;
        }
        while (carry != 0) {
            groups.push_back(static_cast<std::uint32_t>(carry % kBase58Group));
            carry /= kBase58Group;
        }
    }
    return groups;
}

std::size_t leading_zeros(ByteView digits) {
    const auto first = std::find_if(digits.begin(), digits.end(), [](auto d) { return d != 0; });
    return static_cast<std::size_t>(first - digits.begin());
}

void append_padded(std::string& to, std::int64_t value, std::size_t width) {
    const std::string text = to_decimal(static_cast<std::uint64_t>(value));
    CHATMCP_CHECK(text.size() <= width);
    to.append(width - text.size(), '0').append(text);
}

// Takes digits from the front of a text; every step says whether the text still fits.
class TimeReader {
  public:
    explicit TimeReader(std::string_view text) : rest_(text) {}

    int number(std::size_t width) {
        int value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            const std::uint8_t next = rest_.empty() ? kNoDigit : digit(kHexValues, rest_.front());
            if (next > 9) {
                fits_ = false;
                return 0;
            }
            value = value * 10 + next;
            rest_.remove_prefix(1);
        }
        return value;
    }

    void character(char expected) {
        if (rest_.empty() || rest_.front() != expected) {
            fits_ = false;
            return;
        }
        rest_.remove_prefix(1);
    }

    [[nodiscard]] bool next_is(char expected) const {
        return !rest_.empty() && rest_.front() == expected;
    }
    [[nodiscard]] bool fits_whole() const { return fits_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool fits_ = true;
};

}  // namespace

std::string to_hex(ByteView bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        out.push_back(kHexDigits[byte >> 4]);
        out.push_back(kHexDigits[byte & 0xf]);
    }
    return out;
}

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return fail(Errc::malformed, "BASE-01");
    }
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::uint8_t high = digit(kHexValues, text[i]);
        const std::uint8_t low = digit(kHexValues, text[i + 1]);
        if (high == kNoDigit || low == kNoDigit) {
            return fail(Errc::malformed, "BASE-01");
        }
        out.push_back(static_cast<std::uint8_t>((high << 4) | low));
    }
    return out;
}

std::string to_base64(ByteView bytes) {
    std::string out = base64_digits(bytes, kBase64Alphabet);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

Result<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return fail(Errc::malformed, "BASE-02");
    }
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
    }
    return base64_bytes(text, kBase64Values);
}

std::string to_base64url(ByteView bytes) {
    return base64_digits(bytes, kBase64UrlAlphabet);
}

Result<Bytes> from_base64url(std::string_view text) {
    return base64_bytes(text, kBase64UrlValues);
}

std::string to_base58(ByteView bytes) {
    CHATMCP_CHECK(bytes.size() <= kBase58ValueMaxBytes);
    const std::size_t zeros = leading_zeros(bytes);
    // The digits behind the zeros, last first, and at most four zeros of the highest group.
    std::string digits;
    digits.reserve(kBase58TextMaxBytes);
    for (std::uint32_t group : base58_groups(bytes.subspan(zeros))) {
        for (std::size_t i = 0; i < kBase58GroupDigits; ++i) {
            digits.push_back(kBase58Alphabet[group % kBase58]);
            group /= kBase58;
        }
    }
    digits.resize(digits.find_last_not_of(kBase58Alphabet[0]) + 1);
    std::string out(zeros, kBase58Alphabet[0]);
    out.append(digits.rbegin(), digits.rend());
    return out;
}

Result<Bytes> from_base58(std::string_view text) {
    if (text.size() > kBase58TextMaxBytes) {
        return fail(Errc::too_large, "BASE-05");
    }
    Bytes digits;
    digits.reserve(text.size());
    for (const char character : text) {
        const std::uint8_t value = digit(kBase58Values, character);
        if (value == kNoDigit) {
            return fail(Errc::malformed, "BASE-04");
        }
        digits.push_back(value);
    }
    const std::size_t zeros = leading_zeros(digits);
    Bytes out(zeros);
    append(out, change_base<58, 256>(ByteView(digits).subspan(zeros)));
    // Many ones make more bytes than any other text of this length.
    if (out.size() > kBase58ValueMaxBytes) {
        return fail(Errc::too_large, "BASE-05");
    }
    return out;
}

std::string to_decimal(std::uint64_t value) {
    std::string out;
    do {
        out.push_back(kHexDigits[value % 10]);
        value /= 10;
    } while (value > 0);
    std::reverse(out.begin(), out.end());
    return out;
}

Result<std::uint64_t> from_decimal(std::string_view text) {
    if (text.empty() || (text.size() > 1 && text.front() == '0')) {
        return fail(Errc::malformed, "BASE-06");
    }
    constexpr std::uint64_t kMax = UINT64_MAX;
    std::uint64_t value = 0;
    for (const char character : text) {
        const std::uint8_t next = digit(kHexValues, character);
        if (next > 9 || value > (kMax - next) / 10) {
            return fail(Errc::malformed, "BASE-06");
        }
        value = value * 10 + next;
    }
    return value;
}

std::string to_time_text(UnixMs at) {
    CHATMCP_CHECK(at.value >= 0 && at.seconds() <= kTimeTextMaxSeconds);
    const std::int64_t days = at.value / kDayMs;
    const std::int64_t ms_of_day = at.value % kDayMs;
    const std::chrono::year_month_day date{
        std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
    std::string out;
    append_padded(out, static_cast<int>(date.year()), 4);
    out.push_back('-');
    append_padded(out, static_cast<unsigned>(date.month()), 2);
    out.push_back('-');
    append_padded(out, static_cast<unsigned>(date.day()), 2);
    out.push_back('T');
    append_padded(out, ms_of_day / kHourMs, 2);
    out.push_back(':');
    append_padded(out, ms_of_day / kMinuteMs % 60, 2);
    out.push_back(':');
    append_padded(out, ms_of_day / kSecondMs % 60, 2);
    if (ms_of_day % kSecondMs != 0) {
        out.push_back('.');
        append_padded(out, ms_of_day % kSecondMs, 3);
    }
    out.push_back('Z');
    return out;
}

Result<UnixMs> from_time_text(std::string_view text) {
    TimeReader reader(text);
    const int year = reader.number(4);
    reader.character('-');
    const int month = reader.number(2);
    reader.character('-');
    const int day = reader.number(2);
    reader.character('T');
    const int hour = reader.number(2);
    reader.character(':');
    const int minute = reader.number(2);
    reader.character(':');
    const int second = reader.number(2);
    int ms = 0;
    if (reader.next_is('.')) {
        reader.character('.');
        ms = reader.number(3);
    }
    reader.character('Z');
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!reader.fits_whole() || year < 1970 || !date.ok() || hour > 23 || minute > 59 ||
        second > 59) {
        return fail(Errc::malformed, "BASE-07");
    }
    const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    return UnixMs{days * kDayMs + hour * kHourMs + minute * kMinuteMs + second * kSecondMs + ms};
}

}  // namespace chatmcp
