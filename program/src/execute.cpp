// execute_config, execute_verifiers, execute_add_measurement, execute_revoke, execute_pay_chat,
// execute_pay_lamports, execute_upgrade, execute_upgrade_authority.

#include "lifecycle.h"
#include "proposal.h"
#include "token.h"

namespace chatmcp::program {
namespace {

// Spec: solana-loader-v3-interface, UpgradeableLoaderInstruction; numbers of 32 bits.
constexpr uint8_t kUpgrade = 3;
constexpr uint8_t kSetAuthority = 4;

Error check_verifiers(const SetVerifiers& wanted) {
    CHATMCP_REQUIRE(
        within(wanted.count, 1, kVerifiersMax) && within(wanted.threshold, 1, wanted.count),
        verifiers_out_of_bounds);
    CHATMCP_REQUIRE(all_zero(wanted.reserved, sizeof wanted.reserved), malformed);
    for (uint8_t i = 0; i < kVerifiersMax; ++i) {
        CHATMCP_REQUIRE(is_zero(wanted.keys[i]) == (i >= wanted.count), verifiers_out_of_bounds);
        for (uint8_t j = 0; j < i && i < wanted.count; ++j) {
            // Who is named twice would count twice.
            CHATMCP_REQUIRE(!same(wanted.keys[i], wanted.keys[j]), verifiers_out_of_bounds);
        }
    }
    return Error::none;
}

Error check_measurement(const AddMeasurement& wanted) {
    CHATMCP_REQUIRE(wanted.kind >= EvidenceKind::simulated && wanted.kind <= EvidenceKind::cca,
                    malformed);
    CHATMCP_REQUIRE(
        wanted.digest_bytes == 32 || wanted.digest_bytes == 48 || wanted.digest_bytes == 64,
        malformed);
    CHATMCP_REQUIRE(all_zero(wanted.digest.bytes + wanted.digest_bytes,
                             sizeof wanted.digest.bytes - wanted.digest_bytes),
                    malformed);
    CHATMCP_REQUIRE(all_zero(wanted.reserved, sizeof wanted.reserved), malformed);
    CHATMCP_REQUIRE(wanted.label.bytes[0] != 0, malformed);
    CHATMCP_REQUIRE(wanted.not_before_unix_s < wanted.not_after_unix_s, malformed);
    return Error::none;
}

Error revoke(EntryStatus& status, RevocationReason& reason, const Revoke& wanted) {
    CHATMCP_REQUIRE(
        wanted.reason != RevocationReason::none && wanted.reason <= RevocationReason::superseded,
        malformed);
    status = EntryStatus::revoked;
    reason = wanted.reason;
    return Error::none;
}

// The action of a proposal that one of several may be executed by one instruction; 0 as the account
// is none, which the load refuses.
Action action_of(const AccountInfo& proposal) {
    return proposal.data_bytes < sizeof(Proposal)
               ? Action{}
               : reinterpret_cast<const Proposal*>(proposal.data)->action;
}

// The config account is the program's upgrade authority.
void call_loader(const AccountMeta* metas,
                 const AccountInfo* infos,
                 uint64_t count,
                 uint8_t instruction,
                 uint8_t config_bump) {
    const uint8_t data[4] = {instruction};
    const Call call{&kLoader, metas, count, data, sizeof data};
    const Slice seeds[] = {seed(Config::kSeed), seed(config_bump)};
    const SignerSeeds signer{seeds, 2};
    sol_invoke_signed_c(&call, infos, count, &signer, 1);
}

}  // namespace

CHATMCP_INSTRUCTION(ExecuteConfig) {
    static_cast<void>(data);
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*accounts.config.value, context.program, config));
    const AccountInfo& account = *accounts.proposal.value;
    Proposal* proposal = nullptr;
    if (action_of(account) == Action::set_guardian) {
        CHATMCP_CHECKED(
            take_for_execution(account, context.program, Action::set_guardian, proposal));
        config->guardian = payload_of<Key>(account);
        return Error::none;
    }
    CHATMCP_CHECKED(take_for_execution(account, context.program, Action::set_params, proposal));
    const auto& params = payload_of<Params>(account);
    CHATMCP_REQUIRE(params_valid(params), params_out_of_bounds);
    config->params = params;
    return Error::none;
}

