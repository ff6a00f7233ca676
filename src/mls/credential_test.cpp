// X.509 credentials: a group of them, and leaves whose certificate is not theirs.

#include "mls/credential.h"

#include <gtest/gtest.h>

#include "mls/cipher_suite.h"
#include "support/certificates.h"
#include "support/mls_member.h"

namespace chatmcp::mls {
namespace {

using testing::MlsMember;

/// A private key of the suite's scheme that is another one for each seed.
Bytes private_key(CipherSuite suite, std::uint8_t seed) {
    Bytes key(suite == CipherSuite::p521_aes256gcm_sha512_p521   ? 66
              : suite == CipherSuite::p384_aes256gcm_sha384_p384 ? 48
                                                                 : 32,
              seed);
    key.front() = 0;  // Below the order of every curve.
    return key;
}

/// `certificate_seed`: of the key that the certificate is for.
LeafSetup certified(CipherSuite suite, std::uint8_t seed, std::uint8_t certificate_seed) {
    const Bytes certificate = testing::make_certificate(algorithms_of(suite).signature,
                                                        private_key(suite, certificate_seed));
    const Bytes issuer =
        testing::make_certificate(algorithms_of(suite).signature, private_key(suite, 99));
    return LeafSetup{
        .credential = encode_certificates({certificate, issuer}),
        .signature_key = SignatureKey::from_bytes(suite, private_key(suite, seed)).value(),
        .components = {}};
}

Result<KeyPackageMade> package_of(MlsMember& member, CipherSuite suite, LeafSetup setup) {
    return member.step([&](Transaction& t) {
        return make_key_package(
            member.environment, t, suite, std::move(setup), Lifetime{0, ~std::uint64_t{0}}, false);
    });
}

class X509Credential : public ::testing::TestWithParam<CipherSuite> {};

TEST_P(X509Credential, MakesAGroupWhoseMembersReadEachOther) {
    const CipherSuite suite = GetParam();
    MlsMember alice("alice", 1);
    MlsMember bob("bob", 2);
    ASSERT_TRUE(alice.step([&](Transaction& t) -> Result<void> {
        CHATMCP_TRY(Group group,
                    Group::create(alice.environment,
                                  t,
                                  GroupSpec{suite, {1}, {}},
                                  certified(suite, 1, 1),
                                  alice.arrival));
        alice.group = std::move(group);
        return {};
    }));
    const auto package = package_of(bob, suite, certified(suite, 2, 2));
    ASSERT_TRUE(package.has_value()) << package.error().check;
    const auto bundle = alice.stage(Plan{.add = {package->key_package}});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
    EXPECT_TRUE(bob.receive(alice.encrypt("hello").value()).has_value());
    const auto leaf = bob.group->view().member(LeafIndex{1});
    EXPECT_EQ(decode_certificates(leaf->credential)->size(), 2u);
}

TEST_P(X509Credential, OfAnotherKeyOrOfNoCertificateIsRefused) {
    const CipherSuite suite = GetParam();
    MlsMember bob("bob", 2);
    EXPECT_STREQ(package_of(bob, suite, certified(suite, 2, 3)).error().check, "MLS-102");
    LeafSetup empty = certified(suite, 2, 2);
    empty.credential = encode_certificates({});
    EXPECT_STREQ(package_of(bob, suite, std::move(empty)).error().check, "MLS-101");
    LeafSetup many = certified(suite, 2, 2);
    many.credential = encode_certificates(std::vector<Bytes>(kCertificatesMax + 1, Bytes{1}));
    EXPECT_STREQ(package_of(bob, suite, std::move(many)).error().check, "MLS-101");
    LeafSetup noise = certified(suite, 2, 2);
    noise.credential = encode_certificates({Bytes{1, 2, 3}});
    EXPECT_STREQ(package_of(bob, suite, std::move(noise)).error().check, "CRY-12");
}

TEST(Credential, ACertificateOfAnotherSchemesKeyIsRefused) {
    constexpr auto kSuite = CipherSuite::x25519_aes128gcm_sha256_ed25519;
    MlsMember bob("bob", 2);
    LeafSetup setup = certified(kSuite, 2, 2);
    setup.credential = encode_certificates({testing::make_certificate(
        crypto::SignatureScheme::ecdsa_secp256r1_sha256, private_key(kSuite, 2))});
    EXPECT_STREQ(package_of(bob, kSuite, std::move(setup)).error().check, "MLS-102");
}

INSTANTIATE_TEST_SUITE_P(Suites, X509Credential, ::testing::ValuesIn(testing::kTestedSuites));

}  // namespace
}  // namespace chatmcp::mls
