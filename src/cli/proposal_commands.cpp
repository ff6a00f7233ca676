#include <algorithm>
#include <charconv>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "chain/program_encoding.h"
#include "chain/program_governance.h"
#include "cli/chain_session.h"
#include "cli/chain_views.h"
#include "cli/command.h"
#include "crypto/hash.h"

namespace chatmcp::cli {
namespace {

template <class T>
Bytes payload_of(const T& value) {
    return to_bytes(chain::bytes_of(value));
}

/// What is proposed, and what people are asked before it is signed.
struct Proposed {
    program::Action action{};
    Bytes payload;
    std::string what;
};

/// A command that makes a proposal.
class ProposeCommand : public Command {
  public:
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"number", "transaction", "slot"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("--why", why_, "the text that argues for it; the chain gets its SHA-256")
            ->type_name("TEXT")
            ->required();
        wallet_.add_to(app);
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet_.file));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const program::Config config, chain.config());
        CHATMCP_TRY(Proposed wanted, make(chain, config));
        CHATMCP_TRY(chain::Instruction instruction,
                    chain::propose(chain.at(),
                                   {.proposer = wallet_address(key),
                                    .number = config.proposals_count,
                                    .description = crypto::sha256(as_bytes(why_)),
                                    .action = wanted.action,
                                    .payload = std::move(wanted.payload)}));
        CHATMCP_TRY(const auto sent,
                    chain.pay("propose to " + wanted.what + "\nYour stake is held until it ended.",
                              {std::move(instruction)},
                              key,
                              wallet_.yes));
        context.output.line(
            {{"number", config.proposals_count},
             {"transaction", sent.signature},
             {"slot", sent.slot}},
            "proposal " + std::to_string(config.proposals_count) + "  " + sent.signature);
        return ExitCode::done;
    }

  protected:
    [[nodiscard]] virtual Result<Proposed> make(ChainSession& chain,
                                                const program::Config& config) = 0;

  private:
    std::string why_;
    WalletOptions wallet_;
};

class ProposeParams final : public ProposeCommand {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance propose params"; }
    [[nodiscard]] std::string summary() const override {
        return "propose to change parameters; the others stay as they are";
    }
    void add_options(CLI::App& app) override {
        app.add_option("NAME=VALUE", changes_, "as `chain status` names them")->required();
        ProposeCommand::add_options(app);
    }

  protected:
    Result<Proposed> make(ChainSession& chain, const program::Config& config) override {
        auto values = param_values(config.params);
        std::string what = "change";
        for (const std::string& change : changes_) {
            const auto equals = change.find('=');
            const std::string name = change.substr(0, equals);
            const auto place = std::ranges::find(kParamNames, name);
            const std::string number = equals == std::string::npos ? "" : change.substr(equals + 1);
            std::uint64_t value = 0;
            const auto [end, problem] =
                std::from_chars(number.data(), number.data() + number.size(), value);
            if (place == kParamNames.end() || number.empty() || problem != std::errc{} ||
                end != number.data() + number.size()) {
                chain.output().explain(change +
                                       " is no NAME=VALUE of a parameter; see `chatmcp "
                                       "chain status`");
                return fail(Errc::invalid_argument, "CLI-43");
            }
            values[static_cast<std::size_t>(place - kParamNames.begin())] = value;
            what.append(" ").append(change);
        }
        const auto params = std::bit_cast<program::Params>(values);
        return Proposed{program::Action::set_params, payload_of(params), what};
    }

  private:
    std::vector<std::string> changes_;
};

class ProposeMeasurement final : public ProposeCommand {
  public:
    [[nodiscard]] std::string name() const override {
        return "chain governance propose measurement";
    }
    [[nodiscard]] std::string summary() const override {
        return "propose to let a measurement of enclaves in";
    }
    void add_options(CLI::App& app) override {
        app.add_option("KIND", kind_, "simulated, sgx, tdx, sev-snp, nitro or cca")
            ->required()
            ->check(CLI::IsMember({"simulated", "sgx", "tdx", "sev-snp", "nitro", "cca"}));
        app.add_option("DIGEST", digest_, "in hexadecimal digits")->required();
        app.add_option("LABEL", label_, "what people call it")->required();
        app.add_option("--until", until_, "Unix seconds; without it for ever")
            ->type_name("SECONDS");
        ProposeCommand::add_options(app);
    }

