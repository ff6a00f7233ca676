#include "crypto/kem.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

// Wycheproof calls a case acceptable where implementations may differ. What we do, on purpose:
// refuse every public key that gives an all-zero secret (RFC 9180 section 7.1.4), and compute with
// the others (twist points, non-canonical encodings), as RFC 7748 section 5 says.
TEST(X25519, EveryCaseOfWycheproofHasItsResultAndOnlyZeroSecretsAreRefused) {
    int computed = 0;
    int refused = 0;
    for (const auto& group :
         testing::load_document("wycheproof/x25519_test.json").list("testGroups")) {
        for (const auto& vector : group.list("tests")) {
            SCOPED_TRACE(vector.name());
            const Bytes expected = vector.hex("shared");
            const auto shared = kem_dh(KemId::x25519, vector.hex("private"), vector.hex("public"));
            if (std::all_of(expected.begin(), expected.end(), [](auto b) { return b == 0; })) {
                EXPECT_EQ(vector.text("result"), "acceptable");
                ASSERT_FALSE(shared.has_value());
                EXPECT_EQ(shared.error(), (Error{Errc::malformed, "CRY-08"}));
                ++refused;
            } else {
                ASSERT_TRUE(shared.has_value());
                EXPECT_TRUE(equal(shared->view(), expected));
                ++computed;
            }
        }
    }
    EXPECT_GE(computed, 480);
    EXPECT_GE(refused, 30);
}

TEST(Kem, PublicKeysAreThoseOfRfc9180) {
    const auto vectors = testing::load_vectors("hpke/rfc9180_base.json");
    ASSERT_EQ(vectors.size(), 6u);
    for (const auto& vector : vectors) {
        const auto kem = static_cast<KemId>(vector.u64("kem_id"));
        EXPECT_TRUE(equal(kem_public_key(kem, vector.hex("skRm")), vector.hex("pkRm")));
        EXPECT_TRUE(equal(kem_public_key(kem, vector.hex("skEm")), vector.hex("pkEm")));
    }
}

TEST(Kem, PublicKeysOfAnotherSizeAreMalformed) {
    for (const KemId kem : {KemId::x25519, KemId::p256, KemId::p384, KemId::p521}) {
        SecretBytes one(kem_private_bytes(kem));
        one.mutable_view().back() = 1;
        for (const std::size_t size : {std::size_t{0}, kem_public_bytes(kem) - 1}) {
            const auto shared = kem_dh(kem, one.view(), Bytes(size));
            ASSERT_FALSE(shared.has_value());
            EXPECT_EQ(shared.error(), (Error{Errc::malformed, "CRY-07"}));
        }
    }
}

TEST(KemDeath, PrivateKeysOfTheWrongSizeEndTheProcess) {
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(kem_dh(KemId::x25519, Bytes(31), Bytes(32))),
                              "broken assumption");
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(kem_public_key(KemId::x25519, Bytes(33))),
                              "broken assumption");
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(kem_public_key(KemId::p256, Bytes(31))),
                              "broken assumption");
}

}  // namespace
}  // namespace chatmcp::crypto
