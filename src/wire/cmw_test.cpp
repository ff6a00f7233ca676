#include "wire/cmw.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "wire/cbor.h"

namespace chatmcp::wire {
namespace {

ConceptualMessage example() {
    return {.media_type = "application/vnd.example.evidence",
            .value = {1, 2, 3},
            .indicator = ConceptualMessage::kEvidence};
}

void expect_refused(ByteView input, Errc code, std::string_view check) {
    const auto decoded = decode_cmw(input);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().code, code);
    EXPECT_EQ(decoded.error().check, check);
}

TEST(Cmw, ARecordReadsAsItWasWritten) {
    const Bytes encoded = encode_cmw(example());
    // array(3), text(32) ..., bytes(3), 4
    EXPECT_EQ(to_hex(encoded),
              "8378206170706c69636174696f6e2f766e642e6578616d706c652e65766964656e6365"
              "4301020304");
    const auto decoded = decode_cmw(encoded);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->media_type, example().media_type);
    EXPECT_EQ(decoded->value, example().value);
    EXPECT_EQ(decoded->indicator, ConceptualMessage::kEvidence);
}

TEST(Cmw, ARecordAboveTheLimitIsRefusedUnread) {
    expect_refused(Bytes(ConceptualMessage::kMaxBytes + 1), Errc::too_large, "ATT-01");
    CborWriter writer;
    writer.array(3);
    writer.text_string("a/b");
    writer.byte_string(Bytes(ConceptualMessage::kValueMaxBytes + 1));
    writer.unsigned_integer(4);
    expect_refused(writer.view(), Errc::too_large, "CBOR-05");
}

TEST(Cmw, ARecordWithoutAllThreeItemsIsRefused) {
    CborWriter two;
    two.array(2);
    two.text_string("a/b");
    two.byte_string({});
    expect_refused(two.view(), Errc::malformed, "ATT-02");
}

TEST(Cmw, AnIndicatorThatSaysNothingOrTooMuchIsRefused) {
    for (const std::uint64_t indicator : {0ULL, 32ULL, 36ULL, 1ULL << 40}) {
        CborWriter writer;
        writer.array(3);
        writer.text_string("a/b");
        writer.byte_string({});
        writer.unsigned_integer(indicator);
        expect_refused(writer.view(), Errc::invalid_argument, "ATT-03");
    }
}

TEST(Cmw, CollectionsAndContentFormatNumbersAreNotSupported) {
    const Bytes collection = {0xA0};
    expect_refused(collection, Errc::unsupported, "ATT-04");
    const Bytes tagged = {0xDA, 0x63, 0x74, 0x01, 0x01, 0x41, 0x00};
    expect_refused(tagged, Errc::unsupported, "ATT-04");
    CborWriter number;
    number.array(3);
    number.unsigned_integer(30001);
    number.byte_string({});
    number.unsigned_integer(4);
    expect_refused(number.view(), Errc::unsupported, "ATT-04");
}

TEST(Cmw, EveryShorterInputAndEveryLongerOneIsRefused) {
    Bytes encoded = encode_cmw(example());
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        EXPECT_FALSE(decode_cmw(ByteView(encoded).first(size)).has_value()) << size;
    }
    encoded.push_back(0);
    expect_refused(encoded, Errc::trailing_bytes, "CBOR-07");
}

ConceptualCollection example_collection() {
    ConceptualCollection out;
    out.members["quote.bin"] = example();
    out.members["crl.der"] = {.media_type = "application/pkix-crl",
                              .value = {9},
                              .indicator = ConceptualMessage::kEndorsements};
    return out;
}

TEST(Cmw, ACollectionReadsAsItWasWritten) {
    const Bytes encoded = encode_cmw_collection(example_collection());
    EXPECT_TRUE(is_cmw_collection(encoded));
    EXPECT_FALSE(is_cmw_collection(encode_cmw(example())));
    EXPECT_FALSE(is_cmw_collection({}));
    const auto decoded = decode_cmw_collection(encoded);
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->members.size(), 2U);
    EXPECT_EQ(decoded->members.at("quote.bin").value, example().value);
    EXPECT_EQ(decoded->members.at("crl.der").media_type, "application/pkix-crl");
    EXPECT_EQ(encode_cmw_collection(*decoded), encoded);
}

TEST(Cmw, LabelsOfACollectionStandInTheirOrderAndOnce) {
    const Bytes record = encode_cmw(example());
    for (const auto& [first, second] : std::vector<std::pair<std::string, std::string>>{
             {"b", "a"}, {"a", "a"}, {"aa", "b"}, {"", "a"}}) {
        CborWriter writer;
        writer.map(2);
        writer.text_string(first);
        Bytes bytes = writer.take();
        append(bytes, record);
        CborWriter next;
        next.text_string(second);
        append(bytes, next.view());
        append(bytes, record);
        const auto decoded = decode_cmw_collection(bytes);
        ASSERT_FALSE(decoded.has_value()) << first << " " << second;
        EXPECT_EQ(decoded.error(), (Error{Errc::invalid_argument, "ATT-08"}));
    }
}

TEST(Cmw, ACollectionIsAsBoundedAsARecord) {
    const auto refused = [](ByteView bytes) { return decode_cmw_collection(bytes).error().check; };
    EXPECT_EQ(refused(Bytes(ConceptualMessage::kMaxBytes + 1)), std::string_view("ATT-01"));
    const Bytes too_many = {0xB1};
    EXPECT_EQ(refused(too_many), std::string_view("CBOR-05"));
    const Bytes nested = {0xA1, 0x61, 'a', 0xA0};
    EXPECT_EQ(refused(nested), std::string_view("ATT-04"));
    const Bytes encoded = encode_cmw_collection(example_collection());
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        EXPECT_FALSE(decode_cmw_collection(ByteView(encoded).first(size)).has_value());
    }
    Bytes longer = encoded;
    longer.push_back(0);
    EXPECT_EQ(refused(longer), std::string_view("CBOR-07"));
}

}  // namespace
}  // namespace chatmcp::wire
