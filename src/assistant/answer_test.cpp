#include "assistant/answer.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace chatmcp::assistant {
namespace {

using Numbers = std::vector<std::uint32_t>;

const ShownMessages& shown() {
    static const ShownMessages messages = {{3, "The flat is 264 euros for three nights."},
                                           {5, "I paid with my card."},
                                           {9, "We leave on Friday at seven forty."}};
    return messages;
}

std::string answer_output(std::string_view numbers, std::string_view text) {
    return "{\"messages\": " + std::string(numbers) + ", \"answer\": \"" + std::string(text) +
           "\"}";
}

void expect_refused(const Result<GroundedAnswer>& result, std::string_view check) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().check, check);
}

TEST(Answer, NamesItsMessagesAndKeepsWhatTheySupport) {
    DropList dropped;
    const auto answer =
        ground_answer(answer_output("[5, 3, 3]", "Tom paid 264 euros."), shown(), dropped);
    ASSERT_TRUE(answer.has_value()) << answer.error().check;
    EXPECT_EQ(answer->text, "Tom paid 264 euros.");
    EXPECT_EQ(answer->messages, (Numbers{3, 5}));
    EXPECT_TRUE(dropped.list().empty());
}

TEST(Answer, ASentenceWithAnAmountThatNoNamedMessageHasIsDroppedAndCounted) {
    DropList dropped;
    const auto answer = ground_answer(
        answer_output("[3, 9]", "The flat is 264 euros. It is 265 euros. They leave at 07:40."),
        shown(),
        dropped);
    ASSERT_TRUE(answer.has_value()) << answer.error().check;
    EXPECT_EQ(answer->text, "The flat is 264 euros. They leave at 07:40.");
    ASSERT_EQ(dropped.list().size(), 1U);
    EXPECT_EQ(dropped.list()[0].check, std::string_view("AST-13"));
    EXPECT_EQ(dropped.list()[0].count, 1U);
    ASSERT_EQ(dropped.explain().size(), 1U);
    EXPECT_TRUE(dropped.explain()[0].starts_with("AST-13: left out, 1 "));
}

TEST(Answer, AnAmountThatAnotherMessageHasDoesNotCount) {
    DropList dropped;
    // 264 stands in message 3, but the answer says that it rests on message 5.
    expect_refused(ground_answer(answer_output("[5]", "Tom paid 264 euros."), shown(), dropped),
                   "AST-13");
}

TEST(Answer, AnswersThatRestOnNothingShownAreRefused) {
    DropList dropped;
    expect_refused(ground_answer(answer_output("[4, 70]", "Tom paid."), shown(), dropped),
                   "AST-12");
    EXPECT_EQ(dropped.list()[0].count, 2U);
    expect_refused(ground_answer(answer_output("[]", "Tom paid."), shown(), dropped), "AST-12");
}

TEST(Answer, NothingFoundIsSaidAsSuch) {
    DropList dropped;
    expect_refused(ground_answer(answer_output("[]", ""), shown(), dropped), "AST-19");
}

TEST(Answer, AnyOtherFormIsRefused) {
    const std::string good = answer_output("[3]", "Tom paid.");
    DropList dropped;
    ASSERT_TRUE(ground_answer(good, shown(), dropped).has_value());
    for (std::size_t size = 0; size < good.size(); ++size) {
        expect_refused(ground_answer(good.substr(0, size), shown(), dropped), "AST-11");
    }
    for (const std::string_view output :
         {"{\"messages\": [3], \"answer\": \"Tom paid.\"} ",
          "{\"answer\": \"Tom paid.\", \"messages\": [3]}",
          "{\"messages\": [3], \"messages\": [3], \"answer\": \"Tom paid.\"}",
          "{\"messages\": [03], \"answer\": \"Tom paid.\"}",
          "{\"messages\": [-3], \"answer\": \"Tom paid.\"}",
          "{\"messages\": [99999999999], \"answer\": \"Tom paid.\"}",
          "{\"messages\": [3,5], \"answer\": \"Tom paid.\"}",
          "{\"messages\": [1, 2, 3, 4, 5, 6, 7, 8, 9], \"answer\": \"Tom paid.\"}",
          "{\"messages\": [3], \"answer\": \"Tom \\u0070aid.\"}",
          "{\"messages\": [3], \"answer\": 3}"}) {
        expect_refused(ground_answer(output, shown(), dropped), "AST-11");
    }
    expect_refused(ground_answer(std::string(kOutputMaxBytes + 1, 'x'), shown(), dropped),
                   "AST-11");
}

