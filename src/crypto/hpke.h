#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/random.h"

namespace chatmcp::crypto {

inline constexpr std::size_t kX25519Bytes = 32;

/// RFC 9180 suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and one of the AEADs. Base mode only.
struct HpkeSuite {
    AeadId aead = AeadId::chacha20_poly1305;
};

/// RFC 9180 section 4.1, DHKEM(X25519).
class HpkePrivateKey {
  public:
    [[nodiscard]] static HpkePrivateKey generate(Random& random);
    /// DeriveKeyPair(ikm), RFC 9180 section 7.1.3.
    [[nodiscard]] static HpkePrivateKey derive(ByteView ikm);
    /// Errors: malformed (CRY-..) unless 32 bytes.
    [[nodiscard]] static Result<HpkePrivateKey> from_bytes(ByteView private_key);

    [[nodiscard]] const ByteArray<kX25519Bytes>& public_key() const { return public_key_; }
    [[nodiscard]] ByteView bytes() const { return private_key_.view(); }
    [[nodiscard]] HpkePrivateKey clone() const;

  private:
    HpkePrivateKey(SecretBytes private_key, ByteArray<kX25519Bytes> public_key);

    SecretBytes private_key_;
    ByteArray<kX25519Bytes> public_key_{};
};

struct HpkeCiphertext {
    Bytes enc;         // Encapsulated key, 32 bytes.
    Bytes ciphertext;  // Plaintext size + 16 bytes.
};

/// SealBase, RFC 9180 section 6.1. Errors: malformed (CRY-..) for a key that is no public key or
/// gives an all-zero secret.
[[nodiscard]] Result<HpkeCiphertext> hpke_seal(HpkeSuite suite,
                                               ByteView public_key,
                                               ByteView info,
                                               ByteView aad,
                                               ByteView plaintext,
                                               Random& random);
/// OpenBase. Errors: malformed, cannot_open (CRY-..).
[[nodiscard]] Result<SecretBytes> hpke_open(HpkeSuite suite,
                                            const HpkePrivateKey& key,
                                            ByteView enc,
                                            ByteView info,
                                            ByteView aad,
                                            ByteView ciphertext);

}  // namespace chatmcp::crypto
