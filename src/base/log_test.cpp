#include "base/log.h"

#include <concepts>
#include <string>

#include <gtest/gtest.h>

namespace chatmcp {
namespace {

// What this header is for: nothing that was computed or read can become a name or a value.
static_assert(!std::constructible_from<Literal, std::string>);
static_assert(!std::constructible_from<Literal, std::string_view>);
static_assert(!std::constructible_from<Literal, const char*>);
static_assert(!std::constructible_from<LogField::Value, std::string>);
static_assert(!std::constructible_from<LogField::Value, std::string_view>);
static_assert(!std::constructible_from<LogField::Value, Bytes>);

TEST(Log, AnEventBecomesOneLineOfJson) {
    MemoryLog log;
    ByteArray<32> topic{};
    topic[0] = 0xab;
    log.info("published",
             {{"sequence", std::int64_t{7}}, {"topic", LogId(topic)}, {"how", Literal("fsync")}});
    ASSERT_EQ(log.events().size(), 1u);
    EXPECT_EQ(to_json_line(log.events()[0]),
              R"({"level":"info","event":"published","sequence":7,)"
              R"("topic":"ab00000000000000","how":"fsync"})");
}

TEST(Log, ARefusalHasItsCodeAndItsRow) {
    MemoryLog log;
    log.refused("publish", Error{Errc::stale_epoch, "REL-03"}, {{"bytes", std::int64_t{-1}}});
    ASSERT_EQ(log.events().size(), 1u);
    EXPECT_EQ(to_json_line(log.events()[0]),
              R"({"level":"warning","event":"publish","bytes":-1,)"
              R"("error":"stale_epoch","error_check":"REL-03"})");
}

TEST(Log, NumbersAreWrittenWhole) {
    const LogEvent event{LogLevel::error, "numbers", {{"low", INT64_MIN}, {"high", INT64_MAX}}};
    EXPECT_EQ(to_json_line(event),
              R"({"level":"error","event":"numbers",)"
              R"("low":-9223372036854775808,"high":9223372036854775807})");
}

TEST(Log, AQuoteInALiteralDoesNotBreakTheLine) {
    EXPECT_EQ(to_json_line({LogLevel::debug, "a\"b\\c\n", {}}),
              R"({"level":"debug","event":"a\"b\\c "})");
}

TEST(Log, TheNullLogTakesEverything) {
    NullLog log;
    log.warning("anything");
    SUCCEED();
}

}  // namespace
}  // namespace chatmcp
