#include "assistant/answer_amounts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace chatmcp::assistant {

namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// First code points of other scripts' digits 0 to 9, in UTF-8 without the last byte's low bits.
constexpr std::array<std::uint32_t, 4> kDigitZeros = {0x0660, 0x06F0, 0x0966, 0xFF10};

std::string with_ascii_digits(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t k) {
            return i + k < text.size() ? static_cast<std::uint8_t>(text[i + k]) : 0U;
        };
        std::uint32_t code = 0;
        std::size_t size = 1;
        if ((byte(0) & 0xE0U) == 0xC0U) {
            code = ((byte(0) & 0x1FU) << 6U) | (byte(1) & 0x3FU);
            size = 2;
        } else if ((byte(0) & 0xF0U) == 0xE0U) {
            code = ((byte(0) & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
            size = 3;
        }
        const auto zero = std::ranges::find_if(
            kDigitZeros, [&](std::uint32_t z) { return code >= z && code < z + 10; });
        if (zero != kDigitZeros.end()) {
            out.push_back(static_cast<char>('0' + (code - *zero)));
        } else {
            size = std::min(size, text.size() - i);
            out.append(text.substr(i, size));
        }
        i += size;
    }
    return out;
}

/// A word or a number as it stands in the text.
struct Token {
    std::string text;  // Words in lower case; numbers with their inner separators.
    bool number = false;
    bool capital = false;
    bool first = false;  // Of its sentence.
};

std::vector<Token> tokens_of(std::string_view raw) {
    const std::string text = with_ascii_digits(raw);
    std::vector<Token> tokens;
    bool first = true;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t start = i;
        if (is_digit(text[i])) {
            const auto inner = [&](std::size_t at) {
                return std::string_view(".,:").find(text[at]) != std::string_view::npos &&
                       at + 1 < text.size() && is_digit(text[at + 1]);
            };
            while (i < text.size() && (is_digit(text[i]) || inner(i))) {
                ++i;
            }
            tokens.push_back({text.substr(start, i - start), true, false, first});
            first = false;
        } else if (is_letter(text[i])) {
            while (i < text.size() && is_letter(text[i])) {
                ++i;
            }
            Token token{text.substr(start, i - start), false, text[start] <= 'Z', first};
            for (char& c : token.text) {
                c = c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
            }
            tokens.push_back(std::move(token));
            first = false;
        } else {
            first = first || text[i] == '.' || text[i] == '!' || text[i] == '?';
            ++i;
        }
    }
    return tokens;
}

std::string without_leading_zeros(std::string_view digits) {
    const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size());
    return first == digits.size() ? "0" : std::string(digits.substr(first));
}

/// `1,200` is grouping, `12,50` is a decimal comma: groups of exactly three digits tell them apart.
std::string without_grouping(std::string_view literal) {
    bool grouping = literal.find(',') != std::string_view::npos;
    for (std::size_t at = literal.find(','); at != std::string_view::npos;
         at = literal.find(',', at + 1)) {
        std::size_t digits = 0;
        while (at + 1 + digits < literal.size() && is_digit(literal[at + 1 + digits])) {
            ++digits;
        }
        grouping = grouping && digits == 3;
    }
    std::string out;
    for (const char c : literal) {
        if (c == ',' && grouping) {
            continue;
        }
        out.push_back(c == ',' ? '.' : c);
    }
    return out;
}

/// The one form of a number literal: no grouping, no leading zeros, no zeros after a decimal point.
std::string canonical_number(std::string_view literal) {
    const std::string plain = without_grouping(literal);
    const bool decimal = std::ranges::count(plain, '.') == 1 && !plain.contains(':');
    std::string out;
    std::size_t start = 0;
    while (start <= plain.size()) {
        const std::size_t end = std::min(plain.find_first_of(".:", start), plain.size());
        std::string part = plain.substr(start, end - start);
        const bool fraction = decimal && start > 0;
        if (fraction) {
            part.erase(part.find_last_not_of('0') + 1);
            if (part.empty()) {
                out.pop_back();  // The point of "25.00".
            }
        } else {
            part = without_leading_zeros(part);
        }
        out += part;
        if (end < plain.size()) {
            out.push_back(plain[end]);
        }
        start = end + 1;
    }
    return out;
}

