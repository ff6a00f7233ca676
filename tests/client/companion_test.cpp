#include <algorithm>

#include <gtest/gtest.h>

#include "client/agent.h"
#include "client/agent_protocol.h"
#include "client/world.h"

namespace chatmcp::testing {
namespace {

using client::AssistantState;
using client::IntentState;

// Ana, Ben and Cleo talk; an assistant is listed. Ana and Ben trust its machine, Cleo does not.
class Companion : public ::testing::Test {
  protected:
    void SetUp() override {
        for (Person* person : {&ana, &ben, &cleo}) {
            person->sign_in();
        }
        chat = make_chat({&ana, &ben, &cleo}, "Project");
        agent.publish();
    }
    void say(Person& person, const std::string& text) {
        const auto sent = person.run(client::SendText{chat, text});
        ASSERT_TRUE(sent.has_value());
        ASSERT_EQ(person.intent(**sent).state, IntentState::delivered);
    }
    void trust(Person& person) {
        const auto set = person.run(client::AllowSimulated{agent.root_fingerprint(), {}});
        ASSERT_TRUE(set.has_value()) << set.error().check;
    }
    client::InviteAssistant wish() {
        return {.chat = chat,
                .enclave_key = agent.enclave_key(),
                .scopes = {wire::Scope::answer},
                .expires_at = world.clock.now().plus_ms(kDayMs),
                .from = wire::AgreeFrom::past};
    }
    client::IntentView invite() {
        const auto started = ana.run(wish());
        EXPECT_TRUE(started.has_value()) << started.error().check;
        agent.serve();
        ana.sync();
        return ana.intent(**started);
    }
    client::AssistantReport report(Person& person) {
        const auto view =
            person.look<client::AssistantReport>([&](client::Client& c, Transaction& t) {
                return c.chat_assistant(t, chat, world.clock.now());
            });
        EXPECT_TRUE(view.has_value()) << view.error().check;
        return *view;
    }
    // Everybody takes up what is new, several times, until nothing moves.
    void settle() {
        for (int i = 0; i < 3; ++i) {
            world.clock.set(world.clock.now().plus_ms(7 * kSecondMs));
            for (Person* person : {&ana, &ben, &cleo}) {
                person->sync();
            }
            agent.serve();
        }
    }
    void set_up_companion() {
        trust(ana);
        trust(ben);
        ASSERT_EQ(invite().state, IntentState::delivered);
        ben.sync();
        const auto agreed = ben.run(client::AgreeAssistant{chat, wire::AgreeFrom::now});
        ASSERT_TRUE(agreed.has_value()) << agreed.error().check;
        settle();
        companion = *report(ana).companion;
    }
    std::vector<std::string> copied_from(Person& person) {
        std::vector<std::string> out;
        for (const Agent::Copied& copy : agent.copied(companion)) {
            if (copy.author == person.account().text()) {
                out.push_back(copy.text);
            }
        }
        return out;
    }
    client::IntentView ask(Person& person, const std::string& text) {
        const auto asked = person.run(client::Ask{chat, wire::Scope::answer, text});
        EXPECT_TRUE(asked.has_value()) << asked.error().check;
        agent.serve();
        person.sync();
        return person.intent(**asked);
    }

    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    Person cleo{world, "cleo"};
    Agent agent{world};
    client::ChatId chat{};
    client::ChatId companion{};
};

TEST_F(Companion, AnAssistantIsProbedRefusedByDefaultAndInvitedUnderAPolicy) {
    const auto probing = ana.run(client::ProbeAssistant{agent.enclave_key()});
    agent.serve();
    ana.sync();
    ASSERT_EQ(ana.intent(**probing).state, IntentState::delivered);
    const auto probed = ana.look<client::AssistantReport>([&](client::Client& c, Transaction& t) {
        return c.assistant_report(t, agent.enclave_key(), world.clock.now());
    });
    ASSERT_TRUE(probed.has_value());
    EXPECT_FALSE(probed->accepted);
    EXPECT_FALSE(probed->factors.empty());
    const auto refused = invite();
    EXPECT_EQ(refused.state, IntentState::refused);
    EXPECT_TRUE(refused.reason->check.starts_with("ATT-"));
    trust(ana);
    EXPECT_EQ(invite().state, IntentState::delivered);
    EXPECT_TRUE(report(ana).accepted);
    EXPECT_EQ(report(ana).state, AssistantState::member);
    cleo.sync();
    EXPECT_EQ(report(cleo).state, AssistantState::announced);
    EXPECT_FALSE(report(cleo).accepted);
}

TEST_F(Companion, OnlyTheWordsOfThoseWhoAgreedAreCopied) {
    say(ana, "ana past");
    say(ben, "ben past");
    say(cleo, "cleo past");
    set_up_companion();
    say(ana, "ana now");
    say(ben, "ben now");
    say(cleo, "cleo now");
    settle();
    EXPECT_EQ(copied_from(ana), (std::vector<std::string>{"ana past", "ana now"}));
    EXPECT_EQ(copied_from(ben), std::vector<std::string>{"ben now"});
    EXPECT_TRUE(copied_from(cleo).empty());
    EXPECT_EQ(report(ben).state, AssistantState::member);
    EXPECT_TRUE(ana.complaints().empty());
    EXPECT_TRUE(ben.complaints().empty());
}

TEST_F(Companion, AgreementNeedsThePolicyFirst) {
    trust(ana);
    ASSERT_EQ(invite().state, IntentState::delivered);
    cleo.sync();
    const auto refused = cleo.run(client::AgreeAssistant{chat, wire::AgreeFrom::now});
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "ATT-15");
    trust(cleo);
    EXPECT_TRUE(cleo.run(client::AgreeAssistant{chat, wire::AgreeFrom::now}).has_value());
    const auto twice = cleo.run(client::AgreeAssistant{chat, wire::AgreeFrom::now});
    ASSERT_FALSE(twice.has_value());
    EXPECT_STREQ(twice.error().check, "CLT-81");
}

TEST_F(Companion, AnAnswerIsPostedAndVerifiedByEverybody) {
    set_up_companion();
    say(ana, "The house costs 12.50.");
    say(cleo, "Not for the assistant.");
    settle();
    const auto asked = ask(ana, "What does it cost?");
    ASSERT_EQ(asked.state, IntentState::delivered)
        << (asked.reason.has_value() ? asked.reason->check : "pending");
    const auto view = ana.look<client::AskView>(
        [&](client::Client& c, Transaction& t) { return c.asked(t, asked.id); });
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->post->answer.text, "An answer.");
    EXPECT_EQ(view->post->lacking, 0u);
    EXPECT_EQ(view->timing.first_token_ms, 5u);
    ASSERT_EQ(view->rests_on_positions.size(), 1u);
    EXPECT_NE(view->rests_on_positions[0], 0u);
    ben.sync();
    EXPECT_EQ(ben.messages(chat).back().answer->answer.text, "An answer.");
    EXPECT_FALSE(ben.messages(chat).back().reason.has_value());
    // Who trusts no such machine sees the answer and why it is not accepted.
    cleo.sync();
    EXPECT_EQ(cleo.messages(chat).back().answer->answer.text, "An answer.");
    EXPECT_EQ(cleo.messages(chat).back().reason->check, "ATT-15");
    const auto file = ana.look<client::ReceiptFile>(
        [&](client::Client& c, Transaction& t) { return c.receipt(t, chat, *view->post_id); });
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(file->prompts.size(), 1u);
    const auto again = wire::decode<client::ReceiptFile>(wire::encode(*file));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(wire::encode(*again), wire::encode(*file));
}

