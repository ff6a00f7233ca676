#include "relay/mailbox.h"

#include <gtest/gtest.h>

#include "relay/inbox_usage.h"
#include "relay/relay_testing.h"

namespace chatmcp::relay {
namespace {

struct Mail : ::testing::Test {
    TestRelay server;
    TestGroup group{"group", server.relay};
    crypto::SigningKey bob = key_named("bob");
    wire::InboxId inbox = identity::inbox_id(bob.public_key());
    Bytes token = server.token(bob);

    template <class Request>
    auto send(const Request& request) {
        return server.relay.handle(request, server.peer);
    }
    Result<wire::SendInbox::Reply> put(std::string_view payload,
                                       wire::InboxKind kind = wire::InboxKind::kp_request) {
        return send(wire::SendInbox{.inbox = inbox, .kind = kind, .payload = text(payload)});
    }
    std::string read(std::uint64_t after = 0, std::uint32_t limit = 100) {
        const auto reply = send(wire::ReadInbox{.token = token, .after = after, .limit = limit});
        if (!reply.has_value()) {
            return reply.error().check;
        }
        std::string out;
        for (const wire::InboxItem& item : reply->items) {
            out += std::to_string(item.sequence) + ":" + to_text(item.payload) + " ";
            EXPECT_EQ(item.acceptance.has_value(), item.kind == wire::InboxKind::welcome);
        }
        return out + (reply->more ? "(more)" : "");
    }
};

TEST_F(Mail, AWelcomeIsReleasedByItsBundleWithItsAcceptance) {
    ASSERT_EQ(check_of(send(group.create())), "ok");
    const auto reply =
        send(group.bundle(0, "commit", {{.inbox = inbox, .welcome = text("welcome")}}));
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(server.listener.inbox(inbox), 1);
    const auto items = send(wire::ReadInbox{.token = token, .after = 0, .limit = 10});
    ASSERT_EQ(items->items.size(), 1u);
    const wire::InboxItem& item = items->items[0];
    EXPECT_EQ(item.kind, wire::InboxKind::welcome);
    EXPECT_EQ(item.payload, text("welcome"));
    EXPECT_EQ(item.received_at, kTestNow);
    EXPECT_EQ(wire::encode(*item.acceptance), wire::encode(reply->acceptance));
}

TEST_F(Mail, AWelcomeOfACommitThatLostIsNeverReleased) {
    ASSERT_EQ(check_of(send(group.create())), "ok");
    ASSERT_EQ(check_of(send(group.bundle(0, "first"))), "ok");
    EXPECT_EQ(check_of(send(group.bundle(0, "second", {{.inbox = inbox, .welcome = text("w")}}))),
              "RLY-09");
    EXPECT_EQ(read(), "");
    EXPECT_EQ(server.listener.inbox(inbox), 0);
}

TEST_F(Mail, ABundleThatIsRepeatedWelcomesOnce) {
    ASSERT_EQ(check_of(send(group.create())), "ok");
    const auto bundle = group.bundle(0, "commit", {{.inbox = inbox, .welcome = text("w")}});
    ASSERT_EQ(check_of(send(bundle)), "ok");
    ASSERT_EQ(check_of(send(bundle)), "ok");
    EXPECT_EQ(read(), "1:w ");
    EXPECT_EQ(server.listener.inbox(inbox), 1);
}

TEST_F(Mail, NobodyPutsAWelcomeInByHandOrAnUnknownKind) {
    EXPECT_EQ(check_of(put("w", wire::InboxKind::welcome)), "RLY-28");
    EXPECT_EQ(code_of(put("w", wire::InboxKind::welcome)), Errc::permission_denied);
    EXPECT_EQ(check_of(put("w", static_cast<wire::InboxKind>(0))), "RLY-27");
    EXPECT_EQ(check_of(put("w", static_cast<wire::InboxKind>(9))), "RLY-27");
    EXPECT_EQ(read(), "");
}

TEST_F(Mail, RequestsAreKeptADayAndOnceEach) {
    ASSERT_EQ(check_of(put("a")), "ok");
    ASSERT_EQ(check_of(put("a")), "ok");
    ASSERT_EQ(check_of(put("a", wire::InboxKind::kp_reply)), "ok");
    ASSERT_EQ(check_of(put("b", wire::InboxKind::readd)), "ok");
    EXPECT_EQ(read(), "1:a 2:a 3:b ");
    EXPECT_EQ(server.listener.inbox(inbox), 3);
    token = server.token(bob);
    server.clock.pass_ms(kDayMs - 1);
    token = server.token(bob);
    EXPECT_EQ(read(), "1:a 2:a 3:b ");
    server.clock.pass_ms(1);
    EXPECT_EQ(read(), "");
}

TEST_F(Mail, RequestsHaveALimitOfSize) {
    EXPECT_EQ(check_of(put(std::string(wire::kInboxPayloadMaxBytes, 'x'))), "ok");
    EXPECT_EQ(check_of(put(std::string(wire::kInboxPayloadMaxBytes + 1, 'x'))), "RLY-11");
    EXPECT_EQ(check_of(put("")), "RLY-12");
}

TEST_F(Mail, ItemsAreReadInPagesAndForgottenWhenAcknowledged) {
    for (const char* payload : {"a", "b", "c"}) {
        ASSERT_EQ(check_of(put(payload)), "ok");
    }
    EXPECT_EQ(read(0, 2), "1:a 2:b (more)");
    EXPECT_EQ(read(2, 2), "3:c ");
    EXPECT_EQ(read(0, 3), "1:a 2:b 3:c ");
    EXPECT_EQ(read(0, 0), "RLY-15");
    EXPECT_EQ(read(0, wire::kReadLimitMax + 1), "RLY-15");
    ASSERT_EQ(check_of(send(wire::AckInbox{.token = token, .sequence = 2})), "ok");
    EXPECT_EQ(read(), "3:c ");
    ASSERT_EQ(check_of(put("d")), "ok");
    EXPECT_EQ(read(3), "4:d ");
}

TEST_F(Mail, ALoginOpensItsOwnInboxAndNoOther) {
    ASSERT_EQ(check_of(put("for bob")), "ok");
    token = server.token(key_named("mallory"));
    EXPECT_EQ(read(), "");
    ASSERT_EQ(check_of(send(wire::AckInbox{.token = token, .sequence = 100})), "ok");
    token = server.token(bob);
    EXPECT_EQ(read(), "1:for bob ");
}

TEST_F(Mail, AStreamGivesWhatComesUntilTheLoginExpires) {
    ASSERT_EQ(check_of(put("a")), "ok");
    auto stream =
        server.relay.subscribe(wire::SubscribeInbox{.token = token, .after = 0}, server.peer);
    ASSERT_TRUE(stream.has_value());
    EXPECT_EQ(stream->inbox(), inbox);
    EXPECT_EQ(server.relay.read_next(*stream)->items.size(), 1u);
    EXPECT_EQ(server.relay.read_next(*stream)->items.size(), 0u);
    ASSERT_EQ(check_of(put("b")), "ok");
    EXPECT_EQ(server.relay.read_next(*stream)->items.at(0).payload, text("b"));
    server.clock.pass_ms(kTokenLifetimeMs);
    EXPECT_EQ(check_of(server.relay.read_next(*stream)), "RLY-21");
    EXPECT_EQ(code_of(server.relay.read_next(*stream)), Errc::unauthenticated);
}

TEST_F(Mail, AnInboxIsNotLookedThroughForEveryItem) {
    store::MemoryStore store;
    TestRelay relay(store, {});
    const auto one = [&](int i) {
        return check_of(relay.relay.handle(
            wire::SendInbox{
                .inbox = inbox, .kind = wire::InboxKind::readd, .payload = text(std::to_string(i))},
            relay.peer));
    };
    ASSERT_EQ(one(0), "ok");
    // Behind the relay's back, so that only a look at the store would notice.
    for (std::size_t i = 0; i < kInboxRoomOfRequests.items_max; ++i) {
        ASSERT_TRUE(store
                        .update({.space = store::Space::inbox, .id = inbox},
                                {},
                                relay.clock.now(),
                                [](const auto&) -> Result<store::Change> {
                                    store::Change change;
                                    change.entry = store::NewEntry{};
                                    return change;
                                })
                        .has_value());
    }
    EXPECT_EQ(one(1), "ok");
    relay.clock.pass_ms(kInboxRecountMs);
    EXPECT_EQ(one(2), "RLY-14");
}

TEST_F(Mail, AStreamHoldsLittleReadyAndGivesAllInOrder) {
    const std::string large(wire::kInboxPayloadMaxBytes - 1, 'x');
    for (int i = 0; i < 4; ++i) {
        ASSERT_EQ(check_of(put(std::to_string(i) + large)), "ok");
    }
    auto stream =
        server.relay.subscribe(wire::SubscribeInbox{.token = token, .after = 0}, server.peer);
    ASSERT_TRUE(stream.has_value());
    std::uint64_t sequence = 0;
    bool more = true;
    while (more) {
        const auto page = server.relay.read_next(*stream);
        ASSERT_TRUE(page.has_value());
        EXPECT_LE(page->items.size(), kStreamPage.bytes_max / large.size() + 1);
        for (const wire::InboxItem& item : page->items) {
            EXPECT_EQ(item.sequence, ++sequence);
        }
        more = page->more;
    }
    EXPECT_EQ(sequence, 4u);
}

TEST_F(Mail, AFloodOfOneInboxIsLimitedBySourceAndInAll) {
    TestRelay strict(
        RelayOptions{.limits = {.inbox_sends_per_inbox = {.burst = 6, .per_hour = 60},
                                .inbox_sends_per_inbox_and_source = {.burst = 4, .per_hour = 60}}});
    const auto flood = [&](std::string_view source, int from, int count) {
        int accepted = 0;
        for (int i = from; i < from + count; ++i) {
            const wire::SendInbox request{.inbox = inbox,
                                          .kind = wire::InboxKind::kp_request,
                                          .payload = text(std::to_string(i))};
            const auto check =
                check_of(strict.relay.handle(request, {.source = text(source), .channel = {}}));
            EXPECT_TRUE(check == "ok" || check == "RLY-29") << check;
            accepted += check == "ok" ? 1 : 0;
        }
        return accepted;
    };
    EXPECT_EQ(flood("first", 0, 20), 4);
    EXPECT_EQ(flood("second", 100, 20), 2);
    EXPECT_EQ(flood("third", 200, 20), 0);
    strict.clock.pass_ms(2 * kMinuteMs);
    EXPECT_EQ(flood("third", 300, 20), 2);
}

TEST_F(Mail, AFullInboxTakesNoMoreUntilSomethingIsAcknowledged) {
    TestRelay open(
        RelayOptions{.limits = {.inbox_sends_per_inbox = {.burst = 5000, .per_hour = 1},
                                .inbox_sends_per_inbox_and_source = {.burst = 5000, .per_hour = 1},
                                .welcomes_per_inbox = {.burst = 5000, .per_hour = 1},
                                .welcomes_per_inbox_and_source = {.burst = 5000, .per_hour = 1}}});
    const auto one = [&](int i) {
        return check_of(open.relay.handle(
            wire::SendInbox{
                .inbox = inbox, .kind = wire::InboxKind::readd, .payload = text(std::to_string(i))},
            open.peer));
    };
    const auto requests_max = static_cast<int>(kInboxRoomOfRequests.items_max);
    for (int i = 0; i < requests_max; ++i) {
        ASSERT_EQ(one(i), "ok");
    }
    EXPECT_EQ(one(-1), "RLY-14");
    // A flood of requests keeps no Welcome out; Welcomes alone fill the rest.
    const TestGroup other("other", open.relay);
    ASSERT_EQ(check_of(open.relay.handle(other.create(), open.peer)), "ok");
    std::uint64_t epoch = 0;
    const auto welcome = [&] {
        const auto bundle = other.bundle(epoch, "commit", {{.inbox = inbox, .welcome = text("w")}});
        const auto check = check_of(open.relay.handle(bundle, open.peer));
        epoch += check == "ok" ? 1 : 0;
        return check;
    };
    for (std::size_t i = kInboxRoomOfRequests.items_max; i < kInboxRoom.items_max; ++i) {
        ASSERT_EQ(welcome(), "ok");
    }
    // A bundle that welcomes there is refused whole: nothing is lost silently.
    EXPECT_EQ(welcome(), "RLY-14");
    const Bytes owner = open.token(bob);
    ASSERT_EQ(check_of(open.relay.handle(wire::AckInbox{.token = owner, .sequence = 1}, open.peer)),
              "ok");
    EXPECT_EQ(welcome(), "ok");
    EXPECT_EQ(one(-1), "RLY-14");
}

TEST_F(Mail, WelcomesOfStrangersAreLimitedPerInbox) {
    TestRelay strict(
        RelayOptions{.limits = {.welcomes_per_inbox = {.burst = 5, .per_hour = 60},
                                .welcomes_per_inbox_and_source = {.burst = 3, .per_hour = 60}}});
    int accepted = 0;
    for (int i = 0; i < 10; ++i) {
        const TestGroup spam("spam" + std::to_string(i), strict.relay);
        ASSERT_EQ(check_of(strict.relay.handle(spam.create(), strict.peer)), "ok");
        const auto bundle = spam.bundle(0, "commit", {{.inbox = inbox, .welcome = text("w")}});
        const auto check = check_of(strict.relay.handle(bundle, strict.peer));
        EXPECT_TRUE(check == "ok" || check == "RLY-13") << check;
        accepted += check == "ok" ? 1 : 0;
    }
    EXPECT_EQ(accepted, 3);
}

}  // namespace
}  // namespace chatmcp::relay
