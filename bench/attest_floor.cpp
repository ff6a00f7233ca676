#include "bench/attest_floor.h"

#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/nid.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace chatmcp::bench {
namespace {

constexpr std::size_t kMessageBytes = 700;  // What is signed of a certificate.

std::array<std::uint8_t, SHA256_DIGEST_LENGTH> sha256(ByteView message) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> out{};
    SHA256(message.data(), message.size(), out.data());
    return out;
}

std::array<std::uint8_t, SHA384_DIGEST_LENGTH> sha384(ByteView message) {
    std::array<std::uint8_t, SHA384_DIGEST_LENGTH> out{};
    SHA384(message.data(), message.size(), out.data());
    return out;
}

}  // namespace

SignatureFloor::Ecdsa SignatureFloor::make_ecdsa(int curve, ByteView digest) {
    Ecdsa out{.key = bssl::UniquePtr<EC_KEY>(EC_KEY_new_by_curve_name(curve)), .signature = {}};
    CHATMCP_CHECK(out.key != nullptr && EC_KEY_generate_key(out.key.get()) == 1);
    out.signature.reset(ECDSA_do_sign(digest.data(), digest.size(), out.key.get()));
    CHATMCP_CHECK(out.signature != nullptr);
    return out;
}

bssl::UniquePtr<RSA> SignatureFloor::make_rsa(int bits) {
    bssl::UniquePtr<RSA> out(RSA_new());
    const bssl::UniquePtr<BIGNUM> exponent(BN_new());
    CHATMCP_CHECK(out != nullptr && exponent != nullptr);
    CHATMCP_CHECK(BN_set_word(exponent.get(), RSA_F4) == 1);
    CHATMCP_CHECK(RSA_generate_key_ex(out.get(), bits, exponent.get(), nullptr) == 1);
    return out;
}

SignatureFloor::SignatureFloor()
    : message_(kMessageBytes, 0x6d),
      p256_(make_ecdsa(NID_X9_62_prime256v1, sha256(message_))),
      p384_(make_ecdsa(NID_secp384r1, sha384(message_))),
      rsa2048_(make_rsa(2048)),
      rsa4096_(make_rsa(4096)) {
    const auto short_digest = sha256(message_);
    unsigned short_size = 0;
    CHATMCP_CHECK(RSA_sign(NID_sha256,
                           short_digest.data(),
                           short_digest.size(),
                           rsa2048_signature_.data(),
                           &short_size,
                           rsa2048_.get()) == 1);
    const auto digest = sha384(message_);
    std::size_t size = 0;
    CHATMCP_CHECK(RSA_sign_pss_mgf1(rsa4096_.get(),
                                    &size,
                                    rsa4096_signature_.data(),
                                    rsa4096_signature_.size(),
                                    digest.data(),
                                    digest.size(),
                                    EVP_sha384(),
                                    EVP_sha384(),
                                    RSA_PSS_SALTLEN_DIGEST) == 1);
}

void SignatureFloor::verify(const SignatureCounts& counts) const {
    for (std::size_t i = 0; i < counts.p256; ++i) {
        const auto digest = sha256(message_);
        CHATMCP_CHECK(
            ECDSA_do_verify(digest.data(), digest.size(), p256_.signature.get(), p256_.key.get()) ==
            1);
    }
    for (std::size_t i = 0; i < counts.p384; ++i) {
        const auto digest = sha384(message_);
        CHATMCP_CHECK(
            ECDSA_do_verify(digest.data(), digest.size(), p384_.signature.get(), p384_.key.get()) ==
            1);
    }
    for (std::size_t i = 0; i < counts.rsa2048; ++i) {
        const auto digest = sha256(message_);
        CHATMCP_CHECK(RSA_verify(NID_sha256,
                                 digest.data(),
                                 digest.size(),
                                 rsa2048_signature_.data(),
                                 rsa2048_signature_.size(),
                                 rsa2048_.get()) == 1);
    }
    for (std::size_t i = 0; i < counts.rsa4096; ++i) {
        const auto digest = sha384(message_);
        CHATMCP_CHECK(RSA_verify_pss_mgf1(rsa4096_.get(),
                                          digest.data(),
                                          digest.size(),
                                          EVP_sha384(),
                                          EVP_sha384(),
                                          RSA_PSS_SALTLEN_DIGEST,
                                          rsa4096_signature_.data(),
                                          rsa4096_signature_.size()) == 1);
    }
}

}  // namespace chatmcp::bench
