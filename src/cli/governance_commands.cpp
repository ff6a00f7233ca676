#include <algorithm>
#include <cstring>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "chain/program_encoding.h"
#include "chain/program_governance.h"
#include "chain/program_instruction.h"
#include "cli/chain_session.h"
#include "cli/chain_views.h"
#include "cli/command.h"

namespace chatmcp::cli {
namespace {

bool is_revocation(program::Action action) {
    return action == program::Action::revoke_measurement ||
           action == program::Action::revoke_enclave;
}

bool has_majority(const program::Proposal& proposal) {
    return proposal.yes > proposal.no && proposal.yes + proposal.no >= proposal.quorum;
}

// As program/src/proposal.cpp decides it.
std::string state_of(const program::Proposal& proposal, std::uint64_t slot) {
    if (proposal.status == program::ProposalStatus::executed) {
        return "executed";
    }
    if (proposal.status == program::ProposalStatus::cancelled) {
        return "cancelled";
    }
    if (slot >= proposal.lapses_slot) {
        return "lapsed";
    }
    if (is_revocation(proposal.action) && proposal.yes > proposal.staked_total / 2) {
        return "executable";
    }
    if (slot < proposal.voting_ends_slot) {
        return "voting";
    }
    if (!has_majority(proposal)) {
        return "rejected";
    }
    return slot < proposal.executable_slot ? "waiting" : "executable";
}

template <class T>
T read_payload(const Bytes& payload) {
    T out{};
    std::memcpy(&out, payload.data(), sizeof out);  // Its size was checked as it was decoded.
    return out;
}

std::string changed_params(const program::Params& wanted, const program::Params& now) {
    const auto after = param_values(wanted);
    const auto before = param_values(now);
    std::string text;
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (after[i] != before[i]) {
            text.append(text.empty() ? "" : ", ").append(kParamNames[i]);
            text.append(" ").append(std::to_string(before[i]));
            text.append(" to ").append(std::to_string(after[i]));
        }
    }
    return text.empty() ? "change no parameter" : "change " + text;
}

std::string verifiers_text(const program::SetVerifiers& wanted) {
    std::string text = "verifiers, " + std::to_string(wanted.threshold) + " of:";
    for (std::size_t i = 0; i < std::min<std::size_t>(wanted.count, program::kVerifiersMax); ++i) {
        text += " " + chain::address_of(wanted.keys[i]).text();
    }
    return text;
}

/// What executing it does.
std::string action_text(const chain::ProposalAccount& proposal, const program::Params& now) {
    const Bytes& payload = proposal.payload;
    switch (proposal.head.action) {
        case program::Action::set_params:
            return changed_params(read_payload<program::Params>(payload), now);
        case program::Action::add_measurement: {
            const auto wanted = read_payload<program::AddMeasurement>(payload);
            return std::string("let in ") + kind_name(wanted.kind) + " " +
                   to_hex(ByteView(wanted.digest.bytes).first(wanted.digest_bytes)) + " " +
                   label_text(wanted.label);
        }
        case program::Action::revoke_measurement:
        case program::Action::revoke_enclave: {
            const auto wanted = read_payload<program::Revoke>(payload);
            return std::string("revoke ") +
                   (proposal.head.action == program::Action::revoke_enclave ? "enclave "
                                                                            : "measurement ") +
                   chain::address_of(wanted.account).text() + ": " + reason_name(wanted.reason);
        }
        case program::Action::set_verifiers:
            return verifiers_text(read_payload<program::SetVerifiers>(payload));
        case program::Action::pay_chat: {
            const auto wanted = read_payload<program::Pay>(payload);
            return "pay " + chat_text(wanted.amount) + " of the treasury to the token account " +
                   chain::address_of(wanted.destination).text();
        }
        case program::Action::pay_lamports: {
            const auto wanted = read_payload<program::Pay>(payload);
            return "pay " + sol_text(wanted.amount) + " of the treasury to " +
                   chain::address_of(wanted.destination).text();
        }
        case program::Action::set_guardian:
            return "guardian " + chain::address_of(read_payload<program::Key>(payload)).text();
        case program::Action::upgrade:
            return "replace the program by buffer " +
                   chain::address_of(read_payload<program::Upgrade>(payload).buffer).text();
        case program::Action::set_upgrade_authority:
            return "upgrade authority " +
                   chain::address_of(read_payload<program::Key>(payload)).text();
    }
    return "unknown";
}

class GovernanceList final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance list"; }
    [[nodiscard]] std::string summary() const override {
        return "proposals, what they do and how the votes stand";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"number",
                "does",
                "state",
                "yes",
                "no",
                "quorum",
                "proposer",
                "description",
                "voting_ends_slot",
                "executable_slot",
                "lapses_slot",
                "slot"};
    }
    void add_options(CLI::App&) override {}

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const program::Config config, chain.config());
        CHATMCP_TRY(const std::uint64_t slot, chain.rpc().slot(chain::Commitment::confirmed));
        CHATMCP_TRY(auto proposals, all_of_kind<chain::ProposalAccount>(chain));
        std::ranges::sort(
            proposals, {}, [](const auto& entry) { return entry.second.head.number; });
        for (const auto& entry : proposals) {
            show(context, entry.second, config.params, slot);
        }
        return ExitCode::done;
    }

  private:
    static void show(const Context& context,
                     const chain::ProposalAccount& proposal,
                     const program::Params& now,
                     std::uint64_t slot) {
        const program::Proposal& head = proposal.head;
        const auto chat = [](std::uint64_t units) {
            return chain::amount_text(units, program::kChatDecimals);
        };
        const std::string does = action_text(proposal, now);
        const std::string state = state_of(head, slot);
        context.output.line({{"number", head.number},
                             {"does", does},
                             {"state", state},
                             {"yes", chat(head.yes)},
                             {"no", chat(head.no)},
                             {"quorum", chat(head.quorum)},
                             {"proposer", chain::address_of(head.proposer).text()},
                             {"description", to_hex(ByteView(head.description.bytes))},
                             {"voting_ends_slot", head.voting_ends_slot},
                             {"executable_slot", head.executable_slot},
                             {"lapses_slot", head.lapses_slot},
                             {"slot", slot}},
                            std::to_string(head.number) + "  " + state + "  yes " + chat(head.yes) +
                                ", no " + chat(head.no) + " of " + chat(head.quorum) +
                                " CHAT at least: " + does + "\n   voting until slot " +
                                std::to_string(head.voting_ends_slot) + ", executable from " +
                                std::to_string(head.executable_slot) + " to " +
                                std::to_string(head.lapses_slot) + "; now " + std::to_string(slot));
    }
};

