#include "wire/delivery.h"

#include <limits>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "crypto/sign.h"
#include "support/formats.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::wire {
namespace {

Bytes run(unsigned first, std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) {
        out[i] = static_cast<std::uint8_t>((first + i) & 0xff);
    }
    return out;
}

template <std::size_t N>
ByteArray<N> run_array(unsigned first) {
    return to_array<N>(run(first, N));
}

template <class T>
Bytes signed_part(const T& value) {
    Writer writer;
    value.write_signed(writer);
    return writer.take();
}

// The values that tests/vectors/wire/make_delivery.py encodes.
constexpr UnixMs kNow{1'780'000'000'123};
const Ed25519Key kRelay = run_array<32>(0x00);
const Ed25519Key kNext = run_array<32>(0x40);
const Bytes kCommit = run(1, 100);
const Bytes kPayload = run(2, 70);
const Bytes kChallenge = run(9, 56);

TopicId topic() {
    return topic_of(run(0x20, 32));
}

Acceptance acceptance() {
    return {.relay_key = kRelay,
            .topic = topic(),
            .epoch = 7,
            .commit_hash = crypto::sha256(kCommit),
            .next_admission_key = kNext,
            .sequence = 42,
            .accepted_at = kNow,
            .signature = run_array<64>(0xc0)};
}

Envelope message() {
    return {.sequence = 43,
            .epoch = 8,
            .kind = EnvelopeKind::message,
            .accepted_at = kNow,
            .payload = kPayload,
            .acceptance = {}};
}

Envelope bundle() {
    return {.sequence = 42,
            .epoch = 7,
            .kind = EnvelopeKind::bundle,
            .accepted_at = kNow,
            .payload = kCommit,
            .acceptance = acceptance()};
}

AgentEntry agent() {
    return {.credential = run(5, 300),
            .hpke_key = run_array<32>(0x33),
            .name = "Prüfer",
            .model = "SmolLM2-135M-Instruct Q4_K_M",
            .scopes = {1, 2},
            .issued_at = kNow,
            .signature = run_array<64>(0xc0)};
}

ReaddRequest readd() {
    return {.topic = topic(),
            .epoch = 7,
            .authenticator_hash = ReaddRequest::hash_of_authenticator(run(0x50, 32)),
            .made_at = kNow,
            .key_package = run(6, 200),
            .signature = run_array<64>(0xc0)};
}

