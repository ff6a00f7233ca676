// buy.

#include "instruction.h"
#include "lifecycle.h"
#include "token.h"

namespace chatmcp::program {
CHATMCP_INSTRUCTION(Buy) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    CHATMCP_CHECKED(check_not_paused(*config, clock_now().slot));
    CHATMCP_CHECKED(check_address(*a.treasury_vault.value, config->treasury_vault));
    CHATMCP_CHECKED(check_address(*a.mint.value, config->mint));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    CHATMCP_CHECKED(check_token_account(*a.buyer_tokens.value, config->mint, *a.buyer.value->key));
    CHATMCP_REQUIRE(data.amount != 0, zero_amount);
    CHATMCP_REQUIRE(data.amount <= kChatSupply, overflow);
    const uint64_t lamports = buy_lamports(config->params, data.amount);
    CHATMCP_REQUIRE(lamports <= data.lamports_max, price_above_limit);

    CHATMCP_CHECKED(transfer_lamports(*a.buyer.value, *a.config.value, lamports));
    const TokenMove move{*a.treasury_vault.value,
                         *a.mint.value,
                         *a.buyer_tokens.value,
                         *a.config.value,
                         data.amount};
    transfer_chat_of_program(move, config->header.bump);
    return Error::none;
}

}  // namespace chatmcp::program
