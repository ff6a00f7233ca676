#include "crypto/kem.h"

#include <openssl/curve25519.h>

#include "base/check.h"
#include "crypto/aws_lc.h"
#include "crypto/nist_curve.h"
#include "crypto/xwing.h"

namespace chatmcp::crypto {
namespace {

NistCurve curve_of(KemId id) {
    CHATMCP_CHECK(is_dhkem(id) && id != KemId::x25519);
    return id == KemId::p256   ? NistCurve::p256
           : id == KemId::p384 ? NistCurve::p384
                               : NistCurve::p521;
}

Result<SecretBytes> x25519(ByteView private_key, ByteView public_key) {
    SecretBytes shared(kX25519Bytes);
    if (X25519(shared.mutable_view().data(), private_key.data(), public_key.data()) != 1) {
        forget_errors();
        return fail(Errc::malformed, "CRY-08");
    }
    return shared;
}

}  // namespace

bool is_dhkem(KemId id) {
    return id != KemId::mlkem768_x25519;
}

HashId kem_hash(KemId id) {
    CHATMCP_CHECK(is_dhkem(id));
    switch (id) {
        case KemId::p256:
        case KemId::x25519:
            return HashId::sha256;
        case KemId::p384:
            return HashId::sha384;
        case KemId::p521:
            return HashId::sha512;
        case KemId::mlkem768_x25519:
            break;
    }
    return HashId::sha256;
}

std::size_t kem_private_bytes(KemId id) {
    if (!is_dhkem(id)) {
        return kXwingPrivateBytes;
    }
    return id == KemId::x25519 ? kX25519Bytes : nist_private_bytes(curve_of(id));
}

std::size_t kem_encapsulated_bytes(KemId id) {
    return is_dhkem(id) ? kem_public_bytes(id) : kXwingCiphertextBytes;
}

std::size_t kem_public_bytes(KemId id) {
    if (!is_dhkem(id)) {
        return kXwingPublicBytes;
    }
    return id == KemId::x25519 ? kX25519Bytes : nist_public_bytes(curve_of(id));
}

bool is_kem_private_key(KemId id, ByteView private_key) {
    if (!is_dhkem(id)) {
        return private_key.size() == kXwingPrivateBytes;
    }
    return id == KemId::x25519 ? private_key.size() == kX25519Bytes
                               : is_nist_private_key(curve_of(id), private_key);
}

Bytes kem_public_key(KemId id, ByteView private_key) {
    if (!is_dhkem(id)) {
        return xwing_public_key(private_key);
    }
    if (id != KemId::x25519) {
        return nist_public_key(curve_of(id), private_key);
    }
    CHATMCP_CHECK(private_key.size() == kX25519Bytes);
    Bytes public_key(kX25519Bytes);
    X25519_public_from_private(public_key.data(), private_key.data());
    return public_key;
}

Result<SecretBytes> kem_dh(KemId id, ByteView private_key, ByteView public_key) {
    CHATMCP_CHECK(is_dhkem(id) && private_key.size() == kem_private_bytes(id));
    if (public_key.size() != kem_public_bytes(id)) {
        return fail(Errc::malformed, "CRY-07");
    }
    return id == KemId::x25519 ? x25519(private_key, public_key)
                               : nist_ecdh(curve_of(id), private_key, public_key);
}

}  // namespace chatmcp::crypto
