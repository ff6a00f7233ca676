#include "identity/device_log.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/identity.h"

namespace chatmcp::identity {
namespace {

using testing::key_named;
using Log = std::vector<DeviceLogEntry>;

template <class T>
std::string check_of(const Result<T>& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

Caip10 alice() {
    return Caip10::from_solana_key(key_named("alice").public_key());
}

// The next entry of a log, as wallet and device make it.
DeviceLogEntry next_entry(const Log& log, const std::string& device) {
    const auto wallet = key_named("alice");
    const auto root = key_named(device);
    WalletProof proof = testing::make_wallet_proof(wallet, root);
    proof.log_sequence = log.size();
    if (!log.empty()) {
        proof.previous_log_hash = log.back().hash();
    }
    proof.signature = sign_wallet_text(wallet, proof.text()).value();
    return link_device(proof, root);
}

Log log_of(std::size_t entries) {
    Log log;
    while (log.size() < entries) {
        log.push_back(next_entry(log, "device " + to_decimal(log.size())));
    }
    return log;
}

TEST(DeviceLog, WhatIsWrittenIsReadAndHolds) {
    for (const DeviceLogEntry& entry : log_of(2)) {
        const Bytes encoded = wire::encode(entry);
        const auto read = wire::decode<DeviceLogEntry>(encoded);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(wire::encode(*read), encoded);
        EXPECT_EQ(read->hash(), entry.hash());
    }
    for (const std::size_t entries : {1u, 2u, 5u}) {
        EXPECT_EQ(check_of(verify_device_log(log_of(entries), alice())), "accepted");
    }
}

TEST(DeviceLog, ALogWithoutEntriesHasNoDevice) {
    const auto result = verify_device_log({}, alice());
    EXPECT_EQ(check_of(result), "ID-21");
    EXPECT_EQ(result.error().code, Errc::not_found);
}

TEST(DeviceLog, ALogAboveTheLimitIsRefusedBeforeItIsVerified) {
    const Log log(kDeviceLogEntriesMax + 1);
    const auto result = verify_device_log(log, alice());
    EXPECT_EQ(check_of(result), "ID-22");
    EXPECT_EQ(result.error().code, Errc::too_large);
}

TEST(DeviceLog, AnotherAccountsLogIsRefused) {
    const auto bob = Caip10::from_solana_key(key_named("bob").public_key());
    const auto result = verify_device_log(log_of(1), bob);
    EXPECT_EQ(check_of(result), "ID-23");
    EXPECT_EQ(result.error().code, Errc::wrong_key);
}

TEST(DeviceLog, EntriesLeftOutRepeatedOrReorderedAreRefused) {
    const Log log = log_of(3);
    for (const Log& changed : {Log{log[1]},
                               Log{log[1], log[2]},
                               Log{log[0], log[2]},
                               Log{log[0], log[0]},
                               Log{log[0], log[2], log[1]}}) {
        const auto result = verify_device_log(changed, alice());
        EXPECT_EQ(check_of(result), "ID-24");
        EXPECT_EQ(result.error().code, Errc::invalid_argument);
    }
}

TEST(DeviceLog, AnEntryChainedToAnotherOneIsRefused) {
    const Log log = log_of(1);
    const Log other = {next_entry({}, "another first device")};
    EXPECT_EQ(check_of(verify_device_log({log[0], next_entry(other, "second")}, alice())), "ID-24");
}

TEST(DeviceLog, AnEntryThatTheDeviceDidNotAgreeToIsRefused) {
    Log log = log_of(1);
    // Mallory's wallet links Alice's root key, whose agreement it cannot make.
    log[0].signature = to_array<64>(wire::sign(key_named("mallory"), log[0]));
    const auto result = verify_device_log(log, alice());
    EXPECT_EQ(check_of(result), "ID-25");
    EXPECT_EQ(result.error().code, Errc::bad_signature);
}

TEST(DeviceLog, AnEntryThatTheWalletDidNotSignIsRefused) {
    const auto root = key_named("device");
    WalletProof proof = testing::make_wallet_proof(key_named("alice"), root);
    proof.signature[0] ^= 1;
    EXPECT_EQ(check_of(verify_device_log({link_device(proof, root)}, alice())), "ID-08");
}

TEST(DeviceLog, AnotherActionIsUnsupported) {
    Bytes encoded = wire::encode(log_of(1)[0]);
    for (const std::uint8_t action : Bytes{0, 2, 255}) {
        encoded[0] = action;
        EXPECT_EQ(check_of(wire::decode<DeviceLogEntry>(encoded)), "ID-20");
    }
}

TEST(DeviceLog, TheInboxIsTheLabelledHashOfTheRootKey) {
    PublicKey key{};
    key.fill(1);
    EXPECT_EQ(inbox_id(key), crypto::sha256(concat({as_bytes("chatmcp inbox"), key})));
}

TEST(DeviceLogDeath, LinkingAKeyThatTheProofDoesNotNameEndsTheProcess) {
    const auto proof = testing::make_wallet_proof(key_named("alice"), key_named("device"));
    EXPECT_DEATH(static_cast<void>(link_device(proof, key_named("other"))), "broken assumption");
}

}  // namespace
}  // namespace chatmcp::identity
