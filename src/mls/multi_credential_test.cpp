#include "mls/multi_credential.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "mls/credential.h"
#include "mls/tree_validation.h"
#include "support/certificates.h"
#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::kTestSuite;
using testing::MlsMember;
using testing::state_of;

constexpr auto kP256 = CipherSuite::p256_aes128gcm_sha256_p256;
constexpr auto kMulti = static_cast<std::uint16_t>(CredentialType::multi);
constexpr std::uint16_t kEmployer = 0xF123;  // Some credential of somebody's own.

/// A leaf whose key is held by a wallet and by an employer, each with a key of its own suite.
LeafSetup bound(MlsMember& member, std::uint16_t employer_type = kEmployer) {
    LeafSetup setup = member.setup();
    const ByteView leaf_key = setup.signature_key.public_key();
    setup.credential = encode_multi_credential(
        {bind_credential(kTestSuite,
                         {testing::kBasicCredential, to_bytes(as_bytes(member.name))},
                         SignatureKey::generate(kTestSuite, member.random),
                         leaf_key),
         bind_credential(kP256,
                         {employer_type, {1, 2, 3}},
                         SignatureKey::generate(kP256, member.random),
                         leaf_key)});
    setup.credential_types = {testing::kBasicCredential, kMulti, kEmployer};
    return setup;
}

Result<KeyPackageMade> package_of(MlsMember& member, LeafSetup setup) {
    return member.step([&](Transaction& t) {
        return make_key_package(member.environment,
                                t,
                                kTestSuite,
                                std::move(setup),
                                Lifetime{0, ~std::uint64_t{0}},
                                false);
    });
}

std::string refusal(const auto& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

/// Trust that notes whom it was shown.
class Noting final : public Trust {
  public:
    Result<void> check(const LeafView& next,
                       const LeafView* /*current*/,
                       const GroupView& /*group*/,
                       const Arrival& /*arrival*/) const override {
        for (const CredentialBinding& binding : next.bindings) {
            seen.push_back(binding.credential.type);
        }
        return {};
    }
    mutable std::vector<std::uint16_t> seen;
};

class MultiCredentials : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(create(alice, bound(alice))); }

    static Result<void> create(MlsMember& member, LeafSetup setup) {
        return member.step([&](Transaction& t) -> Result<void> {
            GroupSpec spec{kTestSuite, {1}, {}};
            CHATMCP_TRY(
                Group made,
                Group::create(member.environment, t, spec, std::move(setup), member.arrival));
            member.group = std::move(made);
            return {};
        });
    }

    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
};

TEST_F(MultiCredentials, OfAllMembersAreVerifiedAndShownToTrust) {
    const Noting noting;
    MlsMember carol("carol", 3);
    MlsMember observer("observer", 4);
    const Environment environment{observer.rules, noting, observer.random, {}};
    const auto first = alice.stage(Plan{.add = {package_of(bob, bound(bob))->key_package}});
    ASSERT_TRUE(first.has_value()) << first.error().check;
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.join(first->welcomes[0].welcome).has_value());
    EXPECT_EQ(bob.group->view().member(LeafIndex{0})->bindings.size(), 2u);
    const auto second = bob.stage(
        Plan{.add = {package_of(observer, bound(observer))->key_package}, .rotate = bound(bob)});
    ASSERT_TRUE(second.has_value()) << second.error().check;
    ASSERT_TRUE(bob.confirm().has_value());
    ASSERT_TRUE(alice.follow(second->commit).has_value());
    ASSERT_TRUE(observer.step([&](Transaction& t) {
        return Group::join(environment, t, second->welcomes[0].welcome, observer.arrival);
    }));
    EXPECT_EQ(noting.seen,
              (std::vector<std::uint16_t>{testing::kBasicCredential,
                                          kEmployer,
                                          testing::kBasicCredential,
                                          kEmployer,
                                          testing::kBasicCredential,
                                          kEmployer}));
}

