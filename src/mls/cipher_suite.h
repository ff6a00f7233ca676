#pragma once

#include <initializer_list>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "mls/types.h"

namespace chatmcp::mls {

/// What RFC 9420 derives with a cipher suite's algorithms (sections 5.1, 5.2 and 8). Suites 1 and 3
/// differ in the AEAD alone.

/// Output of the suite's hash function, stored in place.
class Hash {
  public:
    static constexpr std::size_t kMaxBytes = 64;
    Hash() = default;
    explicit Hash(ByteView bytes);
    [[nodiscard]] ByteView view() const { return {bytes_.data(), size_}; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] Bytes to_bytes() const { return Bytes(view().begin(), view().end()); }
    friend bool operator==(const Hash& a, const Hash& b) { return equal(a.view(), b.view()); }

  private:
    ByteArray<kMaxBytes> bytes_{};
    std::uint8_t size_ = 0;
};

/// Errors: unsupported (MLS-02) a suite that this build does not have.
[[nodiscard]] Result<CipherSuite> cipher_suite(std::uint16_t number);

[[nodiscard]] std::size_t hash_bytes(CipherSuite suite);  // KDF.Nh
[[nodiscard]] crypto::AeadId aead_of(CipherSuite suite);
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

/// Section 5.1.2. Labels without the prefix "MLS 1.0 ".
[[nodiscard]] Bytes sign_with_label(CipherSuite suite,
                                    const crypto::SigningKey& key,
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
/// Errors: cannot_open (`check`, the caller's row) whatever was wrong.
[[nodiscard]] Result<SecretBytes> decrypt_with_label(CipherSuite suite,
                                                     const crypto::HpkePrivateKey& key,
                                                     std::string_view label,
                                                     ByteView context,
                                                     ByteView kem_output,
                                                     ByteView ciphertext,
                                                     const char* check);

}  // namespace chatmcp::mls
