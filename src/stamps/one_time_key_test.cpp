#include "stamps/one_time_key.h"

#include <set>

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "support/json_vectors.h"

namespace chatmcp::stamps {
namespace {

using crypto::SigningKey;
using testing::hex_of;

struct Case {
    SigningKey key;
    StampKey stamp_key;
    OneTimeKeyContext context;
    StampKey one_time_key;
};

std::vector<Case> cases() {
    std::vector<Case> out;
    for (const auto& json : testing::load_json("stamps/one_time_keys.json")) {
        out.push_back(
            {.key = SigningKey::from_seed(hex_of(json.at("seed"))),
             .stamp_key = to_array<32>(hex_of(json.at("stamp_key"))),
             .context = {.salt = to_array<32>(hex_of(json.at("salt"))),
                         .inbox = to_array<32>(hex_of(json.at("inbox"))),
                         .welcome_digest = to_array<32>(hex_of(json.at("welcome_digest")))},
             .one_time_key = to_array<32>(hex_of(json.at("one_time_key")))});
    }
    return out;
}

Result<void> verify(const StampKey& key, ByteView message, ByteView signature) {
    return crypto::verify_raw(crypto::SignatureScheme::ed25519, key, message, signature);
}

TEST(OneTimeKey, IsThatOfAnotherImplementation) {
    const auto all = cases();
    ASSERT_EQ(all.size(), 32U);
    for (const Case& each : all) {
        EXPECT_EQ(each.key.public_key(), each.stamp_key);
        EXPECT_TRUE(check_stamp_key(each.stamp_key).has_value());
        EXPECT_EQ(one_time_key(each.stamp_key, each.context).value(), each.one_time_key);
    }
}

TEST(OneTimeKey, ItsSignatureIsOneOfEd25519) {
    const Bytes message(32, 7);
    std::set<Bytes> nonces;
    for (const Case& each : cases()) {
        const auto signature = sign_with_one_time_key(each.key, each.context, message);
        EXPECT_TRUE(verify(each.one_time_key, message, signature).has_value());
        EXPECT_EQ(sign_with_one_time_key(each.key, each.context, message), signature);
        EXPECT_FALSE(verify(each.stamp_key, message, signature).has_value());
        EXPECT_FALSE(verify(each.one_time_key, Bytes(32, 8), signature).has_value());
        nonces.insert(to_bytes(ByteView(signature).first(32)));
        // Another message, or the same stamp key for another welcome: never the nonce of before.
        nonces.insert(to_bytes(
            ByteView(sign_with_one_time_key(each.key, each.context, Bytes(32, 8))).first(32)));
        OneTimeKeyContext other = each.context;
        other.welcome_digest[0] ^= 1;
        nonces.insert(
            to_bytes(ByteView(sign_with_one_time_key(each.key, other, message)).first(32)));
    }
    EXPECT_EQ(nonces.size(), 3 * cases().size());
}

TEST(OneTimeKey, EveryPartOfItsContextChangesIt) {
    const Case one = std::move(cases().front());
    std::set<StampKey> seen{one.one_time_key};
    for (ByteArray<32> OneTimeKeyContext::* const part : {&OneTimeKeyContext::salt,
                                                          &OneTimeKeyContext::inbox,
                                                          &OneTimeKeyContext::welcome_digest}) {
        OneTimeKeyContext other = one.context;
        (other.*part)[31] ^= 0x80;
        seen.insert(one_time_key(one.stamp_key, other).value());
    }
    seen.insert(one_time_key(cases()[1].stamp_key, one.context).value());
    EXPECT_EQ(seen.size(), 5U);
}

TEST(OneTimeKey, WhatIsNoKeyIsRefused) {
    StampKey not_a_point{};
    not_a_point[0] = 2;
    StampKey identity{};
    identity[0] = 1;
    StampKey not_canonical;
    not_canonical.fill(0xff);
    for (const StampKey& key : {not_a_point, identity, not_canonical, StampKey{}}) {
        const auto refused = check_stamp_key(key);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().check, std::string_view("STM-01"));
    }
    const auto refused = one_time_key(not_a_point, cases().front().context);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().check, std::string_view("STM-02"));
}

// The first key of the vectors, plus a point of order 8: signatures under such a key depend on who
// verifies.
TEST(OneTimeKey, AKeyOutsideOfTheGroupOfPrimeOrderIsRefused) {
    const auto mixed = to_array<32>(
        from_hex("1e2a8981f66a964137f26d06af2f18fd9cff9a8d2d4383662345a66cc5a320b6").value());
    const auto refused = check_stamp_key(mixed);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().check, std::string_view("STM-01"));
}

}  // namespace
}  // namespace chatmcp::stamps
