#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/random.h"
#include "tee/key_memory.h"
#include "tee/platform.h"

namespace chatmcp::tee {

/// Seals state that the untrusted host keeps: only the same measurement on the same machine opens
/// it, and only under the name that it was sealed under.
///
/// It says nothing about age: an old value under the same name opens, because no counter is bound
/// to it (PlatformFacts::has_rollback_counter). Whoever stores state must survive old state.
///
/// Wire:  uint8 version = 1; opaque salt[32]; opaque ciphertext[...] with its tag. The AEAD is
///        ChaCha20-Poly1305 with the one-time key HKDF-Expand(platform key, { opaque label<V> =
///        "ChatMCP sealed state 1"; opaque salt[32]; }, 32) and a nonce of zero: a random salt of
///        256 bits never repeats, a random nonce of 96 might. Associated data: { uint8 version;
///        opaque context<V>; opaque name<V>; }.
class Sealer {
  public:
    static constexpr std::size_t kOverheadBytes = 1 + 32 + 16;
    static constexpr std::size_t kPlaintextMaxBytes =
        std::size_t{16} * 1024 * 1024 - kOverheadBytes;

    /// One key per context ("client state", "enclave key"). Errors: those of
    /// Platform::sealing_key.
    [[nodiscard]] static Result<Sealer> open(Platform& platform, std::string_view context);

    /// Precondition (checked): at most kPlaintextMaxBytes.
    [[nodiscard]] Bytes seal(ByteView name, ByteView plaintext, crypto::Random& random) const;
    /// Errors: malformed (TEE-13) too short; too_large (TEE-14); unsupported_version (TEE-15);
    ///         cannot_open (TEE-16): another program's, machine's, context's or name's state, or a
    ///         changed one; which of them is not said.
    [[nodiscard]] Result<SecretBytes> unseal(ByteView name, ByteView sealed) const;

    [[nodiscard]] KeyMemory::Protection key_protection() const { return key_.protection(); }

  private:
    Sealer(std::string context, ByteView key) : context_(std::move(context)), key_(key) {}

    std::string context_;
    KeyMemory key_;
};

}  // namespace chatmcp::tee