constexpr std::array<std::string_view, 20> kSmall = {
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 8> kTens = {
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
constexpr std::array<std::string_view, 12> kMonths = {"january",
                                                      "february",
                                                      "march",
                                                      "april",
                                                      "may",
                                                      "june",
                                                      "july",
                                                      "august",
                                                      "september",
                                                      "october",
                                                      "november",
                                                      "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
constexpr std::array<std::string_view, 40> kUnits = {
    "euro",     "euros",   "dollar",  "dollars", "pound",   "pounds",     "cent",       "cents",
    "yen",      "franc",   "francs",  "percent", "am",      "pm",         "oclock",     "hour",
    "hours",    "minute",  "minutes", "second",  "seconds", "day",        "days",       "night",
    "nights",   "week",    "weeks",   "month",   "months",  "year",       "years",      "hundred",
    "thousand", "million", "billion", "dozen",   "kilos",   "kilometers", "kilometres", "meters"};
struct Ordinal {
    std::string_view word;
    std::uint64_t value;
};
constexpr std::array<Ordinal, 21> kOrdinals = {
    {{"first", 1},        {"second", 2},      {"third", 3},       {"fourth", 4},
     {"fifth", 5},        {"sixth", 6},       {"seventh", 7},     {"eighth", 8},
     {"ninth", 9},        {"tenth", 10},      {"eleventh", 11},   {"twelfth", 12},
     {"thirteenth", 13},  {"fourteenth", 14}, {"fifteenth", 15},  {"sixteenth", 16},
     {"seventeenth", 17}, {"eighteenth", 18}, {"nineteenth", 19}, {"twentieth", 20},
     {"thirtieth", 30}}};

template <std::size_t N>
std::optional<std::uint64_t> index_in(const std::array<std::string_view, N>& words,
                                      std::string_view word) {
    const auto at = std::ranges::find(words, word);
    if (at == words.end()) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(at - words.begin());
}

std::optional<std::uint64_t> multiplier_of(std::string_view word) {
    if (word == "hundred") {
        return 100;
    }
    if (word == "thousand") {
        return 1000;
    }
    if (word == "million") {
        return 1'000'000;
    }
    if (word == "billion") {
        return 1'000'000'000;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> word_value(std::string_view word) {
    if (const auto small = index_in(kSmall, word)) {
        return small;
    }
    if (const auto tens = index_in(kTens, word)) {
        return (*tens + 2) * 10;
    }
    if (word == "dozen") {
        return 12;
    }
    return std::nullopt;
}

/// One spoken number, `[begin, end)` of the tokens.
struct Spoken {
    std::uint64_t value = 0;
    std::size_t end = 0;
};

/// Longest number that starts at `begin`: "two hundred and fifty", "twenty five", "twelve".
std::optional<Spoken> spoken_number(const std::vector<Token>& tokens, std::size_t begin) {
    std::uint64_t total = 0;
    std::uint64_t current = 0;
    std::uint64_t room = 1'000'000'000'000;  // The next plain word must be smaller than this.
    std::size_t i = begin;
    for (; i < tokens.size() && !tokens[i].number; ++i) {
        const std::string& word = tokens[i].text;
        if (const auto value = word_value(word); value && *value < room) {
            current += *value;
            room = *value >= 20 ? 10 : 1;  // "twenty" takes a unit, "twelve" nothing more.
        } else if (const auto by = multiplier_of(word); by && current < 1'000'000) {
            if (i == begin) {
                current = 1;  // "a hundred".
            }
            if (*by == 100) {
                current *= 100;
                room = 100;
            } else {
                total += current * *by;
                current = 0;
                room = *by;
            }
        } else if (word == "and" && i > begin && multiplier_of(tokens[i - 1].text) &&
                   i + 1 < tokens.size() && word_value(tokens[i + 1].text)) {
            continue;
        } else {
            break;
        }
    }
    if (i == begin) {
        return std::nullopt;
    }
    return Spoken{total + current, i};
}

std::optional<std::string> named_date(const Token& token, bool all) {
    const auto month = index_in(kMonths, token.text);
    const bool verb = token.text == "may" || token.text == "march";
    if (month && (all || (token.capital && !(verb && token.first)))) {
        return "month " + token.text;
    }
    if (index_in(kWeekdays, token.text)) {
        return "day " + token.text;
    }
    return std::nullopt;
}

/// "mon", "Tues", "Sept" name what they begin.
std::optional<std::string> abbreviated_date(const std::string& word) {
    if (word.size() < 3 || word.size() > 4) {
        return std::nullopt;
    }
    for (const std::string_view name : kWeekdays) {
        if (name.starts_with(word)) {
            return "day " + std::string(name);
        }
    }
    for (const std::string_view name : kMonths) {
        if (name.starts_with(word)) {
            return "month " + std::string(name);
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::string> amounts_stated(std::string_view sentence) {
    constexpr std::uint64_t kCountsAlone = 13;
    const std::vector<Token> tokens = tokens_of(sentence);
    std::vector<std::string> stated;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i].number) {
            stated.push_back(canonical_number(tokens[i].text));
        } else if (const auto spoken = spoken_number(tokens, i)) {
            const bool unit = spoken->end < tokens.size() &&
                              index_in(kUnits, tokens[spoken->end].text).has_value();
            if (spoken->value >= kCountsAlone || (spoken->value >= 2 && unit)) {
                stated.push_back(std::to_string(spoken->value));
            }
            i = spoken->end - 1;
        } else if (auto date = named_date(tokens[i], false)) {
            stated.push_back(*std::move(date));
        }
    }
    return stated;
}

void AmountsSupported::add(std::string_view message) {
    const std::vector<Token> tokens = tokens_of(message);
    std::optional<Spoken> before;  // The spoken number that ends where this one starts.
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const std::string& text = tokens[i].text;
        if (tokens[i].number) {
            all_.insert(canonical_number(text));
            continue;
        }
        if (const auto value = word_value(text)) {
            all_.insert(std::to_string(*value));
        }
        if (const auto spoken = spoken_number(tokens, i)) {
            all_.insert(std::to_string(spoken->value));
            if (before && before->end == i && spoken->value < 100) {
                const std::string pair[] = {std::to_string(before->value),
                                            std::to_string(spoken->value)};
                all_.insert(canonical_number(pair[0] + "." + pair[1]));
                all_.insert(pair[0] + ":" + pair[1]);
                all_.insert(pair[0] + pair[1]);
            }
            if (!before || spoken->end > before->end) {
                before = spoken;
            }
        }
        const auto ordinal = std::ranges::find(kOrdinals, text, &Ordinal::word);
        if (ordinal != kOrdinals.end()) {
            all_.insert(std::to_string(ordinal->value));
            if (i > 0) {
                if (const auto tens = index_in(kTens, tokens[i - 1].text)) {
                    all_.insert(std::to_string((*tens + 2) * 10 + ordinal->value));
                }
            }
        }
        if (auto date = named_date(tokens[i], true)) {
            all_.insert(*std::move(date));
        } else if (auto short_date = abbreviated_date(text)) {
            all_.insert(*std::move(short_date));
        }
    }
}

std::vector<std::string> sentences_of(std::string_view text) {
    std::vector<std::string> sentences;
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool mark = text[i] == '.' || text[i] == '!' || text[i] == '?';
        if (mark && (i + 1 == text.size() || text[i + 1] == ' ')) {
            sentences.emplace_back(text.substr(start, i + 1 - start));
            start = std::min(i + 2, text.size());
        }
    }
    if (start < text.size()) {
        sentences.emplace_back(text.substr(start));
    }
    return sentences;
}

}  // namespace chatmcp::assistant
