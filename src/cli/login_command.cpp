#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/files.h"
#include "cli/lookup.h"
#include "identity/wallet_file.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kWalletFileMaxBytes = 4096;

/// Signs the login text with the wallet's key: the one moment at which this program holds it.
class Login final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "login"; }
    [[nodiscard]] std::string summary() const override {
        return "make this home's device and register it; repeated: renew what is due";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"account", "address", "device", "inbox", "key_packages", "relay"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("--wallet", wallet_, "wallet file that signs once")
            ->required()
            ->type_name("FILE");
        app.add_option("--domain", domain_, "domain in the text that the wallet signs")
            ->type_name("NAME");
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Bytes content, read_file(wallet_, kWalletFileMaxBytes));
        auto wallet = identity::read_wallet_file(content);
        wipe(content);
        if (!wallet.has_value()) {
            return fail(wallet.error());
        }
        CHATMCP_TRY(Home home, Home::open(context.options, true));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        const auto account = identity::Caip10::from_solana_key(wallet->public_key());
        std::optional<std::string> text;
        const auto on_notice = [&](const client::Notice& notice) {
            if (const auto* wanted = std::get_if<client::WalletSignatureWanted>(&notice)) {
                text = wanted->text;
            }
            return text.has_value();
        };
        CHATMCP_TRY(auto decided, session.run(client::StartLogin{account, domain_}, on_notice));
        if (text.has_value()) {
            context.output.note("the wallet signs:\n\n" + *text + "\n");
            CHATMCP_TRY(const auto signature, identity::sign_wallet_text(*wallet, *text));
            CHATMCP_TRY(decided, session.run(client::WalletSigned{signature}));
        }
        if (decided.has_value() && decided->state == client::IntentState::refused) {
            return refused_as(decided->reason.value_or(client::Reason{}));
        }
        CHATMCP_TRY_VOID(home.remember_relay());
        return show(context, home);
    }

  private:
    static Result<ExitCode> show(const Context& context, Home& home) {
        CHATMCP_TRY(const auto view,
                    (look<std::optional<client::AccountView>>(
                        home, [](client::Client& client, Transaction& transaction) {
                            return client.account(transaction);
                        })));
        CHATMCP_CHECK(view.has_value());
        context.output.line({{"account", view->account.text()},
                             {"address", view->account.address()},
                             {"device", hex(view->root_key)},
                             {"inbox", hex(view->inbox)},
                             {"key_packages", view->key_packages},
                             {"relay", hex(view->relay_key)}},
                            "signed in as " + std::string(view->account.address()));
        return ExitCode::done;
    }

    std::string wallet_;
    std::string domain_ = "terminal.chatmcp";
};

}  // namespace

void add_login_command(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<Login>());
}

}  // namespace chatmcp::cli
