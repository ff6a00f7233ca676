#include "chain/transaction.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "chain/system_instruction.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::chain {
namespace {

using crypto::SigningKey;

SigningKey key_of(std::uint64_t number) {
    testing::SeededRandom random(number);
    return SigningKey::generate(random);
}

Address address_of(const SigningKey& key) {
    return {key.public_key()};
}

// Two signers: the first pays, the second one only agrees.
Draft draft_of(MessageVersion version) {
    Draft draft;
    draft.version = version;
    draft.fee_payer = address_of(key_of(1));
    draft.instructions = {system_transfer(address_of(key_of(2)), address_of(key_of(3)), 5)};
    return draft;
}

Transaction signed_transaction(MessageVersion version) {
    auto transaction = Transaction::make(draft_of(version)).value();
    EXPECT_TRUE(transaction.sign(key_of(1)).has_value());
    EXPECT_TRUE(transaction.sign(key_of(2)).has_value());
    return transaction;
}

constexpr std::array kVersions = {MessageVersion::legacy, MessageVersion::v0, MessageVersion::v1};

// The file is written by @solana/web3.js.
TEST(Transaction, EveryVectorDecodesVerifiesAndEncodesTheSame) {
    const auto vectors = testing::load_vectors("solana/transactions.json");
    ASSERT_GE(vectors.size(), 8u);
    for (const auto& vector : vectors) {
        SCOPED_TRACE(vector.name());
        const Bytes wire = vector.hex("wire");
        const auto transaction = Transaction::decode(wire);
        ASSERT_TRUE(transaction.has_value()) << transaction.error().check;
        EXPECT_EQ(transaction->encode(), wire);
        EXPECT_EQ(transaction->message_bytes(), vector.hex("message"));
        EXPECT_TRUE(transaction->verify().has_value());
        EXPECT_EQ(transaction->message().fee_payer().text(), vector.text("fee_payer"));
    }
}

TEST(Transaction, SignedByAllItVerifiesAndReadsBack) {
    for (const MessageVersion version : kVersions) {
        const Transaction transaction = signed_transaction(version);
        EXPECT_TRUE(transaction.verify().has_value());
        const Bytes wire = transaction.encode();
        const auto decoded = Transaction::decode(wire);
        ASSERT_TRUE(decoded.has_value()) << decoded.error().check;
        EXPECT_EQ(decoded->message(), transaction.message());
        EXPECT_EQ(decoded->signatures(), transaction.signatures());
        EXPECT_EQ(decoded->message_digest(), crypto::sha256(transaction.message_bytes()));
        EXPECT_EQ(from_base58(transaction.id().value()).value(),
                  to_bytes(transaction.signatures().front()));
    }
}

TEST(Transaction, NoChangedBitVerifies) {
    testing::SeededRandom random(5);
    for (const MessageVersion version : kVersions) {
        const Bytes wire = signed_transaction(version).encode();
        for (int i = 0; i < 500; ++i) {
            Bytes changed = wire;
            changed[random.below(wire.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
            const auto transaction = Transaction::decode(changed);
            EXPECT_FALSE(transaction.has_value() && transaction->verify().has_value());
        }
    }
}

TEST(Transaction, WhatNoClusterTakesIsNotSigned) {
    const std::map<MessageVersion, std::size_t> limits = {
        {MessageVersion::legacy, 1232}, {MessageVersion::v0, 1232}, {MessageVersion::v1, 4096}};
    for (const auto& [version, limit] : limits) {
        Draft draft = draft_of(version);
        // From here on the length of the data has as many bytes as at the limit.
        draft.instructions[0].data.resize(200);
        const std::size_t room = limit - Transaction::make(draft).value().size_bytes();
        draft.instructions[0].data.resize(200 + room);
        const auto largest = Transaction::make(draft);
        ASSERT_TRUE(largest.has_value());
        EXPECT_EQ(largest->encode().size(), limit);
        EXPECT_TRUE(Transaction::decode(largest->encode()).has_value());
        draft.instructions[0].data.push_back(0);
        EXPECT_STREQ(Transaction::make(draft).error().check, "CHN-30");
    }
    EXPECT_STREQ(Transaction::decode(Bytes(kV1TransactionMaxBytes + 1)).error().check, "CHN-30");
}

TEST(Transaction, AMessageThatContradictsItselfIsNotSigned) {
    Message message = compile(draft_of(MessageVersion::v0)).value();
    message.instructions[0].account_indices[0] = 9;
    EXPECT_STREQ(Transaction::make(message).error().check, "CHN-24");
}

TEST(Transaction, AnotherNumberOfSignaturesIsRefused) {
    const Bytes legacy = signed_transaction(MessageVersion::legacy).encode();
    Bytes fewer(legacy.begin() + sizeof(Signature), legacy.end());
    fewer[0] = 1;
    EXPECT_STREQ(Transaction::decode(fewer).error().check, "CHN-31");
    // Behind a message of version 0, where only version 1 has them.
    const Transaction v0 = signed_transaction(MessageVersion::v0);
    Bytes behind = v0.message_bytes();
    for (const Signature& signature : v0.signatures()) {
        append(behind, signature);
    }
    EXPECT_STREQ(Transaction::decode(behind).error().check, "CHN-31");
    // A count of version 1 that the input cannot hold, or that is not there.
    EXPECT_STREQ(Transaction::decode(Bytes{0x81, 0xff}).error().check, "CHN-31");
    EXPECT_STREQ(Transaction::decode(Bytes{0x81}).error().check, "CHN-31");
}

TEST(Transaction, AKeyThatTheMessageDoesNotAskForSignsNothing) {
    auto transaction = Transaction::make(draft_of(MessageVersion::v0)).value();
    EXPECT_STREQ(transaction.sign(key_of(3)).error().check, "CHN-32");
    EXPECT_STREQ(transaction.add_signature(address_of(key_of(3)), Signature{}).error().check,
                 "CHN-32");
}

TEST(Transaction, AMissingSignatureIsNotFound) {
    auto transaction = Transaction::make(draft_of(MessageVersion::v0)).value();
    EXPECT_STREQ(transaction.id().error().check, "CHN-33");
    ASSERT_TRUE(transaction.sign(key_of(1)).has_value());
    EXPECT_TRUE(transaction.id().has_value());
    EXPECT_STREQ(transaction.verify().error().check, "CHN-33");
}

TEST(Transaction, OnlyAGoodSignatureOfAnotherWalletIsPutIn) {
    auto transaction = Transaction::make(draft_of(MessageVersion::v0)).value();
    const Signature good = signed_transaction(MessageVersion::v0).signatures()[1];
    Signature bad = good;
    bad[3] ^= 1;
    const Address signer = address_of(key_of(2));
    EXPECT_STREQ(transaction.add_signature(signer, bad).error().check, "CHN-34");
    EXPECT_TRUE(transaction.add_signature(signer, good).has_value());
    ASSERT_TRUE(transaction.sign(key_of(1)).has_value());
    EXPECT_TRUE(transaction.verify().has_value());

    Bytes wire = transaction.encode();
    wire[5] ^= 1;
    EXPECT_STREQ(Transaction::decode(wire)->verify().error().check, "CHN-34");
}

}  // namespace
}  // namespace chatmcp::chain
