#include "base/log.h"

#include <algorithm>

#include "base/encoding.h"

namespace chatmcp {
namespace {

void append_quoted(std::string& to, std::string_view text) {
    to.push_back('"');
    for (const char character : text) {
        // Literals are ours, but a quote in one must not break the line.
        if (character == '"' || character == '\\') {
            to.push_back('\\');
        }
        to.push_back(static_cast<unsigned char>(character) < 0x20 ? ' ' : character);
    }
    to.push_back('"');
}

void append_member(std::string& to, std::string_view name) {
    to.push_back(to.empty() ? '{' : ',');
    append_quoted(to, name);
    to.push_back(':');
}

void append_field(std::string& to, const LogField& field) {
    append_member(to, field.name.text());
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
        const auto magnitude = static_cast<std::uint64_t>(*number);
        to.append(*number < 0 ? "-" : "");
        to.append(to_decimal(*number < 0 ? 0 - magnitude : magnitude));
    } else if (const auto* id = std::get_if<LogId>(&field.value)) {
        append_quoted(to, to_hex(id->prefix));
    } else if (const auto* error = std::get_if<Error>(&field.value)) {
        append_quoted(to, errc_name(error->code));
        append_member(to, std::string(field.name.text()) + "_check");
        append_quoted(to, error->check);
    } else if (const auto* literal = std::get_if<Literal>(&field.value)) {
        append_quoted(to, literal->text());
    }
}

}  // namespace

LogId::LogId(const ByteArray<32>& of) {
    std::copy_n(of.begin(), prefix.size(), prefix.begin());
}

std::string_view log_level_name(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "unknown";
}

void Log::info(Literal name, std::initializer_list<LogField> fields) {
    write({LogLevel::info, name, fields});
}

void Log::warning(Literal name, std::initializer_list<LogField> fields) {
    write({LogLevel::warning, name, fields});
}

void Log::refused(Literal name, const Error& error, std::initializer_list<LogField> fields) {
    LogEvent event{LogLevel::warning, name, fields};
    event.fields.push_back({"error", error});
    write(event);
}

void NullLog::write(const LogEvent& event) {
    static_cast<void>(event);
}

void MemoryLog::write(const LogEvent& event) {
    events_.push_back(event);
}

std::string to_json_line(const LogEvent& event) {
    std::string out;
    append_member(out, "level");
    append_quoted(out, log_level_name(event.level));
    append_member(out, "event");
    append_quoted(out, event.name.text());
    for (const LogField& field : event.fields) {
        append_field(out, field);
    }
    out.push_back('}');
    return out;
}

}  // namespace chatmcp
