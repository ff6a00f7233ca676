#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/key_value.h"
#include "mls/framing.h"
#include "mls/tree_math.h"

namespace chatmcp::mls {

/// The message keys of one epoch (RFC 9420 section 9): a tree of secrets with two ratchets per
/// leaf.
///
/// Keys are looked at first and spent when the message turned out true; what is spent is gone from
/// memory and storage. Storage holds one record per derivation path that was walked, one per sender
/// that was heard, and one per skipped key; a message writes at most three small records, whatever
/// the number of members.
class SecretTree {
  public:
    SecretTree(CipherSuite suite, ByteView group_id, Epoch epoch, LeafCount width)
        : suite_(suite), group_id_(to_bytes(group_id)), epoch_(epoch), width_(width) {}

    [[nodiscard]] LeafCount width() const { return width_; }
    /// The ratchets of this leaf are never stored, nor anything that they can be derived from once
    /// start() was called. Without start(), after loading, next() fails with storage_corrupt.
    void keep_in_memory(LeafIndex own) { in_memory_ = own; }
    /// A new epoch's tree: all that is stored is its root.
    [[nodiscard]] Result<void> start(Transaction& transaction, SecretBytes encryption_secret);
    /// Erase all keys of an epoch.
    [[nodiscard]] static Result<void> erase(Transaction& transaction,
                                            ByteView group_id,
                                            Epoch epoch);

    /// Key for our own next message, spent at once. Errors: too_far_ahead (MLS-49) 2^32 messages.
    [[nodiscard]] Result<MessageKey> next(Transaction& transaction,
                                          LeafIndex own,
                                          ContentType type);
    /// Key of a received message; nothing changes.
    /// Errors: replayed (MLS-50) spent before or too old; too_far_ahead (MLS-49).
    [[nodiscard]] Result<MessageKey> find(Transaction& transaction,
                                          LeafIndex sender,
                                          ContentType type,
                                          std::uint32_t generation,
                                          const Limits& limits);
    /// The message of that key is true: forget the key; keep those that were skipped, the newest
    /// `skipped_keys_max` of them.
    [[nodiscard]] Result<void> spend(Transaction& transaction,
                                     LeafIndex sender,
                                     ContentType type,
                                     std::uint32_t generation,
                                     const Limits& limits);

  private:
    enum class RatchetType : std::uint8_t { handshake = 0, application = 1 };
    struct Ratchet {
        std::uint32_t next_generation = 0;
        std::uint32_t skipped = 0;  // Keys kept for late messages.
        SecretBytes secret;
    };
    struct Ratchets {
        Ratchet of[2];
        [[nodiscard]] Ratchet clone(RatchetType type) const;
    };
    /// Secrets beside a path that was walked: of each copath node, or empty once that was walked.
    struct Beside {
        NodeIndex node;
        SecretBytes secret;
    };
    using Chain = std::vector<Beside>;

    [[nodiscard]] static RatchetType ratchet_of(ContentType type);
    [[nodiscard]] MessageKey message_key(const Ratchet& ratchet) const;
    void advance(Ratchet& ratchet) const;

    /// The ratchets of a leaf, from memory or storage; null if the leaf was never heard.
    [[nodiscard]] Result<Ratchets*> stored_ratchets(Transaction& transaction, LeafIndex leaf);
    [[nodiscard]] Result<Chain*> stored_chain(Transaction& transaction, std::uint32_t top);
    /// The place of the secret that covers a leaf never heard.
    struct Cover {
        std::uint32_t top;
        std::size_t position;
    };
    [[nodiscard]] Result<Cover> find_cover(Transaction& transaction, LeafIndex leaf);
    [[nodiscard]] Result<Ratchets> derive_ratchets(const Beside& cover,
                                                   LeafIndex leaf,
                                                   Chain* chain) const;
    /// Make the ratchets of a leaf from the tree for good.
    [[nodiscard]] Result<Ratchets*> take_ratchets(Transaction& transaction, LeafIndex leaf);

    [[nodiscard]] Bytes skipped_prefix(LeafIndex leaf, RatchetType type) const;
    [[nodiscard]] Bytes skipped_key(LeafIndex leaf,
                                    RatchetType type,
                                    std::uint32_t generation) const;
    [[nodiscard]] Result<void> keep_skipped(Transaction& transaction,
                                            LeafIndex leaf,
                                            RatchetType type,
                                            Ratchet& ratchet,
                                            const Limits& limits) const;
    [[nodiscard]] Result<void> put_ratchets(Transaction& transaction,
                                            LeafIndex leaf,
                                            const Ratchets& ratchets) const;
    [[nodiscard]] Result<void> put_chain(Transaction& transaction,
                                         std::uint32_t top,
                                         const Chain& chain) const;

    CipherSuite suite_;
    Bytes group_id_;
    Epoch epoch_;
    LeafCount width_;
    std::optional<LeafIndex> in_memory_;
    std::map<LeafIndex, Ratchets> ratchets_;
    std::map<std::uint32_t, Chain> chains_;
};

}  // namespace chatmcp::mls
