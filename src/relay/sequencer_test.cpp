#include "relay/sequencer.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "relay/relay_testing.h"
#include "store/rocks_store.h"
#include "store/store_testing.h"

namespace chatmcp::relay {
namespace {

struct Sequencing : ::testing::Test {
    TestRelay server;
    TestGroup group{"group", server.relay};

    template <class Request>
    auto send(const Request& request) {
        return server.relay.handle(request, server.peer);
    }
    std::string read(std::uint64_t epoch, std::uint64_t after = 0) {
        return show(send(group.read(epoch, after, server.challenge())));
    }
    void create() { ASSERT_EQ(check_of(send(group.create())), "ok"); }
};

TEST_F(Sequencing, ACreateTakesTheTopicAndRepeatedGetsItsFirstAnswerAgain) {
    const auto first = send(group.create());
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->accepted_at, kTestNow);
    server.clock.pass_ms(1000);
    EXPECT_EQ(send(group.create())->accepted_at, kTestNow);
    ASSERT_EQ(check_of(send(group.bundle(0, "commit"))), "ok");
    EXPECT_EQ(send(group.create())->accepted_at, kTestNow);
    EXPECT_EQ(read(1), "");  // The topic is where it was.
}

TEST_F(Sequencing, ATopicIsCreatedUnderOneKeyOnly) {
    create();
    const auto stranger = key_named("stranger");
    wire::CreateTopic other = group.create();
    other.admission_key = stranger.public_key();
    other = TestGroup::signed_with(stranger, other);
    EXPECT_EQ(check_of(send(other)), "RLY-07");
    EXPECT_EQ(code_of(send(other)), Errc::already_exists);
}

TEST_F(Sequencing, ACreateIsSignedByTheKeyThatItNames) {
    EXPECT_EQ(check_of(send(TestGroup::signed_with(key_named("stranger"), group.create()))),
              "RLY-05");
    EXPECT_EQ(check_of(send(group.message(0, "hello"))), "RLY-06");
}

TEST_F(Sequencing, MessagesAndCommitsShareOneSequence) {
    create();
    EXPECT_EQ(send(group.message(0, "a"))->sequence, 1u);
    EXPECT_EQ(send(group.message(0, "b"))->sequence, 2u);
    EXPECT_EQ(send(group.bundle(0, "commit"))->acceptance.sequence, 3u);
    EXPECT_EQ(send(group.message(1, "c"))->sequence, 4u);
    EXPECT_EQ(read(0), "1:a 2:b 3:*commit (ended)");
    EXPECT_EQ(read(1), "4:c ");
}

TEST_F(Sequencing, AnAcceptanceNamesTheCommitItsPlaceAndTimeUnderTheRelaysKey) {
    create();
    ASSERT_EQ(check_of(send(group.message(0, "a"))), "ok");
    server.clock.pass_ms(5);
    const auto reply = send(group.bundle(0, "commit"));
    ASSERT_TRUE(reply.has_value());
    const wire::Acceptance& acceptance = reply->acceptance;
    EXPECT_EQ(acceptance.relay_key, server.relay.public_key());
    EXPECT_EQ(acceptance.topic, group.topic());
    EXPECT_EQ(acceptance.epoch, 0u);
    EXPECT_EQ(acceptance.commit_hash, crypto::sha256(as_bytes("commit")));
    EXPECT_EQ(acceptance.next_admission_key, group.key(1).public_key());
    EXPECT_EQ(acceptance.sequence, 2u);
    EXPECT_EQ(acceptance.accepted_at, UnixMs{kTestNow.value + 5});
    EXPECT_TRUE(
        wire::verify(server.relay.public_key(), acceptance, acceptance.signature).has_value());
    const auto stored = send(group.read(0, 1, server.challenge()));
    ASSERT_EQ(stored->envelopes.size(), 1u);
    EXPECT_EQ(wire::encode(*stored->envelopes[0].acceptance), wire::encode(acceptance));
}

TEST_F(Sequencing, WhatIsPublishedAgainByteForByteGetsItsFirstAnswerAgain) {
    create();
    const auto message = send(group.message(0, "a"));
    const auto bundle = send(group.bundle(0, "commit"));
    server.clock.pass_ms(kHourMs);
    ASSERT_EQ(check_of(send(group.message(1, "b"))), "ok");
    ASSERT_EQ(check_of(send(group.bundle(1, "next"))), "ok");
    const int told = server.listener.topic(group.topic());
    // Long after both epochs ended.
    EXPECT_EQ(send(group.message(0, "a"))->sequence, message->sequence);
    EXPECT_EQ(send(group.message(0, "a"))->accepted_at, message->accepted_at);
    EXPECT_EQ(wire::encode(send(group.bundle(0, "commit"))->acceptance),
              wire::encode(bundle->acceptance));
    EXPECT_EQ(server.listener.topic(group.topic()), told);
    EXPECT_EQ(read(0), "1:a 2:*commit (ended)");
}

TEST_F(Sequencing, AnEpochIsEndedByOneCommitOnly) {
    create();
    ASSERT_EQ(check_of(send(group.bundle(0, "first"))), "ok");
    const auto second = send(group.bundle(0, "second"));
    EXPECT_EQ(check_of(second), "RLY-09");
    EXPECT_EQ(code_of(second), Errc::stale_epoch);
    EXPECT_EQ(read(0), "1:*first (ended)");
}

TEST_F(Sequencing, MessagesAreAcceptedInTheCurrentEpochOnly) {
    create();
    ASSERT_EQ(check_of(send(group.bundle(0, "commit"))), "ok");
    EXPECT_EQ(check_of(send(group.message(0, "late"))), "RLY-09");
    EXPECT_EQ(check_of(send(group.message(2, "early"))), "RLY-10");
    EXPECT_EQ(code_of(send(group.message(2, "early"))), Errc::future_epoch);
    EXPECT_EQ(check_of(send(group.bundle(2, "early"))), "RLY-10");
    EXPECT_EQ(check_of(send(group.message(1, "now"))), "ok");
}

TEST_F(Sequencing, StrangersAndRemovedMembersTakeNoSlotAndPublishNothing) {
    create();
    ASSERT_EQ(check_of(send(group.bundle(0, "remove"))), "ok");
    // A stranger has no key of the group; who was removed has the keys before the commit only.
    for (const auto& key : {key_named("stranger"), group.key(0)}) {
        EXPECT_EQ(check_of(send(TestGroup::signed_with(key, group.message(1, "spam")))), "RLY-05");
        EXPECT_EQ(check_of(send(TestGroup::signed_with(key, group.bundle(1, "slot")))), "RLY-05");
        EXPECT_EQ(check_of(send(TestGroup::signed_with(key, group.read(1, 0, server.challenge())))),
                  "RLY-05");
        EXPECT_EQ(check_of(server.relay.subscribe(
                      TestGroup::signed_with(key, group.subscribe(1, 0, server.challenge())),
                      server.peer)),
                  "RLY-05");
    }
    EXPECT_EQ(read(1), "");
    EXPECT_EQ(read(0), "1:*remove (ended)");
}

TEST_F(Sequencing, ASignatureHoldsForItsOperationBodyTopicAndRelayAlone) {
    create();
    wire::PublishMessage message = group.message(0, "a");
    message.payload = text("b");
    EXPECT_EQ(check_of(send(message)), "RLY-05");

    const TestGroup other("other", server.relay);
    ASSERT_EQ(check_of(send(other.create())), "ok");
    message = group.message(0, "a");
    message.topic = other.topic();
    EXPECT_EQ(check_of(send(message)), "RLY-05");

    wire::PublishBundle bundle = group.bundle(0, "commit", {{.inbox = {}, .welcome = text("w")}});
    bundle.welcomes[0].inbox[0] = 1;
    EXPECT_EQ(check_of(send(bundle)), "RLY-05");
    bundle = group.bundle(0, "commit");
    bundle.next_admission_key = key_named("thief").public_key();
    EXPECT_EQ(check_of(send(bundle)), "RLY-05");

    message = group.message(0, "a");
    message.relay_key = key_named("another relay").public_key();
    message = TestGroup::signed_with(group.key(0), message);
    EXPECT_EQ(check_of(send(message)), "RLY-01");
}

TEST_F(Sequencing, WhatIsEmptyOrTooLargeIsRefused) {
    create();
    EXPECT_EQ(check_of(send(group.message(0, ""))), "RLY-12");
    EXPECT_EQ(check_of(send(group.message(0, std::string(wire::kEnvelopeMaxBytes, 'x')))), "ok");
    EXPECT_EQ(check_of(send(group.message(0, std::string(wire::kEnvelopeMaxBytes + 1, 'x')))),
              "RLY-11");
    EXPECT_EQ(check_of(send(group.bundle(0, ""))), "RLY-12");
    EXPECT_EQ(check_of(send(group.bundle(0, std::string(wire::kCommitMaxBytes + 1, 'x')))),
              "RLY-11");
    EXPECT_EQ(check_of(send(group.bundle(0, "c", {{.inbox = {}, .welcome = {}}}))), "RLY-12");
    EXPECT_EQ(check_of(send(group.bundle(
                  0, "c", {{.inbox = {}, .welcome = Bytes(wire::kWelcomeMaxBytes + 1)}}))),
              "RLY-11");
    EXPECT_EQ(
        check_of(send(group.bundle(0,
                                   "c",
                                   std::vector<wire::WelcomeDelivery>(
                                       wire::kWelcomesMax + 1, {.inbox = {}, .welcome = {1}})))),
        "RLY-11");
    EXPECT_EQ(check_of(send(
                  group.bundle(0,
                               "c",
                               std::vector<wire::WelcomeDelivery>(
                                   5, {.inbox = {}, .welcome = Bytes(wire::kWelcomeMaxBytes)})))),
              "RLY-11");
    EXPECT_EQ(read(0, 1), "");
}

TEST_F(Sequencing, AcceptanceTimesFollowTheSequenceUnlessTheClockWasFarWrong) {
    create();
    server.clock.pass_ms(10'000);
    const auto first = send(group.message(0, "a"));
    server.clock.pass_ms(-5'000);
    EXPECT_EQ(send(group.message(0, "b"))->accepted_at, first->accepted_at);
    EXPECT_EQ(send(group.bundle(0, "c"))->acceptance.accepted_at, first->accepted_at);
    server.clock.pass_ms(-10 * kDayMs);
    EXPECT_EQ(send(group.message(1, "d"))->accepted_at, server.clock.now());
}

TEST_F(Sequencing, AFloodOfTopicsIsLimitedBySource) {
    TestRelay strict(RelayOptions{.limits = {.creates_per_source = {.burst = 3, .per_hour = 60}}});
    int refused = 0;
    for (int i = 0; i < 10; ++i) {
        const TestGroup flood("flood" + std::to_string(i), strict.relay);
        refused += check_of(strict.relay.handle(flood.create(), strict.peer)) == "RLY-08" ? 1 : 0;
    }
    EXPECT_EQ(refused, 7);
    // A create that is repeated costs nothing; another source has its own allowance; time gives it
    // back.
    const TestGroup known("flood0", strict.relay);
    const TestGroup fresh("fresh", strict.relay);
    EXPECT_EQ(check_of(strict.relay.handle(known.create(), strict.peer)), "ok");
    const Peer elsewhere{.source = text("192.0.2.2"), .channel = {}};
    EXPECT_EQ(check_of(strict.relay.handle(fresh.create(), elsewhere)), "ok");
    strict.clock.pass_ms(kMinuteMs);
    const TestGroup later("later", strict.relay);
    EXPECT_EQ(check_of(strict.relay.handle(later.create(), strict.peer)), "ok");
}

TEST_F(Sequencing, OneSourceDoesNotFillTheDiskWithGroupsOfItsOwn) {
    TestRelay strict(
        RelayOptions{.limits = {.published_kib_per_source = {.burst = 100, .per_hour = 60}}});
    const TestGroup own("own", strict.relay);
    ASSERT_EQ(check_of(strict.relay.handle(own.create(), strict.peer)), "ok");
    const std::string large(50'000, 'x');
    EXPECT_EQ(check_of(strict.relay.handle(own.message(0, "1" + large), strict.peer)), "ok");
    EXPECT_EQ(check_of(strict.relay.handle(own.message(0, "2" + large), strict.peer)), "ok");
    EXPECT_EQ(check_of(strict.relay.handle(own.message(0, "3" + large), strict.peer)), "RLY-35");
    EXPECT_EQ(check_of(strict.relay.handle(own.bundle(0, "3" + large), strict.peer)), "RLY-35");
    EXPECT_EQ(check_of(strict.relay.handle(own.message(0, "small"), strict.peer)), "ok");
    const Peer elsewhere{.source = text("192.0.2.9"), .channel = {}};
    EXPECT_EQ(check_of(strict.relay.handle(own.message(0, "3" + large), elsewhere)), "ok");
}

TEST_F(Sequencing, WhoIsRefusedTooOftenIsNoLongerListenedTo) {
    TestRelay strict(RelayOptions{.limits = {.refusals_per_source = {.burst = 5, .per_hour = 60}}});
    const TestGroup target("group", strict.relay);
    ASSERT_EQ(check_of(strict.relay.handle(target.create(), strict.peer)), "ok");
    const Peer stranger{.source = text("198.51.100.7"), .channel = {}};
    const auto forged = TestGroup::signed_with(key_named("stranger"), target.message(0, "spam"));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(check_of(strict.relay.handle(forged, stranger)), "RLY-05");
    }
    EXPECT_EQ(check_of(strict.relay.handle(forged, stranger)), "RLY-04");
    EXPECT_EQ(code_of(strict.relay.handle(forged, stranger)), Errc::rate_limited);
    // The group goes on.
    EXPECT_EQ(check_of(strict.relay.handle(target.message(0, "a"), strict.peer)), "ok");
    strict.clock.pass_ms(kMinuteMs);
    EXPECT_EQ(check_of(strict.relay.handle(forged, stranger)), "RLY-05");
}

// ---- Races ----

void race_for_epochs(store::Store& store, int epochs) {
    TestRelay server(store, {});
    const TestGroup group("group", server.relay);
    ASSERT_EQ(check_of(server.relay.handle(group.create(), server.peer)), "ok");
    for (int epoch = 0; epoch < epochs; ++epoch) {
        const auto at = static_cast<std::uint64_t>(epoch);
        std::array<std::string, 2> outcome;
        std::array<std::thread, 2> members;
        for (std::size_t i = 0; i < 2; ++i) {
            members.at(i) = std::thread([&, i] {
                const auto commit = "member " + std::to_string(i) + " epoch " + std::to_string(at);
                outcome.at(i) =
                    check_of(server.relay.handle(group.bundle(at, commit), server.peer));
                // Meanwhile messages of whichever epoch is the current one.
                static_cast<void>(server.relay.handle(group.message(at, commit), server.peer));
            });
        }
        for (std::thread& member : members) {
            member.join();
        }
        std::sort(outcome.begin(), outcome.end());
        ASSERT_EQ(outcome[0], "RLY-09") << "epoch " << epoch;
        ASSERT_EQ(outcome[1], "ok") << "epoch " << epoch;
        const auto reply = server.relay.handle(group.read(at, 0, server.challenge()), server.peer);
        ASSERT_TRUE(reply.has_value());
        EXPECT_TRUE(reply->epoch_ended);
        EXPECT_EQ(reply->envelopes.back().kind, wire::EnvelopeKind::bundle);
    }
}

TEST(SequencerRace, TwoWhoWantOneEpochAHundredTimesGiveOneWinnerEachTime) {
    store::MemoryStore store;
    race_for_epochs(store, 100);
}

TEST(SequencerRace, TheSameOnDisk) {
    const store::TemporaryFolder folder;
    const auto store = store::RocksStore::open(folder.file("store"));
    ASSERT_TRUE(store.has_value());
    race_for_epochs(**store, 100);
}

TEST(SequencerRestart, EverythingAcknowledgedIsThereAfterwards) {
    const store::TemporaryFolder folder;
    wire::Acceptance acceptance;
    Bytes token;
    const auto inbox = identity::inbox_id(key_named("bob").public_key());
    {
        const auto store = store::RocksStore::open(folder.file("store"));
        TestRelay server(**store, {});
        const TestGroup group("group", server.relay);
        ASSERT_EQ(check_of(server.relay.handle(group.create(), server.peer)), "ok");
        ASSERT_EQ(check_of(server.relay.handle(group.message(0, "a"), server.peer)), "ok");
        const auto reply = server.relay.handle(
            group.bundle(0, "commit", {{.inbox = inbox, .welcome = text("welcome")}}), server.peer);
        acceptance = reply->acceptance;
        token = server.token(key_named("bob"));
    }
    const auto store = store::RocksStore::open(folder.file("store"));
    ASSERT_TRUE(store.has_value());
    TestRelay server(**store, {});
    const TestGroup group("group", server.relay);
    EXPECT_EQ(show(server.relay.handle(group.read(0, 0, server.challenge()), server.peer)),
              "1:a 2:*commit (ended)");
    EXPECT_EQ(check_of(server.relay.handle(group.bundle(0, "another"), server.peer)), "RLY-09");
    const auto again = server.relay.handle(
        group.bundle(0, "commit", {{.inbox = inbox, .welcome = text("welcome")}}), server.peer);
    EXPECT_EQ(wire::encode(again->acceptance), wire::encode(acceptance));
    // A login outlives the process, and the welcome came once.
    const auto items =
        server.relay.handle(wire::ReadInbox{.token = token, .after = 0, .limit = 10}, server.peer);
    ASSERT_TRUE(items.has_value());
    EXPECT_EQ(items->items.size(), 1u);
}

}  // namespace
}  // namespace chatmcp::relay
