#include "wire/evidence.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/formats.h"
#include "wire/cmw.h"
#include "wire/quoting.h"

namespace chatmcp::wire {
namespace {

SimulatedQuote example() {
    SimulatedQuote quote;
    quote.digests.program.fill(0x01);
    quote.digests.model.fill(0x02);
    quote.digests.configuration.fill(0x03);
    quote.digests.command_line = command_line_digest({});
    quote.measurement = measurement_of(quote.digests);
    quote.report_data.fill(0x04);
    quote.issued = UnixMs{1'700'000'000'000};
    quote.sandbox_layers = kRequiredSandboxLayers;
    const auto key = crypto::SigningKey::from_seed(Bytes(32, 0x05));
    quote.root_key = key.public_key();
    quote.signature = to_array<crypto::kEd25519SignatureBytes>(sign(key, quote));
    return quote;
}

TEST(SimulatedQuote, ReadsAsItWasWrittenAndItsSignatureVerifies) {
    const SimulatedQuote quote = example();
    const Bytes encoded = encode(quote);
    ASSERT_EQ(encoded.size(), SimulatedQuote::kBytes);
    const auto decoded = decode<SimulatedQuote>(encoded);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->measurement, quote.measurement);
    EXPECT_EQ(decoded->digests, quote.digests);
    EXPECT_EQ(decoded->report_data, quote.report_data);
    EXPECT_EQ(decoded->issued, quote.issued);
    EXPECT_EQ(decoded->sandbox_layers, quote.sandbox_layers);
    EXPECT_EQ(encode(*decoded), encoded);
    EXPECT_TRUE(verify(decoded->root_key, *decoded, decoded->signature).has_value());
}

TEST(SimulatedQuote, AnotherVersionIsRefused) {
    Bytes encoded = encode(example());
    encoded[1] = 2;
    const auto decoded = decode<SimulatedQuote>(encoded);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error(), (Error{Errc::unsupported_version, "ATT-05"}));
}

TEST(SimulatedQuote, ALayerThatThisBuildCannotNameIsRefused) {
    SimulatedQuote quote = example();
    quote.sandbox_layers |= std::uint32_t{1} << kSandboxLayers;
    const auto decoded = decode<SimulatedQuote>(encode(quote));
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error(), (Error{Errc::unsupported, "ATT-06"}));
}

TEST(SimulatedQuote, ATimeThatNoClockShowsIsRefused) {
    Bytes encoded = encode(example());
    constexpr std::size_t kIssuedOffset = 2 + 32 + 4 * 32 + 64;
    encoded[kIssuedOffset] = 0x80;
    const auto decoded = decode<SimulatedQuote>(encoded);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error(), (Error{Errc::invalid_argument, "ATT-07"}));
}

TEST(SimulatedQuote, EveryShorterInputIsRefused) {
    const Bytes encoded = encode(example());
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        ASSERT_FALSE(decode<SimulatedQuote>(ByteView(encoded).first(size)).has_value()) << size;
    }
}

TEST(Measurement, ChangesWithEachOfTheFourDigests) {
    const SimulatedQuote quote = example();
    std::set<Measurement> seen{quote.measurement};
    for (auto member : {&MeasuredDigests::program,
                        &MeasuredDigests::model,
                        &MeasuredDigests::configuration,
                        &MeasuredDigests::command_line}) {
        MeasuredDigests changed = quote.digests;
        (changed.*member)[31] ^= 1;
        EXPECT_TRUE(seen.insert(measurement_of(changed)).second);
    }
}

TEST(Measurement, ACommandLineIsMeasuredWithItsBorders) {
    const std::vector<std::vector<std::string>> lines = {
        {}, {""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"a b"}, {"a", "b", ""}};
    std::set<crypto::Sha256Digest> seen;
    for (const auto& line : lines) {
        EXPECT_TRUE(seen.insert(command_line_digest(line)).second);
    }
}

TEST(Measurement, ARootsFingerprintIsNotTheHashOfAnythingElse) {
    const Bytes key(32, 7);
    EXPECT_NE(root_fingerprint(key), crypto::sha256(key));
    EXPECT_EQ(root_fingerprint(key), root_fingerprint(key));
}

TEST(SandboxLayers, EachHasItsOwnNameAndTheRequiredOnesAreTheFirstSixteen) {
    std::set<std::string_view> names;
    for (std::uint8_t i = 0; i < kSandboxLayers; ++i) {
        const auto layer = static_cast<SandboxLayer>(i);
        EXPECT_TRUE(names.insert(layer_name(layer)).second);
        EXPECT_EQ((kRequiredSandboxLayers & layer_bit(layer)) != 0,
                  layer <= SandboxLayer::not_dumpable);
    }
    EXPECT_FALSE(names.contains("unknown"));
}

TEST(EvidenceFormats, EveryStructureIsWhatTheDocumentSays) {
    SimulatedQuote quote;
    quote.digests.program = crypto::sha256(as_bytes("program"));
    quote.digests.model = crypto::sha256(as_bytes("model"));
    quote.digests.configuration = crypto::sha256(as_bytes("configuration"));
    quote.digests.command_line =
        command_line_digest(std::vector<std::string>{"serve", "--threads=2"});
    quote.measurement = measurement_of(quote.digests);
    quote.report_data.fill(0x52);
    quote.issued = UnixMs{1'795'000'000'000};
    quote.sandbox_layers = kRequiredSandboxLayers;
    const auto root = crypto::SigningKey::from_seed(crypto::sha256(as_bytes("development root")));
    quote.root_key = root.public_key();
    quote.signature = to_array<crypto::kEd25519SignatureBytes>(sign(root, quote));

    const auto documented = [](std::string_view name, ByteView value) {
        EXPECT_EQ(to_hex(value), to_hex(testing::format_vector(name))) << name;
    };
    documented("wire::command_line_digest", quote.digests.command_line);
    documented("wire::MeasuredDigests", encode(quote.digests));
    documented("wire::measurement_of", quote.measurement);
    documented("wire::root_fingerprint", root_fingerprint(quote.root_key));
    documented("wire::SimulatedQuote", encode(quote));
    documented("wire::ConceptualMessage",
               encode_cmw({.media_type = std::string(SimulatedQuote::kMediaType),
                           .value = encode(quote),
                           .indicator = ConceptualMessage::kEvidence}));
    QuoteRequest request;
    request.report_data.fill(0x52);
    documented("wire::QuoteRequest", encode_quoting_request(request));
    documented("wire::SealingKeyRequest",
               encode_quoting_request(SealingKeyRequest{to_bytes(as_bytes("client state"))}));
    documented("wire::QuoteReply", encode_quoting_reply(QuoteReply{quote}).view());
    documented("wire::SealingKeyReply",
               encode_quoting_reply(SealingKeyReply{SecretBytes(Bytes(32, 0x6b))}).view());
    EXPECT_EQ(
        encode(decode<SimulatedQuote>(testing::format_vector("wire::SimulatedQuote")).value()),
        encode(quote));
}

}  // namespace
}  // namespace chatmcp::wire
