#pragma once

#include <array>
#include <cstdint>

#include "attest/report.h"
#include "base/bytes.h"
#include "crypto/sign.h"

namespace chatmcp::attest {

/// A report for other systems: a signed EAT attestation result.

/// What a verifier says about one aspect. Spec: draft-ietf-rats-ar4si, trustworthiness tiers.
enum class TrustTier : std::uint8_t { none = 0, affirming = 2, warning = 32, contraindicated = 96 };

/// The aspects, by their keys in a trustworthiness vector.
enum class TrustClaim : std::uint8_t {
    instance_identity = 0,
    configuration = 1,
    executables = 2,
    file_system = 3,
    hardware = 4,
    runtime_opaque = 5,
    storage_opaque = 6,
    sourced_data = 7,
};
using TrustVector = std::array<TrustTier, 8>;

/// Each aspect by the factors that speak of it: one that failed is a contraindication, all that
/// passed affirm, some that are not proven beside some that passed are a warning. Of evidence that
/// did not verify nothing affirms.
[[nodiscard]] TrustVector trust_vector(const FactorReport& report);
/// The worst of the vector; never affirming when the report is not accepted.
[[nodiscard]] TrustTier trust_status(const FactorReport& report);

/// The result as a CWT, signed by the verifier: a COSE_Sign1 (tag 18, EdDSA) over profile, time
/// of the verdict, verifier, and for the kind of evidence status, vector, and the digest of the
/// evidence as its nonce.
///
/// Spec: draft-ietf-rats-ear (profile "tag:github.com,2023:veraison/ear"); RFC 9711; RFC 9052.
[[nodiscard]] Bytes attestation_result(const FactorReport& report,
                                       const crypto::SigningKey& verifier);

}  // namespace chatmcp::attest
