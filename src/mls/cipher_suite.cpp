#include "mls/cipher_suite.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/check.h"
#include "crypto/kdf.h"

namespace chatmcp::mls {
namespace {

using crypto::SignatureScheme;

constexpr std::string_view kLabelPrefix = "MLS 1.0 ";
// RFC 9420 section 2.1.2: vectors up to this size have one byte of length.
constexpr std::size_t kOneByteLengthMax = 63;

/// `opaque label<V> = "MLS 1.0 " + label`.
void write_label(wire::Writer& writer, std::string_view label) {
    writer.variable_length(kLabelPrefix.size() + label.size());
    writer.fixed(as_bytes(kLabelPrefix));
    writer.fixed(as_bytes(label));
}

/// SignContent and EncryptContext have the same shape: label, then content.
Bytes labelled(std::string_view label, ByteView content) {
    wire::Writer writer;
    writer.reserve(kLabelPrefix.size() + label.size() + content.size() + 8);
    write_label(writer, label);
    writer.vector(content);
    return writer.take();
}

std::optional<crypto::NistCurve> curve_of(SignatureScheme scheme) {
    switch (scheme) {
        case SignatureScheme::ecdsa_secp256r1_sha256:
            return crypto::NistCurve::p256;
        case SignatureScheme::ecdsa_secp384r1_sha384:
            return crypto::NistCurve::p384;
        case SignatureScheme::ecdsa_secp521r1_sha512:
            return crypto::NistCurve::p521;
        case SignatureScheme::ed25519:
            return std::nullopt;
    }
    return std::nullopt;
}

SignatureScheme scheme_of(crypto::NistCurve curve) {
    switch (curve) {
        case crypto::NistCurve::p256:
            return SignatureScheme::ecdsa_secp256r1_sha256;
        case crypto::NistCurve::p384:
            return SignatureScheme::ecdsa_secp384r1_sha384;
        case crypto::NistCurve::p521:
            return SignatureScheme::ecdsa_secp521r1_sha512;
    }
    return SignatureScheme::ed25519;
}

}  // namespace

SignatureKey::SignatureKey(crypto::SigningKey key) : key_(std::move(key)) {}
SignatureKey::SignatureKey(crypto::EcdsaKey key) : key_(std::move(key)) {}

SignatureKey SignatureKey::generate(CipherSuite suite, crypto::Random& random) {
    const auto scheme = algorithms_of(suite).signature;
    if (scheme == SignatureScheme::ed25519) {
        return crypto::SigningKey::generate(random);
    }
    return SignatureKey(crypto::EcdsaKey::generate(*curve_of(scheme), random));
}

Result<SignatureKey> SignatureKey::of_scheme(SignatureScheme scheme, ByteView private_key) {
    if (const auto curve = curve_of(scheme); curve.has_value()) {
        auto key = crypto::EcdsaKey::from_bytes(*curve, private_key);
        return key.has_value() ? Result<SignatureKey>(SignatureKey(*std::move(key)))
                               : fail(Errc::malformed, "MLS-92");
    }
    if (scheme != SignatureScheme::ed25519 || private_key.size() != crypto::kEd25519SeedBytes) {
        return fail(Errc::malformed, "MLS-92");
    }
    return SignatureKey(crypto::SigningKey::from_seed(private_key));
}

Result<SignatureKey> SignatureKey::from_bytes(CipherSuite suite, ByteView private_key) {
    return of_scheme(algorithms_of(suite).signature, private_key);
}

SignatureScheme SignatureKey::scheme() const {
    const auto* ecdsa = std::get_if<crypto::EcdsaKey>(&key_);
    return ecdsa == nullptr ? SignatureScheme::ed25519 : scheme_of(ecdsa->curve());
}

ByteView SignatureKey::public_key() const {
    return std::visit([](const auto& key) { return ByteView(key.public_key()); }, key_);
}

SignatureKey SignatureKey::clone() const {
    return std::visit([](const auto& key) { return SignatureKey(key.clone()); }, key_);
}

Bytes SignatureKey::sign_raw(ByteView message) const {
    return std::visit([&](const auto& key) { return to_bytes(key.sign_raw(message)); }, key_);
}

Result<SignatureKey> SignatureKey::read(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint16_t scheme, reader.u16());
    CHATMCP_TRY(const ByteView private_key, reader.vector(kPrivateKeyMaxBytes));
    return of_scheme(static_cast<SignatureScheme>(scheme), private_key);
}