PublishBundle publish_bundle() {
    return {.relay_key = kRelay,
            .topic = topic(),
            .epoch = 7,
            .commit = kCommit,
            .next_admission_key = kNext,
            .welcomes = {{.inbox = run_array<32>(0xa0), .welcome = run(3, 20'000)},
                         {.inbox = run_array<32>(0xb0), .welcome = {}}},
            .signature = {}};
}

std::map<std::string, Bytes> own_encodings() {
    const CreateTopic create{.relay_key = kRelay,
                             .topic = topic(),
                             .admission_key = run_array<32>(0x60),
                             .group_info = {},
                             .signature = {}};
    const PublishMessage publish{
        .relay_key = kRelay, .topic = topic(), .epoch = 8, .payload = kPayload, .signature = {}};
    const ReadTopic read{.relay_key = kRelay,
                         .topic = topic(),
                         .epoch = 8,
                         .after = 41,
                         .challenge = kChallenge,
                         .signature = {}};
    const SubscribeTopic subscribe{.relay_key = kRelay,
                                   .topic = topic(),
                                   .epoch = 8,
                                   .after = 41,
                                   .challenge = kChallenge,
                                   .signature = {}};
    const Login login{.relay_key = kRelay,
                      .root_key = run_array<32>(0x80),
                      .challenge = kChallenge,
                      .channel = to_bytes(as_bytes("http://127.0.0.1:7400")),
                      .signature = {}};
    return {{"topic_of(20..3f)", to_bytes(topic())},
            {"CreateTopic.signed", signed_part(create.admission())},
            {"PublishBundle.signed", signed_part(publish_bundle().admission())},
            {"PublishMessage.signed", signed_part(publish.admission())},
            {"ReadTopic.signed", signed_part(read.admission())},
            {"SubscribeTopic.signed", signed_part(subscribe.admission())},
            {"Acceptance.signed", signed_part(acceptance())},
            {"Acceptance", encode(acceptance())},
            {"Envelope message", encode(message())},
            {"Envelope bundle", encode(bundle())},
            {"Login.signed", signed_part(login)},
            {"AgentEntry.signed", signed_part(agent())},
            {"AgentEntry", encode(agent())},
            {"ReaddRequest.signed", signed_part(readd())},
            {"ReaddRequest", encode(readd())}};
}

TEST(Delivery, EveryStructureHasTheBytesOfItsVector) {
    const auto vectors = testing::load_vectors("wire/delivery.json");
    const auto own = own_encodings();
    ASSERT_EQ(vectors.size(), own.size());
    for (const auto& vector : vectors) {
        SCOPED_TRACE(vector.name());
        ASSERT_TRUE(own.contains(vector.name()));
        EXPECT_EQ(own.at(vector.name()), vector.hex("bytes"));
    }
}

TEST(Delivery, TheDocumentedVectorsAreWhatIsSignedAndStored) {
    const auto own = own_encodings();
    for (const auto& [documented, name] : std::map<std::string, std::string>{
             {"wire::topic_of", "topic_of(20..3f)"},
             {"wire::AdmissionContent create", "CreateTopic.signed"},
             {"wire::AdmissionContent bundle", "PublishBundle.signed"},
             {"wire::AdmissionContent publish", "PublishMessage.signed"},
             {"wire::AdmissionContent read", "ReadTopic.signed"},
             {"wire::AdmissionContent subscribe", "SubscribeTopic.signed"},
             {"wire::Acceptance", "Acceptance"},
             {"wire::Envelope message", "Envelope message"},
             {"wire::Envelope bundle", "Envelope bundle"},
             {"wire::Login", "Login.signed"},
             {"wire::AgentEntry", "AgentEntry"},
             {"wire::ReaddRequest", "ReaddRequest"}}) {
        EXPECT_EQ(testing::format_vector(documented), own.at(name)) << documented;
    }
}

template <class T>
void expect_round_trip(const T& value) {
    const Bytes bytes = encode(value);
    const auto decoded = decode<T>(bytes);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(encode(*decoded), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode<T>(ByteView(bytes).first(size)).has_value()) << size;
    }
    const auto longer = decode<T>(concat({bytes, ByteArray<1>{}}));
    ASSERT_FALSE(longer.has_value());
    EXPECT_EQ(longer.error().code, Errc::trailing_bytes);
}

TEST(Delivery, WhatIsWrittenIsReadBackAndNothingShorterOrLongerIs) {
    expect_round_trip(acceptance());
    expect_round_trip(message());
    expect_round_trip(bundle());
    expect_round_trip(agent());
    expect_round_trip(readd());
    const auto decoded = decode<Envelope>(encode(bundle()));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->payload, kCommit);
    ASSERT_TRUE(decoded->acceptance.has_value());
    EXPECT_EQ(decoded->acceptance->sequence, 42u);
    EXPECT_EQ(decoded->acceptance->accepted_at, kNow);
}

TEST(Delivery, ATimeAboveTheSignedRangeIsRefused) {
    Bytes bytes = encode(message());
    bytes[17] = 0x80;  // First byte of accepted_at: after sequence, epoch and kind.
    const auto decoded = decode<Envelope>(bytes);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_STREQ(decoded.error().check, "DEL-01");
}

TEST(Delivery, AnUnknownKindOfEnvelopeIsRefused) {
    for (const std::uint8_t kind : Bytes{0, 3, 255}) {
        Bytes bytes = encode(message());
        bytes[16] = kind;
        const auto decoded = decode<Envelope>(bytes);
        ASSERT_FALSE(decoded.has_value());
        EXPECT_STREQ(decoded.error().check, "DEL-02");
    }
}

TEST(Delivery, ABundleWithoutAcceptanceAndAMessageWithOneAreRefused) {
    for (const Envelope& envelope : {message(), bundle()}) {
        Bytes bytes = encode(envelope);
        bytes[16] = static_cast<std::uint8_t>(3 - bytes[16]);  // The other kind.
        const auto decoded = decode<Envelope>(bytes);
        ASSERT_FALSE(decoded.has_value());
        EXPECT_STREQ(decoded.error().check, "DEL-03");
    }
}

