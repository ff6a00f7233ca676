#pragma once

#include "base/bytes.h"
#include "crypto/sign.h"

namespace chatmcp::testing {

/// A self-signed DER certificate, made by AWS-LC, for the private key of a scheme (an Ed25519 seed,
/// or the private number).
[[nodiscard]] Bytes make_certificate(crypto::SignatureScheme scheme, ByteView private_key);
/// One whose subject has an RSA key.
[[nodiscard]] Bytes make_rsa_certificate();

}  // namespace chatmcp::testing
