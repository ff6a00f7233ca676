#include "relay/admit.h"

#include <gtest/gtest.h>

#include "relay/relay_testing.h"

namespace chatmcp::relay {
namespace {

struct LoggingIn : ::testing::Test {
    TestRelay server;
    crypto::SigningKey bob = key_named("bob");

    Result<wire::Login::Reply> send(const wire::Login& login) {
        return server.relay.handle(login, server.peer);
    }
    std::string read_with(const Bytes& token) {
        return check_of(server.relay.handle(wire::ReadInbox{.token = token, .after = 0, .limit = 1},
                                            server.peer));
    }
};

TEST_F(LoggingIn, ARootKeyOpensItsInboxUntilTheLoginsTimeIsOver) {
    const auto reply = send(server.login_request(bob));
    ASSERT_TRUE(reply.has_value());
    EXPECT_LE(reply->token.size(), wire::kTokenMaxBytes);
    EXPECT_EQ(reply->expires_at, kTestNow.plus_ms(kTokenLifetimeMs));
    EXPECT_EQ(read_with(reply->token), "ok");
    server.clock.pass_ms(kTokenLifetimeMs - 1);
    EXPECT_EQ(read_with(reply->token), "ok");
    server.clock.pass_ms(1);
    EXPECT_EQ(read_with(reply->token), "RLY-21");
}

TEST_F(LoggingIn, ATokenWithAnyChangedByteIsRefused) {
    const Bytes token = server.token(bob);
    for (std::size_t i = 0; i < token.size(); ++i) {
        Bytes forged = token;
        forged[i] ^= 1;
        ASSERT_EQ(read_with(forged), "RLY-20") << i;
    }
    EXPECT_EQ(read_with({}), "RLY-20");
    EXPECT_EQ(read_with(Bytes(wire::kTokenMaxBytes)), "RLY-20");
    EXPECT_EQ(read_with(ByteView(token).first(token.size() - 1).empty()
                            ? Bytes{}
                            : to_bytes(ByteView(token).first(token.size() - 1))),
              "RLY-20");
    // A challenge is a MAC of the same relay, for another purpose.
    EXPECT_EQ(read_with(server.challenge()), "RLY-20");
}

TEST_F(LoggingIn, EveryMethodOfADeviceNeedsItsToken) {
    const Bytes forged(73, 1);
    const auto refused = [&](const auto& request) {
        return check_of(server.relay.handle(request, server.peer));
    };
    EXPECT_EQ(
        refused(wire::UploadKeyPackages{.token = forged, .key_packages = {}, .last_resort = {}}),
        "RLY-20");
    EXPECT_EQ(refused(wire::ReadInbox{.token = forged, .after = 0, .limit = 1}), "RLY-20");
    EXPECT_EQ(refused(wire::AckInbox{.token = forged, .sequence = 1}), "RLY-20");
    EXPECT_EQ(refused(wire::PutAgentEntry{.token = forged, .entry = {}}), "RLY-20");
    EXPECT_EQ(check_of(server.relay.subscribe(wire::SubscribeInbox{.token = forged, .after = 0},
                                              server.peer)),
              "RLY-20");
}

TEST_F(LoggingIn, ASignatureIsForOneRelayChallengeChannelAndKey) {
    wire::Login login = server.login_request(bob);
    login.signature[0] ^= 1;
    EXPECT_EQ(check_of(send(login)), "RLY-18");

    login = server.login_request(bob);
    login.root_key = key_named("mallory").public_key();
    EXPECT_EQ(check_of(send(login)), "RLY-18");

    login = server.login_request(bob);
    login.relay_key = key_named("another relay").public_key();
    TestRelay::sign(bob, login);
    EXPECT_EQ(check_of(send(login)), "RLY-01");

    login = server.login_request(bob);
    login.challenge[9] ^= 1;
    TestRelay::sign(bob, login);
    EXPECT_EQ(check_of(send(login)), "RLY-02");

    login = server.login_request(bob);
    server.clock.pass_ms(wire::kChallengeLifetimeMs);
    EXPECT_EQ(check_of(send(login)), "RLY-03");
}

TEST_F(LoggingIn, ALoginThatWasMadeForAnotherConnectionIsRefused) {
    // Somebody in the middle has bob sign for the connection to himself, and passes it on.
    wire::Login login = server.login_request(bob);
    login.channel = text("http://127.0.0.1:6666");
    TestRelay::sign(bob, login);
    EXPECT_EQ(check_of(send(login)), "RLY-17");
    EXPECT_EQ(code_of(send(login)), Errc::unauthenticated);
    // A server that knows no channel admits nobody.
    login.channel = {};
    TestRelay::sign(bob, login);
    EXPECT_EQ(check_of(server.relay.handle(login, {.source = server.peer.source, .channel = {}})),
              "RLY-17");
}

TEST_F(LoggingIn, LoginsAreLimitedBySource) {
    TestRelay strict(RelayOptions{.limits = {.logins_per_source = {.burst = 2, .per_hour = 60}}});
    EXPECT_EQ(check_of(strict.relay.handle(strict.login_request(bob), strict.peer)), "ok");
    EXPECT_EQ(check_of(strict.relay.handle(strict.login_request(bob), strict.peer)), "ok");
    EXPECT_EQ(check_of(strict.relay.handle(strict.login_request(bob), strict.peer)), "RLY-19");
    strict.clock.pass_ms(kMinuteMs);
    EXPECT_EQ(check_of(strict.relay.handle(strict.login_request(bob), strict.peer)), "ok");
}

TEST_F(LoggingIn, ChallengesNeverRepeatAndTheRelaySaysWhoItIs) {
    EXPECT_NE(server.challenge(), server.challenge());
    EXPECT_LE(server.challenge().size(), wire::kChallengeMaxBytes);
    const auto info = server.relay.handle(wire::GetRelayInfo{}, server.peer);
    EXPECT_EQ(info->relay_key, key_named("relay").public_key());
    EXPECT_EQ(info->now, kTestNow);
    EXPECT_EQ(info->version, "0");
}

}  // namespace
}  // namespace chatmcp::relay
