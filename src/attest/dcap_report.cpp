#include "attest/dcap_report.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace chatmcp::attest {
namespace {

std::string advisories_text(const TcbJudgement& tcb) {
    std::string text;
    for (const auto* list : {&tcb.advisories, &tcb.qe_advisories, &tcb.module_advisories}) {
        for (const std::string& each : *list) {
            if (text.find(each) == std::string::npos) {
                text += (text.empty() ? " Known weaknesses: " : ", ") + each;
            }
        }
    }
    return text.empty() ? text : text + ".";
}

Factor judge_revocation(const DcapClaims& claims) {
    constexpr auto kId = FactorId::revocation;
    if (!claims.pck_revocation_checked || !claims.root_revocation_checked) {
        return factor_fail(kId,
                           {Errc::not_found, "ATT-78"},
                           "Nobody looked whether Intel has revoked the processor's certificates.",
                           "Put root_ca_crl.der and pck_crl.der beside the quote.");
    }
    return factor_pass(kId, "Intel has not revoked the processor's certificates.");
}

Factor judge_tcb(const DcapClaims& claims) {
    constexpr auto kId = FactorId::tcb;
    if (!claims.tcb.has_value()) {
        return factor_fail(
            kId,
            {Errc::not_found, "ATT-77"},
            "How current firmware and microcode are is not known.",
            "Put tcb_info.json and qe_identity.json, with their issuer chains, beside the quote.");
    }
    const TcbJudgement& tcb = *claims.tcb;
    if (tcb.status != TcbStatus::up_to_date) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-75"},
                           "The platform is " + std::string(tcb_status_name(tcb.status)) +
                               ", at the level of " + tcb.date + "." + advisories_text(tcb),
                           "Its operator has to update firmware and microcode, or change settings "
                           "that the advisories name.");
    }
    return factor_pass(kId, "The platform is UpToDate, at the level of " + tcb.date + ".");
}

Factor judge_debug(bool debug) {
    constexpr auto kId = FactorId::debug;
    if (debug) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-76"},
                           "It runs in debug mode: the machine's owner can read and change it.",
                           "Start it without the debug attribute.");
    }
    return factor_pass(kId, "It does not run in debug mode.");
}

Claims claims_of(DcapClaims details, ByteView quote) {
    Claims claims;
    if (const auto* report = std::get_if<SgxReport>(&details.body); report != nullptr) {
        claims.kind = Kind::sgx;
        claims.measurement = report->mr_enclave;
        claims.report_data = report->report_data;
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
        claims.report_data = td->report_data;
    }
    claims.evidence_digest = crypto::sha256(quote);
    claims.details = std::move(details);
    return claims;
}

std::vector<Factor> judge(const Claims& claims, const DcapClaims& details) {
    const bool debug = std::visit([](const auto& report) { return report.debug(); }, details.body);
    std::vector<Factor> factors;
    factors.push_back(factor_pass(FactorId::format, "The quote can be read, whole."));
    factors.push_back(factor_pass(FactorId::signature,
                                  "A processor that Intel's root names signed it, through a "
                                  "quoting enclave that it reports."));
    factors.push_back(judge_revocation(details));
    factors.push_back(judge_tcb(details));
    factors.push_back(judge_debug(debug));
    factors.push_back(factor_fail(
        FactorId::kind,
        {Errc::refused_by_policy, "ATT-74"},
        "No trust policy admits the kind " + std::string(kind_name(claims.kind)) + " yet.",
        "Read what was found; this version cannot accept it."));
    factors.push_back(factor_pass(FactorId::root, "The chain ends at Intel's root."));
    for (const FactorId id : {FactorId::development, FactorId::sandbox, FactorId::extra_sandbox}) {
        factors.push_back(
            factor_not_applicable(id, "Only a simulated platform has it: this is hardware."));
    }
    factors.push_back(factor_not_proven(
        FactorId::configuration, "No credential was given to compare the configuration with.", {}));
    factors.push_back(factor_not_proven(
        FactorId::measurement,
        "Which program this is was not compared: measurement " + to_hex(claims.measurement) + ".",
        {}));
    factors.push_back(
        factor_not_proven(FactorId::binding,
                          "No keys, group and nonce were given to hold the evidence against.",
                          {}));
    factors.push_back(
        factor_not_proven(FactorId::freshness,
                          "A quote has no time of its own: only a nonce shows that it is new.",
                          {}));
    factors.push_back(factor_pass(FactorId::memory, "The processor encrypts its memory."));
    factors.push_back(
        factor_not_proven(FactorId::physical,
                          "Whoever holds the machine can attack the processor itself; its maker "
                          "does not claim that it withstands that.",
                          "Prefer machines whose owner cannot reach them."));
    factors.push_back(
        factor_not_proven(FactorId::rollback,
                          "Whether old sealed state would be noticed, the quote does not say.",
                          {}));
    factors.push_back(factor_not_proven(
        FactorId::unmeasured,
        "What the enclave loads after its start, and what its operating system does, the quote "
        "does not say.",
        {}));
    std::ranges::sort(factors, {}, &Factor::id);
    return factors;
}

FactorReport failed(FactorId id, Error error, std::string meaning, UnixMs at) {
    FactorReport report;
    report.judged_at = at;
    if (id != FactorId::format) {
        report.factors.push_back(factor_pass(FactorId::format, "The quote can be read, whole."));
    }
    report.factors.push_back(factor_fail(id,
                                         error,
                                         std::move(meaning),
                                         "Do not rely on it; ask for a new quote with its "
                                         "collateral of today."));
    return report;
}

}  // namespace

bool is_dcap_quote(ByteView bytes) {
    constexpr std::size_t kBeginning = 4;
    return bytes.size() > DcapQuote::kHeaderBytes && bytes[0] >= 3 && bytes[0] <= 5 &&
           equal(bytes.first(kBeginning).subspan(1), Bytes{0, 2, 0});
}

FactorReport inspect_dcap(ByteView quote,
                          const DcapCollateral& collateral,
                          const Roots& roots,
                          UnixMs at) {
    const auto parsed = DcapQuote::read(quote);
    if (!parsed.has_value()) {
        return failed(FactorId::format, parsed.error(), "The quote cannot be read.", at);
    }
    const auto root = Certificate::read(roots.intel_sgx);
    auto details = root.has_value() ? verify_dcap(*parsed, collateral, *root, at)
                                    : Result<DcapClaims>(fail(root.error()));
    if (!details.has_value()) {
        return failed(FactorId::signature,
                      details.error(),
                      "A signature, certificate, date or document does not hold, so nothing that "
                      "the quote says is shown.",
                      at);
    }
    FactorReport report;
    report.judged_at = at;
    report.claims = claims_of(*std::move(details), quote);
    const auto* const kept = std::get_if<DcapClaims>(&report.claims->details);
    CHATMCP_CHECK(kept != nullptr);
    report.factors = judge(*report.claims, *kept);
    return report;
}

}  // namespace chatmcp::attest
