#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/exit_code.h"
#include "cli/home.h"
#include "cli/output.h"

namespace CLI {
class App;
}

namespace chatmcp::cli {

/// What a command runs with.
struct Context {
    const GlobalOptions& options;
    const Output& output;
};

/// One command of docs/cli.md: its words, its options, the fields of its JSON lines, and what it
/// does.
class Command {
  public:
    virtual ~Command() = default;
    /// "chat new": the group and the verb, or one word.
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual std::string summary() const = 0;
    /// All fields that a JSON line of this command may have.
    [[nodiscard]] virtual std::vector<std::string> fields() const = 0;
    /// Adds arguments and options.
    virtual void add_options(CLI::App& app) = 0;
    [[nodiscard]] virtual Result<ExitCode> run(const Context& context) = 0;

  protected:
    Command() = default;
    Command(const Command&) = default;
    Command& operator=(const Command&) = default;
};

/// Every command, in the order of docs/cli.md.
[[nodiscard]] std::vector<std::unique_ptr<Command>> all_commands();

// One function per file of commands.
void add_wallet_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_login_command(std::vector<std::unique_ptr<Command>>& commands);
void add_chat_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_message_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_request_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_assistant_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_ask_command(std::vector<std::unique_ptr<Command>>& commands);
void add_policy_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_attest_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_attest_fetch_command(std::vector<std::unique_ptr<Command>>& commands);
void add_receipt_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_token_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_stamp_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_pay_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_chain_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_governance_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_proposal_commands(std::vector<std::unique_ptr<Command>>& commands);
void add_status_command(std::vector<std::unique_ptr<Command>>& commands);

}  // namespace chatmcp::cli