CHATMCP_INSTRUCTION(ExecuteVerifiers) {
    static_cast<void>(data);
    Verifiers* verifiers = nullptr;
    CHATMCP_CHECKED(load(*accounts.verifiers.value, context.program, verifiers));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(take_for_execution(
        *accounts.proposal.value, context.program, Action::set_verifiers, proposal));
    const auto& wanted = payload_of<SetVerifiers>(*accounts.proposal.value);
    CHATMCP_CHECKED(check_verifiers(wanted));
    CHATMCP_CHECKED(add(verifiers->set_version, 1));
    verifiers->threshold = wanted.threshold;
    verifiers->count = wanted.count;
    sol_memcpy_(verifiers->keys, wanted.keys, sizeof wanted.keys);
    return Error::none;
}

CHATMCP_INSTRUCTION(ExecuteAddMeasurement) {
    const auto& a = accounts;
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(
        take_for_execution(*a.proposal.value, context.program, Action::add_measurement, proposal));
    const auto& wanted = payload_of<AddMeasurement>(*a.proposal.value);
    CHATMCP_CHECKED(check_measurement(wanted));
    const auto kind = static_cast<uint8_t>(wanted.kind);
    const Slice seeds[] = {seed(Measurement::kSeed),
                           seed(kind),
                           {wanted.digest.bytes, 32},
                           {wanted.digest.bytes + 32, 32},
                           seed(data.header.bump)};
    Measurement* measurement = nullptr;
    CHATMCP_CHECKED(
        create({*a.payer.value, *a.measurement.value, context.program, seeds, 5}, measurement));
    measurement->kind = wanted.kind;
    measurement->digest_bytes = wanted.digest_bytes;
    measurement->status = EntryStatus::active;
    measurement->digest = wanted.digest;
    measurement->label = wanted.label;
    measurement->not_before_unix_s = wanted.not_before_unix_s;
    measurement->not_after_unix_s = wanted.not_after_unix_s;
    return Error::none;
}

CHATMCP_INSTRUCTION(ExecuteRevoke) {
    static_cast<void>(data);
    const AccountInfo& account = *accounts.proposal.value;
    const AccountInfo& entry = *accounts.entry.value;
    Proposal* proposal = nullptr;
    if (action_of(account) == Action::revoke_enclave) {
        CHATMCP_CHECKED(
            take_for_execution(account, context.program, Action::revoke_enclave, proposal));
        const auto& wanted = payload_of<Revoke>(account);
        CHATMCP_CHECKED(check_address(entry, wanted.account));
        Enclave* enclave = nullptr;
        CHATMCP_CHECKED(load(entry, context.program, enclave));
        return revoke(enclave->status, enclave->reason, wanted);
    }
    CHATMCP_CHECKED(
        take_for_execution(account, context.program, Action::revoke_measurement, proposal));
    const auto& wanted = payload_of<Revoke>(account);
    CHATMCP_CHECKED(check_address(entry, wanted.account));
    Measurement* measurement = nullptr;
    CHATMCP_CHECKED(load(entry, context.program, measurement));
    return revoke(measurement->status, measurement->reason, wanted);
}

