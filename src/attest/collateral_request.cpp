#include "attest/collateral_request.h"

#include <algorithm>
#include <utility>

#include "attest/certificate.h"
#include "attest/dcap.h"
#include "attest/dcap_platform.h"
#include "attest/sev_snp.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

constexpr std::string_view kTcbInfo = "tcb_info.json";
constexpr std::string_view kQeIdentity = "qe_identity.json";

// ---- Intel ----

Result<std::vector<CollateralRequest>> requests_of_quote(const EvidenceBundle& bundle) {
    CHATMCP_TRY(const DcapQuote quote, DcapQuote::read(bundle.evidence));
    DcapCollateral collateral;
    collateral.pck_chain = bundle.file("pck_chain.pem");
    const auto pem = pck_chain_of(quote, collateral);
    if (!pem.has_value()) {
        return fail(Errc::not_found, "ATT-71");
    }
    CHATMCP_TRY(const auto chain, certificates_of_pem(*pem));
    CHATMCP_TRY(const auto pck, Certificate::read(chain.front()));
    CHATMCP_TRY(const auto platform, PckExtensions::read(pck));
    const std::string tee = quote.td() != nullptr ? "tdx" : "sgx";
    const bool of_platform = common_name_of(pck.issuer).contains("Platform");
    const auto at = [](std::string path, std::string_view file) {
        CollateralRequest request;
        request.service = CollateralService::intel;
        request.path = std::move(path);
        request.file = std::string(file);
        return request;
    };
    std::vector<CollateralRequest> out;
    auto& tcb = out.emplace_back(
        at("/" + tee + "/certification/v4/tcb?fmspc=" + to_hex(platform.fmspc), kTcbInfo));
    tcb.chain_file = "tcb_info_issuer_chain.pem";
    tcb.chain_header = "tcb-info-issuer-chain";
    auto& identity = out.emplace_back(at("/" + tee + "/certification/v4/qe/identity", kQeIdentity));
    identity.chain_file = "qe_identity_issuer_chain.pem";
    identity.chain_header = "sgx-enclave-identity-issuer-chain";
    auto& revoked =
        out.emplace_back(at(std::string("/sgx/certification/v4/pckcrl?ca=") +
                                (of_platform ? "platform" : "processor") + "&encoding=der",
                            "pck_crl.der"));
    revoked.chain_file = "pck_crl_issuer_chain.pem";
    revoked.chain_header = "sgx-pck-crl-issuer-chain";
    auto& root = out.emplace_back(at("/IntelSGXRootCA.der", "root_ca_crl.der"));
    root.service = CollateralService::intel_root;
    root.cache_path = "/sgx/certification/v4/rootcacrl";
    return out;
}

// ---- AMD ----

std::string decimal(std::uint8_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

std::string key_path(const SnpReport& report, SnpProductLine line, const std::string& product) {
    constexpr std::size_t kTurinHardwareIdBytes = 8;
    const SnpTcb tcb = SnpTcb::read(line, report.reported_tcb);
    const ByteView chip(report.chip_id);
    std::string path =
        "/vcek/v1/" + product + "/" +
        to_hex(line == SnpProductLine::turin ? chip.first(kTurinHardwareIdBytes) : chip) + "?";
    if (tcb.fmc.has_value()) {
        path += "fmcSPL=" + decimal(*tcb.fmc) + "&";
    }
    return path + "blSPL=" + decimal(tcb.boot_loader) + "&teeSPL=" + decimal(tcb.tee) +
           "&snpSPL=" + decimal(tcb.snp) + "&ucodeSPL=" + decimal(tcb.microcode);
}

Result<std::vector<CollateralRequest>> requests_of_report(const EvidenceBundle& bundle) {
    CHATMCP_TRY(const SignedSnpReport signed_report, SignedSnpReport::read(bundle.evidence));
    const SnpReport& report = signed_report.report;
    if (!report.processor.has_value()) {
        return fail(Errc::unsupported, "ATT-115");
    }
    CHATMCP_TRY(const SnpProductLine line, snp_product_line(*report.processor));
    const std::string product(snp_product_line_name(line));
    const bool vcek = report.signing_key() == SnpSigningKey::vcek;
    const std::string key = vcek ? "vcek" : "vlek";
    std::vector<CollateralRequest> out;
    const auto add = [&](std::string path, std::string file) {
        CollateralRequest& request = out.emplace_back();
        request.service = CollateralService::amd;
        request.path = std::move(path);
        request.file = std::move(file);
    };
    // A cloud hands its VLEK out itself, and a masked chip has no name to ask for.
    if (vcek && !report.chip_id_masked()) {
        add(key_path(report, line, product), "vcek.der");
    }
    add("/" + key + "/v1/" + product + "/cert_chain", "certificate_chain.pem");
    add("/" + key + "/v1/" + product + "/crl", "ark_crl.der");
    return out;
}

struct Age {
    std::uint32_t evaluation_number = 0;
    UnixMs issued;
    friend auto operator<=>(const Age&, const Age&) = default;
};

std::optional<Age> age_of(std::string_view file, ByteView document) {
    const bool tcb = file == kTcbInfo;
    const auto document_of =
        SignedJson::read(as_text(document), tcb ? "tcbInfo" : "enclaveIdentity");
    if (!document_of.has_value()) {
        return std::nullopt;
    }
    if (tcb) {
        const auto info = TcbInfo::read(document_of->body);
        return info.has_value() ? std::optional(Age{info->evaluation_number, info->validity.issued})
                                : std::nullopt;
    }
    const auto identity = QeIdentity::read(document_of->body);
    return identity.has_value()
               ? std::optional(Age{identity->evaluation_number, identity->validity.issued})
               : std::nullopt;
}

}  // namespace

