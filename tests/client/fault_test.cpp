#include <algorithm>

#include <gtest/gtest.h>

#include "client/world.h"

namespace chatmcp::testing {
namespace {

using client::IntentState;

struct Pair {
    explicit Pair(World& world) : ana(world, "ana"), ben(world, "ben") {
        ana.sign_in();
        ben.sign_in();
        chat = make_chat({&ana, &ben}, "");
    }
    Person ana;
    Person ben;
    client::ChatId chat{};
};

bool contains(const std::vector<std::string>& list, const std::string& what) {
    return std::ranges::find(list, what) != list.end();
}

// ---- Processes that die ----

TEST(Faults, AProcessThatDiesAfterEveryRequestLosesNothingAndRepeatsNothing) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    Person cleo(world, "cleo");
    for (Person* person : {&ana, &ben, &cleo}) {
        person->sign_in();
    }
    const auto made = ana.run_with_kills(client::CreateChat{"Lunch", {ben.account()}});
    ASSERT_EQ(made.state, IntentState::delivered);
    const auto chat = *made.chat;
    std::vector<std::string> said;
    for (int i = 0; i < 5; ++i) {
        said.push_back("message " + std::to_string(i));
        const auto sent = ana.run_with_kills(client::SendText{chat, said.back()});
        EXPECT_EQ(sent.state, IntentState::delivered);
    }
    const auto added = ana.run_with_kills(client::AddMembers{chat, {cleo.account()}});
    EXPECT_EQ(added.state, IntentState::delivered);
    said.push_back("hello Cleo");
    EXPECT_EQ(ana.run_with_kills(client::SendText{chat, said.back()}).state,
              IntentState::delivered);
    ben.sync();
    static_cast<void>(ben.run(client::AcceptRequest{chat}));
    cleo.sync();
    static_cast<void>(cleo.run(client::AcceptRequest{chat}));
    ana.sync();
    EXPECT_EQ(ana.texts(chat), said);
    EXPECT_EQ(ben.texts(chat), said);
    EXPECT_EQ(cleo.texts(chat), std::vector<std::string>{"hello Cleo"});
    EXPECT_EQ(ana.chat(chat).epoch_authenticator, ben.chat(chat).epoch_authenticator);
    EXPECT_TRUE(ana.complaints().empty());
    EXPECT_TRUE(ben.complaints().empty());
}

TEST(Faults, AMessageWhoseAnswerWasLostIsShownOnce) {
    World world;
    Pair two(world);
    two.ana.wire.reply = [](client::ReplyBody& reply) {
        return !std::holds_alternative<wire::PublishMessage::Reply>(reply);
    };
    const auto sending = two.ana.run(client::SendText{two.chat, "once"});
    EXPECT_EQ(two.ana.intent(**sending).state, IntentState::pending);
    // The topic itself says that it was accepted.
    two.ana.wire.reply = nullptr;
    two.ana.kill();
    two.ana.sync();
    EXPECT_EQ(two.ana.intent(**sending).state, IntentState::delivered);
    two.ben.sync();
    EXPECT_EQ(two.ben.texts(two.chat), std::vector<std::string>{"once"});
    EXPECT_EQ(two.ana.texts(two.chat), std::vector<std::string>{"once"});
}

TEST(Faults, ManyProcessesOnOneHomeSendAtOnce) {
    World world;
    Pair two(world);
    std::vector<std::unique_ptr<Person>> processes;
    std::vector<client::IntentId> intents;
    for (int i = 0; i < 25; ++i) {
        processes.push_back(two.ana.second_process());
        const auto sending = processes.back()->begin(client::SendText{two.chat, std::to_string(i)});
        ASSERT_TRUE(sending.has_value());
        intents.push_back(**sending);
    }
    for (auto& process : processes) {
        process->carry();
    }
    for (const client::IntentId id : intents) {
        EXPECT_EQ(two.ana.intent(id).state, IntentState::delivered);
    }
    two.ana.sync();
    two.ben.sync();
    EXPECT_EQ(two.ben.texts(two.chat).size(), 25u);
    EXPECT_EQ(two.ana.texts(two.chat), two.ben.texts(two.chat));
    EXPECT_TRUE(two.ben.complaints().empty());
}

TEST(Faults, AHundredRacesForOneEpochAllEnd) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    Person cleo(world, "cleo");
    for (Person* person : {&ana, &ben, &cleo}) {
        person->sign_in();
    }
    const auto chat = make_chat({&ana, &ben, &cleo}, "");
    for (int round = 0; round < 100; ++round) {
        SCOPED_TRACE(round);
        world.clock.set(world.clock.now().plus_ms(10 * kMinuteMs));
        ASSERT_TRUE(cleo.run(client::LeaveChat{chat}).has_value());
        // Both see the proposal, both stage its commit, and only then either is carried.
        for (Person* person : {&ana, &ben}) {
            person->wire.request = [](const client::RequestBody& body) {
                return !std::holds_alternative<wire::PublishBundle>(body);
            };
            person->sync();
            person->wire.request = nullptr;
            person->kill();
        }
        world.clock.set(world.clock.now().plus_ms(6 * kSecondMs));
        ana.sync();
        ben.sync();
        cleo.sync();
        ASSERT_EQ(ana.chat(chat).summary.members, 2u);
        ASSERT_EQ(ben.chat(chat).summary.members, 2u);
        ASSERT_TRUE(ana.chat(chat).pending.empty());
        ASSERT_TRUE(ben.chat(chat).pending.empty());
        ASSERT_EQ(ana.chat(chat).epoch_authenticator, ben.chat(chat).epoch_authenticator);
        const auto back = ana.run(client::AddMembers{chat, {cleo.account()}});
        ASSERT_EQ(ana.intent(**back).state, IntentState::delivered);
        cleo.sync();
        static_cast<void>(cleo.run(client::AcceptRequest{chat}));
        ben.sync();
    }
    EXPECT_TRUE(ana.complaints().empty());
    EXPECT_TRUE(ben.complaints().empty());
    EXPECT_TRUE(cleo.complaints().empty());
}

