#include "wire/cbor.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace chatmcp::wire {
namespace {

Bytes hex(std::string_view text) {
    auto bytes = from_hex(text);
    EXPECT_TRUE(bytes.has_value()) << text;
    return bytes.has_value() ? *bytes : Bytes{};
}

template <class T>
void expect_refused(const Result<T>& result, Errc code, std::string_view check) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code);
    EXPECT_EQ(result.error().check, check);
}

// RFC 8949 appendix A, the rows whose types are read here.
TEST(Cbor, IntegersOfTheStandardsAppendixReadAndWriteTheSame) {
    const std::pair<std::uint64_t, const char*> rows[] = {
        {0, "00"},
        {1, "01"},
        {10, "0a"},
        {23, "17"},
        {24, "1818"},
        {25, "1819"},
        {100, "1864"},
        {1000, "1903e8"},
        {1'000'000, "1a000f4240"},
        {1'000'000'000'000, "1b000000e8d4a51000"},
        {std::numeric_limits<std::uint64_t>::max(), "1bffffffffffffffff"},
    };
    for (const auto& [value, text] : rows) {
        SCOPED_TRACE(text);
        CborWriter writer;
        writer.unsigned_integer(value);
        EXPECT_EQ(to_hex(writer.view()), text);
        const Bytes input = hex(text);
        CborReader reader(input);
        EXPECT_EQ(reader.unsigned_integer().value(), value);
        EXPECT_TRUE(reader.finish().has_value());
    }
}

TEST(Cbor, StringsOfTheStandardsAppendixReadAndWriteTheSame) {
    const std::pair<std::string, const char*> texts[] = {
        {"", "60"},
        {"a", "6161"},
        {"IETF", "6449455446"},
        {"\"\\", "62225c"},
        {"\u00fc", "62c3bc"},
        {"\u6c34", "63e6b0b4"},
        {"\U00010151", "64f0908591"},
    };
    for (const auto& [value, text] : texts) {
        SCOPED_TRACE(text);
        CborWriter writer;
        writer.text_string(value);
        EXPECT_EQ(to_hex(writer.view()), text);
        const Bytes input = hex(text);
        CborReader reader(input);
        EXPECT_EQ(reader.text_string(16).value(), value);
        EXPECT_TRUE(reader.finish().has_value());
    }
    CborWriter writer;
    writer.byte_string(hex("01020304"));
    EXPECT_EQ(to_hex(writer.view()), "4401020304");
    CborReader reader(writer.view());
    const auto bytes = reader.byte_string(4);
    ASSERT_TRUE(bytes.has_value());
    EXPECT_EQ(to_hex(*bytes), "01020304");
}

TEST(Cbor, ArraysOfTheStandardsAppendixReadAndWriteTheSame) {
    CborWriter writer;
    writer.array(25);
    for (std::uint64_t i = 1; i <= 25; ++i) {
        writer.unsigned_integer(i);
    }
    EXPECT_EQ(to_hex(writer.view()), "98190102030405060708090a0b0c0d0e0f101112131415161718181819");
    CborReader reader(writer.view());
    EXPECT_EQ(reader.array(25).value(), 25U);
    for (std::uint64_t i = 1; i <= 25; ++i) {
        EXPECT_EQ(reader.unsigned_integer().value(), i);
    }
    EXPECT_TRUE(reader.finish().has_value());
}

TEST(Cbor, NegativeIntegersOfTheStandardsAppendixReadAndWriteTheSame) {
    const std::pair<std::int64_t, const char*> rows[] = {
        {-1, "20"},
        {-10, "29"},
        {-24, "37"},
        {-25, "3818"},
        {-100, "3863"},
        {-1000, "3903e7"},
        {0, "00"},
        {1000, "1903e8"},
        {std::numeric_limits<std::int64_t>::max(), "1b7fffffffffffffff"},
        {std::numeric_limits<std::int64_t>::min(), "3b7fffffffffffffff"},
    };
    for (const auto& [value, text] : rows) {
        SCOPED_TRACE(text);
        CborWriter writer;
        writer.integer(value);
        EXPECT_EQ(to_hex(writer.view()), text);
        const Bytes input = hex(text);
        CborReader reader(input);
        EXPECT_EQ(reader.integer().value(), value);
        EXPECT_TRUE(reader.finish().has_value());
    }
    for (const char* text : {"3bffffffffffffffff", "3b8000000000000000", "1b8000000000000000"}) {
        SCOPED_TRACE(text);
        const Bytes input = hex(text);
        expect_refused(CborReader(input).integer(), Errc::too_large, "CBOR-05");
    }
    const Bytes longer = hex("3800");
    expect_refused(CborReader(longer).integer(), Errc::not_canonical, "CBOR-02");
    const Bytes text = hex("6161");
    expect_refused(CborReader(text).integer(), Errc::malformed, "CBOR-04");
}

