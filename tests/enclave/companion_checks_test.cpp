// What an enclave refuses of strangers, members, operators and relays, row by row of CHECKS.
#include <algorithm>

#include <gtest/gtest.h>

#include "enclave/raw_member.h"
#include "enclave/rig.h"
#include "support/identity.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {
namespace {

using Words = std::vector<std::string>;

class EnclaveChecks : public ::testing::Test {
  protected:
    void start() {
        ASSERT_TRUE(rig.start().has_value());
        rig.sign_in();
    }
    CompanionPlan plan() const {
        CompanionPlan made;
        made.grant.scopes = {wire::Scope::answer};
        made.grant.expires_at = world.clock.now().plus_ms(kDayMs);
        return made;
    }
    void found(CompanionPlan made) { ana.found(rig, std::move(made)); }
    /// Everything works: a question about copied words is answered.
    void expect_answer(RawMember& asker, const std::string& word) {
        asker.copy(next_position++, word);
        rig.serve();
        static_cast<void>(asker.read());
        asker.ask("what is it");
        rig.serve();
        const Words words = asker.read_last_words();
        ASSERT_EQ(words.size(), 1u);
        EXPECT_NE(words[0].find(word), std::string::npos);
    }
    /// The enclave neither joined nor lost anything by a Welcome that it refused.
    void expect_not_joined() {
        ana.ask("are you there");
        rig.serve();
        EXPECT_TRUE(ana.read().empty());
        RawMember cleo{world, "cleo"};
        cleo.found(rig, plan());
        expect_answer(cleo, "tulip");
    }