TEST_F(Companion, AnAnswerWhoseReceiptDoesNotHoldIsRefused) {
    set_up_companion();
    for (const auto& [fault, check] : {std::pair(1, "CLT-86"),
                                       std::pair(2, "CLT-87"),
                                       std::pair(3, "CLT-88"),
                                       std::pair(4, "CLT-89"),
                                       std::pair(5, "CLT-89"),
                                       std::pair(6, "CLT-89")}) {
        agent.next_answer_fault = fault;
        const auto asked = ask(ana, "anything");
        EXPECT_EQ(asked.state, IntentState::refused);
        EXPECT_EQ(asked.reason->check, check);
    }
}

TEST_F(Companion, ARefusalOfTheAgentEndsTheQuestion) {
    set_up_companion();
    agent.refuses = true;
    const auto asked = ask(ben, "anything");
    EXPECT_EQ(asked.state, IntentState::refused);
    EXPECT_EQ(asked.reason->check, "AST-17");
}

TEST_F(Companion, OnlyWhoIsInItAsksAndOnlyWithinTheGrant) {
    set_up_companion();
    const auto outside = cleo.run(client::Ask{chat, wire::Scope::answer, "x"});
    ASSERT_FALSE(outside.has_value());
    EXPECT_STREQ(outside.error().check, "CLT-81");
    const auto scope = ana.run(client::Ask{chat, wire::Scope::summarise, "x"});
    ASSERT_FALSE(scope.has_value());
    EXPECT_STREQ(scope.error().check, "CLT-83");
    const auto empty = ana.run(client::Ask{chat, wire::Scope::answer, ""});
    ASSERT_FALSE(empty.has_value());
    EXPECT_STREQ(empty.error().check, "CLT-08");
    const auto second = ana.run(wish());
    ASSERT_FALSE(second.has_value());
    EXPECT_STREQ(second.error().check, "CLT-92");
}

