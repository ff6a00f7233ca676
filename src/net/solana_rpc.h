#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chain/address.h"
#include "chain/rpc_reply.h"
#include "chain/rpc_request.h"
#include "net/client_connection.h"
#include "net/tls.h"

namespace chatmcp::net {

/// One node of a cluster: its server, and the path of its JSON-RPC there.
struct SolanaEndpoint {
    ServerUrl server;
    std::string path = "/";
};

/// Errors: those of parse_server_url (NET-60, NET-61); invalid_argument (NET-60) a character in the
///         path that a URL does not have.
[[nodiscard]] Result<SolanaEndpoint> parse_solana_endpoint(std::string_view url);

struct SolanaRpcOptions {
    /// URLs. Each read is asked of all, and what they say has to be the same.
    std::vector<std::string> endpoints;
    std::string ca_file;                        // PEM; empty: the system's.
    std::chrono::milliseconds timeout{30'000};  // Of one call.
    std::size_t reply_max_bytes = std::size_t{64} << 20;
};

/// Reads a cluster through its JSON-RPC. Nothing here is signed; SolanaSender writes.
///
/// Trust:  what every endpoint says the same. One alone is believed; who wants more names several.
/// Errors of all reads: those of http_post_json (NET-44, NET-62..66, NET-74, NET-75) and of
///         decode_rpc_reply (CHN-90..92) where more than half of the endpoints failed, the last
///         one's; unavailable (NET-76) a node refused the call, see `refusal`; equivocation
///         (NET-77) endpoints say different things, also when asked again.
/// Threads: for one at a time. Calls block.
class SolanaRpc {
  public:
    /// Errors: invalid_argument (NET-78) no endpoint; those of parse_solana_endpoint and
    ///         make_client_tls_of.
    [[nodiscard]] static Result<SolanaRpc> open(const SolanaRpcOptions& options);

    /// The cluster's name.
    [[nodiscard]] Result<ByteArray<32>> genesis_hash();
    [[nodiscard]] Result<std::uint64_t> slot(chain::Commitment commitment);
    /// Any number of accounts; above kRpcAccountsMax at more than one slot, of which the first is
    /// given.
    [[nodiscard]] Result<chain::RpcAccounts> accounts(const std::vector<chain::Address>& addresses,
                                                      const chain::ReadOptions& options);
    [[nodiscard]] Result<chain::RpcProgramAccounts> program_accounts(
        const chain::Address& program,
        const std::vector<chain::AccountFilter>& filters,
        const chain::ReadOptions& options);
    /// Those accounts that every endpoint that answers has, with the same data, at the lowest slot
    /// of theirs: where accounts come and go, two endpoints hardly ever have the same list.
    [[nodiscard]] Result<chain::RpcProgramAccounts> common_program_accounts(
        const chain::Address& program,
        const std::vector<chain::AccountFilter>& filters,
        const chain::ReadOptions& options);
    [[nodiscard]] Result<std::optional<chain::DoneTransaction>> transaction(
        const std::string& signature, chain::Commitment commitment);
    /// The lowest that any endpoint says: a blockhash has expired when all say so.
    [[nodiscard]] Result<std::uint64_t> block_height(chain::Commitment commitment);
    /// What each endpoint that answers knows of it.
    [[nodiscard]] Result<std::vector<std::optional<chain::SignatureStatus>>> signature_statuses(
        const std::string& signature);

    /// One call of the first endpoint, for what cannot be compared.
    [[nodiscard]] Result<attest::JsonValue> call(const chain::RpcRequest& request);
    /// Of the last call that failed with NET-76: the node's own words.
    [[nodiscard]] const std::optional<chain::RpcFailure>& refusal() const { return refusal_; }
    [[nodiscard]] std::size_t endpoints() const { return endpoints_.size(); }

  private:
    SolanaRpc(SolanaRpcOptions options, std::vector<SolanaEndpoint> endpoints, TlsContext tls);
    [[nodiscard]] Result<attest::JsonValue> call_at(const SolanaEndpoint& endpoint,
                                                    const chain::RpcRequest& request);
    template <class Read>
    [[nodiscard]] auto read_all(const chain::RpcRequest& request, Read&& read);
    template <class Read, class Same>
    [[nodiscard]] auto read_agreed(const chain::RpcRequest& request, Read&& read, Same&& same);

    SolanaRpcOptions options_;
    std::vector<SolanaEndpoint> endpoints_;
    TlsContext tls_;
    std::uint64_t next_id_ = 1;
    std::optional<chain::RpcFailure> refusal_;
};

}  // namespace chatmcp::net
