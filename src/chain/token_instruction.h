#pragma once

#include <cstdint>

#include "chain/instruction.h"

namespace chatmcp::chain {

/// Instructions of the token programs, for Token and Token-2022 alike: `token_program` says which
/// of them the mint belongs to. Spec: spl-token-2022-interface, TokenInstruction.

struct TokenTransfer {
    Address token_program;
    Address source;  // Token accounts, not wallets.
    Address mint;
    Address destination;
    Address owner;  // Of the source.
    std::uint64_t amount = 0;
    std::uint8_t decimals = 0;  // The program refuses another number than the mint's.
};
[[nodiscard]] Instruction token_transfer_checked(const TokenTransfer& transfer);

struct TokenBurn {
    Address token_program;
    Address source;
    Address mint;
    Address owner;
    std::uint64_t amount = 0;
    std::uint8_t decimals = 0;
};
[[nodiscard]] Instruction token_burn_checked(const TokenBurn& burn);

/// An empty token account; what rent it held goes to `destination`.
[[nodiscard]] Instruction token_close_account(const Address& token_program,
                                              const Address& account,
                                              const Address& destination,
                                              const Address& owner);

/// The associated token account of `owner`, unless it is there already.
/// Spec: spl-associated-token-account-interface, CreateIdempotent.
[[nodiscard]] Instruction create_associated_token(const Address& payer,
                                                  const Address& owner,
                                                  const Address& token_program,
                                                  const Address& mint);

}  // namespace chatmcp::chain
