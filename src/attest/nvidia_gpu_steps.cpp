// NVIDIA GPUs and NVSwitches.
#include <string>
#include <utility>

#include "attest/kind_steps.h"
#include "crypto/hash.h"

namespace chatmcp::attest {
namespace {

Claims claims_of(NvidiaGpuClaims details) {
    Claims claims;
    claims.kind = Kind::nvidia_gpu;
    Bytes measured;
    for (const auto& [index, digest] : details.measurements) {
        append(measured, digest);
    }
    claims.measurement = crypto::sha256(measured);
    claims.report_data = to_bytes(details.nonce);
    claims.nonce = to_bytes(details.nonce);
    claims.host = details.device_serial;
    claims.details = std::move(details);
    return claims;
}

Factor judge_revocation(const NvidiaGpuClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::revocation;
    if (claims.revocation_checked) {
        return factor_pass(kId, "NVIDIA has not revoked the device's certificates.");
    }
    constexpr const char* kMeaning =
        "Nobody asked NVIDIA whether the device's certificates are revoked.";
    constexpr const char* kRemedy = "Ask NVIDIA's OCSP service for each of them.";
    return rules.without_revocation
               ? factor_not_proven(kId, kMeaning, kRemedy)
               : factor_fail(kId, {Errc::not_found, "ATT-78"}, kMeaning, kRemedy);
}

Factor judge_debug(const NvidiaGpuClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::debug;
    if (!claims.debug) {
        return factor_pass(kId, "Its firmware is not one for debugging.");
    }
    constexpr const char* kMeaning = "Its firmware is one for debugging.";
    return rules.debug ? factor_not_proven(kId, kMeaning)
                       : factor_fail(kId,
                                     {Errc::refused_by_policy, "ATT-76"},
                                     kMeaning,
                                     "Install production firmware.");
}

std::string indices_text(const std::vector<std::uint8_t>& indices) {
    std::string out;
    for (const std::uint8_t each : indices) {
        out += (out.empty() ? "" : ", ") + std::to_string(each);
    }
    return out;
}

Factor judge_measurements(const NvidiaGpuClaims& claims) {
    constexpr auto kId = FactorId::gpu_measurements;
    if (!claims.comparison.has_value()) {
        return factor_not_proven(kId,
                                 "No reference measurements were given to compare with.",
                                 "Put reference_measurements.json beside the report.");
    }
    const NvidiaComparison& found = *claims.comparison;
    if (!found.holds()) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-293"},
                           "Measurements differ or are missing: " + indices_text(found.differed) +
                               (found.differed.empty() || found.absent.empty() ? "" : ", ") +
                               indices_text(found.absent) + ".",
                           "Compare driver and VBIOS with those of the references.");
    }
    return factor_pass(
        kId, std::to_string(found.matched.size()) + " measurements are those of the references.");
}

void write_optional(JsonWriter& json, const char* name, const std::optional<std::string>& value) {
    if (value.has_value()) {
        json.text(name, *value);
    } else {
        json.null(name);
    }
}

}  // namespace

Result<Claims> verify_content(const NvidiaReport& report, const VerificationInput& input) {
    CHATMCP_TRY(const Certificate root, Certificate::read(input.roots.nvidia));
    const NvidiaCollateral collateral{.certificate_chain = input.bundle.file("chain.pem"),
                                      .evidence_file = input.bundle.file("evidence.json")};
    std::optional<NvidiaReferences> references;
    if (const auto file = input.bundle.file("reference_measurements.json"); file.has_value()) {
        CHATMCP_TRY(references, NvidiaReferences::read(*file));
    }
    CHATMCP_TRY(NvidiaGpuClaims details,
                verify_nvidia_gpu(report, collateral, root, references, input.at));
    return claims_of(std::move(details));
}

std::vector<Factor> judge_details(const NvidiaGpuClaims& details, const AppraisalInput& input) {
    const HardwarePolicy& rules = rules_or_strictest(input);
    std::vector<Factor> out = judge_hardware(input);
    out.push_back(factor_pass(FactorId::signature, "A device that NVIDIA's root names signed it."));
    out.push_back(factor_pass(FactorId::root, "The chain ends at NVIDIA's root."));
    out.push_back(factor_pass(FactorId::algorithms, "All signatures are ECDSA with P-384."));
    out.push_back(judge_revocation(details, rules));
    out.push_back(factor_pass(FactorId::collateral, "All certificates are there."));
    out.push_back(judge_debug(details, rules));
    out.push_back(judge_measurements(details));
    out.push_back(details.fwid_in_report
                      ? factor_pass(FactorId::boot_chain,
                                    "The report names the firmware that the key was made for.")
                      : factor_not_proven(FactorId::boot_chain,
                                          "The report does not name the firmware that the key was "
                                          "made for."));
    out.push_back(factor_not_proven(
        FactorId::gpu_binding,
        "That this GPU is the one of a protected guest only the guest can say, by evidence that "
        "is bound to this report's nonce."));
    out.push_back(factor_not_proven(FactorId::memory,
                                    "The GPU's memory is not encrypted; it lies in its package."));
    out.push_back(factor_not_proven(FactorId::physical,
                                    "Whoever holds the machine can attack the device itself."));
    return out;
}

void write_details(JsonWriter& json, const NvidiaGpuClaims& details) {
    json.text("device", details.device == NvidiaDevice::gpu ? "gpu" : "nvswitch");
    json.text("chip", details.chip);
    json.hex("device_serial", details.device_serial);
    json.hex("nonce", details.nonce);
    json.hex("responder_nonce", details.responder_nonce);
    json.number("number_of_measurement_blocks", details.measurements.size());
    json.begin_object("measurements");
    for (const auto& [index, digest] : details.measurements) {
        json.hex(std::to_string(index), digest);
    }
    json.end_object();
    write_optional(json, "driver_version", details.driver_version);
    write_optional(json, "vbios_version", details.vbios_version);
    json.hex("leaf_fwid", details.fwid);
    if (details.fwid_in_report) {
        json.hex("opaque_fwid", details.fwid);
    } else {
        json.null("opaque_fwid");
    }
    json.time("chain_ends_ms", details.chain_ends);
}

}  // namespace chatmcp::attest
