// AWS Nitro Enclaves.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "attest/kind_steps.h"
#include "crypto/hash.h"

namespace chatmcp::attest {
namespace {

Claims claims_of(NitroClaims details) {
    Claims claims;
    claims.kind = Kind::nitro;
    // Image, kernel with its first file system, and application.
    Bytes registers;
    for (std::uint8_t index = 0; index <= 2; ++index) {
        if (const auto found = details.pcrs.find(index); found != details.pcrs.end()) {
            append(registers, found->second);
        }
    }
    claims.measurement = crypto::sha256(registers);
    claims.report_data = details.user_data.value_or(Bytes());
    claims.nonce = details.nonce;
    claims.host = to_bytes(as_bytes(details.module_id));
    claims.issued = details.timestamp;
    claims.details = std::move(details);
    return claims;
}

Factor judge_debug(const NitroClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::debug;
    if (!claims.debug) {
        return factor_pass(kId, "It does not run in debug mode.");
    }
    constexpr const char* kMeaning =
        "It runs in debug mode: its registers are zeros, and the parent instance reads its "
        "console.";
    constexpr const char* kRemedy = "Start it without --debug-mode.";
    return rules.debug ? factor_not_proven(kId, kMeaning, kRemedy)
                       : factor_fail(kId, {Errc::refused_by_policy, "ATT-76"}, kMeaning, kRemedy);
}

Factor judge_signer(const NitroClaims& claims) {
    constexpr auto kId = FactorId::signer;
    constexpr std::uint8_t kSigningCertificate = 8;
    const auto found = claims.pcrs.find(kSigningCertificate);
    const bool says_something =
        found != claims.pcrs.end() &&
        std::ranges::any_of(found->second, [](std::uint8_t byte) { return byte != 0; });
    return says_something
               ? factor_pass(kId, "The image was signed: PCR8 is " + to_hex(found->second) + ".")
               : factor_not_proven(kId, "The image was not signed: PCR8 says nothing.");
}

/// A root that lies beside the document is never trusted by itself: it must be the one that is.
Result<void> check_anchor(ByteView pem, const Certificate& root) {
    CHATMCP_TRY(const std::vector<Bytes> named, certificates_of_pem(pem));
    for (const Bytes& der : named) {
        CHATMCP_TRY(const Certificate certificate, Certificate::read(der));
        if (!equal(certificate.public_key, root.public_key)) {
            return fail(Errc::untrusted_identity, "ATT-294");
        }
    }
    return {};
}

}  // namespace

Result<Claims> verify_content(const NitroDocument& document, const VerificationInput& input) {
    CHATMCP_TRY(const Certificate root, Certificate::read(input.roots.aws_nitro));
    CHATMCP_TRY(NitroClaims details, verify_nitro(document, root, input.at));
    if (const auto named = input.bundle.file("trust_anchor.crt"); named.has_value()) {
        CHATMCP_TRY_VOID(check_anchor(*named, root));
    }
    return claims_of(std::move(details));
}

std::vector<Factor> judge_details(const NitroClaims& details, const AppraisalInput& input) {
    const HardwarePolicy& rules = rules_or_strictest(input);
    std::vector<Factor> out = judge_hardware(input);
    out.push_back(factor_pass(FactorId::signature,
                              "The hypervisor signed it, with a key that AWS's root names."));
    out.push_back(factor_pass(FactorId::root, "The chain ends at AWS's root."));
    out.push_back(factor_pass(FactorId::algorithms, "All signatures are ECDSA with P-384."));
    out.push_back(factor_not_applicable(
        FactorId::revocation,
        "AWS publishes no revocation lists: the signing key's certificate lives for hours."));
    out.push_back(factor_pass(FactorId::collateral, "All certificates are in the document."));
    out.push_back(factor_not_proven(
        FactorId::tcb, "Which version of the hypervisor runs the document does not say."));
    out.push_back(judge_debug(details, rules));
    out.push_back(judge_registers(details.pcrs, rules));
    out.push_back(judge_signer(details));
    out.push_back(
        factor_pass(FactorId::boot_chain, "PCR 0 to 2 cover image, kernel and application."));
    out.push_back(factor_pass(FactorId::memory,
                              "The enclave's memory is taken away from its parent instance."));
    out.push_back(factor_not_proven(FactorId::memory_integrity,
                                    "Nothing but AWS's hypervisor keeps others from the memory; "
                                    "AWS itself must be trusted."));
    out.push_back(factor_pass(FactorId::cloud, "AWS operates the machine."));
    out.push_back(
        factor_not_proven(FactorId::physical,
                          "AWS holds the machine; others do not, and AWS does not prove more.",
                          {}));
    out.push_back(factor_not_proven(FactorId::unmeasured,
                                    "What the enclave loads after its start its registers do not "
                                    "say."));
    return out;
}

void write_details(JsonWriter& json, const NitroClaims& details) {
    json.text("module_id", details.module_id);
    json.text("digest", "SHA384");
    json.time("timestamp_ms", details.timestamp);
    json.flag("debug", details.debug);
    json.begin_object("pcrs");
    for (const auto& [index, value] : details.pcrs) {
        json.hex(std::to_string(index), value);
    }
    json.end_object();
    json.optional_hex("public_key", details.public_key);
    json.optional_hex("user_data", details.user_data);
    json.optional_hex("nonce", details.nonce);
    json.time("key_ends_ms", details.key_ends);
}

}  // namespace chatmcp::attest
