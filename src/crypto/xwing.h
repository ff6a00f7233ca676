#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace chatmcp::crypto {

/// X-Wing, the hybrid of ML-KEM-768 and X25519: who breaks one of the two alone learns nothing.
/// Experimental: its standard is not done.
/// Spec: draft-connolly-cfrg-xwing-kem; as an HPKE KEM (id 0x647a, "MLKEM768-X25519")
///       draft-ietf-hpke-pq.

inline constexpr std::size_t kXwingPrivateBytes = 32;        // A seed.
inline constexpr std::size_t kXwingPublicBytes = 1216;       // ML-KEM key, then X25519 key.
inline constexpr std::size_t kXwingCiphertextBytes = 1120;   // The same of what was encapsulated.
inline constexpr std::size_t kXwingEncapsulationBytes = 64;  // Randomness, in that order too.
inline constexpr std::size_t kXwingSharedBytes = 32;

/// Precondition (checked): kXwingPrivateBytes.
[[nodiscard]] Bytes xwing_public_key(ByteView private_key);
/// DeriveKeyPair of draft-ietf-hpke-pq: the private key from any input key material.
[[nodiscard]] SecretBytes xwing_derive_private_key(ByteView ikm);

struct XwingEncapsulation {
    Bytes ciphertext;
    SecretBytes shared_secret;
};
/// Precondition (checked): `randomness` has kXwingEncapsulationBytes, which nobody uses twice.
/// Errors: malformed (CRY-07) a public key of another size, (CRY-08, CRY-20) one of its halves that
///         is none.
[[nodiscard]] Result<XwingEncapsulation> xwing_encapsulate(ByteView public_key,
                                                           ByteView randomness);
/// A ciphertext that was changed gives another secret. Precondition (checked): kXwingPrivateBytes.
/// Errors: malformed (CRY-07) another size, (CRY-08) its half of X25519 is a point of small order.
[[nodiscard]] Result<SecretBytes> xwing_decapsulate(ByteView private_key, ByteView ciphertext);

}  // namespace chatmcp::crypto
