#include <CLI/CLI.hpp>

#include "chain/program_instruction.h"
#include "chain/token_instruction.h"
#include "chain/well_known.h"
#include "cli/chain_session.h"
#include "cli/command.h"
#include "crypto/ed25519_point.h"

namespace chatmcp::cli {
namespace {

Json sent_json(const net::SentTransaction& sent) {
    return {{"transaction", sent.signature},
            {"slot", sent.slot},
            {"commitment", chain::commitment_name(sent.commitment)}};
}

chain::Instruction tokens_of(const chain::ProgramAddresses& at,
                             const chain::Address& payer,
                             const chain::Address& owner) {
    return chain::create_associated_token(payer, owner, chain::kToken2022Program, at.mint.address);
}

class TokenBalance final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "token balance"; }
    [[nodiscard]] std::string summary() const override {
        return "what a wallet has and has staked";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"address", "chat", "sol", "staked", "unstaking", "available_slot"};
    }
    void add_options(CLI::App& app) override {
        auto* const address = app.add_option("ADDRESS", address_, "a wallet's address");
        app.add_option("--wallet", wallet_, "the address of this wallet file")
            ->type_name("FILE")
            ->excludes(address);
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const chain::Address owner, owner_named(context));
        CHATMCP_TRY(const std::uint64_t chat, chain.chat_balance(owner));
        CHATMCP_TRY(const auto account, chain.raw_account(owner));
        CHATMCP_TRY(const auto stake,
                    chain.account<program::Stake>(chain.at().stake(owner).address));
        const std::uint64_t lamports = account.has_value() ? account->lamports : 0;
        const program::Stake held = stake.value_or(program::Stake{});
        Json json = {{"address", owner.text()},
                     {"chat", chain::amount_text(chat, program::kChatDecimals)},
                     {"sol", chain::amount_text(lamports, chain::kSolDecimals)},
                     {"staked", chain::amount_text(held.amount, program::kChatDecimals)},
                     {"unstaking", chain::amount_text(held.pending, program::kChatDecimals)}};
        std::string text =
            chat_text(chat) + ", " + sol_text(lamports) + ", staked " + chat_text(held.amount);
        if (held.pending != 0) {
            json["available_slot"] = held.available_slot;
            text += ", unstaking " + chat_text(held.pending) + " until slot " +
                    std::to_string(held.available_slot);
        }
        context.output.line(json, text);
        return ExitCode::done;
    }

  private:
    Result<chain::Address> owner_named(const Context& context) const {
        if (!wallet_.empty()) {
            CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet_));
            return wallet_address(key);
        }
        if (address_.empty()) {
            context.output.explain("give an ADDRESS or --wallet FILE");
            return fail(Errc::invalid_argument, "CLI-39");
        }
        return parse_address(context.output, address_);
    }

    std::string address_;
    std::string wallet_;
};

/// A command that signs one transaction about an amount of CHAT.
class TokenCommand : public Command {
  public:
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"amount", "transaction", "slot", "commitment"};
    }
    void add_options(CLI::App& app) override {
        if (takes_amount()) {
            app.add_option("AMOUNT", amount_, "CHAT, as a decimal number")->required();
        }
        wallet_.add_to(app);
    }

    Result<ExitCode> run(const Context& context) override {
        Plan plan;
        if (takes_amount()) {
            CHATMCP_TRY(plan.amount, parse_amount(context.output, amount_, program::kChatDecimals));
        }
        CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet_.file));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY_VOID(make(chain, wallet_address(key), plan));
        CHATMCP_TRY(const net::SentTransaction sent,
                    chain.pay(plan.what, std::move(plan.instructions), key, wallet_.yes));
        Json json = {{"amount", chain::amount_text(plan.amount, program::kChatDecimals)}};
        json.update(plan.more);
        json.update(sent_json(sent));
        context.output.line(json, plan.what + "\n" + sent.signature);
        return ExitCode::done;
    }

  protected:
    struct Plan {
        std::uint64_t amount = 0;
        std::string what;  // For people, before and after.
        std::vector<chain::Instruction> instructions;
        Json more = Json::object();
    };
    [[nodiscard]] virtual bool takes_amount() const { return true; }
    /// What to sign, of an amount that is set where there is one.
    [[nodiscard]] virtual Result<void> make(ChainSession& chain,
                                            const chain::Address& wallet,
                                            Plan& plan) = 0;

  private:
    std::string amount_;
    WalletOptions wallet_;
};

