#include "chain/payment.h"

#include <random>

#include <gtest/gtest.h>

#include "chain/compute_budget.h"
#include "chain/memo.h"
#include "chain/token_instruction.h"
#include "chain/transaction.h"
#include "chain/well_known.h"
#include "crypto/hash.h"

namespace chatmcp::chain {
namespace {

crypto::SigningKey key_named(std::string_view name) {
    return crypto::SigningKey::from_seed(crypto::sha256(as_bytes(name)));
}
Address named(std::string_view name) {
    return {crypto::sha256(as_bytes(name))};
}

class PaymentTest : public ::testing::Test {
  protected:
    PaymentTest() {
        payment_.terms = {.genesis_hash = named("cluster").bytes,
                          .program = at_.program.bytes,
                          .payer = payer_.public_key(),
                          .recipient = key_named("recipient").public_key(),
                          .amount = 1'500'000,
                          .nonce = named("nonce").bytes};
    }

    [[nodiscard]] std::vector<Instruction> wanted() const {
        return payment_instructions(at_, conversation_, payment_.terms);
    }
    [[nodiscard]] static Instruction limit() { return compute_unit_limit(50'000).value(); }

    /// A transaction of the payer as the cluster would have it, and the message that names it.
    DoneTransaction done(std::vector<Instruction> instructions,
                         std::optional<Address> fee_payer = std::nullopt) {
        Draft draft;
        draft.fee_payer = fee_payer.value_or(Address{payer_.public_key()});
        draft.instructions = std::move(instructions);
        Transaction transaction = Transaction::make(draft).value();
        for (const crypto::SigningKey* const key : {&payer_, &other_}) {
            static_cast<void>(transaction.sign(*key));
        }
        payment_.transaction = transaction.signatures().front();
        return {.slot = 7, .transaction = transaction.encode(), .failure = std::nullopt};
    }
    [[nodiscard]] std::string check(const DoneTransaction& transaction) const {
        const auto checked = check_payment(at_, conversation_, payment_, transaction);
        return checked.has_value() ? "ok" : checked.error().check;
    }

    ProgramAddresses at_ = ProgramAddresses::of(named("program"));
    wire::GroupId conversation_ = named("conversation").bytes;
    crypto::SigningKey payer_ = key_named("payer");
    crypto::SigningKey other_ = key_named("other");
    wire::Payment payment_;
};

TEST_F(PaymentTest, ATransactionThatDoesItIsAPayment) {
    EXPECT_EQ(check(done(wanted())), "ok");
    std::vector<Instruction> with_limits = wanted();
    with_limits.push_back(limit());
    with_limits.push_back(compute_unit_price(5));
    EXPECT_EQ(check(done(with_limits)), "ok");
}

TEST_F(PaymentTest, AnotherPaymentsTransactionIsNotThisOne) {
    const DoneTransaction transaction = done(wanted());
    const wire::Payment payment = payment_;
    for (int term = 0; term < 5; ++term) {
        payment_ = payment;
        switch (term) {
            case 0:
                ++payment_.terms.amount;
                break;
            case 1:
                payment_.terms.recipient = key_named("somebody").public_key();
                break;
            case 2:
                payment_.terms.nonce[0] ^= 1U;
                break;
            case 3:
                payment_.terms.genesis_hash[0] ^= 1U;
                break;
            default:
                conversation_[0] ^= 1U;
                break;
        }
        EXPECT_EQ(check(transaction), "CHN-105") << term;
    }
}

TEST_F(PaymentTest, AnotherProgramsTokensAreNotOurs) {
    const DoneTransaction transaction = done(wanted());
    at_ = ProgramAddresses::of(named("another program"));
    EXPECT_EQ(check(transaction), "CHN-100");
}

TEST_F(PaymentTest, WhatIsNoTransactionIsNoPayment) {
    DoneTransaction transaction = done(wanted());
    transaction.transaction.pop_back();
    EXPECT_EQ(check(transaction), "CHN-101");
}

TEST_F(PaymentTest, AnotherTransactionOrPayerIsNotTheOneThatTheMessageNames) {
    const DoneTransaction transaction = done(wanted());
    payment_.transaction[0] ^= 1U;
    EXPECT_EQ(check(transaction), "CHN-102");
    EXPECT_EQ(check(done(wanted(), Address{other_.public_key()})), "CHN-102");
}

TEST_F(PaymentTest, AnEndpointCannotMakeASignatureUp) {
    DoneTransaction transaction = done(wanted());
    transaction.transaction[5] ^= 1U;  // Of the signature, and the message names it so.
    payment_.transaction[4] ^= 1U;
    EXPECT_EQ(check(transaction), "CHN-103");
}

TEST_F(PaymentTest, AFailedTransactionPaidNothing) {
    DoneTransaction transaction = done(wanted());
    transaction.failure = TransactionFailure{};
    EXPECT_EQ(check(transaction), "CHN-104");
}

TEST_F(PaymentTest, ATransactionThatDoesMoreIsNoPayment) {
    const Address payer{payer_.public_key()};
    const Instruction back =
        token_transfer_checked({.token_program = kToken2022Program,
                                .source = at_.tokens(Address{payment_.terms.recipient}),
                                .mint = at_.mint.address,
                                .destination = at_.tokens(payer),
                                .owner = payer,
                                .amount = 1,
                                .decimals = program::kChatDecimals});
    const Instruction words = memo("more", {}).value();
    for (const Instruction& more : {back, words}) {
        std::vector<Instruction> behind = wanted();
        behind.push_back(more);
        EXPECT_EQ(check(done(behind)), "CHN-105");
        std::vector<Instruction> before = wanted();
        before.insert(before.begin(), more);
        EXPECT_EQ(check(done(before)), "CHN-105");
    }
    for (std::size_t missing = 0; missing < 3; ++missing) {
        std::vector<Instruction> fewer = wanted();
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(missing));
        EXPECT_EQ(check(done(fewer)), "CHN-105") << missing;
    }
}

// Accounts that a table gives are not in the message: what they are, its signature does not say.
TEST_F(PaymentTest, ATransactionWithATableIsNoPayment) {
    Draft draft;
    draft.fee_payer = Address{payer_.public_key()};
    draft.instructions = wanted();
    draft.lookup_tables = {
        {.address = named("table"), .addresses = {at_.tokens(Address{payment_.terms.recipient})}}};
    Transaction transaction = Transaction::make(draft).value();
    ASSERT_TRUE(transaction.sign(payer_).has_value());
    ASSERT_FALSE(transaction.message().lookups.empty());
    payment_.transaction = transaction.signatures().front();
    EXPECT_EQ(check({.slot = 7, .transaction = transaction.encode(), .failure = std::nullopt}),
              "CHN-105");
}

TEST_F(PaymentTest, NoFlippedBitIsAPayment) {
    std::vector<Instruction> instructions = wanted();
    instructions.push_back(limit());
    const DoneTransaction genuine = done(instructions);
    std::mt19937 random(20'261'124);
    for (int i = 0; i < 500; ++i) {
        DoneTransaction flipped = genuine;
        const std::size_t place = random() % flipped.transaction.size();
        flipped.transaction[place] ^= static_cast<std::uint8_t>(1U << (random() % 8));
        EXPECT_NE(check(flipped), "ok") << place;
    }
}

}  // namespace
}  // namespace chatmcp::chain
