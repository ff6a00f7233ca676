#include "relay/topic_reader.h"

#include <gtest/gtest.h>

#include "relay/relay_testing.h"

namespace chatmcp::relay {
namespace {

struct Reading : ::testing::Test {
    TestRelay server;
    TestGroup group{"group", server.relay};

    template <class Request>
    auto send(const Request& request) {
        return server.relay.handle(request, server.peer);
    }
    std::string read(std::uint64_t epoch,
                     std::uint64_t after = 0,
                     std::uint32_t limit = wire::kReadLimitMax) {
        return show(send(group.read(epoch, after, server.challenge(), limit)));
    }
    void say(std::uint64_t epoch, std::string_view payload) {
        ASSERT_EQ(check_of(send(group.message(epoch, payload))), "ok");
    }
    void SetUp() override { ASSERT_EQ(check_of(send(group.create())), "ok"); }
    void commit(std::uint64_t epoch) {
        ASSERT_EQ(check_of(send(group.bundle(epoch, "c" + std::to_string(epoch)))), "ok");
    }
};

TEST_F(Reading, AnEpochsKeyGivesItsEnvelopesAndTheBundleThatEndsItAndNothingLater) {
    say(0, "a");
    commit(0);
    say(1, "b");
    say(1, "c");
    commit(1);
    say(2, "d");
    EXPECT_EQ(read(0), "1:a 2:*c0 (ended)");
    EXPECT_EQ(read(1), "3:b 4:c 5:*c1 (ended)");
    EXPECT_EQ(read(1, 3), "4:c 5:*c1 (ended)");
    EXPECT_EQ(read(1, 5), "(ended)");
    EXPECT_EQ(read(1, 1000), "(ended)");
    EXPECT_EQ(read(2), "6:d ");
    EXPECT_EQ(read(2, 6), "");
    EXPECT_EQ(read(3), "RLY-10");
}

TEST_F(Reading, ALimitCutsTheAnswerAndSaysThatThereIsMore) {
    say(0, "a");
    say(0, "b");
    commit(0);
    EXPECT_EQ(read(0, 0, 1), "1:a (more)");
    EXPECT_EQ(read(0, 1, 1), "2:b (more)");
    EXPECT_EQ(read(0, 2, 1), "3:*c0 (ended)");
    EXPECT_EQ(read(0, 0, 2), "1:a 2:b (more)");
    EXPECT_EQ(read(0, 0, 3), "1:a 2:b 3:*c0 (ended)");
    EXPECT_EQ(read(0, 0, 0), "RLY-15");
    EXPECT_EQ(read(0, 0, wire::kReadLimitMax + 1), "RLY-15");
}

TEST_F(Reading, AnswersStayBoundedInBytes) {
    const std::string large(wire::kEnvelopeMaxBytes, 'x');
    for (int i = 0; i < 12; ++i) {
        say(0, std::to_string(i) + large.substr(10));
    }
    std::uint64_t after = 0;
    std::size_t got = 0;
    bool more = true;
    while (more) {
        const auto reply = send(group.read(0, after, server.challenge()));
        ASSERT_TRUE(reply.has_value());
        ASSERT_FALSE(reply->envelopes.empty());
        EXPECT_LE(reply->envelopes.size(), kReadBytesMax / wire::kEnvelopeMaxBytes + 1);
        got += reply->envelopes.size();
        after = reply->envelopes.back().sequence;
        more = reply->more;
    }
    EXPECT_EQ(got, 12u);
}

TEST_F(Reading, AReadNeedsAChallengeOfThisRelayThatIsFresh) {
    say(0, "a");
    Bytes challenge = server.challenge();
    EXPECT_EQ(show(send(group.read(0, 0, challenge))), "1:a ");
    EXPECT_EQ(show(send(group.read(0, 0, challenge))), "1:a ");  // Within its five minutes.
    server.clock.pass_ms(wire::kChallengeLifetimeMs - 1);
    EXPECT_EQ(show(send(group.read(0, 0, challenge))), "1:a ");
    server.clock.pass_ms(1);
    EXPECT_EQ(show(send(group.read(0, 0, challenge))), "RLY-03");
    challenge = server.challenge();
    server.clock.pass_ms(-1);
    EXPECT_EQ(show(send(group.read(0, 0, challenge))), "RLY-03");  // From the future.
    for (const std::size_t position : {std::size_t{0}, std::size_t{10}, challenge.size() - 1}) {
        Bytes forged = challenge;
        forged[position] ^= 1;
        EXPECT_EQ(show(send(group.read(0, 0, forged))), "RLY-02");
    }
    EXPECT_EQ(show(send(group.read(0, 0, {}))), "RLY-02");
    // What another relay gave is nothing here.
    TestRelay other;
    EXPECT_EQ(other.relay.public_key(), server.relay.public_key());
    const auto key = key_named("other relay");
    store::MemoryStore store;
    crypto::SystemRandom random;
    Relay stranger(store, key.clone(), server.clock, random);
    const auto foreign = stranger.handle(wire::GetChallenge{}, server.peer)->challenge;
    EXPECT_EQ(show(send(group.read(0, 0, foreign))), "RLY-02");
}

TEST_F(Reading, ASignatureHoldsForOneCursorOfOneOperation) {
    say(0, "a");
    wire::ReadTopic read_request = group.read(0, 1, server.challenge());
    read_request.after = 0;
    EXPECT_EQ(show(send(read_request)), "RLY-05");
    const wire::SubscribeTopic subscribe = group.subscribe(0, 0, server.challenge());
    read_request = group.read(0, 0, subscribe.challenge);
    read_request.signature = subscribe.signature;
    EXPECT_EQ(show(send(read_request)), "RLY-05");
}

TEST_F(Reading, AfterItsTimeHistoryIsGoneAndTheReaderIsTold) {
    say(0, "a");
    server.clock.pass_ms(10 * kDayMs);
    say(0, "b");
    commit(0);
    say(1, "c");
    server.clock.pass_ms(20 * kDayMs);
    // "a" is over its time; what follows is there for whoever has seen "a", or asks for the oldest.
    EXPECT_EQ(read(0, 0), "RLY-16");
    EXPECT_EQ(code_of(send(group.read(0, 0, server.challenge()))), Errc::history_expired);
    EXPECT_EQ(read(0, 1), "2:b 3:*c0 (ended)");
    EXPECT_EQ(read(0, wire::kReadFromOldest), "2:b 3:*c0 (ended)");
    server.clock.pass_ms(10 * kDayMs);
    EXPECT_EQ(read(0, 1), "RLY-16");
    EXPECT_EQ(read(0, wire::kReadFromOldest),
              "RLY-16");  // The epoch's key went with its envelopes.
    EXPECT_EQ(read(1, 0), "RLY-16");
    EXPECT_EQ(read(1, 4), "");
    EXPECT_EQ(read(1, wire::kReadFromOldest), "");
    // The same once the rows are deleted, and the topic goes on.
    while (server.relay.expire().value() > 0) {
    }
    EXPECT_EQ(read(0, 1), "RLY-16");
    EXPECT_EQ(read(1, 0), "RLY-16");
    say(1, "d");
    EXPECT_EQ(read(1, 4), "5:d ");
    EXPECT_EQ(read(1, wire::kReadFromOldest), "5:d ");
    // A publish into an epoch that is long forgotten is stale and nothing else.
    EXPECT_EQ(check_of(send(group.message(0, "late"))), "RLY-09");
    EXPECT_EQ(check_of(send(group.create())), "ok");
}

TEST_F(Reading, AStreamGivesWhatIsThereThenWhatComesAndEndsWithItsEpoch) {
    say(0, "a");
    auto stream = server.relay.subscribe(group.subscribe(0, 0, server.challenge()), server.peer);
    ASSERT_TRUE(stream.has_value());
    EXPECT_EQ(stream->topic(), group.topic());
    EXPECT_EQ(show(server.relay.read_next(*stream)), "1:a ");
    EXPECT_EQ(show(server.relay.read_next(*stream)), "");
    const int told = server.listener.topic(group.topic());
    say(0, "b");
    EXPECT_EQ(server.listener.topic(group.topic()), told + 1);
    server.clock.pass_ms(kDayMs);  // The challenge counts when the stream is opened only.
    EXPECT_EQ(show(server.relay.read_next(*stream)), "2:b ");
    commit(0);
    say(1, "c");
    EXPECT_EQ(show(server.relay.read_next(*stream)), "3:*c0 (ended)");
    EXPECT_EQ(show(server.relay.read_next(*stream)), "(ended)");

    auto later = server.relay.subscribe(group.subscribe(1, 3, server.challenge()), server.peer);
    ASSERT_TRUE(later.has_value());
    EXPECT_EQ(show(server.relay.read_next(*later)), "4:c ");
}

TEST_F(Reading, AStreamHoldsLittleReadyAndGivesAllInOrder) {
    const std::string large(wire::kEnvelopeMaxBytes - 10, 'x');
    for (int i = 0; i < 4; ++i) {
        say(0, std::to_string(i) + large);
    }
    for (int i = 0; i < 4; ++i) {
        say(0, std::to_string(i));
    }
    auto stream = server.relay.subscribe(group.subscribe(0, 0, server.challenge()), server.peer);
    ASSERT_TRUE(stream.has_value());
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
        const auto page = server.relay.read_next(*stream);
        ASSERT_TRUE(page.has_value());
        ASSERT_EQ(page->envelopes.size(), 1u);
        EXPECT_EQ(page->envelopes[0].sequence, sequence);
        EXPECT_TRUE(page->more);
    }
    EXPECT_EQ(show(server.relay.read_next(*stream)), "5:0 6:1 7:2 8:3 ");
}

TEST_F(Reading, AStreamFromTheOldestGoesOnWhereItIs) {
    auto stream = server.relay.subscribe(
        group.subscribe(0, wire::kReadFromOldest, server.challenge()), server.peer);
    ASSERT_TRUE(stream.has_value());
    EXPECT_EQ(show(server.relay.read_next(*stream)), "");
    say(0, "a");
    EXPECT_EQ(show(server.relay.read_next(*stream)), "1:a ");
    EXPECT_EQ(show(server.relay.read_next(*stream)), "");
}

}  // namespace
}  // namespace chatmcp::relay
