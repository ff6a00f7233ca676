#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/random.h"

namespace chatmcp::crypto {

/// Signature schemes, by the TLS SignatureScheme number (RFC 8446 section 4.2.3).
enum class SignatureScheme : std::uint16_t {
    ecdsa_secp256r1_sha256 = 0x0403,
    ecdsa_secp384r1_sha384 = 0x0503,
    ecdsa_secp521r1_sha512 = 0x0603,
    ed25519 = 0x0807,
};

inline constexpr std::size_t kEd25519PublicBytes = 32;
inline constexpr std::size_t kEd25519SeedBytes = 32;
inline constexpr std::size_t kEd25519SignatureBytes = 64;

/// An Ed25519 private key. Spec: RFC 8032.
class SigningKey {
  public:
    [[nodiscard]] static SigningKey generate(Random& random);
    /// Precondition (checked): 32 bytes.
    [[nodiscard]] static SigningKey from_seed(ByteView seed);

    [[nodiscard]] const ByteArray<kEd25519PublicBytes>& public_key() const { return public_key_; }
    [[nodiscard]] ByteView seed() const;
    [[nodiscard]] SigningKey clone() const;

    /// The bare primitive. Only identity::sign_with_label, mls (which labels by itself) and wallets
    /// may call it; dev/check_tree.py holds the list.
    [[nodiscard]] ByteArray<kEd25519SignatureBytes> sign_raw(ByteView message) const;

  private:
    SigningKey(SecretBytes expanded, ByteArray<kEd25519PublicBytes> public_key);

    SecretBytes expanded_;  // 64 bytes: seed, then public key.
    ByteArray<kEd25519PublicBytes> public_key_{};
};

/// Errors: unsupported (CRY-10) scheme; malformed (CRY-03) sizes; bad_signature (CRY-04) does not
///         verify, S >= L included; bad_signature (CRY-05) a key that is not in its one encoding,
///         or a point of small order as key or as R: such a key "signs" every message; malformed
///         (CRY-09) for ECDSA, a key that is no point of the curve.
[[nodiscard]] Result<void> verify_raw(SignatureScheme scheme,
                                      ByteView public_key,
                                      ByteView message,
                                      ByteView signature);

}  // namespace chatmcp::crypto
