// AMD SEV-SNP.
#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "attest/kind_steps.h"
#include "crypto/hash.h"

namespace chatmcp::attest {
namespace {

Claims claims_of(SnpClaims details) {
    Claims claims;
    claims.kind = Kind::sev_snp;
    claims.measurement = crypto::sha256(details.report.measurement);
    claims.report_data = to_bytes(details.report.report_data);
    if (!details.report.chip_id_masked()) {
        claims.host = to_bytes(details.report.chip_id);
    }
    claims.details = std::move(details);
    return claims;
}

Factor judge_revocation(const SnpClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::revocation;
    if (claims.revocation_checked) {
        return factor_pass(kId, "AMD has not revoked the authority that certified the chip.");
    }
    constexpr const char* kMeaning =
        "Nobody looked whether AMD has revoked the authority that certified the chip.";
    constexpr const char* kRemedy = "Put ark_crl.der beside the report.";
    return rules.without_revocation
               ? factor_not_proven(kId, kMeaning, kRemedy)
               : factor_fail(kId, {Errc::not_found, "ATT-78"}, kMeaning, kRemedy);
}

std::string tcb_text(const SnpTcb& tcb) {
    std::string out = "boot loader " + std::to_string(tcb.boot_loader) + ", TEE " +
                      std::to_string(tcb.tee) + ", SNP " + std::to_string(tcb.snp) +
                      ", microcode " + std::to_string(tcb.microcode);
    return tcb.fmc.has_value() ? out + ", FMC " + std::to_string(*tcb.fmc) : out;
}

Factor judge_tcb(const SnpClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::tcb;
    const std::string meaning = "The platform reports " + tcb_text(claims.reported_tcb) + ".";
    const auto minimum = rules.tcb_min.find(claims.line);
    if (minimum == rules.tcb_min.end()) {
        return factor_not_proven(kId,
                                 meaning +
                                     " AMD publishes no list of what is current, and the "
                                     "policy has no minimum.",
                                 "Set the policy's tcb_min from AMD's security bulletins.");
    }
    if (!claims.reported_tcb.reaches(minimum->second)) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-75"},
                           meaning + " The policy wants " + tcb_text(minimum->second) + ".",
                           "Its operator has to update the firmware.");
    }
    return factor_pass(kId, meaning);
}

Factor judge_committed(const SnpClaims& claims) {
    constexpr auto kId = FactorId::firmware_committed;
    if (claims.report.committed_tcb == claims.report.current_tcb) {
        return factor_pass(kId, "The firmware that runs is committed.");
    }
    return factor_not_proven(kId,
                             "Newer firmware runs than is committed, so the operator can go back.",
                             "Its operator can commit the firmware.");
}

/// A permission that the guest's owner gave, and that a policy may refuse.
Factor judge_permission(
    FactorId id, bool given, bool allowed, Error error, const char* without, const char* with) {
    if (!given) {
        return factor_pass(id, without);
    }
    return allowed ? factor_not_proven(id, with)
                   : factor_fail(id, error, with, "Start the guest with a stricter guest policy.");
}

Factor judge_privilege(const SnpReport& report, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::privilege;
    const std::string meaning = "A program at VMPL " + std::to_string(report.vmpl) + " asked.";
    if (report.vmpl > rules.vmpl_max) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-284"},
                           meaning + " What runs at a lower number can read it.",
                           "Ask at VMPL 0, or set the policy's vmpl_max.");
    }
    return factor_pass(kId, meaning);
}

Factor judge_signer(const SnpReport& report, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::signer;
    const std::string meaning =
        "The id key's digest is " + to_hex(report.id_key_digest) +
        (report.has_author_key() ? ", the author key's " + to_hex(report.author_key_digest) : "") +
        ".";
    if (rules.signers.empty()) {
        return factor_not_proven(kId, meaning + " The policy names none.");
    }
    const bool known = std::ranges::any_of(rules.signers, [&](const Bytes& each) {
        return equal(each, report.id_key_digest) ||
               (report.has_author_key() && equal(each, report.author_key_digest));
    });
    return known ? factor_pass(kId, meaning)
                 : factor_fail(kId,
                               {Errc::refused_by_policy, "ATT-279"},
                               meaning + " The policy names others.",
                               "List it in the policy's signers if you trust it.");
}

