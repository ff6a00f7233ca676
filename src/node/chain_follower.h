#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "chain/program_addresses.h"
#include "net/solana_rpc.h"
#include "stamps/stamp_book.h"

namespace chatmcp::node {

struct ChainOptions {
    std::vector<std::string> endpoints;  // None: the node has no chain.
    std::string program;
    std::string ca_file;
};

/// Keeps a stamp book up to date: asks the cluster for what is final, every other second. Finality
/// is what a stranger waits for; what is only confirmed could be undone after the welcome was let
/// in.
class ChainFollower {
  public:
    /// Ends its thread when it is destroyed. `book`, `clock` and `log` outlive it.
    ///
    /// Errors: those of SolanaRpc::open and of Address::parse. A chain that is away is no error.
    [[nodiscard]] static Result<std::unique_ptr<ChainFollower>> start(const ChainOptions& options,
                                                                      stamps::StampBook& book,
                                                                      const Clock& clock,
                                                                      Log& log);
    ~ChainFollower();
    ChainFollower(const ChainFollower&) = delete;
    ChainFollower& operator=(const ChainFollower&) = delete;

    /// One reading of the chain into the book.
    ///
    /// Errors: those of SolanaRpc's reads, of decode_program_account and of StampBook::update;
    ///         wrong_domain (NODE-05) the program was set up on another cluster; not_found
    ///         (NODE-06) it is not there.
    [[nodiscard]] static Result<void> read_once(net::SolanaRpc& rpc,
                                                const chain::ProgramAddresses& at,
                                                stamps::StampBook& book,
                                                const Clock& clock);

  private:
    ChainFollower(net::SolanaRpc rpc,
                  const chain::Address& program,
                  stamps::StampBook& book,
                  const Clock& clock,
                  Log& log);
    void run();
    // What is new about the chain goes into the log once.
    void tell(const Result<void>& outcome);

    net::SolanaRpc rpc_;
    chain::ProgramAddresses at_;
    stamps::StampBook& book_;
    const Clock& clock_;
    Log& log_;
    std::optional<bool> was_seen_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace chatmcp::node
