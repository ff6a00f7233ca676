#include "wire/tls.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::wire {
namespace {

template <class T>
Error error_of(const Result<T>& result) {
    return result.has_value() ? Error{Errc::internal, "accepted"} : result.error();
}

constexpr Error kEndsEarly{Errc::malformed, "WIRE-01"};
constexpr Error kNotShortest{Errc::not_canonical, "WIRE-02"};
constexpr Error kTooLarge{Errc::too_large, "WIRE-03"};

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

TEST(Tls, EveryVectorLengthOfTheWorkingGroupDecodesAndEncodes) {
    const auto vectors = testing::load_vectors("wire/deserialization.json");
    ASSERT_GE(vectors.size(), 14u);
    for (const auto& vector : vectors) {
        const Bytes header = vector.hex("vlbytes_header");
        SCOPED_TRACE(to_hex(header));
        Reader reader(header);
        const auto length = reader.variable_length();
        ASSERT_TRUE(length.has_value());
        EXPECT_EQ(*length, vector.u64("length"));
        EXPECT_TRUE(reader.finish().has_value());
        Writer writer;
        writer.variable_length(*length);
        EXPECT_EQ(writer.take(), header);
    }
}

TEST(Tls, VectorsOfIntegersHaveTheirLengthInBytes) {
    Writer writer;
    writer.u16_vector({});
    writer.u16_vector(std::vector<std::uint16_t>{0x0102, 0xfffe});
    EXPECT_EQ(to_hex(writer.view()), "00040102fffe");
}

TEST(Tls, IntegersAreBigEndian) {
    Writer writer;
    writer.u8(0x01);
    writer.u16(0x0203);
    writer.u32(0x04050607);
    writer.u64(0x08090a0b0c0d0e0f);
    writer.presence(true);
    writer.presence(false);
    const Bytes bytes = writer.take();
    EXPECT_EQ(to_hex(bytes), "0102030405060708090a0b0c0d0e0f0100");
    Reader reader(bytes);
    EXPECT_EQ(reader.u8().value(), 0x01);
    EXPECT_EQ(reader.u16().value(), 0x0203);
    EXPECT_EQ(reader.u32().value(), 0x04050607u);
    EXPECT_EQ(reader.u64().value(), 0x08090a0b0c0d0e0fu);
    EXPECT_TRUE(reader.presence().value());
    EXPECT_FALSE(reader.presence().value());
    EXPECT_TRUE(reader.finish().has_value());
}

TEST(Tls, AnInputThatEndsEarlyIsRefusedAtEveryPlace) {
    Writer writer;
    writer.u16(1);
    writer.u32(2);
    writer.u64(3);
    writer.vector(Bytes(100, 4));
    writer.fixed(Bytes(5));
    writer.presence(true);
    const Bytes whole = writer.take();
    const auto read_all = [](ByteView input) -> Result<void> {
        Reader reader(input);
        CHATMCP_TRY([[maybe_unused]] const auto a, reader.u16());
        CHATMCP_TRY([[maybe_unused]] const auto b, reader.u32());
        CHATMCP_TRY([[maybe_unused]] const auto c, reader.u64());
        CHATMCP_TRY([[maybe_unused]] const auto d, reader.vector(100));
        CHATMCP_TRY([[maybe_unused]] const auto e, reader.array<5>());
        CHATMCP_TRY([[maybe_unused]] const auto f, reader.presence());
        return reader.finish();
    };
    EXPECT_TRUE(read_all(whole).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        SCOPED_TRACE(size);
        EXPECT_EQ(error_of(read_all(ByteView(whole).first(size))), kEndsEarly);
    }
}

TEST(Tls, LengthsThatAreNotInTheirShortestFormAreRefused) {
    for (const char* text : {"4000", "403f", "80000000", "8000003f", "80003fff"}) {
        SCOPED_TRACE(text);
        const Bytes input = hex(text);
        EXPECT_EQ(error_of(Reader(input).variable_length()), kNotShortest);
        EXPECT_EQ(error_of(Reader(input).vector(kVectorMaxBytes)), kNotShortest);
    }
}

TEST(Tls, TheReservedFormOfALengthIsRefused) {
    for (const char* text : {"c0", "ff", "c000000000000001"}) {
        const Bytes input = hex(text);
        EXPECT_EQ(error_of(Reader(input).variable_length()), kNotShortest);
    }
}

TEST(Tls, AVectorAboveTheCallersLimitIsRefusedBeforeItsBytesAreLookedAt) {
    const Bytes input = hex("bfffffff");  // The largest length, and not one byte of it.
    EXPECT_EQ(error_of(Reader(input).vector(100)), kTooLarge);
    EXPECT_EQ(error_of(Reader(input).sub(100)), kTooLarge);
    EXPECT_EQ(error_of(Reader(input).vector(kVectorMaxBytes)), kEndsEarly);
    const Bytes three = hex("03616263");
    EXPECT_EQ(error_of(Reader(three).vector(2)), kTooLarge);
    EXPECT_EQ(to_text(Reader(three).vector(3).value()), "abc");
}

TEST(Tls, APresenceByteIsZeroOrOne) {
    for (unsigned byte = 2; byte < 256; ++byte) {
        const Bytes input = {static_cast<std::uint8_t>(byte)};
        EXPECT_EQ(error_of(Reader(input).presence()), (Error{Errc::malformed, "WIRE-04"}));
    }
}

struct Pair {
    std::uint16_t number = 0;
    Bytes bytes;

