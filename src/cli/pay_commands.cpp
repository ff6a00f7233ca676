#include <utility>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "cli/chain_session.h"
#include "cli/command.h"
#include "cli/lookup.h"
#include "cli/views.h"

namespace chatmcp::cli {
namespace {

class PayRequest final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "pay request"; }
    [[nodiscard]] std::string summary() const override {
        return "ask in a conversation to be paid";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "message", "amount", "state"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("AMOUNT", amount_, "CHAT, as a decimal number")->required();
        app.add_option("TEXT", text_, "what for");
    }

    Result<ExitCode> run(const Context& context) override {
        wire::PaymentRequest request;
        CHATMCP_TRY(request.amount, parse_amount(context.output, amount_, program::kChatDecimals));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(request.genesis_hash, chain.rpc().genesis_hash());
        request.program = chain.at().program.bytes;
        request.text = text_;
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(const auto sent, run_to_end(session, client::RequestPayment{chat, request}));
        context.output.line({{"chat", hex(chat)},
                             {"message", hex(sent.message.value_or(wire::MessageId{}))},
                             {"amount", chain::amount_text(request.amount, program::kChatDecimals)},
                             {"state", intent_state_text(sent.state)}},
                            intent_state_text(sent.state));
        return ExitCode::done;
    }

  private:
    std::string chat_;
    std::string amount_;
    std::string text_;
};

class PayResume final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "pay resume"; }
    [[nodiscard]] std::string summary() const override {
        return "payments that were begun: say those that the chain has";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "amount", "recipient", "transaction", "state"};
    }
    void add_options(CLI::App& app) override {
        app.add_flag("--drop", drop_, "forget those that the chain does not know");
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const auto drafts,
                    (look<std::vector<client::PaymentDraft>>(
                        home, [](client::Client& client, Transaction& transaction) {
                            return client.payment_drafts(transaction);
                        })));
        for (const client::PaymentDraft& draft : drafts) {
            CHATMCP_TRY(const std::string state, settle(session, chain, draft));
            const std::string transaction =
                draft.transaction.has_value() ? to_base58(*draft.transaction) : "";
            context.output.line(
                {{"chat", hex(draft.chat)},
                 {"amount", chain::amount_text(draft.terms.amount, program::kChatDecimals)},
                 {"recipient", to_base58(draft.terms.recipient)},
                 {"transaction", transaction},
                 {"state", state}},
                state + "  " + chat_text(draft.terms.amount) + " to " +
                    to_base58(draft.terms.recipient));
        }
        return ExitCode::done;
    }

  private:
    Result<std::string> settle(Session& session,
                               ChainSession& chain,
                               const client::PaymentDraft& draft) const {
        if (!draft.transaction.has_value()) {
            CHATMCP_TRY_VOID(session.run(client::DropPayment{draft.terms.nonce}));
            return "never signed";
        }
        const auto read =
            chain.rpc().transaction(to_base58(*draft.transaction), chain::Commitment::confirmed);
        if (!read.has_value()) {
            return fail(chain.explained(read.error()));
        }
        const std::optional<chain::DoneTransaction>& done = *read;
        if (!done.has_value()) {
            if (drop_) {
                CHATMCP_TRY_VOID(session.run(client::DropPayment{draft.terms.nonce}));
            }
            return drop_ ? "dropped" : "not known to the chain";
        }
        if (done->failure.has_value()) {
            CHATMCP_TRY_VOID(session.run(client::DropPayment{draft.terms.nonce}));
            return "failed";
        }
        CHATMCP_TRY_VOID(run_to_end(session, client::SendPayment{draft.terms.nonce}));
        return "said";
    }

    bool drop_ = false;
};

}  // namespace

void add_pay_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<PayRequest>());
    commands.push_back(std::make_unique<PayResume>());
}

}  // namespace chatmcp::cli
