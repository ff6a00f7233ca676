#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace chatmcp::chain {

/// Decimals of a lamport amount in SOL.
inline constexpr std::uint8_t kSolDecimals = 9;
inline constexpr std::size_t kAmountTextMaxBytes = 64;

/// "1.5" of a mint with six decimals is 1500000. Never by floating point. Digits, and at most one
/// point between digits; zeros at the end of the fraction are allowed, zeros in front of the number
/// are not.
///
/// Errors: malformed (CHN-40) nothing; invalid_argument (CHN-41) a sign; malformed (CHN-42) another
///         shape; invalid_argument (CHN-43) more digits behind the point than the mint has;
///         too_large (CHN-44) above 2^64 - 1 units.
[[nodiscard]] Result<std::uint64_t> parse_amount(std::string_view text, std::uint8_t decimals);

/// The shortest text of it: "1.5", "0.000001", "7".
[[nodiscard]] std::string amount_text(std::uint64_t amount, std::uint8_t decimals);

}  // namespace chatmcp::chain
