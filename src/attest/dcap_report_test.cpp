#include "attest/dcap_report.h"

#include <set>

#include <gtest/gtest.h>

#include "support/dcap_case.h"

namespace chatmcp::attest {
namespace {

using testing::dcap_cases;
using testing::DcapCase;

FactorReport report_of(const DcapCase& each) {
    return inspect_dcap(
        each.quote, each.collateral(), builtin_roots(), each.verify_at().value_or(UnixMs{}));
}

std::set<std::string> refusals(const FactorReport& report) {
    std::set<std::string> out;
    for (const Factor& factor : report.factors) {
        if (factor.error.has_value()) {
            out.insert(factor.error->check);
        }
    }
    return out;
}

TEST(DcapReport, OnlyTheKindIsRefusedWhereAStrictPolicyWouldAccept) {
    int strict = 0;
    for (const DcapCase& each : dcap_cases()) {
        SCOPED_TRACE(each.name());
        const FactorReport report = report_of(each);
        EXPECT_FALSE(report.accepted);
        EXPECT_EQ(report.claims.has_value(), each.expected().boolean("verifies"));
        if (report.claims.has_value()) {
            EXPECT_EQ(report.factors.size(), static_cast<std::size_t>(FactorId::unmeasured) + 1);
        }
        const bool only_kind = refusals(report) == std::set<std::string>{"ATT-74"};
        EXPECT_EQ(only_kind, each.expected().boolean("strict_policy_accepts"));
        strict += only_kind ? 1 : 0;
    }
    EXPECT_EQ(strict, 7);
}

TEST(DcapReport, WhatIsMissingOrBehindIsNamed) {
    const auto of = [](const char* kind, const char* name) {
        return refusals(report_of(DcapCase(kind, name)));
    };
    using Names = std::set<std::string>;
    EXPECT_EQ(of("sgx", "fortanix-chain-only-2020"),
              (Names{"ATT-74", "ATT-76", "ATT-77", "ATT-78"}));
    EXPECT_EQ(of("sgx", "oasis-no-crls-2022-12"), (Names{"ATT-74", "ATT-75", "ATT-78"}));
    EXPECT_EQ(of("tdx", "trustee-v4-debug-td-2023-06"), (Names{"ATT-74", "ATT-76"}));
    EXPECT_EQ(of("sgx", "tampered-report-data"), Names{"ATT-59"});
}

TEST(DcapReport, ClaimsSayWhichProgramAndWhatItIsBoundTo) {
    const FactorReport sgx = report_of(DcapCase("sgx", "phala-processor-ca-2025"));
    EXPECT_EQ(sgx.claims->kind, Kind::sgx);
    EXPECT_EQ(to_hex(sgx.claims->measurement),
              "33d8736db756ed4997e04ba358d27833188f1932ff7b1d156904d3f560452fbb");
    EXPECT_EQ(as_text(ByteView(sgx.claims->report_data).first(13)), "Hello, world!");
    EXPECT_FALSE(sgx.claims->issued.has_value());
    const FactorReport tdx = report_of(DcapCase("tdx", "dstack-v4-uptodate-2026-02"));
    EXPECT_EQ(tdx.claims->kind, Kind::tdx);
    DcapCase other("tdx", "google-cos-v4-uptodate-2025-07");
    EXPECT_NE(report_of(other).claims->measurement, tdx.claims->measurement);
}

TEST(DcapReport, AQuoteIsKnownByItsBeginning) {
    EXPECT_TRUE(is_dcap_quote(DcapCase("sgx", "phala-processor-ca-2025").quote));
    EXPECT_TRUE(is_dcap_quote(DcapCase("tdx", "google-v5-uptodate-2026-02").quote));
    EXPECT_FALSE(is_dcap_quote({}));
    EXPECT_FALSE(is_dcap_quote(Bytes(100, 3)));
}

}  // namespace
}  // namespace chatmcp::attest
