#include "mls/secret_tree.h"

#include <limits>

#include "base/check.h"
#include "mls/storage.h"

namespace chatmcp::mls {
namespace {

/// The record that holds the root's secret alone, before anything is derived from it.
constexpr std::uint32_t kAboveRoot = 0xffff'ffff;
constexpr std::uint32_t kGenerationMax = std::numeric_limits<std::uint32_t>::max();

}  // namespace

SecretTree::Ratchet SecretTree::Ratchets::clone(RatchetType type) const {
    const Ratchet& ratchet = of[static_cast<std::size_t>(type)];
    return Ratchet{ratchet.next_generation, ratchet.skipped, ratchet.secret.clone()};
}

SecretTree::RatchetType SecretTree::ratchet_of(ContentType type) {
    return type == ContentType::application ? RatchetType::application : RatchetType::handshake;
}

Result<void> SecretTree::start(Transaction& transaction, SecretBytes encryption_secret) {
    Chain chain;
    chain.push_back(Beside{root(width_), std::move(encryption_secret)});
    CHATMCP_TRY_VOID(put_chain(transaction, kAboveRoot, chain));
    chains_.emplace(kAboveRoot, std::move(chain));
    if (in_memory_.has_value()) {
        CHATMCP_TRY_VOID(take_ratchets(transaction, *in_memory_));
    }
    return {};
}

Result<void> SecretTree::erase(Transaction& transaction, ByteView group_id, Epoch epoch) {
    for (const RecordKind kind :
         {RecordKind::secret_tree, RecordKind::ratchets, RecordKind::skipped_key}) {
        CHATMCP_TRY_VOID(erase_prefix(transaction, epoch_key(group_id, kind, epoch)));
    }
    return {};
}

MessageKey SecretTree::message_key(const Ratchet& ratchet) const {
    const std::uint32_t generation = ratchet.next_generation;
    return MessageKey{
        derive_tree_secret(
            suite_, ratchet.secret.view(), "key", generation, aead_key_bytes(suite_)),
        derive_tree_secret(suite_, ratchet.secret.view(), "nonce", generation, kNonceBytes),
        generation};
}

void SecretTree::advance(Ratchet& ratchet) const {
    ratchet.secret = derive_tree_secret(
        suite_, ratchet.secret.view(), "secret", ratchet.next_generation, hash_bytes(suite_));
    ++ratchet.next_generation;
}

Result<MessageKey> SecretTree::next(Transaction& transaction, LeafIndex own, ContentType type) {
    CHATMCP_TRY(Ratchets * ratchets, stored_ratchets(transaction, own));
    if (ratchets == nullptr) {
        CHATMCP_TRY(ratchets, take_ratchets(transaction, own));
    }
    Ratchet& ratchet = ratchets->of[static_cast<std::size_t>(ratchet_of(type))];
    if (ratchet.next_generation == kGenerationMax) {
        return fail(Errc::too_far_ahead, "MLS-49");
    }
    MessageKey key = message_key(ratchet);
    advance(ratchet);
    CHATMCP_TRY_VOID(put_ratchets(transaction, own, *ratchets));
    return key;
}

Result<MessageKey> SecretTree::find(Transaction& transaction,
                                    LeafIndex sender,
                                    ContentType type,
                                    std::uint32_t generation,
                                    const Limits& limits) {
    const RatchetType ratchet_type = ratchet_of(type);
    CHATMCP_TRY(const Ratchets* kept, stored_ratchets(transaction, sender));
    Ratchet ratchet;
    if (kept != nullptr) {
        ratchet = kept->clone(ratchet_type);
    } else {
        CHATMCP_TRY(const Cover cover, find_cover(transaction, sender));
        CHATMCP_TRY(const Ratchets derived,
                    derive_ratchets(chains_.at(cover.top)[cover.position], sender, nullptr));
        ratchet = derived.clone(ratchet_type);
    }
    if (generation < ratchet.next_generation) {
        CHATMCP_TRY(const auto skipped,
                    transaction.get(skipped_key(sender, ratchet_type, generation)));
        if (!skipped.has_value()) {
            return fail(Errc::replayed, "MLS-50");
        }
        if (skipped->size() != aead_key_bytes(suite_) + kNonceBytes) {
            return fail(Errc::storage_corrupt, "MLS-48");
        }
        const ByteView both = *skipped;
        return MessageKey{SecretBytes(both.first(aead_key_bytes(suite_))),
                          SecretBytes(both.subspan(aead_key_bytes(suite_))),
                          generation};
    }
    // Bounded before any work: else one message could make everybody hash 2^32 times.
    if (generation == kGenerationMax ||
        generation - ratchet.next_generation > limits.generations_ahead_max) {
        return fail(Errc::too_far_ahead, "MLS-49");
    }
    while (ratchet.next_generation < generation) {
        advance(ratchet);
    }
    return message_key(ratchet);
}

Result<void> SecretTree::spend(Transaction& transaction,
                               LeafIndex sender,
                               ContentType type,
                               std::uint32_t generation,
                               const Limits& limits) {
    const RatchetType ratchet_type = ratchet_of(type);
    CHATMCP_TRY(Ratchets * ratchets, stored_ratchets(transaction, sender));
    if (ratchets == nullptr) {
        CHATMCP_TRY(ratchets, take_ratchets(transaction, sender));
    }
    Ratchet& ratchet = ratchets->of[static_cast<std::size_t>(ratchet_type)];
    if (generation < ratchet.next_generation) {
        CHATMCP_TRY_VOID(transaction.erase(skipped_key(sender, ratchet_type, generation)));
        --ratchet.skipped;
        return put_ratchets(transaction, sender, *ratchets);
    }
    while (ratchet.next_generation < generation) {
        CHATMCP_TRY_VOID(keep_skipped(transaction, sender, ratchet_type, ratchet, limits));
        advance(ratchet);
    }
    advance(ratchet);
    return put_ratchets(transaction, sender, *ratchets);
}

Result<SecretTree::Ratchets*> SecretTree::stored_ratchets(Transaction& transaction,
                                                          LeafIndex leaf) {
    if (const auto kept = ratchets_.find(leaf); kept != ratchets_.end()) {
        return &kept->second;
    }
    CHATMCP_TRY(const auto record,
                transaction.get(epoch_key(group_id_, RecordKind::ratchets, epoch_, leaf.value)));
    if (!record.has_value()) {
        return nullptr;
    }
    const auto read = [&]() -> Result<Ratchets> {
        wire::Reader reader(*record);
        Ratchets ratchets;
        for (Ratchet& ratchet : ratchets.of) {
            CHATMCP_TRY(ratchet.next_generation, reader.u32());
            CHATMCP_TRY(ratchet.skipped, reader.u32());
            CHATMCP_TRY(const ByteView secret, reader.fixed(hash_bytes(suite_)));
            ratchet.secret = SecretBytes(secret);
        }
        CHATMCP_TRY_VOID(reader.finish());
        return ratchets;
    };
    CHATMCP_TRY(Ratchets ratchets, stored(read()));
    return &ratchets_.emplace(leaf, std::move(ratchets)).first->second;
}

Result<SecretTree::Chain*> SecretTree::stored_chain(Transaction& transaction, std::uint32_t top) {
    if (const auto kept = chains_.find(top); kept != chains_.end()) {
        return &kept->second;
    }
    CHATMCP_TRY(const auto record,
                transaction.get(epoch_key(group_id_, RecordKind::secret_tree, epoch_, top)));
    if (!record.has_value()) {
        return fail(Errc::storage_corrupt, "MLS-48");
    }
    const auto read = [&]() -> Result<Chain> {
        wire::Reader reader(*record);
        Chain chain;
        while (!reader.empty()) {
            Beside beside;
            CHATMCP_TRY(beside.node.value, reader.u32());
            CHATMCP_TRY(const ByteView secret, reader.vector(kHashMaxBytes));
            beside.secret = SecretBytes(secret);
            chain.push_back(std::move(beside));
        }
        return chain;
    };
    CHATMCP_TRY(Chain chain, stored(read()));
    return &chains_.emplace(top, std::move(chain)).first->second;
}

Result<SecretTree::Cover> SecretTree::find_cover(Transaction& transaction, LeafIndex leaf) {
    // Each chain covers every leaf but the one it was walked for: one step down per chain, at most
    // as many as the tree is high.
    std::uint32_t top = kAboveRoot;
    while (true) {
        CHATMCP_TRY(const Chain* chain, stored_chain(transaction, top));
        std::size_t position = 0;
        while (position < chain->size() && !is_in_subtree(node_of(leaf), (*chain)[position].node)) {
            ++position;
        }
        if (position == chain->size()) {
            return fail(Errc::storage_corrupt, "MLS-48");
        }
        if (!(*chain)[position].secret.empty()) {
            return Cover{top, position};
        }
        top = (*chain)[position].node.value;
    }
}

Result<SecretTree::Ratchets> SecretTree::derive_ratchets(const Beside& cover,
                                                         LeafIndex leaf,
                                                         Chain* chain) const {
    const std::size_t size = hash_bytes(suite_);
    SecretBytes secret = cover.secret.clone();
    NodeIndex node = cover.node;
    while (!is_leaf(node)) {
        const PathChildren children = children_towards(node, leaf);
        const bool goes_left = children.on_path < node;
        const auto derive = [&](bool of_left) {
            return expand_with_label(
                suite_, secret.view(), "tree", as_bytes(of_left ? "left" : "right"), size);
        };
        if (chain != nullptr) {
            chain->push_back(Beside{children.on_copath, derive(!goes_left)});
        }
        secret = derive(goes_left);
        node = children.on_path;
    }
    Ratchets ratchets;
    ratchets.of[static_cast<std::size_t>(RatchetType::handshake)].secret =
        expand_with_label(suite_, secret.view(), "handshake", {}, size);
    ratchets.of[static_cast<std::size_t>(RatchetType::application)].secret =
        expand_with_label(suite_, secret.view(), "application", {}, size);
    return ratchets;
}

Result<SecretTree::Ratchets*> SecretTree::take_ratchets(Transaction& transaction, LeafIndex leaf) {
    CHATMCP_TRY(const Cover cover, find_cover(transaction, leaf));
    Chain& covering = chains_.at(cover.top);
    Beside& beside = covering[cover.position];
    Chain walked;
    CHATMCP_TRY(Ratchets ratchets, derive_ratchets(beside, leaf, &walked));
    beside.secret = SecretBytes();
    CHATMCP_TRY_VOID(put_chain(transaction, cover.top, covering));
    if (!walked.empty()) {
        CHATMCP_TRY_VOID(put_chain(transaction, beside.node.value, walked));
        chains_.emplace(beside.node.value, std::move(walked));
    }
    return &ratchets_.emplace(leaf, std::move(ratchets)).first->second;
}

Bytes SecretTree::skipped_prefix(LeafIndex leaf, RatchetType type) const {
    Bytes key = epoch_key(group_id_, RecordKind::skipped_key, epoch_, leaf.value);
    key.push_back(static_cast<std::uint8_t>(type));
    return key;
}

Bytes SecretTree::skipped_key(LeafIndex leaf, RatchetType type, std::uint32_t generation) const {
    wire::Writer writer;
    writer.fixed(skipped_prefix(leaf, type));
    writer.u32(generation);
    return writer.take();
}

Result<void> SecretTree::keep_skipped(Transaction& transaction,
                                      LeafIndex leaf,
                                      RatchetType type,
                                      Ratchet& ratchet,
                                      const Limits& limits) const {
    if (limits.skipped_keys_max == 0) {
        return {};
    }
    if (ratchet.skipped >= limits.skipped_keys_max) {
        CHATMCP_TRY(const auto oldest, transaction.scan(skipped_prefix(leaf, type), {}, 1));
        if (!oldest.empty()) {
            CHATMCP_TRY_VOID(transaction.erase(oldest[0].key));
            --ratchet.skipped;
        }
    }
    const MessageKey key = message_key(ratchet);
    wire::Writer writer;
    writer.reserve(key.key.size() + key.nonce.size());
    writer.fixed(key.key.view());
    writer.fixed(key.nonce.view());
    CHATMCP_TRY_VOID(put_secret(
        transaction, skipped_key(leaf, type, ratchet.next_generation), std::move(writer)));
    ++ratchet.skipped;
    return {};
}

Result<void> SecretTree::put_ratchets(Transaction& transaction,
                                      LeafIndex leaf,
                                      const Ratchets& ratchets) const {
    if (in_memory_ == leaf) {
        return {};
    }
    wire::Writer writer;
    writer.reserve(2 * (8 + hash_bytes(suite_)));
    for (const Ratchet& ratchet : ratchets.of) {
        writer.u32(ratchet.next_generation);
        writer.u32(ratchet.skipped);
        writer.fixed(ratchet.secret.view());
    }
    return put_secret(transaction,
                      epoch_key(group_id_, RecordKind::ratchets, epoch_, leaf.value),
                      std::move(writer));
}

Result<void> SecretTree::put_chain(Transaction& transaction,
                                   std::uint32_t top,
                                   const Chain& chain) const {
    wire::Writer writer;
    writer.reserve(chain.size() * (hash_bytes(suite_) + 8));
    for (const Beside& beside : chain) {
        writer.u32(beside.node.value);
        writer.vector(beside.secret.view());
    }
    return put_secret(
        transaction, epoch_key(group_id_, RecordKind::secret_tree, epoch_, top), std::move(writer));
}

}  // namespace chatmcp::mls
