// Android's hardware-backed keys.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "attest/kind_steps.h"
#include "crypto/hash.h"
#include "wire/der.h"

namespace chatmcp::attest {
namespace {

using wire::DerReader;

Claims claims_of(AndroidKeyClaims details) {
    Claims claims;
    claims.kind = Kind::android_key;
    // What booted the device: its key and what it verified.
    const auto description = AndroidKeyDescription::read(details.description);
    Bytes measured;
    const std::optional<AndroidRootOfTrust> root =
        description.has_value() ? description->root_of_trust : std::nullopt;
    if (root.has_value()) {
        append(measured, root->verified_boot_key);
        append(measured, root->verified_boot_hash.value_or(ByteView()));
    }
    claims.measurement = crypto::sha256(measured);
    claims.report_data = details.challenge;
    claims.nonce = details.challenge;
    claims.details = std::move(details);
    return claims;
}

Factor judge_revocation(const AndroidKeyClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::revocation;
    if (claims.revocation_checked) {
        return factor_pass(kId, "Google's status list has none of the certificates.");
    }
    constexpr const char* kMeaning = "Nobody looked into Google's list of revoked certificates.";
    constexpr const char* kRemedy = "Put status.json beside the chain.";
    return rules.without_revocation
               ? factor_not_proven(kId, kMeaning, kRemedy)
               : factor_fail(kId, {Errc::not_found, "ATT-78"}, kMeaning, kRemedy);
}

Factor judge_key(const AndroidKeyClaims& claims) {
    constexpr auto kId = FactorId::key_protection;
    const std::string meaning = "The key's security level is " +
                                std::string(android_security_level_name(claims.level)) + ".";
    return claims.level == AndroidSecurityLevel::software
               ? factor_fail(kId,
                             {Errc::refused_by_policy, "ATT-292"},
                             meaning + " Whoever controls the system has it.",
                             "Make a key in the trusted environment or in StrongBox.")
               : factor_pass(kId, meaning);
}

Factor judge_boot(const AndroidKeyClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::boot_state;
    const std::string state = claims.boot_state.has_value()
                                  ? std::string(android_boot_state_name(*claims.boot_state))
                                  : "not said";
    const std::string meaning = "The boot state is " + state + ", the device is " +
                                (claims.device_locked ? "locked." : "not locked.");
    if (claims.boot_state == AndroidBootState::verified && claims.device_locked) {
        return factor_pass(kId, meaning);
    }
    return rules.unverified_boot ? factor_not_proven(kId, meaning)
                                 : factor_fail(kId,
                                               {Errc::refused_by_policy, "ATT-289"},
                                               meaning,
                                               "Lock the boot loader and install the maker's "
                                               "system.");
}

Factor judge_patch_level(const AndroidKeyClaims& claims, const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::patch_level;
    if (!claims.os_patch_level.has_value()) {
        return rules.patch_level_min == 0
                   ? factor_not_proven(kId, "The system's patch level is not said.")
                   : factor_fail(kId,
                                 {Errc::refused_by_policy, "ATT-290"},
                                 "The system's patch level is not said.",
                                 "Update the device.");
    }
    const std::string meaning =
        "The system's patch level is " + std::to_string(*claims.os_patch_level) + ".";
    if (*claims.os_patch_level < rules.patch_level_min) {
        return factor_fail(
            kId,
            {Errc::refused_by_policy, "ATT-290"},
            meaning + " The policy wants " + std::to_string(rules.patch_level_min) + ".",
            "Update the device.");
    }
    return rules.patch_level_min == 0 ? factor_not_proven(kId, meaning) : factor_pass(kId, meaning);
}

// ---- JSON ----

/// How a property is written.
enum class Form : std::uint8_t { number, flag, numbers, text, bytes, root_of_trust, application };
struct Property {
    std::uint32_t tag;
    std::string_view name;
    Form form;
};
constexpr std::array<Property, 38> kProperties = {{
    {1, "purpose", Form::numbers},
    {2, "algorithm", Form::number},
    {3, "key_size", Form::number},
    {4, "block_mode", Form::numbers},
    {5, "digest", Form::numbers},
    {6, "padding", Form::numbers},
    {10, "ec_curve", Form::number},
    {303, "rollback_resistance", Form::flag},
    {305, "early_boot_only", Form::flag},
    {400, "active_datetime", Form::number},
    {401, "origination_expire_datetime", Form::number},
    {402, "usage_expire_datetime", Form::number},
    {405, "usage_count_limit", Form::number},
    {503, "no_auth_required", Form::flag},
    {504, "user_auth_type", Form::number},
    {507, "trusted_user_presence_required", Form::flag},
    {508, "trusted_confirmation_required", Form::flag},
    {509, "unlocked_device_required", Form::flag},
    {600, "all_applications", Form::flag},
    {701, "creation_datetime", Form::number},
    {702, "origin", Form::number},
    {704, "root_of_trust", Form::root_of_trust},
    {705, "os_version", Form::number},
    {706, "os_patch_level", Form::number},
    {709, "attestation_application_id", Form::application},
    {710, "id_brand", Form::text},
    {711, "id_device", Form::text},
    {712, "id_product", Form::text},
    {713, "id_serial", Form::text},
    {714, "id_imei", Form::text},
    {715, "id_meid", Form::text},
    {716, "id_manufacturer", Form::text},
    {717, "id_model", Form::text},
    {718, "vendor_patch_level", Form::number},
    {719, "boot_patch_level", Form::number},
    {720, "device_unique_attestation", Form::flag},
    {723, "id_second_imei", Form::text},
    {724, "module_hash", Form::bytes},
}};

/// What claims to be text and is none is shown in hexadecimal.
void write_text_or_hex(JsonWriter& json, std::string_view name, ByteView bytes) {
    const bool is_plain =
        std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; });
    if (is_plain) {
        json.text(name, as_text(bytes));
    } else {
        json.hex(name, bytes);
    }
}

