// Holds identity's part of docs/formats.md: every structure there is what the code writes for these
// values, and reads back.

#include "support/formats.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "identity/wallet_binding.h"
#include "support/identity.h"

namespace chatmcp::identity {
namespace {

using testing::key_named;

const Bytes kGroup(kGroupIdBytes, 0x47);

template <class T>
void expect_documented(std::string_view name, const T& value) {
    SCOPED_TRACE(name);
    const Bytes documented = testing::format_vector(name);
    EXPECT_EQ(to_hex(wire::encode(value)), to_hex(documented));
    const auto read = wire::decode<T>(documented);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(wire::encode(*read), documented);
}

TEST(IdentityFormats, EveryStructureIsWhatTheDocumentSays) {
    const auto wallet = key_named("wallet");
    const auto root = key_named("root");
    const auto leaf = key_named("leaf").public_key();
    const DeviceCredential device = testing::make_device_credential(wallet, root, leaf, kGroup);
    expect_documented("identity::WalletProof", device.wallet);
    expect_documented("identity::Delegation", device.delegation);
    expect_documented("identity::DeviceCredential", device);
    expect_documented("identity::AgentCredential",
                      testing::make_agent_credential(wallet, key_named("enclave").public_key()));
    expect_documented("identity::WalletCredential",
                      WalletCredential{Caip10::from_solana_key(wallet.public_key())});
    expect_documented("identity::DeviceLogEntry", link_device(device.wallet, root));
}

TEST(IdentityFormats, TheWalletsTextsAreWhatTheDocumentSays) {
    const auto wallet = key_named("wallet");
    EXPECT_EQ(testing::make_wallet_proof(wallet, key_named("root")).text(),
              testing::format_text("identity::WalletProof"));
    EXPECT_EQ(testing::make_agent_credential(wallet, key_named("enclave").public_key()).text(),
              testing::format_text("identity::AgentCredential"));
}

TEST(IdentityFormats, DigestsAndIdsAreWhatTheDocumentSays) {
    const auto wallet = key_named("wallet");
    const auto root = key_named("root");
    const auto agent = testing::make_agent_credential(wallet, key_named("enclave").public_key());
    const auto entry = link_device(testing::make_wallet_proof(wallet, root), root);
    EXPECT_TRUE(equal(agent.digest(), testing::format_vector("agent credential digest")));
    EXPECT_TRUE(equal(entry.hash(), testing::format_vector("device log hash")));
    EXPECT_TRUE(equal(inbox_id(root.public_key()), testing::format_vector("inbox id")));
}

}  // namespace
}  // namespace chatmcp::identity