TEST(Delivery, AnEnvelopeAboveItsLimitIsRefusedBeforeItIsCopied) {
    Envelope envelope = message();
    envelope.payload.resize(kEnvelopeMaxBytes);
    EXPECT_TRUE(decode<Envelope>(encode(envelope)).has_value());
    envelope.payload.resize(kEnvelopeMaxBytes + 1);
    const auto decoded = decode<Envelope>(encode(envelope));
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().code, Errc::too_large);
}

TEST(Delivery, AnAgentEntryWithTextThatIsNotUtf8IsRefused) {
    AgentEntry entry = agent();
    entry.name = "\xff";
    const auto by_name = decode<AgentEntry>(encode(entry));
    ASSERT_FALSE(by_name.has_value());
    EXPECT_STREQ(by_name.error().check, "DEL-04");
    entry = agent();
    entry.model = "\xc0\x80";
    const auto by_model = decode<AgentEntry>(encode(entry));
    ASSERT_FALSE(by_model.has_value());
    EXPECT_STREQ(by_model.error().check, "DEL-04");
}

TEST(Delivery, AnAgentEntryNamesItsScopesOnceAndInOrder) {
    AgentEntry entry = agent();
    entry.scopes = {};
    const auto none = decode<AgentEntry>(encode(entry));
    ASSERT_FALSE(none.has_value());
    EXPECT_STREQ(none.error().check, "DEL-05");
    for (const Bytes& scopes : {Bytes{2, 1}, Bytes{1, 1}}) {
        entry.scopes = scopes;
        const auto decoded = decode<AgentEntry>(encode(entry));
        ASSERT_FALSE(decoded.has_value());
        EXPECT_STREQ(decoded.error().check, "DEL-06");
    }
}

TEST(Delivery, EachOperationSignsAnotherContent) {
    testing::SeededRandom random(1);
    const auto key = crypto::SigningKey::generate(random);
    ReadTopic read{.relay_key = kRelay,
                   .topic = topic(),
                   .epoch = 8,
                   .after = 41,
                   .challenge = kChallenge,
                   .signature = {}};
    const Bytes signature = sign(key, read.admission());
    EXPECT_TRUE(verify(key.public_key(), read.admission(), signature).has_value());

    // A read's signature opens no stream, no other cursor, epoch, topic or relay, and no other
    // challenge.
    const SubscribeTopic subscribe{.relay_key = kRelay,
                                   .topic = topic(),
                                   .epoch = 8,
                                   .after = 41,
                                   .challenge = kChallenge,
                                   .signature = {}};
    EXPECT_FALSE(verify(key.public_key(), subscribe.admission(), signature).has_value());
    const auto refused = [&](auto change) {
        ReadTopic other = read;
        change(other);
        return !verify(key.public_key(), other.admission(), signature).has_value();
    };
    EXPECT_TRUE(refused([](ReadTopic& r) { r.after = 40; }));
    EXPECT_TRUE(refused([](ReadTopic& r) { r.epoch = 9; }));
    EXPECT_TRUE(refused([](ReadTopic& r) { r.topic[0] ^= 1; }));
    EXPECT_TRUE(refused([](ReadTopic& r) { r.relay_key[0] ^= 1; }));
    EXPECT_TRUE(refused([](ReadTopic& r) { r.challenge[0] ^= 1; }));
}

TEST(Delivery, ABundlesSignatureCoversCommitKeyAndEveryWelcome) {
    const Bytes content = signed_part(publish_bundle().admission());
    const auto changed = [&](auto change) {
        PublishBundle other = publish_bundle();
        change(other);
        return signed_part(other.admission()) != content;
    };
    EXPECT_TRUE(changed([](PublishBundle& b) { b.commit.push_back(0); }));
    EXPECT_TRUE(changed([](PublishBundle& b) { b.next_admission_key[31] ^= 1; }));
    EXPECT_TRUE(changed([](PublishBundle& b) { b.welcomes.pop_back(); }));
    EXPECT_TRUE(changed([](PublishBundle& b) { b.welcomes[0].inbox[0] ^= 1; }));
    EXPECT_TRUE(changed([](PublishBundle& b) { b.welcomes[1].welcome.push_back(0); }));
    EXPECT_TRUE(changed([](PublishBundle& b) { std::swap(b.welcomes[0], b.welcomes[1]); }));
}

}  // namespace
}  // namespace chatmcp::wire
