#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/arm_claims.h"
#include "attest/cose.h"
#include "attest/verification_key_file.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace chatmcp::attest {

inline constexpr std::size_t kCcaExtensibleMeasurements = 4;

/// What the platform says about itself. Spec: draft-ffm-rats-cca-token section 4.6.
struct CcaPlatform {
    CoseMessage message;
    std::string_view profile;
    ByteView challenge;  // The digest of the realm's key.
    ByteView implementation_id;
    ByteView instance_id;
    ByteView configuration;
    std::uint16_t lifecycle = 0;
    std::vector<ArmComponent> components;
    std::string_view verification_service;
    std::string_view hash_name;
};

/// What the realm manager says about a realm. Spec: draft-ffm-rats-cca-token section 4.7.
struct CcaRealm {
    CoseMessage message;
    std::string_view profile;  // Empty: of the first profile.
    ByteView challenge;
    ByteView personalization_value;
    ByteView initial_measurement;
    std::array<ByteView, kCcaExtensibleMeasurements> extensible_measurements;
    std::string_view hash_name;
    ByteView public_key;  // A point, or a COSE_Key: as the claim has it.
    bool is_cose_key = false;
    std::string_view public_key_hash_name;
};

/// A CCA attestation token: a platform's and a realm's. It borrows the bytes that it was read from,
/// which outlive it. Nothing in it has been verified.
///
/// Spec: draft-ffm-rats-cca-token; Arm DEN0137.
struct CcaToken {
    std::uint64_t tag = 0;  // 399, or 907 with a conceptual message around each token.
    CcaPlatform platform;
    CcaRealm realm;

    /// Errors: those of CoseMessage; too_large (ATT-150); malformed (ATT-161) no collection of one
    ///         platform token and one realm token; invalid_argument (ATT-153) a claim that is not
    ///         known, (ATT-154) one twice, (ATT-155) one missing, (ATT-156) a value out of its
    ///         range; unsupported (ATT-162) another hash than SHA-256, SHA-384 and SHA-512,
    ///         (ATT-163) a profile that is not known; malformed (ATT-164) the realm's key.
    [[nodiscard]] static Result<CcaToken> read(ByteView bytes);
};

/// What a token claims, once both halves hold and belong together.
struct CcaClaims {
    std::uint64_t tag = 0;
    std::string platform_profile;
    Bytes platform_challenge;
    Bytes implementation_id;
    Bytes instance_id;
    Bytes configuration;
    std::uint16_t lifecycle = 0;
    std::vector<OwnedArmComponent> components;
    std::string verification_service;
    std::string platform_hash;
    std::string realm_profile;
    Bytes challenge;
    Bytes personalization_value;
    Bytes initial_measurement;
    std::vector<Bytes> extensible_measurements;
    std::string realm_hash;
    Bytes realm_public_key;
    bool is_cose_key = false;
    std::string public_key_hash;
    GivenKey key;  // The CCA platform attestation key.
};

/// Verify both tokens: the platform's under the key that was given, the realm's under the key in
/// it, and that the platform's names the realm's key. Who vouches for the platform's key the token
/// does not say.
///
/// Errors: those of verify_under_given_key; bad_signature (ATT-165) the realm's token; wrong_key
///         (ATT-166) the platform's token names another key.
/// Cost:   two signatures.
[[nodiscard]] Result<CcaClaims> verify_cca(const CcaToken& token, const GivenKeyFiles& files);

}  // namespace chatmcp::attest
