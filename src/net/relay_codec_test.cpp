#include "net/relay_codec.h"

#include <numeric>

#include <gtest/gtest.h>

#include "net/message_codec.h"

namespace chatmcp::net {
namespace {

template <std::size_t N>
ByteArray<N> filled(std::uint8_t first) {
    ByteArray<N> out;
    std::iota(out.begin(), out.end(), first);
    return out;
}

wire::Acceptance acceptance() {
    wire::Acceptance out;
    out.relay_key = filled<32>(1);
    out.topic = filled<32>(2);
    out.epoch = 3;
    out.commit_hash = filled<32>(4);
    out.next_admission_key = filled<32>(5);
    out.sequence = ~std::uint64_t{0};
    out.accepted_at = UnixMs{1'790'000'000'123};
    out.signature = filled<64>(6);
    return out;
}

wire::Envelope bundle() {
    return wire::Envelope{.sequence = 7,
                          .epoch = 3,
                          .kind = wire::EnvelopeKind::bundle,
                          .accepted_at = UnixMs{1},
                          .payload = {1, 2, 3},
                          .acceptance = acceptance()};
}

wire::InboxItem welcome() {
    return wire::InboxItem{.sequence = 9,
                           .kind = wire::InboxKind::welcome,
                           .received_at = UnixMs{2},
                           .payload = {4, 5},
                           .acceptance = acceptance()};
}

template <class Request>
Request admitted() {
    Request request;
    request.relay_key = filled<32>(10);
    request.topic = filled<32>(11);
    request.signature = filled<64>(12);
    return request;
}

// What a request has, compared through its encoding: the structures have no operator==.
template <class WireRequest>
void expect_request_survives(const WireRequest& request) {
    using Message = typename Rpc<WireRequest>::Request;
    Message first;
    encode_request(request, first);
    EXPECT_LE(first.ByteSizeLong(), Rpc<WireRequest>::kRequestMaxBytes);
    for (const Codec codec : {Codec::proto, Codec::json}) {
        const auto body = encode_message(codec, first);
        ASSERT_TRUE(body.has_value());
        Message received;
        ASSERT_TRUE(decode_message(codec, *body, received).has_value());
        const auto decoded = decode_request(received);
        ASSERT_TRUE(decoded.has_value()) << Rpc<WireRequest>::kPath << decoded.error().check;
        Message second;
        encode_request(*decoded, second);
        EXPECT_EQ(second.SerializeAsString(), first.SerializeAsString()) << Rpc<WireRequest>::kPath;
    }
}

template <class WireRequest>
void expect_reply_survives(const typename WireRequest::Reply& reply) {
    using Message = typename Rpc<WireRequest>::Response;
    Message first;
    encode_reply(reply, first);
    const auto decoded = decode_reply(first);
    ASSERT_TRUE(decoded.has_value()) << Rpc<WireRequest>::kPath << decoded.error().check;
    Message second;
    encode_reply(*decoded, second);
    EXPECT_EQ(second.SerializeAsString(), first.SerializeAsString()) << Rpc<WireRequest>::kPath;
}

wire::PublishBundle sample_bundle() {
    auto out = admitted<wire::PublishBundle>();
    out.epoch = 1;
    out.commit = {1};
    out.next_admission_key = filled<32>(20);
    out.welcomes.push_back({.inbox = filled<32>(21), .welcome = {2}});
    return out;
}

wire::ReadTopic sample_read() {
    auto out = admitted<wire::ReadTopic>();
    out.after = wire::kReadFromOldest;
    out.limit = 5;
    out.challenge = {1, 2};
    return out;
}

TEST(RelayCodec, EveryRequestForATopicSurvives) {
    auto create = admitted<wire::CreateTopic>();
    create.admission_key = filled<32>(19);
    expect_request_survives(create);
    create.group_info = Bytes(wire::kGroupInfoMaxBytes, 7);
    expect_request_survives(create);
    expect_request_survives(sample_bundle());
    auto publish = admitted<wire::PublishMessage>();
    publish.epoch = 2;
    publish.payload = Bytes(wire::kEnvelopeMaxBytes, 7);
    expect_request_survives(publish);
    expect_request_survives(sample_read());
    auto subscribe = admitted<wire::SubscribeTopic>();
    subscribe.after = 4;
    subscribe.challenge = {9};
    expect_request_survives(subscribe);
}

TEST(RelayCodec, EveryRequestOfADeviceSurvives) {
    expect_request_survives(wire::GetRelayInfo());
    expect_request_survives(wire::GetChallenge());
    const wire::Login login{.relay_key = filled<32>(1),
                            .root_key = filled<32>(2),
                            .challenge = {3},
                            .channel = {4},
                            .signature = filled<64>(5)};
    expect_request_survives(login);
    expect_request_survives(wire::UploadKeyPackages{
        .token = {1}, .key_packages = {{2}, {3, 4}}, .last_resort = Bytes{5}});
    expect_request_survives(
        wire::UploadKeyPackages{.token = {1}, .key_packages = {}, .last_resort = std::nullopt});
    expect_request_survives(wire::ClaimKeyPackages{.root_keys = {filled<32>(1), filled<32>(2)}});
    expect_request_survives(wire::GetDeviceLog{.account = "solana:x:y"});
    expect_request_survives(wire::AppendDeviceLog{.entry = {1}});
    expect_request_survives(
        wire::SendInbox{.inbox = filled<32>(1), .kind = wire::InboxKind::kp_reply, .payload = {1}});
    expect_request_survives(wire::ReadInbox{.token = {1}, .after = 2, .limit = 3});
    expect_request_survives(wire::SubscribeInbox{.token = {1}, .after = 2});
    expect_request_survives(wire::AckInbox{.token = {1}, .sequence = 2});
    expect_request_survives(wire::SetInboxPolicy{
        .token = {1},
        .policy = wire::InboxPolicy{
            .stamp_key = filled<32>(2), .own_price = 3, .token_digests = {filled<32>(4)}}});
    expect_request_survives(wire::SetInboxPolicy{.token = {1}, .policy = std::nullopt});
    expect_request_survives(wire::GetStampTerms{.inbox = filled<32>(1)});
    expect_request_survives(wire::PutAgentEntry{.token = {1}, .entry = {2}});
    expect_request_survives(wire::ListAgents());
}

TEST(RelayCodec, EveryReplySurvives) {
    expect_reply_survives<wire::CreateTopic>({.accepted_at = UnixMs{1}});
    expect_reply_survives<wire::PublishBundle>({.acceptance = acceptance()});
    expect_reply_survives<wire::PublishMessage>({.sequence = 1, .accepted_at = UnixMs{2}});
    expect_reply_survives<wire::ReadTopic>(
        {.envelopes = {bundle()}, .more = true, .epoch_ended = true});
    expect_reply_survives<wire::GetRelayInfo>(
        {.relay_key = filled<32>(1), .now = UnixMs{2}, .version = "1"});
    expect_reply_survives<wire::GetChallenge>({.challenge = {1}});
    expect_reply_survives<wire::Login>({.token = {1}, .expires_at = UnixMs{2}});
    expect_reply_survives<wire::UploadKeyPackages>({.available = 1, .last_resort_used = true});
    expect_reply_survives<wire::ClaimKeyPackages>({.key_packages = {Bytes{1}, std::nullopt}});
    expect_reply_survives<wire::GetDeviceLog>({.entries = {{1}, {2}}});
    expect_reply_survives<wire::AppendDeviceLog>({.sequence = 3});
    expect_reply_survives<wire::SendInbox>({});
    expect_reply_survives<wire::ReadInbox>({.items = {welcome()}, .more = true});
    expect_reply_survives<wire::AckInbox>({});
    expect_reply_survives<wire::SetInboxPolicy>({});
    expect_reply_survives<wire::GetStampTerms>({.terms = std::nullopt});
    expect_reply_survives<wire::GetStampTerms>(
        {.terms =
             wire::StampTerms{.genesis_hash = {}, .program = {}, .stamp_key = {}, .price = 5}});
    expect_reply_survives<wire::PutAgentEntry>({});
    expect_reply_survives<wire::ListAgents>({.entries = {{1}}});
}

TEST(RelayCodec, PushedItemsSurvive) {
    v1::SubscribeTopicResponse topic;
    encode_pushed(bundle(), topic);
    const auto envelope = decode_pushed(topic);
    ASSERT_TRUE(envelope.has_value());
    EXPECT_EQ(wire::encode(*envelope), wire::encode(bundle()));
    v1::SubscribeInboxResponse inbox;
    encode_pushed(welcome(), inbox);
    const auto item = decode_pushed(inbox);
    ASSERT_TRUE(item.has_value());
    EXPECT_EQ(item->payload, welcome().payload);
    EXPECT_EQ(wire::encode(*item->acceptance), wire::encode(acceptance()));
}

TEST(RelayCodec, APassTravelsWithItsWelcomeAndIsExact) {
    wire::PublishBundle request = sample_bundle();
    request.welcomes.at(0).pass =
        wire::Pass{wire::StampPass{.salt = filled<32>(1), .one_time_key = filled<32>(2)}};
    expect_request_survives(request);
    v1::PublishBundleRequest message;
    encode_request(request, message);
    for (const std::string& wrong : {std::string("\x02"), message.welcomes(0).pass() + "x"}) {
        message.mutable_welcomes(0)->set_pass(wrong);
        const auto decoded = decode_request(message);
        ASSERT_FALSE(decoded.has_value());
        EXPECT_STREQ(decoded.error().check, "NET-56");
    }
    wire::InboxItem item = welcome();
    item.pass = request.welcomes[0].pass;
    v1::SubscribeInboxResponse pushed;
    encode_pushed(item, pushed);
    EXPECT_EQ(decode_pushed(pushed)->pass, item.pass);
}

TEST(RelayCodec, AKeyOrIdOfAnotherSizeIsRefused) {
    v1::PublishBundleRequest message;
    encode_request(sample_bundle(), message);
    for (auto* field : {message.mutable_relay_key(),
                        message.mutable_topic(),
                        message.mutable_signature(),
                        message.mutable_next_admission_key(),
                        message.mutable_welcomes(0)->mutable_inbox()}) {
        const std::string right = *field;
        for (const std::string& wrong : {std::string(), right + "x", right.substr(1)}) {
            *field = wrong;
            const auto decoded = decode_request(message);
            ASSERT_FALSE(decoded.has_value());
            EXPECT_STREQ(decoded.error().check, "NET-50");
        }
        *field = right;
    }
    EXPECT_TRUE(decode_request(message).has_value());
}

TEST(RelayCodec, AnEnumeratorThatIsNoneIsRefused) {
    v1::SendInboxRequest send;
    encode_request(wire::SendInbox{.inbox = filled<32>(1), .payload = {1}}, send);
    for (const int kind : {0, 5, -1}) {
        send.set_kind(static_cast<v1::InboxKind>(kind));
        EXPECT_STREQ(decode_request(send).error().check, "NET-51");
    }
    v1::SubscribeTopicResponse pushed;
    encode_pushed(bundle(), pushed);
    pushed.mutable_envelope()->set_kind(v1::ENVELOPE_KIND_UNSPECIFIED);
    EXPECT_STREQ(decode_pushed(pushed).error().check, "NET-51");
}

TEST(RelayCodec, AnAbsentMessageIsRefused) {
    EXPECT_STREQ(decode_reply(v1::PublishBundleResponse()).error().check, "NET-52");
    EXPECT_STREQ(decode_pushed(v1::SubscribeTopicResponse()).error().check, "NET-52");
    EXPECT_STREQ(decode_pushed(v1::SubscribeInboxResponse()).error().check, "NET-52");
}

TEST(RelayCodec, ATimeThatNoClockShowsIsRefused) {
    v1::CreateTopicResponse message;
    message.set_accepted_at_ms(-1);
    EXPECT_STREQ(decode_reply(message).error().check, "NET-53");
}

TEST(RelayCodec, APayloadOrCountOutOfItsRangeIsRefused) {
    v1::ReadTopicRequest read;
    encode_request(sample_read(), read);
    for (const std::uint32_t limit : {0U, wire::kReadLimitMax + 1}) {
        read.set_limit(limit);
        EXPECT_STREQ(decode_request(read).error().check, "NET-54");
    }
    v1::PublishMessageRequest publish;
    encode_request(admitted<wire::PublishMessage>(), publish);
    EXPECT_STREQ(decode_request(publish).error().check, "NET-54");  // No payload.
    publish.set_payload(std::string(wire::kEnvelopeMaxBytes + 1, 'x'));
    EXPECT_STREQ(decode_request(publish).error().check, "NET-54");

    v1::PublishBundleRequest message;
    encode_request(sample_bundle(), message);
    for (std::size_t i = 0; i < wire::kWelcomesMax; ++i) {
        *message.add_welcomes() = message.welcomes(0);
    }
    EXPECT_STREQ(decode_request(message).error().check, "NET-54");

    v1::UploadKeyPackagesRequest upload;
    upload.set_token("t");
    for (std::size_t i = 0; i <= wire::kKeyPackagesPerUploadMax; ++i) {
        upload.add_key_packages("k");
    }
    EXPECT_STREQ(decode_request(upload).error().check, "NET-54");

    v1::ClaimKeyPackagesRequest claim;
    for (std::size_t i = 0; i <= wire::ClaimKeyPackages::kRootKeysMax; ++i) {
        claim.add_root_keys(std::string(32, 'k'));
    }
    EXPECT_STREQ(decode_request(claim).error().check, "NET-54");

    v1::GetDeviceLogRequest log;
    log.set_account(std::string(kAccountMaxBytes + 1, 'a'));
    EXPECT_STREQ(decode_request(log).error().check, "NET-54");
}

TEST(RelayCodec, AnAcceptanceStandsWithABundleOrWelcomeAndNowhereElse) {
    v1::SubscribeTopicResponse topic;
    encode_pushed(bundle(), topic);
    topic.mutable_envelope()->set_kind(v1::ENVELOPE_KIND_MESSAGE);
    EXPECT_STREQ(decode_pushed(topic).error().check, "NET-55");
    v1::SubscribeInboxResponse inbox;
    encode_pushed(welcome(), inbox);
    inbox.mutable_item()->clear_acceptance();
    EXPECT_STREQ(decode_pushed(inbox).error().check, "NET-55");
}

}  // namespace
}  // namespace chatmcp::net
