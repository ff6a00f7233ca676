#include "crypto/hpke.h"

#include <gtest/gtest.h>
#include <openssl/hpke.h>

#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

constexpr HpkeSuite kSuites[] = {{.aead = AeadId::aes_128_gcm},
                                 {.aead = AeadId::aes_256_gcm},
                                 {.aead = AeadId::chacha20_poly1305}};

HpkeSuite suite_of(const testing::Vector& vector) {
    return {.kem = static_cast<KemId>(vector.u64("kem_id")),
            .kdf = vector.u64("kdf_id") == 1 ? HashId::sha256 : HashId::sha512,
            .aead = static_cast<AeadId>(vector.u64("aead_id"))};
}

TEST(Hpke, DeriveKeyPairGivesTheKeysOfRfc9180) {
    const auto vectors = testing::load_vectors("hpke/rfc9180_base.json");
    ASSERT_EQ(vectors.size(), 6u);
    for (const auto& vector : vectors) {
        const auto recipient = HpkePrivateKey::derive(suite_of(vector).kem, vector.hex("ikmR"));
        EXPECT_TRUE(equal(recipient.bytes(), vector.hex("skRm")));
        EXPECT_TRUE(equal(recipient.public_key(), vector.hex("pkRm")));
        const auto ephemeral = HpkePrivateKey::derive(suite_of(vector).kem, vector.hex("ikmE"));
        EXPECT_TRUE(equal(ephemeral.bytes(), vector.hex("skEm")));
    }
}

TEST(Hpke, SealAndOpenGiveTheBytesOfRfc9180) {
    const auto vectors = testing::load_vectors("hpke/rfc9180_base.json");
    ASSERT_EQ(vectors.size(), 6u);
    for (const auto& vector : vectors) {
        SCOPED_TRACE(vector.text("aead"));
        // Ours is one message a context, so the case's first message is the one that applies.
        const auto message = vector.list("encryptions").at(0);
        ASSERT_EQ(message.u64("seq"), 0u);
        testing::RecordedRandom random(vector.hex("ikmE"));
        const auto sealed = hpke_seal(suite_of(vector),
                                      vector.hex("pkRm"),
                                      vector.hex("info"),
                                      message.hex("aad"),
                                      message.hex("pt"),
                                      random);
        ASSERT_TRUE(sealed.has_value());
        EXPECT_TRUE(random.used_up());
        EXPECT_EQ(sealed->enc, vector.hex("enc"));
        EXPECT_EQ(sealed->ciphertext, message.hex("ct"));

        const auto key = HpkePrivateKey::from_bytes(suite_of(vector).kem, vector.hex("skRm"));
        ASSERT_TRUE(key.has_value());
        const auto opened = hpke_open(suite_of(vector),
                                      *key,
                                      vector.hex("enc"),
                                      vector.hex("info"),
                                      message.hex("aad"),
                                      message.hex("ct"));
        ASSERT_TRUE(opened.has_value());
        EXPECT_TRUE(equal(opened->view(), message.hex("pt")));
    }
}

TEST(Hpke, SendAndReceiveExportGiveTheSecretsOfRfc9180) {
    const auto vectors = testing::load_vectors("hpke/rfc9180_base.json");
    std::size_t exports = 0;
    for (const auto& vector : vectors) {
        const auto key = HpkePrivateKey::from_bytes(suite_of(vector).kem, vector.hex("skRm"));
        ASSERT_TRUE(key.has_value());
        for (const auto& each : vector.list("exports")) {
            ++exports;
            testing::RecordedRandom random(vector.hex("ikmE"));
            const auto sent = hpke_send_export(suite_of(vector),
                                               vector.hex("pkRm"),
                                               vector.hex("info"),
                                               each.hex("exporter_context"),
                                               each.u64("L"),
                                               random);
            ASSERT_TRUE(sent.has_value());
            EXPECT_EQ(sent->enc, vector.hex("enc"));
            EXPECT_TRUE(equal(sent->secret.view(), each.hex("exported_value")));
            const auto received = hpke_receive_export(suite_of(vector),
                                                      *key,
                                                      vector.hex("enc"),
                                                      vector.hex("info"),
                                                      each.hex("exporter_context"),
                                                      each.u64("L"));
            ASSERT_TRUE(received.has_value());
            EXPECT_TRUE(equal(received->view(), each.hex("exported_value")));
        }
    }
    EXPECT_EQ(exports, 18u);
}

