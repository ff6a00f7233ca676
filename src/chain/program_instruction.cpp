#include "chain/program_instruction.h"

#include "chain/program_encoding.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

// The account that an instruction makes goes by the bump that its address was found with.
program::InstructionHeader header(std::uint8_t bump = 0) {
    return {.instruction = {}, .bump = bump, .reserved = {}};
}

}  // namespace

Instruction initialize_program(const ProgramAddresses& at, const ProgramSetup& setup) {
    const ProgramAddress program_data = at.program_data();
    return encode_instruction<program::Initialize>(
        at.program,
        {{setup.payer},
         {setup.upgrade_authority},
         {program_data.address},
         {at.config.address},
         {at.verifiers.address},
         {kSystemProgram}},
        {.header = header(at.config.bump),
         .guardian = program_key(setup.guardian),
         .genesis_hash = program_digest(setup.genesis_hash),
         .params = setup.params,
         .verifiers_bump = at.verifiers.bump,
         .program_data_bump = program_data.bump,
         .reserved = {}});
}

Instruction create_mint(const ProgramAddresses& at, const Address& payer) {
    return encode_instruction<program::CreateMint>(at.program,
                                                   {{payer},
                                                    {at.config.address},
                                                    {at.mint.address},
                                                    {at.escrow_vault.address},
                                                    {at.stake_vault.address},
                                                    {at.treasury_vault.address},
                                                    {kToken2022Program},
                                                    {kSystemProgram}},
                                                   {.header = header(),
                                                    .mint_bump = at.mint.bump,
                                                    .escrow_bump = at.escrow_vault.bump,
                                                    .stake_bump = at.stake_vault.bump,
                                                    .treasury_bump = at.treasury_vault.bump,
                                                    .reserved = {}});
}

Instruction pause_program(const ProgramAddresses& at, const Address& guardian) {
    return encode_instruction<program::Pause>(
        at.program, {{guardian}, {at.config.address}}, {.header = header()});
}

Instruction buy_chat(const ProgramAddresses& at,
                     const Address& buyer,
                     std::uint64_t amount,
                     std::uint64_t lamports_max) {
    return encode_instruction<program::Buy>(
        at.program,
        {{buyer},
         {at.config.address},
         {at.tokens(buyer)},
         {at.treasury_vault.address},
         {at.mint.address},
         {kToken2022Program},
         {kSystemProgram}},
        {.header = header(), .amount = amount, .lamports_max = lamports_max});
}

Instruction add_stake(const ProgramAddresses& at, const Address& owner, std::uint64_t amount) {
    const ProgramAddress stake = at.stake(owner);
    return encode_instruction<program::AddStake>(at.program,
                                                 {{owner},
                                                  {at.config.address},
                                                  {stake.address},
                                                  {at.tokens(owner)},
                                                  {at.stake_vault.address},
                                                  {at.mint.address},
                                                  {kToken2022Program},
                                                  {kSystemProgram}},
                                                 {.header = header(stake.bump), .amount = amount});
}

Instruction request_unstake(const ProgramAddresses& at,
                            const Address& owner,
                            std::uint64_t amount) {
    return encode_instruction<program::RequestUnstake>(
        at.program,
        {{owner}, {at.config.address}, {at.stake(owner).address}},
        {.header = header(), .amount = amount});
}

Instruction withdraw_stake(const ProgramAddresses& at, const Address& owner) {
    return encode_instruction<program::Withdraw>(at.program,
                                                 {{owner},
                                                  {at.config.address},
                                                  {at.stake(owner).address},
                                                  {at.tokens(owner)},
                                                  {at.stake_vault.address},
                                                  {at.mint.address},
                                                  {kToken2022Program}},
                                                 {.header = header()});
}

Instruction stamp_lock(const ProgramAddresses& at,
                       const Address& sender,
                       const Address& one_time_key,
                       std::uint64_t amount) {
    const ProgramAddress stamp = at.stamp(one_time_key);
    return encode_instruction<program::StampLock>(at.program,
                                                  {{sender},
                                                   {at.config.address},
                                                   {stamp.address},
                                                   {at.tokens(sender)},
                                                   {at.escrow_vault.address},
                                                   {at.mint.address},
                                                   {kToken2022Program},
                                                   {kSystemProgram}},
                                                  {.header = header(stamp.bump),
                                                   .one_time_key = program_key(one_time_key),
                                                   .amount = amount});
}

Instruction stamp_accept(const ProgramAddresses& at, const StampAnswered& answer) {
    return encode_instruction<program::StampAccept>(
        at.program,
        {{answer.submitter},
         {at.config.address},
         {answer.stamp},
         {answer.sender},
         {at.tokens(answer.sender)},
         {at.escrow_vault.address},
         {at.mint.address},
         {kInstructionsSysvar},
         {kToken2022Program}},
        {.header = header(), .signature = answer.signature, .reserved = {}});
}

