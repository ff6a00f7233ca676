#include "support/certificates.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/check.h"

namespace chatmcp::testing {
namespace {

int curve_of(crypto::SignatureScheme scheme) {
    switch (scheme) {
        case crypto::SignatureScheme::ecdsa_secp256r1_sha256:
            return NID_X9_62_prime256v1;
        case crypto::SignatureScheme::ecdsa_secp384r1_sha384:
            return NID_secp384r1;
        default:
            return NID_secp521r1;
    }
}

bssl::UniquePtr<EVP_PKEY> key_of(crypto::SignatureScheme scheme, ByteView private_key) {
    if (scheme == crypto::SignatureScheme::ed25519) {
        return bssl::UniquePtr<EVP_PKEY>(EVP_PKEY_new_raw_private_key(
            EVP_PKEY_ED25519, nullptr, private_key.data(), private_key.size()));
    }
    const bssl::UniquePtr<EC_KEY> key(EC_KEY_new_by_curve_name(curve_of(scheme)));
    const bssl::UniquePtr<BIGNUM> number(
        BN_bin2bn(private_key.data(), private_key.size(), nullptr));
    const EC_GROUP* const group = EC_KEY_get0_group(key.get());
    const bssl::UniquePtr<EC_POINT> point(EC_POINT_new(group));
    CHATMCP_CHECK(EC_POINT_mul(group, point.get(), number.get(), nullptr, nullptr, nullptr) == 1);
    CHATMCP_CHECK(EC_KEY_set_private_key(key.get(), number.get()) == 1);
    CHATMCP_CHECK(EC_KEY_set_public_key(key.get(), point.get()) == 1);
    bssl::UniquePtr<EVP_PKEY> whole(EVP_PKEY_new());
    CHATMCP_CHECK(EVP_PKEY_set1_EC_KEY(whole.get(), key.get()) == 1);
    return whole;
}

Bytes self_signed(EVP_PKEY* key, const EVP_MD* digest) {
    constexpr long kValidSeconds = 3600;
    const bssl::UniquePtr<X509> certificate(X509_new());
    CHATMCP_CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds);
    CHATMCP_CHECK(X509_set_pubkey(certificate.get(), key) == 1);
    CHATMCP_CHECK(X509_sign(certificate.get(), key, digest) > 0);
    std::uint8_t* encoded = nullptr;
    const int size_bytes = i2d_X509(certificate.get(), &encoded);
    CHATMCP_CHECK(size_bytes > 0);
    const bssl::UniquePtr<std::uint8_t> owner(encoded);
    return to_bytes(ByteView(encoded, static_cast<std::size_t>(size_bytes)));
}

}  // namespace

Bytes make_certificate(crypto::SignatureScheme scheme, ByteView private_key) {
    const auto key = key_of(scheme, private_key);
    CHATMCP_CHECK(key != nullptr);
    return self_signed(key.get(),
                       scheme == crypto::SignatureScheme::ed25519 ? nullptr : EVP_sha256());
}

Bytes make_rsa_certificate() {
    constexpr int kBits = 2048;
    const bssl::UniquePtr<RSA> rsa(RSA_new());
    const bssl::UniquePtr<BIGNUM> exponent(BN_new());
    CHATMCP_CHECK(BN_set_word(exponent.get(), RSA_F4) == 1);
    CHATMCP_CHECK(RSA_generate_key_ex(rsa.get(), kBits, exponent.get(), nullptr) == 1);
    const bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
    CHATMCP_CHECK(EVP_PKEY_set1_RSA(key.get(), rsa.get()) == 1);
    return self_signed(key.get(), EVP_sha256());
}

}  // namespace chatmcp::testing
