#include "crypto/x509.h"

#include <memory>
#include <optional>

#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include "crypto/aws_lc.h"

namespace chatmcp::crypto {
namespace {

std::optional<SignatureScheme> scheme_of(const EVP_PKEY* key) {
    if (EVP_PKEY_id(key) == EVP_PKEY_ED25519) {
        return SignatureScheme::ed25519;
    }
    const EC_KEY* const curve_key = EVP_PKEY_get0_EC_KEY(key);
    if (curve_key == nullptr) {
        return std::nullopt;
    }
    switch (EC_GROUP_get_curve_name(EC_KEY_get0_group(curve_key))) {
        case NID_X9_62_prime256v1:
            return SignatureScheme::ecdsa_secp256r1_sha256;
        case NID_secp384r1:
            return SignatureScheme::ecdsa_secp384r1_sha384;
        case NID_secp521r1:
            return SignatureScheme::ecdsa_secp521r1_sha512;
        default:
            return std::nullopt;
    }
}

}  // namespace

Result<CertificateKey> certificate_key(ByteView der) {
    const std::uint8_t* rest = der.data();
    const bssl::UniquePtr<X509> certificate(
        d2i_X509(nullptr, &rest, static_cast<long>(der.size())));
    if (certificate == nullptr || rest != der.data() + der.size()) {
        forget_errors();
        return fail(Errc::malformed, "CRY-12");
    }
    const EVP_PKEY* const key = X509_get0_pubkey(certificate.get());
    const auto scheme = key == nullptr ? std::nullopt : scheme_of(key);
    if (!scheme.has_value()) {
        forget_errors();
        return fail(Errc::unsupported, "CRY-13");
    }
    const ASN1_BIT_STRING* const bits = X509_get0_pubkey_bitstr(certificate.get());
    const auto size_bytes = static_cast<std::size_t>(ASN1_STRING_length(bits));
    return CertificateKey{*scheme, to_bytes(ByteView(ASN1_STRING_get0_data(bits), size_bytes))};
}

}  // namespace chatmcp::crypto