const EVP_HPKE_AEAD* peer_aead(AeadId id) {
    switch (id) {
        case AeadId::aes_128_gcm:
            return EVP_hpke_aes_128_gcm();
        case AeadId::aes_256_gcm:
            return EVP_hpke_aes_256_gcm();
        case AeadId::chacha20_poly1305:
            return EVP_hpke_chacha20_poly1305();
    }
    return nullptr;
}

// One message of either side, with everything that both need to know.
struct Exchange {
    HpkeSuite suite;
    HpkePrivateKey key;
    Bytes info;
    Bytes aad;
    Bytes plaintext;
};

Exchange make_exchange(testing::SeededRandom& random) {
    Exchange out{
        kSuites[random.below(3)], HpkePrivateKey::generate(KemId::x25519, random), {}, {}, {}};
    out.info.resize(random.below(100));
    out.aad.resize(random.below(100));
    out.plaintext.resize(random.below(300));
    random.fill(out.info);
    random.fill(out.aad);
    random.fill(out.plaintext);
    return out;
}

HpkeCiphertext peer_seal(const Exchange& with) {
    bssl::ScopedEVP_HPKE_CTX sender;
    HpkeCiphertext out{Bytes(kX25519Bytes), Bytes(with.plaintext.size() + kAeadTagBytes)};
    std::size_t enc_size = 0;
    EXPECT_EQ(EVP_HPKE_CTX_setup_sender(sender.get(),
                                        out.enc.data(),
                                        &enc_size,
                                        out.enc.size(),
                                        EVP_hpke_x25519_hkdf_sha256(),
                                        EVP_hpke_hkdf_sha256(),
                                        peer_aead(with.suite.aead),
                                        with.key.public_key().data(),
                                        with.key.public_key().size(),
                                        with.info.data(),
                                        with.info.size()),
              1);
    std::size_t size = 0;
    EXPECT_EQ(EVP_HPKE_CTX_seal(sender.get(),
                                out.ciphertext.data(),
                                &size,
                                out.ciphertext.size(),
                                with.plaintext.data(),
                                with.plaintext.size(),
                                with.aad.data(),
                                with.aad.size()),
              1);
    EXPECT_EQ(size, out.ciphertext.size());
    return out;
}

Bytes peer_open(const Exchange& with, const HpkeCiphertext& sealed) {
    bssl::ScopedEVP_HPKE_KEY key;
    EXPECT_EQ(EVP_HPKE_KEY_init(key.get(),
                                EVP_hpke_x25519_hkdf_sha256(),
                                with.key.bytes().data(),
                                with.key.bytes().size()),
              1);
    bssl::ScopedEVP_HPKE_CTX recipient;
    EXPECT_EQ(EVP_HPKE_CTX_setup_recipient(recipient.get(),
                                           key.get(),
                                           EVP_hpke_hkdf_sha256(),
                                           peer_aead(with.suite.aead),
                                           sealed.enc.data(),
                                           sealed.enc.size(),
                                           with.info.data(),
                                           with.info.size()),
              1);
    Bytes out(sealed.ciphertext.size());
    std::size_t size = 0;
    EXPECT_EQ(EVP_HPKE_CTX_open(recipient.get(),
                                out.data(),
                                &size,
                                out.size(),
                                sealed.ciphertext.data(),
                                sealed.ciphertext.size(),
                                with.aad.data(),
                                with.aad.size()),
              1);
    out.resize(size);
    return out;
}

// AWS-LC has an HPKE of its own, written by others from the same standard.
TEST(Hpke, WhatWeSealAwsLcOpensAndWhatItSealsWeOpen) {
    testing::SeededRandom random(4);
    for (int round = 0; round < 60; ++round) {
        SCOPED_TRACE(round);
        const Exchange with = make_exchange(random);
        const auto ours = hpke_seal(
            with.suite, with.key.public_key(), with.info, with.aad, with.plaintext, random);
        ASSERT_TRUE(ours.has_value());
        EXPECT_EQ(peer_open(with, *ours), with.plaintext);

        const HpkeCiphertext theirs = peer_seal(with);
        const auto opened =
            hpke_open(with.suite, with.key, theirs.enc, with.info, with.aad, theirs.ciphertext);
        ASSERT_TRUE(opened.has_value());
        EXPECT_TRUE(equal(opened->view(), with.plaintext));
    }
}