class TokenBuy final : public TokenCommand {
  public:
    [[nodiscard]] std::string name() const override { return "token buy"; }
    [[nodiscard]] std::string summary() const override {
        return "buy CHAT from the treasury at the governed price";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"amount", "price_sol", "transaction", "slot", "commitment"};
    }

  protected:
    Result<void> make(ChainSession& chain, const chain::Address& wallet, Plan& plan) override {
        CHATMCP_TRY(const program::Config config, chain.config());
        if (plan.amount > program::kChatSupply) {
            chain.output().explain("there is less CHAT than that");
            return fail(Errc::too_large, "CHN-44");
        }
        const std::uint64_t price = program::buy_lamports(config.params, plan.amount);
        plan.what = "buy " + chat_text(plan.amount) + " for " + sol_text(price);
        plan.more = {{"price_sol", chain::amount_text(price, chain::kSolDecimals)}};
        plan.instructions = {tokens_of(chain.at(), wallet, wallet),
                             chain::buy_chat(chain.at(), wallet, plan.amount, price)};
        return {};
    }
};

class TokenStake final : public TokenCommand {
  public:
    [[nodiscard]] std::string name() const override { return "token stake"; }
    [[nodiscard]] std::string summary() const override { return "stake CHAT: it gives votes"; }

  protected:
    Result<void> make(ChainSession& chain, const chain::Address& wallet, Plan& plan) override {
        plan.what = "stake " + chat_text(plan.amount);
        plan.instructions = {chain::add_stake(chain.at(), wallet, plan.amount)};
        return {};
    }
};

class TokenUnstake final : public TokenCommand {
  public:
    [[nodiscard]] std::string name() const override { return "token unstake"; }
    [[nodiscard]] std::string summary() const override {
        return "take CHAT out of the stake; it can be withdrawn after a delay";
    }

  protected:
    Result<void> make(ChainSession& chain, const chain::Address& wallet, Plan& plan) override {
        CHATMCP_TRY(const program::Config config, chain.config());
        plan.what = "unstake " + chat_text(plan.amount) + ", to be withdrawn after " +
                    std::to_string(config.params.unstake_delay_slots) + " slots";
        plan.instructions = {chain::request_unstake(chain.at(), wallet, plan.amount)};
        return {};
    }
};

class TokenWithdraw final : public TokenCommand {
  public:
    [[nodiscard]] std::string name() const override { return "token withdraw"; }
    [[nodiscard]] std::string summary() const override {
        return "get what was unstaked, once its delay is over";
    }

  protected:
    [[nodiscard]] bool takes_amount() const override { return false; }
    Result<void> make(ChainSession& chain, const chain::Address& wallet, Plan& plan) override {
        CHATMCP_TRY(const auto stake,
                    chain.account<program::Stake>(chain.at().stake(wallet).address));
        plan.amount = stake.has_value() ? stake->pending : 0;
        plan.what = "withdraw " + chat_text(plan.amount);
        plan.instructions = {tokens_of(chain.at(), wallet, wallet),
                             chain::withdraw_stake(chain.at(), wallet)};
        return {};
    }
};

class TokenSend final : public TokenCommand {
  public:
    [[nodiscard]] std::string name() const override { return "token send"; }
    [[nodiscard]] std::string summary() const override { return "send CHAT to a wallet"; }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"amount", "to", "transaction", "slot", "commitment"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("ADDRESS", to_, "the wallet that gets it")->required();
        TokenCommand::add_options(app);
    }

  protected:
    Result<void> make(ChainSession& chain, const chain::Address& wallet, Plan& plan) override {
        CHATMCP_TRY(const chain::Address to, parse_address(chain.output(), to_));
        if (!crypto::is_ed25519_point(to.bytes)) {
            // The address of a program's account, such as somebody's token account: nobody could
            // take the tokens from there.
            chain.output().explain(to_ + " is the address of no wallet");
            return fail(Errc::invalid_argument, "CLI-40");
        }
        plan.what = "send " + chat_text(plan.amount) + " to " + to.text();
        plan.more = {{"to", to.text()}};
        plan.instructions = {
            tokens_of(chain.at(), wallet, to),
            chain::token_transfer_checked({.token_program = chain::kToken2022Program,
                                           .source = chain.at().tokens(wallet),
                                           .mint = chain.at().mint.address,
                                           .destination = chain.at().tokens(to),
                                           .owner = wallet,
                                           .amount = plan.amount,
                                           .decimals = program::kChatDecimals})};
        return {};
    }

  private:
    std::string to_;
};

}  // namespace

void add_token_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<TokenBalance>());
    commands.push_back(std::make_unique<TokenBuy>());
    commands.push_back(std::make_unique<TokenStake>());
    commands.push_back(std::make_unique<TokenUnstake>());
    commands.push_back(std::make_unique<TokenWithdraw>());
    commands.push_back(std::make_unique<TokenSend>());
}

}  // namespace chatmcp::cli
