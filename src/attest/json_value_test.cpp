#include "attest/json_value.h"

#include <gtest/gtest.h>

namespace chatmcp::attest {
namespace {

void expect_refused(std::string_view text, Errc code, std::string_view check) {
    SCOPED_TRACE(text);
    const auto value = parse_json(text);
    ASSERT_FALSE(value.has_value());
    EXPECT_EQ(value.error().code, code);
    EXPECT_EQ(value.error().check, check);
}

TEST(JsonValue, ReadsEveryTypeThatAPolicyHas) {
    const auto value = parse_json(
        R"( {"a": [1, true, null, "x\u00fc\n"], "b": {"c": 18446744073709551615}, "d": {}} )");
    ASSERT_TRUE(value.has_value());
    const JsonValue* a = value->find("a");
    ASSERT_EQ(a->items.size(), 4U);
    EXPECT_EQ(a->items[0].number, 1U);
    EXPECT_TRUE(a->items[1].boolean);
    EXPECT_EQ(a->items[2].type, JsonValue::Type::null);
    EXPECT_EQ(a->items[3].text, "x\u00fc\n");
    EXPECT_EQ(value->find("b")->find("c")->number, 18446744073709551615U);
    EXPECT_EQ(value->find("d")->type, JsonValue::Type::object);
    EXPECT_EQ(value->find("e"), nullptr);
}

TEST(JsonValue, WhatIsNotJsonOrNotNaturalIsRefused) {
    for (const char* text : {"",
                             " ",
                             "{",
                             "[1,]",
                             "{\"a\":1,}",
                             "{a:1}",
                             "// c\n{}",
                             "{} {}",
                             "{}x",
                             "-1",
                             "1.5",
                             "1e3",
                             "18446744073709551616",
                             "01",
                             "nul",
                             "'a'",
                             "\"\x01\"",
                             "\"\xff\"",
                             "\"\\ud800\"",
                             "NaN",
                             "\xef\xbb\xbf{}"}) {
        expect_refused(text, Errc::malformed, "ATT-31");
    }
}

TEST(JsonValue, AZeroByteHidesNothing) {
    expect_refused(std::string_view("{}\0{}", 5), Errc::malformed, "ATT-31");
    expect_refused(std::string_view("{}\0", 3), Errc::malformed, "ATT-31");
}

TEST(JsonValue, ARepeatedNameIsRefused) {
    expect_refused(R"({"a": 1, "a": 1})", Errc::invalid_argument, "ATT-32");
    expect_refused(R"({"a": 1, "\u0061": 1})", Errc::invalid_argument, "ATT-32");
    EXPECT_TRUE(parse_json(R"({"a": {"a": 1}})").has_value());
}

TEST(JsonValue, TooDeepOrTooManyIsRefused) {
    std::string deep(kJsonDepthMax + 1, '[');
    deep += std::string(kJsonDepthMax + 1, ']');
    expect_refused(deep, Errc::too_large, "ATT-38");
    expect_refused(std::string(1'000'000, '['), Errc::too_large, "ATT-38");
    std::string many = "[0";
    for (std::size_t i = 0; i < kJsonValuesMax; ++i) {
        many += ",0";
    }
    expect_refused(many + "]", Errc::too_large, "ATT-38");
}

}  // namespace
}  // namespace chatmcp::attest
