#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

inline constexpr std::size_t kNvidiaReportMaxBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kNvidiaDigestBytes = 48;
inline constexpr std::size_t kNvidiaSignatureBytes = 96;
inline constexpr std::size_t kSpdmNonceBytes = 32;
inline constexpr std::size_t kSpdmOpaqueMaxBytes = 1024;  // DSP0274 1.1, MEASUREMENTS.

/// What NVIDIA's devices write into the opaque data of a response, by its number.
/// Spec: NVIDIA attestation-sdk, GpuOpaqueDataType and SwitchOpaqueDataType.
enum class NvidiaField : std::uint16_t {
    driver_version = 3,
    vbios_version = 6,
    nvdec0_status = 11,
    fwid = 20,
    protected_pcie_status = 21,
    pdi = 22,  // Of a switch: its own. Of a GPU: those of the switches at its links.
    switch_gpu_pdis = 26,
};

/// One measurement: SHA-384 of what the device runs or is set to.
struct NvidiaMeasurement {
    std::uint8_t index = 0;  // As SPDM counts, from 1; NVIDIA's manifests count from 0.
    ByteView digest;
};

struct NvidiaOpaqueField {
    std::uint16_t number = 0;
    ByteView data;
};

/// What a GPU or NVSwitch answered: the request GET_MEASUREMENTS and the response MEASUREMENTS to
/// it. It borrows the bytes that it was read from, which outlive it. Nothing in it has been
/// verified.
///
/// Wire: little-endian; request 37 bytes, response 8 bytes, measurement record, nonce, opaque data,
///       signature.
/// Spec: DMTF DSP0274 1.1 sections 10.11.1 and 10.11.2.
struct NvidiaReport {
    ByteView bytes;
    ByteView signed_part;  // Everything before the signature, the request too.
    ByteView signature;    // r || s
    ByteArray<kSpdmNonceBytes> nonce{};
    ByteArray<kSpdmNonceBytes> responder_nonce{};
    std::vector<NvidiaMeasurement> measurements;  // By ascending index.
    std::vector<NvidiaOpaqueField> opaque;        // In the order of the response.

    /// Errors: malformed (ATT-56) it ends early; too_large (ATT-240) the report, opaque data;
    ///         trailing_bytes (ATT-241) something after the signature; unsupported (ATT-242)
    ///         another request than for all measurements with a signature, (ATT-243) another
    ///         response; malformed (ATT-244) a measurement block; invalid_argument (ATT-246) an
    ///         index out of order, a field of opaque data twice; malformed (ATT-245) opaque data.
    [[nodiscard]] static Result<NvidiaReport> read(ByteView bytes);

    [[nodiscard]] std::optional<ByteView> find(NvidiaField field) const;
};

}  // namespace chatmcp::attest
