// buy.

#include "instruction.h"
#include "lifecycle.h"
#include "token.h"

namespace chatmcp::program {
namespace {

// The dearest price for all there is stays within 64 bits.
static_assert(kChatPriceLamportsMax < ~uint64_t{0} / (kChatSupply / kChatUnits) - 1);

// Lamports for an amount, rounded up: no dust is free.
Error price_lamports(uint64_t amount, uint64_t chat_price, uint64_t& lamports) {
    CHATMCP_REQUIRE(amount <= kChatSupply, overflow);
    lamports = amount / kChatUnits * chat_price;
    return add(lamports, (amount % kChatUnits * chat_price + kChatUnits - 1) / kChatUnits);
}

}  // namespace

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
    uint64_t lamports = 0;
    CHATMCP_CHECKED(price_lamports(data.amount, config->params.chat_price_lamports, lamports));
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
