// Arm PSA and CCA.
#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "attest/kind_steps.h"
#include "crypto/hash.h"

namespace chatmcp::attest {
namespace {

GivenKeyFiles key_files(const EvidenceBundle& bundle, std::string_view name) {
    return {.pem = bundle.file(std::string(name) + "_pub.pem"),
            .jwk = bundle.file(std::string(name) + ".jwk.json"),
            .symmetric = bundle.file("hmac.key")};
}

Claims claims_of(PsaClaims details) {
    Claims claims;
    claims.kind = Kind::psa;
    Bytes measured;
    for (const OwnedArmComponent& each : details.components) {
        append(measured, each.measurement);
    }
    claims.measurement = crypto::sha256(measured);
    claims.report_data = details.nonce;
    claims.nonce = details.nonce;
    claims.host = details.instance_id;
    claims.details = std::move(details);
    return claims;
}

Claims claims_of(CcaClaims details) {
    Claims claims;
    claims.kind = Kind::cca;
    // One number for all that was measured of the realm: at its start and since.
    Bytes measured = details.initial_measurement;
    for (const Bytes& each : details.extensible_measurements) {
        append(measured, each);
    }
    claims.measurement = crypto::sha256(measured);
    claims.report_data = details.challenge;
    claims.nonce = details.challenge;
    claims.host = details.instance_id;
    claims.details = std::move(details);
    return claims;
}

Factor judge_root(const GivenKey& key, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::root;
    const std::string name = to_hex(key.fingerprint);
    if (std::ranges::find(rules.keys, key.fingerprint) == rules.keys.end()) {
        return factor_fail(
            kId,
            {Errc::untrusted_identity, "ATT-287"},
            "It is signed by the key " + name + ", which no certificate and no policy vouches for.",
            "If the device's maker gave you this key, list it in the policy's keys.");
    }
    return factor_pass(kId, "The trust policy names the key " + name + ".");
}

Factor judge_lifecycle(std::uint16_t lifecycle, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::lifecycle;
    const std::string meaning =
        "The device's life cycle is " + std::string(arm_lifecycle_name(lifecycle)) + ".";
    if (arm_lifecycle_is_secured(lifecycle)) {
        return factor_pass(kId, meaning);
    }
    return rules.insecure_lifecycle
               ? factor_not_proven(kId, meaning)
               : factor_fail(kId,
                             {Errc::refused_by_policy, "ATT-288"},
                             meaning + " Others may debug it.",
                             "Use a device that was secured when it left its factory.");
}

std::vector<Factor> judge_arm(const GivenKey& key,
                              std::uint16_t lifecycle,
                              bool has_algorithm,
                              const AppraisalInput& input) {
    const HardwarePolicy& rules = rules_or_strictest(input);
    std::vector<Factor> out = judge_hardware(input);
    out.push_back(factor_pass(FactorId::signature, "The key that was given signed it."));
    out.push_back(judge_root(key, rules));
    out.push_back(judge_published_key(key.fingerprint, input));
    out.push_back(
        has_algorithm
            ? factor_pass(FactorId::algorithms, "It says by which algorithm it is signed.")
            : factor_not_proven(FactorId::algorithms,
                                "It does not say by which algorithm it is signed; the "
                                "key's was taken."));
    out.push_back(factor_not_proven(FactorId::revocation,
                                    "Nobody publishes whether keys of such devices are revoked."));
    out.push_back(judge_lifecycle(lifecycle, rules));
    out.push_back(factor_not_proven(
        FactorId::tcb, "Whether the device's software is current, only its maker can say."));
    out.push_back(factor_not_proven(FactorId::physical,
                                    "Whether it withstands whoever holds it, its certification "
                                    "says and not the token."));
    return out;
}

void write_components(JsonWriter& json, const std::vector<OwnedArmComponent>& components) {
    json.begin_array("sw_components");
    for (const OwnedArmComponent& each : components) {
        json.begin_object();
        // The members' numbers in the specification.
        if (!each.type.empty()) {
            json.text("1", each.type);
        }
        json.hex("2", each.measurement);
        if (!each.version.empty()) {
            json.text("4", each.version);
        }
        json.hex("5", each.signer_id);
        if (!each.description.empty()) {
            json.text("6", each.description);
        }
        json.end_object();
    }
    json.end_array();
}

}  // namespace

Factor judge_published_key(const crypto::Sha256Digest& fingerprint, const AppraisalInput& input) {
    constexpr auto kId = FactorId::published_key;
    const auto& published = input.roots.published_spki;
    if (std::ranges::find(published, fingerprint) != published.end()) {
        return factor_fail(kId,
                           {Errc::untrusted_identity, "ATT-286"},
                           "Its private key is published with test software: anybody can sign so.",
                           "Use a device with a key of its own.");
    }
    return factor_pass(kId, "The key is none of the published test keys.");
}

Result<Claims> verify_content(const PsaToken& token, const VerificationInput& input) {
    CHATMCP_TRY(PsaClaims details, verify_psa(token, key_files(input.bundle, "iak")));
    return claims_of(std::move(details));
}

std::vector<Factor> judge_details(const PsaClaims& details, const AppraisalInput& input) {
    std::vector<Factor> out =
        judge_arm(details.key, details.lifecycle, details.algorithm.has_value(), input);
    out.push_back(factor_not_proven(
        FactorId::product,
        "The profile is " + (details.profile.empty() ? "not named" : details.profile) + "."));
    out.push_back(factor_not_proven(FactorId::key_protection,
                                    "How its attestation key is kept the token does not say."));
    out.push_back(details.components.empty()
                      ? factor_not_proven(FactorId::boot_chain, "It says that nothing is measured.")
                      : factor_pass(FactorId::boot_chain,
                                    "It measures " + std::to_string(details.components.size()) +
                                        " pieces of software."));
    out.push_back(factor_not_proven(FactorId::memory,
                                    "Whether its memory is encrypted the token does not say."));
    return out;
}

void write_details(JsonWriter& json, const PsaClaims& details) {
    json.number("cose_tag", details.cose_tag.value_or(0));
    if (details.algorithm.has_value()) {
        json.integer("alg", static_cast<std::int64_t>(*details.algorithm));
    }
    json.begin_object("claims");
    json.hex("nonce", details.nonce);
    if (!details.boot_seed.empty()) {
        json.hex("boot_seed", details.boot_seed);
    }
    json.hex("instance_id", details.instance_id);
    json.hex("implementation_id", details.implementation_id);
    json.integer("client_id", details.client_id);
    json.number("security_lifecycle", details.lifecycle);
    write_components(json, details.components);
    if (!details.verification_service.empty()) {
        json.text("verification_service_indicator", details.verification_service);
    }
    if (!details.profile.empty()) {
        json.text("profile", details.profile);
    }
    if (!details.certification_reference.empty()) {
        json.text(details.legacy ? "hardware_version" : "certification_reference",
                  details.certification_reference);
    }
    json.end_object();
    json.text("lifecycle_state", arm_lifecycle_name(details.lifecycle));
    json.hex("key_fingerprint", details.key.fingerprint);
}

Result<Claims> verify_content(const CcaToken& token, const VerificationInput& input) {
    CHATMCP_TRY(CcaClaims details, verify_cca(token, key_files(input.bundle, "cpak")));
    return claims_of(std::move(details));
}

std::vector<Factor> judge_details(const CcaClaims& details, const AppraisalInput& input) {
    std::vector<Factor> out = judge_arm(details.key, details.lifecycle, true, input);
    std::map<std::uint8_t, Bytes> registers;
    for (std::size_t i = 0; i < details.extensible_measurements.size(); ++i) {
        registers.emplace(static_cast<std::uint8_t>(i), details.extensible_measurements[i]);
    }
    out.push_back(judge_registers(registers, rules_or_strictest(input)));
    out.push_back(factor_pass(FactorId::module,
                              "The platform's token names the realm's key, and measures " +
                                  std::to_string(details.components.size()) +
                                  " pieces of firmware."));
    out.push_back(factor_not_proven(FactorId::debug,
                                    "Whether the realm can be debugged its token does not say."));
    out.push_back(factor_pass(FactorId::boot_chain,
                              "The realm's initial measurement covers what it was started with."));
    out.push_back(factor_pass(FactorId::memory, "The realm's memory is its own."));
    out.push_back(factor_not_proven(
        FactorId::unmeasured,
        "What the realm loads after its start it measures only as far as it extends its "
        "measurements."));
    return out;
}

void write_details(JsonWriter& json, const CcaClaims& details) {
    json.number("cbor_tag", details.tag);
    json.text("platform_profile", details.platform_profile);
    if (!details.realm_profile.empty()) {
        json.text("realm_profile", details.realm_profile);
    } else {
        json.null("realm_profile");
    }
    json.text("rak_format", details.is_cose_key ? "COSE_Key" : "raw point");
    json.hex("implementation_id", details.implementation_id);
    json.hex("instance_id", details.instance_id);
    json.number("lifecycle", details.lifecycle);
    json.text("lifecycle_state", arm_lifecycle_name(details.lifecycle));
    json.hex("platform_challenge", details.platform_challenge);
    json.hex("platform_config", details.configuration);
    write_components(json, details.components);
    if (!details.verification_service.empty()) {
        json.text("verification_service", details.verification_service);
    }
    json.text("platform_hash_algo", details.platform_hash);
    json.hex("realm_challenge", details.challenge);
    json.hex("realm_personalization_value", details.personalization_value);
    json.hex("realm_initial_measurement", details.initial_measurement);
    json.begin_array("realm_extensible_measurements");
    for (const Bytes& each : details.extensible_measurements) {
        json.string(to_hex(each));
    }
    json.end_array();
    json.text("realm_hash_algo", details.realm_hash);
    json.hex("realm_public_key", details.realm_public_key);
    json.text("realm_public_key_hash_algo", details.public_key_hash);
    json.hex("key_fingerprint", details.key.fingerprint);
}

}  // namespace chatmcp::attest
