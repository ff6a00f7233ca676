#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/cbor.h"

namespace chatmcp::attest {

/// What tokens of PSA and of CCA have in common.

inline constexpr std::size_t kArmTokenMaxBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kArmComponentsMax = 32;
inline constexpr std::size_t kArmTextMaxBytes = 256;

/// One piece of software that was measured. Spec: RFC 9783 section 4.4.1, and the same in CCA's
/// platform token.
struct ArmComponent {
    std::string_view type;
    ByteView measurement;
    std::string_view version;
    ByteView signer_id;
    std::string_view description;

    /// Errors: CBOR-01..06; invalid_argument (ATT-153) a member that is not known, (ATT-154) twice,
    ///         (ATT-155) missing, (ATT-156) a value out of its range, or no component.
    [[nodiscard]] static Result<std::vector<ArmComponent>> read_list(wire::CborReader& reader);
};

/// The security life cycle of a device: the high byte says which state it is.
/// Spec: RFC 9783 section 4.3.1.
[[nodiscard]] std::string_view arm_lifecycle_name(std::uint16_t lifecycle);
[[nodiscard]] bool arm_lifecycle_is_secured(std::uint16_t lifecycle);

/// 32, 48 or 64 bytes. Errors: invalid_argument (ATT-156); those of CborReader.
[[nodiscard]] Result<ByteView> read_arm_hash(wire::CborReader& reader);
/// Exactly so many bytes. Errors: as read_arm_hash.
[[nodiscard]] Result<ByteView> read_arm_bytes(wire::CborReader& reader, std::size_t bytes);
/// 0x01 and 32 bytes. Errors: as read_arm_hash.
[[nodiscard]] Result<ByteView> read_arm_instance_id(wire::CborReader& reader);
/// At most kArmTextMaxBytes, not empty. Errors: as read_arm_hash.
[[nodiscard]] Result<std::string_view> read_arm_text(wire::CborReader& reader);
/// A life cycle, of two bytes. Errors: as read_arm_hash.
[[nodiscard]] Result<std::uint16_t> read_arm_lifecycle(wire::CborReader& reader);

/// The same for longer than the token lives.
struct OwnedArmComponent {
    std::string type;
    Bytes measurement;
    std::string version;
    Bytes signer_id;
    std::string description;
};

[[nodiscard]] std::vector<OwnedArmComponent> owned(const std::vector<ArmComponent>& components);

}  // namespace chatmcp::attest
