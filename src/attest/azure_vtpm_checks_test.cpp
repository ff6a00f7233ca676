// One rule after the other: a confidential VM of the tests' own, with one thing wrong and
// everything signed.

#include <gtest/gtest.h>

#include "support/azure_platform.h"

namespace chatmcp::attest {
namespace {

using testing::AzurePlatform;

class AzureChecks : public ::testing::Test {
  protected:
    std::string refused_by() {
        const auto claims = platform.verify();
        return claims.has_value() ? "verified" : claims.error().check;
    }
    std::string with_hcl(const std::function<void(Bytes&)>& edit) {
        platform.edit_hcl = edit;
        const std::string check = refused_by();
        platform.edit_hcl = [](Bytes&) {};
        return check;
    }
    std::string with_byte(std::size_t at, std::uint8_t value) {
        return with_hcl([=](Bytes& report) { report[at] = value; });
    }
    std::string with_evidence(const std::function<void(AzureEvidence&)>& edit) {
        platform.edit_evidence = edit;
        const std::string check = refused_by();
        platform.edit_evidence = [](AzureEvidence&) {};
        return check;
    }
    std::string with_runtime_data(const std::string& text) {
        platform.runtime_data = text;
        return refused_by();
    }
    static std::string read_json(const std::string& text) {
        const auto evidence = AzureEvidence::read(text);
        return evidence.has_value() ? "read" : evidence.error().check;
    }

