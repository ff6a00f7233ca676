#include "attest/collateral_request.h"

#include <gtest/gtest.h>

#include "attest/dcap_collateral.h"
#include "support/evidence_case.h"

namespace chatmcp::attest {
namespace {

using testing::EvidenceCase;

std::vector<CollateralRequest> requests_of(const std::string& name) {
    const auto requests = collateral_requests(EvidenceCase(name).bundle());
    EXPECT_TRUE(requests.has_value()) << name << ": " << requests.error().check;
    return requests.value_or(std::vector<CollateralRequest>());
}

std::string paths(const std::string& name) {
    std::string out;
    for (const CollateralRequest& request : requests_of(name)) {
        out += request.path + " ";
    }
    return out;
}

TEST(CollateralRequests, OfAQuoteNameItsPlatform) {
    const EvidenceCase tdx("tdx/phala-v4-uptodate-2025-06");
    const EvidenceBundle bundle = tdx.bundle();
    const auto body = SignedJson::read(as_text(*bundle.file("tcb_info.json")), "tcbInfo");
    const auto info = TcbInfo::read(body->body);
    const auto requests = requests_of(tdx.name());
    ASSERT_EQ(requests.size(), 4u);
    EXPECT_EQ(requests[0].path, "/tdx/certification/v4/tcb?fmspc=" + to_hex(info->fmspc));
    EXPECT_EQ(requests[1].path, "/tdx/certification/v4/qe/identity");
    EXPECT_EQ(requests[2].path, "/sgx/certification/v4/pckcrl?ca=platform&encoding=der");
    EXPECT_EQ(requests[3].path, "/IntelSGXRootCA.der");
    EXPECT_EQ(requests[3].service, CollateralService::intel_root);
    EXPECT_EQ(requests[3].cache_path, "/sgx/certification/v4/rootcacrl");
    // Everything that the corpus has beside it is asked for.
    for (const auto& [file, content] : bundle.beside) {
        EXPECT_TRUE(std::ranges::any_of(requests, [&](const CollateralRequest& request) {
            return request.file == file || request.chain_file == file;
        })) << file;
    }
}

TEST(CollateralRequests, EveryQuoteThatVerifiesHasThem) {
    for (const EvidenceCase& each : testing::evidence_cases()) {
        const bool quote = each.kind() == Kind::sgx || each.kind() == Kind::tdx;
        if (!quote || !each.expected().at("verifies").get<bool>()) {
            continue;
        }
        EXPECT_EQ(requests_of(each.name()).size(), 4u) << each.name();
    }
}

TEST(CollateralRequests, OfAReportNameChipAndTcb) {
    const std::string of_report = paths("sev-snp/veraison-genoa-tsm-v3");
    EXPECT_TRUE(of_report.starts_with("/vcek/v1/Genoa/")) << of_report;
    EXPECT_TRUE(of_report.contains("?blSPL=")) << of_report;
    EXPECT_TRUE(of_report.contains("/vcek/v1/Genoa/cert_chain /vcek/v1/Genoa/crl ")) << of_report;
    const std::string turin = paths("sev-snp/microsoft-turin-v5");
    EXPECT_TRUE(turin.starts_with("/vcek/v1/Turin/")) << turin;
    EXPECT_TRUE(turin.contains("?fmcSPL=")) << turin;
    EXPECT_EQ(turin.find('?'), std::string("/vcek/v1/Turin/").size() + 16) << turin;
    const std::string vlek = paths("sev-snp/trustee-milan-v3-vlek");
    EXPECT_EQ(vlek, "/vlek/v1/Milan/cert_chain /vlek/v1/Milan/crl ");
}

TEST(CollateralRequests, AreRefusedWhereNobodyCanBeAsked) {
    const auto check_of = [](const std::string& name) {
        const auto requests = collateral_requests(EvidenceCase(name).bundle());
        return requests.has_value() ? std::string("ok") : requests.error().check;
    };
    EXPECT_EQ(check_of("nitro/nautilus-2025"), "ATT-299");
    // Version 2 does not say what processor it is of.
    EXPECT_EQ(check_of("sev-snp/google-milan-v2-debug"), "ATT-115");
}

TEST(CollateralRequests, RevocationListsMayComeInHexadecimal) {
    CollateralRequest request;
    request.file = "root_ca_crl.der";
    EXPECT_EQ(collateral_of_body(request, as_bytes("3082\r\n")).value(), (Bytes{0x30, 0x82}));
    EXPECT_EQ(collateral_of_body(request, Bytes{0x30, 0x82}).value(), (Bytes{0x30, 0x82}));
    EXPECT_STREQ(collateral_of_body(request, {}).error().check, "ATT-300");
    request.file = "tcb_info.json";
    EXPECT_EQ(collateral_of_body(request, as_bytes("3082")).value(), to_bytes(as_bytes("3082")));
}

TEST(CollateralRequests, AnIssuerChainIsPercentEncodedPem) {
    const EvidenceCase tdx("tdx/phala-v4-uptodate-2025-06");
    const Bytes chain = to_bytes(*tdx.bundle().file("tcb_info_issuer_chain.pem"));
    std::string encoded;
    for (const std::uint8_t byte : chain) {
        encoded += byte == '\n'  ? "%0A"
                   : byte == ' ' ? "%20"
                                 : std::string(1, static_cast<char>(byte));
    }
    EXPECT_EQ(issuer_chain_of_header(encoded).value(), chain);
    EXPECT_STREQ(issuer_chain_of_header("%4").error().check, "ATT-300");
    EXPECT_STREQ(issuer_chain_of_header("%zz").error().check, "ATT-300");
    EXPECT_STREQ(issuer_chain_of_header("%").error().check, "ATT-300");
    EXPECT_STREQ(issuer_chain_of_header(std::string(kIssuerChainMaxBytes + 1, 'a')).error().check,
                 "ATT-300");
    EXPECT_STREQ(issuer_chain_of_header("hello").error().check, "ATT-54");
}

TEST(CollateralRequests, WhatIsOlderThanWhatWasThereIsRefused) {
    CollateralRequest request;
    request.file = "tcb_info.json";
    const auto document = [](const std::string& name) {
        return to_bytes(*EvidenceCase(name).bundle().file("tcb_info.json"));
    };
    const Bytes march = document("tdx/phala-v4-uptodate-2025-03");
    const Bytes june = document("tdx/phala-v4-uptodate-2025-06");
    EXPECT_TRUE(check_not_older(request, march, june).has_value());
    EXPECT_TRUE(check_not_older(request, june, june).has_value());
    const auto older = check_not_older(request, june, march);
    ASSERT_FALSE(older.has_value());
    EXPECT_STREQ(older.error().check, "ATT-301");
    EXPECT_TRUE(check_not_older(request, as_bytes("junk"), march).has_value());
    request.file = "pck_crl.der";
    EXPECT_TRUE(check_not_older(request, june, march).has_value());
}

}  // namespace
}  // namespace chatmcp::attest
