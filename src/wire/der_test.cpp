#include "wire/der.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace chatmcp::wire {
namespace {

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

template <class T>
std::string check_of(const Result<T>& result) {
    return result.has_value() ? "read" : result.error().check;
}

std::string any_of(std::string_view text) {
    const Bytes bytes = hex(text);
    return check_of(DerReader(bytes).any());
}

std::string time_of(std::uint8_t tag, std::string_view text) {
    Bytes bytes{tag, static_cast<std::uint8_t>(text.size())};
    append(bytes, as_bytes(text));
    const auto time = DerReader(bytes).time();
    return time.has_value() ? std::to_string(time->value) : time.error().check;
}

TEST(Der, ValuesComeInTheirOrderWithTagAndLength) {
    const Bytes bytes = hex("3006020105bf85400101ff02020080");
    DerReader reader(bytes);
    auto sequence = reader.sequence();
    ASSERT_TRUE(sequence.has_value());
    EXPECT_EQ(sequence->small_integer().value(), 5u);
    EXPECT_EQ(check_of(sequence->nested(DerTag::context(704))), "DER-01");
    EXPECT_EQ(reader.small_integer().error().check, std::string("DER-04"));
}

TEST(Der, LongTagsAndLengthsAreReadInTheirOneForm) {
    const Bytes bytes = hex("bf85400101");
    DerReader reader(bytes);
    const auto found = reader.value(DerTag::context(704));
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(equal(found->content, hex("01")));
    EXPECT_TRUE(equal(found->whole, bytes));
    EXPECT_TRUE(reader.finish().has_value());
    EXPECT_EQ(any_of("048180" + std::string(256, '0')), "read");
}

TEST(Der, WhatIsNotDerIsRefusedByName) {
    EXPECT_EQ(any_of(""), "DER-01");
    EXPECT_EQ(any_of("04"), "DER-01");
    EXPECT_EQ(any_of("040201"), "DER-01");
    EXPECT_EQ(any_of("bf85"), "DER-01");
    EXPECT_EQ(any_of("04810101"), "DER-02");
    EXPECT_EQ(any_of("0482000101"), "DER-02");
    EXPECT_EQ(any_of("1f0100"), "DER-02");
    EXPECT_EQ(any_of("1f801f00"), "DER-02");
    EXPECT_EQ(any_of("30800000"), "DER-03");
    EXPECT_EQ(any_of("0485010000000001"), "DER-03");
    EXPECT_EQ(any_of("048420000000"), "DER-03");
    EXPECT_EQ(any_of("1fffffffff7f00"), "DER-03");
    const Bytes twice = hex("05000500");
    DerReader reader(twice);
    ASSERT_TRUE(reader.content(kDerNull).has_value());
    EXPECT_EQ(check_of(reader.finish()), "DER-08");
}

TEST(Der, NumbersAreReadWithoutTheirSign) {
    const auto number = [](std::string_view text) {
        const Bytes bytes = hex(text);
        const auto read = DerReader(bytes).small_integer();
        return read.has_value() ? std::to_string(*read) : read.error().check;
    };
    EXPECT_EQ(number("020100"), "0");
    EXPECT_EQ(number("02020080"), "128");
    EXPECT_EQ(number("020900ffffffffffffffff"), "18446744073709551615");
    EXPECT_EQ(number("0200"), "DER-05");
    EXPECT_EQ(number("020180"), "DER-05");
    EXPECT_EQ(number("0202007f"), "DER-02");
    EXPECT_EQ(number("0209010000000000000000"), "DER-06");
}

TEST(Der, BooleansAndBitStringsHaveTheirForms) {
    const auto boolean = [](std::string_view text) {
        const Bytes bytes = hex(text);
        return check_of(DerReader(bytes).boolean());
    };
    EXPECT_EQ(boolean("0101ff"), "read");
    EXPECT_EQ(boolean("010101"), "DER-05");
    EXPECT_EQ(boolean("01020000"), "DER-05");
    const auto bits = [](std::string_view text) {
        const Bytes bytes = hex(text);
        return check_of(DerReader(bytes).bit_string_of_bytes());
    };
    EXPECT_EQ(bits("030200aa"), "read");
    EXPECT_EQ(bits("030204a0"), "DER-05");
    EXPECT_EQ(bits("0300"), "DER-05");
}

TEST(Der, WhatIsOptionalIsReadOnlyIfItIsThere) {
    const Bytes bytes = hex("a003020102");
    DerReader reader(bytes);
    EXPECT_FALSE(reader.optional(DerTag::context(1))->has_value());
    const auto found = reader.optional(DerTag::context(0));
    ASSERT_TRUE(found->has_value());
    EXPECT_TRUE(equal(**found, hex("020102")));
    EXPECT_FALSE(reader.optional(DerTag::context(0))->has_value());
    const Bytes broken = hex("a0");
    EXPECT_EQ(check_of(DerReader(broken).optional(DerTag::context(0))), "DER-01");
}

TEST(Der, TimesAreOfTheGregorianCalendarInUtc) {
    constexpr std::uint8_t kUtc = 0x17;
    constexpr std::uint8_t kGeneralized = 0x18;
    EXPECT_EQ(time_of(kUtc, "700101000000Z"), "0");
    EXPECT_EQ(time_of(kUtc, "500101000000Z"), "-631152000000");
    EXPECT_EQ(time_of(kUtc, "240229235959Z"), "1709251199000");
    EXPECT_EQ(time_of(kGeneralized, "20491231235959Z"), "2524607999000");
    EXPECT_EQ(time_of(kGeneralized, "99991231235959Z"), "253402300799000");
    for (const char* text : {"230229000000Z",
                             "240001000000Z",
                             "241301000000Z",
                             "240100000000Z",
                             "240101240000Z",
                             "240101006000Z",
                             "240101000060Z",
                             "2401010000Z",
                             "240101000000+0000",
                             "24010100000aZ",
                             "240101000000z",
                             "2"}) {
        EXPECT_EQ(time_of(kUtc, text), "DER-07") << text;
    }
    EXPECT_EQ(time_of(kGeneralized, "20240101000000.5Z"), "DER-07");
    EXPECT_EQ(time_of(0x04, "700101000000Z"), "DER-04");
}

}  // namespace
}  // namespace chatmcp::wire
