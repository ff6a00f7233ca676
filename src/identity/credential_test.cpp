#include "identity/credential.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/identity.h"

namespace chatmcp::identity {
namespace {

using testing::key_named;
using testing::kTestDomain;
using testing::kTestNow;

const Bytes kGroup(kGroupIdBytes, 0x11);
const Bytes kOtherGroup(kGroupIdBytes, 0x22);
const std::vector<std::string> kOurs = {kTestDomain};
const std::vector<std::string> kOthers = {"other.example"};
const std::vector<std::string> kNone;

template <class T>
std::string check_of(const Result<T>& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

PublicKey leaf() {
    return key_named("leaf").public_key();
}

DeviceCredential alices(ByteView group_id) {
    return testing::make_device_credential(
        key_named("alice"), key_named("alice's laptop"), leaf(), group_id);
}

AgentCredential an_agent() {
    return testing::make_agent_credential(key_named("operator"), key_named("enclave").public_key());
}

TEST(DeviceCredential, WhatIsWrittenIsReadAndHolds) {
    const Bytes encoded = wire::encode(alices(kGroup));
    EXPECT_LE(encoded.size(), DeviceCredential::kMaxBytes);
    const auto read = wire::decode<DeviceCredential>(encoded);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(wire::encode(*read), encoded);
    EXPECT_EQ(check_of(verify_device_credential(*read, leaf(), kGroup, false)), "accepted");
    EXPECT_EQ(check_of(check_device_credential(*read, {kTestDomain}, kTestNow)), "accepted");
}

TEST(DeviceCredential, TheLargestOneIsWithinItsLimit) {
    DeviceCredential credential = alices(kGroup);
    credential.wallet.account =
        Caip10::parse("solana:" + std::string(32, '2') + ":" + to_base58(Bytes(32, 0xff))).value();
    credential.wallet.domain = std::string(WalletProof::kDomainMaxBytes, 'a');
    const Bytes encoded = wire::encode(credential);
    EXPECT_LE(encoded.size(), DeviceCredential::kMaxBytes);
    EXPECT_TRUE(wire::decode<DeviceCredential>(encoded).has_value());
}

TEST(DeviceCredential, OneForAKeyPackageIsGoodInAKeyPackageAlone) {
    const DeviceCredential credential = alices({});
    EXPECT_EQ(check_of(verify_device_credential(credential, leaf(), kGroup, true)), "accepted");
    EXPECT_EQ(check_of(verify_device_credential(credential, leaf(), {}, true)), "accepted");
    EXPECT_EQ(check_of(verify_device_credential(credential, leaf(), kGroup, false)), "ID-16");
    // A caller who has no group id at hand must not get a key package's answer.
    EXPECT_EQ(check_of(verify_device_credential(credential, leaf(), {}, false)), "ID-16");
}

TEST(DeviceCredential, OneForAGroupIsGoodInThatGroupAlone) {
    const DeviceCredential credential = alices(kGroup);
    EXPECT_EQ(check_of(verify_device_credential(credential, leaf(), kOtherGroup, false)), "ID-16");
    EXPECT_EQ(check_of(verify_device_credential(credential, leaf(), kGroup, true)), "ID-16");
}

TEST(DeviceCredential, ADelegationByAnotherDevicesRootIsRefused) {
    DeviceCredential credential = alices(kGroup);
    credential.delegation = testing::make_device_credential(
                                key_named("alice"), key_named("another root"), leaf(), kGroup)
                                .delegation;
    EXPECT_EQ(check_of(verify_device_credential(credential, leaf(), kGroup, false)), "ID-14");
}

TEST(DeviceCredential, AnotherWalletsProofOfTheSameRootIsRefused) {
    DeviceCredential credential = alices(kGroup);
    credential.wallet.account = Caip10::from_solana_key(key_named("bob").public_key());
    EXPECT_EQ(check_of(verify_device_credential(credential, leaf(), kGroup, false)), "ID-08");
}

TEST(DeviceCredential, AnotherLeafsKeyIsRefused) {
    const PublicKey other = key_named("other leaf").public_key();
    EXPECT_EQ(check_of(verify_device_credential(alices(kGroup), other, kGroup, false)), "ID-15");
}

TEST(DeviceCredential, BothHalvesAreJudgedAtEntry) {
    const DeviceCredential credential = alices(kGroup);
    const auto check = [&](const std::vector<std::string>& domains, UnixMs at) {
        return check_of(check_device_credential(credential, domains, at));
    };
    EXPECT_EQ(check(kOthers, kTestNow), "ID-09");
    EXPECT_EQ(check(kOurs, kTestNow.plus_ms(91 * kDayMs)), "ID-17");
    EXPECT_EQ(check(kOurs, kTestNow.plus_ms(366 * kDayMs)), "ID-10");
    EXPECT_EQ(check(kOurs, kTestNow.plus_ms(-49 * kHourMs)), "ID-11");
    EXPECT_EQ(check(kNone, kTestNow), "ID-09");
}

TEST(AgentCredential, TheTextIsExactlyThis) {
    AgentCredential credential;
    credential.operator_account =
        Caip10::from_solana_address("AzisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8").value();
    credential.domain = "assistant.example";
    credential.enclave_key.fill(0xab);
    credential.measurement.fill(0xcd);
    credential.configuration_digest.fill(0xef);
    credential.issued_at_s = 1'795'370'502;
    credential.expires_at_s = 1'826'906'502;
    EXPECT_EQ(credential.text(),
              "assistant.example wants you to sign in with your Solana account:\n"
              "AzisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8\n"
              "\n"
              "This names "
              "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:AzisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8"
              " as the operator of a ChatMCP assistant that runs in an enclave. It adds no device "
              "and lets nobody read the messages of this account.\n"
              "\n"
              "URI: https://assistant.example\n"
              "Version: 1\n"
              "Chain ID: mainnet\n"
              "Issued At: 2026-11-22T18:01:42Z\n"
              "Expiration Time: 2027-11-22T18:01:42Z\n"
              "Resources:\n"
              "- urn:chatmcp:agent:1:ed25519:"
              "abababababababababababababababababababababababababababababababab:"
              "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd:"
              "efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef");
}

TEST(AgentCredential, TheLongestTextIsAsciiAndShortEnoughForHardwareWallets) {
    AgentCredential credential = an_agent();
    credential.operator_account =
        Caip10::parse("solana:" + std::string(32, '2') + ":" + to_base58(Bytes(32, 0xff))).value();
    credential.domain = std::string(kDomainMaxBytes, 'a');
    const std::string text = credential.text();
    EXPECT_LE(text.size(), kWalletTextMaxBytes);
    EXPECT_LE(wire::encode(credential).size(), AgentCredential::kMaxBytes);
    EXPECT_TRUE(std::all_of(
        text.begin(), text.end(), [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
}

TEST(AgentCredential, WhatIsWrittenIsReadAndHolds) {
    const AgentCredential credential = an_agent();
    const Bytes encoded = wire::encode(credential);
    const auto read = wire::decode<AgentCredential>(encoded);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(wire::encode(*read), encoded);
    EXPECT_EQ(read->digest(), credential.digest());
    EXPECT_EQ(check_of(verify_agent_credential(*read)), "accepted");
    EXPECT_EQ(check_of(check_agent_credential(*read, {kTestDomain}, kTestNow)), "accepted");
}

TEST(AgentCredential, AChangeOfAnyFieldIsAForgeryAndAnotherDigest) {
    const std::function<void(AgentCredential&)> changes[] = {
        [](AgentCredential& c) { c.measurement[0] ^= 1; },
        [](AgentCredential& c) { c.configuration_digest[31] ^= 1; },
        [](AgentCredential& c) { c.enclave_key[0] ^= 1; },
        [](AgentCredential& c) {
            c.operator_account = Caip10::from_solana_key(key_named("bob").public_key());
        },
        [](AgentCredential& c) { c.domain = "evil.example"; },
        [](AgentCredential& c) { c.issued_at_s -= 1; },
        [](AgentCredential& c) { c.expires_at_s += 1; },
        [](AgentCredential& c) { c.signature[0] ^= 1; },
    };
    for (const auto& change : changes) {
        AgentCredential credential = an_agent();
        change(credential);
        const auto result = verify_agent_credential(credential);
        EXPECT_EQ(check_of(result), "ID-19");
        EXPECT_EQ(result.error().code, Errc::bad_signature);
        EXPECT_NE(credential.digest(), an_agent().digest());
    }
}

TEST(AgentCredential, TimeAndDomainAreJudgedAsForDevices) {
    const AgentCredential credential = an_agent();
    const auto check = [&](const std::vector<std::string>& domains, UnixMs at) {
        return check_of(check_agent_credential(credential, domains, at));
    };
    EXPECT_EQ(check(kNone, kTestNow), "ID-09");
    EXPECT_EQ(check(kOurs, kTestNow.plus_ms(366 * kDayMs)), "ID-10");
    EXPECT_EQ(check(kOurs, kTestNow.plus_ms(-49 * kHourMs)), "ID-11");
}

TEST(AgentCredential, MalformedFieldsAreRefusedByName) {
    AgentCredential credential = an_agent();
    credential.domain = "two\nlines";
    EXPECT_EQ(check_of(verify_agent_credential(credential)), "ID-05");
    EXPECT_EQ(check_of(wire::decode<AgentCredential>(wire::encode(credential))), "ID-05");
    credential = an_agent();
    credential.expires_at_s = credential.issued_at_s;
    EXPECT_EQ(check_of(verify_agent_credential(credential)), "ID-07");
    EXPECT_EQ(check_of(wire::decode<AgentCredential>(wire::encode(credential))), "ID-07");
    credential = an_agent();
    credential.operator_account = {};
    EXPECT_EQ(check_of(wire::decode<AgentCredential>(wire::encode(credential))), "ID-01");
    Bytes encoded = wire::encode(an_agent());
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        EXPECT_FALSE(wire::decode<AgentCredential>(ByteView(encoded).first(size)).has_value());
    }
    encoded[64] = 0;  // The scheme, after two digests.
    EXPECT_EQ(check_of(wire::decode<AgentCredential>(encoded)), "ID-06");
}

}  // namespace
}  // namespace chatmcp::identity
