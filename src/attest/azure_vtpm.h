#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "attest/dcap.h"
#include "attest/sev_snp.h"
#include "attest/tpm_quote.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

/// What a confidential VM of Azure hands out: the report of its paravisor (HCL) with the hardware's
/// report inside, a quote of the paravisor's virtual TPM, and what the hardware's report needs.
/// Nothing in it has been verified.
struct AzureEvidence {
    static constexpr std::size_t kMaxBytes = std::size_t{256} * 1024;

    Bytes hcl_report;
    Bytes quote;            // TPMS_ATTEST
    Bytes quote_signature;  // The number of RSASSA with SHA-256.
    TpmPcrs pcrs;
    std::optional<Bytes> vcek;      // DER or PEM; of SEV-SNP.
    std::optional<Bytes> td_quote;  // Of TDX.

    /// The JSON of Confidential Containers' attesters: version 1 and 2 with texts (base64url for
    /// reports and certificate, hexadecimal for the quote), the form before them with arrays of
    /// numbers and PEM, and `{"platform": "az-snp", "evidence": ...}` around either.
    ///
    /// Errors: too_large (ATT-226); malformed (ATT-226) another shape; ATT-31..38 of the JSON.
    [[nodiscard]] static Result<AzureEvidence> read(std::string_view json);
};

/// The paravisor's report. It borrows the bytes that it was read from, which outlive it.
/// Spec: Microsoft, "Azure confidential VM guest attestation design", attestation report. Numbers
///       are little-endian.
struct HclReport {
    enum class Hardware : std::uint32_t { sev_snp = 2, tdx = 4 };
    static constexpr std::size_t kMaxBytes = std::size_t{16} * 1024;
    static constexpr std::size_t kHardwareReportMaxBytes = 1184;

    std::uint32_t version = 0;
    Hardware hardware{};
    ByteView hardware_report;  // SEV-SNP's report, or a TDREPORT.
    TpmHash runtime_hash{};    // By which the hardware's report names the runtime data.
    ByteView runtime_data;     // JSON

    /// Errors: malformed (ATT-227) another shape; unsupported (ATT-228) other hardware or hash.
    [[nodiscard]] static Result<HclReport> read(ByteView bytes);
};

/// What the paravisor says about the VM, as far as others decide by it.
struct AzureRuntimeData {
    Bytes ak_modulus;  // HCLAkPub, the virtual TPM's attestation key.
    Bytes ak_exponent;
    std::optional<bool> secure_boot;
    std::optional<bool> console_enabled;
    std::optional<bool> tpm_enabled;
    std::optional<bool> tpm_persisted;
    std::string vm_unique_id;
    Bytes user_data;  // 64 bytes that the guest chose, before the hardware's report was made.

    /// Errors: malformed (ATT-229) another shape, no HCLAkPub or several; ATT-31..38 of the JSON.
    [[nodiscard]] static Result<AzureRuntimeData> read(std::string_view json);
};

/// What a verifier has beside the evidence: collateral of the hardware's report.
struct AzureCollateral {
    SnpCollateral snp;  // Beside the VCEK in the evidence.
    DcapCollateral dcap;
};

/// Whom a verifier trusts.
struct AzureAnchors {
    SnpAnchors snp;
    const Certificate* intel_sgx = nullptr;  // Null: no TD quote verifies.
};

/// What the evidence claims, once everything holds.
///
/// The hardware measures the paravisor; the guest is in the registers of the quote, and all of it
/// is as good as the paravisor. Whoever accepts the evidence therefore names both.
struct AzureVtpmClaims {
    std::variant<SnpClaims, DcapClaims> hardware;
    AzureRuntimeData runtime;
    TpmClaims tpm;  // Its AK is the one that the hardware's report names.
    std::uint32_t hcl_version = 0;

    [[nodiscard]] const SnpClaims* snp() const { return std::get_if<SnpClaims>(&hardware); }
    [[nodiscard]] const DcapClaims* dcap() const { return std::get_if<DcapClaims>(&hardware); }
};

/// Verify the hardware's report by its own rules, that it names the runtime data, and the quote and
/// its registers by the attestation key in there. A TDREPORT is of use inside of its machine alone,
/// so that a TD quote stands for it, and what is in the TDREPORT says nothing.
///
/// Errors: those of HclReport, AzureRuntimeData, SignedSnpReport, verify_sev_snp, DcapQuote,
///         verify_dcap and verify_tpm_quote_by_key; not_found (ATT-232) no VCEK or TD quote;
///         wrong_purpose (ATT-231) a report that the guest could have asked for itself, (ATT-233) a
///         quote of something else than a trust domain; wrong_key (ATT-230) runtime data that the
///         hardware's report does not name.
/// Cost:   that of the hardware's report, and one signature of RSA.
[[nodiscard]] Result<AzureVtpmClaims> verify_azure_vtpm(const AzureEvidence& evidence,
                                                        const AzureCollateral& collateral,
                                                        const AzureAnchors& anchors,
                                                        UnixMs at);

}  // namespace chatmcp::attest
