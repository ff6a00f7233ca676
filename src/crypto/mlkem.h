#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace chatmcp::crypto {

/// ML-KEM-768 (FIPS 203), deterministic: seeds are the caller's. A private key is the 64-byte seed
/// d || z, and is expanded for each use.

inline constexpr std::size_t kMlKem768SeedBytes = 64;           // d || z
inline constexpr std::size_t kMlKem768PublicBytes = 1184;       // ek
inline constexpr std::size_t kMlKem768CiphertextBytes = 1088;   // c
inline constexpr std::size_t kMlKem768EncapsulationBytes = 32;  // m
inline constexpr std::size_t kMlKem768SharedBytes = 32;         // K

/// Precondition (checked): kMlKem768SeedBytes. Cost: one key generation.
[[nodiscard]] Bytes mlkem768_public_key(ByteView seed);

struct MlKemEncapsulation {
    Bytes ciphertext;
    SecretBytes shared_secret;
};
/// Precondition (checked): `randomness` has kMlKem768EncapsulationBytes, which nobody uses twice.
/// Errors: malformed (CRY-07) a public key of another size, (CRY-20) coefficients that are not
/// below
///         the modulus (FIPS 203 section 7.2).
[[nodiscard]] Result<MlKemEncapsulation> mlkem768_encapsulate(ByteView public_key,
                                                              ByteView randomness);
/// A ciphertext that was changed gives another secret, not an error (implicit rejection).
/// Precondition (checked): kMlKem768SeedBytes. Errors: malformed (CRY-07) another size.
[[nodiscard]] Result<SecretBytes> mlkem768_decapsulate(ByteView seed, ByteView ciphertext);

}  // namespace chatmcp::crypto
