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
            const auto shared = x25519(vector.hex("private"), vector.hex("public"));
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

TEST(X25519, PublicKeysAreThoseOfRfc9180) {
    const auto vectors = testing::load_vectors("hpke/rfc9180_x25519_base.json");
    ASSERT_GE(vectors.size(), 3u);
    for (const auto& vector : vectors) {
        EXPECT_TRUE(equal(x25519_public_key(vector.hex("skRm")), vector.hex("pkRm")));
        EXPECT_TRUE(equal(x25519_public_key(vector.hex("skEm")), vector.hex("pkEm")));
    }
}

TEST(X25519Death, KeysOfTheWrongSizeEndTheProcess) {
    EXPECT_DEATH(static_cast<void>(x25519(Bytes(31), Bytes(32))), "broken assumption");
    EXPECT_DEATH(static_cast<void>(x25519_public_key(Bytes(33))), "broken assumption");
}

}  // namespace
}  // namespace chatmcp::crypto
