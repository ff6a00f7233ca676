// TPM 2.0, and Azure's virtual TPM with the hardware's report that vouches for it.
#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "attest/kind_steps.h"
#include "crypto/hash.h"

namespace chatmcp::attest {
namespace {

Claims claims_of(TpmClaims details) {
    Claims claims;
    claims.kind = Kind::tpm;
    claims.measurement = crypto::sha256(details.pcr_digest);
    claims.report_data = details.nonce;
    claims.nonce = details.nonce;
    claims.details = std::move(details);
    return claims;
}

/// Of a certificate alone: a key, and no statement by it.
Claims claims_of(TpmAkCertificate certificate) {
    Claims claims;
    claims.kind = Kind::tpm;
    TpmClaims details;
    details.ak = certificate.key;
    details.ak_certificate = std::move(certificate);
    claims.details = std::move(details);
    return claims;
}

bool has_quote(const TpmClaims& claims) {
    return !claims.pcr_digest.empty();
}

Factor judge_root(const TpmClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::root;
    if (claims.ak_certificate.has_value()) {
        return factor_pass(kId,
                           "The chain of the attestation key ends at a root of a TPM's maker: " +
                               claims.ak_certificate->issuer + ".");
    }
    const crypto::Sha256Digest fingerprint = crypto::sha256(claims.ak);
    const std::string name = to_hex(fingerprint);
    if (std::ranges::find(rules.keys, fingerprint) == rules.keys.end()) {
        return factor_fail(kId,
                           {Errc::untrusted_identity, "ATT-287"},
                           "It is signed by the attestation key " + name +
                               ", which no certificate and no policy vouches for.",
                           "Put the key's certificate beside the quote, or list the key in the "
                           "policy's keys once you know the TPM that made it.");
    }
    return factor_pass(kId, "The trust policy names the attestation key " + name + ".");
}

Factor judge_algorithms(const TpmClaims& claims) {
    constexpr auto kId = FactorId::algorithms;
    if (claims.uses_sha1()) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-291"},
                           "The signature or a register rests on SHA-1, which is broken.",
                           "Ask the TPM for a quote with SHA-256.");
    }
    return factor_pass(kId, "Signature and registers rest on SHA-2.");
}

Factor judge_key(const TpmClaims& claims) {
    constexpr auto kId = FactorId::key_protection;
    constexpr std::uint32_t kWanted =
        TpmPublic::kFixedTpm | TpmPublic::kRestricted | TpmPublic::kSensitiveDataOrigin;
    if (!claims.ak_attributes.has_value()) {
        return factor_not_proven(kId,
                                 "The attestation key's attributes are not there.",
                                 "Put ak_public.tpmt beside the quote.");
    }
    if ((*claims.ak_attributes & kWanted) != kWanted) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-292"},
                           "The attestation key may leave its TPM, or sign what the TPM did not "
                           "make.",
                           "Make a restricted key with fixedTPM.");
    }
    return factor_pass(kId, "The attestation key cannot leave its TPM and signs only its words.");
}

Factor judge_clock(const TpmClaims& claims) {
    constexpr auto kId = FactorId::clock;
    const std::string meaning = "The TPM counts " + std::to_string(claims.reset_count) +
                                " resets and " + std::to_string(claims.restart_count) +
                                " restarts.";
    return claims.clock_safe
               ? factor_pass(kId, meaning + " Its clock never showed a later time before.")
               : factor_not_proven(kId, meaning + " Its clock may have gone back.");
}

/// A quote without a nonce is as old as its key.
Factor judge_nonce_of_quote(const TpmClaims& claims, const AppraisalInput& input) {
    if (claims.nonce.empty()) {
        return factor_fail(FactorId::nonce,
                           {Errc::refused_by_policy, "ATT-295"},
                           "The quote has no nonce: it may be as old as its key.",
                           "Ask the TPM with a nonce of your own.");
    }
    return judge_nonce(input);
}

/// The registers of the strongest bank that was quoted.
std::map<std::uint8_t, Bytes> registers_of(const TpmClaims& claims) {
    return claims.pcrs.empty() ? std::map<std::uint8_t, Bytes>() : claims.pcrs.rbegin()->second;
}

/// In the place of the factor with the same id.
void put(std::vector<Factor>& factors, Factor factor) {
    std::erase_if(factors, [&](const Factor& each) { return each.id == factor.id; });
    factors.push_back(std::move(factor));
}

/// A bank of which all registers from the first on were quoted is a list, others are by number.
void write_bank(JsonWriter& json,
                std::string_view name,
                const std::map<std::uint8_t, Bytes>& bank) {
    const bool is_whole = !bank.empty() && bank.rbegin()->first + 1U == bank.size();
    if (is_whole) {
        json.begin_array(name);
        for (const auto& [index, value] : bank) {
            json.string(to_hex(value));
        }
        json.end_array();
        return;
    }
    json.begin_object(name);
    for (const auto& [index, value] : bank) {
        json.hex(std::to_string(index), value);
    }
    json.end_object();
}

