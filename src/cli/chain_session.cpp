#include "cli/chain_session.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include "base/encoding.h"
#include "chain/program_encoding.h"
#include "chain/transaction_failure.h"
#include "chain/well_known.h"
#include "cli/files.h"
#include "identity/wallet_file.h"

namespace chatmcp::cli {
namespace {

constexpr std::size_t kWalletFileMaxBytes = 4096;
constexpr std::size_t kSettingsMaxBytes = std::size_t{64} * 1024;

std::filesystem::path home_folder(const GlobalOptions& options) {
    return options.home.empty() ? default_home() : std::filesystem::path(options.home);
}

std::filesystem::path settings_file(const GlobalOptions& options) {
    return home_folder(options) / "cluster.json";
}

std::chrono::milliseconds timeout_of(const GlobalOptions& options) {
    constexpr double kMsPerSecond = 1000;
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(options.timeout_seconds * kMsPerSecond));
}

// The owner's answer, from the terminal and from nothing else.
bool says_yes(const std::string& question) {
    struct Close {
        void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
    };
    const std::unique_ptr<std::FILE, Close> terminal(std::fopen("/dev/tty", "r+e"));
    if (terminal == nullptr) {
        return false;
    }
    static_cast<void>(std::fputs(question.c_str(), terminal.get()));
    static_cast<void>(std::fflush(terminal.get()));
    char line[16] = {};
    return std::fgets(line, sizeof line, terminal.get()) != nullptr &&
           (std::string_view(line) == "y\n" || std::string_view(line) == "yes\n");
}

}  // namespace

Result<ClusterSettings> read_cluster_settings(const GlobalOptions& options) {
    const auto file = settings_file(options);
    std::error_code problem;
    if (!std::filesystem::exists(file, problem)) {
        return fail(Errc::not_found, "CLI-34");
    }
    CHATMCP_TRY(const Bytes content, read_file(file, kSettingsMaxBytes));
    const auto json = nlohmann::json::parse(as_text(content), nullptr, false);
    ClusterSettings out;
    const bool is_whole = json.is_object() && json.contains("endpoints") &&
                          json["endpoints"].is_array() && json.contains("program") &&
                          json["program"].is_string() && json.contains("genesis_hash") &&
                          json["genesis_hash"].is_string();
    if (!is_whole) {
        return fail(Errc::storage_corrupt, "CLI-35");
    }
    for (const auto& endpoint : json["endpoints"]) {
        if (!endpoint.is_string()) {
            return fail(Errc::storage_corrupt, "CLI-35");
        }
        out.endpoints.push_back(endpoint.get<std::string>());
    }
    out.program = json["program"].get<std::string>();
    out.genesis_hash = json["genesis_hash"].get<std::string>();
    return out;
}

Result<void> write_cluster_settings(const GlobalOptions& options, const ClusterSettings& settings) {
    const auto folder = home_folder(options);
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem || ::chmod(folder.c_str(), 0700) != 0) {
        return fail(Errc::io, "CLI-02");
    }
    const Json json = {{"endpoints", settings.endpoints},
                       {"program", settings.program},
                       {"genesis_hash", settings.genesis_hash}};
    return write_file(settings_file(options), as_bytes(json.dump(2) + "\n"), 0600);
}

void WalletOptions::add_to(CLI::App& app) {
    app.add_option("--wallet", file, "wallet file that signs and pays")
        ->type_name("FILE")
        ->required();
    app.add_flag("--yes", yes, "sign without asking");
}

std::string chat_text(std::uint64_t units) {
    return chain::amount_text(units, program::kChatDecimals) + " CHAT";
}

std::string sol_text(std::uint64_t lamports) {
    return chain::amount_text(lamports, chain::kSolDecimals) + " SOL";
}

Result<chain::Address> parse_address(const Output& output, const std::string& text) {
    auto address = chain::Address::parse(text);
    if (!address.has_value()) {
        output.explain(text + " is not the base58 address of anything on Solana");
    }
    return address;
}

Result<std::uint64_t> parse_amount(const Output& output,
                                   const std::string& text,
                                   std::uint8_t decimals) {
    auto amount = chain::parse_amount(text, decimals);
    if (!amount.has_value()) {
        output.explain("an amount is a decimal number with at most " + std::to_string(decimals) +
                       " digits behind the point, such as 1.5");
    }
    return amount;
}

Result<crypto::SigningKey> read_wallet(const std::string& file) {
    CHATMCP_TRY(Bytes content, read_file(file, kWalletFileMaxBytes));
    auto key = identity::read_wallet_file(content);
    wipe(content);
    return key;
}

chain::Address wallet_address(const crypto::SigningKey& key) {
    return {key.public_key()};
}

ChainSession::ChainSession(const Context& context,
                           ClusterSettings settings,
                           net::SolanaRpc rpc,
                           const chain::Address& program)
    : output_(&context.output),
      timeout_(timeout_of(context.options)),
      settings_(std::move(settings)),
      rpc_(std::move(rpc)),
      at_(chain::ProgramAddresses::of(program)) {}

