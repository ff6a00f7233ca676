#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "identity/caip10.h"
#include "identity/delegation.h"
#include "identity/wallet_proof.h"
#include "wire/tls.h"

namespace chatmcp::identity {

/// MLS credential types (private use, RFC 9420 section 17.5).
inline constexpr std::uint16_t kDeviceCredentialType = 0xF0C1;
inline constexpr std::uint16_t kAgentCredentialType = 0xF0C2;

/// Content of an MLS credential of type kDeviceCredentialType.
///
/// Wire:  WalletProof wallet; Delegation delegation. At most kMaxBytes, which follows from the
///        limits of their fields.
struct DeviceCredential {
    static constexpr std::size_t kMaxBytes = 4096;
    WalletProof wallet;
    Delegation delegation;
    static Result<DeviceCredential> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
/// Pure: wallet signature, root delegates exactly this leaf key for this group (or for a key
/// package, where the leaf is one).
///
/// Errors: those of verify_wallet_proof and verify_delegation.
[[nodiscard]] Result<void> verify_device_credential(const DeviceCredential& credential,
                                                    ByteView leaf_key,
                                                    ByteView group_id,
                                                    bool is_key_package);
/// Errors: those of check_wallet_proof and check_delegation.
[[nodiscard]] Result<void> check_device_credential(const DeviceCredential& credential,
                                                   const std::vector<std::string>& accepted_domains,
                                                   UnixMs at);

/// Content of an MLS credential of type kAgentCredentialType: constant within a grant.
///
/// Wire:  opaque measurement[32]; opaque configuration_digest[32]; uint16 scheme; opaque
///        enclave_key[32]; opaque account<V>; opaque domain<V>; uint64 issued_at_s; uint64
///        expires_at_s; opaque signature[64] (the operator's wallet over text()).
struct AgentCredential {
    static constexpr std::size_t kMaxBytes = 1024;

    crypto::Sha256Digest measurement{};
    crypto::Sha256Digest configuration_digest{};
    PublicKey enclave_key{};
    Caip10 operator_account;
    std::string domain;
    std::uint64_t issued_at_s = 0;
    std::uint64_t expires_at_s = 0;
    Signature signature{};

    /// Errors: ID-01 to ID-03, ID-05 to ID-07, WIRE-01 to WIRE-03.
    static Result<AgentCredential> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    [[nodiscard]] std::string text() const;
    /// SHA-256("chatmcp agent credential" || encoding): what a grant names.
    [[nodiscard]] crypto::Sha256Digest digest() const;
};
/// Errors: ID-05, ID-07; bad_signature (ID-19).
[[nodiscard]] Result<void> verify_agent_credential(const AgentCredential& credential);
/// Errors: ID-09 to ID-11.
[[nodiscard]] Result<void> check_agent_credential(const AgentCredential& credential,
                                                  const std::vector<std::string>& accepted_domains,
                                                  UnixMs at);

}  // namespace chatmcp::identity
