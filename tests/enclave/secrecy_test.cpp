// The way of words from a companion into the model's prompts, with the real choice of messages.
#include <gtest/gtest.h>

#include "assistant/scripted_model.h"
#include "enclave/raw_member.h"
#include "enclave/rig.h"

namespace chatmcp::testing {
namespace {

using assistant::testing::ScriptedModel;
using assistant::testing::TestProgress;

std::string text_of(const assistant::Prompt& prompt) {
    std::string text;
    for (const assistant::Segment& segment : prompt.segments) {
        text += segment.text;
    }
    return text;
}

class Secrecy : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(rig.start().has_value());
        rig.sign_in();
        rig.model = [this](const enclave::AnswerJob& job) {
            assistant::Assistant assistant(model);
            TestProgress progress;
            return assistant.answer(job.question, job.messages, std::nullopt, progress);
        };
    }
    CompanionPlan plan() const {
        CompanionPlan made;
        made.grant.scopes = {wire::Scope::answer};
        made.grant.expires_at = world.clock.now().plus_ms(kDayMs);
        return made;
    }
    /// All prompts of the one question that is asked now.
    std::string prompts_of(RawMember& asker, const std::string& question) {
        model.prompts.clear();
        asker.ask(question);
        rig.serve();
        EXPECT_EQ(asker.read_last_words().size(), 1u);
        std::string text;
        for (const assistant::Prompt& prompt : model.prompts) {
            text += text_of(prompt);
        }
        return text;
    }

    World world;
    EnclaveRig rig{world};
    RawMember ana{world, "ana"};
    RawMember ben{world, "ben"};
    ScriptedModel model{20'000,
                        [](const assistant::Prompt&) -> Result<std::string> { return "{}"; }};
};

// Two companions of one assistant, asked in turn about the same thing in the same words.
TEST_F(Secrecy, NoWordOfOneCompanionIsInAnyPromptOfAnother) {
    ana.found(rig, plan());
    ben.found(rig, plan());
    ana.copy(1, "the password of the safe is canary");
    ben.copy(1, "the password of the door is sparrow");
    rig.serve();
    const std::string question = "what is the password of the safe, is it written anywhere";
    for (int turn = 0; turn < 2; ++turn) {
        const std::string in_ana = prompts_of(ana, question);
        EXPECT_NE(in_ana.find("canary"), std::string::npos);
        EXPECT_EQ(in_ana.find("sparrow"), std::string::npos);
        const std::string in_ben = prompts_of(ben, question);
        EXPECT_NE(in_ben.find("sparrow"), std::string::npos);
        EXPECT_EQ(in_ben.find("canary"), std::string::npos);
        // The second time from what was sealed.
        ASSERT_TRUE(rig.start().has_value());
        rig.serve();
    }
}

// Questions and answers are no words of the conversation either.
TEST_F(Secrecy, AQuestionOfOneCompanionIsInNoPromptOfAnother) {
    ana.found(rig, plan());
    ben.found(rig, plan());
    ana.copy(1, "we meet on monday");
    ben.copy(1, "we meet on friday");
    rig.serve();
    EXPECT_NE(prompts_of(ana, "is canary invited").find("canary"), std::string::npos);
    EXPECT_EQ(prompts_of(ben, "who is invited").find("canary"), std::string::npos);
}

// A companion that was left is forgotten: nothing of it comes back in a later one of the same
// people.
TEST_F(Secrecy, WordsOfACompanionThatEndedAreForgotten) {
    ana.found(rig, plan());
    ana.copy(1, "the password is canary");
    rig.serve();
    ana.remove_agent();
    rig.serve();
    ana.found(rig, plan());
    ana.copy(1, "the weather is fine");
    rig.serve();
    EXPECT_EQ(prompts_of(ana, "what is the password").find("canary"), std::string::npos);
    EXPECT_TRUE(rig.notes.empty());
}

}  // namespace
}  // namespace chatmcp::testing
