#include "crypto/verification_key.h"

#include <array>
#include <optional>

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include "base/check.h"
#include "crypto/aws_lc.h"
#include "crypto/hash.h"

namespace chatmcp::crypto {

struct VerificationKey::Key {
    explicit Key(bssl::UniquePtr<EVP_PKEY> of) : key(std::move(of)) {}
    bssl::UniquePtr<EVP_PKEY> key;
};

namespace {

constexpr unsigned kRsaBitsMin = 2048;
constexpr unsigned kRsaBitsMax = 4096;

struct Scheme {
    int key_type = EVP_PKEY_NONE;
    HashId hash = HashId::sha256;
    const EVP_MD* (*digest)() = nullptr;
    bool pss = false;
};

Scheme scheme_of(SignatureAlgorithm algorithm) {
    constexpr std::array<Scheme, 10> kSchemes = {{
        {EVP_PKEY_EC, HashId::sha256, EVP_sha256, false},
        {EVP_PKEY_EC, HashId::sha384, EVP_sha384, false},
        {EVP_PKEY_EC, HashId::sha512, EVP_sha512, false},
        {EVP_PKEY_RSA, HashId::sha256, EVP_sha256, false},
        {EVP_PKEY_RSA, HashId::sha384, EVP_sha384, false},
        {EVP_PKEY_RSA, HashId::sha512, EVP_sha512, false},
        {EVP_PKEY_RSA, HashId::sha256, EVP_sha256, true},
        {EVP_PKEY_RSA, HashId::sha384, EVP_sha384, true},
        {EVP_PKEY_RSA, HashId::sha512, EVP_sha512, true},
        {EVP_PKEY_RSA, HashId::sha256, EVP_sha1, false},  // Its HashId is of ECDSA, unused.
    }};
    return kSchemes[static_cast<std::size_t>(algorithm)];
}

int nid_of(NistCurve curve) {
    switch (curve) {
        case NistCurve::p256:
            return NID_X9_62_prime256v1;
        case NistCurve::p384:
            return NID_secp384r1;
        case NistCurve::p521:
            return NID_secp521r1;
    }
    return NID_undef;
}

bool set_point(EC_KEY* key, ByteView encoded) {
    const EC_GROUP* const group = EC_KEY_get0_group(key);
    const bssl::UniquePtr<EC_POINT> point(EC_POINT_new(group));
    return point != nullptr &&
           EC_POINT_oct2point(group, point.get(), encoded.data(), encoded.size(), nullptr) == 1 &&
           EC_KEY_set_public_key(key, point.get()) == 1;
}

bool is_known_curve(const EC_KEY* key) {
    const int nid = EC_GROUP_get_curve_name(EC_KEY_get0_group(key));
    return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1;
}

/// Whether this build verifies with keys of this kind, and the key is of a usual size.
std::optional<Error> unfit(const EVP_PKEY* key) {
    switch (EVP_PKEY_id(key)) {
        case EVP_PKEY_EC:
            return is_known_curve(EVP_PKEY_get0_EC_KEY(key))
                       ? std::nullopt
                       : std::optional(Error{Errc::unsupported, "CRY-15"});
        case EVP_PKEY_RSA: {
            const unsigned bits = RSA_bits(EVP_PKEY_get0_RSA(key));
            return bits >= kRsaBitsMin && bits <= kRsaBitsMax
                       ? std::nullopt
                       : std::optional(Error{Errc::malformed, "CRY-14"});
        }
        default:
            return Error{Errc::unsupported, "CRY-15"};
    }
}

bool verify_rsa(EVP_PKEY* key, const Scheme& scheme, ByteView message, ByteView signature) {
    bssl::ScopedEVP_MD_CTX context;
    EVP_PKEY_CTX* parameters = nullptr;  // The context's own.
    if (EVP_DigestVerifyInit(context.get(), &parameters, scheme.digest(), nullptr, key) != 1) {
        return false;
    }
    if (scheme.pss && (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1)) {
        return false;
    }
    return EVP_DigestVerify(context.get(),
                            pointer_of(signature),
                            signature.size(),
                            pointer_of(message),
                            message.size()) == 1;
}

bool verify_ecdsa_value(const EC_KEY* key,
                        HashId hash_id,
                        ByteView message,
                        const ECDSA_SIG* signature) {
    const Digest digest = hash(hash_id, message);
    return ECDSA_do_verify(digest.view().data(), digest.view().size(), signature, key) == 1;
}

Result<void> judge(bool verified) {
    if (!verified) {
        forget_errors();
        return fail(Errc::bad_signature, "CRY-16");
    }
    return {};
}

}  // namespace

VerificationKey::VerificationKey(std::unique_ptr<const Key> key) : key_(std::move(key)) {}
VerificationKey::VerificationKey(VerificationKey&&) noexcept = default;
VerificationKey& VerificationKey::operator=(VerificationKey&&) noexcept = default;
VerificationKey::~VerificationKey() = default;

Result<VerificationKey> VerificationKey::from_spki(ByteView der) {
    CBS input;
    CBS_init(&input, pointer_of(der), der.size());
    bssl::UniquePtr<EVP_PKEY> key(EVP_parse_public_key(&input));
    if (key == nullptr || CBS_len(&input) != 0) {
        forget_errors();
        return fail(Errc::malformed, "CRY-14");
    }
    if (const auto error = unfit(key.get()); error.has_value()) {
        return fail(*error);
    }
    return VerificationKey(std::make_unique<const Key>(std::move(key)));
}

Result<VerificationKey> VerificationKey::from_coordinates(NistCurve curve, ByteView xy) {
    Bytes point{POINT_CONVERSION_UNCOMPRESSED};
    append(point, xy);
    const bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(nid_of(curve)));
    bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
    if (point.size() != nist_public_bytes(curve) || ec == nullptr || key == nullptr ||
        !set_point(ec.get(), point) || EVP_PKEY_set1_EC_KEY(key.get(), ec.get()) != 1) {
        forget_errors();
        return fail(Errc::malformed, "CRY-14");
    }
    return VerificationKey(std::make_unique<const Key>(std::move(key)));
}

