#include "mls/cipher_suite.h"

#include <gtest/gtest.h>

#include "mls/leaf_node.h"
#include "mls/public_group.h"
#include "support/mls_member.h"
#include "support/mls_vectors.h"
#include "support/random.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;

Bytes bytes_of(const SecretBytes& secret) {
    return to_bytes(secret.view());
}

TEST(CipherSuite, EveryLabelledFunctionGivesItsVector) {
    const json vectors = testing::load_json("mls/crypto-basics.json");
    ASSERT_EQ(vectors.size(), 5u);
    for (const json& vector : vectors) {
        const auto suite = cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        ASSERT_TRUE(suite.has_value());
        const json& ref = vector["ref_hash"];
        EXPECT_EQ(
            ref_hash(*suite, ref["label"].get<std::string>(), hex_of(ref["value"])).to_bytes(),
            hex_of(ref["out"]));
        const json& expand = vector["expand_with_label"];
        EXPECT_EQ(bytes_of(expand_with_label(*suite,
                                             hex_of(expand["secret"]),
                                             expand["label"].get<std::string>(),
                                             hex_of(expand["context"]),
                                             expand["length"].get<std::size_t>())),
                  hex_of(expand["out"]));
        const json& derive = vector["derive_secret"];
        EXPECT_EQ(bytes_of(derive_secret(
                      *suite, hex_of(derive["secret"]), derive["label"].get<std::string>())),
                  hex_of(derive["out"]));
        const json& tree = vector["derive_tree_secret"];
        EXPECT_EQ(bytes_of(derive_tree_secret(*suite,
                                              hex_of(tree["secret"]),
                                              tree["label"].get<std::string>(),
                                              tree["generation"].get<std::uint32_t>(),
                                              tree["length"].get<std::size_t>())),
                  hex_of(tree["out"]));
    }
}

TEST(CipherSuite, SignaturesOfTheVectorsVerifyAndOursDoToo) {
    for (const json& vector : testing::load_json("mls/crypto-basics.json")) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        const json& sign = vector["sign_with_label"];
        const Bytes pub = hex_of(sign["pub"]);
        const Bytes content = hex_of(sign["content"]);
        const auto label = sign["label"].get<std::string>();
        EXPECT_TRUE(verify_with_label(suite, pub, label, content, hex_of(sign["signature"]), "T")
                        .has_value());
        const SignatureKey key = testing::signature_key_of(suite, sign["priv"]).value();
        const Bytes ours = sign_with_label(suite, key, label, content);
        EXPECT_TRUE(verify_with_label(suite, pub, label, content, ours, "T").has_value());
        // Another label, content or key: no.
        EXPECT_FALSE(verify_with_label(suite, pub, label + "x", content, ours, "T").has_value());
        EXPECT_FALSE(verify_with_label(suite, pub, label, pub, ours, "T").has_value());
        EXPECT_FALSE(verify_with_label(suite, content, label, content, ours, "T").has_value());
    }
}

TEST(CipherSuite, CiphertextsOfTheVectorsOpenAndOursDoToo) {
    testing::SeededRandom random(7);
    for (const json& vector : testing::load_json("mls/crypto-basics.json")) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        const json& encrypt = vector["encrypt_with_label"];
        const auto key = testing::hpke_key_of(suite, encrypt["priv"]);
        ASSERT_TRUE(key.has_value());
        const auto label = encrypt["label"].get<std::string>();
        const Bytes context = hex_of(encrypt["context"]);
        const Bytes plaintext = hex_of(encrypt["plaintext"]);
        const auto opened = decrypt_with_label(suite,
                                               *key,
                                               label,
                                               context,
                                               hex_of(encrypt["kem_output"]),
                                               hex_of(encrypt["ciphertext"]),
                                               "T");
        ASSERT_TRUE(opened.has_value());
        EXPECT_EQ(bytes_of(*opened), plaintext);
        const auto ours =
            encrypt_with_label(suite, hex_of(encrypt["pub"]), label, context, plaintext, random);
        ASSERT_TRUE(ours.has_value());
        const auto again =
            decrypt_with_label(suite, *key, label, context, ours->enc, ours->ciphertext, "T");
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(bytes_of(*again), plaintext);
        EXPECT_FALSE(
            decrypt_with_label(suite, *key, "other", context, ours->enc, ours->ciphertext, "T")
                .has_value());
    }
}

TEST(CipherSuite, ASignatureKeyIsOfItsSuiteAndComesBackFromItsRecord) {
    testing::SeededRandom random(8);
    for (const CipherSuite suite : testing::kTestedSuites) {
        const SignatureKey key = SignatureKey::generate(suite, random);
        EXPECT_EQ(key.scheme(), algorithms_of(suite).signature);
        wire::Writer writer;
        key.write(writer);
        const Bytes record = writer.take();
        wire::Reader reader(record);
        const auto again = SignatureKey::read(reader);
        ASSERT_TRUE(again.has_value());
        EXPECT_TRUE(equal(again->public_key(), key.public_key()));
        const Bytes signature = sign_with_label(suite, *again, "label", Bytes{1});
        EXPECT_TRUE(verify_with_label(suite, key.public_key(), "label", Bytes{1}, signature, "T")
                        .has_value());
        for (const Bytes& refused : {Bytes(), Bytes(31, 1), Bytes(67, 1)}) {
            const auto none = SignatureKey::from_bytes(suite, refused);
            ASSERT_FALSE(none.has_value());
            EXPECT_EQ(none.error(), (Error{Errc::malformed, "MLS-92"}));
        }
    }
}

