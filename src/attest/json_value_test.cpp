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

TEST(JsonValue, EscapesStandForUtf8) {
    EXPECT_EQ(parse_json(R"("\u00fc\ud83d\ude00\"\\\/\b\f\n\r\t")")->text,
              "\u00fc\U0001f600\"\\/\b\f\n\r\t");
    for (const char* text : {R"("\udc00")", R"({"\udc00":1})", R"("\ud83d\u0041")", R"("\x41")"}) {
        expect_refused(text, Errc::malformed, "ATT-31");
    }
}

TEST(JsonValue, NestedValuesStandWhereTheyStood) {
    const auto value = parse_json(R"([[1,[2,{"a":[3],"b":{"c":4}}],5],{},[],"x"])");
    ASSERT_TRUE(value.has_value());
    ASSERT_EQ(value->items.size(), 4U);
    const JsonValue& first = value->items[0];
    ASSERT_EQ(first.items.size(), 3U);
    EXPECT_EQ(first.items[0].number, 1U);
    EXPECT_EQ(first.items[2].number, 5U);
    const JsonValue& object = first.items[1].items[1];
    EXPECT_EQ(object.names, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(object.find("a")->items[0].number, 3U);
    EXPECT_EQ(object.find("b")->find("c")->number, 4U);
    EXPECT_EQ(value->items[1].type, JsonValue::Type::object);
    EXPECT_EQ(value->items[2].type, JsonValue::Type::array);
    EXPECT_EQ(value->items[3].text, "x");
}

TEST(JsonValue, ANameStandsOnceAlsoAmongMany) {
    for (const std::size_t count : {2U, 16U, 17U, 2000U}) {
        std::string names;
        for (std::size_t i = 0; i < count; ++i) {
            names += (i == 0 ? "" : ",") + ('"' + std::to_string(i)) + "\":0";
        }
        EXPECT_TRUE(parse_json("{" + names + "}").has_value()) << count;
        expect_refused("{" + names + ",\"1\":0}", Errc::invalid_argument, "ATT-32");
    }
}

TEST(JsonValue, OtherNumbersAreReadWhereAServiceWritesThem) {
    const JsonOptions any{.natural_numbers_only = false};
    const auto value = parse_json("[-32002,1.5,-9223372036854775808,7,1e3]", any);
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(value->items[0].type, JsonValue::Type::negative);
    EXPECT_EQ(value->items[0].number, 32002U);
    EXPECT_EQ(value->items[1].type, JsonValue::Type::fraction);
    EXPECT_EQ(value->items[2].number, std::uint64_t{1} << 63U);
    EXPECT_EQ(value->items[3].type, JsonValue::Type::number);
    EXPECT_EQ(value->items[4].type, JsonValue::Type::fraction);
    EXPECT_EQ(parse_json("[[1]]", {.depth_max = 1}).error().check, std::string_view("ATT-38"));
    EXPECT_EQ(parse_json("[1,2]", {.values_max = 2}).error().check, std::string_view("ATT-38"));
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
