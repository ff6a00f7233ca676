#include "crypto/ed25519_point.h"

#include <gtest/gtest.h>

#include "crypto/sign.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

// The file is written by @solana/web3.js (PROVENANCE.md there).
TEST(Ed25519Point, EveryVectorIsAPointOrNot) {
    const auto vectors = testing::load_vectors("solana/on_curve.json");
    ASSERT_GE(vectors.size(), 20u);
    for (const auto& vector : vectors) {
        EXPECT_EQ(is_ed25519_point(vector.hex("hex")), vector.boolean("on_curve"))
            << vector.text("hex");
    }
}

TEST(Ed25519Point, EveryPublicKeyIsAPoint) {
    testing::SeededRandom random(1);
    for (int i = 0; i < 200; ++i) {
        EXPECT_TRUE(is_ed25519_point(SigningKey::generate(random).public_key()));
    }
}

TEST(Ed25519Point, AboutHalfOfAllValuesAreNone) {
    testing::SeededRandom random(2);
    int points = 0;
    for (int i = 0; i < 2000; ++i) {
        ByteArray<32> value;
        random.fill(value);
        points += is_ed25519_point(value) ? 1 : 0;
    }
    EXPECT_GT(points, 900);
    EXPECT_LT(points, 1100);
}

// What validators take for points, other libraries not: x = 0 with the sign set, and y above p.
TEST(Ed25519Point, SecondEncodingsArePointsAsForValidators) {
    ByteArray<32> one{0x01};
    EXPECT_TRUE(is_ed25519_point(one));
    one.back() = 0x80;
    EXPECT_TRUE(is_ed25519_point(one));
    ByteArray<32> prime_plus_one;
    prime_plus_one.fill(0xff);
    prime_plus_one.front() = 0xee;
    prime_plus_one.back() = 0x7f;
    EXPECT_TRUE(is_ed25519_point(prime_plus_one));
}

}  // namespace
}  // namespace chatmcp::crypto