TEST(Hpke, AnyChangeOfKeyInfoAadEncOrCiphertextDoesNotOpen) {
    testing::SeededRandom random(5);
    const auto key = HpkePrivateKey::generate(KemId::x25519, random);
    const HpkeSuite suite;
    const auto sealed = hpke_seal(
        suite, key.public_key(), as_bytes("info"), as_bytes("aad"), as_bytes("x"), random);
    ASSERT_TRUE(sealed.has_value());
    const auto open = [&](const HpkePrivateKey& with,
                          ByteView enc,
                          std::string_view info,
                          std::string_view aad,
                          ByteView ciphertext) {
        const auto opened = hpke_open(suite, with, enc, as_bytes(info), as_bytes(aad), ciphertext);
        return std::string(opened.has_value() ? "opened" : opened.error().check);
    };
    EXPECT_EQ(open(key, sealed->enc, "info", "aad", sealed->ciphertext), "opened");
    EXPECT_EQ(open(key.clone(), sealed->enc, "info", "aad", sealed->ciphertext), "opened");
    EXPECT_EQ(open(key, sealed->enc, "other", "aad", sealed->ciphertext), "CRY-01");
    EXPECT_EQ(open(key, sealed->enc, "info", "other", sealed->ciphertext), "CRY-01");
    EXPECT_EQ(open(HpkePrivateKey::generate(KemId::x25519, random),
                   sealed->enc,
                   "info",
                   "aad",
                   sealed->ciphertext),
              "CRY-01");
    Bytes enc = sealed->enc;
    enc[3] ^= 1;
    EXPECT_EQ(open(key, enc, "info", "aad", sealed->ciphertext), "CRY-01");
    Bytes ciphertext = sealed->ciphertext;
    ciphertext[0] ^= 1;
    EXPECT_EQ(open(key, sealed->enc, "info", "aad", ciphertext), "CRY-01");
    EXPECT_EQ(open(key, sealed->enc, "info", "aad", Bytes(15)), "CRY-01");
}

TEST(Hpke, TheSameRandomnessGivesTheSameCiphertext) {
    const auto key = HpkePrivateKey::derive(KemId::x25519, Bytes(32, 1));
    testing::SeededRandom one(6);
    testing::SeededRandom same(6);
    const auto first = hpke_seal({}, key.public_key(), {}, {}, as_bytes("x"), one);
    const auto second = hpke_seal({}, key.public_key(), {}, {}, as_bytes("x"), same);
    const auto third = hpke_seal({}, key.public_key(), {}, {}, as_bytes("x"), same);
    ASSERT_TRUE(first.has_value() && second.has_value() && third.has_value());
    EXPECT_EQ(first->enc, second->enc);
    EXPECT_EQ(first->ciphertext, second->ciphertext);
    EXPECT_NE(first->enc, third->enc);
}

TEST(Hpke, KeysOfAnotherSizeAreRefused) {
    testing::SeededRandom random(7);
    const auto key = HpkePrivateKey::generate(KemId::x25519, random);
    for (const std::size_t size : {0u, 31u, 33u, 65u}) {
        const auto sealed = hpke_seal({}, Bytes(size, 9), {}, {}, {}, random);
        ASSERT_FALSE(sealed.has_value());
        EXPECT_EQ(sealed.error(), (Error{Errc::malformed, "CRY-07"}));
        const auto opened = hpke_open({}, key, Bytes(size, 9), {}, {}, Bytes(16));
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error(), (Error{Errc::malformed, "CRY-07"}));
        const auto made = HpkePrivateKey::from_bytes(KemId::x25519, Bytes(size, 9));
        ASSERT_FALSE(made.has_value());
        EXPECT_EQ(made.error(), (Error{Errc::malformed, "CRY-06"}));
    }
}

TEST(Hpke, PointsOfSmallOrderAreRefusedOnBothSides) {
    testing::SeededRandom random(8);
    const auto key = HpkePrivateKey::generate(KemId::x25519, random);
    Bytes one(32, 0);
    one[0] = 1;
    for (const Bytes& point : {Bytes(32, 0), one}) {
        const auto sealed = hpke_seal({}, point, {}, {}, as_bytes("x"), random);
        ASSERT_FALSE(sealed.has_value());
        EXPECT_EQ(sealed.error(), (Error{Errc::malformed, "CRY-08"}));
        const auto opened = hpke_open({}, key, point, {}, {}, Bytes(17));
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error(), (Error{Errc::malformed, "CRY-08"}));
    }
}

}  // namespace
}  // namespace chatmcp::crypto
