#pragma once

#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "identity/caip10.h"
#include "wire/labelled_sign.h"
#include "wire/tls.h"

namespace chatmcp::identity {

/// MLS credential types (private use, RFC 9420 section 17.5).
inline constexpr std::uint16_t kDeviceCredentialType = 0xF0C1;
inline constexpr std::uint16_t kAgentCredentialType = 0xF0C2;

inline constexpr std::int64_t kRootLifetimeMaxMs = 366 * kDayMs;
inline constexpr std::int64_t kDelegationLifetimeMaxMs =
    90 * kDayMs + 2 * kDayMs;  // 90 days, and the 48 h before the maker's clock.
inline constexpr std::int64_t kNotBeforeSlackMs = 48 * kHourMs;

using PublicKey = ByteArray<crypto::kEd25519PublicBytes>;

/// The wallet's one signature for a device root key. The text that was signed is rebuilt from these
/// fields and compared byte for byte; nothing is ever parsed out of it.
///
/// Wire:  uint8 scheme (1 = Sign-In-With-Solana text); opaque account<V> (CAIP-10 text); opaque
/// domain<V>; uint16 root_scheme;
///        opaque root_key[32]; uint64 log_sequence; opaque previous_log_hash[32]; uint64
///        issued_at_s; uint64 expires_at_s; opaque signature[64].
/// Spec:  DESIGN 4, docs/formats.md.
struct WalletProof {
    static constexpr std::size_t kDomainMaxBytes = 253;

    Caip10 account;
    std::string domain;
    PublicKey root_key{};
    std::uint64_t log_sequence = 0;
    crypto::Sha256Digest previous_log_hash{};  // All zero for the first entry.
    std::uint64_t issued_at_s = 0;
    std::uint64_t expires_at_s = 0;
    ByteArray<crypto::kEd25519SignatureBytes> signature{};

    static Result<WalletProof> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    /// The Sign-In-With-Solana text of these fields (signature aside): what the wallet shows and
    /// signs.
    [[nodiscard]] std::string text() const;
};

/// Signature of the wallet over text(). Pure: no time, no domain policy.
/// Errors: bad_signature, invalid_argument (fields that no maker writes: expiry before issue, above
/// kRootLifetimeMaxMs), (ID-..).
[[nodiscard]] Result<void> verify_wallet_proof(const WalletProof& proof);
/// Trust half, at the time when the leaf enters. Errors: wrong_domain, expired, not_yet_valid
/// (ID-..). An empty list refuses.
[[nodiscard]] Result<void> check_wallet_proof(const WalletProof& proof,
                                              const std::vector<std::string>& accepted_domains,
                                              UnixMs at);

/// What a leaf key may do, said by a root key (or an enclave key).
///
/// Wire:  uint16 scheme; opaque leaf_key[32]; uint8 purpose; opaque group_id<V> (32 bytes for
/// `group`, empty for `key_package`);
///        uint64 not_before_ms; uint64 not_after_ms; opaque signature[64].
struct Delegation {
    static constexpr auto kLabel = wire::SignatureLabel::delegation;
    enum class Purpose : std::uint8_t { group = 1, key_package = 2 };

    PublicKey leaf_key{};
    Purpose purpose = Purpose::group;
    Bytes group_id;
    UnixMs not_before;
    UnixMs not_after;
    ByteArray<crypto::kEd25519SignatureBytes> signature{};

    static Result<Delegation> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    void write_signed(wire::Writer& writer) const;  // Everything but the signature.
};

/// Maker. not_before = now - kNotBeforeSlackMs, not_after = now + 90 days.
[[nodiscard]] Delegation delegate(const crypto::SigningKey& root,
                                  const PublicKey& leaf_key,
                                  Delegation::Purpose purpose,
                                  ByteView group_id,
                                  UnixMs now);
/// Pure half. Errors: bad_signature, wrong_key (leaf_key is not the leaf's), wrong_purpose (other
/// group), (ID-..).
[[nodiscard]] Result<void> verify_delegation(const Delegation& delegation,
                                             const PublicKey& root,
                                             ByteView leaf_key,
                                             ByteView group_id);
/// Trust half. Errors: expired, not_yet_valid (ID-..).
[[nodiscard]] Result<void> check_delegation(const Delegation& delegation, UnixMs at);

/// Content of an MLS credential of type kDeviceCredentialType. Wire: WalletProof wallet; Delegation
/// delegation.
struct DeviceCredential {
    static constexpr std::size_t kMaxBytes = 4096;
    WalletProof wallet;
    Delegation delegation;
    static Result<DeviceCredential> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
/// Pure: wallet signature, root delegates exactly this leaf key for this group (or for a key
/// package, where the leaf is one).
[[nodiscard]] Result<void> verify_device_credential(const DeviceCredential& credential,
                                                    ByteView leaf_key,
                                                    ByteView group_id,
                                                    bool is_key_package);
[[nodiscard]] Result<void> check_device_credential(const DeviceCredential& credential,
                                                   const std::vector<std::string>& accepted_domains,
                                                   UnixMs at);

/// Content of an MLS credential of type kAgentCredentialType: constant within a grant.
///
/// Wire:  opaque measurement[32]; opaque configuration_digest[32]; uint16 scheme; opaque
/// enclave_key[32]; opaque account<V>;
///        opaque domain<V>; uint64 issued_at_s; uint64 expires_at_s; opaque signature[64] (the
///        operator's wallet over text()).
struct AgentCredential {
    crypto::Sha256Digest measurement{};
    crypto::Sha256Digest configuration_digest{};
    PublicKey enclave_key{};
    Caip10 operator_account;
    std::string domain;
    std::uint64_t issued_at_s = 0;
    std::uint64_t expires_at_s = 0;
    ByteArray<crypto::kEd25519SignatureBytes> signature{};

    static Result<AgentCredential> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    [[nodiscard]] std::string text() const;
    /// SHA-256("chatmcp agent credential" || encoding): what a grant names.
    [[nodiscard]] crypto::Sha256Digest digest() const;
};
[[nodiscard]] Result<void> verify_agent_credential(const AgentCredential& credential);
[[nodiscard]] Result<void> check_agent_credential(const AgentCredential& credential,
                                                  const std::vector<std::string>& accepted_domains,
                                                  UnixMs at);

}  // namespace chatmcp::identity
