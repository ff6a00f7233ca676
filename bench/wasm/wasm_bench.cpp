// What a message costs in WebAssembly, and the bare calls of AWS-LC that it needs. bench.mjs calls
// the functions at the end and takes the times: there is no clock here.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <openssl/aead.h>
#include <openssl/curve25519.h>
#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/rand.h>

#include "base/check.h"
#include "support/mls_filled_group.h"

namespace chatmcp::bench {
namespace {

constexpr std::size_t kTextBytes = 100;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kSenderDataBytes = 12;  // Leaf, generation, reuse guard.
constexpr std::size_t kReuseGuardBytes = 4;
constexpr std::size_t kLabelBytes = 20;         // KDFLabel with an empty context,
constexpr std::size_t kSampledLabelBytes = 52;  // ... and with a sample of the ciphertext.

/// The calls that RFC 9420 makes necessary for one application message (sections 6.1, 6.3, 9.1),
/// with sizes of the group that is measured and nothing between them.
class Floor {
  public:
    Floor(mls::CipherSuite suite, const mls::EpochState& epoch)
        : aead_(suite == mls::CipherSuite::x25519_aes128gcm_sha256_ed25519
                    ? EVP_aead_aes_128_gcm()
                    : EVP_aead_chacha20_poly1305()) {
        const std::size_t id = epoch.context.group_id.size();
        constexpr std::size_t kHeader = 1 + 8 + 1;  // Length of the id, epoch, content type.
        content_aad_.assign(kHeader + 1 + id, 1);
        sender_aad_.assign(kHeader + id, 2);
        // Text and signature, each with its length, padding aside.
        content_.assign(2 + kTextBytes + 2 + kSignatureBytes, 3);
        // SignWithLabel's label; version, wire format, sender and authenticated data; the context.
        constexpr std::size_t kAround = 27 + 2 + 2 + 5 + 1;
        signed_.assign(kAround + kHeader + id + 2 + kTextBytes + epoch.encoded_context.size(), 4);
        ED25519_keypair(public_.data(), private_.data());
        sign();
        seal(content_, content_aad_, sealed_content_);
        seal(sender_data_, sender_aad_, sealed_sender_data_);
    }

    void encrypt() {
        sign();
        message_keys();
        CHATMCP_CHECK(RAND_bytes(reuse_guard_.data(), reuse_guard_.size()) == 1);
        seal(content_, content_aad_, sealed_content_);
        seal(sender_data_, sender_aad_, sealed_sender_data_);
    }

    void decrypt() {
        message_keys();
        open(sealed_sender_data_, sender_aad_);
        open(sealed_content_, content_aad_);
        CHATMCP_CHECK(
            ED25519_verify(signed_.data(), signed_.size(), signature_.data(), public_.data()) == 1);
    }

  private:
    void sign() {
        CHATMCP_CHECK(
            ED25519_sign(signature_.data(), signed_.data(), signed_.size(), private_.data()) == 1);
    }
    /// Key, nonce and next secret of the ratchet; key and nonce of the sender data.
    void message_keys() {
        for (int i = 0; i < 3; ++i) {
            expand(kLabelBytes);
        }
        for (int i = 0; i < 2; ++i) {
            expand(kSampledLabelBytes);
        }
    }
    void expand(std::size_t info_bytes) {
        CHATMCP_CHECK(HKDF_expand(expanded_.data(),
                                  kHashBytes,
                                  EVP_sha256(),
                                  key_.data(),
                                  kHashBytes,
                                  signed_.data(),
                                  info_bytes) == 1);
    }
    void seal(ByteView plaintext, ByteView aad, Bytes& out) {
        out.resize(plaintext.size() + kTagBytes);
        std::size_t size = 0;
        EVP_AEAD_CTX context;
        CHATMCP_CHECK(
            EVP_AEAD_CTX_init(
                &context, aead_, key_.data(), EVP_AEAD_key_length(aead_), kTagBytes, nullptr) ==
                1 &&
            EVP_AEAD_CTX_seal(&context,
                              out.data(),
                              &size,
                              out.size(),
                              nonce_.data(),
                              kNonceBytes,
                              plaintext.data(),
                              plaintext.size(),
                              aad.data(),
                              aad.size()) == 1);
        EVP_AEAD_CTX_cleanup(&context);
    }
    void open(ByteView ciphertext, ByteView aad) {
        opened_.resize(ciphertext.size());
        std::size_t size = 0;
        EVP_AEAD_CTX context;
        CHATMCP_CHECK(
            EVP_AEAD_CTX_init(
                &context, aead_, key_.data(), EVP_AEAD_key_length(aead_), kTagBytes, nullptr) ==
                1 &&
            EVP_AEAD_CTX_open(&context,
                              opened_.data(),
                              &size,
                              opened_.size(),
                              nonce_.data(),
                              kNonceBytes,
                              ciphertext.data(),
                              ciphertext.size(),
                              aad.data(),
                              aad.size()) == 1);
        EVP_AEAD_CTX_cleanup(&context);
    }