    World world;
    EnclaveRig rig{world};
    RawMember ana{world, "ana"};
    RawMember ben{world, "ben"};
    std::uint64_t next_position = 1;
};

TEST_F(EnclaveChecks, WhatAStreamBringsIsWholeAndIsAskedForAgainElse) {
    start();
    int cut = 0;
    rig.push = [&](Pushed& pushed) {
        if (++cut % 2 == 1) {
            pushed.body.resize(pushed.body.size() / 2);
        }
        return true;
    };
    found(plan());
    expect_answer(ana, "tulip");
    EXPECT_GE(rig.noted("ENC-05"), 3u);
}

TEST_F(EnclaveChecks, ARequestThatIsNotSealedToTheDirectoryKeyIsNotAnswered) {
    start();
    const relay::Peer stranger{.source = {7}, .channel = {}};
    ASSERT_TRUE(world.relay
                    .handle(wire::SendInbox{identity::inbox_id(rig.enclave_key()),
                                            wire::InboxKind::kp_request,
                                            Bytes(200, 0x5a)},
                            stranger)
                    .has_value());
    rig.serve();
    EXPECT_GE(rig.noted("ENC-06"), 1u);
    EXPECT_TRUE(rig.replies.empty());
    found(plan());
    expect_answer(ana, "tulip");
}

TEST_F(EnclaveChecks, MoreCompanionsThanTheLimitAreNotJoined) {
    rig.limits.companions_max = 1;
    start();
    found(plan());
    ben.found(rig, plan());
    EXPECT_GE(rig.noted("ENC-07"), 1u);
    ben.ask("are you there");
    rig.serve();
    EXPECT_TRUE(ben.read().empty());
    expect_answer(ana, "tulip");
}

TEST_F(EnclaveChecks, APackageForOneGroupJoinsNoOther) {
    start();
    CompanionPlan other = plan();
    other.other_group = wire::GroupId{1, 2, 3};
    found(other);
    EXPECT_EQ(rig.notes, (Words{"ID-16", "ID-16"}));
    expect_not_joined();
}

TEST_F(EnclaveChecks, AWelcomeWithoutTheRelaysProofForItsEpochIsNotTaken) {
    start();
    const auto alter = [&](auto change) {
        rig.push = [&, change](Pushed& pushed) {
            auto item = client::decode_door_item(pushed.body);
            if (pushed.inbox && item.has_value() && item->acceptance.has_value()) {
                change(*item->acceptance);
                pushed.body = client::encode_door_item(*item);
            }
            return true;
        };
    };
    const auto sign = [&](wire::Acceptance& acceptance) {
        acceptance.signature = to_array<64>(wire::sign(world.relay_key, acceptance));
    };
    const std::vector<std::function<void(wire::Acceptance&)>> changes = {
        [](wire::Acceptance& acceptance) { acceptance.signature[0] ^= 1; },
        [&](wire::Acceptance& acceptance) { ++acceptance.epoch, sign(acceptance); },
        [&](wire::Acceptance& acceptance) { acceptance.topic[0] ^= 1, sign(acceptance); },
        [&](wire::Acceptance& acceptance) {
            acceptance.next_admission_key[0] ^= 1, sign(acceptance);
        },
    };
    for (const auto& change : changes) {
        rig.notes.clear();
        alter(change);
        RawMember dora{world, "dora"};
        dora.found(rig, plan());
        EXPECT_GE(rig.noted("ENC-09"), 1u);
        EXPECT_EQ(rig.notes.size(), rig.noted("ENC-09"));
    }
    rig.push = nullptr;
    CompanionPlan elsewhere = plan();
    elsewhere.sequencer_key = key_named("another relay").public_key();
    rig.notes.clear();
    found(elsewhere);
    EXPECT_GE(rig.noted("ENC-09"), 1u);
    expect_not_joined();
}

TEST_F(EnclaveChecks, AGrantForAnEarlierOperatorsCredentialIsNotTaken) {
    start();
    rig.push = [](Pushed& pushed) {
        const auto item = client::decode_door_item(pushed.body);
        return !item.has_value() || item->kind != wire::InboxKind::welcome;
    };
    found(plan());
    rig.hear(enclave::CredentialGiven{rig.credential(key_named("another operator"))});
    rig.push = nullptr;
    ASSERT_TRUE(rig.start().has_value());
    rig.serve();
    EXPECT_GE(rig.noted("ENC-10"), 1u);
    expect_not_joined();
}

TEST_F(EnclaveChecks, ASimulatedEnclaveJoinsOnlyWhereItsRootIsNamed) {
    start();
    CompanionPlan silent = plan();
    silent.development = false;
    found(silent);
    EXPECT_EQ(rig.noted("ENC-12"), 2u);  // The second time it was asked for again.
    CompanionPlan other = plan();
    other.root_key = key_named("another root").public_key();
    ben.found(rig, other);
    EXPECT_EQ(rig.noted("ENC-12"), 4u);
    expect_not_joined();
}

TEST_F(EnclaveChecks, ACommitThatNobodyCanFollowEndsTheCompanionAndNoOther) {
    start();
    const std::vector<std::function<void(RawMember&)>> commits = {
        [](RawMember& member) { member.publish_commit(Bytes(300, 0x11), {}); },
        [](RawMember& member) {
            Bytes looks_private = {0, 1, 0, 2};
            looks_private.resize(300);
            member.publish_commit(std::move(looks_private), {});
        },
        [](RawMember& member) { member.commit_that_locks_out(); },
    };
    for (std::size_t i = 0; i < commits.size(); ++i) {
        RawMember dora{world, "dora " + std::to_string(i)};
        dora.found(rig, plan());
        commits[i](dora);
        rig.serve();
        EXPECT_EQ(rig.noted("ENC-14"), i + 1);
        EXPECT_EQ(rig.noted("ENC-15"), 0u);
    }
    ASSERT_TRUE(rig.start().has_value());
    found(plan());
    expect_answer(ana, "tulip");
    EXPECT_EQ(rig.noted("ENC-14"), commits.size());
}

TEST_F(EnclaveChecks, AMessageThatDoesNotOpenIsPassedOver) {
    start();
    found(plan());
    ana.say_raw(Bytes(300, 0x22));
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-16"), 2u);  // It was asked for once more.
    expect_answer(ana, "tulip");
    EXPECT_EQ(rig.noted("ENC-16"), 2u);
}

TEST_F(EnclaveChecks, WordsThatAreNoneAreNotKept) {
    start();
    found(plan());
    ana.say(wire::ContentType::copy, Bytes(40, 0x33));
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-17"), 1u);
    wire::Content no_text;
    no_text.type = wire::ContentType::decline;
    ana.say(wire::ContentType::copy, wire::encode(wire::Copy{{{1, wire::encode(no_text)}}}));
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-17"), 2u);
    expect_answer(ana, "tulip");
    EXPECT_EQ(rig.jobs.back().messages.size(), 1u);
}

TEST_F(EnclaveChecks, WordsBeyondTheGrantAndTheLimitsAreNotKept) {
    start();
    CompanionPlan small = plan();
    small.grant.original_bytes_max = 200;
    found(small);
    ana.copy(1, std::string(100, 'a'));
    ana.copy(2, std::string(100, 'b'));
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-18"), 1u);
    ana.ask("what");
    rig.serve();
    ASSERT_EQ(rig.jobs.back().messages.size(), 1u);

    rig.limits.copies_max = 2;
    ASSERT_TRUE(rig.start().has_value());
    CompanionPlan endless = plan();
    endless.grant.original_bytes_max = ~std::uint64_t{0};
    ben.found(rig, endless);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        ben.copy(i, "tiny");
    }
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-18"), 2u);
    rig.limits.copies_max = 50'000;
    rig.limits.original_bytes_max = 300;
    ASSERT_TRUE(rig.start().has_value());
    rig.serve();
    ben.copy(4, std::string(200, 'c'));
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-18"), 3u);
}

