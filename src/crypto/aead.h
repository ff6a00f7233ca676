#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace chatmcp::crypto {

/// RFC 9180 section 7.3 numbers.
enum class AeadId : std::uint16_t { aes_128_gcm = 1, aes_256_gcm = 2, chacha20_poly1305 = 3 };

inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;
[[nodiscard]] std::size_t aead_key_bytes(AeadId id);

/// One key, ready for use; a nonce must never be used twice with it.
///
/// Cost: seal and open allocate their output and nothing else.
class Aead {
  public:
    /// Precondition (checked): key has aead_key_bytes(id) bytes.
    Aead(AeadId id, ByteView key);
    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;
    Aead(const Aead&) = delete;
    Aead& operator=(const Aead&) = delete;
    ~Aead();

    /// ciphertext || tag. Precondition (checked) of all: nonce has kAeadNonceBytes bytes.
    [[nodiscard]] Bytes seal(ByteView nonce, ByteView aad, ByteView plaintext) const;
    /// Errors: cannot_open (CRY-01): wrong key, nonce, aad or bytes; which of them is not said.
    [[nodiscard]] Result<Bytes> open(ByteView nonce, ByteView aad, ByteView ciphertext) const;
    /// The same for a plaintext that is secret by itself (keys, seeds).
    [[nodiscard]] Result<SecretBytes> open_secret(ByteView nonce,
                                                  ByteView aad,
                                                  ByteView ciphertext) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The same as an Aead that is used once, without allocating one. Preconditions as there.
[[nodiscard]] Bytes aead_seal(
    AeadId id, ByteView key, ByteView nonce, ByteView aad, ByteView plaintext);
/// Errors: cannot_open (CRY-01).
[[nodiscard]] Result<Bytes> aead_open(
    AeadId id, ByteView key, ByteView nonce, ByteView aad, ByteView ciphertext);
[[nodiscard]] Result<SecretBytes> aead_open_secret(
    AeadId id, ByteView key, ByteView nonce, ByteView aad, ByteView ciphertext);

}  // namespace chatmcp::crypto
