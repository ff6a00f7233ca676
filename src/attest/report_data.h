#pragma once

#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "wire/delivery.h"
#include "wire/evidence.h"

namespace chatmcp::attest {

inline constexpr std::size_t kNonceBytes = 32;

/// What evidence is bound to: who holds the keys, which configuration runs, and for which group and
/// question the evidence was made.
struct ReportDataInput {
    ByteArray<crypto::kEd25519PublicBytes> enclave_key{};
    ByteArray<crypto::kEd25519PublicBytes> leaf_signature_key{};
    crypto::Sha256Digest configuration_digest{};
    ByteArray<wire::kGroupIdBytes> group_id{};
    ByteArray<kNonceBytes> nonce{};
};

/// The 64 bytes that every platform signs for us: SHA-512 over
/// { opaque tag<V> = "ChatMCP report data 1"; the five fields in order, without lengths, as each
/// has one size }.
///
/// Spec: DESIGN 8.
[[nodiscard]] wire::ReportData report_data(const ReportDataInput& input);

}  // namespace chatmcp::attest
