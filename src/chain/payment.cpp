#include "chain/payment.h"

#include <string>

#include "base/check.h"
#include "base/encoding.h"
#include "chain/memo.h"
#include "chain/token_instruction.h"
#include "chain/transaction.h"
#include "chain/well_known.h"
#include "program/accounts.h"

namespace chatmcp::chain {
namespace {

// Compared as it is: who is asked for which signature follows from the whole message.
bool is_same(const Message& message, const CompiledInstruction& done, const Instruction& wanted) {
    const bool same_shape = message.accounts[done.program_index] == wanted.program &&
                            done.account_indices.size() == wanted.accounts.size() &&
                            done.data == wanted.data;
    if (!same_shape) {
        return false;
    }
    for (std::size_t i = 0; i < wanted.accounts.size(); ++i) {
        if (message.accounts[done.account_indices[i]] != wanted.accounts[i].address) {
            return false;
        }
    }
    return true;
}

// What is wanted comes first, and behind it nothing but limits and prices of the transaction.
bool does_only(const Message& message, const std::vector<Instruction>& wanted) {
    // With a lookup, an index could name an account that is not in the message.
    if (!message.lookups.empty() || message.instructions.size() < wanted.size()) {
        return false;
    }
    for (std::size_t i = 0; i < message.instructions.size(); ++i) {
        const CompiledInstruction& done = message.instructions[i];
        const bool fits = i < wanted.size()
                              ? is_same(message, done, wanted[i])
                              : message.accounts[done.program_index] == kComputeBudgetProgram;
        if (!fits) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::vector<Instruction> payment_instructions(const ProgramAddresses& at,
                                              const wire::GroupId& conversation,
                                              const wire::PaymentTerms& terms) {
    const Address payer{terms.payer};
    const Address recipient{terms.recipient};
    const auto text = memo("chatmcp payment " + to_hex(terms.commitment(conversation)), {});
    CHATMCP_CHECK(text.has_value());  // It is ASCII.
    return {create_associated_token(payer, recipient, kToken2022Program, at.mint.address),
            token_transfer_checked({.token_program = kToken2022Program,
                                    .source = at.tokens(payer),
                                    .mint = at.mint.address,
                                    .destination = at.tokens(recipient),
                                    .owner = payer,
                                    .amount = terms.amount,
                                    .decimals = program::kChatDecimals}),
            *text};
}

Result<void> check_payment(const ProgramAddresses& at,
                           const wire::GroupId& conversation,
                           const wire::Payment& payment,
                           const DoneTransaction& done) {
    if (payment.terms.program != at.program.bytes) {
        return fail(Errc::wrong_domain, "CHN-100");
    }
    const auto transaction = Transaction::decode(done.transaction);
    if (!transaction.has_value()) {
        return fail(Errc::malformed, "CHN-101");
    }
    const Message& message = transaction->message();
    if (transaction->signatures().front() != payment.transaction ||
        message.fee_payer() != Address{payment.terms.payer}) {
        return fail(Errc::wrong_key, "CHN-102");
    }
    if (!transaction->verify().has_value()) {
        return fail(Errc::bad_signature, "CHN-103");
    }
    if (done.failure.has_value()) {
        return fail(Errc::refused_by_policy, "CHN-104");
    }
    return does_only(message, payment_instructions(at, conversation, payment.terms))
               ? Result<void>()
               : fail(Errc::refused_by_policy, "CHN-105");
}

}  // namespace chatmcp::chain
