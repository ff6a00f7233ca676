#include "chain/program_statement.h"

#include "chain/program_encoding.h"

namespace chatmcp::chain {

crypto::Sha256Digest stamp_answer_digest(const StatementScope& scope,
                                         StampVerb verb,
                                         const Address& stamp,
                                         std::uint64_t locked_slot) {
    const program::StampAnswer statement{
        .tag = verb == StampVerb::accept ? program::kAcceptTag : program::kRejectTag,
        .genesis_hash = program_digest(scope.genesis_hash),
        .program = program_key(scope.program),
        .stamp = program_key(stamp),
        .locked_slot = locked_slot};
    return crypto::sha256(bytes_of(statement));
}

crypto::Sha256Digest verdict_digest(const StatementScope& scope,
                                    const Address& enclave,
                                    const EnclaveVerdict& verdict) {
    const program::Verdict statement{
        .tag = program::kVerdictTag,
        .genesis_hash = program_digest(scope.genesis_hash),
        .program = program_key(scope.program),
        .registry = program_key(enclave),
        .verifier_set_version = verdict.verifier_set_version,
        .enclave_key = program_key(verdict.enclave_key),
        .measurement = program_key(verdict.measurement),
        .evidence_digest = program_digest(verdict.evidence_digest),
        .host_id_commitment = program_digest(verdict.host_id_commitment),
        .collateral_evaluation_number = verdict.collateral_evaluation_number,
        .slot = verdict.slot,
        .expires_slot = verdict.expires_slot};
    return crypto::sha256(bytes_of(statement));
}

crypto::Sha256Digest revocation_digest(const StatementScope& scope,
                                       const Address& enclave,
                                       std::uint64_t verifier_set_version,
                                       program::RevocationReason reason) {
    const program::Revocation statement{.tag = program::kRevokeTag,
                                        .genesis_hash = program_digest(scope.genesis_hash),
                                        .program = program_key(scope.program),
                                        .registry = program_key(enclave),
                                        .verifier_set_version = verifier_set_version,
                                        .reason = reason,
                                        .reserved = {}};
    return crypto::sha256(bytes_of(statement));
}

crypto::Sha256Digest receipts_digest(const StatementScope& scope, const ReceiptsBatch& batch) {
    const program::ReceiptsStatement statement{.tag = program::kReceiptsTag,
                                               .genesis_hash = program_digest(scope.genesis_hash),
                                               .program = program_key(scope.program),
                                               .enclave_key = program_key(batch.enclave_key),
                                               .root = program_digest(batch.root),
                                               .batch = batch.batch,
                                               .first = batch.first,
                                               .count = batch.count};
    return crypto::sha256(bytes_of(statement));
}

}  // namespace chatmcp::chain
