#include "attest/android_key_description.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "wire/der.h"

namespace chatmcp::attest {
namespace {

using wire::DerReader;
using wire::DerTag;

std::unexpected<Error> malformed() {
    return fail(Errc::malformed, "ATT-187");
}

/// Whatever is wrong with the DER of it: it is not of its form.
template <class T>
Result<T> of_form(Result<T> result) {
    return result.has_value() ? std::move(result) : malformed();
}

Result<std::uint8_t> read_enumerated(DerReader& reader, std::uint8_t max) {
    CHATMCP_TRY(const ByteView content, of_form(reader.content(wire::kDerEnumerated)));
    return content.size() == 1 && content[0] <= max ? Result<std::uint8_t>(content[0])
                                                    : malformed();
}

Result<AndroidSecurityLevel> read_level(DerReader& reader) {
    constexpr auto kLast = static_cast<std::uint8_t>(AndroidSecurityLevel::strong_box);
    CHATMCP_TRY(const std::uint8_t level, read_enumerated(reader, kLast));
    return static_cast<AndroidSecurityLevel>(level);
}

constexpr std::array<std::uint64_t, 9> kVersions = {1, 2, 3, 4, 100, 200, 300, 400, 500};

Result<std::uint32_t> read_version(DerReader& reader) {
    constexpr std::uint64_t kMax = 100'000;
    CHATMCP_TRY(const std::uint64_t version, of_form(reader.small_integer()));
    return version <= kMax ? Result<std::uint32_t>(static_cast<std::uint32_t>(version))
                           : malformed();
}

Result<AndroidAuthorizations> read_authorizations(DerReader& reader) {
    CHATMCP_TRY(DerReader list, of_form(reader.sequence()));
    AndroidAuthorizations out;
    while (!list.empty()) {
        if (out.items.size() == AndroidKeyDescription::kAuthorizationsMax) {
            return malformed();
        }
        CHATMCP_TRY(const wire::DerValue value, of_form(list.any()));
        if (value.tag.tag_class != DerTag::Class::context || !value.tag.constructed) {
            return malformed();
        }
        if (!out.items.empty() && value.tag.number <= out.items.back().tag) {
            return fail(Errc::not_canonical, "ATT-190");
        }
        out.items.push_back({value.tag.number, value.content});
    }
    return out;
}

/// Genuine devices write true as 01, which DER does not have; what is signed stays what it is.
Result<bool> read_lenient_boolean(DerReader& reader) {
    constexpr std::uint8_t kTrue = 0xff;
    CHATMCP_TRY(const ByteView content, of_form(reader.content(wire::kDerBoolean)));
    const bool is_known = content.size() == 1 && (content[0] <= 1 || content[0] == kTrue);
    return is_known ? Result<bool>(content[0] != 0) : malformed();
}

Result<AndroidRootOfTrust> read_root_of_trust(ByteView value) {
    constexpr auto kLast = static_cast<std::uint8_t>(AndroidBootState::failed);
    DerReader outer(value);
    CHATMCP_TRY(DerReader reader, of_form(outer.sequence()));
    CHATMCP_TRY_VOID(of_form(outer.finish()));
    AndroidRootOfTrust out;
    CHATMCP_TRY(out.verified_boot_key, of_form(reader.content(wire::kDerOctetString)));
    CHATMCP_TRY(out.device_locked, read_lenient_boolean(reader));
    CHATMCP_TRY(const std::uint8_t state, read_enumerated(reader, kLast));
    out.verified_boot_state = static_cast<AndroidBootState>(state);
    if (!reader.empty()) {
        CHATMCP_TRY(out.verified_boot_hash, of_form(reader.content(wire::kDerOctetString)));
    }
    CHATMCP_TRY_VOID(of_form(reader.finish()));
    return out;
}

}  // namespace

std::string_view android_security_level_name(AndroidSecurityLevel level) {
    switch (level) {
        case AndroidSecurityLevel::software:
            return "Software";
        case AndroidSecurityLevel::trusted_environment:
            return "TrustedEnvironment";
        case AndroidSecurityLevel::strong_box:
            return "StrongBox";
    }
    CHATMCP_CHECK(false && "a security level that has no enumerator");
    return {};
}

std::string_view android_boot_state_name(AndroidBootState state) {
    switch (state) {
        case AndroidBootState::verified:
            return "Verified";
        case AndroidBootState::self_signed:
            return "SelfSigned";
        case AndroidBootState::unverified:
            return "Unverified";
        case AndroidBootState::failed:
            return "Failed";
    }
    CHATMCP_CHECK(false && "a boot state that has no enumerator");
    return {};
}

std::optional<ByteView> AndroidAuthorizations::find(std::uint32_t tag) const {
    const auto found = std::ranges::find(items, tag, &AndroidAuthorization::tag);
    return found == items.end() ? std::nullopt : std::optional(found->value);
}

Result<std::optional<std::uint64_t>> AndroidAuthorizations::number(std::uint32_t tag) const {
    const auto value = find(tag);
    if (!value.has_value()) {
        return std::optional<std::uint64_t>();
    }
    DerReader reader(*value);
    CHATMCP_TRY(const std::uint64_t number, of_form(reader.small_integer()));
    CHATMCP_TRY_VOID(of_form(reader.finish()));
    return std::optional(number);
}

Result<AndroidKeyDescription> AndroidKeyDescription::read(ByteView value) {
    if (value.size() > kMaxBytes) {
        return malformed();
    }
    DerReader outer(value);
    CHATMCP_TRY(DerReader reader, of_form(outer.sequence()));
    CHATMCP_TRY_VOID(of_form(outer.finish()));
    AndroidKeyDescription out;
    CHATMCP_TRY(out.attestation_version, read_version(reader));
    if (std::ranges::find(kVersions, out.attestation_version) == kVersions.end()) {
        return fail(Errc::unsupported_version, "ATT-188");
    }
    CHATMCP_TRY(out.attestation_level, read_level(reader));
    CHATMCP_TRY(out.keymint_version, read_version(reader));
    CHATMCP_TRY(out.keymint_level, read_level(reader));
    CHATMCP_TRY(out.challenge, of_form(reader.content(wire::kDerOctetString)));
    CHATMCP_TRY(out.unique_id, of_form(reader.content(wire::kDerOctetString)));
    CHATMCP_TRY(out.software_enforced, read_authorizations(reader));
    CHATMCP_TRY(out.hardware_enforced, read_authorizations(reader));
    CHATMCP_TRY_VOID(of_form(reader.finish()));
    if (const auto root = out.hardware_enforced.find(kAndroidRootOfTrust); root.has_value()) {
        CHATMCP_TRY(out.root_of_trust, read_root_of_trust(*root));
    }
    CHATMCP_TRY(const auto patch_level, out.hardware_enforced.number(kAndroidOsPatchLevel));
    constexpr std::uint64_t kLastMonth = 999'912;
    return patch_level.value_or(0) <= kLastMonth ? Result<AndroidKeyDescription>(std::move(out))
                                                 : malformed();
}

}  // namespace chatmcp::attest
