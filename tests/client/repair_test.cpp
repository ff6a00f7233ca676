// Conversations that this or that device can no longer follow, and how they go on.
#include <algorithm>

#include <gtest/gtest.h>

#include "client/account.h"
#include "client/hand.h"
#include "client/readd.h"
#include "client/world.h"
#include "support/mls_hostile.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {
namespace {

using client::ChatState;
using client::IntentState;

bool contains(const std::vector<std::string>& list, const std::string& what) {
    return std::ranges::find(list, what) != list.end();
}

class Repair : public ::testing::Test {
  protected:
    void SetUp() override {
        for (Person* person : {&ana, &ben, &cleo}) {
            person->sign_in();
        }
        chat = make_chat({&ana, &ben, &cleo}, "Lunch");
    }
    // The relay says once that what this person needs to follow is gone.
    void lose(Person& person) {
        person.wire.refuse = refusing<wire::ReadTopic>(Errc::history_expired, "RLY-01");
        person.sync();
        person.wire.refuse = nullptr;
        ASSERT_EQ(state_of(person, chat), ChatState::lost);
    }
    ChatState state_of(Person& person, const client::ChatId& id) {
        return person.chat(id).summary.state;
    }
    // A request of this person's own device, as `edit` changes it before it is signed.
    wire::ReaddRequest request_of(Person& person,
                                  const std::function<void(wire::ReaddRequest&)>& edit = {}) {
        return Hand(world, person).readd_request(chat, edit);
    }
    void send(Person& to, const wire::ReaddRequest& request) {
        const auto sent = world.relay.handle(wire::SendInbox{.inbox = account_of(to).inbox,
                                                             .kind = wire::InboxKind::readd,
                                                             .payload = wire::encode(request)},
                                             {.source = {9}, .channel = {}});
        ASSERT_TRUE(sent.has_value());
        to.sync();
    }
    client::AccountView account_of(Person& person) {
        return **person.look<std::optional<client::AccountView>>(
            [](client::Client& c, Transaction& t) { return c.account(t); });
    }
    std::vector<client::EpochView> epochs(Person& person) {
        return *person.look<std::vector<client::EpochView>>(
            [&](client::Client& c, Transaction& t) { return c.epochs(t, chat); });
    }
    // Ben, who is no admin, takes Cleo out, and the relay gives that commit its slot.
    void break_by_ben() {
        mls::Plan plan;
        plan.remove = {mls::LeafIndex{2}};
        Hand(world, ben).commit(chat, std::move(plan));
    }

    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    Person cleo{world, "cleo"};
    client::ChatId chat{};
};

// ---- Taken out and in again ----

TEST_F(Repair, WhoLostItsWayIsBroughtBackByAnyMemberAndSendsWhatWaited) {
    ASSERT_TRUE(cleo.run(client::SendText{chat, "before"}).has_value());
    ana.sync();
    cleo.wire.refuse = unreachable<wire::PublishMessage>();
    const auto waiting = cleo.run(client::SendText{chat, "waiting"});
    lose(cleo);
    EXPECT_EQ(cleo.intent(**waiting).state, IntentState::pending);
    ASSERT_TRUE(ana.run(client::SendText{chat, "missed"}).has_value());
    // Ben is no admin, and yet may do it.
    ben.sync();
    cleo.sync();
    EXPECT_EQ(state_of(cleo, chat), ChatState::active);
    EXPECT_EQ(cleo.intent(**waiting).state, IntentState::delivered);
    ASSERT_TRUE(ana.run(client::SendText{chat, "welcome back"}).has_value());
    for (Person* person : {&ana, &ben, &cleo}) {
        person->sync();
    }
    EXPECT_EQ(ana.texts(chat),
              (std::vector<std::string>{"before", "missed", "waiting", "welcome back"}));
    EXPECT_EQ(ben.texts(chat), ana.texts(chat));
    EXPECT_EQ(cleo.texts(chat), (std::vector<std::string>{"before", "waiting", "welcome back"}));
    EXPECT_EQ(cleo.chat(chat).gaps.size(), 1u);
    EXPECT_EQ(cleo.chat(chat).summary.title, "Lunch");
    EXPECT_EQ(cleo.chat(chat).epoch_authenticator, ana.chat(chat).epoch_authenticator);
    EXPECT_EQ(ana.members(chat).size(), 3u);
    EXPECT_TRUE(ana.complaints().empty());
    EXPECT_TRUE(ben.complaints().empty());
}

TEST_F(Repair, ACommitThatOneMemberAloneCannotOpenPutsNobodyOut) {
    // The relay shows Cleo another commit than everybody else.
    ASSERT_TRUE(ana.run(client::RemoveMember{chat, ben.account()}).has_value());
    cleo.wire.reply = showing_other_commits(
        world, [](wire::Envelope& envelope) { envelope.payload.back() ^= 1; });
    cleo.sync();
    cleo.wire.reply = nullptr;
    ASSERT_EQ(state_of(cleo, chat), ChatState::broken);
    ana.sync();
    cleo.sync();
    EXPECT_EQ(state_of(cleo, chat), ChatState::active);
    ASSERT_TRUE(ana.run(client::SendText{chat, "two of us"}).has_value());
    cleo.sync();
    EXPECT_EQ(cleo.texts(chat), std::vector<std::string>{"two of us"});
    EXPECT_EQ(cleo.members(chat).size(), 2u);
}

TEST_F(Repair, ACommitThatItsAuthorSealedWronglyToOneMemberPutsNobodyOut) {
    // Ben seals the path secret of the root to a key that is not Cleo's. All else of his commit is
    // true: hashes are those of the tree that everybody has.
    Hand hand(world, ben);
    mls::Plan plan;
    plan.rotate = hand.leaf(chat);
    hand.commit(chat, std::move(plan), {}, [&](mls::Group& group) {
        const mls::RatchetTree& tree = mls::GroupAccess::state(group).tree;
        static_cast<void>(tree.root_hash());
        auto& leaf = const_cast<mls::LeafNode&>(*tree.leaf(mls::LeafIndex{2}));
        leaf.encryption_key = tree.leaf(mls::LeafIndex{0})->encryption_key;
    });
    ana.sync();
    EXPECT_EQ(state_of(ana, chat), ChatState::active);
    cleo.sync();
    ASSERT_EQ(state_of(cleo, chat), ChatState::broken);
    ana.sync();
    cleo.sync();
    EXPECT_EQ(state_of(cleo, chat), ChatState::active);
    ASSERT_TRUE(ana.run(client::SendText{chat, "all three"}).has_value());
    cleo.sync();
    EXPECT_EQ(cleo.texts(chat), std::vector<std::string>{"all three"});
    EXPECT_EQ(cleo.members(chat).size(), 3u);
}

TEST_F(Repair, TwoMembersWhoAreAskedAtOnceBringTheDeviceBackOnce) {
    lose(cleo);
    // Both have the request before either commits.
    for (Person* person : {&ana, &ben}) {
        ASSERT_TRUE(person->begin(client::Synchronise{std::nullopt}).has_value());
    }
    for (int i = 0; i < 30; ++i) {
        ana.carry(1);
        ben.carry(1);
    }
    for (int i = 0; i < 3; ++i) {
        world.clock.set(world.clock.now().plus_ms(10 * kSecondMs));
        for (Person* person : {&ana, &ben, &cleo}) {
            person->sync();
        }
    }
    EXPECT_EQ(state_of(cleo, chat), ChatState::active);
    EXPECT_EQ(ana.members(chat).size(), 3u);
    const auto epoch = ana.chat(chat).summary.epoch;
    EXPECT_EQ(epoch, cleo.chat(chat).summary.epoch);
    EXPECT_EQ(epoch, ben.chat(chat).summary.epoch);
    EXPECT_EQ(epoch, 2u);  // One commit made the conversation, and one brought her back.
}

TEST_F(Repair, ARequestThatWasAnsweredIsOfNoUseToWhoeverRepeatsIt) {
    const auto old = request_of(cleo);
    lose(cleo);
    ben.sync();
    cleo.sync();
    ASSERT_EQ(state_of(cleo, chat), ChatState::active);
    ana.sync();
    const auto epoch = ana.chat(chat).summary.epoch;
    send(ana, old);
    EXPECT_TRUE(contains(ana.complaints(), "CLT-103"));
    EXPECT_EQ(ana.chat(chat).summary.epoch, epoch);
}

TEST_F(Repair, OnlyTheDeviceItselfCanAsk) {
    Person eve(world, "eve");
    eve.sign_in();
    // Eve's own package, signed by Eve.
    send(ana, Hand(world, eve).readd_request(chat));
    EXPECT_TRUE(contains(ana.complaints(), "CLT-100"));
    // Cleo's package, and whoever has it signs.
    auto forged = request_of(cleo);
    forged.made_at = forged.made_at.plus_ms(1);
    send(ana, forged);
    EXPECT_TRUE(contains(ana.complaints(), "CLT-101"));
    EXPECT_EQ(ana.chat(chat).summary.epoch, 1u);
}

TEST_F(Repair, ARequestFromTheFutureIsRefused) {
    send(ana, request_of(cleo, [](wire::ReaddRequest& request) {
             request.made_at = request.made_at.plus_ms(client::kReaddAheadMaxMs + 1);
         }));
    EXPECT_TRUE(contains(ana.complaints(), "CLT-102"));
    EXPECT_EQ(ana.chat(chat).summary.epoch, 1u);
}

TEST_F(Repair, ADeviceThatStoodInAnotherEpochOfTheSameNumberShowsAFork) {
    send(ana,
         request_of(cleo, [](wire::ReaddRequest& request) { request.authenticator_hash[0] ^= 1; }));
    EXPECT_TRUE(contains(ana.complaints(), "CLT-104"));
    cleo.sync();
    EXPECT_EQ(ana.chat(chat).summary.epoch, 2u);  // It is brought to our side of the fork.
}

TEST_F(Repair, RequestsThatWaitAreBounded) {
    std::vector<std::unique_ptr<Person>> crowd;
    std::vector<Person*> members{&ana};
    for (std::size_t i = 0; i <= client::kReaddWaitingMax; ++i) {
        crowd.push_back(std::make_unique<Person>(world, "person " + std::to_string(i)));
        crowd.back()->sign_in();
        members.push_back(crowd.back().get());
    }
    chat = make_chat(members, "");
    ana.wire.refuse = unreachable<wire::PublishBundle>();
    for (const auto& person : crowd) {
        send(ana, request_of(*person));
    }
    EXPECT_TRUE(contains(ana.complaints(), "CLT-105"));
    EXPECT_EQ(ana.chat(chat).pending.size(), client::kReaddWaitingMax);
}

TEST_F(Repair, AllMembersOfAnEpochHaveTheSameAuthenticator) {
    for (int i = 0; i < 3; ++i) {
        Person dan(world, "dan");
        dan.sign_in();
        ASSERT_TRUE(ana.run(client::AddMembers{chat, {dan.account()}}).has_value());
        ben.sync();
    }
    const auto of_ana = epochs(ana);
    const auto of_ben = epochs(ben);
    ASSERT_EQ(of_ana.size(), 5u);  // She made the group alone in epoch 0.
    ASSERT_EQ(of_ben.size(), 4u);
    for (std::size_t i = 0; i < of_ben.size(); ++i) {
        EXPECT_EQ(of_ben[i].epoch, i + 1);
        EXPECT_EQ(of_ben[i].authenticator, of_ana[i + 1].authenticator);
        EXPECT_EQ(of_ben[i].position, of_ana[i + 1].position);
    }
    EXPECT_EQ(of_ana.back().authenticator, ana.chat(chat).epoch_authenticator);
}

// ---- A successor ----

TEST_F(Repair, AfterAnInvalidCommitAnAdminGoesOnWithoutItsAuthor) {
    cleo.wire.refuse = unreachable<wire::PublishMessage>();
    const auto waiting = cleo.run(client::SendText{chat, "still here"});
    break_by_ben();
    ana.sync();
    cleo.sync();
    cleo.wire.refuse = nullptr;
    ASSERT_EQ(state_of(ana, chat), ChatState::broken);
    ASSERT_EQ(state_of(cleo, chat), ChatState::broken);
    EXPECT_EQ(cleo.intent(**waiting).state, IntentState::pending);

    const auto repair = ana.run(client::RepairChat{chat, {}});
    ASSERT_TRUE(repair.has_value()) << repair.error().check;
    ASSERT_EQ(ana.intent(**repair).state, IntentState::delivered)
        << ana.intent(**repair).reason->check;
    const auto next = *ana.intent(**repair).chat;
    for (int i = 0; i < 2; ++i) {
        cleo.sync();
        ana.sync();
    }
    // Without a request, and with what was waiting.
    EXPECT_EQ(state_of(cleo, next), ChatState::active);
    EXPECT_EQ(cleo.chat(next).predecessor, chat);
    EXPECT_EQ(cleo.chat(chat).successor, next);
    EXPECT_EQ(ana.chat(chat).successor, next);
    EXPECT_EQ(cleo.intent(**waiting).state, IntentState::delivered);
    EXPECT_EQ(ana.texts(next), std::vector<std::string>{"still here"});
    EXPECT_EQ(ana.chat(next).summary.title, "Lunch");
    EXPECT_EQ(ana.members(next).size(), 2u);
    ben.sync();
    EXPECT_EQ(ben.chats().size(), 1u);
    // Once is enough.
    EXPECT_STREQ(ana.run(client::RepairChat{chat, {}}).error().check, "CLT-108");
}

TEST_F(Repair, OnlyAnAdminStartsASuccessorAndOnlyOfWhatIsBroken) {
    EXPECT_STREQ(ana.run(client::RepairChat{chat, {}}).error().check, "CLT-106");
    break_by_ben();
    ana.sync();
    cleo.sync();
    EXPECT_STREQ(cleo.run(client::RepairChat{chat, {}}).error().check, "CLT-107");
    Person eve(world, "eve");
    EXPECT_STREQ(ana.run(client::RepairChat{chat, {eve.account()}}).error().check, "CLT-45");
}

TEST_F(Repair, ASuccessorOfSomebodyWhoIsNoAdminIsARequestLikeAnyOther) {
    break_by_ben();
    ana.sync();
    cleo.sync();
    // Ben makes a group that says it follows the one that he broke.
    const auto made =
        Hand(world, ben).successor(chat, {account_of(ana).root_key, account_of(cleo).root_key});
    for (Person* person : {&ana, &cleo}) {
        person->sync();
        EXPECT_EQ(state_of(*person, made), ChatState::request) << person->name;
        EXPECT_FALSE(person->chat(chat).successor.has_value()) << person->name;
    }
}

TEST_F(Repair, WhatWaitsBesideTextsIsRefusedByNameWhenTheConversationGoesOnElsewhere) {
    Person dan(world, "dan");
    dan.sign_in();
    ana.wire.refuse = unreachable<wire::PublishBundle>();
    const auto adding = ana.run(client::AddMembers{chat, {dan.account()}});
    break_by_ben();
    ana.wire.refuse = nullptr;
    ana.sync();
    ASSERT_EQ(state_of(ana, chat), ChatState::broken);
    const auto repair = ana.run(client::RepairChat{chat, {}});
    ASSERT_EQ(ana.intent(**repair).state, IntentState::delivered);
    EXPECT_EQ(ana.intent(**adding).state, IntentState::refused);
    EXPECT_EQ(ana.intent(**adding).reason->check, "CLT-109");
}

TEST_F(Repair, ABrokenConversationCanBeLeft) {
    break_by_ben();
    cleo.sync();
    ASSERT_TRUE(cleo.run(client::LeaveChat{chat}).has_value());
    EXPECT_EQ(state_of(cleo, chat), ChatState::left);
    EXPECT_STREQ(cleo.run(client::RepairChat{chat, {}}).error().check, "CLT-106");
}

TEST_F(Repair, AProcessThatDiesWhileItRepairsGoesOnAfterwards) {
    break_by_ben();
    ana.sync();
    cleo.sync();
    const auto repaired = ana.run_with_kills(client::RepairChat{chat, {}});
    ASSERT_EQ(repaired.state, IntentState::delivered);
    cleo.sync();
    EXPECT_EQ(state_of(cleo, *repaired.chat), ChatState::active);
    EXPECT_EQ(ana.chats().size(), 2u);
    EXPECT_EQ(cleo.chats().size(), 2u);
}

}  // namespace
}  // namespace chatmcp::testing
