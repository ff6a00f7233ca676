// One rule after the other: a platform of the tests' own, with one thing wrong and everything
// signed.

#include <gtest/gtest.h>

#include "support/dcap_platform.h"

namespace chatmcp::attest {
namespace {

using testing::DcapPlatform;

class DcapChecks : public ::testing::Test {
  protected:
    std::string refused_by() {
        const auto claims = platform.verify();
        return claims.has_value() ? "verified" : claims.error().check;
    }
    /// In the text of a document, before it is signed.
    static void replace(std::string& text, const std::string& from, const std::string& to) {
        const std::size_t at = text.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
    }
    static void replace_all(std::string& text, const std::string& from, const std::string& to) {
        for (std::size_t at = text.find(from); at != std::string::npos;
             at = text.find(from, at + to.size())) {
            text.replace(at, from.size(), to);
        }
    }

    DcapPlatform platform;
};

TEST_F(DcapChecks, APlatformOfOurOwnVerifies) {
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->tcb->status, TcbStatus::up_to_date);
    EXPECT_TRUE(claims->pck_revocation_checked);
    EXPECT_TRUE(claims->root_revocation_checked);
    EXPECT_EQ(claims->next_update, platform.now.plus_ms(kDayMs));
    platform.give_root = false;
    EXPECT_TRUE(platform.verify().has_value());
}

// ---- Quote ----

TEST_F(DcapChecks, QuotesOfOtherFormsAreRefused) {
    for (const std::size_t byte : {0u, 2u, 4u}) {
        platform.edit_header = [=](Bytes& header) { header[byte] = 9; };
        EXPECT_EQ(refused_by(), "ATT-57") << byte;
    }
    platform.edit_header = [](Bytes&) {};
    ASSERT_EQ(refused_by(), "verified");
    Bytes& quote = platform.files().quote;
    const auto check = [&] { return std::string(platform.verify_files().error().check); };
    quote.push_back(1);
    EXPECT_EQ(check(), "ATT-58");
    quote.back() = 0;
    EXPECT_TRUE(platform.verify_files().has_value());
    quote.resize(quote.size() - 2);
    EXPECT_EQ(check(), "ATT-56");
}

TEST_F(DcapChecks, TheQuotingEnclaveNamesTheAttestationKey) {
    platform.edit_qe_report = [](Bytes& report) { report[320] ^= 1; };
    EXPECT_EQ(refused_by(), "ATT-61");
    platform.edit_qe_report = [](Bytes& report) { report[383] = 1; };
    EXPECT_EQ(refused_by(), "ATT-61");
}

TEST_F(DcapChecks, SignaturesOfQuoteAndQuotingEnclaveHold) {
    ASSERT_EQ(refused_by(), "verified");
    Bytes& quote = platform.files().quote;
    const auto with_flip = [&](std::size_t at) {
        quote[at] ^= 1;
        const auto claims = platform.verify_files();
        quote[at] ^= 1;
        return std::string(claims.has_value() ? "verified" : claims.error().check);
    };
    EXPECT_EQ(with_flip(60), "ATT-59");
    EXPECT_EQ(with_flip(436 + 10), "ATT-59");
    EXPECT_EQ(with_flip(436 + 128 + 20), "ATT-60");
    EXPECT_EQ(with_flip(436 + 128 + 384 + 20), "ATT-60");
}

TEST_F(DcapChecks, WithoutAPckChainNothingIsVerified) {
    platform.certification_type = 3;
    EXPECT_EQ(refused_by(), "ATT-71");
}

// ---- Certificates ----

TEST_F(DcapChecks, WhoSignsWhatIsNamedByTheRoot) {
    platform.pck_spec.subject = "Intel SGX Something Else";
    EXPECT_EQ(refused_by(), "ATT-65");
    platform.pck_spec.subject = "Intel SGX PCK Certificate";
    platform.signer_spec.subject = "Intel SGX Something Else";
    EXPECT_EQ(refused_by(), "ATT-65");
    platform.signer_spec.subject = platform.tcb_signer.name;
    platform.ca_spec.subject = platform.pck_spec.issuer = "Another CA";
    EXPECT_EQ(refused_by(), "ATT-65");
}

TEST_F(DcapChecks, AuthoritiesAreAuthorities) {
    platform.ca_spec.authority = false;
    platform.ca_spec.path_length.reset();
    EXPECT_EQ(refused_by(), "ATT-48");
    platform.ca_spec.authority = true;
    platform.ca_spec.key_usage = 0x02;  // Lists alone.
    EXPECT_EQ(refused_by(), "ATT-48");
}

TEST_F(DcapChecks, CertificatesAreValidAtTheTimeOfTheVerdict) {
    platform.pck_spec.not_after = platform.now.plus_ms(-kSecondMs);
    EXPECT_EQ(refused_by(), "ATT-47");
    platform.pck_spec.not_after = platform.now;
    EXPECT_EQ(refused_by(), "verified");
    platform.ca_spec.not_before = platform.now.plus_ms(kSecondMs);
    EXPECT_EQ(refused_by(), "ATT-47");
}

TEST_F(DcapChecks, CriticalExtensionsAreKnown) {
    const Bytes unknown{0x2a, 0x03, 0x04};
    platform.pck_spec.extensions = testing::extension(unknown, false, Bytes{0x05, 0x00});
    EXPECT_EQ(refused_by(), "verified");
    platform.pck_spec.extensions = testing::extension(unknown, true, Bytes{0x05, 0x00});
    EXPECT_EQ(refused_by(), "ATT-49");
}

TEST_F(DcapChecks, ThePckCertificateDescribesItsProcessor) {
    const Bytes fmspc = from_hex("00606a000000").value();
    platform.pck_extension = Bytes{0x05, 0x00};
    EXPECT_EQ(refused_by(), "DER-04");
    platform.pck_extension = testing::der_sequence({});
    EXPECT_EQ(refused_by(), "ATT-62");
    platform.pck_extension = DcapPlatform::sgx_extension(3, Bytes(5, 0));
    EXPECT_EQ(refused_by(), "ATT-62");
    platform.pck_extension = DcapPlatform::sgx_extension(3, fmspc);
    EXPECT_EQ(refused_by(), "verified");
}

// ---- Revocation ----

TEST_F(DcapChecks, RevokedCertificatesAreRefused) {
    platform.revoked_by_ca = {Bytes{0x09}, platform.pck_spec.serial};
    EXPECT_EQ(refused_by(), "ATT-53");
    platform.revoked_by_ca = {Bytes{0x09}};
    EXPECT_EQ(refused_by(), "verified");
    platform.revoked_by_root = {platform.ca_spec.serial};
    EXPECT_EQ(refused_by(), "ATT-53");
    platform.revoked_by_root = {platform.signer_spec.serial};
    EXPECT_EQ(refused_by(), "ATT-53");
}

TEST_F(DcapChecks, RevocationListsAreOfTheIssuerSignedAndCurrent) {
    ASSERT_EQ(refused_by(), "verified");
    const auto with_list = [&](const Bytes& list) {
        platform.files().pck_crl = list;
        const auto claims = platform.verify_files();
        return std::string(claims.has_value() ? "verified" : claims.error().check);
    };
    const UnixMs now = platform.now;
    const auto& issuer = platform.platform_ca;
    const auto list = [&](UnixMs from, std::optional<UnixMs> to) {
        return testing::make_revocation_list(issuer, from, to, {});
    };
    EXPECT_EQ(with_list(list(now, now)), "verified");
    EXPECT_EQ(with_list(list(now.plus_ms(kSecondMs), now.plus_ms(kDayMs))), "ATT-52");
    EXPECT_EQ(with_list(list(now.plus_ms(-kDayMs), now.plus_ms(-kSecondMs))), "ATT-52");
    EXPECT_EQ(with_list(list(now, std::nullopt)), "ATT-52");
    EXPECT_EQ(with_list(testing::make_revocation_list(platform.root, now, now, {})), "ATT-50");
    EXPECT_EQ(with_list(testing::make_revocation_list(
                  {issuer.name, platform.root.key.clone()}, now, now, {})),
              "ATT-51");
    platform.files().ca_chain = platform.files().signer_chain;
    EXPECT_EQ(with_list(list(now, now)), "ATT-50");
}

// ---- Documents ----

TEST_F(DcapChecks, DocumentsAreSignedAsTheyStand) {
    ASSERT_EQ(refused_by(), "verified");
    std::string text(as_text(platform.files().tcb_info));
    replace(text, "UpToDate", "OutOfDate");
    platform.files().tcb_info = to_bytes(as_bytes(text));
    EXPECT_STREQ(platform.verify_files().error().check, "ATT-64");
}

TEST_F(DcapChecks, DocumentsHaveTheirShape) {
    for (const char* name : {"tcbStatus", "sgxtcbcomponents", "fmspc", "issueDate", "tcbLevels"}) {
        platform.tcb_info = platform.tcb_info_text("SGX", 3, "00606a000000");
        replace(platform.tcb_info, name, "other");
        EXPECT_EQ(refused_by(), "ATT-63") << name;
    }
    platform.tcb_info = platform.tcb_info_text("SGX", 4, "00606a000000");
    EXPECT_EQ(refused_by(), "ATT-67");
    platform.tcb_info = platform.tcb_info_text("SGX", 3, "00606a000000");
    platform.qe_identity = platform.qe_identity_text("QE", 1);
    EXPECT_EQ(refused_by(), "ATT-67");
    platform.qe_identity = platform.qe_identity_text("QE", 2);
    ASSERT_EQ(refused_by(), "verified");
    for (const char* text : {"",
                             "{}",
                             "{\"tcbInfo\":{},\"signature\":\"00\"}",
                             "[]",
                             "{\"tcbInfo\":[],\"signature\":\"\"}",
                             "{\"tcbInfo\":{{{"}) {
        platform.files().tcb_info = to_bytes(as_bytes(text));
        EXPECT_STREQ(platform.verify_files().error().check, "ATT-63") << text;
    }
}

TEST_F(DcapChecks, DocumentsAreCurrent) {
    const std::string issued = to_time_text(platform.now.plus_ms(-kDayMs));
    replace(platform.tcb_info, issued, to_time_text(platform.now.plus_ms(kSecondMs)));
    EXPECT_EQ(refused_by(), "ATT-66");
    platform.tcb_info = platform.tcb_info_text("SGX", 3, "00606a000000");
    const std::string next = to_time_text(platform.now.plus_ms(29 * kDayMs));
    replace(platform.qe_identity, next, to_time_text(platform.now.plus_ms(-kSecondMs)));
    EXPECT_EQ(refused_by(), "ATT-66");
}

TEST_F(DcapChecks, DocumentsAreForThisKindOfTeeAndThisPlatform) {
    platform.qe_identity = platform.qe_identity_text("TD_QE", 2);
    EXPECT_EQ(refused_by(), "ATT-72");
    platform.qe_identity = platform.qe_identity_text("QE", 2);
    platform.tcb_info = platform.tcb_info_text("SGX", 3, "00606a000001");
    EXPECT_EQ(refused_by(), "ATT-68");
}

TEST_F(DcapChecks, TheQuotingEnclaveIsIntels) {
    for (const std::size_t byte : {16u, 48u, 130u, 256u}) {
        platform.edit_qe_report = [=](Bytes& report) { report[byte] ^= 0x80; };
        EXPECT_EQ(refused_by(), "ATT-70") << byte;
    }
    platform.edit_qe_report = [](Bytes& report) { report[258] = 1; };
    EXPECT_EQ(refused_by(), "ATT-70");
    // A bit that the mask leaves out.
    platform.edit_qe_report = [](Bytes& report) { report[48] ^= 0x04; };
    EXPECT_EQ(refused_by(), "verified");
}

TEST_F(DcapChecks, APlatformBelowEveryLevelIsRefused) {
    platform.pck_extension = DcapPlatform::sgx_extension(0, from_hex("00606a000000").value());
    EXPECT_EQ(refused_by(), "ATT-69");
}

TEST_F(DcapChecks, AQuotingEnclaveThatIsBehindPullsThePlatformDown) {
    replace_all(platform.qe_identity, "UpToDate", "OutOfDate");
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value());
    EXPECT_EQ(claims->tcb->platform, TcbStatus::up_to_date);
    EXPECT_EQ(claims->tcb->qe, TcbStatus::out_of_date);
    EXPECT_EQ(claims->tcb->status, TcbStatus::out_of_date);
    replace_all(platform.tcb_info, "UpToDate", "ConfigurationNeeded");
    EXPECT_EQ(platform.verify()->tcb->status, TcbStatus::out_of_date_configuration_needed);
    replace_all(platform.qe_identity, "OutOfDate", "Revoked");
    EXPECT_EQ(platform.verify()->tcb->status, TcbStatus::revoked);
}