TEST_F(Companion, AfterRevokingNothingIsCopiedAndNobodyAsks) {
    set_up_companion();
    const auto revoking = ben.run(client::RevokeAssistant{chat});
    ASSERT_TRUE(revoking.has_value());
    EXPECT_EQ(ben.intent(**revoking).state, IntentState::delivered);
    settle();
    const auto position = report(ana).companion_position;
    const auto frames = agent.frames();
    say(ana, "after the end");
    settle();
    EXPECT_EQ(report(ana).state, AssistantState::revoked);
    EXPECT_EQ(report(ana).companion_position, position);
    EXPECT_EQ(agent.frames(), frames);
    EXPECT_TRUE(copied_from(ana).empty());
    const auto asked = ana.run(client::Ask{chat, wire::Scope::answer, "x"});
    ASSERT_FALSE(asked.has_value());
    EXPECT_STREQ(asked.error().check, "CLT-81");
}

TEST_F(Companion, AnExpiredGrantEndsCopyingAndTheAgentIsRemoved) {
    set_up_companion();
    world.clock.set(world.clock.now().plus_ms(2 * kDayMs));
    const auto asked = ana.run(client::Ask{chat, wire::Scope::answer, "x"});
    ASSERT_FALSE(asked.has_value());
    EXPECT_STREQ(asked.error().check, "CLT-82");
    say(ana, "too late");
    settle();
    EXPECT_TRUE(copied_from(ana).empty());
    const auto state = report(ana).state;
    EXPECT_TRUE(state == AssistantState::revoked || state == AssistantState::expired);
    EXPECT_EQ(ana.chat(companion).summary.members, 2u);
}

TEST_F(Companion, ARenewalIsFollowedAndOneOverAnotherNonceEndsInARemove) {
    set_up_companion();
    agent.renew(companion);
    settle();
    EXPECT_TRUE(ana.complaints().empty());
    EXPECT_EQ(ana.chat(companion).epoch_authenticator, ben.chat(companion).epoch_authenticator);
    EXPECT_EQ(ask(ana, "still there?").state, IntentState::delivered);
    agent.renew(companion, false);
    ana.sync();
    settle();
    EXPECT_EQ(report(ana).state, AssistantState::revoked);
    EXPECT_EQ(ana.chat(companion).summary.members, 2u);
}

