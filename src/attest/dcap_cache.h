#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "attest/dcap.h"
#include "attest/dcap_platform.h"
#include "base/bytes.h"

namespace chatmcp::attest {

/// Verifies quotes as verify_dcap does, and remembers platforms that verified: their PCK chain and
/// collateral, whose signatures are then not verified again. Remembered is only what is the same
/// byte for byte, root included, and it holds only at times at which all of it is valid. For one
/// thread: each thread of a service has one of its own.
///
/// Limits: `platforms_max` platforms of at most kInputsMaxBytes each; the one that was not used for
///         the longest time makes room. What is larger is verified and not remembered.
class DcapCache {
  public:
    static constexpr std::size_t kPlatformsMax = 64;
    static constexpr std::size_t kInputsMaxBytes = std::size_t{128} * 1024;

    /// Precondition (checked): 1 or more.
    explicit DcapCache(std::size_t platforms_max = kPlatformsMax);

    /// Errors: as verify_dcap.
    /// Cost:   two signatures for a platform that is remembered, else as verify_dcap.
    [[nodiscard]] Result<DcapClaims> verify(const DcapQuote& quote,
                                            const DcapCollateral& collateral,
                                            const Certificate& root,
                                            UnixMs at);
    /// How many platforms are remembered.
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    // PCK chain, root and the seven files of the collateral.
    using Inputs = std::array<std::optional<ByteView>, 9>;
    struct Entry {
        std::array<std::optional<Bytes>, std::tuple_size_v<Inputs>> inputs;
        DcapPlatform platform;
        std::uint64_t used = 0;  // By turn.
    };
    static Inputs inputs_of(const DcapQuote& quote,
                            const DcapCollateral& collateral,
                            const Certificate& root);
    /// Null when they are not remembered.
    [[nodiscard]] Entry* find(const Inputs& inputs);
    void remember(const Inputs& inputs, DcapPlatform platform);

    const std::size_t platforms_max_;
    std::vector<Entry> entries_;
    std::uint64_t turn_ = 0;
};

}  // namespace chatmcp::attest
