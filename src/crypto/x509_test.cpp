#include "crypto/x509.h"

#include <gtest/gtest.h>

#include "crypto/nist_curve.h"
#include "support/certificates.h"

namespace chatmcp::crypto {
namespace {

Bytes seed() {
    return Bytes(32, 7);
}

TEST(X509, TheKeyOfACertificateIsTheSubjects) {
    const auto key = SigningKey::from_seed(seed());
    const auto found = certificate_key(testing::make_certificate(SignatureScheme::ed25519, seed()));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->scheme, SignatureScheme::ed25519);
    EXPECT_TRUE(equal(found->public_key, key.public_key()));
    const auto curve =
        certificate_key(testing::make_certificate(SignatureScheme::ecdsa_secp256r1_sha256, seed()));
    ASSERT_TRUE(curve.has_value());
    EXPECT_EQ(curve->scheme, SignatureScheme::ecdsa_secp256r1_sha256);
    ASSERT_EQ(curve->public_key.size(), 65u);
    EXPECT_EQ(curve->public_key.front(), 4);
}

TEST(X509, WhatIsNotExactlyOneCertificateIsRefused) {
    const Bytes whole = testing::make_certificate(SignatureScheme::ed25519, seed());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto cut = certificate_key(ByteView(whole).first(size));
        ASSERT_FALSE(cut.has_value()) << size;
        EXPECT_STREQ(cut.error().check, "CRY-12");
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_STREQ(certificate_key(longer).error().check, "CRY-12");
}

TEST(X509, AKeyOfAnotherKindIsUnsupported) {
    const auto rsa = certificate_key(testing::make_rsa_certificate());
    ASSERT_FALSE(rsa.has_value());
    EXPECT_EQ(rsa.error().code, Errc::unsupported);
    EXPECT_STREQ(rsa.error().check, "CRY-13");
}

}  // namespace
}  // namespace chatmcp::crypto
