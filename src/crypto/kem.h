#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"

namespace chatmcp::crypto {

/// Key encapsulation by the numbers of RFC 9180 section 7.1 (DHKEM) and, experimental, of
/// draft-ietf-hpke-pq (xwing.h).
enum class KemId : std::uint16_t {
    p256 = 0x0010,
    p384 = 0x0011,
    p521 = 0x0012,
    x25519 = 0x0020,
    mlkem768_x25519 = 0x647a,
};
/// Whether it is one of DHKEM: the functions of this file beside the sizes are for these alone
/// (checked), but for is_kem_private_key and kem_public_key.
[[nodiscard]] bool is_dhkem(KemId id);

inline constexpr std::size_t kX25519Bytes = 32;

[[nodiscard]] HashId kem_hash(KemId id);                     // Of the KEM's own HKDF.
[[nodiscard]] std::size_t kem_private_bytes(KemId id);       // Nsk
[[nodiscard]] std::size_t kem_public_bytes(KemId id);        // Npk
[[nodiscard]] std::size_t kem_encapsulated_bytes(KemId id);  // Nenc

/// Whether these bytes are a private key: for the NIST curves in range, for the
/// others any 32 bytes.
[[nodiscard]] bool is_kem_private_key(KemId id, ByteView private_key);
/// Precondition (checked): is_kem_private_key. Spec: RFC 7748 section 6.1; nist_curve.h.
[[nodiscard]] Bytes kem_public_key(KemId id, ByteView private_key);

/// Diffie-Hellman, the DH() of RFC 9180 section 4.1.
///
/// Precondition (checked): is_kem_private_key.
/// Errors: malformed (CRY-07) a public key of another size, (CRY-08) X25519's result is all zero
///         (RFC 9180 section 7.1.4): the other side sent a point of small order, and everybody
///         knows the "secret"; (CRY-09) no point of the curve.
[[nodiscard]] Result<SecretBytes> kem_dh(KemId id, ByteView private_key, ByteView public_key);

}  // namespace chatmcp::crypto
