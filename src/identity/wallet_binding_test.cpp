#include "identity/wallet_binding.h"

#include <gtest/gtest.h>

#include "mls/multi_credential.h"
#include "support/identity.h"
#include "support/mls_member.h"

namespace chatmcp::identity {
namespace {

using testing::key_named;
using testing::kTestSuite;

const Bytes kGroup(kGroupIdBytes, 0x11);

std::string check_of(const auto& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

mls::Credential wallet_credential(std::string_view account) {
    return {
        kWalletCredentialType,
        wire::encode(WalletCredential{Caip10::from_solana_key(key_named(account).public_key())})};
}

/// Whose binding it is, and with which keys.
struct Parts {
    std::string_view wallet_account = "alice";
    std::string_view wallet_key = "alice";
    std::string_view device_account = "alice";
    std::string_view delegated_key = "device key";
    std::string_view device_key = "device key";
    ByteView group_id = kGroup;
};

std::vector<mls::CredentialBinding> bindings_of(ByteView leaf_key, const Parts& parts = {}) {
    const auto device = testing::make_device_credential(key_named(parts.device_account),
                                                        key_named("laptop"),
                                                        key_named(parts.delegated_key).public_key(),
                                                        parts.group_id);
    return {mls::bind_credential(kTestSuite,
                                 {kDeviceCredentialType, wire::encode(device)},
                                 key_named(parts.device_key),
                                 leaf_key),
            mls::bind_credential(kTestSuite,
                                 wallet_credential(parts.wallet_account),
                                 key_named(parts.wallet_key),
                                 leaf_key)};
}

mls::LeafView leaf_of(std::vector<mls::CredentialBinding> bindings,
                      mls::LeafSource source = mls::LeafSource::commit) {
    mls::LeafView leaf;
    leaf.signature_key = to_bytes(key_named("leaf").public_key());
    leaf.source = source;
    leaf.bindings = std::move(bindings);
    return leaf;
}

std::string judged(const Parts& parts) {
    const auto leaf_key = key_named("leaf").public_key();
    return check_of(verify_account_leaf(leaf_of(bindings_of(leaf_key, parts)), kGroup));
}

TEST(WalletBinding, NamesTheAccountWhoseKeySigned) {
    const auto leaf_key = key_named("leaf").public_key();
    const auto bindings = bindings_of(leaf_key);
    const auto account = verify_wallet_binding(bindings[1]);
    ASSERT_TRUE(account.has_value());
    EXPECT_EQ(*account, Caip10::from_solana_key(key_named("alice").public_key()));
    EXPECT_EQ(check_of(verify_wallet_binding(bindings[0])), "ID-30");
    EXPECT_EQ(
        check_of(verify_wallet_binding(bindings_of(leaf_key, {.wallet_account = "mallory"})[1])),
        "ID-31");
    auto of_another_scheme = bindings[1];
    of_another_scheme.suite = mls::CipherSuite::p256_aes128gcm_sha256_p256;
    EXPECT_EQ(check_of(verify_wallet_binding(of_another_scheme)), "ID-30");
}

TEST(WalletBinding, ALeafIsOneDeviceAndItsAccountsWallet) {
    EXPECT_EQ(judged({}), "accepted");
    EXPECT_EQ(judged({.wallet_account = "mallory", .wallet_key = "mallory"}), "ID-33");
    EXPECT_EQ(judged({.device_account = "mallory"}), "ID-33");
    EXPECT_EQ(judged({.wallet_key = "mallory"}), "ID-31");
    // The device's delegation is to the key that made its binding, for this group.
    EXPECT_NE(judged({.device_key = "other key"}), "accepted");
    const Bytes other_group(kGroupIdBytes, 0x22);
    EXPECT_NE(judged({.group_id = other_group}), "accepted");
    const auto leaf_key = key_named("leaf").public_key();
    auto bindings = bindings_of(leaf_key);
    EXPECT_EQ(check_of(verify_account_leaf(leaf_of({bindings[1]}), kGroup)), "ID-32");
    EXPECT_EQ(check_of(verify_account_leaf(leaf_of({bindings[1], bindings[1]}), kGroup)), "ID-32");
    bindings.push_back(bindings[0]);
    EXPECT_EQ(check_of(verify_account_leaf(leaf_of(bindings), kGroup)), "ID-32");
}

TEST(WalletBinding, EveryFlippedBitOfACredentialOrKeyIsRefused) {
    const auto leaf_key = key_named("leaf").public_key();
    const Bytes encoded = mls::encode_multi_credential(bindings_of(leaf_key)).data;
    for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
        mls::Credential credential{3, encoded};
        credential.data[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(mls::check_multi_credential(credential, leaf_key).has_value()) << bit;
    }
}

// A wallet's signature here can be none of a transaction, whatever is bound.
TEST(WalletBinding, WhatAWalletSignsIsNoTransaction) {
    const auto leaf_key = key_named("leaf").public_key();
    const auto binding = bindings_of(leaf_key)[1];
    wire::Writer content;
    content.u16(static_cast<std::uint16_t>(binding.suite));
    binding.credential.write(content);
    content.vector(binding.credential_key);
    content.vector(leaf_key);
    wire::Writer signed_bytes;
    signed_bytes.vector(as_bytes("MLS 1.0 CredentialBindingTBS"));
    signed_bytes.vector(content.view());
    EXPECT_TRUE(crypto::verify_raw(crypto::SignatureScheme::ed25519,
                                   binding.credential_key,
                                   signed_bytes.view(),
                                   binding.signature)
                    .has_value());
    // Solana's message header: signers, of those read-only, which are fewer in every transaction.
    EXPECT_LT(signed_bytes.view()[0], signed_bytes.view()[1]);
    EXPECT_LT(signed_bytes.view()[0], 0x80);  // Nor a versioned message.
}

// Two accounts in one group, each leaf held by device and wallet.
TEST(WalletBinding, MembersOfAGroupHoldTheirLeavesWithTheirWallets) {
    const auto setup = [&](std::string_view account, ByteView group_id) {
        const auto key = key_named(std::string(account) + " leaf");
        const auto device_key = std::string(account) + " device";
        return mls::LeafSetup{
            .credential = mls::encode_multi_credential(bindings_of(
                key.public_key(), {account, account, account, device_key, device_key, group_id})),
            .signature_key = key.clone(),
            .components = {},
            .credential_types = {kDeviceCredentialType, kWalletCredentialType}};
    };
    testing::MlsMember alice("alice", 1);
    testing::MlsMember bob("bob", 2);
    const auto made = alice.step([&](Transaction& t) -> Result<void> {
        CHATMCP_TRY(mls::Group group,
                    mls::Group::create(alice.environment,
                                       t,
                                       mls::GroupSpec{kTestSuite, kGroup, {}},
                                       setup("alice", kGroup),
                                       alice.arrival));
        alice.group = std::move(group);
        return {};
    });
    ASSERT_TRUE(made.has_value()) << made.error().check;
    const auto package = bob.step([&](Transaction& t) {
        return mls::make_key_package(bob.environment,
                                     t,
                                     kTestSuite,
                                     setup("bob", {}),
                                     mls::Lifetime{0, ~std::uint64_t{0}},
                                     false);
    });
    ASSERT_TRUE(package.has_value()) << package.error().check;
    const auto bundle = alice.stage(mls::Plan{.add = {package->key_package}});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
    for (const mls::LeafView& leaf : bob.group->view().members()) {
        const auto device = verify_account_leaf(leaf, kGroup);
        ASSERT_TRUE(device.has_value()) << device.error().check;
        EXPECT_EQ(device->wallet.account,
                  Caip10::from_solana_key(
                      key_named(leaf.index.value == 0 ? "alice" : "bob").public_key()));
    }
}

}  // namespace
}  // namespace chatmcp::identity
