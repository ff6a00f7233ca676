#include "attest/psa.h"

#include <algorithm>
#include <array>
#include <limits>

#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

using wire::CborReader;

constexpr std::string_view kProfile2 = "http://arm.com/psa/2.0.0";
constexpr std::string_view kProfileTfm = "tag:psacertified.org,2023:psa#tfm";

std::unexpected<Error> out_of_range() {
    return fail(Errc::invalid_argument, "ATT-156");
}

Result<void> read_profile(CborReader& reader, PsaToken& out) {
    CHATMCP_TRY(out.profile, read_arm_text(reader));
    return {};
}
Result<void> read_client(CborReader& reader, PsaToken& out) {
    CHATMCP_TRY(const std::int64_t value, reader.integer());
    if (value < std::numeric_limits<std::int32_t>::min() ||
        value > std::numeric_limits<std::int32_t>::max()) {
        return out_of_range();
    }
    out.client_id = static_cast<std::int32_t>(value);
    return {};
}
Result<void> read_lifecycle(CborReader& reader, PsaToken& out) {
    CHATMCP_TRY(out.lifecycle, read_arm_lifecycle(reader));
    return {};
}
Result<void> read_implementation(CborReader& reader, PsaToken& out) {
    constexpr std::size_t kBytes = 32;
    CHATMCP_TRY(out.implementation_id, read_arm_bytes(reader, kBytes));
    return {};
}
Result<void> read_boot_seed(CborReader& reader, PsaToken& out) {
    constexpr std::size_t kMinBytes = 8;
    constexpr std::size_t kMaxBytes = 32;
    CHATMCP_TRY(out.boot_seed, reader.byte_string(kArmTokenMaxBytes));
    return out.boot_seed.size() >= kMinBytes && out.boot_seed.size() <= kMaxBytes ? Result<void>()
                                                                                  : out_of_range();
}
Result<void> read_reference(CborReader& reader, PsaToken& out) {
    CHATMCP_TRY(out.certification_reference, read_arm_text(reader));
    return {};
}
Result<void> read_components(CborReader& reader, PsaToken& out) {
    CHATMCP_TRY(out.components, ArmComponent::read_list(reader));
    return {};
}
Result<void> read_no_measurements(CborReader& reader, PsaToken& /*out*/) {
    CHATMCP_TRY(const std::uint64_t value, reader.unsigned_integer());
    return value == 1 ? Result<void>() : out_of_range();
}
Result<void> read_nonce(CborReader& reader, PsaToken& out) {
    CHATMCP_TRY(out.nonce, read_arm_hash(reader));
    return {};
}
Result<void> read_instance(CborReader& reader, PsaToken& out) {
    CHATMCP_TRY(out.instance_id, read_arm_instance_id(reader));
    return {};
}
Result<void> read_service(CborReader& reader, PsaToken& out) {
    CHATMCP_TRY(out.verification_service, read_arm_text(reader));
    return {};
}

/// A claim and its key: of RFC 9783, of PSA_IOT_PROFILE_1. 0: that one does not have it.
struct Claim {
    std::int64_t key;
    std::int64_t legacy_key;
    bool mandatory;
    bool legacy_mandatory;
    Result<void> (*read)(CborReader&, PsaToken&);
};
constexpr std::array<Claim, 11> kClaims = {{
    {265, -75000, true, false, read_profile},
    {2394, -75001, true, true, read_client},
    {2395, -75002, true, true, read_lifecycle},
    {2396, -75003, true, true, read_implementation},
    {2397, -75004, false, true, read_boot_seed},
    {2398, -75005, false, false, read_reference},
    {2399, -75006, true, false, read_components},
    {0, -75007, false, false, read_no_measurements},
    {10, -75008, true, true, read_nonce},
    {256, -75009, true, true, read_instance},
    {2400, -75010, false, false, read_service},
}};
constexpr std::size_t kComponentsRow = 6;
constexpr std::size_t kNoMeasurementsRow = 7;

using Seen = std::array<bool, kClaims.size()>;

Result<void> read_claim(CborReader& reader, Seen& seen, bool is_first, PsaToken& out) {
    CHATMCP_TRY(const std::int64_t key, reader.integer());
    const auto claim = std::ranges::find_if(
        kClaims, [&](const Claim& each) { return each.key == key || each.legacy_key == key; });
    if (key == 0 || claim == kClaims.end()) {
        return fail(Errc::invalid_argument, "ATT-153");
    }
    const bool legacy = key < 0;
    if (!is_first && legacy != out.legacy) {
        return fail(Errc::invalid_argument, "ATT-152");
    }
    out.legacy = legacy;
    bool& before = seen[static_cast<std::size_t>(claim - kClaims.begin())];
    if (before) {
        return fail(Errc::invalid_argument, "ATT-154");
    }
    before = true;
    return claim->read(reader, out);
}

Result<void> check_complete(const Seen& seen, bool legacy) {
    for (std::size_t i = 0; i < kClaims.size(); ++i) {
        const bool mandatory = legacy ? kClaims[i].legacy_mandatory : kClaims[i].mandatory;
        if (mandatory && !seen[i]) {
            return fail(Errc::invalid_argument, "ATT-155");
        }
    }
    // The older profile says either what was measured, or that nothing was.
    if (legacy && seen[kComponentsRow] == seen[kNoMeasurementsRow]) {
        return fail(Errc::invalid_argument, "ATT-155");
    }
    return {};
}

Result<void> read_claims(PsaToken& out) {
    CborReader reader(out.message.payload);
    CHATMCP_TRY(const std::size_t claims, reader.map(kArmTokenMaxBytes));
    Seen seen{};
    for (std::size_t i = 0; i < claims; ++i) {
        CHATMCP_TRY_VOID(read_claim(reader, seen, i == 0, out));
    }
    CHATMCP_TRY_VOID(reader.finish());
    CHATMCP_TRY_VOID(check_complete(seen, out.legacy));
    const bool is_known = out.profile == kProfile2 || out.profile == kProfileTfm;
    // The older profile's claims are used under names of others too; the newer one's are not.
    if (out.legacy == is_known) {
        return fail(Errc::invalid_argument, "ATT-157");
    }
    return {};
}

}  // namespace

Result<PsaToken> PsaToken::read(ByteView bytes) {
    if (bytes.size() > kArmTokenMaxBytes) {
        return fail(Errc::too_large, "ATT-150");
    }
    PsaToken out;
    CHATMCP_TRY(out.message, CoseMessage::read(bytes, kArmTokenMaxBytes));
    if (!out.message.tag.has_value()) {
        return fail(Errc::malformed, "ATT-151");
    }
    CHATMCP_TRY_VOID(read_claims(out));
    return out;
}

Result<PsaClaims> verify_psa(const PsaToken& token, const GivenKeyFiles& files) {
    CHATMCP_TRY(const GivenKey key, verify_under_given_key(token.message, files));
    return PsaClaims{.legacy = token.legacy,
                     .cose_tag = token.message.tag,
                     .algorithm = token.message.algorithm,
                     .profile = std::string(token.profile),
                     .client_id = token.client_id,
                     .lifecycle = token.lifecycle,
                     .implementation_id = to_bytes(token.implementation_id),
                     .boot_seed = to_bytes(token.boot_seed),
                     .certification_reference = std::string(token.certification_reference),
                     .components = owned(token.components),
                     .nonce = to_bytes(token.nonce),
                     .instance_id = to_bytes(token.instance_id),
                     .verification_service = std::string(token.verification_service),
                     .key = key};
}

}  // namespace chatmcp::attest
