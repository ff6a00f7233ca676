#include "bench/mls_floor.h"

#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace chatmcp::bench {
namespace {

// Sizes of what the key schedules hash, as RFC 9420 and RFC 9180 encode it. They decide how many
// blocks are hashed, so a few bytes more or less change nothing.
constexpr std::size_t kLabelBytes = 20;         // KDFLabel with an empty context.
constexpr std::size_t kSampledLabelBytes = 52;  // ... and with a hash as context.
constexpr std::size_t kHpkeLabelBytes = 90;     // "HPKE-v1", suite, label, key schedule context.
constexpr std::size_t kKemContextBytes = 96;    // ... and both public keys.
constexpr std::size_t kDhBytes = 60;            // LabeledExtract's input around a DH result.
constexpr std::size_t kPathSecretBytes = 33;    // With its length, or optional byte.
constexpr std::size_t kGroupSecretsBytes = 70;  // Joiner secret and path secret.
constexpr std::size_t kSenderDataBytes = 12;
constexpr std::size_t kParentHashInputBytes = 99;
constexpr std::size_t kParentNodeBytes = 140;  // TreeHashInput of a filled parent.
constexpr std::size_t kBlankNodeBytes = 68;    // ... and of a blank one.
constexpr std::size_t kLeafOverheadBytes = 8;
constexpr std::size_t kEpochSecrets = 9;  // Table 4, the init secret included.
constexpr std::size_t kTagBytes = 16;

constexpr std::array<std::uint8_t, 32> kKey{7};
constexpr std::array<std::uint8_t, 12> kNonce{9};

}  // namespace

MlsFloor::MlsFloor(mls::CipherSuite suite)
    : aead_(suite == mls::CipherSuite::x25519_aes128gcm_sha256_ed25519
                ? EVP_aead_aes_128_gcm()
                : EVP_aead_chacha20_poly1305()),
      key_bytes_(EVP_AEAD_key_length(aead_)),
      signers_(kSigners) {
    for (Signer& signer : signers_) {
        ED25519_keypair(signer.public_key.data(), signer.private_key.data());
    }
    X25519_keypair(x25519_public_.data(), x25519_private_.data());
}

const std::uint8_t* MlsFloor::data(std::size_t size_bytes) {
    if (data_.size() < size_bytes) {
        data_.assign(size_bytes, 0x5a);
        out_.assign(size_bytes + kTagBytes, 0);
    }
    return data_.data();
}

const MlsFloor::Signed& MlsFloor::signed_message(std::size_t size_bytes) {
    const auto [place, added] = signed_.try_emplace(size_bytes);
    if (added) {
        place->second.message.assign(size_bytes, 0x6d);
        for (std::size_t i = 0; i < kSigners; ++i) {
            CHATMCP_CHECK(ED25519_sign(place->second.signatures[i].data(),
                                       place->second.message.data(),
                                       size_bytes,
                                       signers_[i].private_key.data()) == 1);
        }
    }
    return place->second;
}

const Bytes& MlsFloor::sealed(std::size_t size_bytes, std::size_t aad_bytes) {
    const auto [place, added] = sealed_.try_emplace({size_bytes, aad_bytes});
    if (added) {
        seal(size_bytes, aad_bytes);
        place->second.assign(out_.data(), out_.data() + size_bytes + kTagBytes);
    }
    return place->second;
}

void MlsFloor::sign(std::size_t size_bytes) {
    const std::uint8_t* message = data(size_bytes);
    CHATMCP_CHECK(ED25519_sign(scratch_.out.data(),
                               message,
                               size_bytes,
                               signers_[turn_++ % kSigners].private_key.data()) == 1);
}

void MlsFloor::verify(const Signed& message, std::size_t signer) const {
    signer %= kSigners;
    CHATMCP_CHECK(ED25519_verify(message.message.data(),
                                 message.message.size(),
                                 message.signatures[signer].data(),
                                 signers_[signer].public_key.data()) == 1);
}

void MlsFloor::verify(std::size_t size_bytes) {
    verify(signed_message(size_bytes), turn_++);
}

