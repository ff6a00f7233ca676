#include "attest/cca.h"

#include <algorithm>
#include <span>

#include "crypto/nist_curve.h"
#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

using crypto::VerificationKey;
using wire::CborReader;

constexpr std::uint64_t kCollectionTag = 399;
constexpr std::uint64_t kWrapperTag = 907;
constexpr std::int64_t kPlatformToken = 44234;
constexpr std::int64_t kRealmToken = 44241;
constexpr std::size_t kCoordinateBytes = 48;  // Of P-384.

std::unexpected<Error> out_of_range() {
    return fail(Errc::invalid_argument, "ATT-156");
}

Result<crypto::HashId> hash_named(std::string_view name) {
    using crypto::HashId;
    if (name == "sha-256") {
        return HashId::sha256;
    }
    if (name == "sha-384") {
        return HashId::sha384;
    }
    if (name == "sha-512") {
        return HashId::sha512;
    }
    return fail(Errc::unsupported, "ATT-162");
}

Result<std::string_view> read_hash_name(CborReader& reader) {
    CHATMCP_TRY(const std::string_view name, read_arm_text(reader));
    CHATMCP_TRY_VOID(hash_named(name));
    return name;
}

Result<std::string_view> read_profile(CborReader& reader, std::span<const std::string_view> known) {
    CHATMCP_TRY(const std::string_view profile, read_arm_text(reader));
    return std::ranges::find(known, profile) != known.end() ? Result<std::string_view>(profile)
                                                            : fail(Errc::unsupported, "ATT-163");
}

/// A claim of one of the two tokens, and how it is read.
template <class Token>
struct Claim {
    std::int64_t key;
    bool mandatory;
    Result<void> (*read)(CborReader&, Token&);
};

template <class Token, std::size_t N>
Result<void> read_claims(const std::array<Claim<Token>, N>& claims, Token& out) {
    CborReader reader(out.message.payload);
    CHATMCP_TRY(const std::size_t count, reader.map(kArmTokenMaxBytes));
    std::array<bool, N> seen{};
    for (std::size_t i = 0; i < count; ++i) {
        CHATMCP_TRY(const std::int64_t key, reader.integer());
        const auto claim = std::ranges::find(claims, key, &Claim<Token>::key);
        if (claim == claims.end()) {
            return fail(Errc::invalid_argument, "ATT-153");
        }
        bool& before = seen[static_cast<std::size_t>(claim - claims.begin())];
        if (before) {
            return fail(Errc::invalid_argument, "ATT-154");
        }
        before = true;
        CHATMCP_TRY_VOID(claim->read(reader, out));
    }
    CHATMCP_TRY_VOID(reader.finish());
    for (std::size_t i = 0; i < N; ++i) {
        if (claims[i].mandatory && !seen[i]) {
            return fail(Errc::invalid_argument, "ATT-155");
        }
    }
    return {};
}

// ---- Platform ----

constexpr std::array<std::string_view, 2> kPlatformProfiles = {
    "http://arm.com/CCA-SSD/1.0.0", "tag:arm.com,2023:cca_platform#1.0.0"};

Result<void> platform_profile(CborReader& reader, CcaPlatform& out) {
    CHATMCP_TRY(out.profile, read_profile(reader, kPlatformProfiles));
    return {};
}
Result<void> platform_challenge(CborReader& reader, CcaPlatform& out) {
    CHATMCP_TRY(out.challenge, read_arm_hash(reader));
    return {};
}
Result<void> platform_implementation(CborReader& reader, CcaPlatform& out) {
    constexpr std::size_t kBytes = 32;
    CHATMCP_TRY(out.implementation_id, read_arm_bytes(reader, kBytes));
    return {};
}
Result<void> platform_instance(CborReader& reader, CcaPlatform& out) {
    CHATMCP_TRY(out.instance_id, read_arm_instance_id(reader));
    return {};
}
Result<void> platform_configuration(CborReader& reader, CcaPlatform& out) {
    CHATMCP_TRY(out.configuration, reader.byte_string(kArmTokenMaxBytes));
    return {};
}
Result<void> platform_lifecycle(CborReader& reader, CcaPlatform& out) {
    CHATMCP_TRY(out.lifecycle, read_arm_lifecycle(reader));
    return {};
}
Result<void> platform_components(CborReader& reader, CcaPlatform& out) {
    CHATMCP_TRY(out.components, ArmComponent::read_list(reader));
    return {};
}
Result<void> platform_service(CborReader& reader, CcaPlatform& out) {
    CHATMCP_TRY(out.verification_service, read_arm_text(reader));
    return {};
}
Result<void> platform_hash(CborReader& reader, CcaPlatform& out) {
    CHATMCP_TRY(out.hash_name, read_hash_name(reader));
    return {};
}

