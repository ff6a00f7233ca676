// Whole clients and a whole relay; the chain is what the relay's book says of it.
#include <algorithm>
#include <bit>

#include <gtest/gtest.h>

#include "chain/program_statement.h"
#include "client/hand.h"
#include "client/world.h"
#include "crypto/hash.h"
#include "stamps/one_time_key.h"

namespace chatmcp::testing {
namespace {

using client::IntentState;
using client::IntentView;
using client::ReceivedStamp;
using client::ReceivedStampState;
using client::SentStamp;
using client::SentStampState;

constexpr std::uint64_t kPrice = program::kParamsAtFirst.stamp_price_min;

std::string check_of(const IntentView& intent) {
    return intent.reason.has_value() ? intent.reason->check : "";
}

class FirstContact : public ::testing::Test {
  protected:
    void SetUp() override {
        for (Person* person : {&ana, &ben, &cleo}) {
            person->sign_in();
        }
        see_chain();
    }

    /// What the relay knows of the chain from now on.
    void see_chain() {
        ASSERT_TRUE(world.stamp_book
                        .update({.scope = {.genesis_hash = crypto::sha256(as_bytes("cluster")),
                                           .program = {crypto::sha256(as_bytes("program"))}},
                                 .slot = 1,
                                 .params = program::kParamsAtFirst,
                                 .stamps = on_chain},
                                world.clock.now())
                        .has_value());
    }
    void later(std::int64_t ms) {
        world.clock.set(world.clock.now().plus_ms(ms));
        see_chain();
    }

    static void want_stamps(Person& person, bool wanted = true, std::uint64_t own_price = 0) {
        const auto done = person.run(client::SetStampSettings{wanted, own_price});
        ASSERT_TRUE(done.has_value()) << done.error().check;
        ASSERT_EQ(person.intent(**done).state, IntentState::delivered);
    }
    static std::vector<SentStamp> sent(Person& person, SentStampState state) {
        auto stamps = person.look<std::vector<SentStamp>>(
            [](client::Client& c, Transaction& t) { return c.sent_stamps(t); });
        std::erase_if(*stamps, [&](const SentStamp& each) { return each.state != state; });
        return *stamps;
    }
    static std::vector<ReceivedStamp> received(Person& person) {
        return *person.look<std::vector<ReceivedStamp>>(
            [](client::Client& c, Transaction& t) { return c.received_stamps(t); });
    }

