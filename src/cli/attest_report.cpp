#include "cli/attest_report.h"

#include "attest/kind.h"
#include "base/encoding.h"
#include "cli/files.h"

namespace chatmcp::cli {

namespace {

Json claims_json(const attest::FactorReport& report) {
    if (!report.claims) {
        return nullptr;
    }
    const attest::Claims& claims = *report.claims;
    Json object = {{"measurement", hex(claims.measurement)},
                   {"configuration", hex(claims.configuration_digest)},
                   {"report_data", hex(claims.report_data)},
                   {"issued_ms", claims.issued.value},
                   {"evidence", hex(claims.evidence_digest)}};
    if (const auto* simulated = std::get_if<attest::SimulatedClaims>(&claims.details)) {
        object["root"] = hex(simulated->root);
        object["sandbox_layers"] = simulated->sandbox_layers;
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
