#include "identity/wallet_proof.h"

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
using testing::make_wallet_proof;

std::string check_of(const Result<void>& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

WalletProof alices_proof() {
    return make_wallet_proof(key_named("alice"), key_named("alice's laptop"));
}

void sign_again(WalletProof& proof, const crypto::SigningKey& wallet) {
    proof.signature = wallet.sign_raw(as_bytes(proof.text()));
}

TEST(WalletProof, TheTextIsExactlyThis) {
    WalletProof proof;
    proof.account =
        Caip10::from_solana_address("AzisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8").value();
    proof.domain = "chat.example";
    proof.root_key.fill(0xab);
    proof.log_sequence = 7;
    proof.previous_log_hash.fill(0xcd);
    proof.issued_at_s = 1'795'370'502;
    proof.expires_at_s = 1'826'906'502;
    EXPECT_EQ(proof.text(),
              "chat.example wants you to sign in with your Solana account:\n"
              "AzisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8\n"
              "\n"
              "This adds a device that can read the ChatMCP messages of "
              "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:AzisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8"
              ". Sign only if you are adding a device of your own right now.\n"
              "\n"
              "URI: https://chat.example\n"
              "Version: 1\n"
              "Chain ID: mainnet\n"
              "Issued At: 2026-11-22T18:01:42Z\n"
              "Expiration Time: 2027-11-22T18:01:42Z\n"
              "Resources:\n"
              "- urn:chatmcp:device:1:ed25519:"
              "abababababababababababababababababababababababababababababababab:7:"
              "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd");
}

TEST(WalletProof, TheLongestTextIsAsciiAndShortEnoughForHardwareWallets) {
    WalletProof proof = alices_proof();
    proof.account =
        Caip10::parse("solana:" + std::string(32, '2') + ":" + to_base58(Bytes(32, 0xff))).value();
    proof.domain = std::string(WalletProof::kDomainMaxBytes, 'a');
    proof.log_sequence = UINT64_MAX;
    const std::string text = proof.text();
    EXPECT_LE(text.size(), kWalletTextMaxBytes);
    EXPECT_TRUE(std::all_of(
        text.begin(), text.end(), [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
}

TEST(WalletProof, WhatIsWrittenIsReadAndHolds) {
    const WalletProof proof = alices_proof();
    const Bytes encoded = wire::encode(proof);
    const auto read = wire::decode<WalletProof>(encoded);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->text(), proof.text());
    EXPECT_EQ(wire::encode(*read), encoded);
    EXPECT_EQ(check_of(verify_wallet_proof(*read)), "accepted");
    EXPECT_EQ(check_of(check_wallet_proof(*read, {kTestDomain}, kTestNow)), "accepted");
}

// Every field is inside the text, so none can be changed once the wallet has signed.
TEST(WalletProof, AChangeOfAnyFieldIsAForgery) {
    const std::function<void(WalletProof&)> changes[] = {
        [](WalletProof& p) { p.account = Caip10::from_solana_key(key_named("bob").public_key()); },
        [](WalletProof& p) {
            p.account = Caip10::parse("solana:" + std::string(kSolanaDevnet) + ":" +
                                      std::string(p.account.address()))
                            .value();
        },
        [](WalletProof& p) { p.domain = "evil.example"; },
        [](WalletProof& p) { p.root_key = key_named("mallory's laptop").public_key(); },
        [](WalletProof& p) { p.log_sequence = 1; },
        [](WalletProof& p) { p.previous_log_hash[31] = 1; },
        [](WalletProof& p) { p.issued_at_s -= 1; },
        [](WalletProof& p) { p.expires_at_s += 1; },
        [](WalletProof& p) { p.signature[0] ^= 1; },
    };
    for (const auto& change : changes) {
        WalletProof proof = alices_proof();
        change(proof);
        const auto result = verify_wallet_proof(proof);
        EXPECT_EQ(check_of(result), "ID-08");
        EXPECT_EQ(result.error().code, Errc::bad_signature);
    }
}

TEST(WalletProof, TheSignatureOfAnotherWalletIsRefused) {
    WalletProof proof = alices_proof();
    sign_again(proof, key_named("bob"));
    EXPECT_EQ(check_of(verify_wallet_proof(proof)), "ID-08");
}

// Words that the wallet did not see are not agreed to, though every field is the same.
TEST(WalletProof, ASignatureOverAnotherStatementIsRefused) {
    WalletProof proof = alices_proof();
    std::string text = proof.text();
    text.replace(text.find("This adds"), 9, "This does not add");
    proof.signature = key_named("alice").sign_raw(as_bytes(text));
    EXPECT_EQ(check_of(verify_wallet_proof(proof)), "ID-08");
}

// The trap of parsers: fields in another order become part of the statement and still parse.
TEST(WalletProof, ASignatureOverTheSameFieldsInAnotherOrderIsRefused) {
    WalletProof proof = alices_proof();
    std::string text = proof.text();
    const std::string version = "Version: 1\n";
    text.erase(text.find(version), version.size());
    text.insert(text.find("URI: "), version);
    proof.signature = key_named("alice").sign_raw(as_bytes(text));
    EXPECT_EQ(check_of(verify_wallet_proof(proof)), "ID-08");
}

TEST(WalletProof, TimesThatNoMakerWritesAreRefusedThoughSigned) {
    const auto year = static_cast<std::uint64_t>(kRootLifetimeMaxMs / kSecondMs);
    const std::pair<std::uint64_t, std::uint64_t> times[] = {{100, 100},
                                                             {100, 99},
                                                             {100, 100 + year + 1},
                                                             {253'402'300'799, 253'402'300'800},
                                                             {0, UINT64_MAX},
                                                             {UINT64_MAX - 1, UINT64_MAX}};
    for (const auto& [issued, expires] : times) {
        WalletProof proof = alices_proof();
        proof.issued_at_s = issued;
        proof.expires_at_s = expires;
        const auto result = verify_wallet_proof(proof);
        EXPECT_EQ(check_of(result), "ID-07");
        EXPECT_EQ(result.error().code, Errc::invalid_argument);
        EXPECT_EQ(check_of(check_wallet_proof(proof, {kTestDomain}, kTestNow)), "ID-07");
        const auto read = wire::decode<WalletProof>(wire::encode(proof));
        ASSERT_FALSE(read.has_value());
        EXPECT_STREQ(read.error().check, "ID-07");
    }
    WalletProof proof = alices_proof();
    proof.issued_at_s = 100;
    proof.expires_at_s = 100 + year;
    sign_again(proof, key_named("alice"));
    EXPECT_EQ(check_of(verify_wallet_proof(proof)), "accepted");
}

TEST(WalletProof, ADomainWithALineEndIsRefusedThoughSigned) {
    WalletProof proof = alices_proof();
    proof.domain = "chat.example\nevil";
    sign_again(proof, key_named("alice"));
    EXPECT_EQ(check_of(verify_wallet_proof(proof)), "ID-05");
    const auto read = wire::decode<WalletProof>(wire::encode(proof));
    ASSERT_FALSE(read.has_value());
    EXPECT_STREQ(read.error().check, "ID-05");
}

TEST(WalletProof, OnlyAcceptedDomainsAreTrusted) {
    const WalletProof proof = alices_proof();
    EXPECT_EQ(check_of(check_wallet_proof(proof, {"other.example", kTestDomain}, kTestNow)),
              "accepted");
    for (const std::vector<std::string>& domains :
         {std::vector<std::string>{},
          std::vector<std::string>{"other.example"},
          std::vector<std::string>{"example", "chat.example.evil.example", "chat.example:443"}}) {
        const auto result = check_wallet_proof(proof, domains, kTestNow);
        EXPECT_EQ(check_of(result), "ID-09");
        EXPECT_EQ(result.error().code, Errc::wrong_domain);
    }
}

TEST(WalletProof, ExpiryIsJudgedAtTheGivenTimeToTheMillisecond) {
    const WalletProof proof = alices_proof();
    const UnixMs expiry{static_cast<std::int64_t>(proof.expires_at_s) * kSecondMs};
    EXPECT_EQ(check_of(check_wallet_proof(proof, {kTestDomain}, expiry.plus_ms(-1))), "accepted");
    const auto result = check_wallet_proof(proof, {kTestDomain}, expiry);
    EXPECT_EQ(check_of(result), "ID-10");
    EXPECT_EQ(result.error().code, Errc::expired);
    // The pure half does not know what time it is.
    EXPECT_EQ(check_of(verify_wallet_proof(proof)), "accepted");
}

TEST(WalletProof, AProofFromTheFutureIsRefusedBeyondTheSlackOfClocks) {
    const WalletProof proof = alices_proof();
    const UnixMs earliest = kTestNow.plus_ms(-kNotBeforeSlackMs);
    EXPECT_EQ(check_of(check_wallet_proof(proof, {kTestDomain}, earliest)), "accepted");
    const auto result = check_wallet_proof(proof, {kTestDomain}, earliest.plus_ms(-1));
    EXPECT_EQ(check_of(result), "ID-11");
    EXPECT_EQ(result.error().code, Errc::not_yet_valid);
}

TEST(WalletProof, AnotherFormOrSchemeIsUnsupported) {
    Bytes encoded = wire::encode(alices_proof());
    encoded[0] = 2;
    EXPECT_STREQ(wire::decode<WalletProof>(encoded).error().check, "ID-04");
    encoded[0] = 1;
    // The scheme stands after form, account<V> (two-byte length) and domain<V>.
    const std::size_t scheme_at =
        1 + 2 + alices_proof().account.text().size() + 1 + kTestDomain.size();
    ASSERT_EQ(encoded[scheme_at], 0x08);
    encoded[scheme_at + 1] = 0x08;
    EXPECT_STREQ(wire::decode<WalletProof>(encoded).error().check, "ID-06");
}

TEST(WalletProof, ATruncatedOrLongerEncodingIsRefused) {
    Bytes encoded = wire::encode(alices_proof());
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        EXPECT_FALSE(wire::decode<WalletProof>(ByteView(encoded).first(size)).has_value());
    }
    encoded.push_back(0);
    EXPECT_STREQ(wire::decode<WalletProof>(encoded).error().check, "WIRE-05");
}

}  // namespace
}  // namespace chatmcp::identity
