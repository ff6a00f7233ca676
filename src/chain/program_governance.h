#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/address.h"
#include "chain/instruction.h"
#include "chain/program_account.h"
#include "chain/program_addresses.h"
#include "program/instructions.h"

namespace chatmcp::chain {

/// Instructions of governance: a proposal, votes on it, its end. See docs/program.md.

struct NewProposal {
    Address proposer;
    std::uint64_t number = 0;     // Config's proposals_count.
    ByteArray<32> description{};  // SHA-256 of the text that argues for it.
    program::Action action{};
    Bytes payload;  // Of the action's type (program/accounts.h).
};
/// Errors: invalid_argument (CHN-87) a payload of another size than the action's.
[[nodiscard]] Result<Instruction> propose(const ProgramAddresses& at, const NewProposal& proposal);

[[nodiscard]] Instruction cast_vote(const ProgramAddresses& at,
                                    const Address& voter,
                                    const Address& proposal,
                                    program::Choice choice);
[[nodiscard]] Instruction cancel_proposal(const ProgramAddresses& at,
                                          const Address& proposer,
                                          const Address& proposal);
[[nodiscard]] Instruction release_vote(const ProgramAddresses& at,
                                       const Address& voter,
                                       const Address& proposal);
[[nodiscard]] Instruction close_proposal(const ProgramAddresses& at,
                                         const Address& proposer,
                                         const Address& proposal);

/// What executes a proposal that passed, whatever it does. Anybody may; `payer` signs and pays the
/// rent of what is made.
///
/// Errors: invalid_argument (CHN-87).
[[nodiscard]] Result<Instruction> execute_proposal(const ProgramAddresses& at,
                                                   const Address& payer,
                                                   const ProposalAccount& proposal);

}  // namespace chatmcp::chain
