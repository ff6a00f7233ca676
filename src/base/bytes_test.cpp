#include "base/bytes.h"

#include <map>

#include <gtest/gtest.h>

namespace chatmcp {
namespace {

TEST(Bytes, TextAndBytesAreTheSameMemory) {
    const std::string_view text = "a\0b";
    EXPECT_EQ(static_cast<const void*>(as_bytes(text).data()), text.data());
    EXPECT_EQ(as_text(as_bytes(text)), text);
    EXPECT_EQ(to_text(Bytes{0x61, 0xff}), "a\xff");
    EXPECT_TRUE(to_bytes({}).empty());
}

TEST(Bytes, ConcatJoinsAllPartsInOrder) {
    EXPECT_EQ(concat({as_bytes("ab"), {}, as_bytes("c")}), to_bytes(as_bytes("abc")));
    EXPECT_TRUE(concat({}).empty());
}

TEST(Bytes, EqualSeesSizeAndEveryByte) {
    EXPECT_TRUE(equal({}, {}));
    EXPECT_TRUE(equal(Bytes{1, 2}, Bytes{1, 2}));
    EXPECT_FALSE(equal(Bytes{1, 2}, Bytes{1, 3}));
    EXPECT_FALSE(equal(Bytes{1, 2}, Bytes{1, 2, 3}));
}

TEST(Bytes, OrderIsByteByByteAndAPrefixComesFirst) {
    const BytesLess less;
    EXPECT_TRUE(less(Bytes{1}, Bytes{1, 0}));
    EXPECT_TRUE(less(Bytes{0x7f}, Bytes{0x80}));  // Unsigned.
    EXPECT_FALSE(less(Bytes{2}, Bytes{1, 9}));
    EXPECT_FALSE(less(Bytes{1}, Bytes{1}));
    std::map<Bytes, int, BytesLess> map = {{{1, 2}, 3}};
    EXPECT_NE(map.find(ByteView(Bytes{1, 2})), map.end());  // Found by a view, without a copy.
}

TEST(BytesDeath, AnArrayOfAnotherSizeEndsTheProcess) {
    EXPECT_EQ(to_array<2>(Bytes{1, 2}), (ByteArray<2>{1, 2}));
    EXPECT_DEATH(static_cast<void>(to_array<2>(Bytes{1, 2, 3})), "broken assumption");
}

}  // namespace
}  // namespace chatmcp
