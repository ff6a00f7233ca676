// Tokens of PSA and CCA with one thing changed and all signed anew: each rule by itself.

#include <gtest/gtest.h>

#include "support/arm_platform.h"

namespace chatmcp::attest {
namespace {

using testing::ArmClaims;
using testing::ArmPlatform;
using testing::cbor_bytes;
using testing::cbor_list;
using testing::cbor_map;
using testing::cbor_number;
using testing::cbor_text;

class ArmChecks : public ::testing::Test {
  protected:
    /// The answer to a PSA token of which one claim is another.
    std::string psa_with(std::int64_t key, const Bytes& value) {
        ArmClaims claims = key < 0 ? device.legacy : device.psa;
        claims[key] = value;
        return device.verify_psa(claims);
    }
    std::string psa_without(std::int64_t key) {
        ArmClaims claims = key < 0 ? device.legacy : device.psa;
        claims.erase(key);
        return device.verify_psa(claims);
    }
    std::string component_with(std::int64_t key, const std::optional<Bytes>& value) {
        ArmClaims component = ArmPlatform::component();
        component.erase(key);
        if (value.has_value()) {
            component[key] = *value;
        }
        return psa_with(2399, cbor_list({cbor_map(component)}));
    }

    ArmPlatform device;
};

TEST_F(ArmChecks, GoodTokensVerify) {
    EXPECT_EQ(device.verify_psa(device.psa), "verified");
    EXPECT_EQ(device.verify_psa(device.legacy), "verified");
    EXPECT_EQ(device.verify_cca(), "verified");
    device.collection_tag = 907;
    EXPECT_EQ(device.verify_cca(), "verified");
    device.secret = Bytes(32, 1);
    EXPECT_EQ(device.verify_psa(device.psa), "verified");
}

TEST_F(ArmChecks, ATokenIsNotTooLong) {
    EXPECT_EQ(PsaToken::read(Bytes(kArmTokenMaxBytes + 1)).error().check,
              std::string_view("ATT-150"));
    EXPECT_EQ(CcaToken::read(Bytes(kArmTokenMaxBytes + 1)).error().check,
              std::string_view("ATT-150"));
}

TEST_F(ArmChecks, APsaTokenHasItsTag) {
    device.edit_token = [](Bytes& token) { token.erase(token.begin()); };
    EXPECT_EQ(device.verify_psa(device.psa), "ATT-151");
    device.edit_token = [](Bytes& token) { token[0] = 0xd3; };
    EXPECT_EQ(device.verify_psa(device.psa), "ATT-131");
}

TEST_F(ArmChecks, ClaimsOfTwoProfilesDoNotMix) {
    ArmClaims mixed = device.psa;
    mixed[-75004] = cbor_bytes(Bytes(32));
    EXPECT_EQ(device.verify_psa(mixed), "ATT-152");
}

TEST_F(ArmChecks, ClaimsAreKnownThereOnceAndComplete) {
    EXPECT_EQ(psa_with(2500, cbor_number(1)), "ATT-153");
    EXPECT_EQ(psa_with(0, cbor_number(1)), "ATT-153");
    EXPECT_EQ(component_with(3, cbor_number(1)), "ATT-153");
    for (const std::int64_t key : {265, 2394, 2395, 2396, 2399, 10, 256}) {
        EXPECT_EQ(psa_without(key), "ATT-155") << key;
    }
    for (const std::int64_t key : {-75001, -75002, -75003, -75004, -75006, -75008, -75009}) {
        EXPECT_EQ(psa_without(key), "ATT-155") << key;
    }
    EXPECT_EQ(psa_without(-75000), "verified");
    EXPECT_EQ(component_with(2, std::nullopt), "ATT-155");
    EXPECT_EQ(component_with(5, std::nullopt), "ATT-155");
    EXPECT_EQ(component_with(4, std::nullopt), "verified");
    // Either what was measured, or that nothing was.
    EXPECT_EQ(psa_with(-75007, cbor_number(1)), "ATT-155");
    ArmClaims nothing = device.legacy;
    nothing.erase(-75006);
    nothing[-75007] = cbor_number(1);
    EXPECT_EQ(device.verify_psa(nothing), "verified");
}

// The map of claims is written by hand here: a C++ map holds no key twice.
TEST_F(ArmChecks, NoClaimStandsTwice) {
    const Bytes instance = cbor_bytes(ArmPlatform::instance_id());
    Bytes twice{0xa2};
    for (int i = 0; i < 2; ++i) {
        append(twice, cbor_number(256));
        append(twice, instance);
    }
    Bytes token{0xd2, 0x84};
    append(token, cbor_bytes(Bytes{0xa1, 0x01, 0x26}));
    token.push_back(0xa0);
    append(token, cbor_bytes(twice));
    append(token, cbor_bytes(Bytes(64)));
    EXPECT_EQ(PsaToken::read(token).error().check, std::string_view("ATT-154"));
    Bytes component{0xa2, 0x01, 0x61, 'x', 0x01, 0x61, 'y'};
    EXPECT_EQ(psa_with(2399, cbor_list({component})), "ATT-154");
}

TEST_F(ArmChecks, ValuesAreInTheirRanges) {
    EXPECT_EQ(psa_with(10, cbor_bytes(Bytes(33))), "ATT-156");
    EXPECT_EQ(psa_with(256, cbor_bytes(Bytes(33))), "ATT-156");  // Another type of id.
    EXPECT_EQ(psa_with(256, cbor_bytes(Bytes(32, 1))), "ATT-156");
    EXPECT_EQ(psa_with(2396, cbor_bytes(Bytes(31))), "ATT-156");
    EXPECT_EQ(psa_with(2397, cbor_bytes(Bytes(7))), "ATT-156");
    EXPECT_EQ(psa_with(2397, cbor_bytes(Bytes(33))), "ATT-156");
    EXPECT_EQ(psa_with(2395, cbor_number(0x10000)), "ATT-156");
    EXPECT_EQ(psa_with(2394, cbor_number(std::int64_t{1} << 31)), "ATT-156");
    EXPECT_EQ(psa_with(2400, cbor_text("")), "ATT-156");
    EXPECT_EQ(psa_with(2400, cbor_text(std::string(257, 'x'))), "ATT-156");
    EXPECT_EQ(psa_with(2399, cbor_list({})), "ATT-156");
    EXPECT_EQ(psa_with(2399,
                       cbor_list(std::vector<Bytes>(kArmComponentsMax + 1,
                                                    cbor_map(ArmPlatform::component())))),
              "ATT-156");
    EXPECT_EQ(component_with(2, cbor_bytes(Bytes(20))), "ATT-156");
    EXPECT_EQ(psa_with(-75007, cbor_number(0)), "ATT-156");
    EXPECT_EQ(psa_with(265, cbor_bytes(Bytes(3))), "CBOR-04");
}

TEST_F(ArmChecks, AProfileHasItsOwnClaims) {
    EXPECT_EQ(psa_with(265, cbor_text("http://example.com")), "ATT-157");
    EXPECT_EQ(psa_with(-75000, cbor_text("http://arm.com/psa/2.0.0")), "ATT-157");
    EXPECT_EQ(psa_with(265, cbor_text("tag:psacertified.org,2023:psa#tfm")), "verified");
}

TEST_F(ArmChecks, TheKeyThatIsGivenFitsTheToken) {
    const Bytes token = device.psa_token(device.psa);
    const auto parsed = PsaToken::read(token).value();
    const auto refused = [&](const GivenKeyFiles& files) {
        return std::string(verify_psa(parsed, files).error().check);
    };
    EXPECT_EQ(refused({}), "ATT-158");
    const Bytes secret(32, 1);
    EXPECT_EQ(refused({.pem = {}, .jwk = {}, .symmetric = secret}), "ATT-158");
    GivenKeyFiles both = device.key_files();
    both.symmetric = secret;
    EXPECT_EQ(refused(both), "ATT-160");
    const auto jwk = [&](const std::string& text) {
        return refused({.pem = {}, .jwk = as_bytes(text), .symmetric = {}});
    };
    for (const char* text : {"",
                             "[]",
                             R"({"kty": "RSA"})",
                             R"({"kty": "EC", "crv": "P-192"})",
                             R"({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})",
                             R"({"kty": "EC", "crv": "P-256", "x": 1})"}) {
        EXPECT_EQ(jwk(text), "ATT-159") << text;
    }
    const std::string zeros = to_base64url(Bytes(32));
    EXPECT_EQ(
        jwk(R"({"kty": "EC", "crv": "P-256", "x": ")" + zeros + R"(", "y": ")" + zeros + "\"}"),
        "ATT-159");
    EXPECT_EQ(refused({.pem = as_bytes("x"), .jwk = {}, .symmetric = {}}), "ATT-54");
    EXPECT_EQ(refused({.pem = as_bytes("-----BEGIN PUBLIC KEY-----\nAAAA\n"
                                       "-----END PUBLIC KEY-----\n"),
                       .jwk = {},
                       .symmetric = {}}),
              "ATT-159");
    device.secret = Bytes(31, 1);
    EXPECT_EQ(device.verify_psa(device.psa), "ATT-159");
    device.secret = Bytes(65, 1);
    EXPECT_EQ(device.verify_psa(device.psa), "ATT-159");
    device.secret = Bytes(32, 1);
    const Bytes other(32, 2);
    const Bytes authenticated = device.psa_token(device.psa);
    EXPECT_EQ(verify_psa(PsaToken::read(authenticated).value(),
                         {.pem = {}, .jwk = {}, .symmetric = other})
                  .error(),
              (Error{Errc::bad_signature, "ATT-140"}));
}

TEST_F(ArmChecks, ACcaTokenIsACollectionOfTwo) {
    device.collection_tag = 398;
    EXPECT_EQ(device.verify_cca(), "ATT-161");
    device.collection_tag = 907;
    device.content_format = 61;
    EXPECT_EQ(device.verify_cca(), "ATT-161");
    device.collection_tag = 399;
    device.edit_token = [](Bytes& token) { token[3] = 0xa1; };
    EXPECT_EQ(device.verify_cca(), "ATT-161");
    const std::size_t key = 5;  // Of 44234.
    device.edit_token = [&](Bytes& token) { token[key] ^= 1; };
    EXPECT_EQ(device.verify_cca(), "ATT-161");
    // The same token twice.
    const ArmPlatform other;
    Bytes twice{0xd9, 0x01, 0x8f, 0xa2};
    for (int i = 0; i < 2; ++i) {
        append(twice, cbor_number(44234));
        append(twice, cbor_bytes(Bytes{1}));
    }
    EXPECT_EQ(CcaToken::read(twice).error().check, std::string_view("ATT-161"));
    device.edit_token = [](Bytes&) {};
    device.header = {};
    EXPECT_EQ(device.verify_cca(), "ATT-161");
}

TEST_F(ArmChecks, ClaimsOfACcaTokenAreWhatTheyMustBe) {
    const auto with = [&](ArmClaims ArmPlatform::* half, std::int64_t key, const Bytes& value) {
        ArmPlatform changed;
        (changed.*half)[key] = value;
        return changed.verify_cca();
    };
    const auto without = [&](ArmClaims ArmPlatform::* half, std::int64_t key) {
        ArmPlatform changed;
        (changed.*half).erase(key);
        return changed.verify_cca();
    };
    for (const std::int64_t key : {265, 2395, 2396, 2399, 2401, 2402, 256}) {
        EXPECT_EQ(without(&ArmPlatform::platform, key), "ATT-155") << key;
    }
    for (const std::int64_t key : {10, 44235, 44236, 44238, 44239, 44240}) {
        EXPECT_EQ(without(&ArmPlatform::realm, key), "ATT-155") << key;
    }
    EXPECT_EQ(with(&ArmPlatform::platform, 9, cbor_number(1)), "ATT-153");
    EXPECT_EQ(with(&ArmPlatform::realm, 9, cbor_number(1)), "ATT-153");
    EXPECT_EQ(with(&ArmPlatform::realm, 10, cbor_bytes(Bytes(32))), "ATT-156");
    EXPECT_EQ(with(&ArmPlatform::realm, 44239, cbor_list({})), "ATT-156");
    EXPECT_EQ(with(&ArmPlatform::realm, 44243, cbor_number(2)), "ATT-156");
    EXPECT_EQ(with(&ArmPlatform::realm, 44243, cbor_number(1)), "verified");
    EXPECT_EQ(with(&ArmPlatform::realm, 44244, cbor_number(1)), "verified");
    EXPECT_EQ(with(&ArmPlatform::realm, 44257, cbor_bytes(Bytes(64))), "verified");
    EXPECT_EQ(with(&ArmPlatform::realm, 44257, cbor_bytes(Bytes(63))), "ATT-156");
    EXPECT_EQ(with(&ArmPlatform::realm, 44236, cbor_text("sha-1")), "ATT-162");
    EXPECT_EQ(with(&ArmPlatform::platform, 2402, cbor_text("md5")), "ATT-162");
    EXPECT_EQ(with(&ArmPlatform::platform, 265, cbor_text("http://arm.com/CCA")), "ATT-163");
    EXPECT_EQ(with(&ArmPlatform::realm, 265, cbor_text("tag:arm.com,2025:realm#3")), "ATT-163");
}

TEST_F(ArmChecks, TheRealmsKeyHasTheFormOfItsProfile) {
    // A point, where the profile has a COSE_Key, and the other way round.
    device.edit_key = [&](Bytes& key) { key = device.realm_key.public_key(); };
    EXPECT_EQ(device.verify_cca(), "ATT-164");
    device.realm.erase(265);
    EXPECT_EQ(device.verify_cca(), "verified");
    device.edit_key = [](Bytes&) {};
    EXPECT_EQ(device.verify_cca(), "ATT-164");
    device.edit_key = [&](Bytes& key) {
        key = device.realm_key.public_key();
        key[0] = 0x02;
    };
    EXPECT_EQ(device.verify_cca(), "ATT-164");
    // No point of the curve.
    device.edit_key = [](Bytes& key) { key = Bytes(97, 4); };
    EXPECT_EQ(device.verify_cca(), "ATT-164");
    ArmPlatform other;
    // A key that says its algorithm, ES384 or another.
    const Bytes es384{0x03, 0x38, 0x22};
    other.edit_key = [&](Bytes& key) {
        key[0] = 0xa5;
        key.insert(key.begin() + 3, es384.begin(), es384.end());
    };
    EXPECT_EQ(other.verify_cca(), "verified");
    other.edit_key = [&](Bytes& key) {
        key[0] = 0xa5;
        key.insert(key.begin() + 3, {0x03, 0x26});
    };
    EXPECT_EQ(other.verify_cca(), "ATT-164");
    for (const std::size_t at : {0u, 2u, 4u, 5u}) {
        other.edit_key = [=](Bytes& key) { key[at] ^= 1; };
        EXPECT_EQ(other.verify_cca(), "ATT-164") << at;
    }
}

TEST_F(ArmChecks, HalvesThatDoNotBelongTogetherAreRefusedByName) {
    // The realm's token is signed by another key than its own claim says.
    device.edit_key = [](Bytes& key) {
        testing::SeededRandom random(99);
        const auto stranger = crypto::EcdsaKey::generate(crypto::NistCurve::p384, random);
        ArmPlatform with_stranger;
        with_stranger.realm_key = stranger.clone();
        key = with_stranger.cose_key();
    };
    EXPECT_EQ(device.verify_cca(), "ATT-165");
    device.edit_key = [](Bytes&) {};
    device.realm[44240] = cbor_text("sha-256");  // So that the platform's digest is another.
    EXPECT_EQ(device.verify_cca(), "ATT-166");
}

}  // namespace
}  // namespace chatmcp::attest