/// A command that signs one transaction about one proposal.
class ProposalCommand : public Command {
  public:
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"number", "transaction", "slot"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("NUMBER", number_, "the proposal's, as `chain governance list` has it")
            ->required();
        wallet_.add_to(app);
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet_.file));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const program::Config config, chain.config());
        const chain::Address address = chain.at().proposal(number_).address;
        CHATMCP_TRY(const auto proposal, chain.account<chain::ProposalAccount>(address));
        if (!proposal.has_value()) {
            context.output.explain("there is no proposal " + std::to_string(number_) +
                                   "; see `chatmcp chain governance list`");
            return fail(Errc::not_found, "CLI-41");
        }
        Plan plan{.chain = chain, .wallet = wallet_address(key), .address = address};
        CHATMCP_TRY_VOID(make(plan, *proposal));
        CHATMCP_TRY(const auto sent,
                    chain.pay(plan.what + " proposal " + std::to_string(number_) + ": " +
                                  action_text(*proposal, config.params),
                              std::move(plan.instructions),
                              key,
                              wallet_.yes));
        context.output.line(
            {{"number", number_}, {"transaction", sent.signature}, {"slot", sent.slot}},
            sent.signature);
        return ExitCode::done;
    }

  protected:
    struct Plan {
        ChainSession& chain;
        chain::Address wallet;
        chain::Address address;  // The proposal's.
        std::string what = {};
        std::vector<chain::Instruction> instructions = {};
    };
    [[nodiscard]] virtual Result<void> make(Plan& plan, const chain::ProposalAccount& proposal) = 0;

  private:
    std::uint64_t number_ = 0;
    WalletOptions wallet_;
};