void SignatureKey::write(wire::Writer& writer) const {
    const auto* ecdsa = std::get_if<crypto::EcdsaKey>(&key_);
    writer.u16(static_cast<std::uint16_t>(scheme()));
    writer.vector(ecdsa == nullptr ? std::get<crypto::SigningKey>(key_).seed() : ecdsa->bytes());
}

const SuiteAlgorithms& algorithms_of(CipherSuite suite) {
    using crypto::AeadId;
    using crypto::HashId;
    using crypto::KemId;
    static constexpr SuiteAlgorithms kSuite1{
        KemId::x25519, HashId::sha256, AeadId::aes_128_gcm, SignatureScheme::ed25519};
    static constexpr SuiteAlgorithms kSuite2{
        KemId::p256, HashId::sha256, AeadId::aes_128_gcm, SignatureScheme::ecdsa_secp256r1_sha256};
    static constexpr SuiteAlgorithms kSuite3{
        KemId::x25519, HashId::sha256, AeadId::chacha20_poly1305, SignatureScheme::ed25519};
    static constexpr SuiteAlgorithms kSuite5{
        KemId::p521, HashId::sha512, AeadId::aes_256_gcm, SignatureScheme::ecdsa_secp521r1_sha512};
    static constexpr SuiteAlgorithms kSuite7{
        KemId::p384, HashId::sha384, AeadId::aes_256_gcm, SignatureScheme::ecdsa_secp384r1_sha384};
    static constexpr SuiteAlgorithms kHybrid{
        KemId::mlkem768_x25519, HashId::sha384, AeadId::aes_256_gcm, SignatureScheme::ed25519};
    switch (suite) {
        case CipherSuite::x25519_aes128gcm_sha256_ed25519:
            return kSuite1;
        case CipherSuite::p256_aes128gcm_sha256_p256:
            return kSuite2;
        case CipherSuite::x25519_chacha20poly1305_sha256_ed25519:
            return kSuite3;
        case CipherSuite::p521_aes256gcm_sha512_p521:
            return kSuite5;
        case CipherSuite::p384_aes256gcm_sha384_p384:
            return kSuite7;
        case CipherSuite::mlkem768x25519_aes256gcm_sha384_ed25519:
            return kHybrid;
    }
    CHATMCP_CHECK(false);  // Only cipher_suite() makes one of a number from outside.
}

bool is_experimental(CipherSuite suite) {
    return std::ranges::find(kExperimentalSuites, suite) != std::end(kExperimentalSuites);
}

Result<CipherSuite> cipher_suite(std::uint16_t number) {
    const auto suite = static_cast<CipherSuite>(number);
    return std::ranges::find(kCipherSuites, suite) != std::end(kCipherSuites) ||
                   is_experimental(suite)
               ? Result<CipherSuite>(suite)
               : fail(Errc::unsupported, "MLS-02");
}

std::size_t hash_bytes(CipherSuite suite) {
    return crypto::hash_bytes(algorithms_of(suite).hash);
}

crypto::AeadId aead_of(CipherSuite suite) {
    return algorithms_of(suite).aead;
}

crypto::KemId kem_of(CipherSuite suite) {
    return algorithms_of(suite).kem;
}

crypto::HpkeSuite hpke_suite(CipherSuite suite) {
    const SuiteAlgorithms& algorithms = algorithms_of(suite);
    return {.kem = algorithms.kem, .kdf = algorithms.hash, .aead = algorithms.aead};
}

std::size_t aead_key_bytes(CipherSuite suite) {
    return crypto::aead_key_bytes(aead_of(suite));
}

Hash hash(CipherSuite suite, ByteView data) {
    return crypto::hash(algorithms_of(suite).hash, data);
}

Hash hash(CipherSuite suite, std::initializer_list<ByteView> parts) {
    return crypto::hash(algorithms_of(suite).hash, parts);
}

Hash mac(CipherSuite suite, ByteView key, ByteView data) {
    return crypto::hmac(algorithms_of(suite).hash, key, data);
}

Hash ref_hash(CipherSuite suite, std::string_view label, ByteView value) {
    wire::Writer writer;
    writer.reserve(label.size() + value.size() + 8);
    writer.vector(as_bytes(label));
    writer.vector(value);
    return hash(suite, writer.view());
}

Hash key_package_ref(CipherSuite suite, ByteView key_package) {
    return ref_hash(suite, "MLS 1.0 KeyPackage Reference", key_package);
}

