#include "attest/android_key.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "attest/json_value.h"
#include "attest/object_identifiers.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/verification_key.h"

namespace chatmcp::attest {
namespace {

constexpr std::size_t kChainMin = 3;  // Key, its authority, root.

/// One certificate is issued by the next: by name, by right and by signature.
Result<void> check_issued(const Certificate& certificate,
                          const Certificate& issuer,
                          std::size_t authorities_below) {
    if (!equal(certificate.issuer, issuer.subject)) {
        return fail(Errc::wrong_key, "ATT-181");
    }
    // Directly above the leaf some makers have a certificate that is no authority.
    const bool may_sign =
        issuer.is_authority ? issuer.signs_certificates.value_or(true) : authorities_below == 0;
    if (!may_sign || authorities_below > issuer.path_length.value_or(kChainMax)) {
        return fail(Errc::invalid_argument, "ATT-183");
    }
    CHATMCP_TRY(const auto key, crypto::VerificationKey::from_spki(issuer.public_key));
    return key.verify(certificate.algorithm, certificate.to_be_signed, certificate.signature)
                   .has_value()
               ? Result<void>()
               : fail(Errc::bad_signature, "ATT-182");
}

Result<void> check_extensions(const Certificate& certificate) {
    for (const CertificateExtension& each : certificate.extensions) {
        const bool is_known = equal(each.id, oid::kBasicConstraints) ||
                              equal(each.id, oid::kKeyUsage) ||
                              equal(each.id, oid::kAndroidKeyDescription);
        if (each.critical && !is_known) {
            return fail(Errc::unsupported, "ATT-192");
        }
    }
    return {};
}

/// Google names the authorities that it makes for devices from afar so. The names of the key and of
/// the device's own authority are others' choice.
AndroidProvisioning provisioning_of(const AndroidKeyChain& chain) {
    constexpr std::size_t kFirstOfGoogle = 2;
    const auto is_remote = [](const Certificate& each) {
        return common_name_of(each.subject).starts_with("Droid CA");
    };
    const auto authorities = std::span(chain.certificates).subspan(kFirstOfGoogle);
    return std::ranges::any_of(authorities, is_remote) ? AndroidProvisioning::remote
                                                       : AndroidProvisioning::factory;
}

Result<void> check_dates(const AndroidKeyChain& chain, UnixMs at) {
    // The leaf's are the device's own, and the root's differ between editions of one key.
    for (std::size_t i = 1; i + 1 < chain.certificates.size(); ++i) {
        if (at < chain.certificates[i].not_before) {
            return fail(Errc::not_yet_valid, "ATT-185");
        }
        if (at > chain.certificates[i].not_after) {
            return fail(Errc::expired, "ATT-185");
        }
    }
    return {};
}

Result<void> check_chain(const AndroidKeyChain& chain, std::span<const Certificate> roots) {
    const std::vector<Certificate>& all = chain.certificates;
    const auto is_last = [&](const Certificate& root) {
        return equal(root.public_key, all.back().public_key);
    };
    if (std::ranges::none_of(roots, is_last)) {
        return fail(Errc::untrusted_identity, "ATT-184");
    }
    const bool ends_with_root = std::ranges::any_of(
        roots, [&](const Certificate& root) { return equal(root.der, all.back().der); });
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHATMCP_TRY_VOID(check_extensions(all[i]));
        if (i + 1 == all.size() && ends_with_root) {
            break;
        }
        // The signature of a root's other edition as well, so that every byte that came is covered.
        const std::size_t issuer = std::min(i + 1, all.size() - 1);
        CHATMCP_TRY_VOID(check_issued(all[i], all[issuer], std::min(i, issuer - 1)));
    }
    return {};
}

/// As the status list writes it: lower-case digits without zeros in front.
std::string serial_text(ByteView serial) {
    const std::string text = to_hex(serial);
    const std::size_t first = text.find_first_not_of('0');
    return first == std::string::npos ? "0" : text.substr(first);
}

/// A serial number in one way alone, so that no spelling of it is missed.
bool is_serial_text(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    return !text.empty() && text.front() != '0' &&
           text.find_first_not_of(kDigits) == std::string_view::npos;
}

bool is_status_entry(const JsonValue& entry) {
    const JsonValue* const status = entry.find("status");
    return entry.type == JsonValue::Type::object && status != nullptr &&
           status->type == JsonValue::Type::text &&
           (status->text == "REVOKED" || status->text == "SUSPENDED");
}

Result<void> check_status(const std::vector<std::string>& serials, ByteView status_list) {
    const auto json = parse_json(as_text(status_list));
    if (!json.has_value() || json->type != JsonValue::Type::object) {
        return fail(Errc::malformed, "ATT-191");
    }
    const JsonValue* const entries = json->find("entries");
    if (entries == nullptr || entries->type != JsonValue::Type::object ||
        !std::ranges::all_of(entries->names, is_serial_text) ||
        !std::ranges::all_of(entries->items, is_status_entry)) {
        return fail(Errc::malformed, "ATT-191");
    }
    // Whatever the entry says: revoked or suspended, the key is not to be trusted now.
    const auto is_listed = [&](const std::string& serial) {
        return entries->find(serial) != nullptr;
    };
    return std::ranges::none_of(serials, is_listed) ? Result<void>()
                                                    : fail(Errc::untrusted_identity, "ATT-189");
}

}  // namespace

