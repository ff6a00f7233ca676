// stake, request_unstake, withdraw.

#include "instruction.h"
#include "lifecycle.h"
#include "token.h"

namespace chatmcp::program {
namespace {

// The owner's stake; made if it is not there.
Error load_or_create(const AccountsOf<AddStake>& a,
                     uint8_t bump,
                     const Key& program,
                     Stake*& stake) {
    const AccountInfo& owner = *a.owner.value;
    if (!same(*a.stake.value->owner, kSystemProgram)) {
        CHATMCP_CHECKED(load(*a.stake.value, program, stake));
        CHATMCP_REQUIRE(same(stake->owner, *owner.key), wrong_authority);
        return Error::none;
    }
    const Slice seeds[] = {seed(Stake::kSeed), seed(*owner.key), seed(bump)};
    const NewAccount wanted{owner, *a.stake.value, program, seeds, 3};
    CHATMCP_CHECKED(create(wanted, stake));
    stake->owner = *owner.key;
    return Error::none;
}

}  // namespace

CHATMCP_INSTRUCTION(AddStake) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    const uint64_t slot = clock_now().slot;
    CHATMCP_CHECKED(check_not_paused(*config, slot));
    CHATMCP_CHECKED(check_address(*a.stake_vault.value, config->stake_vault));
    CHATMCP_CHECKED(check_address(*a.mint.value, config->mint));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    CHATMCP_CHECKED(check_token_account(*a.owner_tokens.value, config->mint, *a.owner.value->key));
    CHATMCP_REQUIRE(data.amount != 0, zero_amount);

    Stake* stake = nullptr;
    CHATMCP_CHECKED(load_or_create(a, data.header.bump, context.program, stake));
    CHATMCP_CHECKED(add(stake->amount, data.amount));
    CHATMCP_CHECKED(add(config->staked_total, data.amount));
    stake->increased_slot = slot;
    const TokenMove move{
        *a.owner_tokens.value, *a.mint.value, *a.stake_vault.value, *a.owner.value, data.amount};
    transfer_chat(move);
    return Error::none;
}

CHATMCP_INSTRUCTION(RequestUnstake) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    Stake* stake = nullptr;
    CHATMCP_CHECKED(load(*a.stake.value, context.program, stake));
    CHATMCP_REQUIRE(same(stake->owner, *a.owner.value->key), wrong_authority);
    CHATMCP_REQUIRE(data.amount != 0, zero_amount);
    // Whoever voted bears what was voted for.
    CHATMCP_REQUIRE(stake->open_votes == 0, stake_locked);
    CHATMCP_REQUIRE(stake->amount >= data.amount, stake_too_small);
    CHATMCP_CHECKED(subtract(stake->amount, data.amount));
    CHATMCP_CHECKED(subtract(config->staked_total, data.amount));
    CHATMCP_CHECKED(add(stake->pending, data.amount));
    stake->available_slot = clock_now().slot;
    return add(stake->available_slot, config->params.unstake_delay_slots);
}

CHATMCP_INSTRUCTION(Withdraw) {
    static_cast<void>(data);
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    CHATMCP_CHECKED(check_address(*a.stake_vault.value, config->stake_vault));
    CHATMCP_CHECKED(check_address(*a.mint.value, config->mint));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    CHATMCP_CHECKED(check_token_account(*a.owner_tokens.value, config->mint, *a.owner.value->key));
    Stake* stake = nullptr;
    CHATMCP_CHECKED(load(*a.stake.value, context.program, stake));
    CHATMCP_REQUIRE(same(stake->owner, *a.owner.value->key), wrong_authority);
    CHATMCP_REQUIRE(stake->pending != 0, nothing_pending);
    CHATMCP_REQUIRE(clock_now().slot >= stake->available_slot, too_early);

    const TokenMove move{*a.stake_vault.value,
                         *a.mint.value,
                         *a.owner_tokens.value,
                         *a.config.value,
                         stake->pending};
    stake->pending = 0;
    transfer_chat_of_program(move, config->header.bump);
    if (stake->amount == 0 && stake->open_votes == 0) {
        return close_account(*a.stake.value, *a.owner.value);
    }
    return Error::none;
}

}  // namespace chatmcp::program
