#include "crypto/nist_curve.h"

#include <utility>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>
#include <openssl/ecdsa.h>
#include <openssl/nid.h>

#include "base/check.h"
#include "crypto/aws_lc.h"
#include "crypto/hash.h"

namespace chatmcp::crypto {
namespace {

const EC_GROUP* group_of(NistCurve curve) {
    switch (curve) {
        case NistCurve::p256:
            return EC_group_p256();
        case NistCurve::p384:
            return EC_group_p384();
        case NistCurve::p521:
            return EC_group_p521();
    }
    return nullptr;
}

HashId hash_of(NistCurve curve) {
    switch (curve) {
        case NistCurve::p256:
            return HashId::sha256;
        case NistCurve::p384:
            return HashId::sha384;
        case NistCurve::p521:
            return HashId::sha512;
    }
    return HashId::sha256;
}

// The number is wiped when it goes.
struct BigNumberFree {
    void operator()(BIGNUM* number) const { BN_clear_free(number); }
};
using BigNumber = std::unique_ptr<BIGNUM, BigNumberFree>;

BigNumber number_of(ByteView bytes) {
    BigNumber out(BN_bin2bn(pointer_of(bytes), bytes.size(), nullptr));
    CHATMCP_CHECK(out != nullptr);
    return out;
}

bssl::UniquePtr<EC_KEY> private_key_of(NistCurve curve, ByteView private_key) {
    bssl::UniquePtr<EC_KEY> key(EC_KEY_new());
    CHATMCP_CHECK(key != nullptr && EC_KEY_set_group(key.get(), group_of(curve)) == 1);
    // Refuses 0 and what is not below the order.
    if (EC_KEY_set_private_key(key.get(), number_of(private_key).get()) != 1) {
        forget_errors();
        return nullptr;
    }
    return key;
}

// Null unless the bytes are a point of the curve in the one form that RFC 9180 and RFC 9420 use.
bssl::UniquePtr<EC_POINT> point_of(NistCurve curve, ByteView public_key) {
    const EC_GROUP* group = group_of(curve);
    bssl::UniquePtr<EC_POINT> point(EC_POINT_new(group));
    CHATMCP_CHECK(point != nullptr);
    if (public_key.size() != nist_public_bytes(curve) ||
        public_key.front() != POINT_CONVERSION_UNCOMPRESSED ||
        EC_POINT_oct2point(group, point.get(), public_key.data(), public_key.size(), nullptr) !=
            1) {
        forget_errors();
        return nullptr;
    }
    return point;
}

}  // namespace

std::size_t nist_private_bytes(NistCurve curve) {
    switch (curve) {
        case NistCurve::p256:
            return 32;
        case NistCurve::p384:
            return 48;
        case NistCurve::p521:
            return 66;
    }
    return 0;
}

std::size_t nist_public_bytes(NistCurve curve) {
    return 1 + 2 * nist_private_bytes(curve);
}

bool is_nist_private_key(NistCurve curve, ByteView private_key) {
    return private_key.size() == nist_private_bytes(curve) &&
           private_key_of(curve, private_key) != nullptr;
}

Bytes nist_public_key(NistCurve curve, ByteView private_key) {
    CHATMCP_CHECK(private_key.size() == nist_private_bytes(curve));
    const EC_GROUP* group = group_of(curve);
    const bssl::UniquePtr<EC_POINT> point(EC_POINT_new(group));
    CHATMCP_CHECK(
        point != nullptr &&
        EC_POINT_mul(group, point.get(), number_of(private_key).get(), nullptr, nullptr, nullptr) ==
            1);
    Bytes out(nist_public_bytes(curve));
    CHATMCP_CHECK(
        EC_POINT_point2oct(
            group, point.get(), POINT_CONVERSION_UNCOMPRESSED, out.data(), out.size(), nullptr) ==
        out.size());
    return out;
}

Result<SecretBytes> nist_ecdh(NistCurve curve, ByteView private_key, ByteView public_key) {
    const auto key = private_key_of(curve, private_key);
    CHATMCP_CHECK(key != nullptr);
    const auto point = point_of(curve, public_key);
    if (point == nullptr) {
        return fail(Errc::malformed, "CRY-09");
    }
    SecretBytes shared(nist_private_bytes(curve));
    const int size = ECDH_compute_key(
        shared.mutable_view().data(), shared.size(), point.get(), key.get(), nullptr);
    CHATMCP_CHECK(size == static_cast<int>(shared.size()));
    return shared;
}

EcdsaKey::EcdsaKey(NistCurve curve, SecretBytes private_key, Bytes public_key)
    : curve_(curve), private_key_(std::move(private_key)), public_key_(std::move(public_key)) {}

EcdsaKey EcdsaKey::generate(NistCurve curve, Random& random) {
    // FIPS 186-5 appendix A.2.2: drawn again until it is in range; for P-521 the bits above the
    // order are not drawn.
    while (true) {
        SecretBytes drawn = random.secret(nist_private_bytes(curve));
        if (curve == NistCurve::p521) {
            drawn.mutable_view().front() &= 0x01;
        }
        if (auto key = from_bytes(curve, drawn.view()); key.has_value()) {
            return *std::move(key);
        }
    }
}

Result<EcdsaKey> EcdsaKey::from_bytes(NistCurve curve, ByteView private_key) {
    if (!is_nist_private_key(curve, private_key)) {
        return fail(Errc::malformed, "CRY-11");
    }
    return EcdsaKey(curve, SecretBytes(private_key), nist_public_key(curve, private_key));
}

EcdsaKey EcdsaKey::clone() const {
    return {curve_, private_key_.clone(), public_key_};
}

Bytes EcdsaKey::sign_raw(ByteView message) const {
    const auto key = private_key_of(curve_, private_key_.view());
    CHATMCP_CHECK(key != nullptr);  // Not one that was moved away.
    const Digest digest = hash(hash_of(curve_), message);
    Bytes signature(ECDSA_size(key.get()));
    unsigned size = 0;
    CHATMCP_CHECK(
        ECDSA_sign(
            0, digest.view().data(), digest.view().size(), signature.data(), &size, key.get()) ==
        1);
    signature.resize(size);
    return signature;
}

Result<void> verify_ecdsa(NistCurve curve,
                          ByteView public_key,
                          ByteView message,
                          ByteView signature) {
    const auto point = point_of(curve, public_key);
    if (point == nullptr) {
        return fail(Errc::malformed, "CRY-09");
    }
    const bssl::UniquePtr<EC_KEY> key(EC_KEY_new());
    CHATMCP_CHECK(key != nullptr && EC_KEY_set_group(key.get(), group_of(curve)) == 1 &&
                  EC_KEY_set_public_key(key.get(), point.get()) == 1);
    const Digest digest = hash(hash_of(curve), message);
    if (ECDSA_verify(0,
                     digest.view().data(),
                     digest.view().size(),
                     pointer_of(signature),
                     signature.size(),
                     key.get()) != 1) {
        forget_errors();
        return fail(Errc::bad_signature, "CRY-04");
    }
    return {};
}

}  // namespace chatmcp::crypto