void MlsFloor::hash(std::size_t size_bytes, std::size_t times) {
    const std::uint8_t* message = data(size_bytes);
    for (std::size_t i = 0; i < times; ++i) {
        SHA256(message, size_bytes, scratch_.out.data());
    }
}

void MlsFloor::mac(std::size_t size_bytes) const {
    unsigned size = 0;
    CHATMCP_CHECK(HMAC(EVP_sha256(),
                       kKey.data(),
                       kHashBytes,
                       data_.data(),
                       size_bytes,
                       scratch_.out.data(),
                       &size) != nullptr);
}

void MlsFloor::extract(Scratch& scratch, std::size_t ikm_bytes, std::size_t times) const {
    std::size_t size = 0;
    for (std::size_t i = 0; i < times; ++i) {
        CHATMCP_CHECK(HKDF_extract(scratch.secret.data(),
                                   &size,
                                   EVP_sha256(),
                                   data_.data(),
                                   ikm_bytes,
                                   kKey.data(),
                                   kHashBytes) == 1);
    }
}

void MlsFloor::expand(Scratch& scratch, std::size_t info_bytes, std::size_t times) const {
    for (std::size_t i = 0; i < times; ++i) {
        CHATMCP_CHECK(HKDF_expand(scratch.secret.data(),
                                  kHashBytes,
                                  EVP_sha256(),
                                  kKey.data(),
                                  kHashBytes,
                                  data_.data(),
                                  info_bytes) == 1);
    }
}

void MlsFloor::seal(std::size_t size_bytes, std::size_t aad_bytes) {
    const std::uint8_t* plaintext = data(size_bytes + aad_bytes);
    std::size_t size = 0;
    CHATMCP_CHECK(EVP_AEAD_CTX_init(
                      &scratch_.aead, aead_, kKey.data(), key_bytes_, kTagBytes, nullptr) == 1 &&
                  EVP_AEAD_CTX_seal(&scratch_.aead,
                                    out_.data(),
                                    &size,
                                    out_.size(),
                                    kNonce.data(),
                                    kNonce.size(),
                                    plaintext,
                                    size_bytes,
                                    plaintext,
                                    aad_bytes) == 1);
    EVP_AEAD_CTX_cleanup(&scratch_.aead);
}

void MlsFloor::open(std::size_t size_bytes, std::size_t aad_bytes) {
    const Bytes& ciphertext = sealed(size_bytes, aad_bytes);
    std::size_t size = 0;
    CHATMCP_CHECK(EVP_AEAD_CTX_init(
                      &scratch_.aead, aead_, kKey.data(), key_bytes_, kTagBytes, nullptr) == 1 &&
                  EVP_AEAD_CTX_open(&scratch_.aead,
                                    out_.data(),
                                    &size,
                                    out_.size(),
                                    kNonce.data(),
                                    kNonce.size(),
                                    ciphertext.data(),
                                    ciphertext.size(),
                                    data_.data(),
                                    aad_bytes) == 1);
    EVP_AEAD_CTX_cleanup(&scratch_.aead);
}

void MlsFloor::path_node(Scratch& scratch) const {
    expand(scratch, kLabelBytes, 2);
    extract(scratch, kDhBytes);
    expand(scratch, kLabelBytes);
    X25519_public_from_private(scratch.out.data(), scratch.secret.data());
}

void MlsFloor::hpke_schedule(Scratch& scratch) const {
    extract(scratch, kDhBytes);
    expand(scratch, kKemContextBytes);
    extract(scratch, kLabelBytes);
    expand(scratch, kHpkeLabelBytes, 2);  // Key and nonce.
}

