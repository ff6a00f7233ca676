#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "enclave/rig.h"

namespace chatmcp::testing {
namespace {

using client::IntentState;

// Ana and Ben talk; an enclave is listed, and both trust its machine.
class EnclaveAgent : public ::testing::Test {
  protected:
    void SetUp() override {
        ana.sign_in();
        ben.sign_in();
        chat = make_chat({&ana, &ben}, "Project");
        ASSERT_TRUE(rig.start().has_value());
        rig.sign_in();
        for (Person* person : {&ana, &ben}) {
            ASSERT_TRUE(
                person->run(client::AllowSimulated{rig.root_fingerprint(), {}}).has_value());
        }
    }
    void say(Person& person, const client::ChatId& where, const std::string& text) {
        const auto sent = person.run(client::SendText{where, text});
        ASSERT_TRUE(sent.has_value()) << sent.error().check;
        ASSERT_EQ(person.intent(**sent).state, IntentState::delivered);
    }
    void settle() {
        for (int i = 0; i < 4; ++i) {
            world.clock.set(world.clock.now().plus_ms(7 * kSecondMs));
            ana.sync();
            ben.sync();
            rig.serve();
        }
    }
    void invite(const client::ChatId& where) {
        const auto invited =
            ana.run(client::InviteAssistant{.chat = where,
                                            .enclave_key = rig.enclave_key(),
                                            .scopes = {wire::Scope::answer, wire::Scope::summarise},
                                            .expires_at = world.clock.now().plus_ms(kDayMs),
                                            .from = wire::AgreeFrom::past});
        ASSERT_TRUE(invited.has_value()) << invited.error().check;
        rig.serve();
        ana.sync();
        settle();
        const auto view = ana.intent(**invited);
        ASSERT_EQ(view.state, IntentState::delivered)
            << (view.reason.has_value() ? view.reason->check : "pending");
    }
    client::IntentId begin_question(const client::ChatId& where,
                                    const std::string& text,
                                    wire::Scope scope = wire::Scope::answer) {
        const auto asked = ana.run(client::Ask{where, scope, text});
        EXPECT_TRUE(asked.has_value()) << asked.error().check;
        return **asked;
    }
    client::IntentView finish_question(client::IntentId id) {
        for (int i = 0; i < 4; ++i) {
            rig.serve();
            ana.sync();
        }
        return ana.intent(id);
    }

    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    EnclaveRig rig{world};
    client::ChatId chat{};
};

TEST_F(EnclaveAgent, AnswersFromTheWordsOfThoseWhoAgreedAndOfNobodyElse) {
    say(ana, chat, "the remote costs twelve euro");
    say(ben, chat, "my secret is blue");
    invite(chat);
    const auto view = finish_question(begin_question(chat, "what does it cost"));
    ASSERT_EQ(view.state, IntentState::delivered)
        << (view.reason.has_value() ? view.reason->check : "pending");
    ASSERT_EQ(rig.jobs.size(), 1u);
    ASSERT_EQ(rig.jobs[0].messages.size(), 1u);
    EXPECT_EQ(rig.jobs[0].messages[0].text, "the remote costs twelve euro");
}

TEST_F(EnclaveAgent, ASecretToldInOneCompanionReachesNoOther) {
    const auto other = make_chat({&ana, &ben}, "Other");
    say(ana, chat, "the word is canary");
    say(ana, other, "nothing to see");
    invite(chat);
    invite(other);
    const auto first = finish_question(begin_question(chat, "which word"));
    const auto second = finish_question(begin_question(other, "which word is secret"));
    ASSERT_EQ(first.state, IntentState::delivered);
    ASSERT_EQ(second.state, IntentState::delivered);
    ASSERT_EQ(rig.jobs.size(), 2u);
    for (const assistant::SourceMessage& message : rig.jobs[1].messages) {
        EXPECT_EQ(message.text.find("canary"), std::string::npos);
    }
}

TEST_F(EnclaveAgent, ARestartLosesNoQuestion) {
    say(ana, chat, "we meet on monday");
    invite(chat);
    const auto id = begin_question(chat, "when do we meet");
    // The host withholds every message of the enclave, and then the enclave dies.
    rig.carry = [](const client::DoorRequest& request) {
        return !std::holds_alternative<wire::PublishMessage>(request);
    };
    rig.serve();
    ASSERT_EQ(rig.jobs.size(), 1u);
    ASSERT_EQ(ana.intent(id).state, IntentState::pending);
    rig.carry = nullptr;
    ASSERT_TRUE(rig.start().has_value());
    const auto view = finish_question(id);
    EXPECT_EQ(view.state, IntentState::delivered)
        << (view.reason.has_value() ? view.reason->check : "pending");
    EXPECT_EQ(rig.jobs.size(), 2u);
}

// Every message key belongs to one epoch; two enclaves that never send in the same epoch never use
// the same key.
TEST_F(EnclaveAgent, TwoEnclavesStartedFromOneSealNeverSendInTheSameEpoch) {
    say(ana, chat, "we meet on monday");
    invite(chat);
    const Stored seal = rig.stored;
    ASSERT_EQ(finish_question(begin_question(chat, "when")).state, IntentState::delivered);
    EnclaveRig twin(rig, seal);
    ASSERT_TRUE(twin.start().has_value());
    const auto id = begin_question(chat, "when again");
    for (int i = 0; i < 4; ++i) {
        twin.serve();
        rig.serve();
        ana.sync();
    }
    EXPECT_EQ(ana.intent(id).state, IntentState::delivered);
    ASSERT_FALSE(twin.published.empty());
    std::set<std::uint64_t> epochs;
    for (const wire::PublishMessage& message : rig.published) {
        epochs.insert(message.epoch);
    }
    for (const wire::PublishMessage& message : twin.published) {
        EXPECT_FALSE(epochs.contains(message.epoch));
    }
    // The first one saw an Update of its own leaf that it had not staged, and fell silent.
    EXPECT_EQ(rig.noted("ENC-15"), 1u);
}

TEST_F(EnclaveAgent, AStagedUpdateOfAnEarlierRunIsConfirmedAndFollowedByAnother) {
    say(ana, chat, "we meet on monday");
    invite(chat);
    ASSERT_TRUE(rig.start().has_value());
    // It stages its Update; the relay gets it, the enclave dies before it sees that.
    std::size_t updates = 0;
    rig.carry = [&](const client::DoorRequest& request) {
        updates += std::holds_alternative<wire::PublishBundle>(request) ? 1 : 0;
        return !std::holds_alternative<wire::PublishBundle>(request);
    };
    rig.serve();
    ASSERT_GE(updates, 1u);
    rig.carry = [&](const client::DoorRequest& request) {
        updates += std::holds_alternative<wire::PublishBundle>(request) ? 1 : 0;
        return true;
    };
    updates = 0;
    ASSERT_TRUE(rig.start().has_value());
    const std::size_t before = rig.published.size();
    const auto view = finish_question(begin_question(chat, "when"));
    EXPECT_EQ(view.state, IntentState::delivered);
    EXPECT_EQ(updates, 2u);
    EXPECT_GT(rig.published.size(), before);
    EXPECT_EQ(rig.noted("ENC-15"), 0u);
}

TEST_F(EnclaveAgent, RecordsOfTwoStatesAreRefusedAndAnOldWholeStateIsNot) {
    const Stored old = rig.stored;
    say(ana, chat, "we meet on monday");
    invite(chat);
    Stored mixed = rig.stored;
    for (const auto& [key, value] : old) {
        if (as_text(key) != "manifest") {
            mixed.insert_or_assign(key, value);
        }
    }
    EnclaveRig from_mixed(rig, mixed);
    const auto refused = from_mixed.start();
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "ENC-02");
    Stored lacking = rig.stored;
    lacking.erase(lacking.begin());
    EnclaveRig from_lacking(rig, lacking);
    EXPECT_FALSE(from_lacking.start().has_value());
    EnclaveRig from_old(rig, old);
    EXPECT_TRUE(from_old.start().has_value());
}

TEST_F(EnclaveAgent, AQuestionOfAKindThatTheAssistantDoesNotAnswerIsRefused) {
    say(ana, chat, "we meet on monday");
    invite(chat);
    const auto view = finish_question(begin_question(chat, "summarise", wire::Scope::summarise));
    ASSERT_EQ(view.state, IntentState::refused);
    EXPECT_EQ(view.reason->check, "ENC-21");
}

TEST_F(EnclaveAgent, AQuestionAfterExpiryIsRefusedWhateverTheHostsClockSaysLater) {
    say(ana, chat, "we meet on monday");
    invite(chat);
    rig.skew_ms = 2 * kDayMs;
    rig.serve();
    rig.skew_ms = -30 * kDayMs;
    const auto view = finish_question(begin_question(chat, "when"));
    ASSERT_EQ(view.state, IntentState::refused);
    EXPECT_EQ(view.reason->check, "ENC-22");
}

TEST_F(EnclaveAgent, ACredentialForAnotherKeyIsNotTaken) {
    EnclaveRig fresh(world);
    ASSERT_TRUE(fresh.start().has_value());
    const auto effects = fresh.agent->step(
        {world.clock.now(), enclave::CredentialGiven{to_bytes(as_bytes("no credential"))}});
    ASSERT_TRUE(effects.has_value());
    ASSERT_EQ(effects->notes.size(), 1u);
    EXPECT_STREQ(effects->notes[0].check, "ENC-04");
    EXPECT_FALSE(fresh.agent->has_credential());
    EXPECT_TRUE(effects->requests.empty());
}

TEST_F(EnclaveAgent, AnotherOperatorIsNotTakenWhileCompanionsNameTheFirst) {
    invite(chat);
    const auto another = crypto::SigningKey::generate(world.random);
    const auto effects =
        rig.agent->step({world.clock.now(), enclave::CredentialGiven{rig.credential(another)}});
    ASSERT_TRUE(effects.has_value());
    ASSERT_EQ(effects->notes.size(), 1u);
    EXPECT_STREQ(effects->notes[0].check, "ENC-27");
    EXPECT_TRUE(rig.agent->has_credential());
}

TEST(EnclaveConfiguration, OnlyTheDocumentedObjectIsRead) {
    const std::string good =
        R"({"name":"a","scopes":["answer"],"context_tokens":4096,"answer_seconds_max":60})";
    EXPECT_TRUE(enclave::read_configuration(as_bytes(good)).has_value());
    for (const std::string& bad :
         {std::string("{}"),
          std::string("["),
          std::string(
              R"({"name":"","scopes":["answer"],"context_tokens":4096,"answer_seconds_max":60})"),
          std::string(R"({"name":"a","scopes":[],"context_tokens":4096,"answer_seconds_max":60})"),
          std::string(
              R"({"name":"a","scopes":["act"],"context_tokens":4096,"answer_seconds_max":60})"),
          std::string(
              R"({"name":"a","scopes":["answer"],"context_tokens":1,"answer_seconds_max":60})")}) {
        const auto read = enclave::read_configuration(as_bytes(bad));
        ASSERT_FALSE(read.has_value()) << bad;
        EXPECT_STREQ(read.error().check, "ENC-01");
    }
}

TEST(DoorCodec, AnotherMethodOrBodyIsRefused) {
    const auto method = client::decode_door_request(client::kDoorMethods + 1, {});
    ASSERT_FALSE(method.has_value());
    EXPECT_STREQ(method.error().check, "CLT-96");
    const Bytes cut(5);
    const auto body = client::decode_door_request(client::door_method(wire::Login{}), cut);
    ASSERT_FALSE(body.has_value());
    EXPECT_STREQ(body.error().check, "CLT-97");
}

}  // namespace
}  // namespace chatmcp::testing