constexpr std::array<Claim<CcaPlatform>, 9> kPlatformClaims = {{
    {265, true, platform_profile},
    {10, true, platform_challenge},
    {2396, true, platform_implementation},
    {256, true, platform_instance},
    {2401, true, platform_configuration},
    {2395, true, platform_lifecycle},
    {2399, true, platform_components},
    {2400, false, platform_service},
    {2402, true, platform_hash},
}};

// ---- Realm ----

constexpr std::array<std::string_view, 2> kRealmProfiles = {"tag:arm.com,2023:realm#1.0.0",
                                                            "tag:arm.com,2024:realm#2.0.0"};

Result<void> realm_profile(CborReader& reader, CcaRealm& out) {
    CHATMCP_TRY(out.profile, read_profile(reader, kRealmProfiles));
    return {};
}
Result<void> realm_challenge(CborReader& reader, CcaRealm& out) {
    constexpr std::size_t kBytes = 64;
    CHATMCP_TRY(out.challenge, read_arm_bytes(reader, kBytes));
    return {};
}
Result<void> realm_personalization(CborReader& reader, CcaRealm& out) {
    constexpr std::size_t kBytes = 64;
    CHATMCP_TRY(out.personalization_value, read_arm_bytes(reader, kBytes));
    return {};
}
Result<void> realm_initial(CborReader& reader, CcaRealm& out) {
    CHATMCP_TRY(out.initial_measurement, read_arm_hash(reader));
    return {};
}
Result<void> realm_extensible(CborReader& reader, CcaRealm& out) {
    CHATMCP_TRY(const std::size_t count, reader.array(kCcaExtensibleMeasurements));
    if (count != kCcaExtensibleMeasurements) {
        return out_of_range();
    }
    for (ByteView& each : out.extensible_measurements) {
        CHATMCP_TRY(each, read_arm_hash(reader));
    }
    return {};
}
Result<void> realm_hash(CborReader& reader, CcaRealm& out) {
    CHATMCP_TRY(out.hash_name, read_hash_name(reader));
    return {};
}
Result<void> realm_public_key(CborReader& reader, CcaRealm& out) {
    CHATMCP_TRY(out.public_key, reader.byte_string(kArmTokenMaxBytes));
    return {};
}
Result<void> realm_public_key_hash(CborReader& reader, CcaRealm& out) {
    CHATMCP_TRY(out.public_key_hash_name, read_hash_name(reader));
    return {};
}
/// Of the second profile: which realm of several with one measurement, and how memory is encrypted.
Result<void> realm_instance(CborReader& reader, CcaRealm& /*out*/) {
    CHATMCP_TRY_VOID(read_arm_instance_id(reader));
    return {};
}
Result<void> realm_memory_encryption(CborReader& reader, CcaRealm& /*out*/) {
    constexpr std::uint64_t kPoliciesMax = 1;
    CHATMCP_TRY(const std::uint64_t policy, reader.unsigned_integer());
    return policy <= kPoliciesMax ? Result<void>() : out_of_range();
}

/// Live firmware activation, and the digest of devices that were assigned.
Result<void> realm_firmware_activation(CborReader& reader, CcaRealm& /*out*/) {
    CHATMCP_TRY_VOID(reader.unsigned_integer());
    return {};
}
Result<void> realm_devices(CborReader& reader, CcaRealm& /*out*/) {
    CHATMCP_TRY_VOID(read_arm_hash(reader));
    return {};
}

constexpr std::array<Claim<CcaRealm>, 12> kRealmClaims = {{
    {265, false, realm_profile},
    {10, true, realm_challenge},
    {44235, true, realm_personalization},
    {44238, true, realm_initial},
    {44239, true, realm_extensible},
    {44236, true, realm_hash},
    {44237, true, realm_public_key},
    {44240, true, realm_public_key_hash},
    {256, false, realm_instance},
    {44243, false, realm_memory_encryption},
    {44244, false, realm_firmware_activation},
    {44257, false, realm_devices},
}};

