#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "wire/evidence.h"

namespace chatmcp::tee {

/// What a platform knows about the program that runs on it, and what it can do.
struct PlatformFacts {
    std::string_view name;  // "simulated", as attest::kind_name.
    wire::Measurement measurement{};
    crypto::Sha256Digest configuration_digest{};
    bool has_sealing_key = false;       // Without one an enclave starts empty each time.
    bool has_rollback_counter = false;  // Without one a host can give old sealed state back.
    std::uint32_t sandbox_layers = 0;   // Bits of wire::SandboxLayer; 0 where there is no sandbox.
};

/// The trusted execution environment that a measured program runs in: evidence about itself, a key
/// that only this program gets again, and random bytes. One implementation per file.
///
/// One thread at a time.
class Platform {
  public:
    virtual ~Platform() = default;

    /// Fresh evidence over 64 bytes of our choice: a conceptual message (wire/cmw.h).
    /// Errors: those of the implementation. Cost: one round trip, blocks.
    [[nodiscard]] virtual Result<Bytes> evidence(const wire::ReportData& report_data) = 0;

    /// 32 bytes that the same measurement gets again after a restart on the same machine, and no
    /// other measurement ever. `context`: at most wire::kSealingContextMaxBytes; each has its own
    /// key.
    /// Errors: unsupported where facts().has_sealing_key is false.
    [[nodiscard]] virtual Result<SecretBytes> sealing_key(ByteView context) = 0;

    [[nodiscard]] virtual crypto::Random& random() = 0;

    [[nodiscard]] virtual const PlatformFacts& facts() const = 0;

  protected:
    Platform() = default;
    Platform(const Platform&) = default;
    Platform& operator=(const Platform&) = default;
};

}  // namespace chatmcp::tee
