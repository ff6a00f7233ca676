#pragma once

#include "checks.h"
#include "program/instructions.h"
#include "program/statements.h"

namespace chatmcp::program {

/// Signatures that the cluster checked before the transaction ran: those of its instructions of the
/// Ed25519 program. This is the only place that reads them.

/// Most signatures in one instruction that are read.
inline constexpr uint64_t kSignaturesMax = 16;

/// One key and the 32 bytes that it signed.
struct SignedDigest {
    const Key* key;
    const Digest* digest;
};

/// The signatures of one instruction, in its order.
///
/// The instruction has to be as src/chain/ed25519_instruction.h writes it: count, zero, offsets,
/// and then key, signature and digest of each in turn with nothing between or behind them; every
/// part in this very instruction. A cluster also takes parts of other instructions, and who reads
/// them from here would read other bytes than the cluster checked.
///
/// Errors: wrong_instructions_sysvar, signature_instruction_absent, signature_wrong_program,
/// signature_count, signature_elsewhere,
///         signature_layout.
struct Signatures {
    const uint8_t* first;  // Key, signature and digest of 128 bytes each.
    uint64_t count;

    SignedDigest operator[](uint64_t index) const;
};
Error read_signatures(const AccountInfo& instructions_sysvar,
                      uint8_t instruction,
                      Signatures& signatures);

/// One signature: by this key, over this digest.
///
/// Errors: also signature_wrong_key, signature_wrong_message.
Error check_signature(const AccountInfo& instructions_sysvar,
                      const SignatureAt& at,
                      const Key& key,
                      const Digest& digest);

/// SHA-256 of a statement.
template <class Statement>
void digest_of(const Statement& statement, Digest& digest) {
    const Slice part{&statement, sizeof statement};
    sol_sha256(&part, 1, digest.bytes);
}

}  // namespace chatmcp::program
