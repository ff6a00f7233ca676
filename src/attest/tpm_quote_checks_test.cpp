// One rule after the other: a TPM of the tests' own, with one thing wrong and everything signed.

#include <gtest/gtest.h>

#include "support/rsa_key.h"
#include "support/tpm_platform.h"

namespace chatmcp::attest {
namespace {

using testing::TpmPlatform;

class TpmChecks : public ::testing::Test {
  protected:
    std::string refused_by() {
        const auto claims = platform.verify();
        return claims.has_value() ? "verified" : claims.error().check;
    }
    std::string with_quote(const std::function<void(Bytes&)>& edit) {
        platform.edit_quote = edit;
        const std::string check = refused_by();
        platform.edit_quote = [](Bytes&) {};
        return check;
    }
    std::string with_evidence(const std::function<void(TpmEvidence&)>& edit) {
        platform.edit_evidence = edit;
        const std::string check = refused_by();
        platform.edit_evidence = [](TpmEvidence&) {};
        return check;
    }

    TpmPlatform platform;
};

TEST_F(TpmChecks, ATpmOfOurOwnVerifies) {
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->nonce, Bytes(32, 0x66));
    EXPECT_EQ(claims->clock_ms, 12'345u);
    EXPECT_EQ(claims->reset_count, 7u);
    EXPECT_EQ(claims->restart_count, 1u);
    EXPECT_TRUE(claims->clock_safe);
    EXPECT_EQ(claims->signature_hash, TpmHash::sha256);
    EXPECT_EQ(claims->ak, testing::spki_of(platform.ak));
    EXPECT_TRUE(claims->ak_attributes_quoted);
    ASSERT_TRUE(claims->ak_certificate.has_value());
    EXPECT_EQ(claims->ak_certificate->subject, "vtpm-1");
    EXPECT_EQ(claims->ak_certificate->issuer, platform.authority.name);
    // The value of register 3 was given, and the quote is not over it.
    const std::map<std::uint8_t, Bytes> expected = {
        {0, Bytes(32, 0x10)}, {2, Bytes(32, 0x12)}, {23, Bytes(32, 0x27)}};
    EXPECT_EQ(claims->pcrs, (TpmPcrs{{TpmHash::sha256, expected}}));
}

// ---- Structures ----

TEST_F(TpmChecks, StructuresAreWholeAndNotLarge) {
    const auto grown = [](Bytes& bytes) { bytes.resize(kTpmStructureMaxBytes + 1); };
    const auto longer = [](Bytes& bytes) { bytes.push_back(0); };
    const auto shorter = [](Bytes& bytes) { bytes.pop_back(); };
    EXPECT_EQ(with_quote(grown), "ATT-210");
    EXPECT_EQ(with_quote(longer), "ATT-211");
    EXPECT_EQ(with_quote(shorter), "WIRE-01");
    for (auto* edit : {&platform.edit_signature, &platform.edit_public}) {
        *edit = grown;
        EXPECT_EQ(refused_by(), "ATT-210");
        *edit = longer;
        EXPECT_EQ(refused_by(), "ATT-211");
        *edit = shorter;
        EXPECT_EQ(refused_by(), "WIRE-01");
        *edit = [](Bytes& bytes) { bytes.clear(); };
        EXPECT_EQ(refused_by(), "WIRE-01");
        *edit = [](Bytes&) {};
    }
    platform.nonce = Bytes(kTpmDataMaxBytes + 1, 1);
    EXPECT_EQ(refused_by(), "ATT-211");
    platform.nonce = Bytes(kTpmDataMaxBytes, 1);
    EXPECT_EQ(refused_by(), "verified");
    platform.safe = 2;
    EXPECT_EQ(refused_by(), "ATT-211");
    platform.safe = 1;
    // Numbers of a signature that are longer than those of any curve.
    platform.edit_signature = [](Bytes& bytes) { bytes[5] = 67; };
    EXPECT_EQ(refused_by(), "ATT-211");
}

TEST_F(TpmChecks, AQuoteIsMadeByATpm) {
    platform.magic = 0xff544348;
    EXPECT_EQ(refused_by(), "ATT-212");
}

TEST_F(TpmChecks, OtherStatementsOfATpmAreNoQuotes) {
    for (const int type : {0x8014, 0x8017, 0x801a, 0x8019, 0x8024}) {
        platform.type = static_cast<std::uint16_t>(type);
        EXPECT_EQ(refused_by(), "ATT-213") << type;
    }
}

TEST_F(TpmChecks, AlgorithmsAreKnown) {
    platform.selections[0].first = 0x0012;  // SM3
    EXPECT_EQ(refused_by(), "ATT-214");
    platform.selections[0].first = 0x000b;
    platform.hash = 0x0004;  // ECDSA with SHA-1
    EXPECT_EQ(refused_by(), "ATT-214");
    platform.hash = 0x0027;  // SHA3-256
    EXPECT_EQ(refused_by(), "ATT-214");
    platform.hash = 0x000b;
    for (const int scheme : {0x0005, 0x0010, 0x001a, 0x001b}) {  // HMAC, none, ECDAA, SM2
        platform.scheme = static_cast<std::uint16_t>(scheme);
        EXPECT_EQ(refused_by(), "ATT-214") << scheme;
    }
}

TEST_F(TpmChecks, SelectionsAreOfRegistersThatTpmsHave) {
    platform.selections = {{0x000b, {0x05, 0x00, 0x80}}, {0x000b, {0x08, 0x00, 0x00}}};
    EXPECT_EQ(refused_by(), "ATT-215");
    platform.selections = {{0x000b, Bytes(5, 0x00)}};
    EXPECT_EQ(refused_by(), "ATT-215");
    platform.selections.assign(kTpmBanksMax + 1, {0x000b, {}});
    EXPECT_EQ(refused_by(), "ATT-215");
    // Nothing at all: then nothing is claimed either.
    platform.selections = {};
    platform.quoted = {};
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_TRUE(claims->pcrs.empty());
}

// ---- Registers ----

TEST_F(TpmChecks, ValuesOfRegistersHaveTheirShape) {
    const std::string value = to_hex(Bytes(32, 1));
    for (const std::string& text :
         std::vector<std::string>{"{}",
                                  "[]",
                                  R"({"sha256":[]})",
                                  R"({"sha3-256":{"0":")" + value + R"("}})",
                                  R"({"sha256":{"00":")" + value + R"("}})",
                                  R"({"sha256":{"32":")" + value + R"("}})",
                                  R"({"sha256":{"0":")" + value + R"(00"}})",
                                  R"({"sha256":{"0":")" + std::string(64, 'A') + R"("}})",
                                  R"({"sha256":{"0":1}})",
                                  R"({"sha1":{"0":")" + value + R"("}})"}) {
        platform.pcrs = text;
        EXPECT_EQ(refused_by(), "ATT-216") << text;
    }
    platform.pcrs = R"({"sha256":{"0":")" + value + R"(","0":")" + value + R"("}})";
    EXPECT_EQ(refused_by(), "ATT-32");
    platform.pcrs = "";
    EXPECT_EQ(refused_by(), "ATT-31");
}

TEST_F(TpmChecks, EveryQuotedRegisterHasItsValue) {
    platform.selections[0].second[0] = 0x45;  // Also register 6.
    EXPECT_EQ(refused_by(), "ATT-217");
    platform.selections[0] = {0x000c, {0x05, 0x00, 0x80}};  // A bank without values.
    EXPECT_EQ(refused_by(), "ATT-217");
}

TEST_F(TpmChecks, ValuesAreTheQuotedOnes) {
    platform.quoted[1][31] ^= 1;
    EXPECT_EQ(refused_by(), "ATT-218");
    platform.quoted[1][31] ^= 1;
    std::swap(platform.quoted[0], platform.quoted[2]);
    EXPECT_EQ(refused_by(), "ATT-218");
    std::swap(platform.quoted[0], platform.quoted[2]);
    platform.selections[0].second[0] = 0x0d;  // Register 3, which the digest leaves out.
    EXPECT_EQ(refused_by(), "ATT-218");
}

// ---- Signature and key ----

TEST_F(TpmChecks, AQuoteIsSignedByItsKey) {
    platform.edit_signature = [](Bytes& signature) { signature.back() ^= 1; };
    EXPECT_EQ(refused_by(), "ATT-219");
    platform.edit_signature = [](Bytes& signature) { signature[3] = 0x0c; };  // SHA-384
    EXPECT_EQ(refused_by(), "ATT-219");
    platform.edit_signature = [](Bytes& signature) {
        signature = {0x00, 0x14, 0x00, 0x0b, 0x00, 0x01, 0x00};
    };
    EXPECT_EQ(refused_by(), "ATT-219");
}

TEST_F(TpmChecks, AKeyOfRsaSignsToo) {
    const testing::RsaKey key;
    const Bytes quote_bytes = platform.make_quote({});
    const TpmQuote quote = TpmQuote::read(quote_bytes).value();
    const TpmPcrs pcrs = tpm_pcrs_of_json(platform.pcrs).value();
    const auto verify_key = crypto::VerificationKey::from_spki(key.spki()).value();
    for (const auto& [scheme, algorithm] :
         {std::pair{std::uint8_t{0x14}, crypto::SignatureAlgorithm::rsa_pkcs1_sha256},
          std::pair{std::uint8_t{0x16}, crypto::SignatureAlgorithm::rsa_pss_sha256}}) {
        Bytes bytes{0x00, scheme, 0x00, 0x0b, 0x01, 0x00};
        append(bytes, key.sign(algorithm, quote_bytes));
        const TpmSignature signature = TpmSignature::read(bytes).value();
        EXPECT_TRUE(verify_tpm_quote_by_key(quote, signature, verify_key, pcrs).has_value());
        bytes[1] ^= 0x02;  // The other of the two.
        const TpmSignature other = TpmSignature::read(bytes).value();
        EXPECT_FALSE(verify_tpm_quote_by_key(quote, other, verify_key, pcrs).has_value());
    }
    EXPECT_TRUE(
        verify_tpm_quote_by_key(quote,
                                TpmSignature::rsassa_sha256(key.sign(
                                    crypto::SignatureAlgorithm::rsa_pkcs1_sha256, quote_bytes)),
                                verify_key,
                                pcrs)
            .has_value());
}

TEST_F(TpmChecks, WithoutAKeyNothingIsVerified) {
    EXPECT_EQ(with_evidence([](TpmEvidence& evidence) {
                  evidence.ak_public_key.reset();
                  evidence.ak_public.reset();
                  evidence.ak_certificate.reset();
              }),
              "ATT-220");
    EXPECT_EQ(with_evidence([](TpmEvidence& evidence) { evidence.ak_certificate = ByteView(); }),
              "ATT-220");
    // Each form is enough.
    EXPECT_EQ(with_evidence([](TpmEvidence& evidence) {
                  evidence.ak_public_key.reset();
                  evidence.ak_public.reset();
              }),
              "verified");
    EXPECT_EQ(with_evidence([](TpmEvidence& evidence) {
                  evidence.ak_public_key.reset();
                  evidence.ak_certificate.reset();
              }),
              "verified");
}

TEST_F(TpmChecks, AllFormsAreOfOneKey) {
    const auto other = crypto::EcdsaKey::generate(crypto::NistCurve::p256, platform.random);
    const Bytes pem = TpmPlatform::pem_of_key(testing::spki_of(other));
    EXPECT_EQ(with_evidence([&](TpmEvidence& evidence) { evidence.ak_public_key = pem; }),
              "ATT-221");
    // The certificate of a key that signed nothing here.
    platform.edit_certificate = [&](Bytes& certificate) {
        testing::CertificateSpec spec = platform.ak_spec;
        spec.extensions =
            testing::extension(oid::kExtendedKeyUsage,
                               false,
                               testing::der_sequence({testing::der_oid(oid::kTcgAttestationKey)}));
        certificate = testing::make_certificate(spec, other, platform.authority.key);
    };
    EXPECT_EQ(refused_by(), "ATT-221");
}

TEST_F(TpmChecks, PublicKeysAreOfKnownKinds) {
    platform.public_type = 0x0008;  // A keyed hash.
    EXPECT_EQ(refused_by(), "ATT-222");
    platform.public_type = 0x0023;
    platform.public_cipher = 0x0006;  // AES: a key that others are stored under.
    EXPECT_EQ(refused_by(), "ATT-222");
    platform.public_cipher = 0x0010;
    for (const int curve : {0x0002, 0x0006, 0x0010, 0x0020}) {
        platform.curve = static_cast<std::uint16_t>(curve);
        EXPECT_EQ(refused_by(), "ATT-222") << curve;
    }
    platform.curve = 0x0004;  // P-384, with a point of P-256.
    EXPECT_EQ(refused_by(), "CRY-14");
}

TEST_F(TpmChecks, AKeyThatSignsAnythingProvesNothing) {
    const std::uint32_t attributes = platform.attributes;
    for (const std::uint32_t bit : {TpmPublic::kFixedTpm,
                                    TpmPublic::kFixedParent,
                                    TpmPublic::kSensitiveDataOrigin,
                                    TpmPublic::kRestricted,
                                    TpmPublic::kDecrypt,
                                    TpmPublic::kSign}) {
        platform.attributes = attributes ^ bit;
        EXPECT_EQ(refused_by(), "ATT-223") << bit;
    }
}

TEST_F(TpmChecks, AttributesAreProvenWhereTheQuoteNamesThem) {
    for (const std::uint32_t hierarchy : {0x40000001u, 0x40000007u, 0x4000000bu, 0x4000000cu}) {
        platform.hierarchy = hierarchy;
        EXPECT_TRUE(platform.verify().value().ak_attributes_quoted) << hierarchy;
    }
    platform.hierarchy = 0x81000001;  // Below another key.
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value());
    EXPECT_FALSE(claims->ak_attributes_quoted);
    EXPECT_EQ(claims->ak_attributes, platform.attributes);
}

TEST_F(TpmChecks, AKeysPemIsOneKeys) {
    const Bytes one = TpmPlatform::pem_of_key(testing::spki_of(platform.ak));
    const Bytes two = concat({one, one});
    const Bytes other = testing::pem_of(testing::spki_of(platform.ak));
    for (const Bytes& pem : {Bytes(), two, other, Bytes(10, 'x')}) {
        EXPECT_EQ(with_evidence([&](TpmEvidence& evidence) { evidence.ak_public_key = pem; }),
                  "ATT-234");
    }
}

// ---- Certificates ----

TEST_F(TpmChecks, ACertificateIsForAttestationKeys) {
    platform.purpose = {};
    EXPECT_EQ(refused_by(), "ATT-224");
    platform.purpose = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};  // TLS servers.
    EXPECT_EQ(refused_by(), "ATT-224");
    platform.purpose = to_bytes(oid::kTcgEndorsementKey);
    EXPECT_EQ(refused_by(), "verified");
    platform.ak_spec.key_usage = 0x20;  // keyEncipherment, as of an endorsement key.
    EXPECT_EQ(refused_by(), "ATT-224");
    platform.ak_spec.key_usage.reset();
    EXPECT_EQ(refused_by(), "ATT-224");
    platform.ak_spec.key_usage = 0x84;
    platform.ak_spec.authority = true;
    platform.authority_spec.path_length = 1;
    EXPECT_EQ(refused_by(), "ATT-224");
}