/// {1: EC2, 3: ES384, -1: P-384, -2: x, -3: y} in this order, with or without the algorithm (RFC
/// 9052 section 7, RFC 9053 section 7.1.1). x and y stand 3 bytes apart, so they are given as two.
struct CoseKeyCoordinates {
    ByteView x;
    ByteView y;
};
Result<CoseKeyCoordinates> read_cose_key(ByteView bytes) {
    constexpr std::int64_t kKeyType = 1;
    constexpr std::int64_t kEc2 = 2;
    constexpr std::int64_t kCurve = -1;
    constexpr std::int64_t kP384 = 2;
    constexpr std::int64_t kX = -2;
    constexpr std::int64_t kY = -3;
    constexpr std::int64_t kAlgorithm = 3;
    constexpr std::int64_t kEs384 = -35;
    constexpr std::size_t kPairs = 4;
    const auto expect = [](CborReader& reader, std::int64_t wanted) -> Result<void> {
        CHATMCP_TRY(const std::int64_t found, reader.integer());
        return found == wanted ? Result<void>() : fail(Errc::malformed, "ATT-164");
    };
    CborReader reader(bytes);
    CHATMCP_TRY(const std::size_t pairs, reader.map(kPairs + 1));
    if (pairs < kPairs) {
        return fail(Errc::malformed, "ATT-164");
    }
    CHATMCP_TRY_VOID(expect(reader, kKeyType));
    CHATMCP_TRY_VOID(expect(reader, kEc2));
    if (pairs > kPairs) {
        CHATMCP_TRY_VOID(expect(reader, kAlgorithm));
        CHATMCP_TRY_VOID(expect(reader, kEs384));
    }
    CHATMCP_TRY_VOID(expect(reader, kCurve));
    CHATMCP_TRY_VOID(expect(reader, kP384));
    CoseKeyCoordinates out;
    CHATMCP_TRY_VOID(expect(reader, kX));
    CHATMCP_TRY(out.x, reader.byte_string(kCoordinateBytes));
    CHATMCP_TRY_VOID(expect(reader, kY));
    CHATMCP_TRY(out.y, reader.byte_string(kCoordinateBytes));
    CHATMCP_TRY_VOID(reader.finish());
    return out;
}

/// Of the first profile a point, of the others a COSE_Key.
Result<Bytes> realm_key_of(const CcaRealm& realm) {
    constexpr std::uint8_t kUncompressed = 0x04;
    if (!realm.is_cose_key) {
        const bool is_point = realm.public_key.size() == 1 + 2 * kCoordinateBytes &&
                              realm.public_key[0] == kUncompressed;
        return is_point ? Result<Bytes>(to_bytes(realm.public_key.subspan(1)))
                        : fail(Errc::malformed, "ATT-164");
    }
    const auto key = read_cose_key(realm.public_key);
    if (!key.has_value() || key->x.size() != kCoordinateBytes ||
        key->y.size() != kCoordinateBytes) {
        return fail(Errc::malformed, "ATT-164");
    }
    Bytes xy = to_bytes(key->x);
    append(xy, key->y);
    return xy;
}

// ---- Collection ----

/// A token, in the newer form as a conceptual message: [content format of a CWT, token].
Result<ByteView> read_member(CborReader& reader, bool is_wrapped) {
    constexpr std::uint64_t kEatInCwt = 263;
    constexpr std::size_t kItems = 2;
    if (is_wrapped) {
        CHATMCP_TRY(const std::size_t items, reader.array(kItems));
        CHATMCP_TRY(const std::uint64_t format, reader.unsigned_integer());
        if (items != kItems || format != kEatInCwt) {
            return fail(Errc::malformed, "ATT-161");
        }
    }
    return reader.byte_string(kArmTokenMaxBytes);
}

Result<CoseMessage> read_signed(ByteView bytes) {
    CHATMCP_TRY(const CoseMessage message, CoseMessage::read(bytes, kArmTokenMaxBytes));
    if (message.tag != CoseMessage::kSign1Tag || !message.algorithm.has_value()) {
        return fail(Errc::malformed, "ATT-161");
    }
    return message;
}