void write_pcrs(JsonWriter& json, const TpmPcrs& pcrs) {
    json.begin_object("pcrs");
    for (const auto& [hash, bank] : pcrs) {
        write_bank(json, tpm_hash_name(hash), bank);
    }
    json.end_object();
}

/// Sixteen digits: makers write their dates in it.
std::string firmware_text(std::uint64_t version) {
    constexpr unsigned kBitsOfByte = 8;
    Bytes bytes;
    for (unsigned i = sizeof(version); i-- > 0;) {
        bytes.push_back(static_cast<std::uint8_t>(version >> (i * kBitsOfByte)));
    }
    return to_hex(bytes);
}

void write_quote(JsonWriter& json, const TpmClaims& claims) {
    json.hex("nonce", claims.nonce);
    json.begin_object("tpms_attest");
    json.hex("qualifiedSigner", claims.qualified_signer);
    json.hex("extraData", claims.nonce);
    json.number("clock", claims.clock_ms);
    json.number("resetCount", claims.reset_count);
    json.number("restartCount", claims.restart_count);
    json.number("safe", claims.clock_safe ? 1 : 0);
    json.text("firmwareVersion", firmware_text(claims.firmware_version));
    json.hex("pcrDigest", claims.pcr_digest);
    json.end_object();
    write_pcrs(json, claims.pcrs);
    json.hex("ak_spki_sha256", crypto::sha256(claims.ak));
}

}  // namespace

Result<TpmFiles> TpmFiles::read(const EvidenceBundle& bundle) {
    constexpr std::string_view kCertificate = "-----BEGIN CERTIFICATE-----";
    constexpr std::uint8_t kSequence = 0x30;
    constexpr std::array<std::string_view, 4> kAuthorities = {
        "ak_intermediate.pem", "ak_root.pem", "intermediate.pem", "root.pem"};
    TpmFiles out;
    for (const std::string_view name : kAuthorities) {
        if (const auto file = bundle.file(name); file.has_value()) {
            out.evidence.authorities.push_back(*file);
        }
    }
    const ByteView bytes = bundle.evidence;
    if (as_text(bytes).starts_with(kCertificate) || (!bytes.empty() && bytes[0] == kSequence)) {
        out.evidence.ak_certificate = bytes;
        return out;
    }
    CHATMCP_TRY_VOID(TpmQuote::read(bytes));
    const auto signature = bundle.file("quote.sig");
    const auto pcrs = bundle.file("pcrs.json");
    if (!signature.has_value() || !pcrs.has_value()) {
        return fail(Errc::not_found, "ATT-296");
    }
    out.has_quote = true;
    out.evidence.quote = bytes;
    out.evidence.signature = *signature;
    out.evidence.pcrs = *pcrs;
    out.evidence.ak_public_key = bundle.file("ak_pub.pem");
    out.evidence.ak_public = bundle.file("ak_public.tpmt");
    out.evidence.ak_certificate = bundle.file("ak_cert.der");
    if (!out.evidence.ak_certificate.has_value()) {
        out.evidence.ak_certificate = bundle.file("ak_cert.pem");
    }
    return out;
}

Result<Claims> verify_content(const TpmFiles& files, const VerificationInput& input) {
    CHATMCP_TRY(const std::vector<Certificate> roots, read_roots(input.roots.tpm));
    const TpmEvidence& evidence = files.evidence;
    if (files.has_quote) {
        CHATMCP_TRY(TpmClaims details, verify_tpm_quote(evidence, roots, input.at));
        return claims_of(std::move(details));
    }
    CHATMCP_TRY(
        TpmAkCertificate certificate,
        verify_ak_certificate(
            evidence.ak_certificate.value_or(ByteView()), evidence.authorities, roots, input.at));
    return claims_of(std::move(certificate));
}

std::vector<Factor> judge_details(const TpmClaims& details, const AppraisalInput& input) {
    const HardwarePolicy& rules = rules_or_strictest(input);
    std::vector<Factor> out = judge_hardware(input);
    out.push_back(
        factor_pass(FactorId::signature, "The attestation key that was given signed it."));
    out.push_back(judge_root(details, rules));
    out.push_back(judge_published_key(crypto::sha256(details.ak), input));
    out.push_back(
        factor_not_proven(FactorId::revocation,
                          "Whether the attestation key's certificate is revoked nobody asked."));
    out.push_back(factor_not_proven(FactorId::physical,
                                    "A TPM beside the processor can be listened to on its wires."));
    out.push_back(factor_not_proven(FactorId::memory,
                                    "A TPM keeps keys; the machine's memory it does not protect."));
    if (!has_quote(details)) {
        out.push_back(factor_fail(FactorId::collateral,
                                  {Errc::not_found, "ATT-296"},
                                  "There is a key's certificate, and no quote by it.",
                                  "Put quote.msg, quote.sig and pcrs.json into the folder."));
        return out;
    }
    out.push_back(factor_pass(FactorId::collateral, "Signature, registers and key are there."));
    out.push_back(judge_algorithms(details));
    out.push_back(judge_key(details));
    out.push_back(judge_clock(details));
    out.push_back(judge_registers(registers_of(details), rules));
    put(out, judge_nonce_of_quote(details, input));
    out.push_back(factor_not_proven(
        FactorId::boot_chain,
        "The registers hold what started; which programs that were only an event log says."));
    return out;
}