Hash proposal_ref(CipherSuite suite, ByteView authenticated_content) {
    return ref_hash(suite, "MLS 1.0 Proposal Reference", authenticated_content);
}

SecretBytes extract(CipherSuite suite, ByteView salt, ByteView ikm) {
    return crypto::hkdf_extract(algorithms_of(suite).hash, salt, ikm);
}

SecretBytes expand_with_label(CipherSuite suite,
                              ByteView secret,
                              std::string_view label,
                              ByteView context,
                              std::size_t size_bytes) {
    const crypto::HashId hash = algorithms_of(suite).hash;
    // Nearly all labels and contexts are short: their KDFLabel is made where it is used.
    ByteArray<4 + 2 * kOneByteLengthMax> info;
    const std::size_t label_bytes = kLabelPrefix.size() + label.size();
    const std::size_t info_bytes = 4 + label_bytes + context.size();
    if (label_bytes <= kOneByteLengthMax && context.size() <= kOneByteLengthMax) {
        auto to = info.begin();
        *to++ = static_cast<std::uint8_t>(size_bytes >> 8);
        *to++ = static_cast<std::uint8_t>(size_bytes & 0xff);
        *to++ = static_cast<std::uint8_t>(label_bytes);
        to = std::ranges::copy(as_bytes(kLabelPrefix), to).out;
        to = std::ranges::copy(as_bytes(label), to).out;
        *to++ = static_cast<std::uint8_t>(context.size());
        std::ranges::copy(context, to);
        return crypto::hkdf_expand(hash, secret, ByteView(info).first(info_bytes), size_bytes);
    }
    wire::Writer writer;
    writer.reserve(info_bytes + 8);
    writer.u16(static_cast<std::uint16_t>(size_bytes));
    write_label(writer, label);
    writer.vector(context);
    return crypto::hkdf_expand(hash, secret, writer.view(), size_bytes);
}

SecretBytes derive_secret(CipherSuite suite, ByteView secret, std::string_view label) {
    return expand_with_label(suite, secret, label, {}, hash_bytes(suite));
}

SecretBytes derive_tree_secret(CipherSuite suite,
                               ByteView secret,
                               std::string_view label,
                               std::uint32_t generation,
                               std::size_t size_bytes) {
    const ByteArray<4> context = {static_cast<std::uint8_t>(generation >> 24),
                                  static_cast<std::uint8_t>(generation >> 16),
                                  static_cast<std::uint8_t>(generation >> 8),
                                  static_cast<std::uint8_t>(generation)};
    return expand_with_label(suite, secret, label, context, size_bytes);
}

Bytes sign_with_label(CipherSuite suite,
                      const SignatureKey& key,
                      std::string_view label,
                      ByteView content) {
    CHATMCP_CHECK(key.scheme() == algorithms_of(suite).signature);
    return key.sign_raw(labelled(label, content));
}

Result<void> verify_with_label(CipherSuite suite,
                               ByteView public_key,
                               std::string_view label,
                               ByteView content,
                               ByteView signature,
                               const char* check) {
    if (!crypto::verify_raw(
             algorithms_of(suite).signature, public_key, labelled(label, content), signature)
             .has_value()) {
        return fail(Errc::bad_signature, check);
    }
    return {};
}

Result<crypto::HpkeCiphertext> encrypt_with_label(CipherSuite suite,
                                                  ByteView public_key,
                                                  std::string_view label,
                                                  ByteView context,
                                                  ByteView plaintext,
                                                  crypto::Random& random) {
    return crypto::hpke_seal(
        labelled_info(suite, label, context), public_key, {}, plaintext, random);
}

crypto::HpkeInfo labelled_info(CipherSuite suite, std::string_view label, ByteView context) {
    return {hpke_suite(suite), labelled(label, context)};
}

Result<SecretBytes> decrypt_with_label(CipherSuite suite,
                                       const crypto::HpkePrivateKey& key,
                                       std::string_view label,
                                       ByteView context,
                                       ByteView kem_output,
                                       ByteView ciphertext,
                                       const char* check) {
    auto opened = crypto::hpke_open(
        hpke_suite(suite), key, kem_output, labelled(label, context), {}, ciphertext);
    if (!opened.has_value()) {
        return fail(Errc::cannot_open, check);
    }
    return opened;
}

}  // namespace chatmcp::mls
