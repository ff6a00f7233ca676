#include "assistant/answer_amounts.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace chatmcp::assistant {
namespace {

using Texts = std::vector<std::string>;

TEST(Amounts, NumbersHaveOneForm) {
    EXPECT_EQ(amounts_stated("It costs 1,200.50 now."), Texts{"1200.5"});
    EXPECT_EQ(amounts_stated("At 07:40 and on the 14th."), (Texts{"7:40", "14"}));
    EXPECT_EQ(amounts_stated("25.00 is 25 and 12,50 is 12.5"), (Texts{"25", "25", "12.5", "12.5"}));
    EXPECT_EQ(amounts_stated("2024-05-14"), (Texts{"2024", "5", "14"}));
    EXPECT_EQ(amounts_stated("1,000,000 people"), Texts{"1000000"});
    EXPECT_EQ(amounts_stated("007 and 0"), (Texts{"7", "0"}));
}

TEST(Amounts, DigitsOfOtherScriptsAreDigits) {
    EXPECT_EQ(amounts_stated("\u0662\u0665 euros"), Texts{"25"});
    EXPECT_EQ(amounts_stated("\uFF12\uFF15"), Texts{"25"});
    EXPECT_EQ(amounts_stated("\u096A\u0966"), Texts{"40"});
    EXPECT_EQ(amounts_stated("\u06F1"), Texts{"1"});
}

TEST(Amounts, NumberWordsCountWhereTheyAreAmounts) {
    EXPECT_EQ(amounts_stated("It costs twenty-five euros."), Texts{"25"});
    EXPECT_EQ(amounts_stated("two hundred and fifty of them"), Texts{"250"});
    EXPECT_EQ(amounts_stated("a hundred buttons"), Texts{"100"});
    EXPECT_EQ(amounts_stated("two of them want one button"), Texts{});
    EXPECT_EQ(amounts_stated("in two weeks"), Texts{"2"});
    EXPECT_EQ(amounts_stated("three million people"), Texts{"3000000"});
}

TEST(Amounts, NamesOfDaysAndMonthsCountUnlessTheyMayBeVerbs) {
    EXPECT_EQ(amounts_stated("They meet on friday in June."), (Texts{"day friday", "month june"}));
    EXPECT_EQ(amounts_stated("They may march on."), Texts{});
    EXPECT_EQ(amounts_stated("May I? Ends in May."), Texts{"month may"});
}

TEST(Amounts, MessagesSupportWhatTheySayInAnyForm) {
    AmountsSupported supported;
    supported.add("It must cost twelve fifty, that is twenty five Euros for both.");
    supported.add("See you on Mon at seven forty, the twenty third of sept.");
    for (const char* stated :
         {"12.5", "12:50", "25", "7:40", "day monday", "23", "month september"}) {
        EXPECT_TRUE(supported.supports(stated)) << stated;
    }
    for (const char* stated : {"26", "day friday", "month may", "1200", "8:40"}) {
        EXPECT_FALSE(supported.supports(stated)) << stated;
    }
}

TEST(Amounts, SentencesEndAtTheirMarksOnly) {
    EXPECT_EQ(sentences_of("It is 12.50. Really? Yes! And"),
              (Texts{"It is 12.50.", "Really?", "Yes!", "And"}));
    EXPECT_EQ(sentences_of(""), Texts{});
}

}  // namespace
}  // namespace chatmcp::assistant
