#include "cli/output.h"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "base/check.h"
#include "base/encoding.h"
#include "cli/exit_code.h"

namespace chatmcp::cli {

namespace {

struct CodePoints {
    char32_t first;
    char32_t last;
};
// What moves the cursor, changes colours, turns the direction of what stands beside it or is not
// seen (Unicode: Cc, Zl, Zp, bidirectional controls, tags).
constexpr CodePoints kNotShown[] = {{0x00, 0x1F},
                                    {0x7F, 0x9F},
                                    {0x061C, 0x061C},
                                    {0x200B, 0x200B},
                                    {0x200E, 0x200F},
                                    {0x2028, 0x202E},
                                    {0x2060, 0x206F},
                                    {0xFEFF, 0xFEFF},
                                    {0xE0000, 0xE007F}};

struct CodePoint {
    char32_t value;
    std::size_t bytes;
};
// Of valid UTF-8; a byte that begins nothing counts as a control character.
CodePoint code_point_at(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const auto bytes = static_cast<std::size_t>(std::max(std::countl_one(first), 1));
    if (first < 0x80) {
        return {first, 1};
    }
    if (bytes < 2 || bytes > 4 || at + bytes > text.size()) {
        return {0, 1};
    }
    char32_t value = first & (0x7FU >> bytes);
    for (const char each : text.substr(at + 1, bytes - 1)) {
        value = value << 6U | (static_cast<unsigned char>(each) & 0x3FU);
    }
    return {value, bytes};
}

void write_line(std::FILE* stream, std::string text) {
    text.push_back('\n');
    // One write, so that lines of a `follow` never mix with others'; a closed pipe ends the program
    // by its own signal.
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream));
    static_cast<void>(std::fflush(stream));
}

}  // namespace

void Output::line(const Json& object, const std::string& text) const {
    for (const auto& [key, value] : object.items()) {
        CHATMCP_CHECK(std::ranges::find(fields_, key) != fields_.end());
    }
    if (json_) {
        write_line(stdout, object.dump(-1, ' ', true, Json::error_handler_t::replace));
    } else if (!text.empty()) {
        write_line(stdout, text);
    }
}

void Output::document(const Json& object) const {
    write_line(stdout, object.dump(json_ ? -1 : 2, ' ', true, Json::error_handler_t::replace));
}

void Output::note(const std::string& text) const {
    if (!json_) {
        write_line(stderr, text);
    }
}

void print_error(bool json,
                 const client::Reason& reason,
                 std::string_view what,
                 const std::string& explanation) {
    // These rows are the assistant's: it refused the question, not this home.
    const bool by_assistant = reason.check.starts_with("AST-") || reason.check.starts_with("ENC-");
    const std::string message =
        std::string(what) + ": " + std::string(errc_name(reason.code)) + "; " +
        (!explanation.empty()       ? printable(explanation)
         : by_assistant             ? "the assistant refused; see docs/CHECKS.md for the rule"
         : reason.check == "STO-04" ? "other commands are using this home; try again"
                                    : advice(reason.code));
    if (json) {
        const Json object = {
            {"error", errc_name(reason.code)}, {"check", reason.check}, {"message", message}};
        write_line(stdout, object.dump(-1, ' ', true, Json::error_handler_t::replace));
    } else {
        write_line(stderr, "chatmcp: " + message + " [" + reason.check + "]");
    }
}

std::string address_of(std::string_view account) {
    const auto parsed = identity::Caip10::parse(account);
    return std::string(parsed.has_value() ? parsed->address() : account);
}

std::string hex(ByteView bytes) {
    return to_hex(bytes);
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (point.value == '\n' || point.value == '\t') {
            out.push_back(' ');
        } else if (std::ranges::any_of(kNotShown, [&](const CodePoints& range) {
                       return range.first <= point.value && point.value <= range.last;
                   })) {
            out += "\xEF\xBF\xBD";
        } else {
            out += text.substr(at, point.bytes);
        }
        at += point.bytes;
    }
    return out;
}

}  // namespace chatmcp::cli
