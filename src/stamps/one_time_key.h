#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sign.h"

namespace chatmcp::stamps {

/// A stamp is locked under a key that only its recipient can sign with and that nobody else can
/// link to her: her published stamp key S and a tweak h that depends on the welcome give
/// S + h B, whose private key is s + h. Whoever locks the stamp makes the public key, a relay that
/// knows S checks it, and the chain sees a key like any other.
///
/// Spec: points, scalars and signatures of RFC 8032 section 5.1. The tweak is additive, like that
///       of BIP 32's public derivation and of BIP 341: the draft for multiplicative blinding
///       (draft-irtf-cfrg-signature-key-blinding) needs three times as long to check. That h is
///       known to others gives no signature under another key: Ed25519 signs the public key too.

inline constexpr std::size_t kStampKeyBytes = crypto::kEd25519PublicBytes;
inline constexpr std::size_t kSaltBytes = 32;
using StampKey = ByteArray<kStampKeyBytes>;

/// What a one-time key is made for.
struct OneTimeKeyContext {
    ByteArray<kSaltBytes> salt{};    // Fresh; without it nobody can try recipients.
    ByteArray<32> inbox{};           // Of the recipient's device.
    ByteArray<32> welcome_digest{};  // SHA-256 of the welcome.
};

/// Whoever takes a stamp key from somebody checks it once.
///
/// Errors: wrong_key (STM-01) no point in its one encoding, or not of the group of prime order.
/// Cost:   a multiplication.
[[nodiscard]] Result<void> check_stamp_key(const StampKey& stamp_key);

/// The public key to lock a stamp under.
///
/// Errors: wrong_key (STM-02) `stamp_key` is no point.
/// Cost:   one multiplication of the base point and one addition.
[[nodiscard]] Result<StampKey> one_time_key(const StampKey& stamp_key,
                                            const OneTimeKeyContext& context);

/// The recipient's signature by the one-time key.
///
/// Time:   does not depend on secrets.
/// Errors: none; a signature of Ed25519 like any other.
[[nodiscard]] ByteArray<crypto::kEd25519SignatureBytes> sign_with_one_time_key(
    const crypto::SigningKey& stamp_key, const OneTimeKeyContext& context, ByteView message);

}  // namespace chatmcp::stamps