TEST_F(Companion, WhoComesLaterSeesTheAnnouncementAndMayAgree) {
    set_up_companion();
    Person dan(world, "dan");
    dan.sign_in();
    const auto added = ana.run(client::AddMembers{chat, {dan.account()}});
    ASSERT_EQ(ana.intent(**added).state, IntentState::delivered);
    dan.sync();
    static_cast<void>(dan.run(client::AcceptRequest{chat}));
    trust(dan);
    const auto agreed = dan.run(client::AgreeAssistant{chat, wire::AgreeFrom::now});
    ASSERT_TRUE(agreed.has_value()) << agreed.error().check;
    settle();
    dan.sync();
    say(dan, "dan speaks");
    dan.sync();
    agent.serve();
    EXPECT_EQ(copied_from(dan), std::vector<std::string>{"dan speaks"});
}

TEST_F(Companion, WhoIsNotInTheConversationIsRemovedFromTheCompanion) {
    set_up_companion();
    EXPECT_EQ(ana.chat(companion).summary.members, 3u);
    const auto removed = ana.run(client::RemoveMember{chat, ben.account()});
    ASSERT_EQ(ana.intent(**removed).state, IntentState::delivered);
    settle();
    EXPECT_EQ(ana.chat(companion).summary.members, 2u);
}

TEST_F(Companion, WhoLeavesTheConversationLeavesTheCompanion) {
    set_up_companion();
    ASSERT_TRUE(ben.run(client::LeaveChat{chat}).has_value());
    settle();
    EXPECT_EQ(ana.chat(companion).summary.members, 2u);
    EXPECT_EQ(ana.chat(chat).summary.members, 2u);
}

TEST_F(Companion, AKeyPackageThatIsNotForThisQuestionIsRefused) {
    trust(ana);
    agent.next_package_fault = 1;
    const auto nonce = invite();
    EXPECT_EQ(nonce.state, IntentState::refused);
    EXPECT_EQ(nonce.reason->check, "CLT-85");
    agent.next_package_fault = 2;
    const auto configuration = invite();
    EXPECT_EQ(configuration.state, IntentState::refused);
    EXPECT_TRUE(configuration.reason->check.starts_with("ATT-"));
}

TEST_F(Companion, AnAssistantThatDoesNotAnswerIsGivenUp) {
    const auto started = ana.run(client::ProbeAssistant{agent.enclave_key()});
    world.clock.set(world.clock.now().plus_ms(3 * kMinuteMs));
    ana.tick();
    EXPECT_EQ(ana.intent(**started).state, IntentState::refused);
    EXPECT_EQ(ana.intent(**started).reason->check, "CLT-93");
    const auto unknown = ana.run(client::ProbeAssistant{});
    EXPECT_EQ(ana.intent(**unknown).reason->check, "CLT-13");
}

TEST_F(Companion, WhoDeclinesIsNotAskedAgain) {
    trust(ana);
    ASSERT_EQ(invite().state, IntentState::delivered);
    cleo.sync();
    ASSERT_TRUE(cleo.run(client::DeclineAssistant{chat}).has_value());
    EXPECT_EQ(report(cleo).state, AssistantState::declined);
}

// The simulated platform measures the model by itself; hardware measures the program, which says
// it.
TEST(ReceiptClaims, PlatformAndModelAreThoseOfTheEvidence) {
    wire::Receipt receipt;
    receipt.platform = "simulated";
    receipt.weights_root.fill(1);
    attest::Claims claims;
    attest::SimulatedClaims simulated;
    simulated.digests.model.fill(1);
    claims.details = simulated;
    EXPECT_TRUE(client::verify_receipt_claims(receipt, claims).has_value());
    simulated.digests.model.fill(2);
    claims.details = simulated;
    EXPECT_EQ(client::verify_receipt_claims(receipt, claims).error(),
              (Error{Errc::wrong_key, "CLT-89"}));
    claims.kind = attest::Kind::nitro;
    claims.details = attest::NitroClaims{};
    EXPECT_EQ(client::verify_receipt_claims(receipt, claims).error(),
              (Error{Errc::wrong_key, "CLT-89"}));
    receipt.platform = "nitro";
    EXPECT_TRUE(client::verify_receipt_claims(receipt, claims).has_value());
}

}  // namespace
}  // namespace chatmcp::testing
