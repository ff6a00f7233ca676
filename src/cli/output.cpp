#include "cli/output.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "base/encoding.h"
#include "cli/exit_code.h"

namespace chatmcp::cli {

namespace {

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
        write_line(stdout, object.dump(-1, ' ', false, Json::error_handler_t::replace));
    } else if (!text.empty()) {
        write_line(stdout, text);
    }
}

void Output::document(const Json& object) const {
    write_line(stdout, object.dump(json_ ? -1 : 2, ' ', false, Json::error_handler_t::replace));
}

void Output::note(const std::string& text) const {
    if (!json_) {
        write_line(stderr, text);
    }
}

void print_error(bool json, const client::Reason& reason, std::string_view what) {
    // These rows are the assistant's: it refused the question, not this home.
    const bool by_assistant = reason.check.starts_with("AST-") || reason.check.starts_with("ENC-");
    const std::string message =
        std::string(what) + ": " + std::string(errc_name(reason.code)) + "; " +
        (by_assistant               ? "the assistant refused; see docs/CHECKS.md for the rule"
         : reason.check == "STO-04" ? "other commands are using this home; try again"
                                    : advice(reason.code));
    if (json) {
        const Json object = {
            {"error", errc_name(reason.code)}, {"check", reason.check}, {"message", message}};
        write_line(stdout, object.dump(-1, ' ', false, Json::error_handler_t::replace));
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
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool is_c1 = byte == 0xC2 && i + 1 < text.size() &&
                           static_cast<unsigned char>(text[i + 1]) < 0xA0;  // U+0080 to U+009F
        if (byte == '\n' || byte == '\t') {
            out.push_back(' ');
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\xEF\xBF\xBD";
        } else if (is_c1) {
            out += "\xEF\xBF\xBD";
            ++i;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

}  // namespace chatmcp::cli
