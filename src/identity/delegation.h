#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/sign.h"
#include "identity/wallet_proof.h"
#include "wire/labelled_sign.h"
#include "wire/tls.h"

namespace chatmcp::identity {

/// 90 days, and the 48 h before the maker's clock.
inline constexpr std::int64_t kDelegationLifetimeMs = 90 * kDayMs;
inline constexpr std::int64_t kDelegationLifetimeMaxMs = kDelegationLifetimeMs + kNotBeforeSlackMs;
inline constexpr std::size_t kGroupIdBytes = 32;

/// What a leaf key may do, said by a root key (or an enclave key).
///
/// Wire:  uint16 scheme; opaque leaf_key[32]; uint8 purpose; opaque group_id<V> (32 bytes for
///        `group`, empty for `key_package`); uint64 not_before_ms; uint64 not_after_ms; opaque
///        signature[64].
struct Delegation {
    static constexpr auto kLabel = wire::SignatureLabel::delegation;
    enum class Purpose : std::uint8_t { group = 1, key_package = 2 };

    PublicKey leaf_key{};
    Purpose purpose = Purpose::group;
    Bytes group_id;
    UnixMs not_before;
    UnixMs not_after;
    Signature signature{};

    /// Errors: unsupported (ID-06) scheme; malformed (ID-12) a purpose that does not exist, or a
    ///         group id that does not fit it; invalid_argument (ID-13) the times; WIRE-01 to
    ///         WIRE-03.
    static Result<Delegation> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    void write_signed(wire::Writer& writer) const;  // Everything but the signature.
};

/// Maker. not_before = now - kNotBeforeSlackMs (not before 1970), not_after = now + 90 days.
///
/// Precondition (checked): group_id has kGroupIdBytes for `group` and none for `key_package`.
[[nodiscard]] Delegation delegate(const crypto::SigningKey& root,
                                  const PublicKey& leaf_key,
                                  Delegation::Purpose purpose,
                                  ByteView group_id,
                                  UnixMs now);
/// Pure half. An empty group_id asks for a delegation to a key package, any other for exactly this
/// group.
///
/// Errors: malformed (ID-12), invalid_argument (ID-13) as in read; bad_signature (ID-14); wrong_key
///         (ID-15) leaf_key is not the leaf's; wrong_purpose (ID-16) other purpose or group.
[[nodiscard]] Result<void> verify_delegation(const Delegation& delegation,
                                             const PublicKey& root,
                                             ByteView leaf_key,
                                             ByteView group_id);
/// Trust half. Errors: expired (ID-17), not_yet_valid (ID-18).
[[nodiscard]] Result<void> check_delegation(const Delegation& delegation, UnixMs at);

}  // namespace chatmcp::identity
