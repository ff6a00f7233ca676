#include "mls/credential.h"

#include "crypto/x509.h"
#include "mls/cipher_suite.h"
#include "mls/extension.h"
#include "mls/multi_credential.h"

namespace chatmcp::mls {

Result<std::vector<Bytes>> decode_certificates(const Credential& credential) {
    wire::Reader reader(credential.data);
    std::vector<Bytes> certificates;
    while (!reader.empty()) {
        if (certificates.size() == kCertificatesMax) {
            return fail(Errc::malformed, "MLS-101");
        }
        CHATMCP_TRY(const ByteView certificate, reader.vector(kCredentialMaxBytes));
        certificates.push_back(to_bytes(certificate));
    }
    if (certificates.empty()) {
        return fail(Errc::malformed, "MLS-101");
    }
    return certificates;
}

Credential encode_certificates(const std::vector<Bytes>& certificates) {
    wire::Writer writer;
    for (const Bytes& certificate : certificates) {
        writer.vector(certificate);
    }
    return {static_cast<std::uint16_t>(CredentialType::x509), writer.take()};
}

Result<void> check_credential(CipherSuite suite,
                              const Credential& credential,
                              ByteView signature_key) {
    switch (static_cast<CredentialType>(credential.type)) {
        case CredentialType::x509:
            break;
        case CredentialType::multi:
            return check_multi_credential(credential, signature_key);
        case CredentialType::weak_multi:
            // Who it is would depend on which member looks.
            return fail(Errc::unsupported, "EXT-21");
        default:
            return {};
    }
    CHATMCP_TRY(const auto certificates, decode_certificates(credential));
    CHATMCP_TRY(const auto key, crypto::certificate_key(certificates.front()));
    if (key.scheme != algorithms_of(suite).signature || !equal(key.public_key, signature_key)) {
        return fail(Errc::wrong_key, "MLS-102");
    }
    return {};
}

}  // namespace chatmcp::mls
