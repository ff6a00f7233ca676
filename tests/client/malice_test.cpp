// Members that do what no client of ours does: they use their keys by hand.
#include <algorithm>

#include <gtest/gtest.h>

#include "client/agent.h"
#include "client/agent_protocol.h"
#include "client/hand.h"
#include "client/world.h"
#include "identity/device_log.h"
#include "identity/wallet_file.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {
namespace {

using client::IntentState;

bool contains(const std::vector<std::string>& list, const std::string& what) {
    return std::ranges::find(list, what) != list.end();
}

class Malice : public ::testing::Test {
  protected:
    void SetUp() override {
        for (Person* person : {&ana, &ben, &cleo}) {
            person->sign_in();
        }
        chat = make_chat({&ana, &ben, &cleo}, "");
        agent.publish();
        for (Person* person : {&ana, &ben}) {
            ASSERT_TRUE(
                person->run(client::AllowSimulated{agent.root_fingerprint(), {}}).has_value());
        }
        const auto started =
            ana.run(client::InviteAssistant{.chat = chat,
                                            .enclave_key = agent.enclave_key(),
                                            .scopes = {wire::Scope::answer},
                                            .expires_at = world.clock.now().plus_ms(kDayMs),
                                            .from = wire::AgreeFrom::now});
        agent.serve();
        ana.sync();
        ASSERT_EQ(ana.intent(**started).state, IntentState::delivered);
        companion = *ana.chat(chat).companion;
        for (Person* person : {&ben, &cleo}) {
            person->sync();
        }
    }
    // The person agrees, and is taken into the companion.
    void admit(Person& person) {
        ASSERT_TRUE(person.run(client::AgreeAssistant{chat, wire::AgreeFrom::now}).has_value());
        for (int i = 0; i < 3; ++i) {
            world.clock.set(world.clock.now().plus_ms(7 * kSecondMs));
            ana.sync();
            person.sync();
            agent.serve();
        }
    }

