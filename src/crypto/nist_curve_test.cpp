#include "crypto/nist_curve.h"

#include <string>

#include <gtest/gtest.h>

#include "crypto/sign.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

struct Curve {
    NistCurve id;
    SignatureScheme scheme;
    std::string ecdh;
    std::string ecdsa;
};
const Curve kCurves[] = {{NistCurve::p256,
                          SignatureScheme::ecdsa_secp256r1_sha256,
                          "wycheproof/ecdh_secp256r1_ecpoint_test.json",
                          "wycheproof/ecdsa_secp256r1_sha256_test.json"},
                         {NistCurve::p384,
                          SignatureScheme::ecdsa_secp384r1_sha384,
                          "wycheproof/ecdh_secp384r1_ecpoint_test.json",
                          "wycheproof/ecdsa_secp384r1_sha384_test.json"},
                         {NistCurve::p521,
                          SignatureScheme::ecdsa_secp521r1_sha512,
                          "wycheproof/ecdh_secp521r1_ecpoint_test.json",
                          "wycheproof/ecdsa_secp521r1_sha512_test.json"}};

// Wycheproof writes a private number as short as it goes, or with a zero before it.
Bytes fixed_size(Bytes number, std::size_t size) {
    while (number.size() > size && number.front() == 0) {
        number.erase(number.begin());
    }
    number.insert(number.begin(), size - number.size(), 0);
    return number;
}

// Acceptable are compressed points alone, which RFC 9180 does not use.
TEST(NistEcdh, EveryCaseOfWycheproofHasItsResult) {
    for (const Curve& curve : kCurves) {
        int valid = 0;
        int refused = 0;
        for (const auto& group : testing::load_document(curve.ecdh).list("testGroups")) {
            for (const auto& vector : group.list("tests")) {
                SCOPED_TRACE(curve.ecdh + " " + vector.name());
                const Bytes key = fixed_size(vector.hex("private"), nist_private_bytes(curve.id));
                ASSERT_TRUE(is_nist_private_key(curve.id, key));
                const auto shared = nist_ecdh(curve.id, key, vector.hex("public"));
                if (vector.text("result") == "valid") {
                    ASSERT_TRUE(shared.has_value());
                    EXPECT_TRUE(equal(shared->view(), vector.hex("shared")));
                    ++valid;
                } else {
                    ASSERT_FALSE(shared.has_value());
                    EXPECT_EQ(shared.error(), (Error{Errc::malformed, "CRY-09"}));
                    ++refused;
                }
            }
        }
        EXPECT_GE(valid, 200);
        EXPECT_GE(refused, 19);
    }
}

TEST(Ecdsa, EveryCaseOfWycheproofHasItsResult) {
    for (const Curve& curve : kCurves) {
        int valid = 0;
        int invalid = 0;
        for (const auto& group : testing::load_document(curve.ecdsa).list("testGroups")) {
            const Bytes public_key = group.object("publicKey").hex("uncompressed");
            for (const auto& vector : group.list("tests")) {
                SCOPED_TRACE(curve.ecdsa + " " + vector.name());
                const auto verified =
                    verify_raw(curve.scheme, public_key, vector.hex("msg"), vector.hex("sig"));
                if (vector.text("result") == "valid") {
                    EXPECT_TRUE(verified.has_value());
                    ++valid;
                } else {
                    ASSERT_FALSE(verified.has_value());
                    EXPECT_EQ(verified.error(), (Error{Errc::bad_signature, "CRY-04"}));
                    ++invalid;
                }
            }
        }
        EXPECT_GE(valid, 150);
        EXPECT_GE(invalid, 200);
    }
}

TEST(Ecdsa, ASignatureHoldsForItsMessageAndKeyAlone) {
    testing::SeededRandom random(3);
    for (const Curve& curve : kCurves) {
        const EcdsaKey key = EcdsaKey::generate(curve.id, random);
        const EcdsaKey other = EcdsaKey::generate(curve.id, random);
        const Bytes message = {1, 2, 3};
        const Bytes signature = key.sign_raw(message);
        const auto check_of = [&](const Bytes& by, const Bytes& what, const Bytes& signed_by) {
            const auto verified = verify_raw(curve.scheme, by, what, signed_by);
            return std::string(verified.has_value() ? "accepted" : verified.error().check);
        };
        EXPECT_EQ(check_of(key.public_key(), message, signature), "accepted");
        EXPECT_EQ(check_of(key.public_key(), message, key.clone().sign_raw(message)), "accepted");
        EXPECT_EQ(check_of(other.public_key(), message, signature), "CRY-04");
        EXPECT_EQ(check_of(key.public_key(), Bytes{1, 2}, signature), "CRY-04");
        EXPECT_EQ(check_of(key.public_key(), message, Bytes{}), "CRY-04");
        Bytes off_curve = key.public_key();
        off_curve.back() ^= 1;
        EXPECT_EQ(check_of(off_curve, message, signature), "CRY-09");
        EXPECT_EQ(check_of(Bytes{}, message, signature), "CRY-09");
    }
}

TEST(Ecdsa, PrivateKeysAreNumbersFromOneBelowTheOrder) {
    for (const Curve& curve : kCurves) {
        const std::size_t size = nist_private_bytes(curve.id);
        Bytes one(size);
        one.back() = 1;
        EXPECT_TRUE(EcdsaKey::from_bytes(curve.id, one).has_value());
        for (const Bytes& refused : {Bytes(size), Bytes(size, 0xff), Bytes(size - 1, 1)}) {
            const auto key = EcdsaKey::from_bytes(curve.id, refused);
            ASSERT_FALSE(key.has_value());
            EXPECT_EQ(key.error(), (Error{Errc::malformed, "CRY-11"}));
        }
    }
}

}  // namespace
}  // namespace chatmcp::crypto
