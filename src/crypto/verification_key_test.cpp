#include "crypto/verification_key.h"

#include <string>

#include <gtest/gtest.h>

#include "support/certificates.h"
#include "support/random.h"
#include "support/rsa_key.h"
#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

struct File {
    std::string name;
    SignatureAlgorithm algorithm;
    int valid_min;
    bool fixed = false;  // r || s instead of DER.
};

const File kFiles[] = {
    {"ecdsa_secp256r1_sha256", SignatureAlgorithm::ecdsa_sha256, 150},
    {"ecdsa_secp384r1_sha384", SignatureAlgorithm::ecdsa_sha384, 150},
    {"ecdsa_secp521r1_sha512", SignatureAlgorithm::ecdsa_sha512, 150},
    {"ecdsa_secp384r1_sha256", SignatureAlgorithm::ecdsa_sha256, 150},
    {"ecdsa_secp256r1_sha256_p1363", SignatureAlgorithm::ecdsa_sha256, 150, true},
    {"ecdsa_secp384r1_sha384_p1363", SignatureAlgorithm::ecdsa_sha384, 150, true},
    {"ecdsa_secp521r1_sha512_p1363", SignatureAlgorithm::ecdsa_sha512, 150, true},
    {"rsa_pss_2048_sha256_mgf1_32", SignatureAlgorithm::rsa_pss_sha256, 40},
    {"rsa_pss_3072_sha256_mgf1_32", SignatureAlgorithm::rsa_pss_sha256, 40},
    {"rsa_pss_4096_sha384_mgf1_48", SignatureAlgorithm::rsa_pss_sha384, 40},
    {"rsa_pss_4096_sha512_mgf1_64", SignatureAlgorithm::rsa_pss_sha512, 40},
};

TEST(VerificationKey, EveryCaseOfWycheproofHasItsResult) {
    for (const File& file : kFiles) {
        const auto document = testing::load_document("wycheproof/" + file.name + "_test.json");
        int valid = 0;
        int invalid = 0;
        for (const auto& group : document.list("testGroups")) {
            const auto key = VerificationKey::from_spki(group.hex("publicKeyDer"));
            ASSERT_TRUE(key.has_value()) << file.name;
            for (const auto& vector : group.list("tests")) {
                SCOPED_TRACE(file.name + " " + vector.name());
                const Bytes message = vector.hex("msg");
                const Bytes signature = vector.hex("sig");
                const auto verified = file.fixed
                                          ? key->verify_fixed(file.algorithm, message, signature)
                                          : key->verify(file.algorithm, message, signature);
                if (vector.text("result") == "valid") {
                    EXPECT_TRUE(verified.has_value());
                    ++valid;
                } else {
                    ASSERT_FALSE(verified.has_value());
                    EXPECT_EQ(verified.error(), (Error{Errc::bad_signature, "CRY-16"}));
                    ++invalid;
                }
            }
        }
        EXPECT_GE(valid, file.valid_min) << file.name;
        EXPECT_GE(invalid, 20) << file.name;
    }
}

TEST(VerificationKey, CoordinatesAreAPointOfTheirCurve) {
    testing::SeededRandom random(1);
    const EcdsaKey pair = EcdsaKey::generate(NistCurve::p256, random);
    const Bytes xy(pair.public_key().begin() + 1, pair.public_key().end());
    const Bytes message(100, 0x5a);
    const auto key = VerificationKey::from_coordinates(NistCurve::p256, xy);
    ASSERT_TRUE(key.has_value());
    EXPECT_TRUE(
        key->verify(SignatureAlgorithm::ecdsa_sha256, message, pair.sign_raw(message)).has_value());
    for (const auto& wrong : {Bytes(64, 0x01), Bytes(xy.begin(), xy.end() - 1), Bytes()}) {
        const auto refused = VerificationKey::from_coordinates(NistCurve::p256, wrong);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error(), (Error{Errc::malformed, "CRY-14"}));
    }
}

TEST(VerificationKey, AnRsaKeyIsMadeOfItsTwoNumbers) {
    const testing::RsaKey pair;
    const Bytes modulus = pair.modulus();
    const Bytes exponent{0x01, 0x00, 0x01};
    const auto key = VerificationKey::from_rsa(modulus, exponent);
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->spki(), pair.spki());
    const Bytes message(100, 0x5a);
    for (const auto algorithm : {SignatureAlgorithm::rsa_pkcs1_sha1,
                                 SignatureAlgorithm::rsa_pkcs1_sha256,
                                 SignatureAlgorithm::rsa_pss_sha256}) {
        Bytes signature = pair.sign(algorithm, message);
        EXPECT_TRUE(key->verify(algorithm, message, signature).has_value());
        signature[20] ^= 1;
        EXPECT_FALSE(key->verify(algorithm, message, signature).has_value());
    }
    const auto check_of = [](ByteView n, ByteView e) {
        const auto made = VerificationKey::from_rsa(n, e);
        return std::string(made.has_value() ? "made" : made.error().check);
    };
    EXPECT_EQ(check_of(ByteView(modulus).first(128), exponent), "CRY-14");
    EXPECT_EQ(check_of({}, exponent), "CRY-14");
    EXPECT_EQ(check_of(modulus, {}), "CRY-14");
    EXPECT_EQ(check_of(modulus, Bytes{2}), "CRY-14");
}

TEST(VerificationKey, AnAlgorithmOfAnotherKindOfKeyVerifiesNothing) {
    testing::SeededRandom random(1);
    const EcdsaKey pair = EcdsaKey::generate(NistCurve::p256, random);
    const Bytes xy(pair.public_key().begin() + 1, pair.public_key().end());
    const VerificationKey key = VerificationKey::from_coordinates(NistCurve::p256, xy).value();
    const Bytes message(10, 0);
    const Bytes signature = pair.sign_raw(message);
    EXPECT_FALSE(key.verify(SignatureAlgorithm::rsa_pkcs1_sha256, message, signature).has_value());
    EXPECT_FALSE(key.verify(SignatureAlgorithm::rsa_pss_sha256, message, signature).has_value());
    EXPECT_FALSE(
        key.verify_fixed(SignatureAlgorithm::rsa_pss_sha256, message, Bytes(64, 1)).has_value());
    EXPECT_FALSE(
        key.verify_fixed(SignatureAlgorithm::ecdsa_sha256, message, Bytes(63, 1)).has_value());
    EXPECT_FALSE(key.verify(SignatureAlgorithm::ecdsa_sha384, message, signature).has_value());
}

TEST(VerificationKey, KeysOfOtherKindsAndSizesAreRefusedByName) {
    const auto check_of = [](ByteView spki) {
        const auto key = VerificationKey::from_spki(spki);
        return std::string(key.has_value() ? "read" : key.error().check);
    };
    const auto document = testing::load_document("wycheproof/ed25519_test.json");
    EXPECT_EQ(check_of(document.list("testGroups")[0].hex("publicKeyDer")), "CRY-15");
    EXPECT_EQ(check_of(Bytes(20, 0x30)), "CRY-14");
    const auto p256 = testing::load_document("wycheproof/ecdsa_secp256r1_sha256_test.json");
    Bytes spki = p256.list("testGroups")[0].hex("publicKeyDer");
    EXPECT_EQ(check_of(spki), "read");
    spki.push_back(0);
    EXPECT_EQ(check_of(spki), "CRY-14");
}

}  // namespace
}  // namespace chatmcp::crypto
