#pragma once

#include "program/types.h"

namespace chatmcp::program {

/// Why an instruction was refused: the number of a transaction's custom error. Numbers are never
/// given to something else.
enum class Error : uint32_t {
    none = 0,
    /// The instruction's first byte names no instruction of this program.
    unknown_instruction = 1,
    /// The instruction's data has another length than its kind has.
    data_length = 2,
    /// A reserved byte of the instruction's data is not zero.
    reserved_not_zero = 3,
    /// Another number of accounts than the instruction takes.
    accounts_count = 4,
    /// An account is given twice where it may be given once.
    duplicate_account = 5,
    /// An account that has to sign did not.
    missing_signer = 6,
    /// An account that changes is not writable.
    not_writable = 7,
    /// An account belongs to another program.
    wrong_owner = 8,
    /// An account has another discriminator: it is of another kind, or was never made.
    wrong_discriminator = 9,
    /// An account has a version that this program does not know.
    wrong_version = 10,
    /// An account has another size than its kind.
    wrong_size = 11,
    /// An account is not at the address that its seeds and bump give.
    wrong_seeds = 12,
    /// An account is not the one that another account names.
    wrong_address = 13,
    /// The account to be made exists already.
    already_exists = 14,
    /// Not the program, system variable or mint that the instruction takes.
    wrong_program = 15,
    /// A token account is of another mint.
    wrong_mint = 16,
    /// A token account belongs to somebody else.
    wrong_token_owner = 17,
    /// The signer is not the one whose account it is.
    wrong_authority = 18,
    /// A sum or difference leaves its range.
    overflow = 19,
    /// An amount is zero.
    zero_amount = 20,
    /// The guardian has paused what takes money or gives trust. Withdrawals, answers and
    /// revocations go on.
    paused = 21,
    /// The signer is not the program's upgrade authority, who alone sets it up.
    not_upgrade_authority = 22,
    /// A parameter is out of its bounds.
    params_out_of_bounds = 23,
    /// The mint is there already.
    mint_exists = 24,
    /// The price is higher than the buyer wants to pay.
    price_above_limit = 25,
    /// There is less staked, or less that is not locked by votes.
    stake_too_small = 26,
    /// Stake is locked by an open vote or proposal.
    stake_locked = 27,
    /// Nothing was asked to be unstaked.
    nothing_pending = 28,
    /// The delay is not over yet.
    too_early = 29,
    /// The stamp's amount is outside the governed bounds.
    stamp_amount_out_of_bounds = 30,
    /// The stamp was answered already.
    stamp_answered = 31,
    /// The stamp can be answered no longer.
    stamp_expired = 32,
    /// The stamp may still be answered.
    stamp_open = 33,
    /// The key of the stamp is zero.
    zero_key = 34,
    /// Not the account that lists a transaction's instructions.
    wrong_instructions_sysvar = 35,
    /// The transaction has no such instruction.
    signature_instruction_absent = 36,
    /// The instruction named is not one of the Ed25519 program, or has accounts.
    signature_wrong_program = 37,
    /// The Ed25519 instruction has fewer signatures than the one named, or more than are read.
    signature_count = 38,
    /// A part of the signature lies in another instruction.
    signature_elsewhere = 39,
    /// The Ed25519 instruction is not laid out as signatures one after the other, exactly.
    signature_layout = 40,
    /// The signature is by another key.
    signature_wrong_key = 41,
    /// The signature is over something else.
    signature_wrong_message = 42,
    /// A label, digest or payload is not of its form.
    malformed = 43,
    /// The measurement was revoked or is not valid now.
    measurement_not_valid = 44,
    /// The verdict names another set of verifiers than the present one.
    verdict_wrong_set = 45,
    /// Fewer distinct verifiers signed than have to.
    verdict_quorum = 46,
    /// The verdict has expired, comes from the future or lasts too long.
    verdict_not_current = 47,
    /// The verdict is not newer than what is registered.
    verdict_not_newer = 48,
    /// The enclave was revoked, for ever.
    enclave_revoked = 49,
    /// The enclave's entry has ended.
    enclave_expired = 50,
    /// The route of the verdict is not one that this version knows.
    verdict_route = 51,
    /// A log cannot shrink, nor have two heads of one size.
    log_not_growing = 52,
    /// The proof does not lead to the root.
    proof_wrong = 53,
    /// The index is not below the number of receipts.
    proof_index = 54,
    /// The proof has not as many digests as this index has.
    proof_length = 55,
    /// The action is not one of this version, or its payload has another length.
    unknown_action = 56,
    /// The proposal is for another action.
    wrong_action = 57,
    /// The proposal's voting is over.
    voting_over = 58,
    /// The stake was increased after the proposal was made.
    stake_too_new = 59,
    /// The proposal did not get its quorum and majority.
    not_passed = 60,
    /// The proposal was executed, cancelled or has lapsed.
    proposal_ended = 61,
    /// The proposal is still open.
    proposal_open = 62,
    /// There are votes that have not been released.
    votes_not_released = 63,
    /// The guardian paused too short a time ago.
    pause_too_soon = 64,
    /// A number of verifiers or their threshold is out of its bounds, or one is named twice.
    verifiers_out_of_bounds = 65,
    /// The batch of receipts does not follow the one before it.
    receipts_not_in_order = 66,
};

}  // namespace chatmcp::program