TEST(Faults, AnAcknowledgementThatIsLostIsSentAgain) {
    World world;
    Person ana(world, "ana");
    Person ben(world, "ben");
    ana.sign_in();
    ben.sign_in();
    static_cast<void>(make_chat({&ana, &ben}, ""));
    int lost = 0;
    int sent = 0;
    const auto count_of = [](int& count, bool passes) {
        return [&count, passes](const client::RequestBody& body) {
            const bool acknowledges = std::holds_alternative<wire::AckInbox>(body);
            count += acknowledges ? 1 : 0;
            return passes || !acknowledges;
        };
    };
    ASSERT_TRUE(ana.run(client::CreateChat{"another", {ben.account()}}).has_value());
    ben.wire.request = count_of(lost, false);
    ben.sync();
    ben.kill();
    EXPECT_GT(lost, 0);
    ben.wire.request = count_of(sent, true);
    ben.sync();
    EXPECT_EQ(sent, 1);
    ben.kill();
    ben.sync();
    EXPECT_EQ(sent, 1);
}

// ---- A relay that lies ----

// Ana says three things; Ben reads through a relay that changes the first answer with messages.
template <class Change>
std::vector<std::string> read_through(Pair& two, Change change) {
    for (const char* text : {"one", "two", "three"}) {
        static_cast<void>(two.ana.run(client::SendText{two.chat, text}));
    }
    bool changed = false;
    two.ben.wire.reply = [&](client::ReplyBody& body) {
        auto* read = std::get_if<wire::ReadTopic::Reply>(&body);
        if (read != nullptr && read->envelopes.size() >= 3 && !changed) {
            changed = true;
            change(*read);
        }
        return true;
    };
    two.ben.sync();
    EXPECT_TRUE(changed);
    return two.ben.complaints();
}

// What the lie hid is read from the next answer that is true.
void expect_whole_afterwards(World& world, Pair& two) {
    two.ben.wire.reply = nullptr;
    world.clock.set(world.clock.now().plus_ms(kMinuteMs));
    two.ben.sync();
    EXPECT_EQ(two.ben.texts(two.chat), (std::vector<std::string>{"one", "two", "three"}));
}

TEST(Faults, ARelayThatDropsIsNoticed) {
    World world;
    Pair two(world);
    const auto complaints =
        read_through(two, [](auto& reply) { reply.envelopes.erase(reply.envelopes.begin() + 1); });
    EXPECT_TRUE(contains(complaints, "CLT-20"));
    expect_whole_afterwards(world, two);
}

