#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/instruction.h"
#include "chain/program_addresses.h"
#include "crypto/hash.h"
#include "program/instructions.h"

namespace chatmcp::chain {

/// Instructions of the ChatMCP program for those who have wallets; governance's are in
/// program_governance.h. Each one's accounts, signers and refusals: program/instructions.h and
/// program/errors.h. `at` is the program on the cluster that the transaction is for.

/// What sets a program up, once, by whoever may upgrade it.
struct ProgramSetup {
    Address payer;
    Address upgrade_authority;
    Address guardian;
    ByteArray<32> genesis_hash{};  // Of the cluster.
    program::Params params{};
};
[[nodiscard]] Instruction initialize_program(const ProgramAddresses& at, const ProgramSetup& setup);
[[nodiscard]] Instruction create_mint(const ProgramAddresses& at, const Address& payer);
[[nodiscard]] Instruction pause_program(const ProgramAddresses& at, const Address& guardian);

// Amounts are units of CHAT (program::kChatUnits are one). Tokens are the associated account's.
[[nodiscard]] Instruction buy_chat(const ProgramAddresses& at,
                                   const Address& buyer,
                                   std::uint64_t amount,
                                   std::uint64_t lamports_max);
[[nodiscard]] Instruction add_stake(const ProgramAddresses& at,
                                    const Address& owner,
                                    std::uint64_t amount);
[[nodiscard]] Instruction request_unstake(const ProgramAddresses& at,
                                          const Address& owner,
                                          std::uint64_t amount);
[[nodiscard]] Instruction withdraw_stake(const ProgramAddresses& at, const Address& owner);

[[nodiscard]] Instruction stamp_lock(const ProgramAddresses& at,
                                     const Address& sender,
                                     const Address& one_time_key,
                                     std::uint64_t amount);
/// An answer to a stamp that the recipient signed; `signature` says where in the transaction.
struct StampAnswered {
    Address submitter;  // Gets the fee.
    Address stamp;
    Address sender;  // Of the stamp.
    program::SignatureAt signature;
};
[[nodiscard]] Instruction stamp_accept(const ProgramAddresses& at, const StampAnswered& answer);
[[nodiscard]] Instruction stamp_reject(const ProgramAddresses& at, const StampAnswered& answer);
[[nodiscard]] Instruction stamp_reclaim(const ProgramAddresses& at,
                                        const Address& stamp,
                                        const Address& sender);

/// An enclave's entry as verifiers signed it.
struct EnclaveVerdict {
    Address enclave_key;
    Address measurement;  // Its account.
    ByteArray<32> evidence_digest{};
    ByteArray<32> host_id_commitment{};
    std::uint64_t verifier_set_version = 0;
    std::uint64_t collateral_evaluation_number = 0;
    std::uint64_t slot = 0;
    std::uint64_t expires_slot = 0;
};
/// `signature_instruction`: the place of the Ed25519 instruction in the transaction.
[[nodiscard]] Instruction enclave_register(const ProgramAddresses& at,
                                           const Address& payer,
                                           const EnclaveVerdict& verdict,
                                           std::uint8_t signature_instruction);
[[nodiscard]] Instruction enclave_revoke(const ProgramAddresses& at,
                                         const Address& enclave_key,
                                         program::RevocationReason reason,
                                         std::uint8_t signature_instruction);

struct NewLogHead {
    program::LogKind kind{};
    Address owner;
    ByteArray<32> head{};
    std::uint64_t size = 0;
};
[[nodiscard]] Instruction anchor_log(const ProgramAddresses& at, const NewLogHead& head);

struct ReceiptsBatch {
    Address enclave_key;
    ByteArray<32> root{};
    std::uint64_t batch = 0;
    std::uint64_t first = 0;
    std::uint64_t count = 0;
};
[[nodiscard]] Instruction anchor_receipts(const ProgramAddresses& at,
                                          const Address& payer,
                                          const ReceiptsBatch& batch,
                                          const program::SignatureAt& signature);
/// Errors: too_large (CHN-80) more than program::kProofMax digests.
[[nodiscard]] Result<Instruction> verify_receipt(const Address& program,
                                                 const Address& receipts,
                                                 std::uint64_t index,
                                                 const ByteArray<32>& leaf,
                                                 const std::vector<ByteArray<32>>& proof);
[[nodiscard]] Instruction anchor_grant(const ProgramAddresses& at,
                                       const Address& owner,
                                       const ByteArray<32>& digest);
[[nodiscard]] Instruction close_grant(const ProgramAddresses& at,
                                      const Address& owner,
                                      const ByteArray<32>& digest);

}  // namespace chatmcp::chain
