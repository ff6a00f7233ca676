#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/kem.h"
#include "crypto/random.h"

namespace chatmcp::crypto {

/// RFC 9180 suite, base mode only: KEM, HKDF and AEAD.
struct HpkeSuite {
    KemId kem = KemId::x25519;
    HashId kdf = HashId::sha256;
    AeadId aead = AeadId::chacha20_poly1305;
};

/// A key pair of the KEM: RFC 9180 section 4.1 (DHKEM), xwing.h.
class HpkePrivateKey {
  public:
    [[nodiscard]] static HpkePrivateKey generate(KemId kem, Random& random);
    /// DeriveKeyPair(ikm), RFC 9180 section 7.1.3.
    [[nodiscard]] static HpkePrivateKey derive(KemId kem, ByteView ikm);
    /// Errors: malformed (CRY-06) unless is_kem_private_key.
    [[nodiscard]] static Result<HpkePrivateKey> from_bytes(KemId kem, ByteView private_key);

    [[nodiscard]] KemId kem() const { return kem_; }
    [[nodiscard]] const Bytes& public_key() const { return public_key_; }
    [[nodiscard]] ByteView bytes() const { return private_key_.view(); }
    [[nodiscard]] HpkePrivateKey clone() const;

  private:
    HpkePrivateKey(KemId kem, SecretBytes private_key, Bytes public_key);

    KemId kem_;
    SecretBytes private_key_;
    Bytes public_key_;
};

/// The part of a key schedule that depends on suite and `info` alone: made once where one `info`
/// is sealed to many. Spec: RFC 9180 section 5.1, key_schedule_context.
class HpkeInfo {
  public:
    HpkeInfo(HpkeSuite suite, ByteView info);

    [[nodiscard]] const HpkeSuite& suite() const { return suite_; }
    [[nodiscard]] const Bytes& context() const { return context_; }

  private:
    HpkeSuite suite_;
    Bytes context_;
};

struct HpkeCiphertext {
    Bytes enc;         // Encapsulated key, kem_encapsulated_bytes.
    Bytes ciphertext;  // Plaintext size + 16 bytes.
};

/// SealBase, RFC 9180 section 6.1. The ephemeral key is DeriveKeyPair(kem_private_bytes of
/// `random`); X-Wing takes its randomness as it is.
///
/// Errors: those of kem_dh or xwing_encapsulate, of the public key.
[[nodiscard]] Result<HpkeCiphertext> hpke_seal(HpkeSuite suite,
                                               ByteView public_key,
                                               ByteView info,
                                               ByteView aad,
                                               ByteView plaintext,
                                               Random& random);
/// The same with an `info` that was prepared.
[[nodiscard]] Result<HpkeCiphertext> hpke_seal(
    const HpkeInfo& info, ByteView public_key, ByteView aad, ByteView plaintext, Random& random);
/// OpenBase. Precondition (checked): the key is of the suite's KEM.
/// Errors: those of kem_dh or xwing_decapsulate, of `enc`; cannot_open (CRY-01).
[[nodiscard]] Result<SecretBytes> hpke_open(HpkeSuite suite,
                                            const HpkePrivateKey& key,
                                            ByteView enc,
                                            ByteView info,
                                            ByteView aad,
                                            ByteView ciphertext);

struct HpkeExport {
    Bytes enc;
    SecretBytes secret;
};
/// SendExport, RFC 9180 section 6.2: a secret of `size_bytes` that the key's owner derives from
/// `enc`. Errors: as hpke_seal.
[[nodiscard]] Result<HpkeExport> hpke_send_export(HpkeSuite suite,
                                                  ByteView public_key,
                                                  ByteView info,
                                                  ByteView exporter_context,
                                                  std::size_t size_bytes,
                                                  Random& random);
/// ReceiveExport. Precondition (checked): the key is of the suite's KEM. Errors: as hpke_open's of
/// `enc`.
[[nodiscard]] Result<SecretBytes> hpke_receive_export(HpkeSuite suite,
                                                      const HpkePrivateKey& key,
                                                      ByteView enc,
                                                      ByteView info,
                                                      ByteView exporter_context,
                                                      std::size_t size_bytes);

}  // namespace chatmcp::crypto