Result<VerificationKey> VerificationKey::from_rsa(ByteView modulus, ByteView exponent) {
    const bssl::UniquePtr<BIGNUM> n(BN_bin2bn(pointer_of(modulus), modulus.size(), nullptr));
    const bssl::UniquePtr<BIGNUM> e(BN_bin2bn(pointer_of(exponent), exponent.size(), nullptr));
    const bssl::UniquePtr<RSA> rsa(
        n == nullptr || e == nullptr ? nullptr : RSA_new_public_key(n.get(), e.get()));
    bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
    if (rsa == nullptr || key == nullptr || EVP_PKEY_set1_RSA(key.get(), rsa.get()) != 1) {
        forget_errors();
        return fail(Errc::malformed, "CRY-14");
    }
    if (const auto error = unfit(key.get()); error.has_value()) {
        return fail(*error);
    }
    return VerificationKey(std::make_unique<const Key>(std::move(key)));
}

Bytes VerificationKey::spki() const {
    bssl::ScopedCBB out;
    CHATMCP_CHECK(CBB_init(out.get(), 0) == 1 &&
                  EVP_marshal_public_key(out.get(), key_->key.get()) == 1 &&
                  CBB_flush(out.get()) == 1);
    const ByteView written(CBB_data(out.get()), CBB_len(out.get()));
    return to_bytes(written);
}

Result<void> VerificationKey::verify(SignatureAlgorithm algorithm,
                                     ByteView message,
                                     ByteView signature) const {
    const Scheme scheme = scheme_of(algorithm);
    EVP_PKEY* const key = key_->key.get();
    if (EVP_PKEY_id(key) != scheme.key_type) {
        return judge(false);
    }
    if (scheme.key_type == EVP_PKEY_RSA) {
        return judge(verify_rsa(key, scheme, message, signature));
    }
    const bssl::UniquePtr<ECDSA_SIG> value(
        ECDSA_SIG_from_bytes(pointer_of(signature), signature.size()));
    return judge(value != nullptr &&
                 verify_ecdsa_value(EVP_PKEY_get0_EC_KEY(key), scheme.hash, message, value.get()));
}

Result<void> VerificationKey::verify_fixed(SignatureAlgorithm algorithm,
                                           ByteView message,
                                           ByteView r_s) const {
    const Scheme scheme = scheme_of(algorithm);
    const EVP_PKEY* const key = key_->key.get();
    if (scheme.key_type != EVP_PKEY_EC || EVP_PKEY_id(key) != EVP_PKEY_EC) {
        return judge(false);
    }
    const EC_KEY* const ec = EVP_PKEY_get0_EC_KEY(key);
    const auto half =
        static_cast<std::size_t>((EC_GROUP_order_bits(EC_KEY_get0_group(ec)) + 7) / 8);
    if (r_s.size() != 2 * half) {
        return judge(false);
    }
    const bssl::UniquePtr<ECDSA_SIG> value(ECDSA_SIG_new());
    bssl::UniquePtr<BIGNUM> r(BN_bin2bn(r_s.data(), half, nullptr));
    bssl::UniquePtr<BIGNUM> s(BN_bin2bn(r_s.data() + half, half, nullptr));
    // It takes both over, and refuses null alone.
    if (value == nullptr || r == nullptr || s == nullptr ||
        ECDSA_SIG_set0(value.get(), r.release(), s.release()) != 1) {
        return judge(false);
    }
    return judge(verify_ecdsa_value(ec, scheme.hash, message, value.get()));
}

}  // namespace chatmcp::crypto
