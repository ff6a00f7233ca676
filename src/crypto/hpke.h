#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/kem.h"
#include "crypto/random.h"

namespace chatmcp::crypto {

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
    /// Errors: malformed (CRY-06) unless 32 bytes.
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

/// SealBase, RFC 9180 section 6.1. The ephemeral key is DeriveKeyPair(32 bytes of `random`).
///
/// Errors: malformed (CRY-07) a key that is not 32 bytes, (CRY-08) one that gives an all-zero
///         secret (section 7.1.4).
[[nodiscard]] Result<HpkeCiphertext> hpke_seal(HpkeSuite suite,
                                               ByteView public_key,
                                               ByteView info,
                                               ByteView aad,
                                               ByteView plaintext,
                                               Random& random);
/// OpenBase. Errors: malformed (CRY-07, CRY-08) as above, of `enc`; cannot_open (CRY-01).
[[nodiscard]] Result<SecretBytes> hpke_open(HpkeSuite suite,
                                            const HpkePrivateKey& key,
                                            ByteView enc,
                                            ByteView info,
                                            ByteView aad,
                                            ByteView ciphertext);

}  // namespace chatmcp::crypto