void write_numbers(JsonWriter& json, std::string_view name, ByteView value) {
    DerReader outer(value);
    auto set = outer.nested(wire::kDerSet);
    json.begin_array(name);
    while (set.has_value() && !set->empty()) {
        const auto number = set->small_integer();
        if (!number.has_value()) {
            break;
        }
        json.number(*number);
    }
    json.end_array();
}

void write_root_of_trust(JsonWriter& json, const AndroidRootOfTrust& root) {
    json.begin_object("root_of_trust");
    json.hex("verified_boot_key", root.verified_boot_key);
    json.flag("device_locked", root.device_locked);
    json.text("verified_boot_state", android_boot_state_name(root.verified_boot_state));
    if (root.verified_boot_hash.has_value()) {
        json.hex("verified_boot_hash", *root.verified_boot_hash);
    }
    json.end_object();
}

/// SEQUENCE { SET OF SEQUENCE { name, version }, SET OF digest } in an OCTET STRING. What is not of
/// this form is left out: the system wrote it, not the hardware.
void write_application(JsonWriter& json, ByteView value) {
    DerReader outer(value);
    const auto content = outer.content(wire::kDerOctetString);
    DerReader inner(content.has_value() ? *content : ByteView());
    auto fields = inner.sequence();
    auto packages = fields.has_value() ? fields->nested(wire::kDerSet) : fail(fields.error());
    auto digests = fields.has_value() ? fields->nested(wire::kDerSet) : fail(fields.error());
    json.begin_object("attestation_application_id");
    json.begin_array("packages");
    while (packages.has_value() && !packages->empty()) {
        auto package = packages->sequence();
        const auto name =
            package.has_value() ? package->content(wire::kDerOctetString) : fail(package.error());
        const auto version = package.has_value() ? package->small_integer() : fail(package.error());
        if (!name.has_value() || !version.has_value()) {
            break;
        }
        json.begin_object();
        write_text_or_hex(json, "name", *name);
        json.number("version", *version);
        json.end_object();
    }
    json.end_array();
    json.begin_array("signature_digests");
    while (digests.has_value() && !digests->empty()) {
        const auto digest = digests->content(wire::kDerOctetString);
        if (!digest.has_value()) {
            break;
        }
        json.string(to_hex(*digest));
    }
    json.end_array();
    json.end_object();
}

void write_property(JsonWriter& json,
                    const Property& property,
                    ByteView value,
                    const AndroidKeyDescription& description) {
    DerReader reader(value);
    switch (property.form) {
        case Form::number:
            if (const auto number = reader.small_integer(); number.has_value()) {
                json.number(property.name, *number);
            }
            break;
        case Form::flag:
            json.flag(property.name, true);  // It is there or not.
            break;
        case Form::numbers:
            write_numbers(json, property.name, value);
            break;
        case Form::text:
            if (const auto text = reader.content(wire::kDerOctetString); text.has_value()) {
                write_text_or_hex(json, property.name, *text);
            }
            break;
        case Form::bytes:
            if (const auto bytes = reader.content(wire::kDerOctetString); bytes.has_value()) {
                json.hex(property.name, *bytes);
            }
            break;
        case Form::root_of_trust:
            if (description.root_of_trust.has_value()) {
                write_root_of_trust(json, *description.root_of_trust);
            }
            break;
        case Form::application:
            write_application(json, value);
            break;
    }
}

