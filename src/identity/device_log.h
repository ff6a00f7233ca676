#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "identity/caip10.h"
#include "identity/wallet_proof.h"
#include "wire/labelled_sign.h"
#include "wire/tls.h"

namespace chatmcp::identity {

/// One entry of an account's device log: links a device. Authoritative; a credential is shorthand
/// for one entry.
///
/// Wire:  uint8 action (1 = link; 2 = revoke, later); WalletProof proof; opaque signature[64] by
///        the root key of the entry over all before (label device_log_entry): the device agrees to
///        be linked.
struct DeviceLogEntry {
    static constexpr auto kLabel = wire::SignatureLabel::device_log_entry;
    enum class Action : std::uint8_t { link = 1 };

    Action action = Action::link;
    WalletProof proof;
    Signature signature{};

    /// Errors: unsupported (ID-20) another action; those of WalletProof::read.
    static Result<DeviceLogEntry> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    void write_signed(wire::Writer& writer) const;
    /// SHA-256("chatmcp device log" || encoding): the next entry's previous_log_hash.
    [[nodiscard]] crypto::Sha256Digest hash() const;
};

/// Maker: the device agrees to `proof`, which the wallet has signed.
///
/// Precondition (checked): root is the key that the proof names.
[[nodiscard]] DeviceLogEntry link_device(WalletProof proof, const crypto::SigningKey& root);

inline constexpr std::size_t kDeviceLogEntriesMax = 256;

/// Whole log of `account`: sequence from 0, hashes chained, every signature right. Pure.
///
/// Errors: not_found (ID-21) no entry; too_large (ID-22) more than kDeviceLogEntriesMax; wrong_key
///         (ID-23) another account's entry; invalid_argument (ID-24) a gap in sequence or chain;
///         bad_signature (ID-25) the device's; those of verify_wallet_proof.
[[nodiscard]] Result<void> verify_device_log(const std::vector<DeviceLogEntry>& log,
                                             const Caip10& account);

/// Inbox of a device: SHA-256("chatmcp inbox" || root key).
[[nodiscard]] crypto::Sha256Digest inbox_id(const PublicKey& root_key);

}  // namespace chatmcp::identity