Instruction stamp_reject(const ProgramAddresses& at, const StampAnswered& answer) {
    return encode_instruction<program::StampReject>(
        at.program,
        {{answer.submitter},
         {at.config.address},
         {answer.stamp},
         {at.escrow_vault.address},
         {at.mint.address},
         {kInstructionsSysvar},
         {kToken2022Program}},
        {.header = header(), .signature = answer.signature, .reserved = {}});
}

Instruction stamp_reclaim(const ProgramAddresses& at, const Address& stamp, const Address& sender) {
    return encode_instruction<program::StampReclaim>(at.program,
                                                     {{sender},
                                                      {at.config.address},
                                                      {stamp},
                                                      {at.tokens(sender)},
                                                      {at.escrow_vault.address},
                                                      {at.mint.address},
                                                      {kToken2022Program}},
                                                     {.header = header()});
}

Instruction enclave_register(const ProgramAddresses& at,
                             const Address& payer,
                             const EnclaveVerdict& verdict,
                             std::uint8_t signature_instruction) {
    const ProgramAddress enclave = at.enclave(verdict.enclave_key);
    return encode_instruction<program::EnclaveRegister>(
        at.program,
        {{payer},
         {at.config.address},
         {at.verifiers.address},
         {verdict.measurement},
         {enclave.address},
         {kInstructionsSysvar},
         {kSystemProgram}},
        {.header = header(enclave.bump),
         .enclave_key = program_key(verdict.enclave_key),
         .evidence_digest = program_digest(verdict.evidence_digest),
         .host_id_commitment = program_digest(verdict.host_id_commitment),
         .verifier_set_version = verdict.verifier_set_version,
         .collateral_evaluation_number = verdict.collateral_evaluation_number,
         .slot = verdict.slot,
         .expires_slot = verdict.expires_slot,
         .route = program::VerdictRoute::verifiers,
         .signature_instruction = signature_instruction,
         .reserved = {}});
}

Instruction enclave_revoke(const ProgramAddresses& at,
                           const Address& enclave_key,
                           program::RevocationReason reason,
                           std::uint8_t signature_instruction) {
    return encode_instruction<program::EnclaveRevoke>(
        at.program,
        {{at.config.address},
         {at.verifiers.address},
         {at.enclave(enclave_key).address},
         {kInstructionsSysvar}},
        {.header = header(),
         .reason = reason,
         .signature_instruction = signature_instruction,
         .reserved = {}});
}

Instruction anchor_log(const ProgramAddresses& at, const NewLogHead& head) {
    const ProgramAddress account = at.log_head(head.kind, head.owner);
    return encode_instruction<program::AnchorLog>(
        at.program,
        {{head.owner}, {account.address}, {kSystemProgram}},
        {.header = header(account.bump),
         .head = program_digest(head.head),
         .size = head.size,
         .kind = head.kind,
         .reserved = {}});
}

Instruction anchor_receipts(const ProgramAddresses& at,
                            const Address& payer,
                            const ReceiptsBatch& batch,
                            const program::SignatureAt& signature) {
    const ProgramAddress receipts = at.receipts(batch.enclave_key, batch.batch);
    return encode_instruction<program::AnchorReceipts>(at.program,
                                                       {{payer},
                                                        {at.config.address},
                                                        {at.enclave(batch.enclave_key).address},
                                                        {receipts.address},
                                                        {kInstructionsSysvar},
                                                        {kSystemProgram}},
                                                       {.header = header(receipts.bump),
                                                        .root = program_digest(batch.root),
                                                        .count = batch.count,
                                                        .signature = signature,
                                                        .reserved = {}});
}

Result<Instruction> verify_receipt(const Address& program,
                                   const Address& receipts,
                                   std::uint64_t index,
                                   const ByteArray<32>& leaf,
                                   const std::vector<ByteArray<32>>& proof) {
    if (proof.size() > program::kProofMax) {
        return fail(Errc::too_large, "CHN-80");
    }
    Bytes tail;
    for (const ByteArray<32>& digest : proof) {
        append(tail, digest);
    }
    return encode_instruction<program::VerifyReceipt>(
        program,
        {{receipts}},
        {.header = header(), .index = index, .leaf = program_digest(leaf)},
        tail);
}

Instruction anchor_grant(const ProgramAddresses& at,
                         const Address& owner,
                         const ByteArray<32>& digest) {
    const ProgramAddress grant = at.grant(digest);
    return encode_instruction<program::AnchorGrant>(
        at.program,
        {{owner}, {grant.address}, {kSystemProgram}},
        {.header = header(grant.bump), .digest = program_digest(digest)});
}

Instruction close_grant(const ProgramAddresses& at,
                        const Address& owner,
                        const ByteArray<32>& digest) {
    return encode_instruction<program::CloseGrant>(
        at.program, {{owner}, {at.grant(digest).address}}, {.header = header()});
}

}  // namespace chatmcp::chain