    AzurePlatform platform;
};

TEST_F(AzureChecks, AVmOfOurOwnVerifies) {
    for (const bool tdx : {false, true}) {
        platform.tdx = tdx;
        const auto claims = platform.verify();
        ASSERT_TRUE(claims.has_value()) << claims.error().check;
        EXPECT_EQ(claims->dcap() != nullptr, tdx);
        EXPECT_EQ(claims->snp() != nullptr, !tdx);
        EXPECT_EQ(claims->tpm.ak, platform.ak.spki());
        EXPECT_EQ(claims->tpm.nonce, Bytes(32, 0x66));
        EXPECT_EQ(claims->tpm.pcrs.at(TpmHash::sha256).size(), 3u);
        EXPECT_FALSE(claims->tpm.ak_certificate.has_value());
        EXPECT_EQ(claims->runtime.user_data.back(), 0xab);
        EXPECT_EQ(claims->runtime.tpm_persisted, std::nullopt);
    }
}

TEST_F(AzureChecks, RuntimeDataIsNamedByAnyOfThreeHashes) {
    for (const std::uint32_t hash : {1u, 2u, 3u}) {
        platform.hash_type = hash;
        EXPECT_EQ(refused_by(), "verified") << hash;
    }
}

// ---- Evidence ----

TEST_F(AzureChecks, EvidenceHasOneOfItsForms) {
    const std::string quote = R"("tpm_quote":{"message":"00","signature":"00","pcrs":[]})";
    const std::string good = R"({"version":1,)" + quote + R"(,"hcl_report":"AA"})";
    const std::string odd_digits = R"({"message":"0","signature":"00","pcrs":[]})";
    const std::string short_register = R"({"message":"00","signature":"00","pcrs":["00"]})";
    EXPECT_EQ(read_json(good), "read");
    EXPECT_EQ(read_json(R"({"platform":"az-snp","evidence":)" + good + "}"), "read");
    EXPECT_EQ(read_json(R"({"quote":{"message":[0],"signature":[255],"pcrs":[]},"report":[1]})"),
              "read");
    for (const std::string& wrong : std::vector<std::string>{
             "[]",
             "{}",
             R"({"version":0,)" + quote + R"(,"hcl_report":"AA"})",
             R"({"version":3,)" + quote + R"(,"hcl_report":"AA"})",
             R"({"version":"1",)" + quote + R"(,"hcl_report":"AA"})",
             R"({"version":1,)" + quote + R"(,"hcl_report":"A"})",
             R"({"version":1,)" + quote + R"(,"hcl_report":"AA==="})",
             R"({"version":1,)" + quote + R"(,"hcl_report":[1]})",
             R"({"version":1,)" + quote + R"(,"hcl_report":"AA","vcek":"+/=="})",
             R"({"version":1,)" + quote + R"(,"hcl_report":"AA","td_quote":1})",
             R"({"version":1,)" + quote + R"(,"hcl_report":"AA","other":1})",
             R"({"version":1,"hcl_report":"AA"})",
             R"({"version":1,"tpm_quote":1,"hcl_report":"AA"})",
             R"({"version":1,"hcl_report":"AA","tpm_quote":)" + odd_digits + "}",
             R"({"version":1,"hcl_report":"AA","tpm_quote":)" + short_register + "}",
             R"({"platform":"az-other","evidence":)" + good + "}",
             R"({"platform":"az-snp","evidence":)" + good + R"(,"more":1})",
             R"({"quote":{"message":[256],"signature":[0],"pcrs":[]},"report":[1]})",
             R"({"quote":{"message":"00","signature":[0],"pcrs":[]},"report":[1]})",
             R"({"quote":{"message":[0],"signature":[0],"pcrs":[]},"report":[1],"vcek":[1]})",
             R"({"quote":{"message":[0],"signature":[0],"pcrs":1},"report":[1]})"}) {
        EXPECT_EQ(read_json(wrong), "ATT-226") << wrong;
    }
    EXPECT_EQ(read_json(std::string(AzureEvidence::kMaxBytes + 1, ' ')), "ATT-226");
    EXPECT_EQ(read_json(good + good), "ATT-31");
}

TEST_F(AzureChecks, TheHardwaresReportHasItsCertificateOrQuote) {
    EXPECT_EQ(with_evidence([](AzureEvidence& evidence) { evidence.vcek.reset(); }), "ATT-232");
    platform.tdx = true;
    EXPECT_EQ(with_evidence([](AzureEvidence& evidence) { evidence.td_quote.reset(); }), "ATT-232");
}

// ---- Report ----

TEST_F(AzureChecks, TheParavisorsReportHasItsForm) {
    EXPECT_EQ(with_byte(0, 'h'), "ATT-227");
    EXPECT_EQ(with_byte(4, 0), "ATT-227");
    EXPECT_EQ(with_byte(4, 3), "ATT-227");
    EXPECT_EQ(with_byte(8, 0), "ATT-227");   // Its own size.
    EXPECT_EQ(with_byte(12, 1), "ATT-227");  // Request type.
    EXPECT_EQ(with_byte(31, 1), "ATT-227");
    EXPECT_EQ(with_byte(1216, 0), "ATT-227");
    EXPECT_EQ(with_byte(1232, 0), "ATT-227");
    EXPECT_EQ(with_byte(1235, 0x10), "ATT-227");
    EXPECT_EQ(with_hcl([](Bytes& report) { report.back() = 1; }), "ATT-227");
    EXPECT_EQ(with_hcl([](Bytes& report) { report.resize(1235); }), "ATT-227");
    EXPECT_EQ(with_hcl([](Bytes& report) { report.resize(1300); }), "ATT-227");
    EXPECT_EQ(with_hcl([](Bytes& report) { report.clear(); }), "ATT-227");
    EXPECT_EQ(with_hcl([](Bytes& report) { report.resize(HclReport::kMaxBytes + 1); }), "ATT-227");
    EXPECT_EQ(with_hcl([](Bytes& report) { report.resize(HclReport::kMaxBytes); }), "verified");
    platform.tdx = true;  // Whose report is shorter than the place for it.
    EXPECT_EQ(with_byte(1055, 0), "verified");
    EXPECT_EQ(with_byte(1056, 1), "ATT-227");
    EXPECT_EQ(with_byte(1215, 1), "ATT-227");
}

TEST_F(AzureChecks, OtherHardwareAndHashesAreUnsupported) {
    EXPECT_EQ(with_byte(1220, 2), "ATT-228");
    for (const int hardware : {0, 1, 3, 5}) {
        EXPECT_EQ(with_byte(1224, static_cast<std::uint8_t>(hardware)), "ATT-228");
    }
    EXPECT_EQ(with_byte(1228, 0), "ATT-228");
    EXPECT_EQ(with_byte(1228, 4), "ATT-228");
}

TEST_F(AzureChecks, TheHardwareNamesTheRuntimeData) {
    for (const bool tdx : {false, true}) {
        platform.tdx = tdx;
        EXPECT_EQ(with_hcl([](Bytes& report) { report[AzurePlatform::kRuntimeDataAt + 20] ^= 1; }),
                  "ATT-230");
        EXPECT_EQ(with_byte(1228, 2), "ATT-230");  // Another hash.
    }
}

// A guest can ask the processor for a report over what it likes, at its own level.
TEST_F(AzureChecks, AReportOfTheGuestsLevelSaysNothing) {
    for (const int level : {1, 2, 3}) {
        platform.vmpl = static_cast<std::uint8_t>(level);
        EXPECT_EQ(refused_by(), "ATT-231");
    }
}

TEST_F(AzureChecks, AnEnclavesQuoteIsNoTrustDomains) {
    platform.tdx = true;
    testing::DcapPlatform enclave;
    static_cast<void>(enclave.verify());
    EXPECT_EQ(
        with_evidence([&](AzureEvidence& evidence) { evidence.td_quote = enclave.files().quote; }),
        "ATT-233");
}

// ---- Runtime data ----

TEST_F(AzureChecks, RuntimeDataHasOneAttestationKey) {
    const std::string key = AzurePlatform::jwk("HCLAkPub", platform.ak);
    const std::string other = AzurePlatform::jwk("HCLEkPub", platform.ak);
    const auto with_keys = [&](const std::string& keys) {
        return with_runtime_data(AzurePlatform::runtime_data_of(keys));
    };
    EXPECT_EQ(with_keys(other + "," + key), "verified");
    EXPECT_EQ(with_keys(other), "ATT-229");
    EXPECT_EQ(with_keys(""), "ATT-229");
    EXPECT_EQ(with_keys(key + "," + key), "ATT-229");
    EXPECT_EQ(with_keys("1"), "ATT-229");
    EXPECT_EQ(with_keys(R"({"kid":"HCLAkPub","kty":"EC","n":"AQAB","e":"AQAB"})"), "ATT-229");
    EXPECT_EQ(with_keys(R"({"kid":"HCLAkPub","kty":"RSA","e":"AQAB"})"), "ATT-229");
    EXPECT_EQ(with_keys(R"({"kid":"HCLAkPub","kty":"RSA","n":"","e":"AQAB"})"), "ATT-229");
    EXPECT_EQ(with_keys(R"({"kid":"HCLAkPub","kty":"RSA","n":"+","e":"AQAB"})"), "ATT-229");
    EXPECT_EQ(with_keys(R"({"kid":"HCLAkPub","kty":"RSA","n":"AQAB","e":"AQAB"})"), "CRY-14");
}

TEST_F(AzureChecks, RuntimeDataHasItsShape) {
    const std::string keys = R"({"keys":[)" + AzurePlatform::jwk("HCLAkPub", platform.ak) + "]";
    EXPECT_EQ(with_runtime_data(keys + R"(,"vm-configuration":{}})"), "verified");
    EXPECT_EQ(with_runtime_data("[]"), "ATT-229");
    EXPECT_EQ(with_runtime_data(keys + "}"), "ATT-229");
    EXPECT_EQ(with_runtime_data(keys + R"(,"vm-configuration":1})"), "ATT-229");
    EXPECT_EQ(with_runtime_data(keys + R"(,"vm-configuration":{"secure-boot":1}})"), "ATT-229");
    EXPECT_EQ(with_runtime_data(keys + R"(,"vm-configuration":{},"user-data":"00"})"), "ATT-229");
    EXPECT_EQ(with_runtime_data(keys + R"(,"vm-configuration":{},"user-data":1})"), "ATT-229");
    EXPECT_EQ(with_runtime_data("x"), "ATT-31");
}

// ---- Quote ----

TEST_F(AzureChecks, TheQuoteIsOfTheKeyInTheRuntimeData) {
    platform.edit_signature = [](Bytes& signature) { signature[5] ^= 1; };
    EXPECT_EQ(refused_by(), "ATT-219");
    platform.edit_signature = [](Bytes&) {};
    const testing::RsaKey other;
    EXPECT_EQ(with_evidence([&](AzureEvidence& evidence) {
                  evidence.quote_signature =
                      other.sign(crypto::SignatureAlgorithm::rsa_pkcs1_sha256, evidence.quote);
              }),
              "ATT-219");
    platform.tpm.quoted[0][0] ^= 1;
    EXPECT_EQ(refused_by(), "ATT-218");
}

}  // namespace
}  // namespace chatmcp::attest
