#include "crypto/aead.h"

#include <openssl/aead.h>

#include "base/check.h"
#include "crypto/aws_lc.h"

namespace chatmcp::crypto {
namespace {

const EVP_AEAD* algorithm_of(AeadId id) {
    switch (id) {
        case AeadId::aes_128_gcm:
            return EVP_aead_aes_128_gcm();
        case AeadId::aes_256_gcm:
            return EVP_aead_aes_256_gcm();
        case AeadId::chacha20_poly1305:
            return EVP_aead_chacha20_poly1305();
    }
    CHATMCP_CHECK(false && "an AeadId that has no enumerator");
    return nullptr;
}

Bytes seal_with(const EVP_AEAD_CTX& context, ByteView nonce, ByteView aad, ByteView plaintext) {
    CHATMCP_CHECK(nonce.size() == kAeadNonceBytes);
    Bytes out(plaintext.size() + kAeadTagBytes);
    std::size_t size = 0;
    CHATMCP_CHECK(EVP_AEAD_CTX_seal(&context,
                                    out.data(),
                                    &size,
                                    out.size(),
                                    nonce.data(),
                                    nonce.size(),
                                    pointer_of(plaintext),
                                    plaintext.size(),
                                    pointer_of(aad),
                                    aad.size()) == 1);
    CHATMCP_CHECK(size == out.size());
    return out;
}

// Opens into `out`, which has the size of the plaintext.
Result<void> open_into(const EVP_AEAD_CTX& context,
                       std::span<std::uint8_t> out,
                       ByteView nonce,
                       ByteView aad,
                       ByteView ciphertext) {
    CHATMCP_CHECK(nonce.size() == kAeadNonceBytes);
    // An empty `out` may have a null pointer, which a C function must not get.
    std::uint8_t nothing = 0;
    std::size_t size = 0;
    const int opened = EVP_AEAD_CTX_open(&context,
                                         out.empty() ? &nothing : out.data(),
                                         &size,
                                         out.size(),
                                         nonce.data(),
                                         nonce.size(),
                                         pointer_of(ciphertext),
                                         ciphertext.size(),
                                         pointer_of(aad),
                                         aad.size());
    if (opened != 1) {
        forget_errors();
        return fail(Errc::cannot_open, "CRY-01");
    }
    CHATMCP_CHECK(size == out.size());
    return {};
}

Result<Bytes> open_with(const EVP_AEAD_CTX& context,
                        ByteView nonce,
                        ByteView aad,
                        ByteView ciphertext) {
    if (ciphertext.size() < kAeadTagBytes) {
        return fail(Errc::cannot_open, "CRY-01");
    }
    Bytes out(ciphertext.size() - kAeadTagBytes);
    CHATMCP_TRY_VOID(open_into(context, out, nonce, aad, ciphertext));
    return out;
}

Result<SecretBytes> open_secret_with(const EVP_AEAD_CTX& context,
                                     ByteView nonce,
                                     ByteView aad,
                                     ByteView ciphertext) {
    if (ciphertext.size() < kAeadTagBytes) {
        return fail(Errc::cannot_open, "CRY-01");
    }
    SecretBytes out(ciphertext.size() - kAeadTagBytes);
    CHATMCP_TRY_VOID(open_into(context, out.mutable_view(), nonce, aad, ciphertext));
    return out;
}

struct AeadState {
    AeadState(AeadId id, ByteView key) {
        CHATMCP_CHECK(key.size() == aead_key_bytes(id));
        EVP_AEAD_CTX_zero(&context);
        CHATMCP_CHECK(
            EVP_AEAD_CTX_init(
                &context, algorithm_of(id), key.data(), key.size(), kAeadTagBytes, nullptr) == 1);
    }
    AeadState(const AeadState&) = delete;
    AeadState& operator=(const AeadState&) = delete;
    AeadState(AeadState&&) = delete;
    AeadState& operator=(AeadState&&) = delete;
    ~AeadState() {
        EVP_AEAD_CTX_cleanup(&context);
        // The key schedule lies inside the structure; cleaning up does not overwrite it.
        wipe({context.state.opaque, sizeof(context.state.opaque)});
    }

    EVP_AEAD_CTX context;
};

}  // namespace

struct Aead::State : AeadState {
    using AeadState::AeadState;
};

std::size_t aead_key_bytes(AeadId id) {
    return EVP_AEAD_key_length(algorithm_of(id));
}

Aead::Aead(AeadId id, ByteView key) : state_(std::make_unique<State>(id, key)) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

Bytes Aead::seal(ByteView nonce, ByteView aad, ByteView plaintext) const {
    return seal_with(state_->context, nonce, aad, plaintext);
}

Result<Bytes> Aead::open(ByteView nonce, ByteView aad, ByteView ciphertext) const {
    return open_with(state_->context, nonce, aad, ciphertext);
}

Result<SecretBytes> Aead::open_secret(ByteView nonce, ByteView aad, ByteView ciphertext) const {
    return open_secret_with(state_->context, nonce, aad, ciphertext);
}

Bytes aead_seal(AeadId id, ByteView key, ByteView nonce, ByteView aad, ByteView plaintext) {
    return seal_with(AeadState(id, key).context, nonce, aad, plaintext);
}

Result<Bytes> aead_open(
    AeadId id, ByteView key, ByteView nonce, ByteView aad, ByteView ciphertext) {
    return open_with(AeadState(id, key).context, nonce, aad, ciphertext);
}

Result<SecretBytes> aead_open_secret(
    AeadId id, ByteView key, ByteView nonce, ByteView aad, ByteView ciphertext) {
    return open_secret_with(AeadState(id, key).context, nonce, aad, ciphertext);
}

}  // namespace chatmcp::crypto
