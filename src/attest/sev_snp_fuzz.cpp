// Any input as every part of an SEV-SNP verification: report, certificates, certificate table and
// revocation list, at any time. Without AMD's keys nothing may verify.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "attest/sev_snp.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    using attest::SignedSnpReport;
    const ByteView input(data, size);
    const ByteView first = input.first(std::min(size, SignedSnpReport::kBytes));
    const auto report = SignedSnpReport::read(first);
    if (!report.has_value()) {
        return 0;
    }
    const ByteView rest = input.subspan(first.size());
    UnixMs at;
    for (const std::uint8_t byte : rest.first(std::min<std::size_t>(rest.size(), 5))) {
        at.value = at.value * 256 + byte;
    }
    for (const bool table : {false, true}) {
        attest::SnpCollateral collateral;
        if (table) {
            collateral.certificate_table = rest;
        } else {
            collateral.certificates = {rest};
        }
        collateral.ark_crl = rest;
        CHATMCP_CHECK(!attest::verify_sev_snp(*report, collateral, {}, at).has_value());
    }
    return 0;
}
