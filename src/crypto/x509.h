#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sign.h"

namespace chatmcp::crypto {

/// The key that a certificate binds to its subject. That somebody trusted says so is not checked
/// here: no chain, date or revocation.
struct CertificateKey {
    SignatureScheme scheme;
    Bytes public_key;  // Raw Ed25519 key, or the uncompressed point: as MLS writes them.
};

/// Errors: malformed (CRY-12) anything but one DER certificate; unsupported (CRY-13) a subject key
///         that is none of SignatureScheme's.
/// Spec:   RFC 5280 section 4.1.
[[nodiscard]] Result<CertificateKey> certificate_key(ByteView der);

}  // namespace chatmcp::crypto
