#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/files.h"
#include "crypto/random.h"
#include "identity/caip10.h"
#include "identity/wallet_file.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kWalletFileMaxBytes = 4096;

class WalletNew final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "wallet new"; }
    [[nodiscard]] std::string summary() const override {
        return "make a wallet file, for tests and for people without one";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return {"address", "file"}; }
    void add_options(CLI::App& app) override {
        app.add_option("FILE", file_, "never overwritten")->required();
    }

    Result<ExitCode> run(const Context& context) override {
        crypto::SystemRandom random;
        const auto key = crypto::SigningKey::generate(random);
        const SecretBytes content = identity::write_wallet_file(key);
        CHATMCP_TRY_VOID(create_file(file_, content.view(), 0600));
        const std::string address(identity::Caip10::from_solana_key(key.public_key()).address());
        context.output.line({{"address", address}, {"file", file_}}, address);
        return ExitCode::done;
    }

  private:
    std::string file_;
};

class WalletShow final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "wallet show"; }
    [[nodiscard]] std::string summary() const override { return "show a wallet file's address"; }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"address", "account"};
    }
    void add_options(CLI::App& app) override { app.add_option("FILE", file_)->required(); }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Bytes content, read_file(file_, kWalletFileMaxBytes));
        const auto key = identity::read_wallet_file(content);
        wipe(content);
        if (!key.has_value()) {
            return fail(key.error());
        }
        const auto account = identity::Caip10::from_solana_key(key->public_key());
        context.output.line({{"address", account.address()}, {"account", account.text()}},
                            std::string(account.address()));
        return ExitCode::done;
    }

  private:
    std::string file_;
};

}  // namespace

void add_wallet_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<WalletNew>());
    commands.push_back(std::make_unique<WalletShow>());
}

}  // namespace chatmcp::cli