void MlsFloor::hpke_seal(Scratch& scratch, std::size_t plaintext_bytes) const {
    std::array<std::uint8_t, 32> ephemeral_public;
    std::array<std::uint8_t, 32> ephemeral_private;
    X25519_keypair(ephemeral_public.data(), ephemeral_private.data());
    CHATMCP_CHECK(X25519(scratch.out.data(), ephemeral_private.data(), x25519_public_.data()) == 1);
    hpke_schedule(scratch);
    std::size_t size = 0;
    CHATMCP_CHECK(
        EVP_AEAD_CTX_init(
            &scratch.aead, aead_, scratch.secret.data(), key_bytes_, kTagBytes, nullptr) == 1 &&
        EVP_AEAD_CTX_seal(&scratch.aead,
                          scratch.out.data(),
                          &size,
                          scratch.out.size(),
                          kNonce.data(),
                          kNonce.size(),
                          data_.data(),
                          plaintext_bytes,
                          nullptr,
                          0) == 1);
    EVP_AEAD_CTX_cleanup(&scratch.aead);
}

void MlsFloor::hpke_open(std::size_t plaintext_bytes) {
    CHATMCP_CHECK(X25519(scratch_.out.data(), x25519_private_.data(), x25519_public_.data()) == 1);
    hpke_schedule(scratch_);
    open(plaintext_bytes, 0);
}

void MlsFloor::key_schedule(std::size_t context_bytes, std::size_t transcript_bytes) {
    hash(transcript_bytes);                            // Confirmed transcript hash.
    hash(2 * kHashBytes + 1);                          // Interim transcript hash.
    extract(scratch_, kHashBytes, 2);                  // Commit secret; PSK secret.
    expand(scratch_, context_bytes + kLabelBytes, 2);  // Joiner and epoch secret.
    expand(scratch_, kLabelBytes, kEpochSecrets);
    mac(kHashBytes);  // Confirmation tag.
}

void MlsFloor::tree_path_hashes(const CommitSizes& sizes) {
    hash(kParentHashInputBytes, sizes.path_nodes);
    hash(kParentNodeBytes, sizes.path_nodes);
    hash(sizes.leaf_bytes + kLeafOverheadBytes);
}

void MlsFloor::encrypt(const MessageSizes& sizes) {
    sign(sizes.signed_bytes);
    CHATMCP_CHECK(RAND_bytes(scratch_.out.data(), 4) == 1);  // Reuse guard.
    expand(scratch_, kLabelBytes + 4, 3);                    // Key, nonce, next secret.
    seal(sizes.plaintext_bytes, sizes.aad_bytes);
    expand(scratch_, kSampledLabelBytes, 2);
    seal(kSenderDataBytes, sizes.aad_bytes - 1);
}

void MlsFloor::decrypt(const MessageSizes& sizes) {
    expand(scratch_, kSampledLabelBytes, 2);
    open(kSenderDataBytes, sizes.aad_bytes - 1);
    expand(scratch_, kLabelBytes + 4, 3);
    open(sizes.plaintext_bytes, sizes.aad_bytes);
    verify(sizes.signed_bytes);
}

void MlsFloor::create_commit(const CommitSizes& sizes) {
    for (std::size_t i = 0; i < sizes.path_nodes; ++i) {
        path_node(scratch_);
    }
    X25519_keypair(scratch_.out.data(), scratch_.secret.data());
    tree_path_hashes(sizes);
    sign(sizes.leaf_bytes);
    extract(scratch_, sizes.context_bytes + kLabelBytes);  // HPKE's info_hash, once for all.
    for (std::size_t i = 0; i < sizes.path_nodes; ++i) {
        hpke_seal(scratch_, kPathSecretBytes);
    }
    sign(sizes.message.signed_bytes);
    key_schedule(sizes.context_bytes, sizes.message.plaintext_bytes);
    // The own handshake ratchet of a fresh epoch, with the secrets beside it for the others.
    expand(scratch_, kLabelBytes, 2 * sizes.tree_height + 2);
    expand(scratch_, kLabelBytes + 4, 3);
    CHATMCP_CHECK(RAND_bytes(scratch_.out.data(), 4) == 1);
    seal(sizes.message.plaintext_bytes, sizes.message.aad_bytes);
    expand(scratch_, kSampledLabelBytes, 2);
    seal(kSenderDataBytes, sizes.message.aad_bytes - 1);
}

