#include <algorithm>
#include <deque>

#include <gtest/gtest.h>

#include "client/world.h"

namespace chatmcp::testing {
namespace {

using client::ChatState;
using client::IntentState;

TEST(Conversation, TwoPeopleWhoKnowOnlyAddressesExchangeMessages) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    ana.sign_in();
    ben.sign_in();
    const auto chat = make_chat({&ana, &ben}, "Lunch");
    const auto sent = ana.run(client::SendText{chat, "Are you hungry?"});
    ASSERT_TRUE(sent.has_value());
    EXPECT_EQ(ana.intent(**sent).state, IntentState::delivered);
    ben.sync();
    EXPECT_EQ(ben.texts(chat), std::vector<std::string>{"Are you hungry?"});
    static_cast<void>(ben.run(client::SendText{chat, "Always."}));
    ana.sync();
    EXPECT_EQ(ana.texts(chat), (std::vector<std::string>{"Are you hungry?", "Always."}));
    EXPECT_EQ(ana.chat(chat).epoch_authenticator, ben.chat(chat).epoch_authenticator);
    EXPECT_EQ(ben.chat(chat).summary.title, "Lunch");
    EXPECT_TRUE(ana.complaints().empty());
    EXPECT_TRUE(ben.complaints().empty());
}

TEST(Conversation, ARequestShowsNothingAndSendsNothingUntilItIsAccepted) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    ana.sign_in();
    ben.sign_in();
    const auto started = ana.run(client::CreateChat{"Lunch", {ben.account()}});
    const auto chat = *ana.intent(**started).chat;
    static_cast<void>(ana.run(client::SendText{chat, "before you accept"}));
    ben.sync();
    ASSERT_EQ(ben.chats().size(), 1u);
    EXPECT_EQ(ben.chats()[0].state, ChatState::request);
    EXPECT_EQ(ben.chats()[0].inviter, ana.account().text());
    EXPECT_EQ(ben.members(chat).size(), 2u);
    EXPECT_TRUE(ben.messages(chat).empty());
    const auto refused = ben.run(client::SendText{chat, "x"});
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "CLT-15");
    EXPECT_TRUE(ben.run(client::AcceptRequest{chat}).has_value());
    EXPECT_EQ(ben.texts(chat), std::vector<std::string>{"before you accept"});
}

TEST(Conversation, MembersAreInvitedUntilTheySpeak) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    ana.sign_in();
    ben.sign_in();
    const auto chat = make_chat({&ana, &ben}, "");
    const auto state_of_ben = [&] {
        for (const client::MemberView& member : ana.members(chat)) {
            if (member.account == ben.account().text()) {
                return member.state;
            }
        }
        return client::MemberView::State::expired;
    };
    EXPECT_EQ(state_of_ben(), client::MemberView::State::invited);
    static_cast<void>(ben.run(client::SendText{chat, "here"}));
    ana.sync();
    EXPECT_EQ(state_of_ben(), client::MemberView::State::present);
}

TEST(Conversation, WhoDeclinesIsRemovedByTheNextMemberWhoSyncs) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    ana.sign_in();
    ben.sign_in();
    const auto started = ana.run(client::CreateChat{"", {ben.account()}});
    const auto chat = *ana.intent(**started).chat;
    ben.sync();
    const auto declined = ben.run(client::DeclineRequest{chat});
    ASSERT_TRUE(declined.has_value());
    ana.sync();
    EXPECT_EQ(ana.members(chat).size(), 1u);
    ben.sync();
    EXPECT_EQ(ben.chats()[0].state, ChatState::left);
    EXPECT_TRUE(ben.complaints().empty());
}

