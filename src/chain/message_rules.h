#pragma once

#include "base/result.h"
#include "chain/message.h"

namespace chatmcp::chain {

/// What holds for every message, whoever compiled it. Errors: see decode_message.
/// Spec: the checks before execution of Solana's validators ("sanitize"); SIMD-0385.
[[nodiscard]] Result<void> check_message(const Message& message);

/// Errors: invalid_argument (CHN-16) above the cluster's limits, or a heap of odd size.
[[nodiscard]] Result<void> check_config(const TransactionConfig& config);

/// Errors: too_large (CHN-11), (CHN-12), (CHN-13).
[[nodiscard]] Result<void> check_counts(std::size_t accounts,
                                        std::size_t signers,
                                        std::size_t instructions);

}  // namespace chatmcp::chain
