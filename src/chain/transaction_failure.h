#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chain/address.h"
#include "chain/rpc_reply.h"

namespace chatmcp::chain {

/// The sentence of an error number of the ChatMCP program, from program/errors.h; absent for one
/// that it does not have.
[[nodiscard]] std::optional<std::string_view> program_error_text(std::uint32_t number);

/// What went wrong, in a sentence for people, with the number for whoever looks it up. `program` is
/// the ChatMCP program. Which program refused is read from the logs; without them a number stays a
/// number.
[[nodiscard]] std::string transaction_failure_text(const TransactionFailure& failure,
                                                   const Address& program);

}  // namespace chatmcp::chain
