#include "cli/output.h"

#include <gtest/gtest.h>

namespace chatmcp::cli {
namespace {

constexpr const char* kReplaced = "\xEF\xBF\xBD";

TEST(Output, WhatPeopleWriteInTheirLanguagesIsShownAsItIs) {
    for (const char* text : {"", "plain", "Grüße", "مرحبا", "日本語", "👩\u200d🚀", "n\u0303"}) {
        EXPECT_EQ(printable(text), text);
    }
}

TEST(Output, WhatMovesTheCursorTurnsTextOrIsNotSeenIsReplaced) {
    for (const char* text : {"\x1b",
                             "\x7f",
                             "\r",
                             "\u009b",
                             "\u061c",
                             "\u200b",
                             "\u200e",
                             "\u2028",
                             "\u202e",
                             "\u2066",
                             "\ufeff",
                             "\U000e0041"}) {
        EXPECT_EQ(printable("a" + std::string(text) + "b"), "a" + std::string(kReplaced) + "b");
    }
    EXPECT_EQ(printable("a\nb\tc"), "a b c");
    EXPECT_EQ(printable(std::string_view("\0", 1)), kReplaced);
}

TEST(Output, BytesThatAreNoTextEndNothing) {
    EXPECT_EQ(printable("\xC3"), kReplaced);
    EXPECT_EQ(printable("\x80"
                        "a"),
              std::string(kReplaced) + "a");
}

}  // namespace
}  // namespace chatmcp::cli
