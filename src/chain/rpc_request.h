#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "chain/address.h"
#include "chain/message.h"

namespace chatmcp::chain {

/// How sure a cluster is of what it says. What is processed or confirmed may still be undone.
enum class Commitment : std::uint8_t { processed, confirmed, finalized };
[[nodiscard]] std::string_view commitment_name(Commitment commitment);

/// A call of a cluster's JSON-RPC: its method, and its parameters as a JSON array.
struct RpcRequest {
    std::string method;
    std::string params = "[]";
};

/// The text of a JSON-RPC 2.0 request. Spec: JSON-RPC 2.0 section 4.
[[nodiscard]] std::string encode_rpc_request(const RpcRequest& request, std::uint64_t id);

/// What `read_accounts` and the like ask for. `min_slot`: a node that has not seen it yet refuses.
struct ReadOptions {
    Commitment commitment = Commitment::confirmed;
    std::uint64_t min_slot = 0;
};

/// Accounts of a program whose data has these bytes at this place.
struct AccountFilter {
    std::uint64_t offset = 0;
    Bytes bytes;
};

inline constexpr std::size_t kRpcAccountsMax = 100;  // In one request.

// Spec of all: Solana's RPC methods of the same names. Bytes go as base64.
[[nodiscard]] RpcRequest get_genesis_hash();
[[nodiscard]] RpcRequest get_slot(Commitment commitment);
[[nodiscard]] RpcRequest get_block_height(Commitment commitment);
[[nodiscard]] RpcRequest get_latest_blockhash(Commitment commitment);
/// Precondition (checked): at most kRpcAccountsMax addresses.
[[nodiscard]] RpcRequest get_multiple_accounts(const std::vector<Address>& addresses,
                                               const ReadOptions& options);
[[nodiscard]] RpcRequest get_program_accounts(const Address& program,
                                              const std::vector<AccountFilter>& filters,
                                              const ReadOptions& options);
[[nodiscard]] RpcRequest get_recent_prioritization_fees(const std::vector<Address>& writable);
/// `check_signatures` false: the transaction may be unsigned, and its blockhash is replaced.
/// `payer`: whose lamports are told.
[[nodiscard]] RpcRequest simulate_transaction(ByteView transaction,
                                              const Address& payer,
                                              Commitment commitment,
                                              bool check_signatures);
/// `preflight`: the node simulates it first at this commitment; absent, it does not.
[[nodiscard]] RpcRequest send_transaction(ByteView transaction,
                                          std::optional<Commitment> preflight);
/// `signatures` in base58. Old ones are looked up too.
[[nodiscard]] RpcRequest get_signature_statuses(const std::vector<std::string>& signatures);
[[nodiscard]] RpcRequest get_transaction(const std::string& signature, Commitment commitment);
/// Of chains for development and tests alone.
[[nodiscard]] RpcRequest request_airdrop(const Address& to, std::uint64_t lamports);

}  // namespace chatmcp::chain
