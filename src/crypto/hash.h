#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"

namespace chatmcp::crypto {

inline constexpr std::size_t kSha256Bytes = 32;
inline constexpr std::size_t kSha512Bytes = 64;
inline constexpr std::size_t kSha384Bytes = 48;
inline constexpr std::size_t kSha1Bytes = 20;
using Sha256Digest = ByteArray<kSha256Bytes>;
using Sha512Digest = ByteArray<kSha512Bytes>;

/// SHA-256 of the parts one after the other. Spec: FIPS 180-4.
[[nodiscard]] Sha256Digest sha256(ByteView data);
[[nodiscard]] Sha256Digest sha256(std::initializer_list<ByteView> parts);
[[nodiscard]] Sha512Digest sha512(ByteView data);
[[nodiscard]] Sha512Digest sha512(std::initializer_list<ByteView> parts);

/// SHA-1, for what TPMs still write with it; whoever can choose the data can find two with one
/// digest, so that nothing may rest on it alone. Spec: FIPS 180-4.
[[nodiscard]] ByteArray<kSha1Bytes> sha1(std::initializer_list<ByteView> parts);

/// The hash functions of RFC 9420's cipher suites (FIPS 180-4).
enum class HashId : std::uint8_t { sha256, sha384, sha512 };
[[nodiscard]] std::size_t hash_bytes(HashId id);

/// Output of any of them, stored in place.
class Digest {
  public:
    static constexpr std::size_t kMaxBytes = kSha512Bytes;
    Digest() = default;
    /// Precondition (checked): at most kMaxBytes.
    explicit Digest(ByteView bytes);
    [[nodiscard]] ByteView view() const { return {bytes_.data(), size_}; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] Bytes to_bytes() const { return Bytes(view().begin(), view().end()); }
    friend bool operator==(const Digest& a, const Digest& b) { return equal(a.view(), b.view()); }

  private:
    ByteArray<kMaxBytes> bytes_{};
    std::uint8_t size_ = 0;
};
[[nodiscard]] Digest hash(HashId id, ByteView data);
[[nodiscard]] Digest hash(HashId id, std::initializer_list<ByteView> parts);

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
