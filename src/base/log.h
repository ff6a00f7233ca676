#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

// What may be written about a run. User text cannot get into a log by type: names are string
// literals, values are numbers, shortened random identifiers, names of errors and rows of
// docs/CHECKS.md.

namespace chatmcp {

/// A text that stands in the source code, so it holds nothing that a user wrote.
class Literal {
  public:
    template <std::size_t N>
    consteval Literal(const char (&text)[N])  // NOLINT(google-explicit-constructor)
        : text_(text, N - 1) {}

    [[nodiscard]] std::string_view text() const { return text_; }

  private:
    std::string_view text_;
};

/// The first eight bytes of a digest, key or random identifier: enough to find a topic or device
/// in a log, and no use to anybody else.
struct LogId {
    explicit LogId(const ByteArray<32>& of);
    ByteArray<8> prefix{};
};

struct LogField {
    using Value = std::variant<std::int64_t, LogId, Error, Literal>;

    Literal name;
    Value value;
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// The level's own name.
[[nodiscard]] std::string_view log_level_name(LogLevel level);

struct LogEvent {
    LogLevel level = LogLevel::info;
    Literal name;
    std::vector<LogField> fields;
};

/// Where events go; programs write them out, the core only hands them over.
class Log {
  public:
    virtual ~Log() = default;
    virtual void write(const LogEvent& event) = 0;

    void info(Literal name, std::initializer_list<LogField> fields = {});
    void warning(Literal name, std::initializer_list<LogField> fields = {});
    /// A refusal that is about to become an answer, counted by its check.
    void refused(Literal name, const Error& error, std::initializer_list<LogField> fields = {});

  protected:
    Log() = default;
    Log(const Log&) = default;
    Log& operator=(const Log&) = default;
};

/// Throws everything away.
class NullLog final : public Log {
  public:
    void write(const LogEvent& event) override;
};

/// Keeps everything, for tests.
class MemoryLog final : public Log {
  public:
    void write(const LogEvent& event) override;
    [[nodiscard]] const std::vector<LogEvent>& events() const { return events_; }

  private:
    std::vector<LogEvent> events_;
};

/// One line of JSON without the line's end: {"level":"info","event":"…", then the fields in order}.
/// An Error makes two members: its name, and the name with "_check" for the row. The caller adds
/// time and line end.
[[nodiscard]] std::string to_json_line(const LogEvent& event);

}  // namespace chatmcp
