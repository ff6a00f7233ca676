#pragma once

#include <span>

#include "base/bytes.h"
#include "base/secret.h"

namespace chatmcp::crypto {

/// Where random bytes come from: an argument everywhere, so that vectors and fuzz runs can be
/// repeated.
class Random {
  public:
    virtual ~Random() = default;
    /// Fills all of `out`. Cannot fail: a system without randomness ends the process.
    virtual void fill(std::span<std::uint8_t> out) = 0;

    [[nodiscard]] SecretBytes secret(std::size_t size_bytes);
    template <std::size_t N>
    [[nodiscard]] ByteArray<N> array() {
        ByteArray<N> out;
        fill(out);
        return out;
    }

  protected:
    Random() = default;
    Random(const Random&) = default;
    Random& operator=(const Random&) = default;
};

/// AWS-LC's generator, seeded by the operating system (in WebAssembly: by the host's cryptographic
/// source).
class SystemRandom final : public Random {
  public:
    void fill(std::span<std::uint8_t> out) override;
};

/// Random bytes that are derived (HKDF-Expand, SHA-256) from 32 drawn ones: for work that another
/// thread does than the one whose generator it is. Nobody else may learn the seed.
class DerivedRandom final : public Random {
  public:
    static constexpr std::size_t kSeedBytes = 32;
    /// Precondition (checked): kSeedBytes.
    explicit DerivedRandom(SecretBytes seed);
    void fill(std::span<std::uint8_t> out) override;

  private:
    SecretBytes seed_;
    std::uint32_t calls_ = 0;
};

}  // namespace chatmcp::crypto
