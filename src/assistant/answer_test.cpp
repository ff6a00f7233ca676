#include "assistant/answer.h"

#include <algorithm>
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

std::string text_of(const std::vector<GroundedSentence>& sentences) {
    std::string text;
    for (const GroundedSentence& sentence : sentences) {
        text += (text.empty() ? "" : " ") + sentence.text;
    }
    return text;
}

void expect_refused(const Result<std::vector<GroundedSentence>>& result, std::string_view check) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().check, check);
}

TEST(Answer, NamesItsMessagesAndKeepsWhatTheySupport) {
    DropList dropped;
    const auto answer =
        ground_answer(answer_output("[5, 3, 3]", "Tom paid 264 euros."), shown(), dropped);
    ASSERT_TRUE(answer.has_value()) << answer.error().check;
    EXPECT_EQ(text_of(*answer), "Tom paid 264 euros.");
    EXPECT_EQ(answer->front().messages, (Numbers{3, 5}));
    EXPECT_TRUE(dropped.list().empty());
}

TEST(Answer, ASentenceWithAnAmountThatNoNamedMessageHasIsDroppedAndCounted) {
    DropList dropped;
    const auto answer = ground_answer(
        answer_output("[3, 9]", "The flat is 264 euros. It is 265 euros. They leave at 07:40."),
        shown(),
        dropped);
    ASSERT_TRUE(answer.has_value()) << answer.error().check;
    EXPECT_EQ(text_of(*answer), "The flat is 264 euros. They leave at 07:40.");
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
    for (const std::string_view text :
         {"Tom\u202Epaid.", "Tom\npaid.", "Tom \xFFpaid.", "Tom\u200Bpaid.", "Tom said [M3] it."}) {
        expect_refused(ground_answer(answer_output("[3]", text), shown(), dropped), "AST-14");
    }
    expect_refused(ground_answer(answer_output("[3]", ""), shown(), dropped), "AST-14");
    expect_refused(ground_answer(answer_output("[3]", "  "), shown(), dropped), "AST-14");
    const auto spaces = ground_answer(answer_output("[3]", " Tom  paid. "), shown(), dropped);
    ASSERT_TRUE(spaces.has_value());
    EXPECT_EQ(text_of(*spaces), "Tom paid.");
    const std::string endless(kSentencesMax * kSentenceMaxBytes + 1, 'a');
    expect_refused(ground_answer(answer_output("[3]", endless), shown(), dropped), "AST-14");
}

std::string summary_output(std::string_view text) {
    return "{\"summary\": \"" + std::string(text) + "\"}";
}

TEST(Basis, IsTheClosestMessagesInRarerWords) {
    const Basis basis(shown());
    EXPECT_EQ(basis.of("Tom paid with a card."), Numbers{5});
    EXPECT_EQ(basis.of("The flat has three nights."), Numbers{3});
    EXPECT_EQ(basis.of("Zebras graze."), Numbers{});
    EXPECT_EQ(basis.of(""), Numbers{});
}

TEST(Basis, HasForEachAmountTheClosestMessageThatStatesIt) {
    ShownMessages messages;
    for (std::uint32_t number = 1; number <= 20; ++number) {
        messages.emplace(number, "The remote control has many buttons and a light.");
    }
    messages.emplace(21, "Twelve fifty for a remote.");
    messages.emplace(22, "Twelve fifty for the zoo.");
    const Basis basis(messages);
    const auto found =
        basis.of("The remote control has many buttons, a light and a price of 12.50.");
    EXPECT_TRUE(std::ranges::find(found, 21U) != found.end());
    EXPECT_TRUE(std::ranges::find(found, 22U) == found.end());
    EXPECT_LE(found.size(), kNamedMessagesMax);
}

TEST(Summary, EachSentenceRestsOnItsOwnMessages) {
    const Basis basis(shown());
    DropList dropped;
    const auto summary = ground_summary(
        summary_output("The flat costs 264 euros. They leave on Friday. They leave on Friday."),
        basis,
        dropped);
    ASSERT_TRUE(summary.has_value()) << summary.error().check;
    ASSERT_EQ(summary->size(), 2U);  // Said twice is said once.
    EXPECT_EQ((*summary)[0].messages, Numbers{3});
    EXPECT_EQ((*summary)[1].messages, Numbers{9});
    EXPECT_TRUE(dropped.list().empty());
}

TEST(Summary, SentencesWithoutBasisOrWithAnUnknownAmountAreDroppedAndCounted) {
    const Basis basis(shown());
    DropList dropped;
    const auto summary = ground_summary(
        summary_output("The flat costs 265 euros. Zebras graze. They leave on Friday."),
        basis,
        dropped);
    ASSERT_TRUE(summary.has_value()) << summary.error().check;
    EXPECT_EQ(text_of(*summary), "They leave on Friday.");
    ASSERT_EQ(dropped.list().size(), 2U);
    EXPECT_EQ(dropped.list()[0].check, std::string_view("AST-12"));
    EXPECT_EQ(dropped.list()[1].check, std::string_view("AST-13"));
    expect_refused(ground_summary(summary_output("Zebras graze."), basis, dropped), "AST-12");
    expect_refused(ground_summary(summary_output("The flat is 9 euros."), basis, dropped),
                   "AST-13");
}

TEST(Summary, AnyOtherFormIsRefused) {
    const Basis basis(shown());
    DropList dropped;
    const std::string good = summary_output("Tom paid.");
    ASSERT_TRUE(ground_summary(good, basis, dropped).has_value());
    for (std::size_t size = 0; size < good.size(); ++size) {
        expect_refused(ground_summary(good.substr(0, size), basis, dropped), "AST-11");
    }
    expect_refused(ground_summary(good + " ", basis, dropped), "AST-11");
    expect_refused(ground_summary(summary_output(""), basis, dropped), "AST-14");
    expect_refused(ground_summary(std::string(kOutputMaxBytes + 1, 'x'), basis, dropped), "AST-11");
}

}  // namespace
}  // namespace chatmcp::assistant