std::string_view collateral_service_url(CollateralService service) {
    switch (service) {
        case CollateralService::intel:
            return "https://api.trustedservices.intel.com";
        case CollateralService::intel_root:
            return "https://certificates.trustedservices.intel.com";
        case CollateralService::amd:
            return "https://kdsintf.amd.com";
        case CollateralService::google:
            break;
    }
    return "https://android.googleapis.com";
}

Result<std::vector<CollateralRequest>> collateral_requests(const EvidenceBundle& bundle) {
    switch (bundle.kind) {
        case Kind::sgx:
        case Kind::tdx:
            return requests_of_quote(bundle);
        case Kind::sev_snp:
            return requests_of_report(bundle);
        case Kind::android_key: {
            CollateralRequest request;
            request.service = CollateralService::google;
            request.path = "/attestation/status";
            request.file = "status.json";
            return std::vector<CollateralRequest>{std::move(request)};
        }
        default:
            return fail(Errc::unsupported, "ATT-299");
    }
}

Result<Bytes> collateral_of_body(const CollateralRequest& request, ByteView body) {
    if (body.empty()) {
        return fail(Errc::malformed, "ATT-300");
    }
    if (request.file.ends_with(".der")) {
        std::string_view text = as_text(body);
        while (text.ends_with('\n') || text.ends_with('\r')) {
            text.remove_suffix(1);
        }
        if (auto decoded = from_hex(text); decoded.has_value() && !decoded->empty()) {
            return *std::move(decoded);
        }
    }
    return to_bytes(body);
}

Result<Bytes> issuer_chain_of_header(std::string_view value) {
    if (value.size() > kIssuerChainMaxBytes) {
        return fail(Errc::malformed, "ATT-300");
    }
    constexpr std::size_t kEscapeSize = 3;  // "%0A"
    Bytes out;
    while (!value.empty()) {
        if (value.front() != '%') {
            out.push_back(static_cast<std::uint8_t>(value.front()));
            value.remove_prefix(1);
            continue;
        }
        std::string digits(value.substr(1, 2));
        std::ranges::transform(digits, digits.begin(), [](char c) {
            return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        const auto byte = from_hex(digits);
        if (!byte.has_value() || byte->size() != 1) {
            return fail(Errc::malformed, "ATT-300");
        }
        out.push_back(byte->front());
        value.remove_prefix(kEscapeSize);
    }
    CHATMCP_TRY_VOID(certificates_of_pem(out));
    return out;
}

Result<void> check_not_older(const CollateralRequest& request, ByteView before, ByteView after) {
    if (request.file != kTcbInfo && request.file != kQeIdentity) {
        return {};
    }
    const auto was = age_of(request.file, before);
    const auto is = age_of(request.file, after);
    // What cannot be read is for the verification to refuse.
    return was.has_value() && is.has_value() && *is < *was
               ? fail(Errc::refused_by_policy, "ATT-301")
               : Result<void>{};
}

}  // namespace chatmcp::attest