/// A property that is not known here, if it is a number.
std::optional<std::uint64_t> number_of(ByteView value) {
    DerReader reader(value);
    const auto number = reader.small_integer();
    return number.has_value() && reader.empty() ? std::optional(*number) : std::nullopt;
}

void write_authorizations(JsonWriter& json,
                          std::string_view name,
                          const AndroidAuthorizations& list,
                          const AndroidKeyDescription& description) {
    json.begin_object(name);
    for (const AndroidAuthorization& each : list.items) {
        const auto property = std::ranges::find(kProperties, each.tag, &Property::tag);
        if (property != kProperties.end()) {
            write_property(json, *property, each.value, description);
        } else if (const auto number = number_of(each.value); number.has_value()) {
            json.number(std::to_string(each.tag), *number);
        } else {
            json.hex(std::to_string(each.tag), each.value);
        }
    }
    json.end_object();
}

void write_description(JsonWriter& json, const AndroidKeyDescription& description) {
    json.begin_object("key_description");
    json.number("attestation_version", description.attestation_version);
    json.text("attestation_security_level",
              android_security_level_name(description.attestation_level));
    json.number("keymint_version", description.keymint_version);
    json.text("keymint_security_level", android_security_level_name(description.keymint_level));
    json.hex("attestation_challenge", description.challenge);
    json.hex("unique_id", description.unique_id);
    write_authorizations(json, "software_enforced", description.software_enforced, description);
    write_authorizations(json, "hardware_enforced", description.hardware_enforced, description);
    json.end_object();
}

}  // namespace

Result<Claims> verify_content(const AndroidKeyChain& chain, const VerificationInput& input) {
    CHATMCP_TRY(const std::vector<Certificate> roots, read_roots(input.roots.google_android));
    CHATMCP_TRY(AndroidKeyClaims details,
                verify_android_key(chain, roots, input.bundle.file("status.json"), input.at));
    return claims_of(std::move(details));
}

std::vector<Factor> judge_details(const AndroidKeyClaims& details, const AppraisalInput& input) {
    const HardwarePolicy& rules = rules_or_strictest(input);
    std::vector<Factor> out = judge_hardware(input);
    out.push_back(factor_pass(FactorId::signature,
                              "The device's secure hardware signed it, with a key that Google's "
                              "root names."));
    out.push_back(factor_pass(FactorId::root, "The chain ends at a root key of Google's."));
    out.push_back(factor_pass(FactorId::algorithms, "All signatures are RSA or ECDSA with SHA-2."));
    out.push_back(judge_revocation(details, rules));
    out.push_back(factor_pass(FactorId::collateral, "All certificates are there."));
    out.push_back(judge_key(details));
    out.push_back(judge_boot(details, rules));
    out.push_back(judge_patch_level(details, rules));
    out.push_back(factor_not_proven(
        FactorId::memory, "It protects keys; the memory of apps the system alone protects."));
    out.push_back(details.level == AndroidSecurityLevel::strong_box
                      ? factor_pass(FactorId::physical,
                                    "StrongBox is a chip of its own that is made to withstand "
                                    "whoever holds it.")
                      : factor_not_proven(FactorId::physical,
                                          "The trusted environment shares the processor, which "
                                          "whoever holds it can attack."));
    out.push_back(factor_not_proven(FactorId::unmeasured,
                                    "Which app holds the key the system says, not the hardware."));
    return out;
}

void write_details(JsonWriter& json, const AndroidKeyClaims& details) {
    json.text("attestation_security_level", android_security_level_name(details.level));
    if (details.boot_state.has_value()) {
        json.text("verified_boot_state", android_boot_state_name(*details.boot_state));
        json.flag("device_locked", details.device_locked);
    }
    json.number("chain_len", details.serials.size());
    json.texts("serials", details.serials);
    json.hex("root_spki_sha256", details.root_key);
    json.hex("key_sha256", crypto::sha256(details.public_key));
    json.text("provisioned",
              details.provisioning == AndroidProvisioning::remote ? "remote" : "factory");
    if (const auto description = AndroidKeyDescription::read(details.description);
        description.has_value()) {
        write_description(json, *description);
    }
}

}  // namespace chatmcp::attest
