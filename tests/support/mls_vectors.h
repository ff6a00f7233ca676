#pragma once

#include "mls/cipher_suite.h"
#include "support/json_vectors.h"

namespace chatmcp::testing {

/// Private keys of the MLS vectors, by the suite of their case.
inline Result<crypto::HpkePrivateKey> hpke_key_of(mls::CipherSuite suite,
                                                  const nlohmann::json& value) {
    const auto kem = mls::kem_of(suite);
    return crypto::HpkePrivateKey::from_bytes(kem, key_of(value, crypto::kem_private_bytes(kem)));
}
inline Result<mls::SignatureKey> signature_key_of(mls::CipherSuite suite,
                                                  const nlohmann::json& value) {
    // Both keys of a suite have the same size.
    return mls::SignatureKey::from_bytes(
        suite, key_of(value, crypto::kem_private_bytes(mls::kem_of(suite))));
}

}  // namespace chatmcp::testing
