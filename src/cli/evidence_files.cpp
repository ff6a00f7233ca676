#include "cli/evidence_files.h"

#include "attest/appraise.h"
#include "attest/dcap_report.h"
#include "attest/roots.h"
#include "cli/files.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kEvidenceMaxBytes = std::size_t{16} * 1024 * 1024;
constexpr const char* kQuoteName = "quote.bin";
constexpr const char* kCollateralNames[] = {"tcb_info.json",
                                            "tcb_info_issuer_chain.pem",
                                            "qe_identity.json",
                                            "qe_identity_issuer_chain.pem",
                                            "root_ca_crl.der",
                                            "pck_crl.der",
                                            "pck_crl_issuer_chain.pem",
                                            "pck_chain.pem"};

}  // namespace

Result<EvidenceFiles> EvidenceFiles::read(const std::filesystem::path& path) {
    EvidenceFiles out;
    std::error_code problem;
    if (!std::filesystem::is_directory(path, problem)) {
        CHATMCP_TRY(out.evidence, read_file(path, kEvidenceMaxBytes));
        return out;
    }
    if (!std::filesystem::exists(path / kQuoteName, problem)) {
        return fail(Errc::invalid_argument, "CLI-24");
    }
    CHATMCP_TRY(out.evidence, read_file(path / kQuoteName, kEvidenceMaxBytes));
    for (const char* name : kCollateralNames) {
        if (std::filesystem::exists(path / name, problem)) {
            CHATMCP_TRY(out.collateral[name], read_file(path / name, kEvidenceMaxBytes));
        }
    }
    return out;
}

std::optional<ByteView> EvidenceFiles::file(const std::string& name) const {
    const auto found = collateral.find(name);
    return found == collateral.end() ? std::nullopt : std::optional<ByteView>(found->second);
}

attest::FactorReport EvidenceFiles::inspect(const attest::Policy& policy, UnixMs at) const {
    const attest::Roots roots = attest::builtin_roots();
    if (!attest::is_dcap_quote(evidence)) {
        return attest::inspect(evidence, roots, policy, at);
    }
    const attest::DcapCollateral beside{
        .tcb_info = file("tcb_info.json"),
        .tcb_info_issuer_chain = file("tcb_info_issuer_chain.pem"),
        .qe_identity = file("qe_identity.json"),
        .qe_identity_issuer_chain = file("qe_identity_issuer_chain.pem"),
        .root_ca_crl = file("root_ca_crl.der"),
        .pck_crl = file("pck_crl.der"),
        .pck_crl_issuer_chain = file("pck_crl_issuer_chain.pem"),
        .pck_chain = file("pck_chain.pem")};
    return attest::inspect_dcap(evidence, beside, roots, at);
}

}  // namespace chatmcp::cli