class GovernanceVote final : public ProposalCommand {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance vote"; }
    [[nodiscard]] std::string summary() const override {
        return "vote with the whole stake, which is held until the proposal has ended";
    }
    void add_options(CLI::App& app) override {
        ProposalCommand::add_options(app);
        app.add_option("CHOICE", choice_, "yes or no")
            ->required()
            ->check(CLI::IsMember({"yes", "no"}));
    }

  protected:
    Result<void> make(Plan& plan, const chain::ProposalAccount&) override {
        CHATMCP_TRY(const auto stake,
                    plan.chain.account<program::Stake>(plan.chain.at().stake(plan.wallet).address));
        plan.what = "vote " + choice_ + " with " +
                    chat_text(stake.has_value() ? stake->amount : 0) + ", held until it ended, on";
        plan.instructions = {
            chain::cast_vote(plan.chain.at(),
                             plan.wallet,
                             plan.address,
                             choice_ == "yes" ? program::Choice::yes : program::Choice::no)};
        return {};
    }

  private:
    std::string choice_;
};

class GovernanceExecute final : public ProposalCommand {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance execute"; }
    [[nodiscard]] std::string summary() const override {
        return "do what a proposal that passed says; anybody may";
    }

  protected:
    Result<void> make(Plan& plan, const chain::ProposalAccount& proposal) override {
        plan.what = "execute";
        CHATMCP_TRY(plan.instructions.emplace_back(),
                    chain::execute_proposal(plan.chain.at(), plan.wallet, proposal));
        return {};
    }
};

class GovernanceCancel final : public ProposalCommand {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance cancel"; }
    [[nodiscard]] std::string summary() const override {
        return "take back a proposal of one's own";
    }

  protected:
    Result<void> make(Plan& plan, const chain::ProposalAccount&) override {
        plan.what = "cancel";
        plan.instructions = {chain::cancel_proposal(plan.chain.at(), plan.wallet, plan.address)};
        return {};
    }
};

class GovernanceRelease final : public ProposalCommand {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance release"; }
    [[nodiscard]] std::string summary() const override {
        return "free the stake that a proposal held, once it has ended; its proposer closes it too";
    }

  protected:
    Result<void> make(Plan& plan, const chain::ProposalAccount& proposal) override {
        plan.what = "get the stake back from";
        const chain::Address vote = plan.chain.at().vote(plan.address, plan.wallet).address;
        CHATMCP_TRY(const auto voted, plan.chain.account<program::Vote>(vote));
        if (voted.has_value()) {
            plan.instructions.push_back(
                chain::release_vote(plan.chain.at(), plan.wallet, plan.address));
        }
        // The last one who gets his vote's stake back leaves an account that can be closed.
        const std::uint64_t left = proposal.head.votes - (voted.has_value() ? 1 : 0);
        if (chain::address_of(proposal.head.proposer) == plan.wallet && left == 0) {
            plan.instructions.push_back(
                chain::close_proposal(plan.chain.at(), plan.wallet, plan.address));
        }
        if (plan.instructions.empty()) {
            plan.chain.output().explain("this wallet neither voted on it nor can close it yet");
            return fail(Errc::not_found, "CLI-42");
        }
        return {};
    }
};

class GovernancePause final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance pause"; }
    [[nodiscard]] std::string summary() const override {
        return "stop for a while what takes money or gives trust (by the guardian)";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"transaction", "slot"};
    }
    void add_options(CLI::App& app) override { wallet_.add_to(app); }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet_.file));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const program::Config config, chain.config());
        CHATMCP_TRY(const auto sent,
                    chain.pay("pause the program for " + std::to_string(config.params.pause_slots) +
                                  " slots",
                              {chain::pause_program(chain.at(), wallet_address(key))},
                              key,
                              wallet_.yes));
        context.output.line({{"transaction", sent.signature}, {"slot", sent.slot}}, sent.signature);
        return ExitCode::done;
    }

  private:
    WalletOptions wallet_;
};

}  // namespace

void add_governance_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<GovernanceList>());
    commands.push_back(std::make_unique<GovernanceVote>());
    commands.push_back(std::make_unique<GovernanceExecute>());
    commands.push_back(std::make_unique<GovernanceCancel>());
    commands.push_back(std::make_unique<GovernanceRelease>());
    commands.push_back(std::make_unique<GovernancePause>());
}

}  // namespace chatmcp::cli