// A leaf lives 90 days and is renewed after 60; 30 days after its end its owner gets nothing more.
class LongAway : public ::testing::Test {
  protected:
    LongAway() {
        for (Person* person : {&ana, &ben, &cleo}) {
            person->sign_in();
        }
        chat = make_chat({&ana, &ben, &cleo}, "");
        days_later(70);
        ana.sync();
        cleo.sync();
        ana.sync();
    }
    void days_later(int days) { world.clock.set(UnixMs{world.clock.now().value + days * kDayMs}); }
    bool shown_expired(Person& to) {
        return std::ranges::any_of(to.members(chat), [&](const client::MemberView& member) {
            return member.account == ben.account().text() &&
                   member.state == client::MemberView::State::expired;
        });
    }
    void say_something() {
        EXPECT_TRUE(cleo.run(client::SendText{chat, "still here"}).has_value());
        for (Person* person : {&cleo, &ana, &cleo}) {
            person->sync();
        }
    }

    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    Person cleo{world, "cleo"};
    client::ChatId chat{};
};

TEST_F(LongAway, IsShownAsExpiredAndThirtyDaysLaterTakenOutByAnAdmin) {
    days_later(45);
    say_something();
    EXPECT_TRUE(shown_expired(cleo));
    EXPECT_EQ(ana.members(chat).size(), 3u);
    days_later(10);
    say_something();
    EXPECT_EQ(ana.members(chat).size(), 2u);
    EXPECT_EQ(cleo.members(chat).size(), 2u);
    // What put him out has expired at the relay too.
    ben.sync();
    EXPECT_EQ(ben.chats()[0].state, ChatState::lost);
    ana.sync();
    EXPECT_EQ(ana.members(chat).size(), 2u);
}

TEST_F(LongAway, AnAdminWhoseClockIsWrongTakesNobodyOut) {
    ana.set_skew(60 * kDayMs);
    say_something();
    EXPECT_EQ(ana.members(chat).size(), 3u);
    EXPECT_FALSE(shown_expired(ana));
}

TEST(Conversation, WhoIsBlockedCannotInviteAgain) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    ana.sign_in();
    ben.sign_in();
    const auto first = ana.run(client::CreateChat{"", {ben.account()}});
    ben.sync();
    ASSERT_TRUE(ben.run(client::BlockRequest{*ana.intent(**first).chat}).has_value());
    ana.sync();
    static_cast<void>(ana.run(client::CreateChat{"again", {ben.account()}}));
    ben.sync();
    EXPECT_EQ(ben.chats().size(), 1u);
    EXPECT_EQ(ben.complaints(), std::vector<std::string>{"CLT-33"});
}

TEST(Conversation, WhoHasNoDeviceIsNamedAndNotAdded) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    Person nobody(world, "nobody");
    ana.sign_in();
    ben.sign_in();
    const auto started = ana.run(client::CreateChat{"", {nobody.account(), ben.account()}});
    const auto made = ana.intent(**started);
    EXPECT_EQ(made.state, IntentState::delivered);
    ASSERT_EQ(made.missing.size(), 1u);
    EXPECT_EQ(made.missing[0].account.text(), nobody.account().text());
    EXPECT_EQ(made.missing[0].reason.check, "CLT-40");
    EXPECT_EQ(ana.members(*made.chat).size(), 2u);
    const auto alone = ana.run(client::CreateChat{"", {nobody.account()}});
    EXPECT_EQ(ana.intent(**alone).state, IntentState::refused);
    EXPECT_EQ(ana.intent(**alone).reason->check, "CLT-44");
}

TEST(Conversation, WhoComesLaterReadsNothingFromBefore) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    Person cleo(world, "cleo");
    for (Person* person : {&ana, &ben, &cleo}) {
        person->sign_in();
    }
    const auto chat = make_chat({&ana, &ben}, "");
    static_cast<void>(ana.run(client::SendText{chat, "between us"}));
    const auto added = ana.run(client::AddMembers{chat, {cleo.account()}});
    EXPECT_EQ(ana.intent(**added).state, IntentState::delivered);
    static_cast<void>(ana.run(client::SendText{chat, "hello Cleo"}));
    cleo.sync();
    static_cast<void>(cleo.run(client::AcceptRequest{chat}));
    ben.sync();
    EXPECT_EQ(cleo.texts(chat), std::vector<std::string>{"hello Cleo"});
    EXPECT_EQ(ben.texts(chat), (std::vector<std::string>{"between us", "hello Cleo"}));
    const auto by_ben = ben.run(client::RemoveMember{chat, cleo.account()});
    EXPECT_EQ(ben.intent(**by_ben).state, IntentState::refused);
    EXPECT_EQ(ben.intent(**by_ben).reason->check, "CLT-65");
}

