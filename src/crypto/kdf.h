#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"

namespace chatmcp::crypto {

/// HMAC-SHA-256. Spec: RFC 2104.
[[nodiscard]] Sha256Digest hmac_sha256(ByteView key, ByteView data);

/// HMAC. Spec: RFC 2104.
[[nodiscard]] Digest hmac(HashId id, ByteView key, ByteView data);

/// HKDF. Spec: RFC 5869. expand: size_bytes <= 255 * hash_bytes(id) (checked: programmer error
/// above).
[[nodiscard]] SecretBytes hkdf_extract(HashId id, ByteView salt, ByteView ikm);
[[nodiscard]] SecretBytes hkdf_expand(HashId id,
                                      ByteView prk,
                                      ByteView info,
                                      std::size_t size_bytes);

/// What makes a passphrase expensive to guess. Spec: RFC 7914.
struct ScryptParameters {
    std::uint64_t n = std::uint64_t{1} << 17;  // 128 MiB and about 0.3 s
    std::uint32_t r = 8;
    std::uint32_t p = 1;
};
/// 128 * n * r may be at most this much, so that a hostile file cannot ask for all memory.
inline constexpr std::uint64_t kScryptMemoryMaxBytes = std::uint64_t{256} * 1024 * 1024;
/// And p at most this much, so that it cannot ask for all time either.
inline constexpr std::uint32_t kScryptParallelMax = 16;

/// Errors: invalid_argument (CRY-02) if the parameters are out of range or RFC 7914 forbids them.
/// Cost:   128 * n * r bytes, and time in proportion to n * r * p.
[[nodiscard]] Result<SecretBytes> scrypt(ByteView passphrase,
                                         ByteView salt,
                                         const ScryptParameters& parameters,
                                         std::size_t size_bytes);

}  // namespace chatmcp::crypto