TEST_F(EnclaveChecks, WhoLeftWhileTheAnswerWasMadeGetsNone) {
    start();
    found(plan());
    ana.copy(1, "the word is tulip");
    ana.bring(ben);
    rig.serve();
    rig.hold_jobs = true;
    ben.ask("which word");
    rig.serve();
    ASSERT_EQ(rig.jobs.size(), 1u);
    ana.remove(ben);
    rig.serve();
    rig.hold_jobs = false;
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), Words{"ENC-20"});
}

TEST_F(EnclaveChecks, QuestionsBeyondTheGrantsNumberAreRefused) {
    start();
    CompanionPlan once = plan();
    once.grant.questions_max = 1;
    found(once);
    expect_answer(ana, "tulip");
    ana.ask("and again");
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), Words{"ENC-23"});
    EXPECT_EQ(rig.jobs.size(), 1u);
}

TEST_F(EnclaveChecks, AQuestionThatIsNoneIsPassedOver) {
    start();
    found(plan());
    ana.say(wire::ContentType::question, Bytes(3, 0x44));
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-24"), 1u);
    expect_answer(ana, "tulip");
}

TEST_F(EnclaveChecks, QuestionsBeyondThoseThatMayWaitAreRefusedAtOnce) {
    rig.limits.questions_waiting_max = 2;
    start();
    found(plan());
    ana.copy(1, "tulip");
    rig.serve();
    rig.hold_jobs = true;
    for (int i = 0; i < 3; ++i) {
        ana.ask("question " + std::to_string(i));
    }
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-25"), 1u);
    EXPECT_EQ(ana.read_last_words(), Words{"ENC-25"});
    rig.hold_jobs = false;
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), (Words{"tulip ", "tulip "}));
}

TEST_F(EnclaveChecks, ARestartLosesNoRefusalOfAQuestionTooMany) {
    rig.limits.questions_waiting_max = 1;
    start();
    found(plan());
    ana.copy(1, "tulip");
    rig.serve();
    rig.hold_jobs = true;
    // One that is answered, one that is refused, one beyond what is kept of the refused.
    for (int i = 0; i < 3; ++i) {
        ana.ask("question " + std::to_string(i));
    }
    rig.carry = [](const client::DoorRequest& request) {
        return !std::holds_alternative<wire::PublishMessage>(request);
    };
    rig.serve();
    EXPECT_EQ(rig.noted("ENC-25"), 2u);
    EXPECT_EQ(ana.read_last_words(), Words{});
    rig.carry = nullptr;
    rig.hold_jobs = false;
    ASSERT_TRUE(rig.start().has_value());
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), (Words{"tulip ", "ENC-25"}));
}

TEST_F(EnclaveChecks, AnAnswerThatFitsIntoNoMessageIsRefused) {
    start();
    found(plan());
    rig.model = [](const enclave::AnswerJob&) -> Result<assistant::Answered> {
        assistant::Answered answered;
        answered.answer.text = "long";
        answered.inputs.resize(20'000);
        return answered;
    };
    ana.ask("summarise all of it");
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), Words{"ENC-26"});
}

// The prompts that a replay needs stay out when they would not fit; the answer comes all the same.
TEST_F(EnclaveChecks, PromptsThatDoNotFitBesideTheAnswerAreLeftOut) {
    start();
    found(plan());
    rig.model = [](const enclave::AnswerJob&) -> Result<assistant::Answered> {
        assistant::Answered answered;
        answered.answer.text = "short";
        answered.calls.push_back({Bytes(std::size_t{1024} * 1024, 0x41), Bytes(10, 0x42)});
        return answered;
    };
    ana.ask("what");
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), Words{"short"});
}

}  // namespace
}  // namespace chatmcp::testing
