#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "chain/address.h"
#include "chain/program_addresses.h"
#include "chain/program_instruction.h"
#include "crypto/hash.h"
#include "program/statements.h"

namespace chatmcp::chain {

/// What is signed outside the chain for the ChatMCP program: the SHA-256 of a statement of
/// program/statements.h. The cluster's genesis hash and the program are in each.

struct StatementScope {
    ByteArray<32> genesis_hash{};
    Address program;
};

enum class StampVerb : std::uint8_t { accept, reject };

/// By the stamp's one-time key. `locked_slot` is of its account.
[[nodiscard]] crypto::Sha256Digest stamp_answer_digest(const StatementScope& scope,
                                                       StampVerb verb,
                                                       const Address& stamp,
                                                       std::uint64_t locked_slot);
/// By each of the verifiers. `enclave` is the entry's account.
[[nodiscard]] crypto::Sha256Digest verdict_digest(const StatementScope& scope,
                                                  const Address& enclave,
                                                  const EnclaveVerdict& verdict);
/// By each of the verifiers.
[[nodiscard]] crypto::Sha256Digest revocation_digest(const StatementScope& scope,
                                                     const Address& enclave,
                                                     std::uint64_t verifier_set_version,
                                                     program::RevocationReason reason);
/// By the enclave.
[[nodiscard]] crypto::Sha256Digest receipts_digest(const StatementScope& scope,
                                                   const ReceiptsBatch& batch);

}  // namespace chatmcp::chain