Factor judge_security_version(const SnpReport& report, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::security_version;
    const std::string meaning = "The guest's SVN is " + std::to_string(report.guest_svn) + ".";
    if (rules.security_version_min.has_value() && report.guest_svn < *rules.security_version_min) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-280"},
                           meaning + " The policy wants more.",
                           "Ask for a guest of a newer version.");
    }
    return rules.security_version_min.has_value() ? factor_pass(kId, meaning)
                                                  : factor_not_proven(kId, meaning);
}

/// Bits of PLATFORM_INFO. Spec: AMD publication 56860, table ATTESTATION_REPORT.
constexpr std::uint64_t kSmtEnabled = 1U << 0;
constexpr std::uint64_t kCiphertextHiding = 1U << 4;

std::vector<Factor> judge_guest(const SnpClaims& claims, const HardwarePolicy& rules) {
    const SnpReport& report = claims.report;
    return {judge_permission(FactorId::debug,
                             report.policy.debug_allowed(),
                             rules.debug,
                             {Errc::refused_by_policy, "ATT-76"},
                             "The guest policy forbids debugging.",
                             "The guest policy allows debugging: the machine's owner can read it."),
            judge_permission(FactorId::migration,
                             report.policy.migration_agent_allowed(),
                             rules.migration,
                             {Errc::refused_by_policy, "ATT-283"},
                             "No migration agent may move the guest.",
                             "A migration agent may move the guest, and sees its memory."),
            judge_permission(FactorId::simultaneous_threads,
                             (report.platform_info & kSmtEnabled) != 0,
                             rules.simultaneous_threads,
                             {Errc::refused_by_policy, "ATT-285"},
                             "The platform runs without simultaneous threads.",
                             "Simultaneous threads are on: others may share a core."),
            (report.platform_info & kCiphertextHiding) != 0
                ? factor_pass(FactorId::ciphertext_hiding, "The owner cannot read ciphertext.")
                : factor_not_proven(FactorId::ciphertext_hiding,
                                    "The owner can watch encrypted memory change."),
            judge_privilege(report, rules),
            judge_signer(report, rules),
            judge_security_version(report, rules)};
}

void write_tcb(JsonWriter& json, const char* name, const SnpTcb& tcb) {
    json.begin_object(name);
    if (tcb.fmc.has_value()) {
        json.number("fmc", *tcb.fmc);
    }
    json.number("boot_loader", tcb.boot_loader);
    json.number("tee", tcb.tee);
    json.number("snp", tcb.snp);
    json.number("microcode", tcb.microcode);
    json.end_object();
}

/// As AMD's tables write it: 0x3001f.
std::string number_text(std::uint64_t number) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    constexpr unsigned kBitsOfDigit = 4;
    std::string digits;
    do {
        digits.insert(digits.begin(), kDigits[number & 0xf]);
        number >>= kBitsOfDigit;
    } while (number != 0);
    return "0x" + digits;
}

void write_report(JsonWriter& json, const SnpReport& report) {
    json.begin_object("report");
    json.number("version", report.version);
    json.number("guest_svn", report.guest_svn);
    json.text("policy", number_text(report.policy.bits));
    json.hex("family_id", report.family_id);
    json.hex("image_id", report.image_id);
    json.number("vmpl", report.vmpl);
    json.hex("current_tcb", report.current_tcb);
    json.text("platform_info", number_text(report.platform_info));
    json.text("key_info", number_text(report.key_info));
    json.hex("report_data", report.report_data);
    json.hex("measurement", report.measurement);
    json.hex("host_data", report.host_data);
    json.hex("id_key_digest", report.id_key_digest);
    json.hex("author_key_digest", report.author_key_digest);
    json.hex("report_id", report.report_id);
    json.hex("report_id_ma", report.report_id_ma);
    json.hex("reported_tcb", report.reported_tcb);
    json.hex("chip_id", report.chip_id);
    json.hex("committed_tcb", report.committed_tcb);
    json.hex("launch_tcb", report.launch_tcb);
    if (report.processor.has_value()) {
        json.begin_object("cpuid");
        json.number("family", report.processor->family);
        json.number("model", report.processor->model);
        json.number("stepping", report.processor->stepping);
        json.end_object();
    }
    json.end_object();
}

}  // namespace