TEST_F(MultiCredentials, EveryFlippedBitOfABindingIsRefused) {
    const LeafSetup setup = bound(bob);
    const ByteView leaf_key = setup.signature_key.public_key();
    ASSERT_EQ(refusal(check_multi_credential(setup.credential, leaf_key)), "accepted");
    for (std::size_t bit = 0; bit < setup.credential.data.size() * 8; ++bit) {
        Credential flipped = setup.credential;
        flipped.data[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_NE(refusal(check_multi_credential(flipped, leaf_key)), "accepted") << bit;
    }
}

TEST_F(MultiCredentials, ABindingIsToItsLeafsKeyAlone) {
    LeafSetup stolen = bob.setup();
    stolen.credential = bound(bob).credential;
    stolen.credential_types = {testing::kBasicCredential, kMulti, kEmployer};
    EXPECT_EQ(refusal(package_of(bob, std::move(stolen))), "EXT-19");
    // A commit with somebody who takes over another's credential is refused by all.
    const auto bundle = alice.stage(Plan{.add = {package_of(bob, bound(bob))->key_package}});
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
    const auto takeover = testing::update_of(bob, [&](LeafNode& leaf) {
        leaf.credential = state_of(bob).tree.leaf(LeafIndex{0})->credential;
    });
    ASSERT_TRUE(alice.receive(testing::public_proposal(bob, takeover)).has_value());
    TreeDraft draft(state_of(alice).tree);
    EXPECT_EQ(refusal(apply_proposals(draft,
                                      {{takeover, member_sender(LeafIndex{1})}},
                                      LeafIndex{0},
                                      state_of(alice).epoch.context,
                                      Limits{})),
              "EXT-19");
    // Left out of a commit that an honest member makes.
    const auto honest = alice.stage(Plan{.force_path = true});
    ASSERT_TRUE(honest.has_value());
    EXPECT_TRUE(std::ranges::none_of(honest->change.updated, [](const MemberUpdate& updated) {
        return updated.after.index == LeafIndex{1};
    }));
}

TEST_F(MultiCredentials, WithoutBindingsWithTooManyOrInsideEachOtherAreRefused) {
    const LeafSetup setup = bound(bob);
    const auto bindings = decode_multi_credential(setup.credential).value();
    const auto check = [&](const std::vector<CredentialBinding>& of) {
        return refusal(
            check_multi_credential(encode_multi_credential(of), setup.signature_key.public_key()));
    };
    EXPECT_EQ(check({}), "EXT-18");
    EXPECT_EQ(check(std::vector(kBindingsMax, bindings[0])), "accepted");
    EXPECT_EQ(check(std::vector(kBindingsMax + 1, bindings[0])), "EXT-18");
    for (const std::uint16_t type : {std::uint16_t{3}, std::uint16_t{4}}) {
        EXPECT_EQ(check({bind_credential(kTestSuite,
                                         {type, setup.credential.data},
                                         setup.signature_key,
                                         setup.signature_key.public_key())}),
                  "EXT-17");
    }
    CredentialBinding other_suite = bindings[0];
    other_suite.suite = static_cast<CipherSuite>(4);
    EXPECT_EQ(check({other_suite}), "MLS-02");
    // An X.509 credential inside is of its binding's key.
    Bytes seed(32, 5);
    const auto key = SignatureKey::from_bytes(kTestSuite, seed).value();
    const auto certified = [&](ByteView of) {
        return bind_credential(
            kTestSuite,
            encode_certificates({testing::make_certificate(crypto::SignatureScheme::ed25519, of)}),
            key,
            setup.signature_key.public_key());
    };
    EXPECT_EQ(check({certified(seed)}), "accepted");
    EXPECT_EQ(check({certified(Bytes(32, 6))}), "MLS-102");
}

TEST_F(MultiCredentials, OfTheWeakKindAreRefusedByName) {
    LeafSetup setup = bound(bob);
    setup.credential.type = static_cast<std::uint16_t>(CredentialType::weak_multi);
    EXPECT_EQ(refusal(package_of(bob, std::move(setup))), "EXT-21");
}

TEST_F(MultiCredentials, EveryMemberSupportsEveryBinding) {
    // Who cannot judge the employer's credential comes into no group where one is in use.
    LeafSetup narrow = bob.setup();
    narrow.credential_types = {testing::kBasicCredential, kMulti};
    const auto package = package_of(bob, std::move(narrow))->key_package;
    EXPECT_EQ(refusal(alice.stage(Plan{.add = {package}})), "EXT-20");
    // Nor does anybody begin to use one that a member cannot judge.
    MlsMember plain("plain", 6);
    LeafSetup simple = plain.setup();
    simple.credential_types = {testing::kBasicCredential, kMulti};
    ASSERT_TRUE(create(plain, std::move(simple)));
    EXPECT_EQ(refusal(plain.stage(Plan{.add = {package_of(alice, bound(alice))->key_package}})),
              "EXT-20");
    EXPECT_EQ(refusal(plain.stage(Plan{.rotate = bound(plain, 0xF124)})), "EXT-20");
    // A tree that has both is none that may be joined.
    TreeDraft draft(state_of(alice).tree);
    LeafNode other = *draft.leaf(LeafIndex{0});
    other.capabilities.cipher_suites = {static_cast<std::uint16_t>(kTestSuite)};
    other.encryption_key.back() ^= 1;
    other.signature_key.back() ^= 1;
    ASSERT_TRUE(draft.add(other, 10).has_value());
    EXPECT_EQ(refusal(check_bindings_supported(draft)), "EXT-20");
    RatchetTree tree(kTestSuite);
    tree = RatchetTree::decode(kTestSuite, draft.encode(), 10).value();
    EXPECT_EQ(refusal(check_keys_and_credentials(tree)), "EXT-20");
}

}  // namespace
}  // namespace chatmcp::mls
