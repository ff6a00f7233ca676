#pragma once

#include <memory>

#include "tee/platform.h"
#include "wire/quoting.h"

namespace chatmcp::tee {

/// What chatmcp-simtee gives the measured program, by number; 0 to 2 are /dev/null, and there is
/// nothing else.
inline constexpr int kDoorFd = 3;           // Stream socket: frames with the host (wire/frames.h).
inline constexpr int kQuotingFd = 4;        // Stream socket: the quoting service (wire/quoting.h).
inline constexpr int kModelFd = 5;          // Sealed memory file, read-only: the model.
inline constexpr int kConfigurationFd = 6;  // Sealed memory file, read-only: the configuration.

/// The simulated platform: the launcher's quoting service at the other end of a socket. It protects
/// nothing against the machine's owner (docs/policy.md, factor `memory`).
class SimulatedPlatform final : public Platform {
  public:
    /// Asks the service who we are. The descriptor stays the caller's and must outlive the
    /// platform.
    ///
    /// Errors: io (TEE-10) the service is gone; malformed (TEE-01, TEE-11, WIRE-01..05, ATT-05..07)
    ///         its reply; wrong_key (TEE-12) a quote over something else than was asked.
    [[nodiscard]] static Result<std::unique_ptr<SimulatedPlatform>> connect(int quoting_fd);

    [[nodiscard]] Result<Bytes> evidence(const wire::ReportData& report_data) override;
    [[nodiscard]] Result<SecretBytes> sealing_key(ByteView context) override;
    [[nodiscard]] crypto::Random& random() override { return random_; }
    [[nodiscard]] const PlatformFacts& facts() const override { return facts_; }

  private:
    explicit SimulatedPlatform(int quoting_fd) : quoting_fd_(quoting_fd) {}
    [[nodiscard]] Result<wire::QuotingReply> ask(const wire::QuotingRequest& request);
    [[nodiscard]] Result<wire::SimulatedQuote> quote(const wire::ReportData& report_data);

    int quoting_fd_;
    crypto::SystemRandom random_;
    PlatformFacts facts_;
};

}  // namespace chatmcp::tee