class TdxChecks : public DcapChecks {
  protected:
    TdxChecks() {
        platform.tdx = true;
        platform.tcb_info = platform.tcb_info_text("TDX", 3, "00606a000000");
        platform.qe_identity = platform.qe_identity_text("TD_QE", 2);
    }
};

TEST_F(TdxChecks, ATdxModuleThatNobodyKnowsIsRefused) {
    ASSERT_EQ(refused_by(), "verified");
    EXPECT_EQ(platform.verify()->tcb->module_id, "TDX_01");
    platform.edit_report = [](Bytes& report) { report[1] = 2; };  // Its version.
    EXPECT_EQ(refused_by(), "ATT-73");
    platform.edit_report = [](Bytes& report) { report[64] = 1; };  // MRSIGNERSEAM
    EXPECT_EQ(refused_by(), "ATT-73");
    platform.edit_report = [](Bytes& report) { report[112] = 1; };  // SEAMATTRIBUTES
    EXPECT_EQ(refused_by(), "ATT-73");
}

TEST_F(TdxChecks, AModuleBelowItsLevelsOrBehindCounts) {
    platform.edit_report = [](Bytes& report) { report[0] = 3; };
    EXPECT_EQ(refused_by(), "ATT-69");
    platform.edit_report = [](Bytes& report) { report[5] = 0; };  // A component of the domain.
    EXPECT_EQ(refused_by(), "ATT-69");
    platform.edit_report = [](Bytes&) {};
    replace(platform.tcb_info, "UpToDate", "OutOfDate");  // The module's, which comes first.
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value());
    EXPECT_EQ(claims->tcb->module, TcbStatus::out_of_date);
    EXPECT_EQ(claims->tcb->status, TcbStatus::out_of_date);
}

TEST_F(DcapChecks, WhatIsNotThereIsNotChecked) {
    ASSERT_EQ(refused_by(), "verified");
    const auto& files = platform.files();
    const Certificate anchor = Certificate::read(files.root).value();
    const DcapQuote quote = DcapQuote::read(files.quote).value();
    const auto claims = verify_dcap(quote, DcapCollateral{}, anchor, platform.now);
    ASSERT_TRUE(claims.has_value());
    EXPECT_FALSE(claims->tcb.has_value());
    EXPECT_FALSE(claims->pck_revocation_checked);
    EXPECT_FALSE(claims->root_revocation_checked);
    EXPECT_FALSE(claims->next_update.has_value());
    DcapCollateral no_chain;
    no_chain.tcb_info = files.tcb_info;
    no_chain.qe_identity = files.qe_identity;
    EXPECT_STREQ(verify_dcap(quote, no_chain, anchor, platform.now).error().check, "ATT-71");
}

}  // namespace
}  // namespace chatmcp::attest
