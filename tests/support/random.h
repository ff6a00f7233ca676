#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "crypto/random.h"

namespace chatmcp::testing {

/// The same bytes for the same seed, on every machine: SHA-256 of seed and counter. For tests only:
/// everybody knows the seed.
class SeededRandom final : public crypto::Random {
  public:
    explicit SeededRandom(std::uint64_t seed) : seed_(seed) {}
    void fill(std::span<std::uint8_t> out) override;

    /// A number below `bound`, which is not 0; slightly uneven, which no test minds.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);

  private:
    std::uint64_t seed_;
    std::uint64_t counter_ = 0;
};

/// Exactly these bytes, in order; asking for more ends the process. For vectors that record what
/// their maker drew.
class RecordedRandom final : public crypto::Random {
  public:
    explicit RecordedRandom(Bytes bytes) : bytes_(std::move(bytes)) {}
    void fill(std::span<std::uint8_t> out) override;
    [[nodiscard]] bool used_up() const { return position_ == bytes_.size(); }

  private:
    Bytes bytes_;
    std::size_t position_ = 0;
};

}  // namespace chatmcp::testing
