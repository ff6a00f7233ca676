#include <array>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "base/key_value.h"
#include "chain/program_encoding.h"
#include "chain/program_instruction.h"
#include "chain/rpc_request.h"
#include "cli/chain_session.h"
#include "cli/chain_views.h"
#include "cli/command.h"

namespace chatmcp::cli {
namespace {

class ChainUse final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chain use"; }
    [[nodiscard]] std::string summary() const override {
        return "remember which cluster and program the tokens are on";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"program", "genesis_hash", "endpoints", "is_set_up"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("PROGRAM", settings_.program, "address of the ChatMCP program")->required();
        app.add_option("--endpoint", settings_.endpoints, "JSON-RPC of a Solana node; give several")
            ->type_name("URL")
            ->required();
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(ChainSession chain, ChainSession::connect(context, settings_));
        CHATMCP_TRY(const auto config, chain.account<program::Config>(chain.at().config.address));
        CHATMCP_TRY_VOID(write_cluster_settings(context.options, chain.settings()));
        context.output.line({{"program", settings_.program},
                             {"genesis_hash", chain.settings().genesis_hash},
                             {"endpoints", settings_.endpoints},
                             {"is_set_up", config.has_value()}},
                            "cluster " + chain.settings().genesis_hash +
                                (config.has_value() ? "" : "; the program is not set up there"));
        return ExitCode::done;
    }

  private:
    ClusterSettings settings_;
};

class ChainSetup final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chain setup"; }
    [[nodiscard]] std::string summary() const override {
        return "set a new program up: settings, mint and treasury (by its upgrade authority, once)";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"program", "mint", "treasury", "transactions"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("--guardian", guardian_, "who may pause it; default the wallet")
            ->type_name("ADDRESS");
        wallet_.add_to(app);
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet_.file));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        const chain::ProgramAddresses& at = chain.at();
        Json transactions = Json::array();
        CHATMCP_TRY(const auto config, chain.account<program::Config>(at.config.address));
        if (!config.has_value()) {
            CHATMCP_TRY(const chain::Instruction initialize, initialization(chain, key));
            CHATMCP_TRY(const auto sent,
                        chain.pay("set the program up", {initialize}, key, wallet_.yes));
            transactions.push_back(sent.signature);
        }
        CHATMCP_TRY(const auto mint, chain.raw_account(at.mint.address));
        if (!mint.has_value()) {
            CHATMCP_TRY(const auto sent,
                        chain.pay("make all CHAT there will ever be, for the treasury",
                                  {chain::create_mint(at, wallet_address(key))},
                                  key,
                                  wallet_.yes));
            transactions.push_back(sent.signature);
        }
        context.output.line(
            {{"program", at.program.text()},
             {"mint", at.mint.address.text()},
             {"treasury", at.treasury_vault.address.text()},
             {"transactions", transactions}},
            transactions.empty() ? "it is set up already" : "mint " + at.mint.address.text());
        return ExitCode::done;
    }

  private:
    Result<chain::Instruction> initialization(ChainSession& chain,
                                              const crypto::SigningKey& key) const {
        const chain::Address wallet = wallet_address(key);
        chain::ProgramSetup setup{.payer = wallet,
                                  .upgrade_authority = wallet,
                                  .guardian = wallet,
                                  .genesis_hash = {},
                                  .params = program::kParamsAtFirst};
        if (!guardian_.empty()) {
            CHATMCP_TRY(setup.guardian, parse_address(chain.output(), guardian_));
        }
        CHATMCP_TRY(setup.genesis_hash, chain.rpc().genesis_hash());
        return chain::initialize_program(chain.at(), setup);
    }

    std::string guardian_;
    WalletOptions wallet_;
};

class ChainStatus final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chain status"; }
    [[nodiscard]] std::string summary() const override {
        return "the cluster, the program and what governance has set";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"genesis_hash",
                "slot",
                "program",
                "mint",
                "supply",
                "treasury",
                "escrow",
                "staked",
                "guardian",
                "paused_until_slot",
                "proposals",
                "params"};
    }
    void add_options(CLI::App&) override {}

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const program::Config config, chain.config());
        CHATMCP_TRY(const std::uint64_t slot, chain.rpc().slot(chain::Commitment::confirmed));
        CHATMCP_TRY(const auto vaults, read_vaults(chain));
        const auto chat = [](std::uint64_t units) {
            return chain::amount_text(units, program::kChatDecimals);
        };
        Json params = Json::object();
        const auto values = param_values(config.params);
        std::string text = "cluster  " + chain.settings().genesis_hash + ", slot " +
                           std::to_string(slot) + "\nprogram  " + chain.at().program.text() +
                           "\nsupply   " + chat_text(vaults.supply) + ", of it treasury " +
                           chat(vaults.treasury) + ", stakes " + chat(config.staked_total) +
                           ", open stamps " + chat(vaults.escrow);
        for (std::size_t i = 0; i < values.size(); ++i) {
            params[kParamNames[i]] = values[i];
            text.append("\n  ")
                .append(kParamNames[i])
                .append(" ")
                .append(std::to_string(values[i]));
        }
        if (config.paused_until_slot > slot) {
            text += "\nPAUSED until slot " + std::to_string(config.paused_until_slot);
        }
        context.output.line({{"genesis_hash", chain.settings().genesis_hash},
                             {"slot", slot},
                             {"program", chain.at().program.text()},
                             {"mint", chain.at().mint.address.text()},
                             {"supply", chat(vaults.supply)},
                             {"treasury", chat(vaults.treasury)},
                             {"escrow", chat(vaults.escrow)},
                             {"staked", chat(config.staked_total)},
                             {"guardian", chain::address_of(config.guardian).text()},
                             {"paused_until_slot", config.paused_until_slot},
                             {"proposals", config.proposals_count},
                             {"params", params}},
                            text);
        return ExitCode::done;
    }

  private:
    struct Vaults {
        std::uint64_t supply = 0;
        std::uint64_t treasury = 0;
        std::uint64_t escrow = 0;
    };
    static Result<std::uint64_t> amount_in(const std::optional<chain::RpcAccount>& vault) {
        if (!vault.has_value()) {
            return std::uint64_t{0};
        }
        CHATMCP_TRY(const chain::TokenAccount tokens,
                    chain::decode_token_account(vault->owner, vault->data));
        return tokens.amount;
    }
    static Result<Vaults> read_vaults(ChainSession& chain) {
        const chain::ProgramAddresses& at = chain.at();
        const auto read = chain.rpc().accounts(
            {at.mint.address, at.treasury_vault.address, at.escrow_vault.address}, {});
        if (!read.has_value()) {
            return fail(chain.explained(read.error()));
        }
        Vaults out;
        const std::optional<chain::RpcAccount>& mint = read->accounts[0];
        if (mint.has_value()) {  // Else initialised, and no mint yet.
            CHATMCP_TRY(const chain::Mint chat, chain::decode_mint(mint->owner, mint->data));
            out.supply = chat.supply;
        }
        CHATMCP_TRY(out.treasury, amount_in(read->accounts[1]));
        CHATMCP_TRY(out.escrow, amount_in(read->accounts[2]));
        return out;
    }
};