Result<ChainSession> ChainSession::connect(const Context& context,
                                           const ClusterSettings& settings) {
    CHATMCP_TRY(const chain::Address program, parse_address(context.output, settings.program));
    auto rpc = net::SolanaRpc::open({.endpoints = settings.endpoints,
                                     .ca_file = context.options.ca,
                                     .timeout = timeout_of(context.options)});
    if (!rpc.has_value()) {
        context.output.explain("an endpoint is https://host/path, or http:// on this machine");
        return fail(rpc.error());
    }
    ChainSession session(context, settings, *std::move(rpc), program);
    const auto genesis_hash = session.rpc_.genesis_hash();
    if (!genesis_hash.has_value()) {
        return fail(session.explained(genesis_hash.error()));
    }
    const std::string name = to_base58(*genesis_hash);
    if (!settings.genesis_hash.empty() && name != settings.genesis_hash) {
        context.output.explain("the cluster is " + name + " and was " + settings.genesis_hash +
                               " when `chain use` saw it");
        return fail(Errc::wrong_domain, "CLI-36");
    }
    session.settings_.genesis_hash = name;
    return session;
}

Result<ChainSession> ChainSession::open(const Context& context) {
    const auto settings = read_cluster_settings(context.options);
    if (!settings.has_value()) {
        context.output.explain("run `chatmcp chain use PROGRAM --endpoint URL` first");
        return fail(settings.error());
    }
    return connect(context, *settings);
}

Error ChainSession::explained(const Error& error) const {
    const auto& refusal = rpc_.refusal();
    if (error.check == std::string_view("NET-76") && refusal.has_value()) {
        output_->explain("the node said: " + refusal->message);
    } else if (error.code == Errc::malformed) {
        output_->explain("what answers there is no JSON-RPC of a Solana node");
    } else if (error.code == Errc::equivocation) {
        output_->explain("the endpoints say different things; one of them is wrong or behind");
    } else if (error.code == Errc::unavailable || error.code == Errc::deadline_exceeded) {
        output_->explain("is the Solana node running, and is its URL right?");
    }
    return error;
}

Result<std::optional<chain::RpcAccount>> ChainSession::raw_account(const chain::Address& address,
                                                                   chain::Commitment commitment) {
    auto read = rpc_.accounts({address}, {.commitment = commitment});
    if (!read.has_value()) {
        return fail(explained(read.error()));
    }
    return std::move(read->accounts.front());
}

Result<program::Config> ChainSession::config() {
    CHATMCP_TRY(const std::optional<program::Config> found,
                account<program::Config>(at_.config.address));
    if (!found.has_value()) {
        output_->explain("there is no ChatMCP at " + at_.program.text() + " on this cluster");
        return fail(Errc::not_found, "CLI-37");
    }
    return *found;
}

Result<std::uint64_t> ChainSession::chat_balance(const chain::Address& owner) {
    CHATMCP_TRY(const std::optional<chain::RpcAccount> found, raw_account(at_.tokens(owner)));
    if (!found.has_value()) {
        return std::uint64_t{0};
    }
    CHATMCP_TRY(const chain::TokenAccount tokens,
                chain::decode_token_account(found->owner, found->data));
    return tokens.amount;
}

namespace {

std::string other_text(const net::PreparedTransaction& prepared) {
    const std::int64_t lamports = prepared.other_lamports.value_or(0);
    if (lamports == 0) {
        return "";
    }
    return (lamports > 0 ? "\nrent and prices " : "\ncomes back ") +
           sol_text(static_cast<std::uint64_t>(lamports > 0 ? lamports : -lamports));
}

}  // namespace

Result<net::SentTransaction> ChainSession::pay(const std::string& what,
                                               std::vector<chain::Instruction> instructions,
                                               const crypto::SigningKey& wallet,
                                               bool yes,
                                               const BeforeSending& before_sending) {
    net::SolanaSender sender(rpc_);
    net::SendOptions options;
    options.timeout = timeout_;
    options.before_sending = before_sending;
    const auto explain_failure = [&](const Error& error) {
        const auto& failure = sender.failure();
        if (!failure.has_value()) {
            return explained(error);
        }
        const bool poor =
            failure->name == "AccountNotFound" || failure->name == "InsufficientFundsForFee";
        output_->explain(poor ? "the wallet has too little SOL on this chain to pay the fee"
                              : "the chain refused: " +
                                    chain::transaction_failure_text(*failure, at_.program));
        return error;
    };
    chain::Draft draft;
    draft.fee_payer = wallet_address(wallet);
    draft.instructions = std::move(instructions);
    const auto prepared = sender.prepare(draft, options);
    if (!prepared.has_value()) {
        return fail(explain_failure(prepared.error()));
    }
    const std::string summary = what + "\nwallet  " + wallet_address(wallet).text() + "\ncluster " +
                                settings_.genesis_hash + "\nfee     " +
                                sol_text(prepared->fee_lamports) + other_text(*prepared) + "\n";
    if (!yes && !says_yes(summary + "Sign and send? [y/N] ")) {
        output_->explain("nothing was signed; say y, or give --yes");
        return fail(Errc::cancelled, "CLI-38");
    }
    if (yes) {
        output_->note(summary.substr(0, summary.size() - 1));
    }
    auto sent = sender.send(*prepared, {&wallet}, options);
    if (!sent.has_value()) {
        const Error error = explain_failure(sent.error());
        if (error.check == std::string_view("NET-81")) {
            output_->explain("it is not known what became of transaction " +
                             sender.last_signature() + "; look for it before you send again");
        }
        return fail(error);
    }
    return sent;
}

}  // namespace chatmcp::cli
