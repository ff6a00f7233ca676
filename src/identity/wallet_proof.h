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
#include "identity/siws.h"
#include "wire/tls.h"

namespace chatmcp::identity {

/// The longest time from issue to expiry of what a wallet signs: a year.
inline constexpr std::int64_t kRootLifetimeMaxMs = 366 * kDayMs;
/// Makers' clocks may be wrong by this much: delegations begin so long before their maker's now,
/// and a wallet's text counts from so long before its issue.
inline constexpr std::int64_t kNotBeforeSlackMs = 48 * kHourMs;

/// The longest text that hardware wallets show (Solana's off-chain message format, version 0).
inline constexpr std::size_t kWalletTextMaxBytes = 1212;

using PublicKey = ByteArray<crypto::kEd25519PublicBytes>;
using Signature = ByteArray<crypto::kEd25519SignatureBytes>;

/// The wallet's one signature for a device root key. The text that was signed is rebuilt from these
/// fields and compared byte for byte; nothing is ever parsed out of it.
///
/// Wire:  uint8 form (1 = Sign-In-With-Solana text); opaque account<V> (CAIP-10 text); opaque
///        domain<V>; uint16 root_scheme; opaque root_key[32]; uint64 log_sequence; opaque
///        previous_log_hash[32]; uint64 issued_at_s; uint64 expires_at_s; opaque signature[64].
/// Spec:  DESIGN 4, docs/formats.md.
struct WalletProof {
    static constexpr std::size_t kDomainMaxBytes = identity::kDomainMaxBytes;

    Caip10 account;
    std::string domain;
    PublicKey root_key{};
    std::uint64_t log_sequence = 0;
    crypto::Sha256Digest previous_log_hash{};  // All zero for the first entry.
    std::uint64_t issued_at_s = 0;
    std::uint64_t expires_at_s = 0;
    Signature signature{};

    /// Errors: ID-01 to ID-03 the account; unsupported (ID-04) another form of text, (ID-06)
    /// another
    ///         scheme of the root key; malformed (ID-05) the domain; invalid_argument (ID-07) the
    ///         times; WIRE-01 to WIRE-03.
    static Result<WalletProof> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    /// The Sign-In-With-Solana text of these fields (signature aside): what the wallet shows and
    /// signs. ASCII, at most kWalletTextMaxBytes.
    [[nodiscard]] std::string text() const;
};

/// Signature of the wallet over text(). Pure: no time, no domain policy.
///
/// Errors: malformed (ID-05) the domain; invalid_argument (ID-07) times that no maker writes:
///         expiry at or before issue, more than kRootLifetimeMaxMs apart, beyond the year 9999;
///         bad_signature (ID-08).
[[nodiscard]] Result<void> verify_wallet_proof(const WalletProof& proof);
/// Trust half, at the time when the leaf enters.
///
/// Errors: wrong_domain (ID-09), an empty list included; expired (ID-10); not_yet_valid (ID-11)
///         issued more than kNotBeforeSlackMs after `at`.
[[nodiscard]] Result<void> check_wallet_proof(const WalletProof& proof,
                                              const std::vector<std::string>& accepted_domains,
                                              UnixMs at);

/// What every text that a wallet signs for us has in common.
struct WalletStatement {
    const Caip10& account;
    const std::string& domain;
    std::uint64_t issued_at_s;
    std::uint64_t expires_at_s;
};
/// The text with this statement and exactly this resource.
[[nodiscard]] std::string wallet_text(const WalletStatement& common,
                                      std::string statement,
                                      std::string resource);
/// The pure rules for domain and times. Errors: ID-05, ID-07.
[[nodiscard]] Result<void> verify_wallet_statement(const WalletStatement& common);
/// The rules of trust. Errors: ID-05, ID-07, ID-09 to ID-11.
[[nodiscard]] Result<void> check_wallet_statement(const WalletStatement& common,
                                                  const std::vector<std::string>& accepted_domains,
                                                  UnixMs at);
/// account<V> and domain<V> as they stand in every structure. Errors: ID-01 to ID-03, ID-05,
/// WIRE-01 to WIRE-03.
[[nodiscard]] Result<Caip10> read_account(wire::Reader& reader);
[[nodiscard]] Result<std::string> read_domain(wire::Reader& reader);
/// A key's scheme, uint16. Errors: unsupported (ID-06) unless Ed25519.
[[nodiscard]] Result<void> read_scheme(wire::Reader& reader);
void write_scheme(wire::Writer& writer);

}  // namespace chatmcp::identity