TEST_F(TpmChecks, OnlyEmptyStorageFollowsACertificate) {
    for (const int filling : {0x00, 0xff}) {
        platform.edit_certificate = [=](Bytes& certificate) {
            certificate.resize(certificate.size() + 700, static_cast<std::uint8_t>(filling));
        };
        const auto claims = platform.verify();
        ASSERT_TRUE(claims.has_value()) << claims.error().check;
        EXPECT_EQ(claims->ak_certificate.value().padding_bytes, 700u);
    }
    platform.edit_certificate = [](Bytes& certificate) { append(certificate, Bytes{0x00, 0x01}); };
    EXPECT_EQ(refused_by(), "ATT-225");
    platform.edit_certificate = [](Bytes& certificate) { append(certificate, Bytes{0x00, 0xff}); };
    EXPECT_EQ(refused_by(), "ATT-225");
    platform.edit_certificate = [](Bytes& certificate) { certificate.push_back(0x30); };
    EXPECT_EQ(refused_by(), "ATT-225");
}

TEST_F(TpmChecks, ThereAreNoMoreCertificatesThanAChainHas) {
    EXPECT_EQ(with_evidence([](TpmEvidence& evidence) {
                  evidence.authorities.assign(kChainMax, evidence.authorities.front());
              }),
              "ATT-235");
}

TEST_F(TpmChecks, AnotherRootsCertificateIsRefused) {
    platform.authority_spec.issuer = "Another Root";
    EXPECT_EQ(refused_by(), "ATT-45");
}

}  // namespace
}  // namespace chatmcp::attest
