#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/arm_claims.h"
#include "attest/cose.h"
#include "attest/verification_key_file.h"
#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

/// A PSA attestation token. It borrows the bytes that it was read from, which outlive it. Nothing
/// in it has been verified.
///
/// Spec: RFC 9783; for PSA_IOT_PROFILE_1 draft-tschofenig-rats-psa-token-07.
struct PsaToken {
    CoseMessage message;
    bool legacy = false;  // Claims of PSA_IOT_PROFILE_1.
    std::string_view profile;
    std::int32_t client_id = 0;
    std::uint16_t lifecycle = 0;
    ByteView implementation_id;
    ByteView boot_seed;
    std::string_view certification_reference;  // Of the older profile: hardware version.
    std::vector<ArmComponent> components;      // None: it says that nothing was measured.
    ByteView nonce;
    ByteView instance_id;
    std::string_view verification_service;

    /// Errors: those of CoseMessage; too_large (ATT-150); malformed (ATT-151) it has no tag;
    ///         invalid_argument (ATT-152) claims of both profiles, (ATT-153) a claim that is not
    ///         known, (ATT-154) one twice, (ATT-155) one missing, (ATT-156) a value out of its
    ///         range, (ATT-157) a profile that does not have these claims.
    [[nodiscard]] static Result<PsaToken> read(ByteView bytes);
};

/// What a token claims, once it is verified under the key that was given.
struct PsaClaims {
    bool legacy = false;
    std::optional<std::uint64_t> cose_tag;
    std::optional<CoseAlgorithm> algorithm;
    std::string profile;
    std::int32_t client_id = 0;
    std::uint16_t lifecycle = 0;
    Bytes implementation_id;
    Bytes boot_seed;
    std::string certification_reference;
    std::vector<OwnedArmComponent> components;
    Bytes nonce;
    Bytes instance_id;
    std::string verification_service;
    GivenKey key;
};

/// Verify a token under the key of its instance. Who vouches for that key the token does not say:
/// whether it is trusted is the policy's to decide.
///
/// Errors: those of GivenKey; bad_signature (ATT-140).
/// Cost:   one signature or one MAC.
[[nodiscard]] Result<PsaClaims> verify_psa(const PsaToken& token, const GivenKeyFiles& files);

}  // namespace chatmcp::attest