  protected:
    Result<Proposed> make(ChainSession& chain, const program::Config&) override {
        const auto digest = from_hex(digest_);
        program::AddMeasurement wanted{};
        const bool fits = digest.has_value() && !digest->empty() &&
                          digest->size() <= sizeof wanted.digest.bytes &&
                          label_.size() <= sizeof wanted.label.bytes;
        if (!fits) {
            chain.output().explain(
                "a digest has 1 to 64 bytes in hexadecimal digits, a label at "
                "most " +
                std::to_string(sizeof wanted.label.bytes) + " bytes");
            return fail(Errc::invalid_argument, "CLI-44");
        }
        for (const auto kind : {program::EvidenceKind::simulated,
                                program::EvidenceKind::sgx,
                                program::EvidenceKind::tdx,
                                program::EvidenceKind::sev_snp,
                                program::EvidenceKind::nitro,
                                program::EvidenceKind::cca}) {
            if (kind_ == kind_name(kind)) {
                wanted.kind = kind;
            }
        }
        wanted.digest_bytes = static_cast<std::uint8_t>(digest->size());
        std::ranges::copy(*digest, wanted.digest.bytes);
        std::ranges::copy(label_, wanted.label.bytes);
        wanted.not_after_unix_s = until_;
        return Proposed{program::Action::add_measurement,
                        payload_of(wanted),
                        "let in " + kind_ + " " + digest_ + " " + label_};
    }

  private:
    std::string kind_;
    std::string digest_;
    std::string label_;
    std::uint64_t until_ = ~std::uint64_t{0};
};

class ProposeRevocation final : public ProposeCommand {
  public:
    [[nodiscard]] std::string name() const override {
        return "chain governance propose revocation";
    }
    [[nodiscard]] std::string summary() const override {
        return "propose to revoke a measurement or an enclave, at once when most said yes";
    }
    void add_options(CLI::App& app) override {
        app.add_option("ACCOUNT", account_, "a measurement's (`chain measurements`) or an entry's")
            ->required();
        app.add_option("REASON",
                       reason_,
                       "unspecified, key_compromise, vulnerable_code, vulnerable_platform or "
                       "superseded")
            ->required()
            ->check(CLI::IsMember({"unspecified",
                                   "key_compromise",
                                   "vulnerable_code",
                                   "vulnerable_platform",
                                   "superseded"}));
        ProposeCommand::add_options(app);
    }

  protected:
    Result<Proposed> make(ChainSession& chain, const program::Config&) override {
        CHATMCP_TRY(const chain::Address address, parse_address(chain.output(), account_));
        CHATMCP_TRY(const auto found, chain.raw_account(address));
        const auto decoded =
            found.has_value()
                ? chain::decode_program_account(chain.at().program, found->owner, found->data)
                : Result<chain::ProgramAccount>(fail(Errc::not_found, "CLI-45"));
        const bool is_measurement =
            decoded.has_value() && std::holds_alternative<program::Measurement>(*decoded);
        const bool is_enclave =
            decoded.has_value() && std::holds_alternative<program::Enclave>(*decoded);
        if (!is_measurement && !is_enclave) {
            chain.output().explain(account_ + " is no measurement and no enclave's entry");
            return fail(Errc::not_found, "CLI-45");
        }
        program::Revoke wanted{};
        wanted.account = chain::program_key(address);
        for (const auto reason : {program::RevocationReason::unspecified,
                                  program::RevocationReason::key_compromise,
                                  program::RevocationReason::vulnerable_code,
                                  program::RevocationReason::vulnerable_platform,
                                  program::RevocationReason::superseded}) {
            if (reason_ == reason_name(reason)) {
                wanted.reason = reason;
            }
        }
        return Proposed{
            is_enclave ? program::Action::revoke_enclave : program::Action::revoke_measurement,
            payload_of(wanted),
            "revoke " + account_ + ": " + reason_};
    }

  private:
    std::string account_;
    std::string reason_;
};

class ProposeVerifiers final : public ProposeCommand {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance propose verifiers"; }
    [[nodiscard]] std::string summary() const override {
        return "propose whose signatures make a verdict on an enclave";
    }
    void add_options(CLI::App& app) override {
        app.add_option("THRESHOLD", threshold_, "how many of them have to sign")->required();
        app.add_option("KEY", keys_, "addresses of their keys")->required();
        ProposeCommand::add_options(app);
    }

  protected:
    Result<Proposed> make(ChainSession& chain, const program::Config&) override {
        if (keys_.size() > program::kVerifiersMax || threshold_ == 0 || threshold_ > keys_.size()) {
            chain.output().explain("there are at most " + std::to_string(program::kVerifiersMax) +
                                   " verifiers, and the threshold is 1 to their number");
            return fail(Errc::invalid_argument, "CLI-46");
        }
        program::SetVerifiers wanted{};
        wanted.threshold = static_cast<std::uint8_t>(threshold_);
        wanted.count = static_cast<std::uint8_t>(keys_.size());
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            CHATMCP_TRY(const chain::Address key, parse_address(chain.output(), keys_[i]));
            wanted.keys[i] = chain::program_key(key);
        }
        return Proposed{program::Action::set_verifiers,
                        payload_of(wanted),
                        "set " + std::to_string(keys_.size()) + " verifiers, of whom " +
                            std::to_string(threshold_) + " sign"};
    }

  private:
    std::uint64_t threshold_ = 0;
    std::vector<std::string> keys_;
};