void MlsFloor::process_commit(const CommitSizes& sizes) {
    expand(scratch_, kSampledLabelBytes, 2);
    open(kSenderDataBytes, sizes.message.aad_bytes - 1);
    expand(scratch_, kLabelBytes, sizes.tree_height + 1);
    expand(scratch_, kLabelBytes + 4, 2);
    open(sizes.message.plaintext_bytes, sizes.message.aad_bytes);
    verify(sizes.message.signed_bytes);
    verify(sizes.leaf_bytes);
    tree_path_hashes(sizes);
    extract(scratch_, sizes.context_bytes + kLabelBytes);
    hpke_open(kPathSecretBytes);
    for (std::size_t i = 0; i < sizes.opened_nodes; ++i) {
        path_node(scratch_);
    }
    key_schedule(sizes.context_bytes, sizes.message.plaintext_bytes);
}

void MlsFloor::tree_hashes(std::size_t members, std::size_t leaf_bytes) {
    hash(leaf_bytes + kLeafOverheadBytes, members);
    hash(kBlankNodeBytes, members - 1);
}

void MlsFloor::create_group(const GroupSizes& sizes, const mls::Parallel* threads) {
    const std::size_t added = sizes.members - 1;
    const Signed& leaf = signed_message(sizes.leaf_bytes);
    const Signed& package = signed_message(sizes.key_package_bytes);
    data(sizes.commit_bytes + sizes.group_info_bytes);
    const auto for_all = [&](const auto& work) {
        if (threads != nullptr) {
            threads->run(added, work);
            return;
        }
        for (std::size_t i = 0; i < added; ++i) {
            work(i);
        }
    };
    for_all([&](std::size_t i) {
        verify(leaf, i);
        verify(package, i);
    });
    // The path: everybody else is new, so it is encrypted to nobody.
    std::size_t height = 0;
    while ((std::size_t{1} << height) < sizes.members) {
        ++height;
        path_node(scratch_);
    }
    X25519_keypair(scratch_.out.data(), scratch_.secret.data());
    tree_hashes(sizes.members, sizes.leaf_bytes);
    hash(kParentHashInputBytes, height);
    sign(sizes.leaf_bytes);
    sign(sizes.commit_bytes);
    key_schedule(sizes.context_bytes, sizes.commit_bytes);
    expand(scratch_, kLabelBytes + 4, 5);
    seal(sizes.commit_bytes, 64);
    expand(scratch_, kSampledLabelBytes, 2);
    seal(kSenderDataBytes, 64);
    sign(sizes.group_info_bytes);
    expand(scratch_, kLabelBytes, 3);  // Welcome secret, key, nonce.
    seal(sizes.group_info_bytes, 0);
    extract(scratch_, sizes.group_info_bytes);  // HPKE's info_hash, once for all.
    hash(sizes.key_package_bytes, added);       // KeyPackageRef
    for_all([&](std::size_t /*member*/) {
        Scratch mine;
        hpke_seal(mine, kGroupSecretsBytes);
    });
}

void MlsFloor::join(const GroupSizes& sizes, const mls::Parallel* threads) {
    const Signed& leaf = signed_message(sizes.leaf_bytes);
    data(sizes.group_info_bytes);
    extract(scratch_, sizes.group_info_bytes);
    hpke_open(kGroupSecretsBytes);
    extract(scratch_, kHashBytes);
    expand(scratch_, kLabelBytes, 3);
    open(sizes.group_info_bytes, 0);
    verify(sizes.group_info_bytes);
    tree_hashes(sizes.members, sizes.leaf_bytes);
    const auto verify_leaf = [&](std::size_t i) { verify(leaf, i); };
    if (threads != nullptr) {
        threads->run(sizes.members, verify_leaf);
    } else {
        for (std::size_t i = 0; i < sizes.members; ++i) {
            verify_leaf(i);
        }
    }
    std::size_t height = 0;
    while ((std::size_t{1} << height) < sizes.members) {
        ++height;
        hash(kParentHashInputBytes);
        path_node(scratch_);  // The path secret that came with the Welcome.
    }
    key_schedule(sizes.context_bytes, kHashBytes);
}

}  // namespace chatmcp::bench
