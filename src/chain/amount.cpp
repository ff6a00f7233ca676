#include "chain/amount.h"

#include <algorithm>
#include <limits>

#include "base/encoding.h"

namespace chatmcp::chain {
namespace {

constexpr std::uint64_t kBase = 10;

bool are_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
        return letter >= '0' && letter <= '9';
    });
}

Result<std::uint64_t> append_digit(std::uint64_t value, std::uint64_t digit) {
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / kBase) {
        return fail(Errc::too_large, "CHN-44");
    }
    return value * kBase + digit;
}

}  // namespace

Result<std::uint64_t> parse_amount(std::string_view text, std::uint8_t decimals) {
    if (text.empty()) {
        return fail(Errc::malformed, "CHN-40");
    }
    if (text.front() == '-' || text.front() == '+') {
        return fail(Errc::invalid_argument, "CHN-41");
    }
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view fraction = point == text.npos ? "" : text.substr(point + 1);
    if (text.size() > kAmountTextMaxBytes || !are_digits(whole) ||
        (point != text.npos && !are_digits(fraction)) || (whole.size() > 1 && whole[0] == '0')) {
        return fail(Errc::malformed, "CHN-42");
    }
    if (fraction.size() > decimals) {
        return fail(Errc::invalid_argument, "CHN-43");
    }
    std::uint64_t value = 0;
    for (const std::string_view part : {whole, fraction}) {
        for (const char digit : part) {
            CHATMCP_TRY(value, append_digit(value, static_cast<std::uint64_t>(digit - '0')));
        }
    }
    // 0 stays 0 however many decimals a mint claims.
    for (std::size_t i = fraction.size(); i < decimals && value != 0; ++i) {
        CHATMCP_TRY(value, append_digit(value, 0));
    }
    return value;
}

std::string amount_text(std::uint64_t amount, std::uint8_t decimals) {
    std::string digits = to_decimal(amount);
    if (digits.size() <= decimals) {
        digits.insert(0, decimals + 1 - digits.size(), '0');
    }
    const std::size_t whole = digits.size() - decimals;
    std::size_t end = digits.find_last_not_of('0') + 1;
    end = std::max(end, whole);
    std::string text = digits.substr(0, whole);
    if (end > whole) {
        text.append(".").append(digits, whole, end - whole);
    }
    return text;
}

}  // namespace chatmcp::chain
