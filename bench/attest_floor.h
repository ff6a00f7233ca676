#pragma once

#include <array>
#include <cstddef>

#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "base/bytes.h"

namespace chatmcp::bench {

/// How many signatures of each kind a verification cannot do without.
struct SignatureCounts {
    std::size_t p256 = 0;     // With SHA-256.
    std::size_t p384 = 0;     // With SHA-384.
    std::size_t rsa2048 = 0;  // RSASSA-PKCS1-v1_5 with SHA-256, as virtual TPMs sign.
    std::size_t rsa4096 = 0;  // RSASSA-PSS with SHA-384, as AMD signs.
};

/// What verifying evidence costs at least: the bare calls of AWS-LC for its signatures, one after
/// the other, over messages of a certificate's size, with keys and signatures that were parsed
/// before, and nothing between them: no parsing, no comparison, no allocation but AWS-LC's own.
class SignatureFloor {
  public:
    SignatureFloor();

    /// By several threads at a time, if they like.
    void verify(const SignatureCounts& counts) const;

  private:
    struct Ecdsa {
        bssl::UniquePtr<EC_KEY> key;
        bssl::UniquePtr<ECDSA_SIG> signature;
    };
    static Ecdsa make_ecdsa(int curve, ByteView digest);
    static bssl::UniquePtr<RSA> make_rsa(int bits);

    Bytes message_;
    Ecdsa p256_;
    Ecdsa p384_;
    bssl::UniquePtr<RSA> rsa2048_;
    bssl::UniquePtr<RSA> rsa4096_;
    std::array<std::uint8_t, 256> rsa2048_signature_{};
    std::array<std::uint8_t, 512> rsa4096_signature_{};
};

}  // namespace chatmcp::bench
