#include "attest/arm_claims.h"

#include <algorithm>
#include <array>
#include <limits>

namespace chatmcp::attest {
namespace {

using wire::CborReader;

std::unexpected<Error> out_of_range() {
    return fail(Errc::invalid_argument, "ATT-156");
}

/// A member of a component, by its key.
struct ComponentField {
    std::int64_t key;
    Result<void> (*read)(CborReader&, ArmComponent&);
};

constexpr std::array<ComponentField, 5> kComponentFields = {{
    {1,
     [](CborReader& reader, ArmComponent& out) -> Result<void> {
         CHATMCP_TRY(out.type, read_arm_text(reader));
         return {};
     }},
    {2,
     [](CborReader& reader, ArmComponent& out) -> Result<void> {
         CHATMCP_TRY(out.measurement, read_arm_hash(reader));
         return {};
     }},
    {4,
     [](CborReader& reader, ArmComponent& out) -> Result<void> {
         CHATMCP_TRY(out.version, read_arm_text(reader));
         return {};
     }},
    {5,
     [](CborReader& reader, ArmComponent& out) -> Result<void> {
         CHATMCP_TRY(out.signer_id, read_arm_hash(reader));
         return {};
     }},
    {6,
     [](CborReader& reader, ArmComponent& out) -> Result<void> {
         CHATMCP_TRY(out.description, read_arm_text(reader));
         return {};
     }},
}};

Result<ArmComponent> read_component(CborReader& reader) {
    CHATMCP_TRY(const std::size_t members, reader.map(kArmTokenMaxBytes));
    ArmComponent out;
    std::array<bool, kComponentFields.size()> seen{};
    for (std::size_t i = 0; i < members; ++i) {
        CHATMCP_TRY(const std::int64_t key, reader.integer());
        const auto field = std::ranges::find(kComponentFields, key, &ComponentField::key);
        if (field == kComponentFields.end()) {
            return fail(Errc::invalid_argument, "ATT-153");
        }
        bool& before = seen[static_cast<std::size_t>(field - kComponentFields.begin())];
        if (before) {
            return fail(Errc::invalid_argument, "ATT-154");
        }
        before = true;
        CHATMCP_TRY_VOID(field->read(reader, out));
    }
    if (out.measurement.empty() || out.signer_id.empty()) {
        return fail(Errc::invalid_argument, "ATT-155");
    }
    return out;
}

}  // namespace

Result<ByteView> read_arm_hash(CborReader& reader) {
    CHATMCP_TRY(const ByteView value, reader.byte_string(kArmTokenMaxBytes));
    return value.size() == 32 || value.size() == 48 || value.size() == 64 ? Result<ByteView>(value)
                                                                          : out_of_range();
}

Result<ByteView> read_arm_bytes(CborReader& reader, std::size_t bytes) {
    CHATMCP_TRY(const ByteView value, reader.byte_string(kArmTokenMaxBytes));
    return value.size() == bytes ? Result<ByteView>(value) : out_of_range();
}

Result<ByteView> read_arm_instance_id(CborReader& reader) {
    constexpr std::size_t kBytes = 33;
    constexpr std::uint8_t kHashOfKey = 0x01;
    CHATMCP_TRY(const ByteView value, read_arm_bytes(reader, kBytes));
    return value[0] == kHashOfKey ? Result<ByteView>(value) : out_of_range();
}

Result<std::string_view> read_arm_text(CborReader& reader) {
    CHATMCP_TRY(const std::string_view value, reader.text_string(kArmTokenMaxBytes));
    return !value.empty() && value.size() <= kArmTextMaxBytes ? Result<std::string_view>(value)
                                                              : out_of_range();
}

Result<std::uint16_t> read_arm_lifecycle(CborReader& reader) {
    CHATMCP_TRY(const std::uint64_t value, reader.unsigned_integer());
    return value <= std::numeric_limits<std::uint16_t>::max()
               ? Result<std::uint16_t>(static_cast<std::uint16_t>(value))
               : out_of_range();
}

Result<std::vector<ArmComponent>> ArmComponent::read_list(CborReader& reader) {
    CHATMCP_TRY(const std::size_t count, reader.array(kArmTokenMaxBytes));
    if (count == 0 || count > kArmComponentsMax) {
        return out_of_range();
    }
    std::vector<ArmComponent> out;
    for (std::size_t i = 0; i < count; ++i) {
        CHATMCP_TRY(out.emplace_back(), read_component(reader));
    }
    return out;
}

std::string_view arm_lifecycle_name(std::uint16_t lifecycle) {
    constexpr std::array<std::string_view, 7> kNames = {"unknown",
                                                        "assembly_and_test",
                                                        "psa_rot_provisioning",
                                                        "secured",
                                                        "non_psa_rot_debug",
                                                        "recoverable_psa_rot_debug",
                                                        "decommissioned"};
    const auto index = static_cast<std::size_t>(lifecycle >> 12);
    const bool is_known = index < kNames.size() && (lifecycle & 0x0f00) == 0;
    return is_known ? kNames[index] : kNames.front();
}

bool arm_lifecycle_is_secured(std::uint16_t lifecycle) {
    constexpr unsigned kSecured = 0x30;
    return lifecycle >> 8 == kSecured;
}

std::vector<OwnedArmComponent> owned(const std::vector<ArmComponent>& components) {
    std::vector<OwnedArmComponent> out;
    for (const ArmComponent& each : components) {
        out.push_back({.type = std::string(each.type),
                       .measurement = to_bytes(each.measurement),
                       .version = std::string(each.version),
                       .signer_id = to_bytes(each.signer_id),
                       .description = std::string(each.description)});
    }
    return out;
}

}  // namespace chatmcp::attest
