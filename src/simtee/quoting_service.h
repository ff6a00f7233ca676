#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "simtee/development_root.h"
#include "wire/frames.h"
#include "wire/quoting.h"

namespace chatmcp::simtee {

/// What the launcher knows about the program that it started, and signs.
struct LaunchedProgram {
    wire::MeasuredDigests digests;
    std::uint32_t sandbox_layers = 0;
};

/// The quoting service of one launched program. Nothing that the program says changes what is said
/// about it: measurement, layers and time are the launcher's.
class QuotingService {
  public:
    QuotingService(const DevelopmentRoot& root, const LaunchedProgram& program, const Clock& clock)
        : root_(root), program_(program), clock_(clock) {}

    /// One request, one reply (both without the frame's length).
    /// Errors: those of wire::decode_quoting_request.
    [[nodiscard]] Result<SecretBytes> answer(ByteView request) const;

    /// Bytes that came from the program; the framed replies to all whole requests in them.
    /// Errors: also FRM-01, FRM-02. Afterwards the program must be ended: nothing that follows can
    ///         be told apart.
    [[nodiscard]] Result<SecretBytes> receive(ByteView received);

  private:
    [[nodiscard]] wire::SimulatedQuote quote(const wire::ReportData& report_data) const;

    const DevelopmentRoot& root_;
    const LaunchedProgram& program_;
    const Clock& clock_;
    wire::FrameAssembler frames_{wire::kQuotingFrameMaxBytes};
};

}  // namespace chatmcp::simtee