    static ByteArray<32> key_of(const SentStamp& stamp) {
        return stamps::one_time_key(stamp.terms.stamp_key,
                                    {.salt = stamp.salt,
                                     .inbox = stamp.inbox,
                                     .welcome_digest = stamp.welcome_digest})
            .value();
    }
    /// What a wallet does: lock it, and say so. The chain shows it when it is final.
    void lock(Person& person, const SentStamp& stamp, bool is_final = true) {
        program::Stamp locked{};
        locked.one_time_key = std::bit_cast<program::Key>(key_of(stamp));
        locked.amount = stamp.terms.price;
        locked.locked_slot = 1;
        locked.expires_slot = 1 + program::kParamsAtFirst.stamp_open_slots;
        locked.status = program::StampStatus::open;
        on_chain.push_back(locked);
        if (is_final) {
            see_chain();
        }
        const auto told = person.run(client::StampsLocked{{{stamp.salt, key_of(stamp)}}});
        ASSERT_TRUE(told.has_value()) << told.error().check;
    }
    IntentView invite(Person& from, const std::vector<Person*>& people) {
        std::vector<identity::Caip10> accounts;
        for (const Person* person : people) {
            accounts.push_back(person->account());
        }
        const auto started = from.run(client::CreateChat{"", std::move(accounts), false});
        EXPECT_TRUE(started.has_value());
        return from.intent(**started);
    }
    /// Ana and Cleo are contacts: Cleo accepted Ana's stamp.
    client::ChatId meet() {
        want_stamps(cleo);
        const IntentView invitation = invite(ana, {&cleo});
        lock(ana, sent(ana, SentStampState::wanted).at(0));
        cleo.sync();
        EXPECT_TRUE(cleo.run(client::AcceptRequest{*invitation.chat}).has_value());
        cleo.sync();
        ana.sync();
        return *invitation.chat;
    }

    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    Person cleo{world, "cleo"};
    std::vector<program::Stamp> on_chain;
};

TEST_F(FirstContact, AStrangersWelcomeWaitsForItsStamp) {
    want_stamps(cleo);
    const IntentView invitation = invite(ana, {&cleo});
    EXPECT_EQ(invitation.state, IntentState::pending);
    EXPECT_EQ(check_of(invitation), "CLT-75");
    cleo.sync();
    EXPECT_TRUE(cleo.chats().empty());

    const auto wanted = sent(ana, SentStampState::wanted);
    ASSERT_EQ(wanted.size(), 1u);
    EXPECT_EQ(wanted[0].account, cleo.account().text());
    EXPECT_EQ(wanted[0].intent, invitation.id);
    EXPECT_EQ(wanted[0].terms.price, kPrice);
    lock(ana, wanted[0]);
    EXPECT_EQ(ana.intent(invitation.id).state, IntentState::delivered);
    EXPECT_EQ(sent(ana, SentStampState::used).size(), 1u);

    cleo.sync();
    ASSERT_EQ(cleo.chats().size(), 1u);
    ASSERT_EQ(received(cleo).size(), 1u);
    const ReceivedStamp stamp = received(cleo)[0];
    EXPECT_EQ(stamp.chat, invitation.chat);
    EXPECT_EQ(stamp.inviter, ana.account().text());
    EXPECT_EQ(stamp.state, ReceivedStampState::open);
    EXPECT_EQ(stamp.pass.one_time_key, key_of(wanted[0]));
    EXPECT_EQ(stamp.welcome_digest, wanted[0].welcome_digest);
}

TEST_F(FirstContact, HerAnswerIsKeptUntilItIsOnTheChain) {
    const client::ChatId chat = meet();
    ASSERT_EQ(received(cleo).size(), 1u);
    const ReceivedStamp stamp = received(cleo)[0];
    EXPECT_EQ(stamp.chat, chat);
    EXPECT_EQ(stamp.state, ReceivedStampState::accepted);
    // She can sign with the stamp's key.
    const auto key = cleo.look<crypto::SigningKey>(
        [](client::Client& c, Transaction& t) { return c.stamp_key(t); });
    const auto signature =
        stamps::sign_with_one_time_key(*key,
                                       {.salt = stamp.pass.salt,
                                        .inbox = sent(ana, SentStampState::used).at(0).inbox,
                                        .welcome_digest = stamp.welcome_digest},
                                       as_bytes("answer"));
    EXPECT_TRUE(crypto::verify_raw(crypto::SignatureScheme::ed25519,
                                   stamp.pass.one_time_key,
                                   as_bytes("answer"),
                                   signature)
                    .has_value());
    ASSERT_TRUE(cleo.run(client::ForgetStamp{stamp.pass.one_time_key}).has_value());
    EXPECT_TRUE(received(cleo).empty());
    ASSERT_TRUE(ana.run(client::ForgetStamp{stamp.pass.one_time_key}).has_value());
    EXPECT_TRUE(sent(ana, SentStampState::used).empty());
}

TEST_F(FirstContact, ABlockedStrangersStampsAreRejected) {
    want_stamps(cleo);
    const IntentView invitation = invite(ana, {&cleo});
    lock(ana, sent(ana, SentStampState::wanted).at(0));
    cleo.sync();
    ASSERT_TRUE(cleo.run(client::BlockRequest{*invitation.chat}).has_value());
    ASSERT_EQ(received(cleo).size(), 1u);
    EXPECT_EQ(received(cleo)[0].state, ReceivedStampState::rejected);
    // The next one is not even shown.
    EXPECT_EQ(check_of(invite(ana, {&cleo})), "CLT-75");
    lock(ana, sent(ana, SentStampState::wanted).at(0));
    cleo.sync();
    ASSERT_EQ(received(cleo).size(), 2u);
    for (const ReceivedStamp& stamp : received(cleo)) {
        EXPECT_EQ(stamp.state, ReceivedStampState::rejected);
    }
}

TEST_F(FirstContact, AContactNeedsNoStampAgain) {
    static_cast<void>(meet());
    EXPECT_EQ(invite(ana, {&cleo}).state, IntentState::delivered);
    // Ben has no token of hers.
    EXPECT_EQ(check_of(invite(ben, {&cleo})), "CLT-75");
}

TEST_F(FirstContact, WhoWasThereBeforeNeedsNoStamp) {
    static_cast<void>(make_chat({&ana, &cleo}, ""));
    want_stamps(cleo);
    cleo.sync();
    ana.sync();
    EXPECT_EQ(invite(ana, {&cleo}).state, IntentState::delivered);
}

TEST_F(FirstContact, ATokenIsNothingToRead) {
    const client::ChatId chat = meet();
    EXPECT_TRUE(ana.messages(chat).empty());
    EXPECT_EQ(ana.chats()[0].unread, 0u);
    ASSERT_TRUE(cleo.run(client::SendText{chat, "hello"}).has_value());
    ana.sync();
    EXPECT_EQ(ana.texts(chat), std::vector<std::string>{"hello"});
    // One message at a time: what is not shown does not end the list.
    const auto one = ana.look<std::vector<client::MessageView>>(
        [&](client::Client& c, Transaction& t) { return c.messages(t, chat, 0, 1); });
    ASSERT_EQ(one->size(), 1u);
    EXPECT_EQ(one->at(0).text, "hello");
}

TEST_F(FirstContact, ATokenOfAnotherLengthIsNamed) {
    const client::ChatId chat = make_chat({&ana, &ben}, "");
    Hand(world, ana).say(chat, wire::ContentType::given_token, Bytes(31));
    ben.sync();
    const auto complaints = ben.complaints();
    EXPECT_NE(std::ranges::find(complaints, "CLT-74"), complaints.end());
}

TEST_F(FirstContact, WhoLeftHasNoTokenThatIsGood) {
    const client::ChatId chat = make_chat({&cleo, &ana, &ben}, "");
    want_stamps(cleo);
    cleo.sync();
    for (Person* person : {&ana, &ben}) {
        person->sync();
    }
    ASSERT_TRUE(cleo.run(client::RemoveMember{chat, ben.account()}).has_value());
    cleo.sync();
    for (Person* person : {&ana, &ben}) {
        person->sync();
    }
    EXPECT_EQ(invite(ana, {&cleo}).state, IntentState::delivered);
    EXPECT_EQ(check_of(invite(ben, {&cleo})), "CLT-75");
}

TEST_F(FirstContact, WhoSharesAnotherConversationNeedsNoStamp) {
    want_stamps(cleo);
    static_cast<void>(make_chat({&cleo, &ana}, "first"));
    const client::ChatId second = make_chat({&cleo, &ana}, "second");
    for (Person* person : {&cleo, &ana}) {
        person->sync();
    }
    ASSERT_TRUE(cleo.run(client::LeaveChat{second}).has_value());
    ana.sync();
    cleo.sync();
    EXPECT_EQ(invite(ana, {&cleo}).state, IntentState::delivered);
}

TEST_F(FirstContact, WhoComesLaterGetsTheTokenToo) {
    const client::ChatId chat = make_chat({&cleo, &ana}, "");
    want_stamps(cleo);
    cleo.sync();
    ASSERT_TRUE(cleo.run(client::AddMembers{chat, {ben.account()}}).has_value());
    cleo.sync();
    ben.sync();
    EXPECT_EQ(invite(ben, {&cleo}).state, IntentState::delivered);
}

TEST_F(FirstContact, OfSeveralTokensTheBadOneIsFound) {
    want_stamps(ben);
    want_stamps(cleo);
    for (Person* person : {&ben, &cleo}) {
        static_cast<void>(make_chat({person, &ana}, ""));
        person->sync();
    }
    ana.sync();
    // Cleo ends the conversation that her token was for.
    ASSERT_TRUE(cleo.run(client::LeaveChat{cleo.chats()[0].chat}).has_value());
    ana.sync();
    cleo.sync();
    const IntentView both = invite(ana, {&ben, &cleo});
    for (int i = 0; i < 3; ++i) {
        later(kSecondMs);
        ana.tick();
    }
    const auto wanted = sent(ana, SentStampState::wanted);
    ASSERT_EQ(wanted.size(), 1u);
    EXPECT_EQ(wanted[0].account, cleo.account().text());
    EXPECT_EQ(check_of(ana.intent(both.id)), "CLT-75");
    ben.sync();
    EXPECT_EQ(ben.chats().size(), 2u);  // Ben's token is good: he is in.
    lock(ana, wanted[0]);
    EXPECT_EQ(ana.intent(both.id).state, IntentState::delivered);
}

TEST_F(FirstContact, AStampThatIsNotFinalIsWaitedFor) {
    want_stamps(cleo);
    const IntentView invitation = invite(ana, {&cleo});
    lock(ana, sent(ana, SentStampState::wanted).at(0), false);
    EXPECT_EQ(ana.intent(invitation.id).state, IntentState::pending);
    EXPECT_EQ(check_of(ana.intent(invitation.id)), "STM-11");
    see_chain();
    ana.tick();
    EXPECT_EQ(ana.intent(invitation.id).state, IntentState::pending) << "asked again too soon";
    later(kSecondMs);
    ana.tick();
    EXPECT_EQ(ana.intent(invitation.id).state, IntentState::delivered);
}

TEST_F(FirstContact, WhileTheChainIsAwayStrangersWaitAndContactsDoNot) {
    static_cast<void>(meet());
    world.clock.set(world.clock.now().plus_ms(2 * stamps::StampBook::kFreshMs));
    EXPECT_EQ(invite(ana, {&cleo}).state, IntentState::delivered);
    const IntentView waiting = invite(ben, {&cleo});
    EXPECT_EQ(waiting.state, IntentState::pending);
    EXPECT_EQ(check_of(waiting), "STM-10");
    later(kSecondMs);
    ben.tick();
    EXPECT_EQ(check_of(ben.intent(waiting.id)), "CLT-75");
    lock(ben, sent(ben, SentStampState::wanted).at(0));
    EXPECT_EQ(ben.intent(waiting.id).state, IntentState::delivered);
}

TEST_F(FirstContact, APriceThatRoseMeanwhileWantsAnotherStamp) {
    want_stamps(cleo);
    const IntentView invitation = invite(ana, {&cleo});
    want_stamps(cleo, true, 3 * kPrice);
    lock(ana, sent(ana, SentStampState::wanted).at(0));
    for (int i = 0; i < 2; ++i) {
        later(kSecondMs);
        ana.tick();
    }
    EXPECT_EQ(check_of(ana.intent(invitation.id)), "CLT-75");
    const auto useless = sent(ana, SentStampState::useless);
    ASSERT_EQ(useless.size(), 1u);
    EXPECT_TRUE(useless[0].one_time_key.has_value());  // To be reclaimed.
    const auto wanted = sent(ana, SentStampState::wanted);
    ASSERT_EQ(wanted.size(), 1u);
    EXPECT_EQ(wanted[0].terms.price, 3 * kPrice);
    lock(ana, wanted[0]);
    EXPECT_EQ(ana.intent(invitation.id).state, IntentState::delivered);
}

TEST_F(FirstContact, WhoPaysNothingInvitesTheOthers) {
    want_stamps(cleo);
    const IntentView invitation = invite(ana, {&ben, &cleo});
    ASSERT_TRUE(ana.run(client::DeclineStamps{invitation.id.value}).has_value());
    const IntentView done = ana.intent(invitation.id);
    EXPECT_EQ(done.state, IntentState::delivered);
    ASSERT_EQ(done.missing.size(), 1u);
    EXPECT_EQ(done.missing[0].account.text(), cleo.account().text());
    EXPECT_EQ(done.missing[0].reason.check, "CLT-75");
    EXPECT_EQ(ana.members(*done.chat).size(), 2u);
}

TEST_F(FirstContact, WhoPaysNothingForTheOnlyOneInvitesNobody) {
    want_stamps(cleo);
    const IntentView invitation = invite(ana, {&cleo});
    ASSERT_TRUE(ana.run(client::DeclineStamps{invitation.id.value}).has_value());
    EXPECT_EQ(ana.intent(invitation.id).state, IntentState::refused);
    EXPECT_EQ(check_of(ana.intent(invitation.id)), "CLT-75");
    EXPECT_EQ(ana.chat(*invitation.chat).summary.state, client::ChatState::left);
    const auto again = ana.run(client::DeclineStamps{invitation.id.value});
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().check, std::string_view("CLT-77"));
}

TEST_F(FirstContact, WhatNeedsNoMoneyGoesFirst) {
    const client::ChatId chat = make_chat({&ana, &ben}, "");
    want_stamps(cleo);
    const auto waiting = ana.run(client::AddMembers{chat, {cleo.account()}});
    EXPECT_EQ(check_of(ana.intent(**waiting)), "CLT-75");
    const SentStamp first = sent(ana, SentStampState::wanted).at(0);
    const auto removed = ana.run(client::RemoveMember{chat, ben.account()});
    EXPECT_EQ(ana.intent(**removed).state, IntentState::delivered);
    // The welcome is another one now, and so is its stamp.
    ana.sync();
    const auto wanted = sent(ana, SentStampState::wanted);
    ASSERT_EQ(wanted.size(), 1u);
    EXPECT_NE(wanted[0].welcome_digest, first.welcome_digest);
    // Whoever locked the first one meanwhile can have it back.
    ASSERT_TRUE(ana.run(client::StampsLocked{{{first.salt, key_of(first)}}}).has_value());
    ASSERT_EQ(sent(ana, SentStampState::useless).size(), 1u);
    EXPECT_EQ(sent(ana, SentStampState::useless)[0].one_time_key, key_of(first));
    lock(ana, wanted[0]);
    EXPECT_EQ(ana.intent(**waiting).state, IntentState::delivered);
}

TEST_F(FirstContact, AnUnknownStampIsNotOurs) {
    const auto told = ana.run(client::StampsLocked{{{.salt = {1}, .one_time_key = {2}}}});
    ASSERT_FALSE(told.has_value());
    EXPECT_EQ(told.error().check, std::string_view("CLT-76"));
}

TEST_F(FirstContact, WithoutSettingsThereIsNoStampKey) {
    const auto key = ana.look<crypto::SigningKey>(
        [](client::Client& c, Transaction& t) { return c.stamp_key(t); });
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().check, std::string_view("CLT-78"));
}