class ChainAirdrop final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chain airdrop"; }
    [[nodiscard]] std::string summary() const override {
        return "get SOL of a development chain, which is worth nothing";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"address", "sol", "transaction"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("ADDRESS", address_, "the wallet that gets it")->required();
        app.add_option("AMOUNT", amount_, "SOL, as a decimal number")->required();
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const chain::Address to, parse_address(context.output, address_));
        CHATMCP_TRY(const std::uint64_t lamports,
                    parse_amount(context.output, amount_, chain::kSolDecimals));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        const auto result = chain.rpc().call(chain::request_airdrop(to, lamports));
        if (!result.has_value()) {
            return fail(chain.explained(result.error()));
        }
        CHATMCP_TRY(const std::string signature, chain::read_signature(*result));
        context.output.line({{"address", to.text()},
                             {"sol", chain::amount_text(lamports, chain::kSolDecimals)},
                             {"transaction", signature}},
                            sol_text(lamports) + " to " + to.text());
        return ExitCode::done;
    }

  private:
    std::string address_;
    std::string amount_;
};

class ChainMeasurements final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chain measurements"; }
    [[nodiscard]] std::string summary() const override {
        return "measurements of enclaves that governance let in";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {
            "account", "kind", "digest", "label", "status", "reason", "not_before", "not_after"};
    }
    void add_options(CLI::App&) override {}

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const auto entries, all_of_kind<program::Measurement>(chain));
        for (const auto& [address, entry] : entries) {
            const std::string digest =
                to_hex(ByteView(entry.digest.bytes).first(entry.digest_bytes));
            const std::string shown = label_text(entry.label);
            context.output.line({{"account", address.text()},
                                 {"kind", kind_name(entry.kind)},
                                 {"digest", digest},
                                 {"label", shown},
                                 {"status", status_name(entry.status)},
                                 {"reason", reason_name(entry.reason)},
                                 {"not_before", entry.not_before_unix_s},
                                 {"not_after", entry.not_after_unix_s}},
                                std::string(status_name(entry.status))
                                    .append("  ")
                                    .append(kind_name(entry.kind))
                                    .append("  ")
                                    .append(digest)
                                    .append("  ")
                                    .append(shown));
        }
        return ExitCode::done;
    }
};

class ChainRegistry final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chain registry"; }
    [[nodiscard]] std::string summary() const override {
        return "enclaves that verifiers registered: an entry can only take trust away";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"enclave_key",
                "measurement",
                "status",
                "reason",
                "evidence_digest",
                "verifier_set_version",
                "verdict_slot",
                "expires_slot",
                "receipts"};
    }
    void add_options(CLI::App&) override {}

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const auto entries, all_of_kind<program::Enclave>(chain));
        for (const auto& each : entries) {
            const program::Enclave& entry = each.second;
            const std::string key = to_hex(entry.enclave_key.bytes);
            context.output.line({{"enclave_key", key},
                                 {"measurement", chain::address_of(entry.measurement).text()},
                                 {"status", status_name(entry.status)},
                                 {"reason", reason_name(entry.reason)},
                                 {"evidence_digest", to_hex(entry.evidence_digest.bytes)},
                                 {"verifier_set_version", entry.verifier_set_version},
                                 {"verdict_slot", entry.verdict_slot},
                                 {"expires_slot", entry.expires_slot},
                                 {"receipts", entry.receipts_count}},
                                std::string(status_name(entry.status)) + "  " + key +
                                    "  until slot " + std::to_string(entry.expires_slot));
        }
        return ExitCode::done;
    }
};

}  // namespace

void add_chain_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<ChainUse>());
    commands.push_back(std::make_unique<ChainStatus>());
    commands.push_back(std::make_unique<ChainRegistry>());
    commands.push_back(std::make_unique<ChainMeasurements>());
    commands.push_back(std::make_unique<ChainSetup>());
    commands.push_back(std::make_unique<ChainAirdrop>());
}

}  // namespace chatmcp::cli
