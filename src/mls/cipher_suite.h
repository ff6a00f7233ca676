#pragma once

#include <initializer_list>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/nist_curve.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::mls {

/// What RFC 9420 derives with a cipher suite's algorithms (sections 5.1, 5.2 and 8).

/// Section 17.1. Suites 4 and 6 are not among ours: AWS-LC has neither X448 nor Ed448.
struct SuiteAlgorithms {
    crypto::KemId kem = crypto::KemId::x25519;
    crypto::HashId hash = crypto::HashId::sha256;
    crypto::AeadId aead = crypto::AeadId::chacha20_poly1305;
    crypto::SignatureScheme signature = crypto::SignatureScheme::ed25519;
};
[[nodiscard]] const SuiteAlgorithms& algorithms_of(CipherSuite suite);
inline constexpr CipherSuite kCipherSuites[] = {CipherSuite::x25519_aes128gcm_sha256_ed25519,
                                                CipherSuite::p256_aes128gcm_sha256_p256,
                                                CipherSuite::x25519_chacha20poly1305_sha256_ed25519,
                                                CipherSuite::p521_aes256gcm_sha512_p521,
                                                CipherSuite::p384_aes256gcm_sha384_p384};
inline constexpr CipherSuite kExperimentalSuites[] = {
    CipherSuite::mlkem768x25519_aes256gcm_sha384_ed25519};
[[nodiscard]] bool is_experimental(CipherSuite suite);

inline constexpr std::size_t kPrivateKeyMaxBytes = 66;  // P-521, of KEM and signatures.

/// Output of the suite's hash function, stored in place.
using Hash = crypto::Digest;

/// The private key of a leaf's signatures, of any of the suites' schemes.
class SignatureKey {
  public:
    SignatureKey(crypto::SigningKey key);  // NOLINT(google-explicit-constructor): a leaf's own key.
    [[nodiscard]] static SignatureKey generate(CipherSuite suite, crypto::Random& random);
    /// RFC 8032's seed, or the private number in the curve's size.
    /// Errors: malformed (MLS-92) no private key of the suite's scheme.
    [[nodiscard]] static Result<SignatureKey> from_bytes(CipherSuite suite, ByteView private_key);

    [[nodiscard]] crypto::SignatureScheme scheme() const;
    [[nodiscard]] ByteView public_key() const;
    [[nodiscard]] SignatureKey clone() const;
    /// The bare primitive; only sign_with_label calls it.
    [[nodiscard]] Bytes sign_raw(ByteView message) const;

    /// Own records: uint16 scheme; opaque private_key<V>. Errors: those of from_bytes.
    static Result<SignatureKey> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;

  private:
    explicit SignatureKey(crypto::EcdsaKey key);
    [[nodiscard]] static Result<SignatureKey> of_scheme(crypto::SignatureScheme scheme,
                                                        ByteView private_key);

    std::variant<crypto::SigningKey, crypto::EcdsaKey> key_;
};

/// Errors: unsupported (MLS-02) a suite that this build does not have. Experimental ones it has.
[[nodiscard]] Result<CipherSuite> cipher_suite(std::uint16_t number);

[[nodiscard]] std::size_t hash_bytes(CipherSuite suite);  // KDF.Nh
[[nodiscard]] crypto::AeadId aead_of(CipherSuite suite);
[[nodiscard]] crypto::KemId kem_of(CipherSuite suite);
[[nodiscard]] crypto::HpkeSuite hpke_suite(CipherSuite suite);
[[nodiscard]] std::size_t aead_key_bytes(CipherSuite suite);  // AEAD.Nk
inline constexpr std::size_t kNonceBytes = crypto::kAeadNonceBytes;

[[nodiscard]] Hash hash(CipherSuite suite, ByteView data);
[[nodiscard]] Hash hash(CipherSuite suite, std::initializer_list<ByteView> parts);
/// The MAC function of the suite: HMAC.
[[nodiscard]] Hash mac(CipherSuite suite, ByteView key, ByteView data);

/// Section 5.2. Labels are written out: "MLS 1.0 KeyPackage Reference" and so on.
[[nodiscard]] Hash ref_hash(CipherSuite suite, std::string_view label, ByteView value);
[[nodiscard]] Hash key_package_ref(CipherSuite suite, ByteView key_package);
[[nodiscard]] Hash proposal_ref(CipherSuite suite, ByteView authenticated_content);

/// Section 8.
[[nodiscard]] SecretBytes extract(CipherSuite suite, ByteView salt, ByteView ikm);
[[nodiscard]] SecretBytes expand_with_label(CipherSuite suite,
                                            ByteView secret,
                                            std::string_view label,
                                            ByteView context,
                                            std::size_t size_bytes);
[[nodiscard]] SecretBytes derive_secret(CipherSuite suite, ByteView secret, std::string_view label);
/// Section 9.
[[nodiscard]] SecretBytes derive_tree_secret(CipherSuite suite,
                                             ByteView secret,
                                             std::string_view label,
                                             std::uint32_t generation,
                                             std::size_t size_bytes);

/// Section 5.1.2. Labels without the prefix "MLS 1.0 ". Precondition (checked): the key is of the
/// suite's scheme.
[[nodiscard]] Bytes sign_with_label(CipherSuite suite,
                                    const SignatureKey& key,
                                    std::string_view label,
                                    ByteView content);
/// Errors: bad_signature (`check`, the caller's row).
[[nodiscard]] Result<void> verify_with_label(CipherSuite suite,
                                             ByteView public_key,
                                             std::string_view label,
                                             ByteView content,
                                             ByteView signature,
                                             const char* check);

/// Section 5.1.3. Errors: malformed (CRY-07, CRY-08) a public key that cannot be used.
[[nodiscard]] Result<crypto::HpkeCiphertext> encrypt_with_label(CipherSuite suite,
                                                                ByteView public_key,
                                                                std::string_view label,
                                                                ByteView context,
                                                                ByteView plaintext,
                                                                crypto::Random& random);
/// What one label and context are encrypted under to many keys: hpke_seal takes it.
[[nodiscard]] crypto::HpkeInfo labelled_info(CipherSuite suite,
                                             std::string_view label,
                                             ByteView context);
/// Errors: cannot_open (`check`, the caller's row) whatever was wrong.
[[nodiscard]] Result<SecretBytes> decrypt_with_label(CipherSuite suite,
                                                     const crypto::HpkePrivateKey& key,
                                                     std::string_view label,
                                                     ByteView context,
                                                     ByteView kem_output,
                                                     ByteView ciphertext,
                                                     const char* check);

}  // namespace chatmcp::mls
