#include "mls/cipher_suite.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "wire/tls.h"

namespace chatmcp::mls {
namespace {

constexpr std::string_view kLabelPrefix = "MLS 1.0 ";

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

}  // namespace

Hash::Hash(ByteView bytes) : size_(static_cast<std::uint8_t>(bytes.size())) {
    CHATMCP_CHECK(bytes.size() <= kMaxBytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes_[i] = bytes[i];
    }
}

Result<CipherSuite> cipher_suite(std::uint16_t number) {
    switch (static_cast<CipherSuite>(number)) {
        case CipherSuite::x25519_aes128gcm_sha256_ed25519:
        case CipherSuite::x25519_chacha20poly1305_sha256_ed25519:
            return static_cast<CipherSuite>(number);
    }
    return fail(Errc::unsupported, "MLS-02");
}

std::size_t hash_bytes(CipherSuite /*suite*/) {
    return crypto::kSha256Bytes;
}

crypto::AeadId aead_of(CipherSuite suite) {
    return suite == CipherSuite::x25519_aes128gcm_sha256_ed25519
               ? crypto::AeadId::aes_128_gcm
               : crypto::AeadId::chacha20_poly1305;
}

std::size_t aead_key_bytes(CipherSuite suite) {
    return crypto::aead_key_bytes(aead_of(suite));
}

Hash hash(CipherSuite /*suite*/, ByteView data) {
    return Hash(crypto::sha256(data));
}

Hash hash(CipherSuite /*suite*/, std::initializer_list<ByteView> parts) {
    return Hash(crypto::sha256(parts));
}

Hash mac(CipherSuite /*suite*/, ByteView key, ByteView data) {
    return Hash(crypto::hmac_sha256(key, data));
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

SecretBytes extract(CipherSuite /*suite*/, ByteView salt, ByteView ikm) {
    return crypto::hkdf_extract_sha256(salt, ikm);
}

SecretBytes expand_with_label(CipherSuite /*suite*/,
                              ByteView secret,
                              std::string_view label,
                              ByteView context,
                              std::size_t size_bytes) {
    wire::Writer writer;
    writer.reserve(kLabelPrefix.size() + label.size() + context.size() + 8);
    writer.u16(static_cast<std::uint16_t>(size_bytes));
    write_label(writer, label);
    writer.vector(context);
    return crypto::hkdf_expand_sha256(secret, writer.view(), size_bytes);
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

Bytes sign_with_label(CipherSuite /*suite*/,
                      const crypto::SigningKey& key,
                      std::string_view label,
                      ByteView content) {
    const auto signature = key.sign_raw(labelled(label, content));
    return Bytes(signature.begin(), signature.end());
}

Result<void> verify_with_label(CipherSuite /*suite*/,
                               ByteView public_key,
                               std::string_view label,
                               ByteView content,
                               ByteView signature,
                               const char* check) {
    if (!crypto::verify_raw(
             crypto::SignatureScheme::ed25519, public_key, labelled(label, content), signature)
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
    return crypto::hpke_seal(crypto::HpkeSuite{.aead = aead_of(suite)},
                             public_key,
                             labelled(label, context),
                             {},
                             plaintext,
                             random);
}

Result<SecretBytes> decrypt_with_label(CipherSuite suite,
                                       const crypto::HpkePrivateKey& key,
                                       std::string_view label,
                                       ByteView context,
                                       ByteView kem_output,
                                       ByteView ciphertext,
                                       const char* check) {
    auto opened = crypto::hpke_open(crypto::HpkeSuite{.aead = aead_of(suite)},
                                    key,
                                    kem_output,
                                    labelled(label, context),
                                    {},
                                    ciphertext);
    if (!opened.has_value()) {
        return fail(Errc::cannot_open, check);
    }
    return opened;
}

}  // namespace chatmcp::mls
