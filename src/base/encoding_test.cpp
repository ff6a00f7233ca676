#include "base/encoding.h"

#include <gtest/gtest.h>

#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp {
namespace {

template <class T>
std::string check_of(const Result<T>& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

TEST(Hex, RoundTripsAndRefusesEveryOtherText) {
    EXPECT_EQ(to_hex(Bytes{0x00, 0x9f, 0xff}), "009fff");
    EXPECT_EQ(from_hex("009fff").value(), (Bytes{0x00, 0x9f, 0xff}));
    EXPECT_TRUE(from_hex("").value().empty());
    for (const char* text : {"0", "abc", "0g", "FF", "0x00", " 00", "00 ", "-1", "\xc3\xa9"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(check_of(from_hex(text)), "BASE-01");
    }
}

TEST(Base64, GivesTheTextsOfRfc4648Section10) {
    const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : cases) {
        EXPECT_EQ(to_base64(as_bytes(bytes)), text);
        EXPECT_EQ(to_text(from_base64(text).value()), bytes);
        const std::string url(text.substr(0, text.find('=')));
        EXPECT_EQ(to_base64url(as_bytes(bytes)), url);
        EXPECT_EQ(to_text(from_base64url(url).value()), bytes);
    }
    EXPECT_EQ(to_base64(Bytes{0xfb, 0xff}), "+/8=");
    EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Base64, TextsOfAnotherShapeAreRefused) {
    for (const char* text : {"Z",
                             "Zg",
                             "Zg=",
                             "Zg===",
                             "====",
                             "=",
                             "Z===",
                             "Zg==Zg==",
                             "Z=g=",
                             "Zm9v\n",
                             "Zm 9",
                             "-_8=",
                             "Zm9v=",
                             "Zm8"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(check_of(from_base64(text)), "BASE-02");
    }
    for (const char* text : {"Z", "Zg==", "Zm8=", "+/8", "Zm9vZ"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(check_of(from_base64url(text)), "BASE-02");
    }
}

TEST(Base64, ASecondTextOfTheSameBytesIsRefused) {
    for (const char* text : {"Zh==", "Zm9=", "//=="}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(check_of(from_base64(text)), "BASE-03");
    }
    EXPECT_EQ(check_of(from_base64url("Zh")), "BASE-03");
    EXPECT_EQ(check_of(from_base64url("Zm9")), "BASE-03");
}

TEST(Base58, EveryVectorReadsAndWrites) {
    const auto document = testing::load_document("solana/base58.json");
    const auto valid = document.list("valid");
    ASSERT_GE(valid.size(), 19u);
    for (const auto& vector : valid) {
        SCOPED_TRACE(vector.text("base58"));
        EXPECT_EQ(to_base58(vector.hex("hex")), vector.text("base58"));
        EXPECT_EQ(from_base58(vector.text("base58")).value(), vector.hex("hex"));
    }
    const auto invalid = document.texts("invalid_characters");
    ASSERT_GE(invalid.size(), 7u);
    for (const auto& text : invalid) {
        SCOPED_TRACE(text);
        EXPECT_EQ(check_of(from_base58(text)), "BASE-04");
    }
}

TEST(Base58, BytesOfEverySizeReadAsTheyWereWritten) {
    std::uint8_t next = 0;
    for (std::size_t size = 0; size <= kBase58ValueMaxBytes; ++size) {
        for (const std::size_t zeros : {std::size_t{0}, size / 2, size}) {
            Bytes value(size);
            for (std::size_t i = zeros; i < size; ++i) {
                value[i] = static_cast<std::uint8_t>(next += 167);
            }
            EXPECT_EQ(from_base58(to_base58(value)).value(), value);
        }
        EXPECT_EQ(from_base58(to_base58(Bytes(size, 0xff))).value(), Bytes(size, 0xff));
    }
}

TEST(Base58, TextsAboveTheLimitAreRefusedBeforeTheyAreRead) {
    EXPECT_EQ(check_of(from_base58(std::string(kBase58TextMaxBytes + 1, '0'))), "BASE-05");
    EXPECT_EQ(check_of(from_base58(std::string(kBase58TextMaxBytes, '1'))), "BASE-05");
    EXPECT_EQ(check_of(from_base58(std::string(kBase58ValueMaxBytes, '1'))), "accepted");
}

TEST(Base58Death, WritingMoreThanTheLimitEndsTheProcess) {
    EXPECT_LE(to_base58(Bytes(kBase58ValueMaxBytes, 0xff)).size(), kBase58TextMaxBytes);
    EXPECT_DEATH(static_cast<void>(to_base58(Bytes(kBase58ValueMaxBytes + 1))),
                 "broken assumption");
}

TEST(Decimal, ReadsWhatItWritesAndNothingElse) {
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{10}, UINT64_MAX - 1, UINT64_MAX}) {
        EXPECT_EQ(to_decimal(value), std::to_string(value));
        EXPECT_EQ(from_decimal(std::to_string(value)).value(), value);
    }
    for (const char* text : {"",
                             "00",
                             "01",
                             "-1",
                             "+1",
                             " 1",
                             "1 ",
                             "1a",
                             "0x1",
                             "1.0",
                             "18446744073709551616",
                             "99999999999999999999",
                             "100000000000000000000"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(check_of(from_decimal(text)), "BASE-06");
    }
}

TEST(TimeText, KnownTimesHaveTheirText) {
    const std::pair<std::int64_t, const char*> cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {951'782'400'000, "2000-02-29T00:00:00Z"},
        {1'000'000'000'000, "2001-09-09T01:46:40Z"},
        {2'147'483'648'120, "2038-01-19T03:14:08.120Z"},
        {kTimeTextMaxSeconds * 1000 + 999, "9999-12-31T23:59:59.999Z"}};
    for (const auto& [ms, text] : cases) {
        EXPECT_EQ(to_time_text(UnixMs{ms}), text);
        EXPECT_EQ(from_time_text(text).value(), UnixMs{ms});
    }
    EXPECT_EQ(from_time_text("1970-01-01T00:00:00.000Z").value(), UnixMs{0});
}

TEST(TimeText, TextsOfAnotherShapeOrNoDayAreRefused) {
    for (const char* text : {"",
                             "2026-11-22",
                             "2026-11-22T18:01:42",
                             "2026-11-22T18:01:42+00:00",
                             "2026-11-22T18:01:42z",
                             "2026-11-22 18:01:42Z",
                             "2026-11-22T18:01:42ZZ",
                             "2026-11-22T18:01:42.1Z",
                             "2026-11-22T18:01:42.1234Z",
                             "2026-11-22T18:01:42.Z",
                             "2026-1-22T18:01:42Z",
                             "2026-13-22T18:01:42Z",
                             "2026-00-22T18:01:42Z",
                             "2026-02-29T18:01:42Z",
                             "2026-04-31T18:01:42Z",
                             "2026-04-00T18:01:42Z",
                             "2026-11-22T24:00:00Z",
                             "2026-11-22T18:60:42Z",
                             "2016-12-31T23:59:60Z",
                             "1969-12-31T23:59:59Z",
                             "+026-11-22T18:01:42Z",
                             "202a-11-22T18:01:42Z",
                             "12026-11-22T18:01:42Z"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(check_of(from_time_text(text)), "BASE-07");
    }
}

TEST(TimeTextDeath, TimesThatTheTextCannotSayEndTheProcess) {
    EXPECT_DEATH(static_cast<void>(to_time_text(UnixMs{-1})), "broken assumption");
    EXPECT_DEATH(static_cast<void>(to_time_text(UnixMs{(kTimeTextMaxSeconds + 1) * 1000})),
                 "broken assumption");
}

TEST(Encoding, RandomValuesRoundTripInEveryEncoding) {
    testing::SeededRandom random(1);
    for (int round = 0; round < 200; ++round) {
        Bytes bytes(random.below(100));
        random.fill(bytes);
        EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
        EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
        EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
        EXPECT_EQ(from_base58(to_base58(bytes)).value(), bytes);
        const UnixMs at{static_cast<std::int64_t>(random.below(kTimeTextMaxSeconds * 1000))};
        EXPECT_EQ(from_time_text(to_time_text(at)).value(), at);
    }
}

}  // namespace
}  // namespace chatmcp
