// Any input as a report of a GPU, as NVIDIA's file and as references: what is read keeps its
// limits, and nothing verifies under a root that signed none of it.
#include <cstddef>
#include <cstdint>

#include "attest/nvidia_gpu.h"
#include "base/check.h"

namespace {

using namespace chatmcp;

void check_verifies_nothing(const attest::NvidiaReport& report,
                            const attest::NvidiaCollateral& collateral) {
    attest::Certificate nobody;
    nobody.subject = as_bytes("nobody");
    constexpr UnixMs kAt{1'780'000'000'000};
    CHATMCP_CHECK(
        !attest::verify_nvidia_gpu(report, collateral, nobody, std::nullopt, kAt).has_value());
}

void take_report(ByteView input) {
    const auto report = attest::NvidiaReport::read(input);
    if (!report.has_value()) {
        return;
    }
    CHATMCP_CHECK(!report->measurements.empty());
    CHATMCP_CHECK(report->signed_part.size() + report->signature.size() == input.size());
    check_verifies_nothing(*report, {});
    check_verifies_nothing(*report, {.certificate_chain = input, .evidence_file = input});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    take_report(input);
    if (const auto devices = attest::read_nvidia_evidence(input); devices.has_value()) {
        CHATMCP_CHECK(devices->size() <= attest::kNvidiaDevicesMax);
        for (const attest::NvidiaEvidence& device : *devices) {
            take_report(device.report);
            if (const auto report = attest::NvidiaReport::read(device.report); report.has_value()) {
                check_verifies_nothing(*report, {.certificate_chain = {}, .evidence_file = input});
            }
        }
    }
    if (const auto references = attest::NvidiaReferences::read(input); references.has_value()) {
        CHATMCP_CHECK(!references->digests.empty());
    }
    return 0;
}
