#pragma once

#include "identity/credential.h"

namespace chatmcp::identity {

/// One entry of an account's device log: links a device. Authoritative; a credential is shorthand
/// for one entry.
///
/// Wire:  uint8 action (1 = link; 2 = revoke, later); WalletProof proof; opaque signature[64] by
/// the root key of the entry over all before
///        (label device_log_entry): the device agrees to be linked.
struct DeviceLogEntry {
    static constexpr auto kLabel = wire::SignatureLabel::device_log_entry;
    enum class Action : std::uint8_t { link = 1 };

    Action action = Action::link;
    WalletProof proof;
    ByteArray<crypto::kEd25519SignatureBytes> signature{};

    static Result<DeviceLogEntry> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    void write_signed(wire::Writer& writer) const;
    /// SHA-256("chatmcp device log" || encoding): the next entry's previous_log_hash.
    [[nodiscard]] crypto::Sha256Digest hash() const;
};

inline constexpr std::size_t kDeviceLogEntriesMax = 256;

/// Whole log of `account`: sequence from 0, hashes chained, every signature right. Pure.
/// Errors: bad_signature, malformed, wrong_key (another account), invalid_argument (gap in sequence
/// or chain) (ID-..).
[[nodiscard]] Result<void> verify_device_log(const std::vector<DeviceLogEntry>& log,
                                             const Caip10& account);

/// Inbox of a device: SHA-256("chatmcp inbox" || root key).
[[nodiscard]] crypto::Sha256Digest inbox_id(const PublicKey& root_key);

}  // namespace chatmcp::identity
