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

TEST(Secret, ACloneIsACopyOfItsOwn) {
    SecretBytes original(Bytes{1, 2});
    const SecretBytes clone = original.clone();
    original.mutable_view()[0] = 7;
    EXPECT_TRUE(equal(clone.view(), Bytes{1, 2}));
}

}  // namespace
}  // namespace chatmcp
