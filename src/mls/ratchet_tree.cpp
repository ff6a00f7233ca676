#include "mls/ratchet_tree.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"
#include "mls/tree_draft.h"

namespace chatmcp::mls {
namespace {

enum class NodeType : std::uint8_t { leaf = 1, parent = 2 };

/// One more or one less of a key; entries of count zero go.
void count_key(std::map<KeyId, std::uint32_t>& counts, ByteView key, int difference) {
    if (difference > 0) {
        ++counts[key_id(key)];
        return;
    }
    const auto found = counts.find(key_id(key));
    CHATMCP_CHECK(found != counts.end());
    if (--found->second == 0) {
        counts.erase(found);
    }
}

std::uint32_t uses(const std::map<KeyId, std::uint32_t>& counts, const KeyId& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

}  // namespace

KeyId key_id(ByteView key) {
    return key.size() == sizeof(KeyId) ? to_array<sizeof(KeyId)>(key) : crypto::sha256(key);
}

Result<ParentNode> ParentNode::read(wire::Reader& reader) {
    ParentNode node;
    CHATMCP_TRY(const ByteView key, reader.vector(kPublicKeyMaxBytes));
    node.encryption_key = to_bytes(key);
    CHATMCP_TRY(const ByteView parent_hash, reader.vector(kHashMaxBytes));
    node.parent_hash = to_bytes(parent_hash);
    CHATMCP_TRY(wire::Reader unmerged, reader.sub(std::size_t{4} * kLeafCountMax));
    while (!unmerged.empty()) {
        CHATMCP_TRY(const std::uint32_t leaf, unmerged.u32());
        if (!node.unmerged_leaves.empty() && leaf <= node.unmerged_leaves.back().value) {
            return fail(Errc::invalid_tree, "MLS-15");
        }
        node.unmerged_leaves.push_back(LeafIndex{leaf});
    }
    return node;
}

void ParentNode::write(wire::Writer& writer) const {
    writer.vector(encryption_key);
    writer.vector(parent_hash);
    writer.variable_length(unmerged_leaves.size() * 4);
    for (const LeafIndex leaf : unmerged_leaves) {
        writer.u32(leaf.value);
    }
}

ByteView TreeNode::encryption_key() const {
    CHATMCP_CHECK(!blank());
    return leaf != nullptr ? leaf->encryption_key : parent->encryption_key;
}

TreeNode TreeNode::of(LeafNode node) {
    return TreeNode{std::make_unique<const LeafNode>(std::move(node)), nullptr};
}

TreeNode TreeNode::of(ParentNode node) {
    return TreeNode{nullptr, std::make_unique<const ParentNode>(std::move(node))};
}

Result<TreeNode> TreeNode::read(wire::Reader& reader, NodeIndex index) {
    CHATMCP_TRY(const std::uint8_t type, reader.u8());
    const auto expected = is_leaf(index) ? NodeType::leaf : NodeType::parent;
    if (type != static_cast<std::uint8_t>(expected)) {
        return fail(Errc::invalid_tree, "MLS-16");
    }
    if (is_leaf(index)) {
        CHATMCP_TRY(LeafNode leaf, LeafNode::read(reader));
        return of(std::move(leaf));
    }
    CHATMCP_TRY(ParentNode parent, ParentNode::read(reader));
    return of(std::move(parent));
}

void TreeNode::write(wire::Writer& writer) const {
    CHATMCP_CHECK(!blank());
    if (leaf != nullptr) {
        writer.u8(static_cast<std::uint8_t>(NodeType::leaf));
        leaf->write(writer);
    } else {
        writer.u8(static_cast<std::uint8_t>(NodeType::parent));
        parent->write(writer);
    }
}

Hash hash_leaf(CipherSuite suite, LeafIndex index, const LeafNode* leaf) {
    wire::Writer writer;
    writer.reserve(kUsualLeafBytes);
    writer.u8(static_cast<std::uint8_t>(NodeType::leaf));
    writer.u32(index.value);
    writer.presence(leaf != nullptr);
    if (leaf != nullptr) {
        leaf->write(writer);
    }
    return hash(suite, writer.view());
}

Hash hash_parent(CipherSuite suite,
                 const ParentNode* parent,
                 const std::vector<LeafIndex>& excluded,
                 const Hash& left,
                 const Hash& right) {
    wire::Writer writer;
    writer.reserve(256);
    writer.u8(static_cast<std::uint8_t>(NodeType::parent));
    writer.presence(parent != nullptr);
    if (parent != nullptr && excluded.empty()) {
        parent->write(writer);
    } else if (parent != nullptr) {
        ParentNode reduced = *parent;
        std::erase_if(reduced.unmerged_leaves,
                      [&](LeafIndex leaf) { return std::ranges::binary_search(excluded, leaf); });
        reduced.write(writer);
    }
    writer.vector(left.view());
    writer.vector(right.view());
    return hash(suite, writer.view());
}

RatchetTree::RatchetTree(CipherSuite suite) : suite_(suite), nodes_(1), hashes_(1) {}

Result<RatchetTree> RatchetTree::decode(CipherSuite suite,
                                        ByteView encoded,
                                        std::uint32_t members_max) {
    wire::Reader outer(encoded);
    CHATMCP_TRY(wire::Reader reader, outer.sub(encoded.size()));
    CHATMCP_TRY_VOID(outer.finish());
    // A blank node takes one byte: a short message must not make a tall tree.
    const std::size_t nodes_max = std::size_t{4} * members_max;
    std::vector<TreeNode> nodes;
    while (!reader.empty()) {
        if (nodes.size() >= nodes_max) {
            return fail(Errc::too_large, "MLS-18");
        }
        CHATMCP_TRY(const bool present, reader.presence());
        if (present) {
            const NodeIndex index{static_cast<std::uint32_t>(nodes.size())};
            CHATMCP_TRY(TreeNode node, TreeNode::read(reader, index));
            nodes.push_back(std::move(node));
        } else {
            nodes.emplace_back();
        }
    }
    if (nodes.empty() || nodes.back().leaf == nullptr) {
        return fail(Errc::invalid_tree, "MLS-17");
    }
    CHATMCP_TRY(const LeafCount width, leaf_count_for_nodes(nodes.size()));
    RatchetTree tree(suite);
    tree.width_ = width;
    tree.nodes_ = std::move(nodes);
    tree.nodes_.resize(node_count(width));
    tree.hashes_.resize(node_count(width));
    for (const TreeNode& node : tree.nodes_) {
        tree.member_count_ += node.leaf != nullptr ? 1 : 0;
    }
    if (tree.member_count_ > members_max) {
        return fail(Errc::too_large, "MLS-18");
    }
    return tree;
}

Bytes RatchetTree::encode() const {
    return TreeDraft(*this).encode();
}

const LeafNode* RatchetTree::leaf(LeafIndex index) const {
    return in_tree(index, width_) ? nodes_[node_of(index).value].leaf.get() : nullptr;
}

const ParentNode* RatchetTree::parent(NodeIndex index) const {
    return in_tree(index, width_) ? nodes_[index.value].parent.get() : nullptr;
}

const TreeNode& RatchetTree::node(NodeIndex index) const {
    CHATMCP_CHECK(in_tree(index, width_));
    return nodes_[index.value];
}

const Hash& RatchetTree::hash(NodeIndex index) const {
    CHATMCP_CHECK(in_tree(index, width_));
    Hash& cached = hashes_[index.value];
    if (cached.empty()) {
        const TreeNode& content = nodes_[index.value];
        if (is_leaf(index)) {
            cached = hash_leaf(suite_, leaf_of(index), content.leaf.get());
        } else {
            // As deep as the tree is high: at most 24.
            const Children below = children_of(index);
            cached =
                hash_parent(suite_, content.parent.get(), {}, hash(below.left), hash(below.right));
        }
    }
    return cached;
}

void RatchetTree::KeyIndex::count(const TreeNode& node, int difference) {
    if (node.blank()) {
        return;
    }
    count_key(encryption_keys, node.encryption_key(), difference);
    if (node.leaf != nullptr) {
        count_key(signature_keys, node.leaf->signature_key, difference);
        std::uint32_t& members = credential_types[node.leaf->credential.type];
        members = difference > 0 ? members + 1 : members - 1;
        if (members == 0) {
            credential_types.erase(node.leaf->credential.type);
        }
    }
}

const RatchetTree::KeyIndex& RatchetTree::keys() const {
    if (keys_ == nullptr) {
        keys_ = std::make_unique<KeyIndex>();
        for (const TreeNode& node : nodes_) {
            keys_->count(node, 1);
        }
    }
    return *keys_;
}

std::uint32_t RatchetTree::encryption_key_uses(const KeyId& key) const {
    return uses(keys().encryption_keys, key);
}

std::uint32_t RatchetTree::signature_key_uses(const KeyId& key) const {
    return uses(keys().signature_keys, key);
}

const std::map<std::uint16_t, std::uint32_t>& RatchetTree::credential_types() const {
    return keys().credential_types;
}

bool RatchetTree::empty_below(NodeIndex index) const {
    CHATMCP_CHECK(in_tree(index, width_));
    if (filled_below_.empty()) {
        filled_below_.resize(nodes_.size());
        for (std::uint32_t height = 0; height <= level(root(width_)); ++height) {
            const std::uint32_t step = std::uint32_t{2} << height;
            for (NodeIndex node{step / 2 - 1}; in_tree(node, width_); node.value += step) {
                std::uint32_t& count = filled_below_[node.value];
                count = nodes_[node.value].blank() ? 0 : 1;
                if (height > 0) {
                    const Children below = children_of(node);
                    count += filled_below_[below.left.value] + filled_below_[below.right.value];
                }
            }
        }
    }
    return filled_below_[index.value] == 0;
}

void RatchetTree::replace(NodeIndex index, TreeNode node) {
    TreeNode& place = nodes_[index.value];
    if (!filled_below_.empty() && place.blank() != node.blank()) {
        for (std::optional<NodeIndex> above = index; above.has_value();
             above = mls::parent(*above, width_)) {
            filled_below_[above->value] +=
                node.blank() ? ~std::uint32_t{0} : 1;  // One less or more.
        }
    }
    if (keys_ != nullptr) {
        keys_->count(place, -1);
        keys_->count(node, 1);
    }
    member_count_ -= place.leaf != nullptr ? 1 : 0;
    member_count_ += node.leaf != nullptr ? 1 : 0;
    place = std::move(node);
}

void RatchetTree::merge(TreeDraft&& draft) {
    CHATMCP_CHECK(&draft.base() == this);
    if (draft.width() != width_) {
        filled_below_.clear();
    }
    const std::uint32_t nodes_after = node_count(draft.width());
    if (nodes_after > nodes_.size()) {
        nodes_.resize(nodes_after);
        hashes_.resize(nodes_after);
    }
    for (auto& [index, slot] : draft.slots_) {
        if (index.value >= nodes_.size()) {
            continue;  // Came and went within the draft.
        }
        if (slot.replaced) {
            replace(index, std::move(slot.node));
        }
        hashes_[index.value] = slot.hash;
    }
    nodes_.resize(nodes_after);
    hashes_.resize(nodes_after);
    width_ = draft.width();
    draft.slots_.clear();
}

void RatchetTree::restore_width(LeafCount width) {
    width_ = width;
    filled_below_.clear();
    nodes_.resize(node_count(width));
    hashes_.resize(node_count(width));
}

void RatchetTree::restore(NodeIndex index, TreeNode node, const Hash& hash) {
    CHATMCP_CHECK(in_tree(index, width_));
    replace(index, std::move(node));
    hashes_[index.value] = hash;
}

}  // namespace chatmcp::mls