    client::AccountView account_view(Person& person) {
        return **person.look<std::optional<client::AccountView>>(
            [](client::Client& c, Transaction& t) { return c.account(t); });
    }
    wire::Ed25519Key root_of(Person& person) { return account_view(person).root_key; }

    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    Person cleo{world, "cleo"};
    Agent agent{world};
    client::ChatId chat{};
    client::ChatId companion{};
};

TEST_F(Malice, WhoDidNotAgreeDoesNotJoin) {
    Hand(world, ana).add(companion, root_of(cleo));
    cleo.sync();
    EXPECT_TRUE(contains(cleo.complaints(), "CLT-32"));
    EXPECT_EQ(cleo.chats().size(), 1u);
    // And the home goes on.
    EXPECT_TRUE(cleo.run(client::SendText{chat, "still here"}).has_value());
}

TEST_F(Malice, AMessageOfAnEpochThatEndedIsNotTakenForItsLeafsNextOwner) {
    Bytes held;
    {
        Hand hand(world, cleo);
        held = hand.encrypt(chat,
                            hand.content(wire::ContentType::text, to_bytes(as_bytes("not dan's"))));
    }
    Person dan(world, "dan");
    dan.sign_in();
    ASSERT_TRUE(ana.run(client::RemoveMember{chat, cleo.account()}).has_value());
    ASSERT_TRUE(ana.run(client::AddMembers{chat, {dan.account()}}).has_value());
    dan.sync();
    ASSERT_TRUE(dan.run(client::AcceptRequest{chat}).has_value());
    ben.sync();
    Hand(world, ben).publish(chat, held);
    for (Person* person : {&ana, &ben, &dan}) {
        person->sync();
        EXPECT_TRUE(contains(person->complaints(), "CLT-25")) << person->name;
        for (const client::MessageView& message : person->messages(chat)) {
            EXPECT_NE(message.text, "not dan's") << person->name;
        }
    }
    ASSERT_TRUE(dan.run(client::SendText{chat, "mine"}).has_value());
    ana.sync();
    EXPECT_EQ(ana.texts(chat).back(), "mine");
}

TEST_F(Malice, WhatIsNoContentIsNamedAndStopsNobodyFromReading) {
    admit(ben);
    for (const client::ChatId& where : {chat, companion}) {
        Hand hand(world, ben);
        hand.publish(where, hand.encrypt(where, Bytes(10, 0xff)));
    }
    const std::size_t before = ana.complaints().size();
    ana.sync();
    EXPECT_GE(ana.complaints().size(), before + 2);
    ASSERT_TRUE(ana.run(client::SendText{chat, "still here"}).has_value());
    ASSERT_TRUE(ana.run(client::Ask{chat, wire::Scope::answer, "and you?"}).has_value());
    cleo.sync();
    EXPECT_EQ(cleo.texts(chat).back(), "still here");
}

TEST_F(Malice, WaitingWordsAreNotCopiedForAnOutsider) {
    admit(ben);
    Person dan(world, "dan");
    dan.sign_in();
    // Ben's copy is encrypted and does not get through; meanwhile somebody lets an outsider in.
    const wire::TopicId topic = wire::topic_of(companion);
    ben.wire.refuse = [&](const client::RequestBody& body) -> std::optional<client::Reason> {
        const auto* message = std::get_if<wire::PublishMessage>(&body);
        if (message != nullptr && message->topic == topic) {
            return client::Reason{Errc::unavailable, "NET-62"};
        }
        return std::nullopt;
    };
    ASSERT_TRUE(ben.run(client::SendText{chat, "for our ears"}).has_value());
    ben.sync();
    Hand(world, ana).add(companion, root_of(dan));
    ben.wire.refuse = nullptr;
    const auto heard = [&] {
        agent.serve();
        return std::ranges::any_of(agent.copied(companion), [](const auto& copied) {
            return copied.text == "for our ears";
        });
    };
    ben.sync();
    EXPECT_FALSE(heard());
    // The outsider goes, and the words follow.
    for (int i = 0; i < 6 && !heard(); ++i) {
        world.clock.set(world.clock.now().plus_ms(15 * kSecondMs));
        ben.sync();
    }
    EXPECT_TRUE(heard());
    const auto members = ben.members(companion);
    EXPECT_TRUE(std::ranges::none_of(
        members, [&](const auto& member) { return member.account == dan.account().text(); }));
}

TEST_F(Malice, TheFirstAnnouncementStandsAndTheSecondAssistantIsTakenOutAgain) {
    const auto other = make_chat({&ana, &ben}, "");
    Agent second(world);
    second.publish();
    ASSERT_TRUE(ben.run(client::AllowSimulated{second.root_fingerprint(), {}}).has_value());
    ASSERT_TRUE(ana.run(client::AllowSimulated{second.root_fingerprint(), {}}).has_value());
    const auto invite = [&](Person& person, Agent& whom) {
        return **person.run(client::InviteAssistant{.chat = other,
                                                    .enclave_key = whom.enclave_key(),
                                                    .scopes = {wire::Scope::answer},
                                                    .expires_at = world.clock.now().plus_ms(kDayMs),
                                                    .from = wire::AgreeFrom::past});
    };
    const auto first_invitation = invite(ana, agent);
    const auto second_invitation = invite(ben, second);
    agent.serve();
    second.serve();
    ana.sync();
    const auto first = ana.chat(other).companion;
    ASSERT_EQ(ana.intent(first_invitation).state, IntentState::delivered);
    for (int i = 0; i < 4; ++i) {
        world.clock.set(world.clock.now().plus_ms(15 * kSecondMs));
        ben.sync();
        ana.sync();
        second.serve();
    }
    EXPECT_EQ(ben.intent(second_invitation).state, IntentState::refused);
    EXPECT_EQ(ben.intent(second_invitation).reason->check, "CLT-92");
    EXPECT_EQ(ana.chat(other).companion, first);
    EXPECT_EQ(ben.chat(other).companion, first);
    EXPECT_EQ(second.companions(), 0u);
    ASSERT_TRUE(ana.run(client::RevokeAssistant{other}).has_value());
}

TEST_F(Malice, AnAgreementToAnotherGrantIsNotTakenUp) {
    wire::Agreement agreement;
    agreement.companion_id = companion;
    const relay::Peer peer{.source = {9}, .channel = {}};
    const auto claimed = world.relay.handle(wire::ClaimKeyPackages{{root_of(cleo)}}, peer);
    agreement.key_package = *claimed->key_packages[0];
    Hand(world, cleo).say(chat, wire::ContentType::agreement, wire::encode(agreement));
    ana.sync();
    EXPECT_TRUE(contains(ana.complaints(), "CLT-90"));
    EXPECT_EQ(ana.chat(companion).summary.members, 2u);
}

TEST_F(Malice, AShownLeafIsOfTheCredentialThatTheGrantNames) {
    for (const client::MessageView& message : ben.messages(chat)) {
        if (!message.announcement.has_value()) {
            continue;
        }
        const auto& announcement = *message.announcement;
        const auto& digest = announcement.grant.agent_credential_digest;
        EXPECT_TRUE(
            client::verify_shown_leaf(announcement.agent_leaf, companion, digest).has_value());
        const auto other = client::verify_shown_leaf(announcement.agent_leaf, companion, {});
        ASSERT_FALSE(other.has_value());
        EXPECT_STREQ(other.error().check, "CLT-84");
        EXPECT_FALSE(client::verify_shown_leaf(announcement.agent_leaf, chat, digest).has_value());
        return;
    }
    FAIL() << "no announcement";
}

TEST_F(Malice, AnUpdateThatDoesNotOpenBreaksTheCompanionByName) {
    agent.serve();
    agent.renew(companion);
    ana.wire.reply = showing_other_commits(
        world, [](wire::Envelope& envelope) { envelope.payload.back() ^= 1; });
    ana.sync();
    EXPECT_TRUE(contains(ana.complaints(), "CLT-71"));
}

class Receipts : public Malice {
  protected:
    void ask(Person& person, bool posts) {
        ASSERT_TRUE(person.run(client::Ask{chat, wire::Scope::answer, "anything"}).has_value());
        agent.serve();
        if (posts) {
            person.sync();
        }
    }
};

TEST_F(Receipts, AGapIsShown) {
    admit(ben);
    ask(ana, true);
    ben.sync();
    EXPECT_FALSE(contains(ben.complaints(), "CLT-94"));
    ask(ben, false);
    ask(ana, true);
    ben.sync();
    EXPECT_TRUE(contains(ben.complaints(), "CLT-94"));
}

TEST_F(Receipts, AGapBeforeTheFirstOneIsShownToAllWhoWereThere) {
    admit(ben);
    ask(ben, false);
    ask(ana, true);
    ben.sync();
    EXPECT_TRUE(contains(ben.complaints(), "CLT-94"));
    Person dan(world, "dan");
    dan.sign_in();
    ASSERT_TRUE(ana.run(client::AddMembers{chat, {dan.account()}}).has_value());
    dan.sync();
    ASSERT_TRUE(dan.run(client::AcceptRequest{chat}).has_value());
    ask(ana, true);
    dan.sync();
    ASSERT_FALSE(dan.messages(chat).empty());
    EXPECT_TRUE(dan.messages(chat).back().answer.has_value());
    EXPECT_FALSE(contains(dan.complaints(), "CLT-94"));
}

TEST_F(Malice, AnAnswerIsNotPostedToAnotherQuestionOrForAnotherAsker) {
    ASSERT_TRUE(ana.run(client::Ask{chat, wire::Scope::answer, "anything"}).has_value());
    agent.serve();
    ana.sync();
    ben.sync();
    EXPECT_TRUE(ben.complaints().empty());
    const auto post = *ben.messages(chat).back().answer;
    const std::string another = account_view(ben).account.text();
    const auto posted = [&](wire::AnswerPost changed) {
        Hand(world, ben).say(chat, wire::ContentType::answer_post, wire::encode(changed));
        ana.sync();
        return ana.messages(chat).back().reason->check;
    };
    EXPECT_EQ(posted(post), "CLT-88");
    wire::AnswerPost changed = post;
    changed.asker = another;
    EXPECT_EQ(posted(changed), "CLT-88");
    changed.asked.body = wire::encode(wire::Question{.text = "something else"});
    EXPECT_EQ(posted(changed), "CLT-88");
}

TEST_F(Malice, AKeyPackageOfAnotherLogIsRefused) {
    Person dan(world, "dan");
    dan.sign_in();
    identity::WalletProof proof;
    crypto::SigningKey root = crypto::SigningKey::generate(world.random);
    {
        Hand hand(world, dan);
        const auto row = hand.account();
        proof = *wire::decode<identity::WalletProof>(row.wallet_proof);
        root = crypto::SigningKey::from_seed(row.root_seed);
    }
    proof.issued_at_s += 1;
    proof.signature = *identity::sign_wallet_text(dan.wallet(), proof.text());
    const Bytes entry = wire::encode(identity::link_device(proof, root));
    ana.wire.reply = [&](client::ReplyBody& body) {
        if (auto* log = std::get_if<wire::GetDeviceLog::Reply>(&body)) {
            log->entries = {entry};
        }
        return true;
    };
    const auto adding = ana.run(client::AddMembers{chat, {dan.account()}});
    ASSERT_EQ(ana.intent(**adding).missing.size(), 1u);
    EXPECT_EQ(ana.intent(**adding).missing[0].reason.check, "CLT-43");
}

}  // namespace
}  // namespace chatmcp::testing