TEST(Answer, TextWithHiddenOrBrokenCharactersIsRefused) {
    DropList dropped;
    for (const std::string_view text : {"Tom\u202Epaid.",
                                        "Tom\npaid.",
                                        "Tom \xFFpaid.",
                                        "Tom\u200Bpaid.",
                                        " Tom paid.",
                                        "Tom said [M3] it."}) {
        expect_refused(ground_answer(answer_output("[3]", text), shown(), dropped), "AST-14");
    }
    expect_refused(ground_answer(answer_output("[3]", ""), shown(), dropped), "AST-14");
    const std::string endless(kSentencesMax * kSentenceMaxBytes + 1, 'a');
    expect_refused(ground_answer(answer_output("[3]", endless), shown(), dropped), "AST-14");
}

TEST(Summary, RestsOnTheMessagesOfItsPoints) {
    DropList dropped;
    const auto summary = ground_summary(
        "{\"points\": [{\"text\": \"Tom paid 264 euros.\", \"messages\": [3, 5]}, "
        "{\"text\": \"They leave on Friday.\", \"messages\": [9]}, "
        "{\"text\": \"They leave on Monday.\", \"messages\": [9]}, "
        "{\"text\": \"They eat.\", \"messages\": [77]}], "
        "\"summary\": \"They leave on Friday. It costs 999 euros.\"}",
        shown(),
        dropped);
    ASSERT_TRUE(summary.has_value()) << summary.error().check;
    ASSERT_EQ(summary->points.size(), 2U);
    EXPECT_EQ(summary->points[0].messages, (Numbers{3, 5}));
    EXPECT_EQ(summary->points[1].text, "They leave on Friday.");
    EXPECT_EQ(summary->messages, (Numbers{3, 5, 9}));
    EXPECT_EQ(summary->text, "They leave on Friday.");
    ASSERT_EQ(dropped.list().size(), 2U);
    EXPECT_EQ(dropped.list()[0].count, 2U);  // AST-13: Monday, 999.
    EXPECT_EQ(dropped.list()[1].count, 2U);  // AST-12: message 77, and with it its point.
}

TEST(Summary, KeepsItsPointsWhenNoSentenceOfItsTextCanBeKept) {
    DropList dropped;
    const auto summary = ground_summary(
        "{\"points\": [{\"text\": \"Tom paid.\", \"messages\": [3]}], \"summary\": \"It costs 999 "
        "euros.\"}",
        shown(),
        dropped);
    ASSERT_TRUE(summary.has_value());
    EXPECT_EQ(summary->text, "");
    EXPECT_EQ(summary->points.size(), 1U);
    EXPECT_EQ(dropped.list().size(), 1U);
}

TEST(Summary, WithoutASinglePointItIsRefused) {
    DropList dropped;
    expect_refused(ground_summary("{\"points\": [{\"text\": \"They eat.\", \"messages\": [77]}], "
                                  "\"summary\": \"They eat.\"}",
                                  shown(),
                                  dropped),
                   "AST-12");
}

TEST(Summary, OfAPartIsItsPoints) {
    DropList dropped;
    const auto points = ground_part(
        "{\"points\": [{\"text\": \"Tom paid.\", \"messages\": [5]}, {\"text\": \"Tom paid.\", "
        "\"messages\": [5]}]}",
        shown(),
        dropped);
    ASSERT_TRUE(points.has_value());
    EXPECT_EQ(points->size(), 1U);  // Said twice is said once.
    const std::string point = "{\"text\": \"A b.\", \"messages\": [5]}";
    EXPECT_FALSE(ground_part("{\"points\": [" + point + ", " + point + ", " + point + ", " + point +
                                 ", " + point + "]}",
                             shown(),
                             dropped)
                     .has_value());
}

TEST(Summary, OfManyPartsKeepsTheChosenPoints) {
    const std::vector<GroundedPoint> points = {
        {"Tom paid 264 euros.", {3, 5}}, {"They eat.", {5}}, {"They leave on Friday.", {9}}};
    DropList dropped;
    const auto summary = ground_reduced(
        "{\"points\": [3, 1, 8], \"summary\": \"They paid 264 euros and leave on Friday.\"}",
        points,
        shown(),
        dropped);
    ASSERT_TRUE(summary.has_value()) << summary.error().check;
    ASSERT_EQ(summary->points.size(), 2U);
    EXPECT_EQ(summary->points[0].text, points[0].text);
    EXPECT_EQ(summary->messages, (Numbers{3, 5, 9}));
    EXPECT_EQ(dropped.list()[0].check, std::string_view("AST-12"));
    expect_refused(
        ground_reduced("{\"points\": [], \"summary\": \"They.\"}", points, shown(), dropped),
        "AST-12");
}

}  // namespace
}  // namespace chatmcp::assistant
