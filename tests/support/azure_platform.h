#pragma once

#include <functional>
#include <string>

#include "attest/azure_vtpm.h"
#include "support/rsa_key.h"
#include "support/snp_platform.h"
#include "support/tpm_platform.h"

namespace chatmcp::testing {

/// A confidential VM of the tests' own: a processor with SEV-SNP or TDX, the paravisor's report and
/// the quote of its virtual TPM, each with a knob for what a test makes wrong before it is signed.
class AzurePlatform {
  public:
    static constexpr std::size_t kRuntimeDataAt = 1236;

    UnixMs now{1'750'000'000'000};
    SnpPlatform snp;
    DcapPlatform dcap;
    TpmPlatform tpm;  // Its quote, which ak signs.
    RsaKey ak;

    // ---- Knobs ----
    bool tdx = false;
    std::string runtime_data = runtime_data_of(jwk("HCLAkPub", ak));
    std::uint32_t hash_type = 1;
    std::uint8_t vmpl = 0;
    std::function<void(Bytes&)> edit_hcl = [](Bytes&) {};
    std::function<void(Bytes&)> edit_signature = [](Bytes&) {};
    std::function<void(attest::AzureEvidence&)> edit_evidence = [](attest::AzureEvidence&) {};

    [[nodiscard]] static std::string jwk(const std::string& name, const RsaKey& key) {
        return R"({"kid":")" + name + R"(","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":")" +
               to_base64url(key.modulus()) + R"("})";
    }
    [[nodiscard]] static std::string runtime_data_of(const std::string& keys) {
        return R"({"keys":[)" + keys +
               R"(],"vm-configuration":{"console-enabled":true,"secure-boot":true,)" +
               R"("tpm-enabled":true,"vmUniqueId":"1"},"user-data":")" + std::string(126, '0') +
               R"(AB"})";
    }

    /// Sign everything, as the knobs stand, and verify it.
    [[nodiscard]] Result<attest::AzureVtpmClaims> verify() {
        ByteArray<64> report_data{};
        const attest::TpmHash hash = hash_type == 2   ? attest::TpmHash::sha384
                                     : hash_type == 3 ? attest::TpmHash::sha512
                                                      : attest::TpmHash::sha256;
        std::ranges::copy(attest::tpm_digest(hash, {as_bytes(runtime_data)}).view(),
                          report_data.begin());
        snp.edit_report = [=, this](Bytes& report) {
            report[SnpPlatform::kVmpl] = vmpl;
            std::ranges::copy(report_data, report.begin() + 0x50);
        };
        dcap.edit_report = [=](Bytes& report) {
            std::ranges::copy(report_data, report.begin() + kTdReportData);
        };
        const SnpPlatform::Files processor = snp.make_files();
        dcap.tdx = true;
        static_cast<void>(dcap.verify());  // Makes its files.
        return verify_files(processor);
    }

  private:
    static constexpr std::ptrdiff_t kTdReportData = 520;

    [[nodiscard]] Result<attest::AzureVtpmClaims> verify_files(const SnpPlatform::Files& files) {
        attest::AzureEvidence evidence;
        evidence.hcl_report = make_hcl(tdx ? Bytes(1024, 0x81) : files.report);
        evidence.quote = tpm.make_quote({});
        evidence.quote_signature =
            ak.sign(crypto::SignatureAlgorithm::rsa_pkcs1_sha256, evidence.quote);
        edit_signature(evidence.quote_signature);
        evidence.pcrs = attest::tpm_pcrs_of_json(tpm.pcrs).value();
        evidence.vcek = tdx ? std::nullopt : std::optional(files.key);
        evidence.td_quote = tdx ? std::optional(dcap.files().quote) : std::nullopt;
        edit_evidence(evidence);
        CHATMCP_TRY(const auto ark, attest::Certificate::read(files.root));
        CHATMCP_TRY(const auto intel, attest::Certificate::read(dcap.files().root));
        const attest::AzureCollateral collateral{
            .snp = {.certificates = {files.authority}, .certificate_table = {}, .ark_crl = {}},
            .dcap = {}};
        return attest::verify_azure_vtpm(
            evidence, collateral, {.snp = {.roots = std::span(&ark, 1)}, .intel_sgx = &intel}, now);
    }
    [[nodiscard]] Bytes make_hcl(ByteView hardware_report) {
        const auto number = [](std::size_t value) {
            Bytes out;
            for (int shift = 0; shift < 32; shift += 8) {
                out.push_back(static_cast<std::uint8_t>((value >> shift) & 0xff));
            }
            return out;
        };
        const std::size_t size = runtime_data.size();
        Bytes out = concat(
            {as_bytes("HCLA"), number(2), number(kRuntimeDataAt + size), number(2), Bytes(16)});
        append(out, hardware_report);
        out.resize(kRuntimeDataAt - 20);
        append(out,
               concat({number(size + 20),
                       number(1),
                       number(tdx ? 4 : 2),
                       number(hash_type),
                       number(size),
                       as_bytes(runtime_data)}));
        out.resize(std::max<std::size_t>(out.size(), 2600));
        edit_hcl(out);
        return out;
    }
};

}  // namespace chatmcp::testing
