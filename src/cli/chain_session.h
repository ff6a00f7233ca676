#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "chain/amount.h"
#include "chain/program_account.h"
#include "chain/program_addresses.h"
#include "chain/token_account.h"
#include "cli/command.h"
#include "cli/home.h"
#include "crypto/sign.h"
#include "net/solana_rpc.h"
#include "net/solana_sender.h"

namespace chatmcp::cli {

/// Which cluster and program the commands about tokens are for.
struct ClusterSettings {
    std::vector<std::string> endpoints;
    std::string program;
    std::string genesis_hash;  // The cluster's name; another cluster at the same URL is refused.
};

/// Errors: not_found (CLI-34) `chain use` was not run; storage_corrupt (CLI-35) the file cannot be
///         read.
[[nodiscard]] Result<ClusterSettings> read_cluster_settings(const GlobalOptions& options);
/// Errors: io (CLI-02, CLI-12).
[[nodiscard]] Result<void> write_cluster_settings(const GlobalOptions& options,
                                                  const ClusterSettings& settings);

/// Who signs, and whether the owner is asked before.
struct WalletOptions {
    std::string file;
    bool yes = false;

    void add_to(CLI::App& app);
};

/// Units of CHAT as people write them.
[[nodiscard]] std::string chat_text(std::uint64_t units);
[[nodiscard]] std::string sol_text(std::uint64_t lamports);

/// Errors: those of Address::parse and parse_amount, explained in the output.
[[nodiscard]] Result<chain::Address> parse_address(const Output& output, const std::string& text);
[[nodiscard]] Result<std::uint64_t> parse_amount(const Output& output,
                                                 const std::string& text,
                                                 std::uint8_t decimals);

/// Errors: those of read_file and read_wallet_file.
[[nodiscard]] Result<crypto::SigningKey> read_wallet(const std::string& file);
[[nodiscard]] chain::Address wallet_address(const crypto::SigningKey& key);

/// One cluster and the ChatMCP program there.
class ChainSession {
  public:
    /// Errors: those of read_cluster_settings and SolanaRpc; wrong_domain (CLI-36) the endpoints
    ///         are of another cluster than the one that `chain use` saw.
    [[nodiscard]] static Result<ChainSession> open(const Context& context);
    /// Without having been there before.
    [[nodiscard]] static Result<ChainSession> connect(const Context& context,
                                                      const ClusterSettings& settings);

    [[nodiscard]] net::SolanaRpc& rpc() { return rpc_; }
    [[nodiscard]] const chain::ProgramAddresses& at() const { return at_; }
    [[nodiscard]] const ClusterSettings& settings() const { return settings_; }
    [[nodiscard]] const Output& output() const { return *output_; }

    /// The program's settings. Errors: not_found (CLI-37) the program is not set up there.
    [[nodiscard]] Result<program::Config> config();
    /// An account of the program; absent where there is none.
    template <class State>
    [[nodiscard]] Result<std::optional<State>> account(
        const chain::Address& address,
        chain::Commitment commitment = chain::Commitment::confirmed) {
        CHATMCP_TRY(const std::optional<chain::RpcAccount> found, raw_account(address, commitment));
        if (!found.has_value()) {
            return std::optional<State>{};
        }
        CHATMCP_TRY(
            State state,
            chain::decode_program_account_as<State>(at_.program, found->owner, found->data));
        return std::optional<State>(std::move(state));
    }
    [[nodiscard]] Result<std::optional<chain::RpcAccount>> raw_account(
        const chain::Address& address, chain::Commitment commitment = chain::Commitment::confirmed);
    /// Units of CHAT in a wallet's associated account; zero where there is none.
    [[nodiscard]] Result<std::uint64_t> chat_balance(const chain::Address& owner);

    using BeforeSending = decltype(net::SendOptions::before_sending);
    /// Simulate, show `what` and the fee, ask, sign and send. All instructions are by `wallet`.
    ///
    /// Errors: those of SolanaSender, explained in the output; cancelled (CLI-38) the owner said
    ///         no, or there is no terminal to ask and no --yes.
    [[nodiscard]] Result<net::SentTransaction> pay(const std::string& what,
                                                   std::vector<chain::Instruction> instructions,
                                                   const crypto::SigningKey& wallet,
                                                   bool yes,
                                                   const BeforeSending& before_sending = {});
    /// A node's words for an error of a read, if it is one that has some.
    [[nodiscard]] Error explained(const Error& error) const;

  private:
    ChainSession(const Context& context,
                 ClusterSettings settings,
                 net::SolanaRpc rpc,
                 const chain::Address& program);

    const Output* output_;
    std::chrono::milliseconds timeout_;
    ClusterSettings settings_;
    net::SolanaRpc rpc_;
    chain::ProgramAddresses at_;
};

}  // namespace chatmcp::cli
