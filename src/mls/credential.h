#pragma once

#include <vector>

#include "mls/types.h"

namespace chatmcp::mls {

/// Spec of this file: RFC 9420 section 5.3.
/// 3 and 4: draft-ietf-mls-extensions, multi_credential.h.
enum class CredentialType : std::uint16_t { basic = 1, x509 = 2, multi = 3, weak_multi = 4 };

inline constexpr std::size_t kCertificatesMax = 16;

/// DER certificates, the end entity's first, each issued by the next.
/// Wire: struct { opaque cert_data<V>; } Certificate; Certificate certificates<V>.
/// Errors: malformed (MLS-101) no certificate, or more than kCertificatesMax.
[[nodiscard]] Result<std::vector<Bytes>> decode_certificates(const Credential& credential);
[[nodiscard]] Credential encode_certificates(const std::vector<Bytes>& certificates);

/// What can be checked of a credential without trusting anybody: that an X.509 credential's end
/// entity has the leaf's signature key, and that the holders of a multi-credential's bindings say
/// so. Chains, names and dates are for Trust. Other types are what the application makes of them.
///
/// Errors: those of decode_certificates and of crypto::certificate_key; wrong_key (MLS-102); those
///         of check_multi_credential; unsupported (EXT-21) a weak multi-credential.
[[nodiscard]] Result<void> check_credential(CipherSuite suite,
                                            const Credential& credential,
                                            ByteView signature_key);

}  // namespace chatmcp::mls