Result<void> read_tokens(ByteView platform, ByteView realm, CcaToken& out) {
    CHATMCP_TRY(out.platform.message, read_signed(platform));
    CHATMCP_TRY_VOID(read_claims(kPlatformClaims, out.platform));
    CHATMCP_TRY(out.realm.message, read_signed(realm));
    CHATMCP_TRY_VOID(read_claims(kRealmClaims, out.realm));
    out.realm.is_cose_key = !out.realm.profile.empty();
    CHATMCP_TRY_VOID(realm_key_of(out.realm));
    return {};
}

}  // namespace

Result<CcaToken> CcaToken::read(ByteView bytes) {
    constexpr std::size_t kMembers = 2;
    if (bytes.size() > kArmTokenMaxBytes) {
        return fail(Errc::too_large, "ATT-150");
    }
    CcaToken out;
    CborReader reader(bytes);
    CHATMCP_TRY(out.tag, reader.tag());
    CHATMCP_TRY(const std::size_t members, reader.map(kArmTokenMaxBytes));
    if ((out.tag != kCollectionTag && out.tag != kWrapperTag) || members != kMembers) {
        return fail(Errc::malformed, "ATT-161");
    }
    std::optional<ByteView> platform;
    std::optional<ByteView> realm;
    for (std::size_t i = 0; i < members; ++i) {
        CHATMCP_TRY(const std::int64_t key, reader.integer());
        if (key != kPlatformToken && key != kRealmToken) {
            return fail(Errc::malformed, "ATT-161");
        }
        CHATMCP_TRY((key == kPlatformToken ? platform : realm),
                    read_member(reader, out.tag == kWrapperTag));
    }
    CHATMCP_TRY_VOID(reader.finish());
    if (!platform.has_value() || !realm.has_value()) {
        return fail(Errc::malformed, "ATT-161");
    }
    CHATMCP_TRY_VOID(read_tokens(*platform, *realm, out));
    return out;
}

Result<CcaClaims> verify_cca(const CcaToken& token, const GivenKeyFiles& files) {
    const CcaPlatform& platform = token.platform;
    const CcaRealm& realm = token.realm;
    CHATMCP_TRY(const GivenKey key, verify_under_given_key(platform.message, files));
    CHATMCP_TRY(const Bytes xy, realm_key_of(realm));
    const auto realm_key = VerificationKey::from_coordinates(crypto::NistCurve::p384, xy);
    if (!realm_key.has_value()) {
        return fail(Errc::malformed, "ATT-164");
    }
    if (!realm.message.verify_signature(*realm_key).has_value()) {
        return fail(Errc::bad_signature, "ATT-165");
    }
    CHATMCP_TRY(const crypto::HashId hash, hash_named(realm.public_key_hash_name));
    if (!equal(crypto::hash(hash, realm.public_key).view(), platform.challenge)) {
        return fail(Errc::wrong_key, "ATT-166");
    }
    CcaClaims out{.tag = token.tag,
                  .platform_profile = std::string(platform.profile),
                  .platform_challenge = to_bytes(platform.challenge),
                  .implementation_id = to_bytes(platform.implementation_id),
                  .instance_id = to_bytes(platform.instance_id),
                  .configuration = to_bytes(platform.configuration),
                  .lifecycle = platform.lifecycle,
                  .components = owned(platform.components),
                  .verification_service = std::string(platform.verification_service),
                  .platform_hash = std::string(platform.hash_name),
                  .realm_profile = std::string(realm.profile),
                  .challenge = to_bytes(realm.challenge),
                  .personalization_value = to_bytes(realm.personalization_value),
                  .initial_measurement = to_bytes(realm.initial_measurement),
                  .extensible_measurements = {},
                  .realm_hash = std::string(realm.hash_name),
                  .realm_public_key = to_bytes(realm.public_key),
                  .is_cose_key = realm.is_cose_key,
                  .public_key_hash = std::string(realm.public_key_hash_name),
                  .key = key};
    for (const ByteView each : realm.extensible_measurements) {
        out.extensible_measurements.push_back(to_bytes(each));
    }
    return out;
}

}  // namespace chatmcp::attest