TEST(CipherSuiteDeath, AKeyOfAnotherSchemeSignsNothing) {
    testing::SeededRandom random(9);
    const SignatureKey key =
        SignatureKey::generate(CipherSuite::p256_aes128gcm_sha256_p256, random);
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(sign_with_label(
                                  CipherSuite::p384_aes256gcm_sha384_p384, key, "label", Bytes{1})),
                              "broken assumption");
}

TEST(CipherSuite, RefusesSuitesThatThisBuildDoesNotHave) {
    for (const int number : {0, 4, 6, 8, 0x4e}) {
        const auto refused = cipher_suite(static_cast<std::uint16_t>(number));
        ASSERT_FALSE(refused.has_value()) << number;
        EXPECT_EQ(refused.error().code, Errc::unsupported);
        EXPECT_STREQ(refused.error().check, "MLS-02");
    }
}

constexpr auto kHybrid = CipherSuite::mlkem768x25519_aes256gcm_sha384_ed25519;

// Made of parts that others' vectors hold (crypto/xwing_test.cpp, kdf_test.cpp, aead_test.cpp).
TEST(HybridSuite, IsXwingWithTheSha384OfSuiteSeven) {
    const crypto::HpkeSuite hpke = hpke_suite(kHybrid);
    EXPECT_EQ(static_cast<int>(hpke.kem), 0x647a);
    EXPECT_EQ(hpke.kdf, crypto::HashId::sha384);
    EXPECT_EQ(hpke.aead, crypto::AeadId::aes_256_gcm);
    constexpr auto kSuite7 = CipherSuite::p384_aes256gcm_sha384_p384;
    const Bytes secret(48, 3);
    EXPECT_TRUE(equal(expand_with_label(kHybrid, secret, "a", Bytes{1}, 40).view(),
                      expand_with_label(kSuite7, secret, "a", Bytes{1}, 40).view()));
    EXPECT_EQ(ref_hash(kHybrid, "label", Bytes{1}), ref_hash(kSuite7, "label", Bytes{1}));
    testing::SeededRandom random(1);
    const auto key = crypto::HpkePrivateKey::generate(kem_of(kHybrid), random);
    const auto sealed =
        encrypt_with_label(kHybrid, key.public_key(), "l", Bytes{1}, Bytes{2}, random);
    ASSERT_TRUE(sealed.has_value());
    EXPECT_EQ(sealed->enc.size(), 1120u);
    const auto opened =
        decrypt_with_label(kHybrid, key, "l", Bytes{1}, sealed->enc, sealed->ciphertext, "T");
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(equal(opened->view(), Bytes{2}));
}

TEST(HybridSuite, IsOffUnlessItIsAskedFor) {
    testing::MlsMember alice("alice", 1);
    testing::MlsMember bob("bob", 2);
    alice.suite = bob.suite = kHybrid;
    const auto refusal = [](const auto& result) {
        return std::string(result.has_value() ? "accepted" : result.error().check);
    };
    ASSERT_TRUE(alice.create(Bytes{1}).has_value());
    const auto bundle = alice.stage(Plan{.add = {bob.key_package().key_package}});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(alice.confirm().has_value());
    const Bytes info = *alice.group->group_info(true, true);

    const Environment by_default{bob.rules, bob.trust, bob.random, {}};
    bob.environment.experimental_suites = by_default.experimental_suites;
    EXPECT_EQ(refusal(bob.create(Bytes{2})), "PQ-01");
    EXPECT_EQ(refusal(bob.join(bundle->welcomes[0].welcome)), "PQ-01");
    EXPECT_EQ(refusal(bob.join_external(info)), "PQ-01");
    EXPECT_EQ(refusal(PublicGroup::open(by_default, info, bob.arrival)), "PQ-01");
    EXPECT_EQ(refusal(bob.step([&](Transaction& t) {
                  return make_key_package(
                      by_default, t, kHybrid, bob.setup(), Lifetime{0, ~std::uint64_t{0}}, false);
              })),
              "PQ-01");
    bob.environment.experimental_suites = true;
    EXPECT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
    // Leaves of such groups say that they know it, those of others do not.
    const auto listed = [](const Bytes& leaf) {
        const auto decoded = wire::decode<LeafNode>(leaf);
        return contains(decoded->capabilities.cipher_suites, static_cast<std::uint16_t>(kHybrid));
    };
    EXPECT_TRUE(listed(*bob.group->view().encoded_leaf(LeafIndex{1})));
    testing::MlsMember carol("carol", 3);
    ASSERT_TRUE(carol.create(Bytes{3}).has_value());
    EXPECT_FALSE(listed(*carol.group->view().encoded_leaf(LeafIndex{0})));
}

}  // namespace
}  // namespace chatmcp::mls
