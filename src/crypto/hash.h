#pragma once

#include <initializer_list>

#include "base/bytes.h"

namespace chatmcp::crypto {

inline constexpr std::size_t kSha256Bytes = 32;
inline constexpr std::size_t kSha512Bytes = 64;
using Sha256Digest = ByteArray<kSha256Bytes>;
using Sha512Digest = ByteArray<kSha512Bytes>;

/// SHA-256 of the parts one after the other. Spec: FIPS 180-4.
[[nodiscard]] Sha256Digest sha256(ByteView data);
[[nodiscard]] Sha256Digest sha256(std::initializer_list<ByteView> parts);
[[nodiscard]] Sha512Digest sha512(ByteView data);
[[nodiscard]] Sha512Digest sha512(std::initializer_list<ByteView> parts);

/// SHA-256 of data that arrives in pieces (files, model weights).
class Sha256 {
  public:
    Sha256();
    void update(ByteView data);
    /// The digest so far; the object must not be used afterwards.
    [[nodiscard]] Sha256Digest finish();

  private:
    alignas(8) ByteArray<112> state_;  // AWS-LC's SHA256_CTX; size asserted in hash.cpp.
};

}  // namespace chatmcp::crypto
