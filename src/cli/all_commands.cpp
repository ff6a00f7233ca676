#include "cli/command.h"

namespace chatmcp::cli {

std::vector<std::unique_ptr<Command>> all_commands() {
    std::vector<std::unique_ptr<Command>> commands;
    add_wallet_commands(commands);
    add_login_command(commands);
    add_chat_commands(commands);
    add_message_commands(commands);
    add_request_commands(commands);
    add_assistant_commands(commands);
    add_ask_command(commands);
    add_policy_commands(commands);
    add_attest_commands(commands);
    add_attest_fetch_command(commands);
    add_receipt_commands(commands);
    add_token_commands(commands);
    add_pay_commands(commands);
    add_stamp_commands(commands);
    add_chain_commands(commands);
    add_governance_commands(commands);
    add_proposal_commands(commands);
    add_status_command(commands);
    return commands;
}

}  // namespace chatmcp::cli
