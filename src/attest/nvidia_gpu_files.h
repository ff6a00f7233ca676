#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "attest/nvidia_gpu_report.h"
#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

inline constexpr std::size_t kNvidiaEvidenceFileMaxBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kNvidiaDevicesMax = 64;
inline constexpr std::size_t kNvidiaReferencesFileMaxBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kNvidiaDigestsPerIndexMax = 64;

/// One device of the file that NVIDIA's tools write. Nothing in it has been verified.
struct NvidiaEvidence {
    std::string arch;                    // "HOPPER", "BLACKWELL" or "LS10".
    Bytes report;                        // As NvidiaReport::read takes it.
    Bytes certificate_chain;             // PEM
    ByteArray<kSpdmNonceBytes> nonce{};  // What was asked with.
};

/// All devices of such a file: an array of objects of "arch", "certificate" and "evidence" (both
/// base64) and "nonce" (hexadecimal).
///
/// Errors: those of parse_json; BASE-01, BASE-02, BASE-03; too_large (ATT-240); malformed (ATT-256)
///         another form.
/// Spec:   NVIDIA attestation-sdk, serialized evidence.
[[nodiscard]] Result<std::vector<NvidiaEvidence>> read_nvidia_evidence(ByteView json);

/// Which digests a verifier accepts for which measurement: those of the driver's and the VBIOS's
/// reference manifests, or of machines that somebody has looked at. Data, not code; whoever brings
/// it answers for it.
struct NvidiaReferences {
    /// By index as SPDM counts, from 1.
    std::map<std::uint8_t, std::vector<ByteArray<kNvidiaDigestBytes>>> digests;

    /// `{"version": 1, "measurements": {"2": ["<96 hexadecimal digits>", ...], ...}}`
    ///
    /// Errors: those of parse_json; BASE-01, BASE-06; too_large (ATT-240); malformed (ATT-258)
    ///         another form, an index that is none, no index or no digest at all.
    [[nodiscard]] static Result<NvidiaReferences> read(ByteView json);
};

}  // namespace chatmcp::attest
