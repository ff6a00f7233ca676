#pragma once

#include <cstdint>

#include "base/result.h"
#include "chain/instruction.h"

namespace chatmcp::chain {

/// Instructions of the compute budget program, at most one of each in a legacy or version 0
/// message. Spec: solana-compute-budget-interface.

/// Errors: invalid_argument (CHN-16) above TransactionConfig::kComputeUnitsMax.
[[nodiscard]] Result<Instruction> compute_unit_limit(std::uint32_t units);

/// Price of one unit. Units: millionths of a lamport.
[[nodiscard]] Instruction compute_unit_price(std::uint64_t micro_lamports);

/// Most bytes that all loaded accounts have together.
[[nodiscard]] Instruction loaded_accounts_limit(std::uint32_t bytes_max);

/// What limit and price make, in whole lamports, rounded up.
/// Errors: too_large (CHN-47) above 2^64 - 1 lamports.
[[nodiscard]] Result<std::uint64_t> priority_fee_lamports(std::uint32_t units,
                                                          std::uint64_t micro_lamports);

}  // namespace chatmcp::chain
