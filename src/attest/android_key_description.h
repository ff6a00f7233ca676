#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

/// Who enforces what a key may do.
enum class AndroidSecurityLevel : std::uint8_t {
    software = 0,
    trusted_environment = 1,
    strong_box = 2
};
[[nodiscard]] std::string_view android_security_level_name(AndroidSecurityLevel level);

enum class AndroidBootState : std::uint8_t {
    verified = 0,
    self_signed = 1,
    unverified = 2,
    failed = 3
};
[[nodiscard]] std::string_view android_boot_state_name(AndroidBootState state);

/// What the boot loader told the secure hardware about the system.
struct AndroidRootOfTrust {
    ByteView verified_boot_key;
    bool device_locked = false;
    AndroidBootState verified_boot_state{};
    std::optional<ByteView> verified_boot_hash;  // From version 3 on.
};

/// One property of a key: the number of its tag, and the value in DER.
struct AndroidAuthorization {
    std::uint32_t tag = 0;
    ByteView value;
};

/// A list of properties, by ascending tag.
struct AndroidAuthorizations {
    std::vector<AndroidAuthorization> items;

    [[nodiscard]] std::optional<ByteView> find(std::uint32_t tag) const;
    /// The number under this tag. Errors: malformed (ATT-187).
    [[nodiscard]] Result<std::optional<std::uint64_t>> number(std::uint32_t tag) const;
};

/// Tags that others need. Spec: KeyMint, Tag.aidl.
inline constexpr std::uint32_t kAndroidOrigin = 702;
inline constexpr std::uint32_t kAndroidRootOfTrust = 704;
inline constexpr std::uint32_t kAndroidOsPatchLevel = 706;
inline constexpr std::uint32_t kAndroidApplicationId = 709;

/// The extension that a secure element puts into the certificate of a key that it made. It borrows
/// the bytes that it was read from, which outlive it.
///
/// Spec: source.android.com, "Key and ID attestation", schema of versions 1 to 500.
struct AndroidKeyDescription {
    static constexpr std::size_t kMaxBytes = std::size_t{8} * 1024;
    static constexpr std::size_t kAuthorizationsMax = 64;

    std::uint32_t attestation_version = 0;
    AndroidSecurityLevel attestation_level{};
    std::uint32_t keymint_version = 0;
    AndroidSecurityLevel keymint_level{};
    ByteView challenge;
    ByteView unique_id;
    AndroidAuthorizations software_enforced;
    AndroidAuthorizations hardware_enforced;
    /// Of the hardware's list alone: what software says about it anybody could.
    std::optional<AndroidRootOfTrust> root_of_trust;

    /// `value`: of the extension. Errors: malformed (ATT-187) another form; unsupported_version
    ///         (ATT-188); not_canonical (ATT-190) tags out of order.
    [[nodiscard]] static Result<AndroidKeyDescription> read(ByteView value);
};

}  // namespace chatmcp::attest
