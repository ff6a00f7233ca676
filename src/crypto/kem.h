#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace chatmcp::crypto {

inline constexpr std::size_t kX25519Bytes = 32;

/// The public key of 32 private bytes (checked). Spec: RFC 7748 section 6.1.
[[nodiscard]] ByteArray<kX25519Bytes> x25519_public_key(ByteView private_key);

/// Diffie-Hellman, the DH() of RFC 9180 section 4.1. Precondition (checked): both have 32 bytes.
///
/// Errors: malformed (CRY-08) the result is all zero (RFC 9180 section 7.1.4): the other side sent
///         a point of small order, and everybody knows the "secret".
[[nodiscard]] Result<SecretBytes> x25519(ByteView private_key, ByteView public_key);

}  // namespace chatmcp::crypto
