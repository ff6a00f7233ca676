// SGX and TDX.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "attest/dcap_quote.h"
#include "attest/kind_steps.h"
#include "base/check.h"
#include "crypto/hash.h"

namespace chatmcp::attest {
namespace {

Claims claims_of(DcapClaims details) {
    Claims claims;
    if (const auto* report = std::get_if<SgxReport>(&details.body); report != nullptr) {
        claims.kind = Kind::sgx;
        claims.measurement = report->mr_enclave;
        claims.report_data = to_bytes(report->report_data);
    } else {
        const auto* td = std::get_if<TdReport>(&details.body);
        CHATMCP_CHECK(td != nullptr);
        claims.kind = Kind::tdx;
        // One number for all that was measured: MRTD and the four RTMRs.
        Bytes registers = to_bytes(td->mr_td);
        for (const ByteArray<48>& rtmr : td->rtmr) {
            append(registers, rtmr);
        }
        claims.measurement = crypto::sha256(registers);
        claims.report_data = to_bytes(td->report_data);
    }
    claims.host = to_bytes(details.pck.ppid);
    claims.collateral_issued = details.issued;
    claims.details = std::move(details);
    return claims;
}

bool is_debug(const DcapClaims& claims) {
    return std::visit([](const auto& report) { return report.debug(); }, claims.body);
}

std::vector<std::string> all_advisories(const TcbJudgement& tcb) {
    std::vector<std::string> out;
    for (const auto* list : {&tcb.advisories, &tcb.qe_advisories, &tcb.module_advisories}) {
        for (const std::string& each : *list) {
            if (std::ranges::find(out, each) == out.end()) {
                out.push_back(each);
            }
        }
    }
    return out;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& each : texts) {
        out += (out.empty() ? "" : ", ") + each;
    }
    return out;
}

/// The day of a date like 2025-05-14T00:00:00Z, which its reader has checked.
UnixMs time_of(const std::string& date) {
    const auto time = from_time_text(date);
    return time.has_value() ? *time : UnixMs{0};
}

Factor judge_revocation(const DcapClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::revocation;
    if (claims.pck_revocation_checked && claims.root_revocation_checked) {
        return factor_pass(kId, "Intel has not revoked the processor's certificates.");
    }
    constexpr const char* kMeaning =
        "Nobody looked whether Intel has revoked the processor's certificates.";
    constexpr const char* kRemedy = "Put root_ca_crl.der and pck_crl.der beside the quote.";
    return rules.without_revocation
               ? factor_not_proven(kId, kMeaning, kRemedy)
               : factor_fail(kId, {Errc::not_found, "ATT-78"}, kMeaning, kRemedy);
}

/// Whether a platform that is out of date was up to date until a short time ago.
bool is_in_grace(const TcbJudgement& tcb, const HardwarePolicy& rules, UnixMs at) {
    const bool behind = tcb.status == TcbStatus::out_of_date ||
                        tcb.status == TcbStatus::out_of_date_configuration_needed;
    return behind && rules.tcb_grace_days > 0 &&
           at < time_of(tcb.newest_date).plus_ms(rules.tcb_grace_days * kDayMs);
}

Factor judge_tcb(const TcbJudgement& tcb, const HardwarePolicy& rules, UnixMs at) {
    constexpr auto kId = FactorId::tcb;
    const std::string meaning = "The platform is " + std::string(tcb_status_name(tcb.status)) +
                                ", at the level of " + tcb.date + ".";
    if (std::ranges::find(rules.tcb, tcb.status) == rules.tcb.end() &&
        !is_in_grace(tcb, rules, at)) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-75"},
                           meaning,
                           "Its operator has to update firmware and microcode, or change settings "
                           "that the advisories name.");
    }
    return tcb.status == TcbStatus::up_to_date
               ? factor_pass(kId, meaning)
               : factor_not_proven(kId, meaning + " The trust policy accepts that.");
}

Factor judge_tcb_evaluation(const TcbJudgement& tcb, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::tcb_evaluation;
    const std::string meaning =
        "Intel's evaluation data has number " + std::to_string(tcb.evaluation_number) + ".";
    if (tcb.evaluation_number < rules.tcb_evaluation_min) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-278"},
                           meaning + " The policy wants " +
                               std::to_string(rules.tcb_evaluation_min) + " at least.",
                           "Take the collateral of today from the maker's provisioning service.");
    }
    return factor_pass(kId, meaning);
}