TEST(Conversation, WhoIsRemovedLearnsItAndReadsNoFurther) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    Person cleo(world, "cleo");
    for (Person* person : {&ana, &ben, &cleo}) {
        person->sign_in();
    }
    const auto chat = make_chat({&ana, &ben, &cleo}, "");
    const auto removed = ana.run(client::RemoveMember{chat, cleo.account()});
    EXPECT_EQ(ana.intent(**removed).state, IntentState::delivered);
    static_cast<void>(ana.run(client::SendText{chat, "without Cleo"}));
    cleo.sync();
    ben.sync();
    EXPECT_EQ(cleo.chats()[0].state, ChatState::removed);
    EXPECT_TRUE(cleo.texts(chat).empty());
    EXPECT_EQ(ben.texts(chat), std::vector<std::string>{"without Cleo"});
    EXPECT_TRUE(cleo.complaints().empty());
    // And may come back, as a request again.
    const auto again = ana.run(client::AddMembers{chat, {cleo.account()}});
    EXPECT_EQ(ana.intent(**again).state, IntentState::delivered);
    cleo.sync();
    EXPECT_EQ(cleo.chats()[0].state, ChatState::request);
}

TEST(Conversation, WhoLeavesIsOutWithTheNextCommit) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    ana.sign_in();
    ben.sign_in();
    const auto chat = make_chat({&ana, &ben}, "");
    const auto leaving = ben.run(client::LeaveChat{chat});
    EXPECT_EQ(ben.intent(**leaving).state, IntentState::pending);
    EXPECT_EQ(ben.chats()[0].state, ChatState::leaving);
    ana.sync();
    ben.sync();
    EXPECT_EQ(ben.chats()[0].state, ChatState::left);
    EXPECT_EQ(ben.intent(**leaving).state, IntentState::delivered);
    EXPECT_EQ(ana.members(chat).size(), 1u);
}

TEST(Conversation, AMessageOfAnEndedEpochIsEncryptedAnewUnderTheSameId) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    Person cleo(world, "cleo");
    for (Person* person : {&ana, &ben, &cleo}) {
        person->sign_in();
    }
    const auto chat = make_chat({&ana, &ben}, "");
    const auto sending = ben.begin(client::SendText{chat, "late"});
    const auto id = ben.intent(**sending).message;
    static_cast<void>(ana.run(client::AddMembers{chat, {cleo.account()}}));
    ben.carry();
    EXPECT_EQ(ben.intent(**sending).state, IntentState::delivered);
    EXPECT_EQ(ben.intent(**sending).message, id);
    ana.sync();
    ASSERT_EQ(ana.texts(chat), std::vector<std::string>{"late"});
    EXPECT_EQ(ana.messages(chat).back().id, id);
}

TEST(Conversation, ClocksADayApartReachTheSameEpoch) {
    World world;
    Person ana(world, "ana", -kDayMs);
    Person ben(world, "ben", kDayMs);
    Person cleo(world, "cleo");
    for (Person* person : {&ana, &ben, &cleo}) {
        person->sign_in();
    }
    const auto chat = make_chat({&ana, &ben}, "");
    static_cast<void>(ana.run(client::AddMembers{chat, {cleo.account()}}));
    ben.sync();
    static_cast<void>(ben.run(client::SendText{chat, "what day is it?"}));
    ana.sync();
    cleo.sync();
    EXPECT_EQ(ana.chat(chat).epoch_authenticator, ben.chat(chat).epoch_authenticator);
    EXPECT_EQ(ana.chat(chat).epoch_authenticator, cleo.chat(chat).epoch_authenticator);
    EXPECT_EQ(ana.texts(chat), std::vector<std::string>{"what day is it?"});
    EXPECT_TRUE(ana.chat(chat).summary.distrusted.empty());
}

