#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/random.h"

namespace chatmcp::crypto {

/// The curves of FIPS 186-5 that RFC 9420's cipher suites 2, 7 and 5 use.
enum class NistCurve : std::uint8_t { p256, p384, p521 };

/// A private key: a number from 1 below the group's order, big-endian.
[[nodiscard]] std::size_t nist_private_bytes(NistCurve curve);  // 32, 48, 66
/// A public key: the point, uncompressed (0x04 || x || y). Spec: SEC 1 section 2.3.3.
[[nodiscard]] std::size_t nist_public_bytes(NistCurve curve);  // 65, 97, 133

/// Whether these bytes are a private key.
[[nodiscard]] bool is_nist_private_key(NistCurve curve, ByteView private_key);
/// Precondition (checked): is_nist_private_key.
[[nodiscard]] Bytes nist_public_key(NistCurve curve, ByteView private_key);

/// Diffie-Hellman: the x coordinate of the shared point, nist_private_bytes long.
///
/// Precondition (checked): is_nist_private_key.
/// Errors: malformed (CRY-09) no point of the curve in its uncompressed form, or the neutral one.
[[nodiscard]] Result<SecretBytes> nist_ecdh(NistCurve curve,
                                            ByteView private_key,
                                            ByteView public_key);

/// ECDSA with the hash of the curve's size (SHA-256, SHA-384, SHA-512). Spec: FIPS 186-5; the
/// signature is an ECDSA-Sig-Value in DER, as RFC 8446 section 4.2.3 has it.
class EcdsaKey {
  public:
    [[nodiscard]] static EcdsaKey generate(NistCurve curve, Random& random);
    /// Errors: malformed (CRY-11) no private key of the curve.
    [[nodiscard]] static Result<EcdsaKey> from_bytes(NistCurve curve, ByteView private_key);

    [[nodiscard]] NistCurve curve() const { return curve_; }
    [[nodiscard]] const Bytes& public_key() const { return public_key_; }
    [[nodiscard]] ByteView bytes() const { return private_key_.view(); }
    [[nodiscard]] EcdsaKey clone() const;

    /// The bare primitive, as SigningKey::sign_raw. The nonce is AWS-LC's: made of key, message and
    /// random bytes, so that two runs give two signatures.
    [[nodiscard]] Bytes sign_raw(ByteView message) const;

  private:
    EcdsaKey(NistCurve curve, SecretBytes private_key, Bytes public_key);

    NistCurve curve_;
    SecretBytes private_key_;
    Bytes public_key_;
};

/// verify_raw's part for these curves. Errors: malformed (CRY-09); bad_signature (CRY-04).
[[nodiscard]] Result<void> verify_ecdsa(NistCurve curve,
                                        ByteView public_key,
                                        ByteView message,
                                        ByteView signature);

}  // namespace chatmcp::crypto
