#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/certificate.h"
#include "attest/nvidia_gpu_files.h"
#include "attest/nvidia_gpu_report.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

enum class NvidiaDevice : std::uint8_t { gpu, nvswitch };

using NvidiaDigest = ByteArray<kNvidiaDigestBytes>;
/// A number that NVIDIA gives each GPU and switch.
using NvidiaPdi = ByteArray<8>;

/// What a verifier has beside a report.
struct NvidiaCollateral {
    /// PEM, the certificate of the signing key first, the root last. Absent: that of the file
    /// below.
    std::optional<ByteView> certificate_chain;
    /// NVIDIA's file, as read_nvidia_evidence takes it; the report is one of its.
    std::optional<ByteView> evidence_file;
};

/// Measurements against the references of the caller, by index.
struct NvidiaComparison {
    std::vector<std::uint8_t> matched;
    std::vector<std::uint8_t> differed;
    std::vector<std::uint8_t> absent;   // A reference without a measurement.
    std::vector<std::uint8_t> unknown;  // A measurement without a reference.
    /// Every reference is met; measurements without one say nothing.
    [[nodiscard]] bool holds() const { return differed.empty() && absent.empty(); }
};

/// What a report claims, once it is verified.
struct NvidiaGpuClaims {
    NvidiaDevice device{};
    std::string chip;     // As in the certificate: "GH100", "GB100", "LS_10".
    Bytes device_serial;  // Serial number of the certificate of the device's own key.
    ByteArray<kSpdmNonceBytes> nonce{};
    ByteArray<kSpdmNonceBytes> responder_nonce{};
    std::map<std::uint8_t, NvidiaDigest> measurements;
    std::optional<std::string> driver_version;   // A switch has none.
    std::optional<std::string> vbios_version;    // For example "96.00.A5.00.01".
    std::optional<bool> nvdec0_enabled;          // Measurement 36 means nothing without it.
    std::optional<bool> protected_pcie_enabled;  // Several GPUs and switches as one.
    std::optional<NvidiaPdi> switch_pdi;         // Of this switch.
    std::vector<NvidiaPdi> linked_switch_pdis;   // Of a GPU, by link; zeros: none.
    std::vector<NvidiaPdi> linked_gpu_pdis;      // Of a switch, by port.
    NvidiaDigest fwid{};                         // Firmware that the signing key was made for.
    /// The report names the same firmware; early drivers and switches name none.
    bool fwid_in_report = false;
    bool debug = false;  // Of the firmware, as Blackwell's certificates say.
    /// Absent: nobody gave references, and nothing is proven about what the device runs.
    std::optional<NvidiaComparison> comparison;
    /// Always false: NVIDIA says by OCSP alone whether a device was revoked, and nobody asks here.
    bool revocation_checked = false;
    UnixMs chain_ends;
};

/// Verify a report by its certificates: chain of five to the root, dates and usages, the firmware
/// that the signing key belongs to, and the signature; and compare measurements with references.
/// Whether nonce, versions and measurements are good enough is the policy's to say.
///
/// `root`: NVIDIA's Device Identity CA, or a test's.
///
/// Errors: those of certificates_of_pem, Certificate::read, verify_chain and read_nvidia_evidence;
///         not_found (ATT-259) no chain; wrong_key (ATT-257) a file of another report, chain, nonce
///         or architecture, (ATT-248) a chain of another length or order, (ATT-252) a signing key
///         of another device's, (ATT-253) of other firmware; unsupported (ATT-249) a chain with
///         other signatures than of P-384 with SHA-384, (ATT-255) a device that is not known;
///         wrong_purpose (ATT-250) a certificate that is not for signing reports; malformed
///         (ATT-251) one that does not say for which firmware, (ATT-247) a field of opaque data;
///         bad_signature (ATT-254) the report.
/// Cost:   five signatures of P-384.
/// Spec:   DMTF DSP0274 1.1; TCG DICE Attestation Architecture 1.1 section 6.1; NVIDIA nvtrust.
[[nodiscard]] Result<NvidiaGpuClaims> verify_nvidia_gpu(
    const NvidiaReport& report,
    const NvidiaCollateral& collateral,
    const Certificate& root,
    const std::optional<NvidiaReferences>& references,
    UnixMs at);

}  // namespace chatmcp::attest
