#include "attest/json_document.h"

#include <string>

#include <gtest/gtest.h>

#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

std::string check_of(std::string_view text) {
    const auto document = JsonDocument::read(text);
    return document.has_value() ? "read" : document.error().check;
}

TEST(JsonDocument, ReadsEveryTypeWhereItStands) {
    const std::string text =
        R"( {"a": [1, true, null, "xü", [], [ ] ], "b": {"c": 18446744073709551615}, "d": {}, "e": false} )";
    const auto document = JsonDocument::read(text);
    ASSERT_TRUE(document.has_value()) << document.error().check;
    const JsonView root = document->root();
    std::vector<JsonView> a;
    const JsonView list = root.find("a").value();
    for (const JsonView each : list) {
        a.push_back(each);
    }
    ASSERT_EQ(a.size(), 6u);
    EXPECT_EQ(a[0].number(), 1u);
    EXPECT_TRUE(a[1].boolean());
    EXPECT_EQ(a[2].type(), JsonView::Type::null);
    EXPECT_EQ(a[3].text(), "xü");
    EXPECT_EQ(a[5].type(), JsonView::Type::array);
    EXPECT_EQ(a[5].begin(), a[5].end());
    EXPECT_EQ(root.find("b")->find("c")->number(), 18446744073709551615u);
    EXPECT_EQ(root.find("d")->type(), JsonView::Type::object);
    EXPECT_FALSE(root.find("e")->boolean());
    EXPECT_FALSE(root.find("f").has_value());
    EXPECT_FALSE(root.find("e")->find("a").has_value());
}

TEST(JsonDocument, TextWithEscapesIsPassedOver) {
    const auto document =
        JsonDocument::read(R"({"a":"x\"\\\/\b\f\n\r\tÜ","b":["\u0041",1],"c":""})");
    ASSERT_TRUE(document.has_value());
    EXPECT_FALSE(document->root().find("a")->text().has_value());
    EXPECT_EQ(document->root().find("c")->text(), "");
    for (const char* text :
         {R"("\x")", R"("\u12")", R"("\u123g")", R"("\)", R"("\")", R"({"\u0061":1})"}) {
        EXPECT_EQ(check_of(text), "ATT-31") << text;
    }
}

TEST(JsonDocument, WhatIsNotJsonOrNotNaturalIsRefused) {
    using namespace std::string_view_literals;
    for (const std::string_view text : {""sv,
                                        " "sv,
                                        "{"sv,
                                        "["sv,
                                        "]"sv,
                                        "[1,]"sv,
                                        "[,1]"sv,
                                        "[1 1]"sv,
                                        "[}"sv,
                                        "{]"sv,
                                        "{\"a\":1,}"sv,
                                        "{,}"sv,
                                        "{a:1}"sv,
                                        "{\"a\"}"sv,
                                        "{\"a\":}"sv,
                                        "{\"a\" 1}"sv,
                                        "// c\n{}"sv,
                                        "{} {}"sv,
                                        "{}x"sv,
                                        "{}\0"sv,
                                        "-1"sv,
                                        "1.5"sv,
                                        "1e3"sv,
                                        "18446744073709551616"sv,
                                        "01"sv,
                                        "00"sv,
                                        "nul"sv,
                                        "nulll"sv,
                                        "True"sv,
                                        "'a'"sv,
                                        "\"\x01\""sv,
                                        "\"\xff\""sv,
                                        "\"a"sv,
                                        "NaN"sv,
                                        "\xef\xbb\xbf{}"sv}) {
        EXPECT_EQ(check_of(text), "ATT-31") << text;
    }
}

TEST(JsonDocument, ANameStandsOnceAlsoAmongMany) {
    EXPECT_EQ(check_of(R"({"a":1,"b":{"a":1},"a":2})"), "ATT-32");
    EXPECT_EQ(check_of(R"([{"b":{"a":1,"a":1}}])"), "ATT-32");
    for (const std::size_t count : {2u, 15u, 16u, 17u, 2000u}) {
        std::string names;
        for (std::size_t i = 0; i < count; ++i) {
            names += (i == 0 ? "" : ",") + ('"' + std::to_string(i)) + "\":0";
        }
        EXPECT_EQ(check_of("{" + names + "}"), "read") << count;
        EXPECT_EQ(check_of("{" + names + ",\"1\":0}"), "ATT-32") << count;
        EXPECT_EQ(check_of("{" + names + ",\"" + std::to_string(count - 1) + "\":0}"), "ATT-32");
    }
}

TEST(JsonDocument, TooDeepOrTooManyIsRefused) {
    const std::string deep(kJsonDepthMax, '[');
    EXPECT_EQ(check_of(deep + std::string(kJsonDepthMax, ']')), "read");
    EXPECT_EQ(check_of("[" + deep + std::string(kJsonDepthMax + 1, ']')), "ATT-38");
    EXPECT_EQ(check_of(std::string(100'000, '[')), "ATT-38");
    std::string many = "[0";
    for (std::size_t i = 2; i < kJsonValuesMax; ++i) {
        many += ",0";
    }
    EXPECT_EQ(check_of(many + "]"), "read");
    EXPECT_EQ(check_of(many + ",0]"), "ATT-38");
}

// Two readers of one grammar: what one refuses the other refuses too.
TEST(JsonDocument, RefusesWhatParseJsonRefuses) {
    const std::string original =
        testing::load_text("evidence/tdx/google-v5-uptodate-2026-02/tcb_info.json");
    testing::SeededRandom random(5);
    int read = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string text = original;
        for (std::size_t flips = 1 + random.below(2); flips > 0; --flips) {
            text[random.below(text.size())] ^= static_cast<char>(1u << random.below(8));
        }
        const auto value = parse_json(text);
        // Escapes in names, and halves of surrogate pairs, are the one difference.
        if (text.find('\\') == std::string::npos) {
            EXPECT_EQ(check_of(text), value.has_value() ? "read" : value.error().check) << text;
            read += value.has_value() ? 1 : 0;
        }
    }
    EXPECT_GT(read, 500);
}

}  // namespace
}  // namespace chatmcp::attest
