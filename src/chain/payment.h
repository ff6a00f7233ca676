#pragma once

#include <vector>

#include "base/result.h"
#include "chain/instruction.h"
#include "chain/program_addresses.h"
#include "chain/rpc_reply.h"
#include "wire/content.h"

namespace chatmcp::chain {

/// A payment in a conversation is a transfer of CHAT from wallet to wallet whose transaction names
/// the payment by its commitment (wire::PaymentTerms). Nobody outside can tell whom it was agreed
/// with, or that it belongs to a conversation of theirs.

/// The recipient's account if there is none, the transfer, the memo: in this order.
[[nodiscard]] std::vector<Instruction> payment_instructions(const ProgramAddresses& at,
                                                            const wire::GroupId& conversation,
                                                            const wire::PaymentTerms& terms);

/// The transaction that the cluster has does this payment and nothing else, and it was the payer
/// who signed it. `done` is what the cluster says of `payment.transaction`; that it is final is for
/// whoever asked.
///
/// Trust:  an endpoint can hide a transaction, not make one up: the payer's signature is checked.
///         That it was done, and did not fail, is the endpoint's word.
/// Errors: wrong_domain (CHN-100) of another program; malformed (CHN-101) no transaction; wrong_key
///         (CHN-102) another transaction than the message names, or another payer; bad_signature
///         (CHN-103); refused_by_policy (CHN-104) it failed; (CHN-105) it does something else.
[[nodiscard]] Result<void> check_payment(const ProgramAddresses& at,
                                         const wire::GroupId& conversation,
                                         const wire::Payment& payment,
                                         const DoneTransaction& done);

}  // namespace chatmcp::chain