Result<AndroidKeyChain> AndroidKeyChain::read(ByteView pem) {
    AndroidKeyChain out;
    CHATMCP_TRY(out.der, certificates_of_pem(pem));
    if (out.der.size() < kChainMin) {
        return fail(Errc::malformed, "ATT-180");
    }
    for (const Bytes& der : out.der) {
        CHATMCP_TRY(out.certificates.emplace_back(), Certificate::read(der));
    }
    const CertificateExtension* const description =
        out.certificates.front().find(oid::kAndroidKeyDescription);
    const auto is_attested = [](const Certificate& each) {
        return each.find(oid::kAndroidKeyDescription) != nullptr;
    };
    if (description == nullptr || std::ranges::count_if(out.certificates, is_attested) != 1) {
        return fail(Errc::wrong_purpose, "ATT-186");
    }
    CHATMCP_TRY(out.description, AndroidKeyDescription::read(description->value));
    return out;
}

Result<AndroidKeyClaims> verify_android_key(const AndroidKeyChain& chain,
                                            std::span<const Certificate> roots,
                                            std::optional<ByteView> status_list,
                                            UnixMs at) {
    CHATMCP_TRY_VOID(check_chain(chain, roots));
    const AndroidKeyDescription& description = chain.description;
    const Certificate& leaf = chain.certificates.front();
    AndroidKeyClaims out{
        .description = to_bytes(leaf.find(oid::kAndroidKeyDescription)->value),
        .level = std::min(description.attestation_level, description.keymint_level),
        .challenge = to_bytes(description.challenge),
        .public_key = to_bytes(leaf.public_key),
        .boot_state = std::nullopt,
        .device_locked = false,
        .os_patch_level = std::nullopt,
        .provisioning = provisioning_of(chain),
        .serials = {},
        .root_key = to_bytes(crypto::sha256(chain.certificates.back().public_key)),
        .revocation_checked = status_list.has_value()};
    if (out.provisioning == AndroidProvisioning::remote) {
        CHATMCP_TRY_VOID(check_dates(chain, at));
    }
    for (const Certificate& each : chain.certificates) {
        out.serials.push_back(serial_text(each.serial));
    }
    if (status_list.has_value()) {
        CHATMCP_TRY_VOID(check_status(out.serials, *status_list));
    }
    if (description.root_of_trust.has_value()) {
        out.boot_state = description.root_of_trust->verified_boot_state;
        out.device_locked = description.root_of_trust->device_locked;
    }
    CHATMCP_TRY(const auto patch_level, description.hardware_enforced.number(kAndroidOsPatchLevel));
    if (patch_level.has_value()) {
        out.os_patch_level = static_cast<std::uint32_t>(*patch_level);
    }
    return out;
}

}  // namespace chatmcp::attest