CHATMCP_INSTRUCTION(ExecutePayChat) {
    static_cast<void>(data);
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    CHATMCP_CHECKED(check_address(*a.treasury_vault.value, config->treasury_vault));
    CHATMCP_CHECKED(check_address(*a.mint.value, config->mint));
    CHATMCP_CHECKED(check_token_program(*a.token_program.value));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(
        take_for_execution(*a.proposal.value, context.program, Action::pay_chat, proposal));
    const auto& wanted = payload_of<Pay>(*a.proposal.value);
    CHATMCP_CHECKED(check_address(*a.destination.value, wanted.destination));
    CHATMCP_REQUIRE(wanted.amount != 0, zero_amount);
    const TokenMove move{*a.treasury_vault.value,
                         *a.mint.value,
                         *a.destination.value,
                         *a.config.value,
                         wanted.amount};
    transfer_chat_of_program(move, config->header.bump);
    return Error::none;
}

CHATMCP_INSTRUCTION(ExecutePayLamports) {
    static_cast<void>(data);
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(
        take_for_execution(*a.proposal.value, context.program, Action::pay_lamports, proposal));
    const auto& wanted = payload_of<Pay>(*a.proposal.value);
    CHATMCP_CHECKED(check_address(*a.destination.value, wanted.destination));
    CHATMCP_REQUIRE(wanted.amount != 0, zero_amount);
    // The config account has to stay.
    uint64_t left = 0;
    CHATMCP_CHECKED(rent_exempt_lamports(sizeof(Config), left));
    CHATMCP_CHECKED(add(left, wanted.amount));
    CHATMCP_REQUIRE(*a.config.value->lamports >= left, overflow);
    return move_lamports(*a.config.value, *a.destination.value, wanted.amount);
}

CHATMCP_INSTRUCTION(ExecuteUpgrade) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    CHATMCP_CHECKED(check_loader(*a.loader.value));
    CHATMCP_CHECKED(check_sysvar(*a.rent_sysvar.value, kRentSysvar));
    CHATMCP_CHECKED(check_sysvar(*a.clock_sysvar.value, kClockSysvar));
    CHATMCP_CHECKED(check_address(*a.program.value, context.program));
    CHATMCP_CHECKED(check_program_data(*a.program_data.value, data.header.bump, context.program));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(
        take_for_execution(*a.proposal.value, context.program, Action::upgrade, proposal));
    const auto& wanted = payload_of<Upgrade>(*a.proposal.value);
    CHATMCP_CHECKED(check_address(*a.buffer.value, wanted.buffer));
    CHATMCP_CHECKED(check_address(*a.spill.value, wanted.spill));
    const AccountMeta metas[] = {{a.program_data.value->key, true, false},
                                 {a.program.value->key, true, false},
                                 {a.buffer.value->key, true, false},
                                 {a.spill.value->key, true, false},
                                 {a.rent_sysvar.value->key, false, false},
                                 {a.clock_sysvar.value->key, false, false},
                                 {a.config.value->key, false, true}};
    const AccountInfo infos[] = {*a.program_data.value,
                                 *a.program.value,
                                 *a.buffer.value,
                                 *a.spill.value,
                                 *a.rent_sysvar.value,
                                 *a.clock_sysvar.value,
                                 *a.config.value};
    call_loader(metas, infos, 7, kUpgrade, config->header.bump);
    return Error::none;
}

CHATMCP_INSTRUCTION(ExecuteUpgradeAuthority) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    CHATMCP_CHECKED(check_loader(*a.loader.value));
    // The loader takes any account whose authority is the config account: with a buffer that
    // somebody gave to it, the proposal would be spent for nothing.
    CHATMCP_CHECKED(check_program_data(*a.program_data.value, data.header.bump, context.program));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(take_for_execution(
        *a.proposal.value, context.program, Action::set_upgrade_authority, proposal));
    CHATMCP_CHECKED(check_address(*a.new_authority.value, payload_of<Key>(*a.proposal.value)));
    const AccountMeta metas[] = {{a.program_data.value->key, true, false},
                                 {a.config.value->key, false, true},
                                 {a.new_authority.value->key, false, false}};
    const AccountInfo infos[] = {*a.program_data.value, *a.config.value, *a.new_authority.value};
    call_loader(metas, infos, 3, kSetAuthority, config->header.bump);
    return Error::none;
}

}  // namespace chatmcp::program