    static Result<Pair> read(Reader& reader) {
        Pair out;
        CHATMCP_TRY(out.number, reader.u16());
        CHATMCP_TRY(const ByteView bytes, reader.vector(10));
        out.bytes = to_bytes(bytes);
        return out;
    }
    void write(Writer& writer) const {
        writer.u16(number);
        writer.vector(bytes);
    }
};

TEST(Tls, BytesAfterTheStructureAreRefused) {
    Bytes input = encode(Pair{7, {1, 2}});
    const auto pair = decode<Pair>(input);
    ASSERT_TRUE(pair.has_value());
    EXPECT_EQ(pair->number, 7);
    EXPECT_EQ(pair->bytes, (Bytes{1, 2}));
    input.push_back(0);
    EXPECT_EQ(error_of(decode<Pair>(input)), (Error{Errc::trailing_bytes, "WIRE-05"}));
}

TEST(Tls, AVectorOfStructuresHasItsLengthInBytesInFront) {
    Writer writer;
    writer.vector_of([](Writer& inner) {
        for (std::uint16_t i = 0; i < 20; ++i) {
            Pair{i, {}}.write(inner);
        }
    });
    const Bytes input = writer.take();
    EXPECT_EQ(input[0], 60);
    Reader reader(input);
    auto inner = reader.sub(60);
    ASSERT_TRUE(inner.has_value());
    std::uint16_t count = 0;
    while (!inner->empty()) {
        EXPECT_EQ(Pair::read(*inner).value().number, count);
        ++count;
    }
    EXPECT_EQ(count, 20);
    EXPECT_TRUE(reader.finish().has_value());
}

TEST(Tls, AReaderOverAVectorDoesNotReachBeyondIt) {
    const Bytes input = hex("02aabbcc");
    Reader reader(input);
    auto inner = reader.sub(2);
    ASSERT_TRUE(inner.has_value());
    EXPECT_EQ(error_of(inner->fixed(3)), kEndsEarly);
    EXPECT_EQ(inner->remaining(), 2u);  // What could not be read was not taken either.
    EXPECT_EQ(reader.u8().value(), 0xcc);
}

TEST(Tls, SinceGivesTheBytesThatWereRead) {
    const Bytes input = hex("0001020304");
    Reader reader(input);
    ASSERT_TRUE(reader.u8().has_value());
    const std::size_t from = reader.position();
    ASSERT_TRUE(reader.u16().has_value());
    EXPECT_EQ(to_hex(reader.since(from)), "0102");
}

TEST(Tls, VectorsOfEverySizeRoundTrip) {
    testing::SeededRandom random(1);
    for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 16383u, 16384u, 100000u}) {
        Bytes bytes(size);
        random.fill(bytes);
        Writer writer;
        writer.vector(bytes);
        const Bytes written = writer.take();
        Reader reader(written);
        EXPECT_TRUE(equal(reader.vector(size).value(), bytes));
        EXPECT_TRUE(reader.finish().has_value());
    }
}

TEST(TlsDeath, WritingALengthAboveTheLargestEndsTheProcess) {
    Writer writer;
    EXPECT_DEATH(writer.variable_length(kVectorMaxBytes + 1), "broken assumption");
}

}  // namespace
}  // namespace chatmcp::wire