Factor judge_advisories(const TcbJudgement& tcb, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::advisories;
    if (tcb.status == TcbStatus::up_to_date) {
        return factor_pass(kId, "No known weakness is open at this level.");
    }
    const std::vector<std::string> found = all_advisories(tcb);
    const auto accepted = [&](const std::string& each) {
        return rules.any_advisory || std::ranges::find(rules.advisories_accepted, each) !=
                                         rules.advisories_accepted.end();
    };
    const std::string meaning =
        found.empty() ? "Intel names no weakness at this level." : "Open: " + joined(found) + ".";
    if (!std::ranges::all_of(found, accepted)) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-277"},
                           meaning,
                           "Read them at Intel's security center; list those that you accept in "
                           "the policy's advisories.");
    }
    return factor_not_proven(kId, meaning);
}

Factor judge_quoting_enclave(const TcbJudgement& tcb) {
    constexpr auto kId = FactorId::quoting_enclave;
    const std::string meaning =
        "The quoting enclave is " + std::string(tcb_status_name(tcb.qe)) + ".";
    return tcb.qe == TcbStatus::up_to_date
               ? factor_pass(kId, meaning)
               : factor_not_proven(kId, meaning + " The status of the platform has that in it.");
}

Factor judge_module(const TcbJudgement& tcb) {
    constexpr auto kId = FactorId::module;
    if (!tcb.module.has_value()) {
        return factor_pass(kId, "The TDX module is judged by the level of the platform.");
    }
    const std::string meaning = "The TDX module " + tcb.module_id + " is " +
                                std::string(tcb_status_name(*tcb.module)) + ".";
    return *tcb.module == TcbStatus::up_to_date
               ? factor_pass(kId, meaning)
               : factor_not_proven(kId, meaning + " The status of the platform has that in it.");
}

/// What TCB info and QE identity tell, or that nobody has them.
std::vector<Factor> judge_collateral(const DcapClaims& details,
                                     const HardwarePolicy& rules,
                                     UnixMs at) {
    if (!details.tcb.has_value()) {
        return {factor_fail(FactorId::collateral,
                            {Errc::not_found, "ATT-77"},
                            "How current firmware and microcode are is not known: TCB info or QE "
                            "identity is missing.",
                            "Put tcb_info.json and qe_identity.json, with their issuer chains, "
                            "beside the quote."),
                factor_not_proven(FactorId::tcb, "Not known without TCB info."),
                factor_not_proven(FactorId::advisories, "Not known without TCB info."),
                factor_not_proven(FactorId::quoting_enclave, "Not known without QE identity.")};
    }
    const TcbJudgement& tcb = *details.tcb;
    std::vector<Factor> out = {
        factor_pass(FactorId::collateral, "TCB info and QE identity are there and current."),
        judge_tcb(tcb, rules, at),
        judge_tcb_evaluation(tcb, rules),
        judge_advisories(tcb, rules),
        judge_quoting_enclave(tcb)};
    if (std::holds_alternative<TdReport>(details.body)) {
        out.push_back(judge_module(tcb));
    }
    return out;
}

Factor judge_debug(const DcapClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::debug;
    if (!is_debug(claims)) {
        return factor_pass(kId, "It does not run in debug mode.");
    }
    constexpr const char* kMeaning =
        "It runs in debug mode: the machine's owner can read and change it.";
    constexpr const char* kRemedy = "Start it without the debug attribute.";
    return rules.debug ? factor_not_proven(kId, kMeaning, kRemedy)
                       : factor_fail(kId, {Errc::refused_by_policy, "ATT-76"}, kMeaning, kRemedy);
}

