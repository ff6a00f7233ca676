// enclave_register, enclave_revoke.

#include "instruction.h"
#include "lifecycle.h"
#include "signatures.h"

namespace chatmcp::program {
namespace {

// Which of the verifiers a key is; `count` if none.
uint8_t find_verifier(const Verifiers& verifiers, const Key& key) {
    uint8_t i = 0;
    while (i < verifiers.count && !same(verifiers.keys[i], key)) {
        ++i;
    }
    return i;
}

// Enough distinct verifiers signed this digest. Every signature of the instruction has to be one of
// theirs and over it: whoever brings others with them did not mean this statement.
Error check_quorum(const Verifiers& verifiers,
                   const AccountInfo& instructions_sysvar,
                   uint8_t instruction,
                   const Digest& digest) {
    Signatures signatures{};
    CHATMCP_CHECKED(read_signatures(instructions_sysvar, instruction, signatures));
    uint32_t signed_by = 0;
    uint64_t distinct = 0;
    for (uint64_t i = 0; i < signatures.count; ++i) {
        const SignedDigest one = signatures[i];
        CHATMCP_REQUIRE(same(*one.digest, digest), signature_wrong_message);
        const uint8_t number = find_verifier(verifiers, *one.key);
        CHATMCP_REQUIRE(number < verifiers.count, signature_wrong_key);
        const uint32_t bit = uint32_t{1} << number;
        distinct += (signed_by & bit) == 0 ? 1 : 0;
        signed_by |= bit;
    }
    CHATMCP_REQUIRE(verifiers.threshold != 0 && distinct >= verifiers.threshold, verdict_quorum);
    return Error::none;
}

Error check_measurement(const Measurement& measurement, int64_t unix_s) {
    CHATMCP_REQUIRE(unix_s >= 0 && measurement.status == EntryStatus::active,
                    measurement_not_valid);
    CHATMCP_REQUIRE(within(static_cast<uint64_t>(unix_s),
                           measurement.not_before_unix_s,
                           measurement.not_after_unix_s),
                    measurement_not_valid);
    return Error::none;
}

Error check_current(const EnclaveRegister::Data& data, uint64_t slot, const Params& params) {
    CHATMCP_REQUIRE(data.slot <= slot && data.expires_slot > slot, verdict_not_current);
    CHATMCP_REQUIRE(data.expires_slot - data.slot <= params.verdict_slots_max, verdict_not_current);
    return Error::none;
}

// A new entry, or the one that is there if it may be renewed.
Error load_or_create(const AccountsOf<EnclaveRegister>& a,
                     const EnclaveRegister::Data& data,
                     const Key& program,
                     Enclave*& enclave) {
    if (!same(*a.enclave.value->owner, kSystemProgram)) {
        CHATMCP_CHECKED(load(*a.enclave.value, program, enclave));
        CHATMCP_REQUIRE(same(enclave->enclave_key, data.enclave_key), wrong_address);
        CHATMCP_REQUIRE(enclave->status == EntryStatus::active, enclave_revoked);
        // An older verdict must not put back what a newer one changed.
        CHATMCP_REQUIRE(data.slot > enclave->verdict_slot, verdict_not_newer);
        return Error::none;
    }
    const Slice seeds[] = {seed(Enclave::kSeed), seed(data.enclave_key), seed(data.header.bump)};
    CHATMCP_CHECKED(create({*a.payer.value, *a.enclave.value, program, seeds, 3}, enclave));
    enclave->enclave_key = data.enclave_key;
    enclave->status = EntryStatus::active;
    return Error::none;
}

}  // namespace

CHATMCP_INSTRUCTION(EnclaveRegister) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    const Clock clock = clock_now();
    CHATMCP_CHECKED(check_not_paused(*config, clock.slot));
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    Verifiers* verifiers = nullptr;
    CHATMCP_CHECKED(load(*a.verifiers.value, context.program, verifiers));
    Measurement* measurement = nullptr;
    CHATMCP_CHECKED(load(*a.measurement.value, context.program, measurement));
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);
    CHATMCP_REQUIRE(data.route == VerdictRoute::verifiers, verdict_route);
    CHATMCP_REQUIRE(!is_zero(data.enclave_key), zero_key);
    CHATMCP_REQUIRE(data.verifier_set_version == verifiers->set_version, verdict_wrong_set);
    CHATMCP_CHECKED(check_measurement(*measurement, clock.unix_s));
    CHATMCP_CHECKED(check_current(data, clock.slot, config->params));
    const Verdict verdict{kVerdictTag,
                          config->genesis_hash,
                          context.program,
                          *a.enclave.value->key,
                          data.verifier_set_version,
                          data.enclave_key,
                          *a.measurement.value->key,
                          data.evidence_digest,
                          data.host_id_commitment,
                          data.collateral_evaluation_number,
                          data.slot,
                          data.expires_slot};
    Digest digest;
    digest_of(verdict, digest);
    CHATMCP_CHECKED(
        check_quorum(*verifiers, *a.instructions_sysvar.value, data.signature_instruction, digest));

    Enclave* enclave = nullptr;
    CHATMCP_CHECKED(load_or_create(a, data, context.program, enclave));
    enclave->route = data.route;
    enclave->measurement = *a.measurement.value->key;
    enclave->evidence_digest = data.evidence_digest;
    enclave->host_id_commitment = data.host_id_commitment;
    enclave->verifier_set_version = data.verifier_set_version;
    enclave->collateral_evaluation_number = data.collateral_evaluation_number;
    enclave->verdict_slot = data.slot;
    enclave->expires_slot = data.expires_slot;
    return Error::none;
}

CHATMCP_INSTRUCTION(EnclaveRevoke) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    Verifiers* verifiers = nullptr;
    CHATMCP_CHECKED(load(*a.verifiers.value, context.program, verifiers));
    Enclave* enclave = nullptr;
    CHATMCP_CHECKED(load(*a.enclave.value, context.program, enclave));
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);
    CHATMCP_REQUIRE(
        data.reason != RevocationReason::none && data.reason <= RevocationReason::superseded,
        malformed);
    CHATMCP_REQUIRE(enclave->status == EntryStatus::active, enclave_revoked);
    const Revocation revocation{kRevokeTag,
                                config->genesis_hash,
                                context.program,
                                *a.enclave.value->key,
                                verifiers->set_version,
                                data.reason,
                                {}};
    Digest digest;
    digest_of(revocation, digest);
    CHATMCP_CHECKED(
        check_quorum(*verifiers, *a.instructions_sysvar.value, data.signature_instruction, digest));
    enclave->status = EntryStatus::revoked;
    enclave->reason = data.reason;
    return Error::none;
}

}  // namespace chatmcp::program
