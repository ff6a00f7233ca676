#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "chain/message.h"
#include "chain/rpc_reply.h"
#include "chain/transaction.h"
#include "crypto/sign.h"
#include "net/solana_rpc.h"

namespace chatmcp::net {

struct SendOptions {
    chain::Commitment wait_for = chain::Commitment::confirmed;
    std::chrono::milliseconds timeout{120'000};
    /// Most that is offered for a unit. Units: millionths of a lamport.
    std::uint64_t priority_price_max = 100'000;
    /// Told the name of each signed transaction before anybody else has it; an error stops it.
    std::function<Result<void>(const std::string& transaction)> before_sending = {};
};

/// A draft that a simulation did, with what it costs; not signed.
struct PreparedTransaction {
    chain::Draft draft;  // With limits and price in it, and a recent blockhash.
    std::uint32_t compute_units = 0;
    std::uint64_t fee_lamports = 0;  // Of signatures and priority.
    /// What the payer has less for it beside the fee, as the node says: rent and prices. Less than
    /// zero is gained. Absent where the node does not tell.
    std::optional<std::int64_t> other_lamports;
    std::size_t size_bytes = 0;
};

struct SentTransaction {
    std::string signature;
    std::uint64_t slot = 0;
    chain::Commitment commitment = chain::Commitment::processed;
};

/// Brings transactions to a cluster: simulated, priced, signed, sent until it is known what became
/// of them, and signed anew when their blockhash expires without them.
///
/// Trust:  the endpoints cannot change what is signed. They can hide what became of it; a
///         transaction is signed anew only when all of them say that the old one can no longer be
///         done and is not known.
/// Threads: for one at a time. Calls block.
class SolanaSender {
  public:
    explicit SolanaSender(SolanaRpc& rpc) : rpc_(rpc) {}

    /// Simulate a version 0 draft and set its limits and price. Its instructions keep their places:
    /// those of the compute budget stand behind them.
    ///
    /// Errors: those of reads of SolanaRpc and of Transaction::make; refused_by_policy (NET-79) it
    ///         would fail, see `failure`.
    [[nodiscard]] Result<PreparedTransaction> prepare(const chain::Draft& draft,
                                                      const SendOptions& options = {});

    /// Sign and send. Who called showed the owner of the keys what is signed.
    ///
    /// Errors: those of Transaction::sign; refused_by_policy (NET-80) it failed on the chain, see
    ///         `failure`; deadline_exceeded (NET-81) nobody knows yet what became of it: look for
    ///         `last_signature` before it is sent again.
    [[nodiscard]] Result<SentTransaction> send(const PreparedTransaction& prepared,
                                               const std::vector<const crypto::SigningKey*>& keys,
                                               const SendOptions& options = {});

    [[nodiscard]] const std::optional<chain::TransactionFailure>& failure() const {
        return failure_;
    }
    [[nodiscard]] const std::string& last_signature() const { return last_signature_; }

  private:
    struct Signed {
        std::string id;
        Bytes bytes;
        std::uint64_t last_valid_block_height = 0;
    };
    [[nodiscard]] Result<std::uint64_t> priority_price(const chain::Draft& draft,
                                                       const SendOptions& options);
    [[nodiscard]] Result<std::uint64_t> lamports_of(const chain::Address& owner);
    [[nodiscard]] Result<Signed> sign(const PreparedTransaction& prepared,
                                      const std::vector<const crypto::SigningKey*>& keys);
    [[nodiscard]] Result<std::optional<SentTransaction>> follow(const Signed& transaction,
                                                                const SendOptions& options,
                                                                Deadline deadline);
    [[nodiscard]] Result<std::optional<SentTransaction>> look(const Signed& transaction,
                                                              const SendOptions& options);
    [[nodiscard]] Result<bool> is_lost(const Signed& transaction);

    SolanaRpc& rpc_;
    std::optional<chain::TransactionFailure> failure_;
    std::string last_signature_;
};

}  // namespace chatmcp::net
