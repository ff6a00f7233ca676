#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/json_value.h"
#include "base/bytes.h"
#include "base/result.h"
#include "chain/address.h"
#include "chain/message.h"
#include "chain/rpc_request.h"

namespace chatmcp::chain {

/// Why a transaction was not done, as a cluster has it (solana-transaction-error,
/// TransactionError). For people: transaction_failure_text.
struct TransactionFailure {
    std::string name;  // "BlockhashNotFound", or of the instruction's error: "InvalidArgument".
    std::optional<std::uint64_t> instruction;  // Its place, from zero.
    std::optional<std::uint32_t> custom;       // The number that its program gave.
    std::vector<std::string> logs;             // Where the node sends them.
};

/// What a node answered in place of a result.
struct RpcFailure {
    std::int64_t code = 0;
    std::string message;                            // The node's own words.
    std::optional<TransactionFailure> transaction;  // Of a failed simulation before sending.
};

/// A JSON-RPC 2.0 reply: a result, or a failure.
struct RpcReply {
    std::optional<RpcFailure> failure;
    attest::JsonValue result;
};

/// Decode the reply to request `id`.
///
/// Trust:  none; every value of a reply is what this node says.
/// Errors: malformed (CHN-90) not JSON, or not a JSON-RPC 2.0 reply; (CHN-91) a reply to another
///         request.
[[nodiscard]] Result<RpcReply> decode_rpc_reply(std::string_view text, std::uint64_t id);

/// An account as a node says it is.
struct RpcAccount {
    Address owner;
    std::uint64_t lamports = 0;
    bool executable = false;
    Bytes data;

    friend bool operator==(const RpcAccount& a, const RpcAccount& b) = default;
};

/// Accounts at one slot, in the order asked for; absent where there is none.
struct RpcAccounts {
    std::uint64_t slot = 0;
    std::vector<std::optional<RpcAccount>> accounts;
};

struct RpcProgramAccounts {
    std::uint64_t slot = 0;
    std::vector<std::pair<Address, RpcAccount>> accounts;
};

struct LatestBlockhash {
    std::uint64_t slot = 0;
    Blockhash blockhash{};
    std::uint64_t last_valid_block_height = 0;
};

struct Simulation {
    std::uint64_t units_consumed = 0;
    std::optional<TransactionFailure> failure;
    std::optional<std::uint64_t> payer_lamports = std::nullopt;  // That it would have then.
};

struct SignatureStatus {
    std::uint64_t slot = 0;
    Commitment commitment = Commitment::processed;
    std::optional<TransactionFailure> failure;
};

/// A transaction that a cluster has done, whether or not it succeeded.
struct DoneTransaction {
    std::uint64_t slot = 0;
    Bytes transaction;
    std::optional<TransactionFailure> failure;
};

// Decode the result of the method of the same name.
// Errors of all: malformed (CHN-92) another shape than the method's.
[[nodiscard]] Result<ByteArray<32>> read_genesis_hash(const attest::JsonValue& result);
[[nodiscard]] Result<std::uint64_t> read_number(const attest::JsonValue& result);
[[nodiscard]] Result<std::string> read_signature(const attest::JsonValue& result);
[[nodiscard]] Result<LatestBlockhash> read_latest_blockhash(const attest::JsonValue& result);
/// `count`: how many were asked for.
[[nodiscard]] Result<RpcAccounts> read_accounts(const attest::JsonValue& result, std::size_t count);
[[nodiscard]] Result<RpcProgramAccounts> read_program_accounts(const attest::JsonValue& result);
/// Millionths of a lamport for a unit, in recent slots.
[[nodiscard]] Result<std::vector<std::uint64_t>> read_prioritization_fees(
    const attest::JsonValue& result);
[[nodiscard]] Result<Simulation> read_simulation(const attest::JsonValue& result);
/// Absent where the cluster does not know the signature.
[[nodiscard]] Result<std::vector<std::optional<SignatureStatus>>> read_signature_statuses(
    const attest::JsonValue& result, std::size_t count);
[[nodiscard]] Result<std::optional<DoneTransaction>> read_transaction(
    const attest::JsonValue& result);

}  // namespace chatmcp::chain
