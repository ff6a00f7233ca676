#include "crypto/xwing.h"

#include <gtest/gtest.h>

#include "crypto/hpke.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

constexpr auto kKem = KemId::mlkem768_x25519;

TEST(Xwing, EveryVectorOfTheDraftHasItsKeysCiphertextAndSecret) {
    const auto vectors = testing::load_vectors("hpke/xwing.json");
    ASSERT_EQ(vectors.size(), 3u);
    for (const auto& vector : vectors) {
        EXPECT_EQ(xwing_public_key(vector.hex("sk")), vector.hex("pk"));
        const auto made = xwing_encapsulate(vector.hex("pk"), vector.hex("eseed"));
        ASSERT_TRUE(made.has_value());
        EXPECT_EQ(made->ciphertext, vector.hex("ct"));
        EXPECT_TRUE(equal(made->shared_secret.view(), vector.hex("ss")));
        const auto opened = xwing_decapsulate(vector.hex("sk"), vector.hex("ct"));
        ASSERT_TRUE(opened.has_value());
        EXPECT_TRUE(equal(opened->view(), vector.hex("ss")));
    }
}

TEST(Xwing, IsTheKemOfHpkePq) {
    const auto vectors = testing::load_vectors("hpke/hpke_pq.json");
    ASSERT_EQ(vectors.size(), 1u);
    const auto& vector = vectors.front();
    const HpkeSuite suite{kKem, HashId::sha256, static_cast<AeadId>(vector.u64("aead_id"))};
    ASSERT_EQ(vector.u64("kem_id"), static_cast<std::uint64_t>(kKem));
    ASSERT_EQ(vector.u64("kdf_id"), 1u);
    const auto key = HpkePrivateKey::derive(kKem, vector.hex("ikmR"));
    EXPECT_TRUE(equal(key.bytes(), vector.hex("skRm")));
    EXPECT_EQ(key.public_key(), vector.hex("pkRm"));
    EXPECT_TRUE(equal(xwing_decapsulate(key.bytes(), vector.hex("enc"))->view(),
                      vector.hex("shared_secret")));
    const auto message = vector.list("encryptions").at(0);
    testing::RecordedRandom random(vector.hex("ikmE"));
    const auto sealed = hpke_seal(
        suite, key.public_key(), vector.hex("info"), message.hex("aad"), message.hex("pt"), random);
    ASSERT_TRUE(sealed.has_value());
    EXPECT_TRUE(random.used_up());
    EXPECT_EQ(sealed->enc, vector.hex("enc"));
    EXPECT_EQ(sealed->ciphertext, message.hex("ct"));
    const auto opened = hpke_open(suite,
                                  HpkePrivateKey::from_bytes(kKem, vector.hex("skRm")).value(),
                                  vector.hex("enc"),
                                  vector.hex("info"),
                                  message.hex("aad"),
                                  message.hex("ct"));
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(equal(opened->view(), message.hex("pt")));
    int exports = 0;
    for (const auto& each : vector.list("exports")) {
        const auto received = hpke_receive_export(suite,
                                                  key,
                                                  vector.hex("enc"),
                                                  vector.hex("info"),
                                                  each.hex("exporter_context"),
                                                  each.u64("L"));
        ASSERT_TRUE(received.has_value());
        EXPECT_TRUE(equal(received->view(), each.hex("exported_value")));
        ++exports;
    }
    EXPECT_EQ(exports, 5);
}

TEST(Xwing, EitherHalfOfACiphertextCounts) {
    testing::SeededRandom random(1);
    const HpkeSuite suite{kKem, HashId::sha384, AeadId::aes_256_gcm};
    const auto key = HpkePrivateKey::generate(kKem, random);
    const auto sealed = hpke_seal(suite, key.public_key(), {}, {}, as_bytes("text"), random);
    ASSERT_TRUE(sealed.has_value());
    ASSERT_EQ(sealed->enc.size(), kem_encapsulated_bytes(kKem));
    EXPECT_TRUE(hpke_open(suite, key, sealed->enc, {}, {}, sealed->ciphertext).has_value());
    // The last 256 bits are X25519's, before them ML-KEM's.
    for (std::size_t bit = 0; bit < sealed->enc.size() * 8; bit += 61) {
        Bytes flipped = sealed->enc;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const auto opened = hpke_open(suite, key, flipped, {}, {}, sealed->ciphertext);
        ASSERT_FALSE(opened.has_value()) << bit;
        EXPECT_STREQ(opened.error().check, "CRY-01");
    }
}

TEST(Xwing, KeysAndCiphertextsThatAreNoneAreRefused) {
    testing::SeededRandom random(2);
    const auto key = HpkePrivateKey::generate(kKem, random);
    const HpkeSuite suite{.kem = kKem};
    const auto seal = [&](const Bytes& public_key) {
        const auto sealed = hpke_seal(suite, public_key, {}, {}, {}, random);
        return std::string(sealed.has_value() ? "sealed" : sealed.error().check);
    };
    const auto open = [&](const Bytes& enc) {
        const auto opened = hpke_open(suite, key, enc, {}, {}, Bytes(16));
        return std::string(opened.has_value() ? "opened" : opened.error().check);
    };
    EXPECT_EQ(seal(key.public_key()), "sealed");
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{32}, kXwingPublicBytes - 1, kXwingPublicBytes + 1}) {
        EXPECT_EQ(seal(Bytes(size)), "CRY-07");
        EXPECT_EQ(open(Bytes(size)), "CRY-07");
        EXPECT_FALSE(HpkePrivateKey::from_bytes(kKem, Bytes(size + 1)).has_value());
    }
    EXPECT_EQ(open(Bytes(kXwingCiphertextBytes - 1)), "CRY-07");
    Bytes above_the_modulus = key.public_key();
    above_the_modulus[0] = 0xff;
    above_the_modulus[1] |= 0x0f;
    EXPECT_EQ(seal(above_the_modulus), "CRY-20");
    Bytes small_order = key.public_key();
    std::fill(small_order.end() - kX25519Bytes, small_order.end(), std::uint8_t{0});
    EXPECT_EQ(seal(small_order), "CRY-08");
    Bytes enc = xwing_encapsulate(key.public_key(), Bytes(kXwingEncapsulationBytes, 1))->ciphertext;
    std::fill(enc.end() - kX25519Bytes, enc.end(), std::uint8_t{0});
    EXPECT_EQ(open(enc), "CRY-08");
}

TEST(XwingDeath, SeedsOfTheWrongSizeAndDiffieHellmanEndTheProcess) {
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(xwing_public_key(Bytes(31))), "broken assumption");
    EXPECT_DEATH_IF_SUPPORTED(
        static_cast<void>(xwing_encapsulate(Bytes(kXwingPublicBytes), Bytes(32))),
        "broken assumption");
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(kem_dh(kKem, Bytes(32), Bytes(kXwingPublicBytes))),
                              "broken assumption");
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(kem_hash(kKem)), "broken assumption");
}

}  // namespace
}  // namespace chatmcp::crypto
