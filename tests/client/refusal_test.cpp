#include <algorithm>

#include <gtest/gtest.h>

#include "client/agent.h"
#include "client/world.h"
#include "identity/device_log.h"
#include "identity/wallet_file.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {
namespace {

using client::ChatState;
using client::IntentState;

bool contains(const std::vector<std::string>& list, const std::string& what) {
    return std::ranges::find(list, what) != list.end();
}

template <class T>
void expect_refused(const Result<T>& result, const char* check) {
    ASSERT_FALSE(result.has_value());
    EXPECT_STREQ(result.error().check, check);
}

class Refusals : public ::testing::Test {
  protected:
    void SetUp() override {
        ana.sign_in();
        ben.sign_in();
    }
    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
};

// ---- Commands and queries ----

TEST_F(Refusals, NothingIsDoneBeforeSigningIn) {
    Person cleo(world, "cleo");
    expect_refused(cleo.run(client::CreateChat{"", {ana.account()}}), "CLT-09");
    expect_refused(cleo.run(client::WalletSigned{}), "CLT-09");
}

TEST_F(Refusals, WhatIsNotThereIsNamed) {
    expect_refused(ana.run(client::SendText{{}, "x"}), "CLT-10");
    const auto find = [&](const char* text) {
        return ana.look<client::ChatId>(
            [&](client::Client& c, Transaction& t) { return c.find_chat(t, text); });
    };
    expect_refused(find("abcdef"), "CLT-10");
    expect_refused(find("abc"), "CLT-11");
    expect_refused(ana.look<client::IntentView>([](client::Client& c, Transaction& t) {
        return c.intent(t, client::IntentId{999});
    }),
                   "CLT-12");
    const auto chat = make_chat({&ana, &ben}, "");
    expect_refused(ana.look<client::MessageView>([&](client::Client& c, Transaction& t) {
        return c.find_message(t, chat, "abcdef");
    }),
                   "CLT-14");
    expect_refused(ana.look<client::AssistantReport>([&](client::Client& c, Transaction& t) {
        return c.chat_assistant(t, chat, world.clock.now());
    }),
                   "CLT-13");
    expect_refused(ana.run(client::AgreeAssistant{chat, wire::AgreeFrom::now}), "CLT-80");
}

TEST_F(Refusals, AConversationIsWithSomebodyElse) {
    expect_refused(ana.run(client::CreateChat{"", {ana.account()}}), "CLT-17");
    expect_refused(ana.run(client::CreateChat{"", {}}), "CLT-17");
    const std::string long_title(wire::Title::kMaxBytes + 1, 'x');
    expect_refused(ana.run(client::CreateChat{long_title, {ben.account()}}), "CLT-08");
}

TEST_F(Refusals, AHomeHasOneAccountAndTheWalletSignsIt) {
    expect_refused(ana.run(client::StartLogin{ben.account(), "terminal.chatmcp"}), "CLT-18");
    Person cleo(world, "cleo");
    static_cast<void>(cleo.run(client::StartLogin{cleo.account(), "terminal.chatmcp"}));
    expect_refused(cleo.run(client::WalletSigned{}), "CLT-18");
}

TEST_F(Refusals, ASecondDeviceOfAnAccountIsRefused) {
    const auto other = ana.other_device();
    const auto started = other->run(client::StartLogin{ana.account(), "terminal.chatmcp"});
    EXPECT_EQ(other->intent(**started).state, IntentState::refused);
    EXPECT_EQ(other->intent(**started).reason->check, "CLT-19");
}

TEST_F(Refusals, WhoIsNoMemberCannotBeRemovedAndWhoIsOneNotAdded) {
    Person cleo(world, "cleo");
    cleo.sign_in();
    const auto chat = make_chat({&ana, &ben}, "");
    const auto removing = ana.run(client::RemoveMember{chat, cleo.account()});
    EXPECT_EQ(ana.intent(**removing).reason->check, "CLT-45");
    const auto adding = ana.run(client::AddMembers{chat, {ben.account()}});
    EXPECT_EQ(ana.intent(**adding).reason->check, "CLT-44");
    ASSERT_EQ(ana.intent(**adding).missing.size(), 1u);
    EXPECT_EQ(ana.intent(**adding).missing[0].reason.check, "CLT-46");
}

// ---- Key packages ----

TEST_F(Refusals, WhoHasNoKeyPackageLeftIsNamed) {
    Person cleo(world, "cleo");
    cleo.wire.request = [](const client::RequestBody& body) {
        return !std::holds_alternative<wire::UploadKeyPackages>(body);
    };
    static_cast<void>(cleo.run(client::StartLogin{cleo.account(), "terminal.chatmcp"}));
    std::string text;
    for (const client::Notice& notice : cleo.notices) {
        if (const auto* wanted = std::get_if<client::WalletSignatureWanted>(&notice)) {
            text = wanted->text;
        }
    }
    static_cast<void>(
        cleo.run(client::WalletSigned{*identity::sign_wallet_text(cleo.wallet(), text)}));
    const auto made = ana.run(client::CreateChat{"", {cleo.account()}});
    ASSERT_EQ(ana.intent(**made).missing.size(), 1u);
    EXPECT_EQ(ana.intent(**made).missing[0].reason.check, "CLT-41");
}

TEST_F(Refusals, AKeyPackageOfSomebodyElseIsRefused) {
    Person cleo(world, "cleo");
    cleo.sign_in();
    ana.wire.reply = [](client::ReplyBody& body) {
        if (auto* claimed = std::get_if<wire::ClaimKeyPackages::Reply>(&body)) {
            std::swap(claimed->key_packages[0], claimed->key_packages[1]);
        }
        return true;
    };
    const auto made = ana.run(client::CreateChat{"", {ben.account(), cleo.account()}});
    const auto view = ana.intent(**made);
    ASSERT_EQ(view.missing.size(), 2u);
    EXPECT_EQ(view.missing[0].reason.check, "CLT-42");
}

TEST_F(Refusals, AKeyPackageOverItsLifetimeIsRefused) {
    Bytes old;
    ana.wire.reply = [&](client::ReplyBody& body) {
        if (auto* claimed = std::get_if<wire::ClaimKeyPackages::Reply>(&body)) {
            if (old.empty()) {
                old = *claimed->key_packages[0];
            } else {
                claimed->key_packages[0] = old;
            }
        }
        return true;
    };
    static_cast<void>(ana.run(client::CreateChat{"", {ben.account()}}));
    world.clock.set(world.clock.now().plus_ms(29 * kDayMs));
    const auto made = ana.run(client::CreateChat{"", {ben.account()}});
    ASSERT_EQ(ana.intent(**made).missing.size(), 1u);
    EXPECT_EQ(ana.intent(**made).missing[0].reason.check, "CLT-70");
}

// ---- The relay ----

TEST_F(Refusals, AnotherRelayThanTheFirstIsNoticed) {
    Person cleo(world, "cleo");
    const auto second = cleo.second_process();
    static_cast<void>(cleo.begin(client::StartLogin{cleo.account(), "terminal.chatmcp"}));
    static_cast<void>(second->begin(client::StartLogin{cleo.account(), "terminal.chatmcp"}));
    cleo.carry(1);
    second->wire.reply = [](client::ReplyBody& body) {
        if (auto* info = std::get_if<wire::GetRelayInfo::Reply>(&body)) {
            info->relay_key[0] ^= 1;
        }
        return true;
    };
    second->carry(1);
    EXPECT_TRUE(contains(second->complaints(), "CLT-30"));
}

TEST_F(Refusals, AWelcomeThatIsNotForItsCommitIsRefused) {
    const auto started = ana.run(client::CreateChat{"", {ben.account()}});
    ASSERT_EQ(ana.intent(**started).state, IntentState::delivered);
    ben.wire.reply = [&](client::ReplyBody& body) {
        if (auto* inbox = std::get_if<wire::ReadInbox::Reply>(&body)) {
            for (wire::InboxItem& item : inbox->items) {
                item.acceptance->epoch += 1;
                item.acceptance->signature =
                    to_array<64>(wire::sign(world.relay_key, *item.acceptance));
            }
        }
        return true;
    };
    ben.sync();
    EXPECT_TRUE(contains(ben.complaints(), "CLT-31"));
    EXPECT_TRUE(ben.chats().empty());
}

TEST_F(Refusals, AReplyThatNobodyAskedForIsNoticed) {
    const relay::Peer peer{.source = {1}, .channel = {}};
    const auto root = ana.look<std::optional<client::AccountView>>(
        [](client::Client& c, Transaction& t) { return c.account(t); });
    ASSERT_TRUE(
        world.relay
            .handle(wire::SendInbox{(*root)->inbox, wire::InboxKind::kp_reply, Bytes(80)}, peer)
            .has_value());
    ana.sync();
    EXPECT_TRUE(contains(ana.complaints(), "CLT-35"));
}

TEST_F(Refusals, WhoIsRemovedAndAddedBeforeHearingOfItComesBack) {
    const auto chat = make_chat({&ana, &ben}, "");
    static_cast<void>(ana.run(client::RemoveMember{chat, ben.account()}));
    const auto back = ana.run(client::AddMembers{chat, {ben.account()}});
    ASSERT_EQ(ana.intent(**back).state, IntentState::delivered);
    ben.sync();
    EXPECT_TRUE(contains(ben.complaints(), "CLT-34"));
    EXPECT_EQ(ben.chats()[0].state, ChatState::request);
    static_cast<void>(ben.run(client::AcceptRequest{chat}));
    ben.sync();
    EXPECT_EQ(ana.chat(chat).epoch_authenticator, ben.chat(chat).epoch_authenticator);
}

// Ana adds Cleo; the relay changes the commit and signs the change.
template <class Change>
void follow_signed(World& world, Person& ana, Person& ben, const client::ChatId& chat, Change c) {
    Person cleo(world, "cleo");
    cleo.sign_in();
    static_cast<void>(ana.run(client::AddMembers{chat, {cleo.account()}}));
    ben.wire.reply = showing_other_commits(world, c);
    ben.sync();
}

TEST_F(Refusals, ACommitIntoAnEpochThatMembersCannotReadIsNotFollowed) {
    const auto chat = make_chat({&ana, &ben}, "");
    follow_signed(world, ana, ben, chat, [](wire::Envelope& envelope) {
        envelope.acceptance->next_admission_key[0] ^= 1;
    });
    EXPECT_EQ(ben.chats()[0].state, ChatState::broken);
    EXPECT_EQ(ben.chats()[0].reason->check, "CLT-24");
}

TEST_F(Refusals, AMessageInACommitsPlaceBreaksTheConversationByName) {
    const auto chat = make_chat({&ana, &ben}, "");
    Bytes message;
    ana.wire.request = [&](const client::RequestBody& body) {
        if (const auto* sending = std::get_if<wire::PublishMessage>(&body)) {
            message = sending->payload;
            return false;
        }
        return true;
    };
    static_cast<void>(ana.run(client::SendText{chat, "taken"}));
    ana.wire.request = nullptr;
    follow_signed(
        world, ana, ben, chat, [&](wire::Envelope& envelope) { envelope.payload = message; });
    EXPECT_EQ(ben.chats()[0].state, ChatState::broken);
    EXPECT_EQ(ben.chats()[0].reason->check, "CLT-26");
}

TEST_F(Refusals, OneSequenceForTwoMessagesIsNoticed) {
    const auto chat = make_chat({&ana, &ben}, "");
    static_cast<void>(ana.run(client::SendText{chat, "first"}));
    ben.sync();
    const auto taken = ben.messages(chat).back().position;
    ben.wire.reply = [&](client::ReplyBody& body) {
        if (auto* published = std::get_if<wire::PublishMessage::Reply>(&body)) {
            published->sequence = taken;
        }
        return true;
    };
    const auto sending = ben.begin(client::SendText{chat, "second"});
    ben.carry(1);
    EXPECT_TRUE(contains(ben.complaints(), "CLT-28"));
    EXPECT_EQ(ben.intent(**sending).state, IntentState::pending);
    ben.wire.reply = nullptr;
    ben.sync();
    EXPECT_EQ(ben.intent(**sending).state, IntentState::delivered);
}

TEST_F(Refusals, AMessageThatTheRelayAnsweredWithAnotherPlaceStandsWhereTheTopicHasIt) {
    const auto chat = make_chat({&ana, &ben}, "");
    ana.wire.reply = [](client::ReplyBody& body) {
        if (auto* published = std::get_if<wire::PublishMessage::Reply>(&body)) {
            published->sequence += 1;
        }
        return true;
    };
    ASSERT_TRUE(ana.run(client::SendText{chat, "mine"}).has_value());
    ana.wire.reply = nullptr;
    ben.sync();
    ASSERT_TRUE(ben.run(client::SendText{chat, "next"}).has_value());
    ana.sync();
    EXPECT_TRUE(contains(ana.complaints(), "CLT-28"));
    EXPECT_EQ(ana.texts(chat), (std::vector<std::string>{"mine", "next"}));
    EXPECT_EQ(ana.messages(chat)[0].position, ben.messages(chat)[0].position);
}

TEST_F(Refusals, AMessageThatTheRelayTookAndDroppedIsNamedAndSentAgain) {
    const auto chat = make_chat({&ana, &ben}, "");
    // To Ana the relay says that her message was taken, and gives its place to the next one.
    Bytes dropped;
    std::uint64_t at = 0;
    std::uint64_t given = 0;
    ana.wire.request = [&](const client::RequestBody& body) {
        const auto* message = std::get_if<wire::PublishMessage>(&body);
        if (message != nullptr && dropped.empty()) {
            dropped = message->payload;
        }
        return true;
    };
    ana.wire.reply = [&](client::ReplyBody& body) {
        if (auto* published = std::get_if<wire::PublishMessage::Reply>(&body)) {
            if (at == 0) {
                at = published->sequence;
            } else {
                published->sequence -= 1;
            }
        } else if (auto* read = std::get_if<wire::ReadTopic::Reply>(&body)) {
            std::erase_if(read->envelopes, [&](wire::Envelope& envelope) {
                if (envelope.sequence > at) {
                    envelope.sequence -= 1;
                }
                return envelope.payload == dropped || envelope.sequence <= given;
            });
            given = read->envelopes.empty() ? given : read->envelopes.back().sequence;
        }
        return true;
    };
    const auto sending = ana.begin(client::SendText{chat, "mine"});
    ana.carry(1);
    ASSERT_EQ(ana.intent(**sending).state, IntentState::delivered);
    ben.sync();
    ASSERT_TRUE(ben.run(client::SendText{chat, "next"}).has_value());
    ana.sync();
    EXPECT_TRUE(contains(ana.complaints(), "CLT-28"));
    ana.sync();
    EXPECT_EQ(ana.texts(chat), (std::vector<std::string>{"next", "mine"}));
}

TEST_F(Refusals, AMessageThatTheRelayRefusedAndPublishedIsDelivered) {
    const auto chat = make_chat({&ana, &ben}, "");
    std::optional<wire::PublishMessage> seen;
    ana.wire.refuse = [&](const client::RequestBody& body) -> std::optional<client::Reason> {
        const auto* message = std::get_if<wire::PublishMessage>(&body);
        if (message == nullptr) {
            return std::nullopt;
        }
        seen = *message;
        return client::Reason{Errc::invalid_argument, "RLY-02"};
    };
    const auto sending = ana.run(client::SendText{chat, "mine"});
    EXPECT_EQ(ana.intent(**sending).state, IntentState::refused);
    ana.wire.refuse = nullptr;
    ASSERT_TRUE(world.relay.handle(*seen, {.source = {9}, .channel = {}}).has_value());
    ana.sync();
    EXPECT_EQ(ana.intent(**sending).state, IntentState::delivered);
    EXPECT_EQ(ana.texts(chat), std::vector<std::string>{"mine"});
}

TEST_F(Refusals, AnInboxThatIsFullHoldsUpNoOtherCommit) {
    const auto chat = make_chat({&ana, &ben}, "");
    Person dan(world, "dan");
    dan.sign_in();
    ana.wire.refuse = [](const client::RequestBody& body) -> std::optional<client::Reason> {
        const auto* bundle = std::get_if<wire::PublishBundle>(&body);
        return bundle != nullptr && !bundle->welcomes.empty()
                   ? std::optional(client::Reason{Errc::resource_exhausted, "RLY-14"})
                   : std::nullopt;
    };
    const auto adding = ana.run(client::AddMembers{chat, {dan.account()}});
    EXPECT_EQ(ana.intent(**adding).state, IntentState::pending);
    const auto removing = ana.run(client::RemoveMember{chat, ben.account()});
    EXPECT_EQ(ana.intent(**removing).state, IntentState::delivered);
    EXPECT_EQ(ana.intent(**adding).state, IntentState::pending);
    // There is room again: the commit is made anew, on the epoch that is now.
    ana.wire.refuse = nullptr;
    world.clock.set(world.clock.now().plus_ms(2 * kMinuteMs));
    ana.sync();
    EXPECT_EQ(ana.intent(**adding).state, IntentState::delivered);
    dan.sync();
    ASSERT_TRUE(dan.run(client::AcceptRequest{chat}).has_value());
    const auto sent = dan.run(client::SendText{chat, "hello"});
    EXPECT_EQ(dan.intent(**sent).state, IntentState::delivered);
}

TEST_F(Refusals, ACommitThatMayHaveBeenAcceptedIsNotTakenBack) {
    const auto chat = make_chat({&ana, &ben}, "");
    Person dan(world, "dan");
    dan.sign_in();
    bool lost = false;
    ana.wire.reply = [&](client::ReplyBody& body) {
        lost = lost || std::holds_alternative<wire::PublishBundle::Reply>(body);
        return !lost;
    };
    const auto adding = ana.run(client::AddMembers{chat, {dan.account()}});
    ASSERT_TRUE(lost);
    ana.kill();
    // The second copy finds the inbox full, while the first is accepted already.
    int refused = 0;
    ana.wire.reply = nullptr;
    ana.wire.refuse = [&](const client::RequestBody& body) -> std::optional<client::Reason> {
        if (!std::holds_alternative<wire::PublishBundle>(body)) {
            return std::nullopt;
        }
        ++refused;
        return client::Reason{Errc::resource_exhausted, "RLY-14"};
    };
    world.clock.set(world.clock.now().plus_ms(kMinuteMs));
    ana.tick();
    EXPECT_EQ(refused, 1);
    ana.wire.refuse = nullptr;
    world.clock.set(world.clock.now().plus_ms(2 * kMinuteMs));
    ana.sync();
    EXPECT_EQ(ana.intent(**adding).state, IntentState::delivered);
    EXPECT_EQ(ana.chat(chat).summary.state, ChatState::active);
    EXPECT_EQ(ana.members(chat).size(), 3u);
}

TEST_F(Refusals, WhoComesLaterDoesNotAskWhetherTheOthersCameInTime) {
    const auto chat = make_chat({&ana, &ben}, "");
    world.clock.set(world.clock.now().plus_ms(40 * kDayMs));
    Person dan(world, "dan");
    dan.sign_in();
    ana.sync();
    const auto adding = ana.run(client::AddMembers{chat, {dan.account()}});
    ASSERT_EQ(ana.intent(**adding).state, IntentState::delivered);
    dan.sync();
    ASSERT_TRUE(dan.run(client::AcceptRequest{chat}).has_value());
    const auto sent = dan.run(client::SendText{chat, "hello"});
    EXPECT_EQ(dan.intent(**sent).state, IntentState::delivered);
}

TEST_F(Refusals, WhatExpiredAtTheRelayIsAGapAndMessagesAfterItAreRead) {
    const auto chat = make_chat({&ana, &ben}, "");
    static_cast<void>(ana.run(client::SendText{chat, "too old"}));
    world.clock.set(world.clock.now().plus_ms(31 * kDayMs));
    while (*world.relay.expire() == relay::Relay::kExpireBatchMax) {
    }
    static_cast<void>(ana.run(client::SendText{chat, "new"}));
    ben.sync();
    EXPECT_EQ(ben.texts(chat), std::vector<std::string>{"new"});
    EXPECT_EQ(ben.chat(chat).gaps.size(), 1u);
}

TEST_F(Refusals, AConversationWhoseWayOnExpiredIsLostByName) {
    static_cast<void>(make_chat({&ana, &ben}, ""));
    ben.wire.refuse = refusing<wire::ReadTopic>(Errc::history_expired, "RLY-01");
    ben.sync();
    EXPECT_EQ(ben.chats()[0].state, ChatState::lost);
    EXPECT_EQ(ben.chats()[0].reason->check, "CLT-29");
}

// ---- Streams ----

TEST_F(Refusals, AFollowerSeesWhatComesThroughEveryEpochAndOpensBrokenStreamsAgain) {
    Person cleo(world, "cleo");
    cleo.sign_in();
    const auto chat = make_chat({&ana, &ben}, "");
    ASSERT_TRUE(ben.run(client::Follow{true, std::nullopt}).has_value());
    ben.pump();
    EXPECT_EQ(ben.open_streams(), 2u);
    static_cast<void>(ana.run(client::SendText{chat, "one"}));
    ben.pump();
    static_cast<void>(ana.run(client::AddMembers{chat, {cleo.account()}}));
    static_cast<void>(ana.run(client::SendText{chat, "two"}));
    ben.pump();
    EXPECT_EQ(ben.texts(chat), (std::vector<std::string>{"one", "two"}));
    ben.break_streams();
    EXPECT_EQ(ben.open_streams(), 0u);
    static_cast<void>(ana.run(client::SendText{chat, "three"}));
    world.clock.set(world.clock.now().plus_ms(kMinuteMs));
    ben.tick();
    ben.pump();
    EXPECT_EQ(ben.texts(chat), (std::vector<std::string>{"one", "two", "three"}));
    // A new conversation arrives by the inbox's stream and is followed too.
    const auto second = ana.run(client::CreateChat{"second", {ben.account()}});
    ben.pump();
    EXPECT_EQ(ben.chats().size(), 2u);
    static_cast<void>(ben.run(client::AcceptRequest{*ana.intent(**second).chat}));
    static_cast<void>(ana.run(client::SendText{*ana.intent(**second).chat, "hi"}));
    ben.pump();
    EXPECT_EQ(ben.texts(*ana.intent(**second).chat), std::vector<std::string>{"hi"});
    EXPECT_TRUE(ben.complaints().empty());
}

// ---- Assistants ----

TEST_F(Refusals, AnEntryThatItsEnclaveDidNotSignIsLeftOut) {
    Agent agent(world);
    agent.publish();
    ana.wire.reply = [](client::ReplyBody& body) {
        if (auto* agents = std::get_if<wire::ListAgents::Reply>(&body)) {
            agents->entries[0].back() ^= 1;
        }
        return true;
    };
    static_cast<void>(ana.run(client::FetchAssistants{}));
    EXPECT_TRUE(contains(ana.complaints(), "CLT-91"));
    const auto listed = ana.look<std::vector<client::AssistantView>>(
        [](client::Client& c, Transaction& t) { return c.assistants(t); });
    EXPECT_TRUE(listed->empty());
}

TEST_F(Refusals, AReceiptFileOfAnotherVersionOrTimeIsRefused) {
    wire::Writer version;
    version.u16(2);
    expect_refused(wire::decode<client::ReceiptFile>(version.view()), "CLT-38");
    client::ReceiptFile file;
    file.announcement.grant.scopes = {wire::Scope::answer};
    Bytes bytes = wire::encode(file);
    const std::size_t time_at = 2 + 2 + wire::encode(file.announcement).size();
    bytes[time_at] = 0x80;
    expect_refused(wire::decode<client::ReceiptFile>(bytes), "CLT-37");
}

}  // namespace
}  // namespace chatmcp::testing
