#include "assistant/context.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace chatmcp::assistant {
namespace {

using Indices = std::vector<std::size_t>;

/// Small talk with one stretch about the door in it.
std::vector<Candidate> small_talk(std::size_t count) {
    std::vector<Candidate> candidates(count, {"Ana", "Yes, that is nice weather today.", 10});
    candidates[count / 2] = {"Ben", "The blue door costs ninety euros.", 10};
    candidates[count / 2 + 1] = {"Cem", "Then let us take two doors.", 10};
    return candidates;
}

TEST(Context, SearchTermsMeetAcrossEndings) {
    EXPECT_EQ(search_terms("What did they decide about the Buttons?"),
              search_terms("deciding button"));
    EXPECT_EQ(search_terms("batteries"), search_terms("battery"));
    EXPECT_EQ(search_terms("planned"), search_terms("plan"));
    EXPECT_EQ(search_terms("the of and"), std::vector<std::string>{});
    EXPECT_EQ(search_terms("Größe!"), search_terms("größe"));
}

TEST(Context, EverythingIsChosenWhenItFits) {
    const auto candidates = small_talk(4);
    EXPECT_EQ(select_messages("door", candidates, 40), (Indices{0, 1, 2, 3}));
}

TEST(Context, TheStretchThatAQuestionIsAboutIsChosen) {
    const auto candidates = small_talk(200);
    const auto chosen = select_messages("How much is the door?", candidates, 60);
    EXPECT_EQ(chosen.size(), 6U);
    EXPECT_EQ(std::vector<std::size_t>(chosen.begin(), chosen.end()),
              (Indices{98, 99, 100, 101, 102, 103}));
    EXPECT_EQ(select_messages("How much is the door?", candidates, 60), chosen);
}

TEST(Context, WithoutAMatchTheLatestMessagesAreChosen) {
    EXPECT_EQ(select_messages("zebra", small_talk(20), 30), (Indices{17, 18, 19}));
}

TEST(Context, AMessageThatIsTooLargeIsPassedOver) {
    auto candidates = small_talk(20);
    candidates[10].tokens = 1000;
    const auto chosen = select_messages("blue door", candidates, 30);
    EXPECT_EQ(chosen.size(), 3U);
    EXPECT_EQ(select_messages("door", std::vector<Candidate>{candidates[10]}, 30), Indices{});
}

TEST(Context, PartsCoverEverythingAndAreNearlyEqual) {
    const std::vector<std::uint32_t> tokens(101, 10);
    const auto parts = cut_into_parts(tokens, 300);
    ASSERT_EQ(parts.size(), 4U);
    std::size_t next = 0;
    for (const Part& part : parts) {
        EXPECT_EQ(part.begin, next);
        EXPECT_LE((part.end - part.begin) * 10, 300U);
        EXPECT_GE((part.end - part.begin) * 10, 200U);
        next = part.end;
    }
    EXPECT_EQ(next, tokens.size());
}

TEST(Context, APartNeverExceedsTheLimitUnlessItIsOneMessage) {
    const std::vector<std::uint32_t> tokens = {90, 90, 500, 10, 90};
    for (const Part& part : cut_into_parts(tokens, 100)) {
        std::uint32_t sum = 0;
        for (std::size_t i = part.begin; i < part.end; ++i) {
            sum += tokens[i];
        }
        EXPECT_TRUE(sum <= 100 || part.end - part.begin == 1);
    }
    EXPECT_TRUE(cut_into_parts({}, 100).empty());
}

}  // namespace
}  // namespace chatmcp::assistant