TEST(Cbor, MapsTagsAndNullReadAndWriteTheSame) {
    CborWriter writer;
    writer.tag(18);
    writer.map(2);
    writer.unsigned_integer(1);
    writer.integer(-35);
    writer.text_string("a");
    writer.null();
    EXPECT_EQ(to_hex(writer.view()), "d2a20138226161f6");
    CborReader reader(writer.view());
    EXPECT_EQ(reader.tag().value(), 18u);
    EXPECT_EQ(reader.map(2).value(), 2u);
    EXPECT_FALSE(reader.take_null());
    EXPECT_EQ(reader.integer().value(), 1);
    EXPECT_EQ(reader.integer().value(), -35);
    EXPECT_EQ(reader.text_string(1).value(), "a");
    EXPECT_FALSE(reader.take_break());
    EXPECT_TRUE(reader.take_null());
    EXPECT_FALSE(reader.take_null());
    EXPECT_TRUE(reader.finish().has_value());
    const Bytes two_pairs = hex("a201020304");
    expect_refused(CborReader(two_pairs).map(1), Errc::too_large, "CBOR-05");
    expect_refused(CborReader(two_pairs).array(9), Errc::malformed, "CBOR-04");
    expect_refused(CborReader(two_pairs).tag(), Errc::malformed, "CBOR-04");
}

TEST(Cbor, AMapOfIndefiniteLengthIsReadOnlyWhereAFormatHasIt) {
    const Bytes indefinite = hex("bf616101ff");
    expect_refused(CborReader(indefinite).map(9), Errc::malformed, "CBOR-03");
    CborReader reader(indefinite);
    EXPECT_EQ(reader.map_of_any_length(9).value(), std::nullopt);
    EXPECT_EQ(reader.text_string(1).value(), "a");
    EXPECT_EQ(reader.unsigned_integer().value(), 1u);
    EXPECT_TRUE(reader.take_break());
    EXPECT_TRUE(reader.finish().has_value());
    const Bytes definite = hex("a1616101");
    EXPECT_EQ(CborReader(definite).map_of_any_length(9).value(), 1u);
    expect_refused(CborReader(definite).map_of_any_length(0), Errc::too_large, "CBOR-05");
}

TEST(Cbor, InputThatEndsEarlyIsRefused) {
    for (const char* text : {"", "18", "1903", "1a000f42", "1b000000e8d4a510"}) {
        SCOPED_TRACE(text);
        const Bytes input = hex(text);
        expect_refused(CborReader(input).unsigned_integer(), Errc::malformed, "CBOR-01");
    }
    const Bytes input = hex("44010203");
    expect_refused(CborReader(input).byte_string(100), Errc::malformed, "CBOR-01");
}

TEST(Cbor, AHeadThatIsLongerThanNeededIsRefused) {
    for (const char* text :
         {"1800", "1817", "190000", "1900ff", "1a00000000", "1a0000ffff", "1b00000000ffffffff"}) {
        SCOPED_TRACE(text);
        const Bytes input = hex(text);
        expect_refused(CborReader(input).unsigned_integer(), Errc::not_canonical, "CBOR-02");
    }
}

TEST(Cbor, IndefiniteLengthsAndReservedHeadsAreRefused) {
    const Bytes indefinite = hex("5f42010243030405ff");
    expect_refused(CborReader(indefinite).byte_string(100), Errc::malformed, "CBOR-03");
    const Bytes array = hex("9fff");
    expect_refused(CborReader(array).array(100), Errc::malformed, "CBOR-03");
    for (const char* text : {"1c", "1d", "1e"}) {
        const Bytes reserved = hex(text);
        expect_refused(CborReader(reserved).unsigned_integer(), Errc::malformed, "CBOR-03");
    }
}

TEST(Cbor, AnotherTypeThanTheExpectedOneIsRefused) {
    const Bytes text = hex("6161");
    expect_refused(CborReader(text).byte_string(10), Errc::malformed, "CBOR-04");
    expect_refused(CborReader(text).unsigned_integer(), Errc::malformed, "CBOR-04");
    const Bytes negative = hex("20");
    expect_refused(CborReader(negative).unsigned_integer(), Errc::malformed, "CBOR-04");
}

TEST(Cbor, ALengthAboveTheCallersLimitIsRefusedBeforeItIsUsed) {
    const Bytes huge = hex("5bffffffffffffffff");
    expect_refused(CborReader(huge).byte_string(1000), Errc::too_large, "CBOR-05");
    const Bytes array = hex("9bffffffffffffffff");
    expect_refused(CborReader(array).array(3), Errc::too_large, "CBOR-05");
}

TEST(Cbor, TextThatIsNotUtf8IsRefused) {
    // A lone continuation, overlong forms, a surrogate, above U+10FFFF, cut short, never-used
    // bytes.
    for (const char* text : {"6180",
                             "62c080",
                             "62c1bf",
                             "63e08080",
                             "63eda080",
                             "64f0808080",
                             "64f4908080",
                             "61c3",
                             "62e6b0",
                             "61ff",
                             "64f5808080"}) {
        SCOPED_TRACE(text);
        const Bytes input = hex(text);
        expect_refused(CborReader(input).text_string(100), Errc::malformed, "CBOR-06");
    }
    for (const char* text : {"ed9fbf", "ee8080", "f48fbfbf", "f0908080", "7f", "00", ""}) {
        SCOPED_TRACE(text);
        EXPECT_TRUE(is_utf8(hex(text)));
    }
}

TEST(Cbor, BytesAfterTheLastItemAreRefused) {
    const Bytes input = hex("0000");
    CborReader reader(input);
    ASSERT_TRUE(reader.unsigned_integer().has_value());
    expect_refused(reader.finish(), Errc::trailing_bytes, "CBOR-07");
}

}  // namespace
}  // namespace chatmcp::wire
