#include "chain/codec.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/vectors.h"

namespace chatmcp::chain {
namespace {

// The file is written by @solana/kit (PROVENANCE.md there).
TEST(Codec, EveryVectorOfACompactNumberReadsAndWrites) {
    const auto document = testing::load_document("solana/compact_u16.json");
    const auto valid = document.list("valid");
    ASSERT_GE(valid.size(), 10u);
    for (const auto& vector : valid) {
        const Bytes encoded = vector.hex("hex");
        Writer writer;
        writer.compact_u16(vector.u64("value"));
        EXPECT_EQ(writer.take(), encoded);
        Reader reader(encoded);
        EXPECT_EQ(reader.compact_u16().value(), vector.u64("value"));
        EXPECT_TRUE(reader.finish().has_value());
    }
}

TEST(Codec, EveryCompactNumberHasOneEncoding) {
    for (std::size_t value = 0; value <= kCompactMax; ++value) {
        Writer writer;
        writer.compact_u16(value);
        const Bytes encoded = writer.take();
        Reader reader(encoded);
        ASSERT_EQ(reader.compact_u16().value(), value);
        ASSERT_EQ(reader.remaining(), 0u);
    }
}

void expect_refused(std::string_view hex, std::string_view check) {
    const Bytes input = from_hex(hex).value();
    const auto read = Reader(input).compact_u16();
    ASSERT_FALSE(read.has_value()) << hex;
    EXPECT_EQ(read.error().check, check) << hex;
}

TEST(Codec, ALongerFormOfANumberIsRefused) {
    for (const char* hex : {"8000", "808000", "ff00", "ffff00", "818000"}) {
        expect_refused(hex, "CHN-02");
    }
}

TEST(Codec, NumbersAboveSixteenBitsAreRefused) {
    for (const char* hex : {"808004", "ffff07", "ffff7f", "ffffff", "80808000"}) {
        expect_refused(hex, "CHN-03");
    }
}

TEST(Codec, InputThatEndsEarlyIsRefused) {
    for (const char* hex : {"", "80", "8080"}) {
        expect_refused(hex, "CHN-01");
    }
    const Bytes input = {3, 1, 2};
    EXPECT_STREQ(Reader(input).compact_bytes().error().check, "CHN-01");
    EXPECT_STREQ(Reader(input).u32().error().check, "CHN-01");
    EXPECT_STREQ(Reader({}).peek().error().check, "CHN-01");
}

TEST(Codec, IntegersAreLittleEndian) {
    Writer writer;
    writer.u8(1);
    writer.u16(0x0302);
    writer.u32(0x07060504);
    writer.u64(0x0f0e0d0c0b0a0908);
    const Bytes encoded = writer.take();
    EXPECT_EQ(to_hex(encoded), "0102030405060708090a0b0c0d0e0f");
    Reader reader(encoded);
    EXPECT_EQ(reader.u8().value(), 1u);
    EXPECT_EQ(reader.u16().value(), 0x0302u);
    EXPECT_EQ(reader.u32().value(), 0x07060504u);
    EXPECT_EQ(reader.u64().value(), 0x0f0e0d0c0b0a0908u);
}

TEST(Codec, BytesThatNobodyReadAreRefused) {
    const Bytes input = {0, 0};
    Reader reader(input);
    ASSERT_TRUE(reader.u8().has_value());
    EXPECT_STREQ(reader.finish().error().check, "CHN-04");
}

}  // namespace
}  // namespace chatmcp::chain
