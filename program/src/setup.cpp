// initialize, create_mint, pause.

#include "instruction.h"
#include "lifecycle.h"
#include "token.h"

namespace chatmcp::program {
namespace {

// Spec: solana-loader-v3-interface, UpgradeableLoaderState::ProgramData: number, slot, and the
// authority if there is one.
constexpr uint32_t kProgramData = 3;
constexpr uint64_t kAuthorityFlagOffset = 12;
constexpr uint64_t kAuthorityOffset = 13;
constexpr uint64_t kProgramDataHeaderBytes = 45;

}  // namespace

// The authority is read from the program's own data: it is at the address that the loader derives
// from the program.
Error check_upgrade_authority(const AccountInfo& program_data,
                              uint8_t bump,
                              const AccountInfo& authority,
                              const Key& program) {
    CHATMCP_CHECKED(check_program_data(program_data, bump, program));
    const uint8_t* const data = program_data.data;
    CHATMCP_REQUIRE(program_data.data_bytes >= kProgramDataHeaderBytes, wrong_size);
    CHATMCP_REQUIRE(
        *reinterpret_cast<const uint32_t*>(data) == kProgramData &&
            data[kAuthorityFlagOffset] == 1 &&
            same(*reinterpret_cast<const Key*>(data + kAuthorityOffset), *authority.key),
        not_upgrade_authority);
    return Error::none;
}

CHATMCP_INSTRUCTION(Initialize) {
    const auto& a = accounts;
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    CHATMCP_CHECKED(check_upgrade_authority(*a.program_data.value,
                                            data.program_data_bump,
                                            *a.upgrade_authority.value,
                                            context.program));
    CHATMCP_REQUIRE(params_valid(data.params), params_out_of_bounds);
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);

    const Slice config_seeds[] = {seed(Config::kSeed), seed(data.header.bump)};
    Config* config = nullptr;
    CHATMCP_CHECKED(
        create({*a.payer.value, *a.config.value, context.program, config_seeds, 2}, config));
    config->guardian = data.guardian;
    config->genesis_hash = data.genesis_hash;
    config->params = data.params;

    const Slice verifiers_seeds[] = {seed(Verifiers::kSeed), seed(data.verifiers_bump)};
    Verifiers* verifiers = nullptr;
    return create({*a.payer.value, *a.verifiers.value, context.program, verifiers_seeds, 2},
                  verifiers);
}

CHATMCP_INSTRUCTION(CreateMint) {
    const auto& a = accounts;
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    CHATMCP_REQUIRE(is_zero(config->mint), mint_exists);

    const AccountInfo& payer = *a.payer.value;
    AccountInfo& mint = *a.mint.value;
    const uint8_t config_bump = config->header.bump;
    // The token program makes room for the metadata, but does not pay for it.
    uint64_t mint_lamports = 0;
    uint64_t metadata_lamports = 0;
    CHATMCP_CHECKED(rent_exempt_lamports(kMintBytes, mint_lamports));
    CHATMCP_CHECKED(rent_exempt_lamports(kMintWithMetadataBytes, metadata_lamports));
    CHATMCP_CHECKED(subtract(metadata_lamports, mint_lamports));
    const Slice mint_seeds[] = {seed("mint"), seed(data.mint_bump)};
    const NewAccount new_mint{payer, mint, context.program, mint_seeds, 2, metadata_lamports};
    CHATMCP_CHECKED(create_account(new_mint, kTokenProgram, kMintBytes));
    initialize_mint(mint, *a.config.value, config_bump);

    const struct {
        AccountInfo& account;
        Slice name;
        const uint8_t& bump;
        Key& named;
    } vaults[] = {
        {*a.escrow_vault.value, seed("escrow"), data.escrow_bump, config->escrow_vault},
        {*a.stake_vault.value, seed("stakes"), data.stake_bump, config->stake_vault},
        {*a.treasury_vault.value, seed("treasury"), data.treasury_bump, config->treasury_vault}};
    for (const auto& vault : vaults) {
        const Slice seeds[] = {vault.name, seed(vault.bump)};
        CHATMCP_CHECKED(create_account(
            {payer, vault.account, context.program, seeds, 2}, kTokenProgram, kTokenAccountBytes));
        initialize_token_account(vault.account, mint, *a.config.value->key);
        vault.named = *vault.account.key;
    }
    config->mint = *mint.key;
    mint_supply(mint, *a.treasury_vault.value, *a.config.value, config_bump);
    return Error::none;
}

CHATMCP_INSTRUCTION(Pause) {
    static_cast<void>(data);
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*accounts.config.value, context.program, config));
    CHATMCP_REQUIRE(same(config->guardian, *accounts.guardian.value->key), wrong_authority);
    const uint64_t slot = clock_now().slot;
    CHATMCP_REQUIRE(slot >= config->pause_allowed_slot, pause_too_soon);
    config->paused_until_slot = slot;
    CHATMCP_CHECKED(add(config->paused_until_slot, config->params.pause_slots));
    // As long free as it was paused: a guardian who always pauses would have changed the rules.
    config->pause_allowed_slot = config->paused_until_slot;
    return add(config->pause_allowed_slot, config->params.pause_slots);
}

}  // namespace chatmcp::program
