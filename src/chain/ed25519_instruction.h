#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/address.h"
#include "chain/instruction.h"
#include "chain/transaction.h"

namespace chatmcp::chain {

/// A signature that the cluster checks before the transaction runs.
struct SignedStatement {
    Address signer;
    Signature signature{};
    Bytes message;

    friend bool operator==(const SignedStatement& a, const SignedStatement& b) = default;
};

/// Most of them in one instruction: their offsets and keys alone fill a transaction of version 1.
inline constexpr std::size_t kSignedStatementsMax = 32;

/// The instruction of the Ed25519 program for them, whose indices all name the instruction itself.
///
/// Wire: count, padding 0, then 14 bytes of offsets each, then key, signature and message of each
/// in
///       turn. Spec: Solana's Ed25519 program.
/// Errors: invalid_argument (CHN-50) none, or more than kSignedStatementsMax; too_large (CHN-51) an
///         offset above 2^16 - 1.
[[nodiscard]] Result<Instruction> ed25519_instruction(
    const std::vector<SignedStatement>& statements);

/// Read what ed25519_instruction wrote, and nothing else: a cluster also accepts indices of other
/// instructions, and a reader that takes them for its own checks other bytes than the cluster did.
///
/// Trust:  the signatures are not checked here.
/// Errors: wrong_key (CHN-53) another program, or accounts; CHN-01; CHN-50; malformed (CHN-52)
///         another layout.
[[nodiscard]] Result<std::vector<SignedStatement>> decode_ed25519_instruction(
    const Instruction& instruction);

}  // namespace chatmcp::chain
