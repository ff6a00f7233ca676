#include "base/secret.h"

#include <algorithm>
#include <concepts>

#include <gtest/gtest.h>

namespace chatmcp {
namespace {

static_assert(!std::copy_constructible<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(!std::equality_comparable<SecretBytes>);

TEST(Secret, WipeOverwritesEveryByte) {
    Bytes bytes(100, 0xaa);
    wipe(bytes);
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b == 0; }));
    wipe({});
}

TEST(Secret, EqualInConstantTimeSeesSizeAndEveryByte) {
    EXPECT_TRUE(equal_constant_time({}, {}));
    const Bytes bytes(33, 5);
    EXPECT_TRUE(equal_constant_time(bytes, Bytes(33, 5)));
    EXPECT_FALSE(equal_constant_time(bytes, Bytes(32, 5)));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        Bytes other = bytes;
        other[i] ^= 0x80;
        EXPECT_FALSE(equal_constant_time(bytes, other));
    }
}

TEST(Secret, AMovedSecretLeavesNothingBehind) {
    SecretBytes first(Bytes{1, 2, 3});
    SecretBytes second(std::move(first));
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): what the test is about.
    EXPECT_TRUE(equal(second.view(), Bytes{1, 2, 3}));
    SecretBytes third(Bytes{9});
    third = std::move(second);
    EXPECT_TRUE(equal(third.view(), Bytes{1, 2, 3}));
    EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(Secret, OfAnySizeMovesAndIsWipedWhereItWas) {
    for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 1000u}) {
        const Bytes content(size, 0xa5);
        SecretBytes from{ByteView(content)};
        const auto old_place = from.mutable_view();
        SecretBytes to(std::move(from));
        EXPECT_TRUE(equal(to.view(), content)) << size;
        EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
        if (size <= SecretBytes::kInPlaceBytes) {
            EXPECT_TRUE(std::ranges::all_of(old_place, [](auto byte) { return byte == 0; }))
                << size;
        }
        for (const std::size_t other_size : {2u, 100u}) {
            SecretBytes replaced(other_size);
            EXPECT_TRUE(equal(replaced.view(), Bytes(other_size)));  // Zeros.
            replaced = to.clone();
            EXPECT_TRUE(equal(replaced.view(), content)) << size << " over " << other_size;
        }
    }
}

TEST(Secret, ACloneIsACopyOfItsOwn) {
    SecretBytes original(Bytes{1, 2});
    const SecretBytes clone = original.clone();
    original.mutable_view()[0] = 7;
    EXPECT_TRUE(equal(clone.view(), Bytes{1, 2}));
}

}  // namespace
}  // namespace chatmcp
