#include "crypto/sign.h"

#include <gtest/gtest.h>
#include <openssl/curve25519.h>

#include "base/encoding.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

constexpr auto kEd25519 = SignatureScheme::ed25519;

const char* check_of(const Result<void>& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

TEST(Sign, EveryEd25519CaseOfWycheproofHasItsResult) {
    int valid = 0;
    int invalid = 0;
    for (const auto& group :
         testing::load_document("wycheproof/ed25519_test.json").list("testGroups")) {
        const Bytes public_key = group.object("publicKey").hex("pk");
        for (const auto& vector : group.list("tests")) {
            SCOPED_TRACE(vector.name());
            const auto verified =
                verify_raw(kEd25519, public_key, vector.hex("msg"), vector.hex("sig"));
            if (vector.text("result") == "valid") {
                EXPECT_STREQ(check_of(verified), "accepted");
                ++valid;
            } else {
                EXPECT_FALSE(verified.has_value());
                ++invalid;
            }
        }
    }
    EXPECT_GE(valid, 80);
    EXPECT_GE(invalid, 60);
}

TEST(Sign, SeedsGiveTheKeysThatSolanaGives) {
    const auto vectors = testing::load_vectors("solana/keys.json");
    ASSERT_GE(vectors.size(), 5u);
    for (const auto& vector : vectors) {
        const SigningKey key = SigningKey::from_seed(vector.hex("seed"));
        EXPECT_TRUE(equal(key.public_key(), vector.hex("public_key")));
        EXPECT_TRUE(equal(key.seed(), vector.hex("seed")));
        EXPECT_EQ(key.clone().public_key(), key.public_key());
    }
}

// RFC 8032 section 7.1, test 1: empty message.
TEST(Sign, SignsTheEmptyMessageAsTheRfcDoes) {
    const SigningKey key = SigningKey::from_seed(
        *from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
    EXPECT_EQ(to_hex(key.public_key()),
              "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    EXPECT_EQ(to_hex(key.sign_raw({})),
              "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
              "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
}

TEST(Sign, ASignatureHoldsForItsMessageAndKeyAlone) {
    testing::SeededRandom random(1);
    const SigningKey key = SigningKey::generate(random);
    const SigningKey other = SigningKey::generate(random);
    auto signature = key.sign_raw(as_bytes("message"));
    EXPECT_STREQ(check_of(verify_raw(kEd25519, key.public_key(), as_bytes("message"), signature)),
                 "accepted");
    EXPECT_STREQ(check_of(verify_raw(kEd25519, key.public_key(), as_bytes("massage"), signature)),
                 "CRY-04");
    EXPECT_STREQ(check_of(verify_raw(kEd25519, other.public_key(), as_bytes("message"), signature)),
                 "CRY-04");
    for (std::size_t bit = 0; bit < 512; ++bit) {
        const auto mask = static_cast<std::uint8_t>(1u << (bit % 8));
        signature[bit / 8] ^= mask;
        EXPECT_FALSE(
            verify_raw(kEd25519, key.public_key(), as_bytes("message"), signature).has_value());
        signature[bit / 8] ^= mask;
    }
}

TEST(Sign, SAtOrAboveTheOrderIsRefused) {
    testing::SeededRandom random(2);
    const SigningKey key = SigningKey::generate(random);
    auto signature = key.sign_raw(as_bytes("message"));
    // S + L is the same number modulo L: a second signature that anybody could make.
    const Bytes order =
        *from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += static_cast<unsigned>(signature[32 + i]) + order[i];
        signature[32 + i] = static_cast<std::uint8_t>(carry & 0xff);
        carry >>= 8;
    }
    EXPECT_STREQ(check_of(verify_raw(kEd25519, key.public_key(), as_bytes("message"), signature)),
                 "CRY-04");
}

// With the neutral element as key, R = [S]B holds for every message, S and R of the attacker's
// choice. AWS-LC alone accepts this; the first half of the test shows that it is no empty worry.
TEST(Sign, AKeyOfSmallOrderSignsNothing) {
    Bytes neutral(32, 0);
    neutral[0] = 1;
    testing::SeededRandom random(3);
    const Bytes zero_times_base = neutral;
    const Bytes forged = concat({zero_times_base, Bytes(32, 0)});
    ASSERT_EQ(ED25519_verify(nullptr, 0, forged.data(), neutral.data()), 1);
    EXPECT_STREQ(check_of(verify_raw(kEd25519, neutral, {}, forged)), "CRY-05");
}

TEST(Sign, AllPointsOfSmallOrderAndOtherEncodingsAreRefusedAsKeyAndAsR) {
    const SigningKey key = SigningKey::from_seed(Bytes(32, 5));
    const auto signature = key.sign_raw(as_bytes("message"));
    const char* const points[] = {
        // The eight points of small order (five y, with each sign of x)...
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        // ...and values of y from p up, which would be second encodings.
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    for (const char* point : points) {
        SCOPED_TRACE(point);
        const Bytes bytes = *from_hex(point);
        EXPECT_STREQ(check_of(verify_raw(kEd25519, bytes, as_bytes("message"), signature)),
                     "CRY-05");
        const Bytes with_r = concat({bytes, ByteView(signature).subspan(32)});
        EXPECT_STREQ(check_of(verify_raw(kEd25519, key.public_key(), as_bytes("message"), with_r)),
                     "CRY-05");
    }
}

TEST(Sign, KeysAndSignaturesOfAnotherSizeAreMalformed) {
    for (const std::size_t size : {0u, 31u, 33u, 64u}) {
        EXPECT_STREQ(check_of(verify_raw(kEd25519, Bytes(size, 2), {}, Bytes(64))), "CRY-03");
    }
    for (const std::size_t size : {0u, 63u, 65u, 128u}) {
        EXPECT_STREQ(check_of(verify_raw(kEd25519, Bytes(32, 2), {}, Bytes(size))), "CRY-03");
    }
}

TEST(Sign, AnotherSchemeIsUnsupported) {
    const auto result = verify_raw(SignatureScheme{0x0804}, Bytes(32, 2), {}, Bytes(64));
    EXPECT_STREQ(check_of(result), "CRY-10");
    EXPECT_EQ(result.error().code, Errc::unsupported);
}

TEST(SignDeath, ASeedOfTheWrongSizeAndAMovedKeyEndTheProcess) {
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(SigningKey::from_seed(Bytes(31))),
                              "broken assumption");
    SigningKey key = SigningKey::from_seed(Bytes(32, 1));
    const SigningKey moved = std::move(key);
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(key.sign_raw({})), "broken assumption");  // NOLINT
}

}  // namespace
}  // namespace chatmcp::crypto
