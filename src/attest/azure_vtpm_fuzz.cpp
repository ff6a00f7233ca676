// Any input as evidence of a confidential VM, its paravisor's report and its runtime data: what is
// read keeps its limits, and nothing verifies without the makers' roots.
#include <cstddef>
#include <cstdint>

#include "attest/azure_vtpm.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    if (const auto report = attest::HclReport::read(input); report.has_value()) {
        CHATMCP_CHECK(report->runtime_data.size() <= attest::HclReport::kMaxBytes);
        static_cast<void>(attest::AzureRuntimeData::read(as_text(report->runtime_data)));
    }
    static_cast<void>(attest::AzureRuntimeData::read(as_text(input)));
    if (const auto evidence = attest::AzureEvidence::read(as_text(input)); evidence.has_value()) {
        CHATMCP_CHECK(evidence->pcrs.at(attest::TpmHash::sha256).size() <= attest::kTpmPcrsMax);
        CHATMCP_CHECK(
            !attest::verify_azure_vtpm(*evidence, {}, {}, UnixMs{1'800'000'000'000}).has_value());
    }
    return 0;
}