TEST(Conversation, AQuarantinedHomeFollowsAndEncryptsNothing) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben", 0, {"elsewhere.example"});
    ana.sign_in();
    ben.sign_in();
    const auto started = ana.run(client::CreateChat{"", {ben.account()}});
    const auto chat = *ana.intent(**started).chat;
    ben.sync();
    static_cast<void>(ben.run(client::AcceptRequest{chat}));
    const auto view = ben.chat(chat).summary;
    ASSERT_FALSE(view.distrusted.empty());
    EXPECT_EQ(view.distrusted[0].member, ana.account().text());
    EXPECT_EQ(view.distrusted[0].reason.check, "ID-09");
    const auto sending = ben.run(client::SendText{chat, "kept back"});
    EXPECT_EQ(ben.intent(**sending).state, IntentState::pending);
    EXPECT_EQ(ben.intent(**sending).reason->check, "CLT-16");
    static_cast<void>(ana.run(client::SendText{chat, "readable all the same"}));
    ben.sync();
    EXPECT_EQ(ben.texts(chat), std::vector<std::string>{"readable all the same"});
    EXPECT_EQ(ana.chat(chat).epoch_authenticator, ben.chat(chat).epoch_authenticator);
    EXPECT_TRUE(ben.run(client::LeaveChat{chat}).has_value());
    ana.sync();
    ben.sync();
    EXPECT_EQ(ben.chats()[0].state, ChatState::left);
}

TEST(Conversation, PeopleWhoseWelcomesDoNotFitIntoOneCommitComeInSeveral) {
    World world;
    Person ana(world, "ana");
    ana.welcomes_bytes_max = std::size_t{40} * 1024;
    ana.sign_in();
    std::deque<Person> others;
    std::vector<identity::Caip10> accounts;
    for (int i = 0; i < 12; ++i) {
        others.emplace_back(world, "person " + std::to_string(i)).sign_in();
        accounts.push_back(others.back().account());
    }
    const auto started = ana.run_with_kills(client::CreateChat{"Crowd", accounts});
    ASSERT_EQ(started.state, IntentState::delivered);
    EXPECT_TRUE(started.missing.empty());
    const auto chat = *started.chat;
    const auto epochs = ana.chat(chat).summary.epoch;
    EXPECT_GE(epochs, 2u);
    EXPECT_LE(epochs, 6u);
    EXPECT_EQ(ana.members(chat).size(), 13u);
    for (Person& person : others) {
        person.sync();
        ASSERT_TRUE(person.run(client::AcceptRequest{chat}).has_value()) << person.name;
        EXPECT_EQ(person.chat(chat).epoch_authenticator, ana.chat(chat).epoch_authenticator);
    }
    // The same for those who come later; whoever is there already is named.
    Person late(world, "late");
    late.sign_in();
    const auto adding = ana.run(client::AddMembers{chat, {late.account(), others[0].account()}});
    ASSERT_EQ(ana.intent(**adding).state, IntentState::delivered);
    ASSERT_EQ(ana.intent(**adding).missing.size(), 1u);
    EXPECT_EQ(ana.intent(**adding).missing[0].reason.check, "CLT-46");
}

TEST(Conversation, NothingThatWasSaidIsFoundInAHome) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    ana.sign_in();
    ben.sign_in();
    const auto chat = make_chat({&ana, &ben}, "canarytitle");
    static_cast<void>(ana.run(client::SendText{chat, "canaryword"}));
    ben.sync();
    ASSERT_EQ(ben.texts(chat).size(), 1u);
    ana.kill();
    ben.kill();
    for (Person* person : {&ana, &ben}) {
        for (const KeyValuePair& pair : person->home().pairs()) {
            for (const Bytes* bytes : {&pair.key, &pair.value}) {
                EXPECT_EQ(as_text(*bytes).find("canary"), std::string_view::npos);
                EXPECT_EQ(as_text(*bytes).find(ana.account().address()), std::string_view::npos);
                EXPECT_EQ(as_text(*bytes).find(as_text(chat)), std::string_view::npos);
            }
        }
    }
}

}  // namespace
}  // namespace chatmcp::testing