std::vector<Factor> judge_program(const SgxReport& report, const HardwarePolicy& rules) {
    std::vector<Factor> out;
    const bool known = std::ranges::any_of(
        rules.signers, [&](const Bytes& each) { return equal(each, report.mr_signer); });
    const std::string signer = "MRSIGNER is " + to_hex(report.mr_signer) + ".";
    if (rules.signers.empty()) {
        out.push_back(factor_not_proven(FactorId::signer, signer + " The policy names none."));
    } else if (known) {
        out.push_back(factor_pass(FactorId::signer, signer));
    } else {
        out.push_back(factor_fail(FactorId::signer,
                                  {Errc::refused_by_policy, "ATT-279"},
                                  signer + " The policy names others.",
                                  "List it in the policy's signers if you trust it."));
    }
    out.push_back(factor_not_proven(FactorId::product,
                                    "ISVPRODID is " + std::to_string(report.isv_prod_id) + "."));
    const std::string version = "ISVSVN is " + std::to_string(report.isv_svn) + ".";
    if (rules.security_version_min.has_value() && report.isv_svn < *rules.security_version_min) {
        out.push_back(factor_fail(FactorId::security_version,
                                  {Errc::refused_by_policy, "ATT-280"},
                                  version + " The policy wants more.",
                                  "Ask for an enclave of a newer version."));
    } else {
        out.push_back(rules.security_version_min.has_value()
                          ? factor_pass(FactorId::security_version, version)
                          : factor_not_proven(FactorId::security_version, version));
    }
    // EINITTOKEN key and provision key: what launch and provisioning enclaves of Intel need.
    constexpr std::uint8_t kPrivileged = 0x30;
    out.push_back((report.attributes[0] & kPrivileged) == 0
                      ? factor_pass(FactorId::attributes, "It has no special privileges.")
                      : factor_not_proven(FactorId::attributes,
                                          "It may use the provisioning or launch key, which "
                                          "identify the processor."));
    out.push_back(
        factor_not_proven(FactorId::unmeasured,
                          "What the enclave loads after its start its measurement does not say."));
    return out;
}

std::vector<Factor> judge_program(const TdReport& report, const HardwarePolicy& rules) {
    std::vector<Factor> out;
    std::map<std::uint8_t, Bytes> registers;
    for (std::size_t i = 0; i < std::size(report.rtmr); ++i) {
        registers.emplace(static_cast<std::uint8_t>(i), to_bytes(report.rtmr[i]));
    }
    out.push_back(judge_registers(registers, rules));
    out.push_back(factor_not_proven(
        FactorId::boot_chain,
        "MRTD covers the guest's firmware; what it started is in the RTMRs, which only an event "
        "log explains."));
    // SEPT_VE_DISABLE: the host cannot make the guest fault where memory was taken away.
    constexpr std::uint8_t kSeptVeDisable = 0x10;
    constexpr std::size_t kSeptVeByte = 3;
    out.push_back((report.td_attributes[kSeptVeByte] & kSeptVeDisable) != 0
                      ? factor_pass(FactorId::attributes,
                                    "Faults on memory that the host takes away stop the guest.")
                      : factor_not_proven(FactorId::attributes,
                                          "The host can make the guest fault on memory that it "
                                          "takes away (SEPT_VE_DISABLE is off)."));
    out.push_back(report.version_15 && report.mr_service_td != ByteArray<48>{}
                      ? factor_not_proven(FactorId::migration,
                                          "A service domain is bound, which may move the guest.")
                      : factor_pass(FactorId::migration, "No service domain can move the guest."));
    out.push_back(factor_not_proven(
        FactorId::unmeasured,
        "What the guest loads and runs after its start is measured only as far as it extends its "
        "RTMRs."));
    return out;
}

void write_body(JsonWriter& json, const SgxReport& report) {
    json.hex("cpusvn", report.cpu_svn);
    json.hex("miscselect", report.misc_select);
    json.hex("attributes", report.attributes);
    json.hex("mrenclave", report.mr_enclave);
    json.hex("mrsigner", report.mr_signer);
    json.number("isvprodid", report.isv_prod_id);
    json.number("isvsvn", report.isv_svn);
    json.hex("report_data", report.report_data);
}

void write_body(JsonWriter& json, const TdReport& report) {
    json.hex("mr_td", report.mr_td);
    json.hex("mr_seam", report.mr_seam);
    json.hex("mr_signer_seam", report.mr_signer_seam);
    json.hex("mr_config_id", report.mr_config_id);
    json.hex("mr_owner", report.mr_owner);
    json.hex("mr_owner_config", report.mr_owner_config);
    for (std::size_t i = 0; i < std::size(report.rtmr); ++i) {
        json.hex("rtmr" + std::to_string(i), report.rtmr[i]);
    }
    json.hex("seam_attributes", report.seam_attributes);
    json.hex("td_attributes", report.td_attributes);
    json.hex("xfam", report.xfam);
    json.hex("tee_tcb_svn", report.tee_tcb_svn);
    if (report.version_15) {
        json.hex("tee_tcb_svn2", report.tee_tcb_svn2);
        json.hex("mr_service_td", report.mr_service_td);
    }
    json.hex("report_data", report.report_data);
}

