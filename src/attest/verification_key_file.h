#pragma once

#include <optional>

#include "attest/cose.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace chatmcp::attest {

/// A key that lies beside a token of Arm's, because no certificate vouches for it. At most one of
/// these is there.
struct GivenKeyFiles {
    std::optional<ByteView> pem;        // PUBLIC KEY
    std::optional<ByteView> jwk;        // JSON Web Key of an elliptic curve (RFC 7518 section 6.2).
    std::optional<ByteView> symmetric;  // The key itself, 32 to 64 bytes.
};

/// How the key that was used is named.
struct GivenKey {
    bool symmetric = false;
    /// SHA-256 of the SubjectPublicKeyInfo; of a symmetric key with zeros up to 64 bytes, as HMAC
    /// takes it: what is the same key there has one name.
    crypto::Sha256Digest fingerprint{};
};

/// Verify a COSE message under the key that lies beside it.
///
/// Errors: not_found (ATT-158) no key, or none of the message's form; invalid_argument (ATT-160)
/// several; malformed (ATT-159) a key
///         that cannot be read, or is no point of its curve; those of VerificationKey and
///         blocks_of_pem; bad_signature (ATT-140).
[[nodiscard]] Result<GivenKey> verify_under_given_key(const CoseMessage& message,
                                                      const GivenKeyFiles& files);

}  // namespace chatmcp::attest
