#include "crypto/aead.h"

#include <string>

#include <gtest/gtest.h>

#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

AeadId aead_with_key_bits(std::uint64_t key_bits, bool gcm) {
    if (!gcm) {
        return AeadId::chacha20_poly1305;
    }
    return key_bits == 128 ? AeadId::aes_128_gcm : AeadId::aes_256_gcm;
}

// Runs every case that fits our interface (12-byte nonce, 16-byte tag, no 192-bit key); the rest
// cannot be expressed with it. Returns how many ran.
int replay(const std::string& path, bool gcm) {
    int count = 0;
    for (const auto& group : testing::load_document(path).list("testGroups")) {
        const std::uint64_t key_bits = group.u64("keySize");
        if (group.u64("ivSize") != 96 || group.u64("tagSize") != 128 || key_bits == 192) {
            continue;
        }
        for (const auto& vector : group.list("tests")) {
            SCOPED_TRACE(path + " " + vector.name());
            const Aead aead(aead_with_key_bits(key_bits, gcm), vector.hex("key"));
            const Bytes nonce = vector.hex("iv");
            const Bytes aad = vector.hex("aad");
            const Bytes sealed = concat({vector.hex("ct"), vector.hex("tag")});
            const auto opened = aead.open(nonce, aad, sealed);
            ++count;
            if (vector.text("result") == "valid") {
                EXPECT_EQ(aead.seal(nonce, aad, vector.hex("msg")), sealed);
                EXPECT_TRUE(opened.has_value());
                EXPECT_EQ(opened.value_or(Bytes{1}), vector.hex("msg"));
            } else {
                EXPECT_EQ(vector.text("result"), "invalid");
                EXPECT_FALSE(opened.has_value());
                EXPECT_EQ(opened.error(), (Error{Errc::cannot_open, "CRY-01"}));
            }
        }
    }
    return count;
}

TEST(Aead, EveryAesGcmCaseOfWycheproofHasItsResult) {
    EXPECT_GE(replay("wycheproof/aes_gcm_test.json", true), 130);
}

TEST(Aead, EveryChaCha20Poly1305CaseOfWycheproofHasItsResult) {
    EXPECT_GE(replay("wycheproof/chacha20_poly1305_test.json", false), 300);
}

TEST(Aead, EveryChangedBitOfKeyNonceAadAndCiphertextIsRefused) {
    for (const AeadId id : {AeadId::aes_128_gcm, AeadId::aes_256_gcm, AeadId::chacha20_poly1305}) {
        // Key, nonce, aad, ciphertext: all bits of each in turn.
        std::array<Bytes, 4> parts = {Bytes(aead_key_bytes(id), 7), Bytes(12, 8), Bytes(5, 9), {}};
        parts[3] = Aead(id, parts[0]).seal(parts[1], parts[2], as_bytes("secret"));
        ASSERT_TRUE(Aead(id, parts[0]).open(parts[1], parts[2], parts[3]).has_value());
        for (Bytes& part : parts) {
            for (std::size_t bit = 0; bit < 8 * part.size(); ++bit) {
                const auto mask = static_cast<std::uint8_t>(1u << (bit % 8));
                part[bit / 8] ^= mask;
                const auto opened = Aead(id, parts[0]).open(parts[1], parts[2], parts[3]);
                ASSERT_FALSE(opened.has_value());
                EXPECT_STREQ(opened.error().check, "CRY-01");
                part[bit / 8] ^= mask;
            }
        }
    }
}

TEST(Aead, NothingShorterThanATagOpens) {
    const Aead aead(AeadId::chacha20_poly1305, Bytes(32, 1));
    for (std::size_t size = 0; size < kAeadTagBytes; ++size) {
        EXPECT_FALSE(aead.open(Bytes(12), {}, Bytes(size)).has_value());
        EXPECT_FALSE(aead.open_secret(Bytes(12), {}, Bytes(size)).has_value());
    }
}

TEST(Aead, AnEmptyPlaintextAndNoAadRoundTrip) {
    const Aead aead(AeadId::aes_128_gcm, Bytes(16, 1));
    const Bytes sealed = aead.seal(Bytes(12), {}, {});
    EXPECT_EQ(sealed.size(), kAeadTagBytes);
    const auto opened = aead.open(Bytes(12), {}, sealed);
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(opened->empty());
}

TEST(Aead, OpenSecretGivesTheSameBytesAsOpen) {
    const Aead aead(AeadId::chacha20_poly1305, Bytes(32, 1));
    const Bytes sealed = aead.seal(Bytes(12), as_bytes("aad"), as_bytes("key"));
    const auto opened = aead.open_secret(Bytes(12), as_bytes("aad"), sealed);
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(equal(opened->view(), as_bytes("key")));
    const auto refused = aead.open_secret(Bytes(12), as_bytes("other"), sealed);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "CRY-01");
}

TEST(Aead, AMovedKeyStillWorks) {
    Aead first(AeadId::aes_256_gcm, Bytes(32, 1));
    const Bytes sealed = first.seal(Bytes(12), {}, as_bytes("text"));
    const Aead second(std::move(first));
    EXPECT_TRUE(second.open(Bytes(12), {}, sealed).has_value());
}

TEST(AeadDeath, AKeyOrNonceOfTheWrongSizeEndsTheProcess) {
    EXPECT_DEATH_IF_SUPPORTED(Aead(AeadId::aes_128_gcm, Bytes(32)), "broken assumption");
    const Aead aead(AeadId::aes_128_gcm, Bytes(16));
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(aead.seal(Bytes(11), {}, {})), "broken assumption");
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(aead.open(Bytes(13), {}, Bytes(16))),
                              "broken assumption");
}

}  // namespace
}  // namespace chatmcp::crypto
