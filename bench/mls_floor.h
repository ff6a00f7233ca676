#pragma once

#include <array>
#include <map>
#include <vector>

#include <openssl/aead.h>
#include <openssl/curve25519.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "bench/support.h"
#include "mls/cipher_suite.h"
#include "mls/environment.h"
#include "mls/types.h"

namespace chatmcp::bench {

[[nodiscard]] inline mls::CipherSuite suite_of(const Arguments& arguments) {
    return must(mls::cipher_suite(static_cast<std::uint16_t>(arguments.number("--suite"))),
                "--suite");
}

/// The sizes on which the calls of an operation depend, taken from the group that is measured.
struct MessageSizes {
    std::size_t signed_bytes = 0;     // What the sender's signature covers, label included.
    std::size_t plaintext_bytes = 0;  // PrivateMessageContent.
    std::size_t aad_bytes = 0;        // Of the content; the sender data's is one byte shorter.
};
struct CommitSizes {
    MessageSizes message;
    std::size_t path_nodes = 0;     // Of the filtered direct path.
    std::size_t opened_nodes = 0;   // From the common ancestor of the two members up.
    std::size_t tree_height = 0;    // Steps from the root of the secret tree to a leaf.
    std::size_t leaf_bytes = 0;     // Of the committer's leaf.
    std::size_t context_bytes = 0;  // GroupContext.
};
struct GroupSizes {
    std::size_t members = 0;
    std::size_t leaf_bytes = 0;
    std::size_t key_package_bytes = 0;
    std::size_t tree_bytes = 0;
    std::size_t commit_bytes = 0;
    std::size_t group_info_bytes = 0;
    std::size_t context_bytes = 0;
};

/// What MLS operations cost at least: the calls of AWS-LC that RFC 9420 makes necessary for each,
/// one after the other, with contexts that are made once, and nothing between them: no encoding, no
/// allocation, no storage, no random numbers but AWS-LC's own in the key pairs and the reuse guard.
///
/// Where several calls would compute the same thing (the HPKE key schedule's hash of `info` for all
/// members of a Welcome), it is computed once, although AWS-LC's own HPKE would repeat it.
class MlsFloor {
  public:
    explicit MlsFloor(mls::CipherSuite suite);
    MlsFloor(const MlsFloor&) = delete;
    MlsFloor& operator=(const MlsFloor&) = delete;

    void encrypt(const MessageSizes& sizes);
    void decrypt(const MessageSizes& sizes);
    void create_commit(const CommitSizes& sizes);
    void process_commit(const CommitSizes& sizes);
    /// One commit with a path, one Welcome to all.
    void create_group(const GroupSizes& sizes, const mls::Parallel* threads);
    void join(const GroupSizes& sizes, const mls::Parallel* threads);

  private:
    static constexpr std::size_t kHashBytes = 32;
    static constexpr std::size_t kSigners = 64;

    struct Signed {
        Bytes message;
        std::array<std::array<std::uint8_t, 64>, kSigners> signatures;
    };
    struct Signer {
        std::array<std::uint8_t, 32> public_key;
        std::array<std::uint8_t, 64> private_key;
    };
    /// What each thread writes into.
    struct Scratch {
        std::array<std::uint8_t, 64> secret{};
        std::array<std::uint8_t, 256> out{};
        EVP_AEAD_CTX aead{};
    };

    const Signed& signed_message(std::size_t size_bytes);
    const Bytes& sealed(std::size_t size_bytes, std::size_t aad_bytes);
    const std::uint8_t* data(std::size_t size_bytes);

    void sign(std::size_t size_bytes);
    void verify(const Signed& message, std::size_t signer) const;
    void verify(std::size_t size_bytes);
    void hash(std::size_t size_bytes, std::size_t times = 1);
    void mac(std::size_t size_bytes) const;
    void extract(Scratch& scratch, std::size_t ikm_bytes, std::size_t times = 1) const;
    void expand(Scratch& scratch, std::size_t info_bytes, std::size_t times = 1) const;
    void seal(std::size_t size_bytes, std::size_t aad_bytes);
    void open(std::size_t size_bytes, std::size_t aad_bytes);
    /// One key of a path: its secret, the next path secret, DeriveKeyPair, the public key.
    void path_node(Scratch& scratch) const;
    void hpke_schedule(Scratch& scratch) const;
    void hpke_seal(Scratch& scratch, std::size_t plaintext_bytes) const;
    void hpke_open(std::size_t plaintext_bytes);
    void key_schedule(std::size_t context_bytes, std::size_t transcript_bytes);
    void tree_path_hashes(const CommitSizes& sizes);
    void tree_hashes(std::size_t members, std::size_t leaf_bytes);

    const EVP_AEAD* aead_;
    std::size_t key_bytes_;
    std::vector<Signer> signers_;
    std::map<std::size_t, Signed> signed_;
    std::map<std::pair<std::size_t, std::size_t>, Bytes> sealed_;
    Bytes data_;
    Bytes out_;
    mutable Scratch scratch_;
    std::array<std::uint8_t, 32> x25519_public_{};
    std::array<std::uint8_t, 32> x25519_private_{};
    Bytes hpke_sealed_;
    std::size_t turn_ = 0;
};

}  // namespace chatmcp::bench