class ProposePayment final : public ProposeCommand {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance propose payment"; }
    [[nodiscard]] std::string summary() const override {
        return "propose to pay a wallet from the treasury";
    }
    void add_options(CLI::App& app) override {
        app.add_option("ADDRESS", to_, "the wallet; for CHAT it has a token account by then")
            ->required();
        app.add_option("AMOUNT", amount_, "as a decimal number")->required();
        app.add_flag("--sol", in_sol_, "SOL, not CHAT");
        ProposeCommand::add_options(app);
    }

  protected:
    Result<Proposed> make(ChainSession& chain, const program::Config&) override {
        CHATMCP_TRY(const chain::Address to, parse_address(chain.output(), to_));
        program::Pay wanted{};
        CHATMCP_TRY(
            wanted.amount,
            parse_amount(
                chain.output(), amount_, in_sol_ ? chain::kSolDecimals : program::kChatDecimals));
        wanted.destination = chain::program_key(in_sol_ ? to : chain.at().tokens(to));
        return Proposed{
            in_sol_ ? program::Action::pay_lamports : program::Action::pay_chat,
            payload_of(wanted),
            "pay " + (in_sol_ ? sol_text(wanted.amount) : chat_text(wanted.amount)) + " to " + to_};
    }

  private:
    std::string to_;
    std::string amount_;
    bool in_sol_ = false;
};

/// Whoever may pause, or upgrade.
class ProposeKey final : public ProposeCommand {
  public:
    explicit ProposeKey(bool guardian) : guardian_(guardian) {}
    [[nodiscard]] std::string name() const override {
        return guardian_ ? "chain governance propose guardian"
                         : "chain governance propose authority";
    }
    [[nodiscard]] std::string summary() const override {
        return guardian_ ? "propose who may pause the program"
                         : "propose to give the right to upgrade away";
    }
    void add_options(CLI::App& app) override {
        app.add_option("ADDRESS", address_)->required();
        ProposeCommand::add_options(app);
    }

  protected:
    Result<Proposed> make(ChainSession& chain, const program::Config&) override {
        CHATMCP_TRY(const chain::Address address, parse_address(chain.output(), address_));
        return Proposed{
            guardian_ ? program::Action::set_guardian : program::Action::set_upgrade_authority,
            payload_of(chain::program_key(address)),
            (guardian_ ? "make the guardian " : "make the upgrade authority ") + address_};
    }

  private:
    bool guardian_;
    std::string address_;
};

class ProposeUpgrade final : public ProposeCommand {
  public:
    [[nodiscard]] std::string name() const override { return "chain governance propose upgrade"; }
    [[nodiscard]] std::string summary() const override {
        return "propose to replace the program; the buffer's authority is the config account";
    }
    void add_options(CLI::App& app) override {
        app.add_option("BUFFER", buffer_, "the loader's account with the new program")->required();
        app.add_option("SPILL", spill_, "who gets what is left of its lamports")->required();
        ProposeCommand::add_options(app);
    }

  protected:
    Result<Proposed> make(ChainSession& chain, const program::Config&) override {
        CHATMCP_TRY(const chain::Address buffer, parse_address(chain.output(), buffer_));
        CHATMCP_TRY(const chain::Address spill, parse_address(chain.output(), spill_));
        const program::Upgrade wanted{.buffer = chain::program_key(buffer),
                                      .spill = chain::program_key(spill)};
        return Proposed{program::Action::upgrade,
                        payload_of(wanted),
                        "replace the program by buffer " + buffer_};
    }

  private:
    std::string buffer_;
    std::string spill_;
};

}  // namespace

void add_proposal_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<ProposeParams>());
    commands.push_back(std::make_unique<ProposeMeasurement>());
    commands.push_back(std::make_unique<ProposeRevocation>());
    commands.push_back(std::make_unique<ProposeVerifiers>());
    commands.push_back(std::make_unique<ProposePayment>());
    commands.push_back(std::make_unique<ProposeKey>(true));
    commands.push_back(std::make_unique<ProposeKey>(false));
    commands.push_back(std::make_unique<ProposeUpgrade>());
}

}  // namespace chatmcp::cli