TEST_F(FirstContact, TermsAreAskedForByAddress) {
    const auto terms_of = [&](Person& person) {
        const auto asked = ana.run(client::AskStampTerms{person.account()});
        EXPECT_EQ(ana.intent(**asked).state, IntentState::delivered);
        return *ana.look<std::optional<wire::StampTerms>>(
            [&](client::Client& c, Transaction& t) { return c.stamp_terms(t, **asked); });
    };
    EXPECT_FALSE(terms_of(cleo).has_value());
    want_stamps(cleo, true, 2 * kPrice);
    ASSERT_TRUE(terms_of(cleo).has_value());
    EXPECT_EQ(terms_of(cleo)->price, 2 * kPrice);
    want_stamps(cleo, false);
    EXPECT_FALSE(terms_of(cleo).has_value());
    EXPECT_EQ(invite(ana, {&cleo}).state, IntentState::delivered);

    Person nobody{world, "nobody"};
    const auto asked = ana.run(client::AskStampTerms{nobody.account()});
    EXPECT_EQ(check_of(ana.intent(**asked)), "CLT-40");
}

TEST_F(FirstContact, ADyingProcessLosesNothing) {
    ASSERT_EQ(cleo.run_with_kills(client::SetStampSettings{true, 0}).state, IntentState::delivered);
    const IntentView invitation = invite(ana, {&cleo});
    ana.kill();
    ana.tick();
    const SentStamp wanted = sent(ana, SentStampState::wanted).at(0);
    on_chain.emplace_back();
    program::Stamp& locked = on_chain.back();
    locked.one_time_key = std::bit_cast<program::Key>(key_of(wanted));
    locked.amount = kPrice;
    locked.locked_slot = 1;
    locked.expires_slot = 1 + program::kParamsAtFirst.stamp_open_slots;
    locked.status = program::StampStatus::open;
    see_chain();
    EXPECT_EQ(ana.run_with_kills(client::StampsLocked{{{wanted.salt, key_of(wanted)}}}).state,
              IntentState::delivered);
    EXPECT_EQ(ana.intent(invitation.id).state, IntentState::delivered);
    cleo.sync();
    EXPECT_EQ(received(cleo).size(), 1u);
}

}  // namespace
}  // namespace chatmcp::testing