void write_pck(JsonWriter& json, const DcapClaims& details) {
    json.begin_object("pck");
    // A number, so without zeros in front.
    const std::string serial = to_hex(details.pck_serial);
    json.text("serial", serial.substr(std::min(serial.find_first_not_of('0'), serial.size())));
    json.hex("fmspc", details.pck.fmspc);
    json.hex("pceid", details.pck.pce_id);
    json.number("pcesvn", details.pck.pce_svn);
    json.hex("cpusvn", details.pck.cpu_svn);
    json.number("sgx_type", details.pck.sgx_type);
    json.hex("ppid", details.pck.ppid);
    json.end_object();
}

void write_tcb(JsonWriter& json, const TcbJudgement& tcb) {
    json.text("tcb_status", tcb_status_name(tcb.status));
    json.text("platform_tcb_status", tcb_status_name(tcb.platform));
    json.text("tcb_date", tcb.date);
    json.number("tcb_evaluation_data_number", tcb.evaluation_number);
    json.texts("advisory_ids", tcb.advisories);
    json.text("qe_tcb_status", tcb_status_name(tcb.qe));
    if (tcb.module.has_value()) {
        json.begin_object("tdx_module");
        json.text("id", tcb.module_id);
        json.text("status", tcb_status_name(*tcb.module));
        json.texts("advisoryIDs", tcb.module_advisories);
        json.end_object();
    }
}

}  // namespace

DcapCollateral dcap_collateral_of(const EvidenceBundle& bundle) {
    return {.tcb_info = bundle.file("tcb_info.json"),
            .tcb_info_issuer_chain = bundle.file("tcb_info_issuer_chain.pem"),
            .qe_identity = bundle.file("qe_identity.json"),
            .qe_identity_issuer_chain = bundle.file("qe_identity_issuer_chain.pem"),
            .root_ca_crl = bundle.file("root_ca_crl.der"),
            .pck_crl = bundle.file("pck_crl.der"),
            .pck_crl_issuer_chain = bundle.file("pck_crl_issuer_chain.pem"),
            .pck_chain = bundle.file("pck_chain.pem")};
}

Result<Claims> verify_content(const DcapQuote& quote, const VerificationInput& input) {
    const DcapCollateral collateral = dcap_collateral_of(input.bundle);
    CHATMCP_TRY(const Certificate root, Certificate::read(input.roots.intel_sgx));
    CHATMCP_TRY(DcapClaims details, verify_dcap(quote, collateral, root, input.at));
    return claims_of(std::move(details));
}

std::vector<Factor> judge_details(const DcapClaims& details, const AppraisalInput& input) {
    const HardwarePolicy& rules = rules_or_strictest(input);
    std::vector<Factor> out = judge_hardware(input);
    const auto add = [&](std::vector<Factor> more) {
        std::ranges::move(more, std::back_inserter(out));
    };
    out.push_back(factor_pass(FactorId::signature,
                              "A processor that Intel's root names signed it, through a quoting "
                              "enclave that it reports."));
    out.push_back(factor_pass(FactorId::root, "The chain ends at Intel's root."));
    out.push_back(factor_pass(FactorId::algorithms, "All signatures are ECDSA with P-256."));
    out.push_back(judge_revocation(details, rules));
    add(judge_collateral(details, rules, input.at));
    out.push_back(judge_debug(details, rules));
    add(std::visit([&](const auto& report) { return judge_program(report, rules); }, details.body));
    out.push_back(factor_pass(FactorId::memory, "The processor encrypts its memory."));
    const bool scalable = details.pck.sgx_type == 1;
    out.push_back(scalable ? factor_not_proven(FactorId::memory_integrity,
                                               "On this processor memory is encrypted without "
                                               "a tree against replay.")
                           : factor_pass(FactorId::memory_integrity,
                                         "The processor notices changed memory."));
    out.push_back(
        factor_not_proven(FactorId::physical,
                          "Whoever holds the machine can attack the processor itself; its maker "
                          "does not claim that it withstands that.",
                          "Prefer machines whose owner cannot reach them."));
    out.push_back(factor_not_proven(FactorId::cloud, "Who operates the machine it does not say."));
    return out;
}

void write_details(JsonWriter& json, const DcapClaims& details) {
    json.number("quote_version", details.version);
    if (details.body_type != 0) {
        json.number("body_type", details.body_type);
    }
    json.hex("qe_vendor_id", details.qe_vendor_id);
    json.flag("debug", is_debug(details));
    json.begin_object("body");
    std::visit([&](const auto& report) { write_body(json, report); }, details.body);
    json.end_object();
    write_pck(json, details);
    if (details.tcb.has_value()) {
        write_tcb(json, *details.tcb);
    }
    if (details.next_update.has_value()) {
        json.time("next_update_ms", *details.next_update);
    }
}

}  // namespace chatmcp::attest
