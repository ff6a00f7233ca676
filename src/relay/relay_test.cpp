#include "relay/relay.h"

#include <limits>

#include <gtest/gtest.h>

#include "relay/records.h"
#include "relay/relay_testing.h"
#include "store/store.h"
#include "support/formats.h"

namespace chatmcp::relay {
namespace {

TEST(RelayMetrics, EachRequestAndRefusalIsCountedOnceAndNobodyIsNamed) {
    TestRelay server;
    const TestGroup group("group", server.relay);
    ASSERT_EQ(check_of(server.relay.handle(group.create(), server.peer)), "ok");
    ASSERT_EQ(check_of(server.relay.handle(group.message(0, "canary"), server.peer)), "ok");
    const auto forged = TestGroup::signed_with(key_named("stranger"), group.message(0, "x"));
    EXPECT_EQ(check_of(server.relay.handle(forged, server.peer)), "RLY-05");
    EXPECT_EQ(server.relay.metrics().requests("PublishMessage"), 2u);
    EXPECT_EQ(server.relay.metrics().requests("CreateTopic"), 1u);
    EXPECT_EQ(server.relay.metrics().refusals("RLY-05"), 1u);
    EXPECT_EQ(server.relay.metrics().refusals("RLY-06"), 0u);
    const std::string page = server.relay.metrics().prometheus_text();
    EXPECT_NE(page.find("chatmcp_relay_requests_total{method=\"PublishMessage\"} 2\n"),
              std::string::npos);
    EXPECT_NE(
        page.find(
            "chatmcp_relay_refusals_total{method=\"PublishMessage\",code=\"permission_denied\","
            "check=\"RLY-05\"} 1\n"),
        std::string::npos);
    EXPECT_EQ(page.find("canary"), std::string::npos);
    EXPECT_EQ(page.find("192.0.2"), std::string::npos);
}

TEST(RelayRecords, ReadBackWhatTheyWrite) {
    const TopicState state{.epoch = 7,
                           .admission_key = key_named("a").public_key(),
                           .first_sequence = 9,
                           .last_accepted_at = UnixMs{11},
                           .created_at = UnixMs{5},
                           .created_with = key_named("b").public_key(),
                           .followed = 3};
    const auto read_state = decode_record<TopicState>(wire::encode(state));
    ASSERT_TRUE(read_state.has_value());
    EXPECT_EQ(wire::encode(*read_state), wire::encode(state));
    // As an older build wrote it: nothing was followed then.
    Bytes older = wire::encode(state);
    older[0] = 1;
    older.resize(older.size() - 9);
    const auto read_older = decode_record<TopicState>(older);
    ASSERT_TRUE(read_older.has_value());
    EXPECT_EQ(read_older->created_with, state.created_with);
    EXPECT_FALSE(read_older->followed.has_value());
    const FollowedGroup group{.followed = 3, .group = text("group")};
    const auto read_group = decode_record<FollowedGroup>(wire::encode(group));
    ASSERT_TRUE(read_group.has_value());
    EXPECT_EQ(wire::encode(*read_group), wire::encode(group));
    const InboxRecord record{.kind = wire::InboxKind::readd,
                             .received_at = UnixMs{3},
                             .payload = text("payload"),
                             .acceptance = {}};
    const auto read_record = decode_record<InboxRecord>(wire::encode(record));
    ASSERT_TRUE(read_record.has_value());
    EXPECT_EQ(wire::encode(*read_record), wire::encode(record));
}

TEST(RelayRecords, HaveTheDocumentedBytes) {
    const auto run = [](std::uint8_t first) {
        wire::Ed25519Key key{};
        for (std::size_t i = 0; i < key.size(); ++i) {
            key[i] = static_cast<std::uint8_t>(first + i);
        }
        return key;
    };
    constexpr UnixMs kAccepted{1'780'000'000'123};
    const TopicState state{.epoch = 7,
                           .admission_key = run(0x60),
                           .first_sequence = 35,
                           .last_accepted_at = kAccepted,
                           .created_at = UnixMs{1'779'999'999'000},
                           .created_with = run(0x40),
                           .followed = 3};
    EXPECT_EQ(wire::encode(state), testing::format_vector("relay::TopicState"));
    const EpochRecord ended{.admission_key = run(0x60), .first_sequence = 35, .last_sequence = 42};
    EXPECT_EQ(wire::encode(ended), testing::format_vector("relay::EpochRecord"));
    const Bytes documented = testing::format_vector("relay::InboxRecord");
    const auto record = decode_record<InboxRecord>(documented);
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(record->kind, wire::InboxKind::welcome);
    EXPECT_EQ(record->received_at, kAccepted);
    EXPECT_EQ(record->payload.size(), 70u);
    ASSERT_TRUE(record->acceptance.has_value());
    EXPECT_EQ(record->acceptance->sequence, 42u);
    EXPECT_EQ(record->pass,
              (wire::Pass{wire::StampPass{.salt = run(0x20), .one_time_key = run(0xa0)}}));
    EXPECT_EQ(wire::encode(*record), documented);
    const FirstContactState contact{
        .policy = wire::InboxPolicy{.stamp_key = run(0),
                                    .own_price = 2'500'000,
                                    .token_digests = {run(0x40), run(0x60)}},
        .used = {{.one_time_key = run(0xa0), .bundle = run(0xc0), .used_at = kAccepted}}};
    const Bytes first_contact = testing::format_vector("relay::FirstContactState");
    EXPECT_EQ(wire::encode(contact), first_contact);
    EXPECT_EQ(wire::encode(decode_record<FirstContactState>(first_contact).value()), first_contact);
}

// What a relay of before passes wrote.
TEST(RelayRecords, AnInboxItemWithoutAPassIsRead) {
    const InboxRecord item{.kind = wire::InboxKind::kp_request,
                           .received_at = UnixMs{5},
                           .payload = {1},
                           .acceptance = {}};
    Bytes old = wire::encode(item);
    old[0] = 1;
    old.pop_back();
    const auto read = decode_record<InboxRecord>(old);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(wire::encode(*read), wire::encode(item));
}

TEST(RelayRecords, DamageInTheStoreIsAnErrorAndNeverACrash) {
    store::MemoryStore store;
    TestRelay server(store, {});
    const TestGroup group("group", server.relay);
    const store::Partition topic = topic_partition(group.topic());
    const auto damage = [&](Bytes state) {
        ASSERT_TRUE(store
                        .update(topic,
                                {},
                                kTestNow,
                                [&](const std::optional<store::Head>&) -> Result<store::Change> {
                                    store::Change change;
                                    change.state = state;
                                    change.entry = store::NewEntry{.expires_at = store::kNever,
                                                                   .value = text("junk")};
                                    return change;
                                })
                        .has_value());
    };
    damage({});
    EXPECT_EQ(check_of(server.relay.handle(group.message(0, "a"), server.peer)), "RLY-30");
    EXPECT_EQ(check_of(server.relay.handle(group.create(), server.peer)), "RLY-30");
    // A record of a later version is nothing that this program may guess at.
    const TopicState state{.epoch = 0,
                           .admission_key = group.key(0).public_key(),
                           .first_sequence = 1,
                           .last_accepted_at = kTestNow,
                           .created_at = kTestNow,
                           .created_with = group.key(0).public_key(),
                           .followed = {}};
    Bytes later = wire::encode(state);
    later[0] = 3;
    damage(later);
    EXPECT_EQ(code_of(server.relay.handle(group.message(0, "a"), server.peer)),
              Errc::storage_corrupt);
    damage(wire::encode(state));
    EXPECT_EQ(show(server.relay.handle(group.read(0, 0, server.challenge()), server.peer)),
              "RLY-30");
}

TEST(RelayRetention, ItsOwnLengthIsAnOption) {
    TestRelay server(RelayOptions{.retention_ms = kHourMs, .limits = {}, .version = "7"});
    const TestGroup group("group", server.relay);
    ASSERT_EQ(check_of(server.relay.handle(group.create(), server.peer)), "ok");
    ASSERT_EQ(check_of(server.relay.handle(group.message(0, "a"), server.peer)), "ok");
    server.clock.pass_ms(kHourMs - 1);
    EXPECT_EQ(show(server.relay.handle(group.read(0, 0, server.challenge()), server.peer)), "1:a ");
    server.clock.pass_ms(1);
    EXPECT_EQ(show(server.relay.handle(group.read(0, 0, server.challenge()), server.peer)),
              "RLY-16");
    EXPECT_EQ(server.relay.handle(wire::GetRelayInfo{}, server.peer)->version, "7");
}

}  // namespace
}  // namespace chatmcp::relay