Result<Claims> verify_content(const SignedSnpReport& report, const VerificationInput& input) {
    static constexpr std::array<std::string_view, 8> kCertificateFiles = {"vcek.der",
                                                                          "vcek.pem",
                                                                          "vlek.der",
                                                                          "ask.pem",
                                                                          "asvk.der",
                                                                          "ark.pem",
                                                                          "certificate_chain.pem",
                                                                          "cert_chain.pem"};
    SnpCollateral collateral;
    for (const std::string_view name : kCertificateFiles) {
        if (const auto file = input.bundle.file(name); file.has_value()) {
            collateral.certificates.push_back(*file);
        }
    }
    collateral.certificate_table = input.bundle.file("auxblob.bin");
    collateral.ark_crl = input.bundle.file("ark_crl.der");
    CHATMCP_TRY(const std::vector<Certificate> roots, read_roots(input.roots.amd));
    CHATMCP_TRY(const std::vector<Certificate> authorities, read_roots(input.roots.amd_below));
    CHATMCP_TRY(SnpClaims details,
                verify_sev_snp(report, collateral, {roots, authorities}, input.at));
    return claims_of(std::move(details));
}

std::vector<Factor> judge_details(const SnpClaims& details, const AppraisalInput& input) {
    const HardwarePolicy& rules = rules_or_strictest(input);
    std::vector<Factor> out = judge_hardware(input);
    std::ranges::move(judge_guest(details, rules), std::back_inserter(out));
    out.push_back(factor_pass(FactorId::signature,
                              "A chip that AMD's root names signed it, at the TCB that its "
                              "certificate is for."));
    out.push_back(factor_pass(FactorId::root,
                              "The chain ends at AMD's root of the " +
                                  std::string(snp_product_line_name(details.line)) + " line."));
    out.push_back(factor_pass(FactorId::algorithms,
                              "The report is signed by ECDSA with P-384, the certificates by RSA "
                              "of 4096 bits."));
    out.push_back(judge_revocation(details, rules));
    out.push_back(factor_pass(FactorId::collateral, "All certificates are there."));
    out.push_back(judge_tcb(details, rules));
    out.push_back(judge_committed(details));
    out.push_back(factor_pass(FactorId::memory, "The processor encrypts its memory."));
    out.push_back(factor_pass(FactorId::memory_integrity,
                              "The host cannot map, swap or change the guest's pages unnoticed."));
    out.push_back(
        factor_not_proven(FactorId::physical,
                          "Whoever holds the machine can attack the processor and its memory bus; "
                          "its maker does not claim that it withstands that.",
                          "Prefer machines whose owner cannot reach them."));
    out.push_back(
        details.key.provider.empty()
            ? factor_not_proven(FactorId::cloud,
                                "Who operates the machine it does not "
                                "say.")
            : factor_pass(FactorId::cloud, "AMD issued the key to " + details.key.provider + "."));
    out.push_back(factor_not_proven(
        FactorId::boot_chain,
        "The measurement covers what was loaded at launch; what the guest started after it is in "
        "its own measurements, which this report does not hold."));
    out.push_back(factor_not_proven(FactorId::unmeasured,
                                    "What the guest loads after its launch the measurement does "
                                    "not say."));
    return out;
}

void write_details(JsonWriter& json, const SnpClaims& details) {
    json.text("product", snp_product_line_name(details.line));
    json.text("signing_key", details.report.signing_key() == SnpSigningKey::vlek ? "VLEK" : "VCEK");
    json.flag("debug", details.report.policy.debug_allowed());
    write_report(json, details.report);
    write_tcb(json, "tcb", details.reported_tcb);
    json.text("product_name", details.key.product_name);
    if (!details.key.provider.empty()) {
        json.text("csp_id", details.key.provider);
    }
    json.time("key_ends_ms", details.key_ends);
    if (details.next_update.has_value()) {
        json.time("next_update_ms", *details.next_update);
    }
}

}  // namespace chatmcp::attest
