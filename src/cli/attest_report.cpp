#include "cli/attest_report.h"

#include "attest/kind.h"
#include "base/encoding.h"
#include "cli/files.h"

namespace chatmcp::cli {

namespace {

void add_report(Json& object, const attest::SgxReport& report) {
    object["mr_enclave"] = hex(report.mr_enclave);
    object["mr_signer"] = hex(report.mr_signer);
    object["isv_prod_id"] = report.isv_prod_id;
    object["isv_svn"] = report.isv_svn;
    object["attributes"] = hex(report.attributes);
    object["debug"] = report.debug();
}

void add_report(Json& object, const attest::TdReport& report) {
    object["mr_td"] = hex(report.mr_td);
    object["mr_seam"] = hex(report.mr_seam);
    object["mr_config_id"] = hex(report.mr_config_id);
    object["mr_owner"] = hex(report.mr_owner);
    object["mr_owner_config"] = hex(report.mr_owner_config);
    for (std::size_t i = 0; i < std::size(report.rtmr); ++i) {
        object["rtmr" + std::to_string(i)] = hex(report.rtmr[i]);
    }
    object["td_attributes"] = hex(report.td_attributes);
    object["tee_tcb_svn"] = hex(report.tee_tcb_svn);
    object["debug"] = report.debug();
}

void add_dcap(Json& object, const attest::DcapClaims& claims) {
    std::visit([&](const auto& report) { add_report(object, report); }, claims.body);
    object["quote_version"] = claims.version;
    object["fmspc"] = hex(claims.pck.fmspc);
    object["ppid"] = hex(claims.pck.ppid);
    object["pck_serial"] = hex(claims.pck_serial);
    if (claims.tcb.has_value()) {
        object["tcb_status"] = attest::tcb_status_name(claims.tcb->status);
        object["tcb_date"] = claims.tcb->date;
        object["tcb_evaluation_data_number"] = claims.tcb->evaluation_number;
        object["advisory_ids"] = claims.tcb->advisories;
        object["qe_tcb_status"] = attest::tcb_status_name(claims.tcb->qe);
    }
    if (claims.next_update.has_value()) {
        object["next_update_ms"] = claims.next_update->value;
    }
}

Json claims_json(const attest::FactorReport& report) {
    if (!report.claims) {
        return nullptr;
    }
    const attest::Claims& claims = *report.claims;
    Json object = {{"measurement", hex(claims.measurement)},
                   {"report_data", hex(claims.report_data)},
                   {"evidence", hex(claims.evidence_digest)}};
    if (claims.issued.has_value()) {
        object["issued_ms"] = claims.issued->value;
    }
    if (const auto* simulated = std::get_if<attest::SimulatedClaims>(&claims.details)) {
        object["configuration"] = hex(claims.configuration_digest);
        object["root"] = hex(simulated->root);
        object["sandbox_layers"] = simulated->sandbox_layers;
    }
    if (const auto* dcap = std::get_if<attest::DcapClaims>(&claims.details)) {
        add_dcap(object, *dcap);
    }
    return object;
}

bool accepts(const attest::FactorReport& report) {
    return report.claims.has_value() && !report.first_error().has_value();
}

}  // namespace

const std::vector<std::string>& attest_fields() {
    static const std::vector<std::string> fields = {
        "kind", "verifies", "accepted", "refusals", "claims", "factors"};
    return fields;
}

Json attest_json(const attest::FactorReport& report) {
    Json factors = Json::array();
    Json refusals = Json::array();
    for (const attest::Factor& factor : report.factors) {
        factors.push_back({{"id", attest::factor_name(factor.id)},
                           {"result", attest::verdict_name(factor.verdict)},
                           {"detail", factor.meaning},
                           {"remedy", factor.remedy}});
        if (factor.error) {
            refusals.push_back({{"check", factor.error->check}, {"detail", factor.meaning}});
        }
    }
    return {{"kind", report.claims ? Json(attest::kind_name(report.claims->kind)) : Json(nullptr)},
            {"verifies", report.claims.has_value()},
            {"accepted", accepts(report)},
            {"refusals", std::move(refusals)},
            {"claims", claims_json(report)},
            {"factors", std::move(factors)}};
}

std::string lines_of_report(const attest::FactorReport& report) {
    std::string text = std::string("verifies  ") + (report.claims ? "yes" : "no") + "\naccepted  " +
                       (accepts(report) ? "yes" : "no");
    for (const attest::Factor& factor : report.factors) {
        if (factor.error) {
            text += std::string("\nrefused   ") + factor.error->check + ": " + factor.meaning;
        }
    }
    return text;
}

Result<attest::Policy> read_policy(const std::string& file) {
    if (file.empty()) {
        return attest::Policy{};
    }
    CHATMCP_TRY(const Bytes content, read_file(file, attest::kPolicyMaxBytes));
    return attest::parse_policy(as_text(content));
}

}  // namespace chatmcp::cli
