#include "crypto/sign.h"

#include <algorithm>

#include <openssl/curve25519.h>

#include "base/check.h"
#include "crypto/aws_lc.h"
#include "crypto/nist_curve.h"

namespace chatmcp::crypto {
namespace {

using Point = ByteArray<32>;

// p = 2^255 - 19, the prime of the field, little-endian.
constexpr Point kFieldPrime = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

// The y coordinates of the eight points whose order divides the cofactor 8 (each but the first two
// stands for two points, which differ in the sign of x).
constexpr std::array<Point, 5> kSmallOrderY = {{
    // 1: the neutral element.
    {0x01},
    // -1: order 2.
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    // 0: order 4.
    {0x00},
    // Order 8.
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    // Order 8.
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
}};

// The encoded point's y, without the sign of x.
Point y_of(ByteView encoded) {
    Point y = to_array<32>(encoded);
    y[31] &= 0x7f;
    return y;
}

bool below_field_prime(const Point& y) {
    return std::lexicographical_compare(
        y.rbegin(), y.rend(), kFieldPrime.rbegin(), kFieldPrime.rend());
}

// Points are public, so nothing here needs constant time.
bool acceptable_point(ByteView encoded) {
    const Point y = y_of(encoded);
    return below_field_prime(y) &&
           std::find(kSmallOrderY.begin(), kSmallOrderY.end(), y) == kSmallOrderY.end();
}

Result<void> verify_ed25519(ByteView public_key, ByteView message, ByteView signature) {
    if (public_key.size() != kEd25519PublicBytes || signature.size() != kEd25519SignatureBytes) {
        return fail(Errc::malformed, "CRY-03");
    }
    // RFC 8032 leaves both open. Solana's verifiers refuse them, so must we: one signature that is
    // good here and bad there splits who believes what. R is compared as bytes with a point that
    // AWS-LC encodes, so only its order is left to check.
    if (!acceptable_point(public_key) || !acceptable_point(signature.first(32))) {
        return fail(Errc::bad_signature, "CRY-05");
    }
    if (ED25519_verify(pointer_of(message), message.size(), signature.data(), public_key.data()) !=
        1) {
        forget_errors();
        return fail(Errc::bad_signature, "CRY-04");
    }
    return {};
}

}  // namespace

SigningKey::SigningKey(SecretBytes expanded, ByteArray<kEd25519PublicBytes> public_key)
    : expanded_(std::move(expanded)), public_key_(public_key) {}

SigningKey SigningKey::generate(Random& random) {
    return from_seed(random.secret(kEd25519SeedBytes).view());
}

SigningKey SigningKey::from_seed(ByteView seed) {
    CHATMCP_CHECK(seed.size() == kEd25519SeedBytes);
    SecretBytes expanded(ED25519_PRIVATE_KEY_LEN);
    ByteArray<kEd25519PublicBytes> public_key{};
    ED25519_keypair_from_seed(public_key.data(), expanded.mutable_view().data(), seed.data());
    return {std::move(expanded), public_key};
}

ByteView SigningKey::seed() const {
    return expanded_.view().first(kEd25519SeedBytes);
}

SigningKey SigningKey::clone() const {
    return {expanded_.clone(), public_key_};
}

ByteArray<kEd25519SignatureBytes> SigningKey::sign_raw(ByteView message) const {
    CHATMCP_CHECK(expanded_.size() == ED25519_PRIVATE_KEY_LEN);  // Not one that was moved away.
    ByteArray<kEd25519SignatureBytes> signature;
    CHATMCP_CHECK(
        ED25519_sign(
            signature.data(), pointer_of(message), message.size(), expanded_.view().data()) == 1);
    return signature;
}

Result<void> verify_raw(SignatureScheme scheme,
                        ByteView public_key,
                        ByteView message,
                        ByteView signature) {
    switch (scheme) {
        case SignatureScheme::ecdsa_secp256r1_sha256:
            return verify_ecdsa(NistCurve::p256, public_key, message, signature);
        case SignatureScheme::ecdsa_secp384r1_sha384:
            return verify_ecdsa(NistCurve::p384, public_key, message, signature);
        case SignatureScheme::ecdsa_secp521r1_sha512:
            return verify_ecdsa(NistCurve::p521, public_key, message, signature);
        case SignatureScheme::ed25519:
            return verify_ed25519(public_key, message, signature);
    }
    return fail(Errc::unsupported, "CRY-10");
}

}  // namespace chatmcp::crypto