    const EVP_AEAD* aead_;
    Bytes content_;
    Bytes content_aad_;
    Bytes sender_data_ = Bytes(kSenderDataBytes, 5);
    Bytes sender_aad_;
    Bytes signed_;
    Bytes sealed_content_;
    Bytes sealed_sender_data_;
    Bytes opened_;
    std::array<std::uint8_t, 32> key_{6};
    std::array<std::uint8_t, kNonceBytes> nonce_{7};
    std::array<std::uint8_t, kHashBytes> expanded_{};
    std::array<std::uint8_t, kReuseGuardBytes> reuse_guard_{};
    std::array<std::uint8_t, 32> public_{};
    std::array<std::uint8_t, 64> private_{};
    std::array<std::uint8_t, kSignatureBytes> signature_{};
};

/// The group that is measured, its floor, and messages on their way.
struct Measured {
    Measured(std::uint32_t members, mls::CipherSuite suite)
        : group(members, suite), floor(suite, testing::state_of(group.sender).epoch) {
        use_system_random(group.sender);
        use_system_random(group.receiver);
    }

    /// Loaded again with the randomness of a real client, in place of the repeatable one of tests.
    void use_system_random(testing::MlsMember& member) {
        const Bytes id = to_bytes(member.group->view().group_id());
        member.group.reset();
        testing::MemoryTransaction transaction(member.store);
        member.group = mls::Group::load(environment, transaction, id).value();
    }

    crypto::SystemRandom random;
    testing::NoRules rules;
    testing::TrustAll trust;
    mls::Environment environment{rules, trust, random, {}};
    testing::FilledGroup group;
    Floor floor;
    std::vector<Bytes> messages;
};

std::unique_ptr<Measured>& measured() {
    static std::unique_ptr<Measured> the_one;
    return the_one;
}

}  // namespace
}  // namespace chatmcp::bench

extern "C" {

using chatmcp::bench::measured;

/// A fresh group of so many members; its cipher suite by number (1 or 3).
void bench_group(std::uint32_t members, std::uint32_t suite) {
    const auto known = chatmcp::mls::cipher_suite(static_cast<std::uint16_t>(suite));
    measured() = std::make_unique<chatmcp::bench::Measured>(members, known.value());
}

/// Each does its work `times` times. decrypt reads what encrypt wrote, no more.
void bench_encrypt(std::uint32_t times) {
    const std::string text(chatmcp::bench::kTextBytes, 'x');
    for (std::uint32_t i = 0; i < times; ++i) {
        measured()->messages.push_back(measured()->group.sender.encrypt(text).value());
    }
}
void bench_decrypt() {
    for (const chatmcp::Bytes& message : measured()->messages) {
        CHATMCP_CHECK(measured()->group.receiver.receive(message).has_value());
    }
    measured()->messages.clear();
}
void bench_floor_encrypt(std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) {
        measured()->floor.encrypt();
    }
}
void bench_floor_decrypt(std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) {
        measured()->floor.decrypt();
    }
}

}  // extern "C"