TEST(Faults, ARelayThatRepeatsIsNoticed) {
    World world;
    Pair two(world);
    const auto complaints = read_through(two, [](auto& reply) {
        auto again = reply.envelopes[0];
        again.sequence = reply.envelopes[2].sequence + 1;
        reply.envelopes.push_back(again);
    });
    // The copy has a place of its own, and no second message.
    EXPECT_EQ(two.ben.texts(two.chat), (std::vector<std::string>{"one", "two", "three"}));
    EXPECT_TRUE(contains(complaints, "CLT-25"));
}

TEST(Faults, ARelayThatReordersIsNoticed) {
    World world;
    Pair two(world);
    const auto complaints =
        read_through(two, [](auto& reply) { std::swap(reply.envelopes[0], reply.envelopes[1]); });
    EXPECT_TRUE(contains(complaints, "CLT-20"));
    expect_whole_afterwards(world, two);
}

TEST(Faults, ARelayThatMovesAMessageToAnotherEpochIsNoticed) {
    World world;
    Pair two(world);
    const auto complaints = read_through(two, [](auto& reply) { reply.envelopes[0].epoch += 1; });
    EXPECT_TRUE(contains(complaints, "CLT-21"));
    expect_whole_afterwards(world, two);
}

TEST(Faults, ARelayThatAltersAMessageIsNoticed) {
    World world;
    Pair two(world);
    const auto complaints =
        read_through(two, [](auto& reply) { reply.envelopes[1].payload.back() ^= 1; });
    EXPECT_TRUE(contains(complaints, "CLT-25"));
    const auto messages = two.ben.messages(two.chat);
    ASSERT_EQ(messages.size(), 3u);
    EXPECT_EQ(messages[1].reason->check, "CLT-25");
}

TEST(Faults, ARelayThatWithholdsWhatItToldOfIsNoticed) {
    World world;
    Pair two(world);
    static_cast<void>(two.ben.run(client::SendText{two.chat, "mine"}));
    two.ben.wire.reply = [](client::ReplyBody& body) {
        if (auto* read = std::get_if<wire::ReadTopic::Reply>(&body)) {
            read->envelopes.clear();
        }
        return true;
    };
    two.ben.sync();
    EXPECT_TRUE(contains(two.ben.complaints(), "CLT-27"));
}

// Ana adds Cleo; Ben reads the commit through a relay that changes it.
template <class Change>
std::vector<std::string> follow_through(World& world, Pair& two, Change change) {
    Person cleo(world, "cleo");
    cleo.sign_in();
    static_cast<void>(two.ana.run(client::AddMembers{two.chat, {cleo.account()}}));
    two.ben.wire.reply = [&](client::ReplyBody& body) {
        if (auto* read = std::get_if<wire::ReadTopic::Reply>(&body)) {
            for (wire::Envelope& envelope : read->envelopes) {
                if (envelope.kind == wire::EnvelopeKind::bundle) {
                    change(envelope);
                }
            }
        }
        return true;
    };
    two.ben.sync();
    two.ben.wire.reply = nullptr;
    return two.ben.complaints();
}

void expect_same_epoch_afterwards(World& world, Pair& two) {
    world.clock.set(world.clock.now().plus_ms(kMinuteMs));
    two.ben.sync();
    EXPECT_EQ(two.ana.chat(two.chat).epoch_authenticator,
              two.ben.chat(two.chat).epoch_authenticator);
}

TEST(Faults, ACommitWithoutTheRelaysProofIsNotFollowed) {
    World world;
    Pair two(world);
    const auto complaints = follow_through(
        world, two, [](wire::Envelope& envelope) { envelope.acceptance->signature[0] ^= 1; });
    EXPECT_TRUE(contains(complaints, "CLT-22"));
    expect_same_epoch_afterwards(world, two);
}

TEST(Faults, AProofOfAnotherCommitIsNotBelieved) {
    World world;
    Pair two(world);
    const auto complaints =
        follow_through(world, two, [](wire::Envelope& envelope) { envelope.payload.back() ^= 1; });
    EXPECT_TRUE(contains(complaints, "CLT-23"));
    expect_same_epoch_afterwards(world, two);
}

}  // namespace
}  // namespace chatmcp::testing
