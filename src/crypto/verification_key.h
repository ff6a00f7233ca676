#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/nist_curve.h"

namespace chatmcp::crypto {

/// How evidence, certificates and lists of others are signed.
enum class SignatureAlgorithm : std::uint8_t {
    ecdsa_sha256,
    ecdsa_sha384,
    ecdsa_sha512,
    rsa_pkcs1_sha256,
    rsa_pkcs1_sha384,
    rsa_pkcs1_sha512,
    rsa_pss_sha256,  // MGF1 with the same hash, salt as long as it.
    rsa_pss_sha384,
    rsa_pss_sha512,
    rsa_pkcs1_sha1,  // Of old TPMs alone; no certificate is read with it.
};

/// A public key of somebody else's, by which signatures over evidence are verified. Prepared once,
/// used often, by several threads at a time.
class VerificationKey {
  public:
    VerificationKey(VerificationKey&&) noexcept;
    VerificationKey& operator=(VerificationKey&&) noexcept;
    VerificationKey(const VerificationKey&) = delete;
    VerificationKey& operator=(const VerificationKey&) = delete;
    ~VerificationKey();

    /// RSA of 2048 to 4096 bits, or a point of P-256, P-384 or P-521, as a SubjectPublicKeyInfo.
    ///
    /// Errors: malformed (CRY-14) no DER, no point of its curve, another size; unsupported (CRY-15)
    ///         another kind of key.
    /// Spec:   RFC 5280 section 4.1.2.7, RFC 5480, RFC 8017.
    [[nodiscard]] static Result<VerificationKey> from_spki(ByteView der);
    /// x || y, without the byte in front. Errors: malformed (CRY-14).
    [[nodiscard]] static Result<VerificationKey> from_coordinates(NistCurve curve, ByteView xy);
    /// RSA by its two numbers, big-endian. Errors: malformed (CRY-14) another size, no RSA key.
    [[nodiscard]] static Result<VerificationKey> from_rsa(ByteView modulus, ByteView exponent);

    /// SubjectPublicKeyInfo, in the one form that DER has for it.
    [[nodiscard]] Bytes spki() const;

    /// `signature`: of ECDSA an ECDSA-Sig-Value in DER.
    /// Errors: bad_signature (CRY-16) it does not verify, or the algorithm is not this key's.
    [[nodiscard]] Result<void> verify(SignatureAlgorithm algorithm,
                                      ByteView message,
                                      ByteView signature) const;
    /// ECDSA over r || s, big-endian, each as long as the curve's numbers.
    /// Errors: bad_signature (CRY-16).
    [[nodiscard]] Result<void> verify_fixed(SignatureAlgorithm algorithm,
                                            ByteView message,
                                            ByteView r_s) const;

  private:
    struct Key;
    explicit VerificationKey(std::unique_ptr<const Key> key);

    std::unique_ptr<const Key> key_;
};

}  // namespace chatmcp::crypto
