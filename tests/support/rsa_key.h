#pragma once

#include <memory>

#include "base/bytes.h"
#include "crypto/verification_key.h"

namespace chatmcp::testing {

/// An RSA key of 2048 bits, as TPMs have them; generated anew, so that no test can rest on it.
class RsaKey {
  public:
    RsaKey();
    RsaKey(RsaKey&&) noexcept;
    RsaKey& operator=(RsaKey&&) = delete;
    RsaKey(const RsaKey&) = delete;
    RsaKey& operator=(const RsaKey&) = delete;
    ~RsaKey();

    [[nodiscard]] Bytes modulus() const;
    [[nodiscard]] Bytes spki() const;
    /// Precondition (checked): an algorithm of RSA with SHA-1 or SHA-256.
    [[nodiscard]] Bytes sign(crypto::SignatureAlgorithm algorithm, ByteView message) const;

  private:
    struct Key;
    std::unique_ptr<Key> key_;
};

}  // namespace chatmcp::testing