void write_details(JsonWriter& json, const TpmClaims& details) {
    write_quote(json, details);
    if (details.ak_certificate.has_value()) {
        const TpmAkCertificate& certificate = *details.ak_certificate;
        json.begin_object("ak_certificate");
        json.text("subject", certificate.subject);
        json.text("issuer", certificate.issuer);
        json.time("key_ends_ms", certificate.key_ends);
        json.end_object();
    }
}

// ---- Azure ----

Result<Claims> verify_content(const AzureEvidence& evidence, const VerificationInput& input) {
    const auto hardware_root = Certificate::read(input.roots.intel_sgx);
    CHATMCP_TRY(const std::vector<Certificate> arks, read_roots(input.roots.amd));
    CHATMCP_TRY(const std::vector<Certificate> authorities, read_roots(input.roots.amd_below));
    AzureCollateral collateral;
    collateral.dcap = dcap_collateral_of(input.bundle);
    collateral.snp.ark_crl = input.bundle.file("ark_crl.der");
    const AzureAnchors anchors{.snp = {.roots = arks, .authorities = authorities},
                               .intel_sgx = hardware_root.has_value() ? &*hardware_root : nullptr};
    CHATMCP_TRY(AzureVtpmClaims details,
                verify_azure_vtpm(evidence, collateral, anchors, input.at));
    Claims claims;
    claims.kind = Kind::azure_vtpm;
    // The hardware measures the paravisor, the paravisor's TPM the guest.
    Bytes measured;
    if (const SnpClaims* const snp = details.snp(); snp != nullptr) {
        append(measured, snp->report.measurement);
        claims.host = to_bytes(snp->report.chip_id);
    } else if (const DcapClaims* const dcap = details.dcap(); dcap != nullptr) {
        if (const auto* td = std::get_if<TdReport>(&dcap->body); td != nullptr) {
            append(measured, td->mr_td);
        }
        claims.host = to_bytes(dcap->pck.ppid);
        claims.collateral_issued = dcap->issued;
    }
    append(measured, details.tpm.pcr_digest);
    claims.measurement = crypto::sha256(measured);
    claims.report_data = details.runtime.user_data;
    claims.nonce = details.tpm.nonce;
    claims.details = std::move(details);
    return claims;
}

std::vector<Factor> judge_details(const AzureVtpmClaims& details, const AppraisalInput& input) {
    const HardwarePolicy& rules = rules_or_strictest(input);
    std::vector<Factor> out = std::visit(
        [&](const auto& hardware) { return judge_details(hardware, input); }, details.hardware);
    put(out,
        factor_pass(FactorId::signature,
                    "The processor's report names the virtual TPM's key, which signed the quote."));
    put(out, judge_algorithms(details.tpm));
    put(out, judge_clock(details.tpm));
    put(out, judge_registers(registers_of(details.tpm), rules));
    put(out, judge_nonce_of_quote(details.tpm, input));
    put(out, factor_pass(FactorId::key_protection, "The paravisor keeps the virtual TPM's key."));
    put(out, factor_pass(FactorId::cloud, "Azure operates the machine, and wrote its paravisor."));
    if (details.runtime.secure_boot.has_value()) {
        put(out,
            *details.runtime.secure_boot
                ? factor_pass(FactorId::secure_boot, "The paravisor says that secure boot is on.")
                : factor_not_proven(FactorId::secure_boot,
                                    "The paravisor says that secure boot is off."));
    }
    put(out,
        factor_not_proven(
            FactorId::boot_chain,
            "The hardware measures the paravisor; what the guest started is in the TPM's "
            "registers, and which programs that were only an event log says."));
    put(out,
        factor_not_proven(FactorId::rollback,
                          details.runtime.tpm_persisted.value_or(false)
                              ? "The virtual TPM's state is kept by the cloud."
                              : "The virtual TPM begins anew with every start."));
    return out;
}

void write_details(JsonWriter& json, const AzureVtpmClaims& details) {
    if (const SnpClaims* const snp = details.snp(); snp != nullptr) {
        json.begin_object("hardware");
        write_details(json, *snp);
        json.end_object();
        json.text("product", snp_product_line_name(snp->line));
        json.flag("debug", snp->report.policy.debug_allowed());
    } else if (const DcapClaims* const dcap = details.dcap(); dcap != nullptr) {
        json.begin_object("hardware");
        write_details(json, *dcap);
        json.end_object();
        json.hex("fmspc", dcap->pck.fmspc);
        json.flag("debug", std::visit([](const auto& body) { return body.debug(); }, dcap->body));
    }
    write_quote(json, details.tpm);
    json.begin_object("hcl");
    json.number("version", details.hcl_version);
    json.text("vm_unique_id", details.runtime.vm_unique_id);
    if (details.runtime.secure_boot.has_value()) {
        json.flag("secure_boot", *details.runtime.secure_boot);
    }
    json.hex("runtime_user_data", details.runtime.user_data);
    json.end_object();
}

}  // namespace chatmcp::attest
