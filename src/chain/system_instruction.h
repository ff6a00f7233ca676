#pragma once

#include <cstdint>

#include "chain/instruction.h"

namespace chatmcp::chain {

/// Instructions of the system program. Spec: solana-system-interface, SystemInstruction.

/// Lamports from one wallet to another account.
[[nodiscard]] Instruction system_transfer(const Address& from,
                                          const Address& to,
                                          std::uint64_t lamports);

/// A new account of `size_bytes` that belongs to the program `owner`; it signs too.
[[nodiscard]] Instruction system_create_account(const Address& payer,
                                                const Address& account,
                                                std::uint64_t lamports,
                                                std::uint64_t size_bytes,
                                                const Address& owner);

[[nodiscard]] Instruction system_allocate(const Address& account, std::uint64_t size_bytes);
[[nodiscard]] Instruction system_assign(const Address& account, const Address& owner);

/// Stands first in a transaction whose lifetime is the nonce's value.
[[nodiscard]] Instruction system_advance_nonce(const Address& nonce, const Address& authority);

}  // namespace chatmcp::chain
