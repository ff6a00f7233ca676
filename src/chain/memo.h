#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "chain/instruction.h"

namespace chatmcp::chain {

/// A text in the transaction, with the signatures of `signers`. Everybody can read it.
///
/// Errors: malformed (CHN-45) not UTF-8, which the memo program refuses.
[[nodiscard]] Result<Instruction> memo(std::string_view text, std::span<const Address> signers);

}  // namespace chatmcp::chain
