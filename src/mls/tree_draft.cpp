#include "mls/tree_draft.h"

#include <algorithm>

#include "base/check.h"
#include "mls/credential.h"
#include "mls/multi_credential.h"

namespace chatmcp::mls {

const TreeNode* TreeDraft::find(NodeIndex index) const {
    if (!in_tree(index, width_)) {
        return nullptr;
    }
    const auto slot = slots_.find(index);
    if (slot != slots_.end() && slot->second.replaced) {
        return &slot->second.node;
    }
    return in_tree(index, base_->width()) ? &base_->node(index) : nullptr;
}

std::size_t TreeDraft::member_count() const {
    return static_cast<std::size_t>(static_cast<std::int64_t>(base_->member_count()) +
                                    members_added_);
}

const LeafNode* TreeDraft::leaf(LeafIndex index) const {
    if (!in_tree(index, width_)) {
        return nullptr;
    }
    const TreeNode* node = find(node_of(index));
    return node == nullptr ? nullptr : node->leaf.get();
}

const ParentNode* TreeDraft::parent(NodeIndex index) const {
    const TreeNode* node = find(index);
    return node == nullptr ? nullptr : node->parent.get();
}

bool TreeDraft::blank(NodeIndex index) const {
    const TreeNode* node = find(index);
    return node == nullptr || node->blank();
}

ByteView TreeDraft::encryption_key(NodeIndex index) const {
    const TreeNode* node = find(index);
    CHATMCP_CHECK(node != nullptr);
    return node->encryption_key();
}

void TreeDraft::count(const TreeNode& node, int difference) {
    if (node.blank()) {
        return;
    }
    encryption_keys_[key_id(node.encryption_key())] += difference;
    if (node.leaf != nullptr) {
        signature_keys_[key_id(node.leaf->signature_key)] += difference;
        credential_types_[node.leaf->credential.type] += difference;
        members_added_ += difference;
    }
}

void TreeDraft::touch_upwards(NodeIndex index) {
    for (std::optional<NodeIndex> node = index; node.has_value();
         node = mls::parent(*node, width_)) {
        slots_[*node].hash = Hash();
    }
}

void TreeDraft::put(NodeIndex index, TreeNode node) {
    CHATMCP_CHECK(in_tree(index, width_));
    if (const TreeNode* before = find(index); before != nullptr) {
        count(*before, -1);
    }
    count(node, 1);
    Slot& slot = slots_[index];
    slot.replaced = true;
    slot.node = std::move(node);
    touch_upwards(index);
}

Result<LeafIndex> TreeDraft::add(LeafNode leaf, std::uint32_t members_max) {
    if (member_count() >= members_max) {
        return fail(Errc::too_large, "MLS-18");
    }
    LeafIndex index{first_maybe_blank_};
    while (index.value < width_.value && this->leaf(index) != nullptr) {
        ++index.value;
    }
    if (index.value == width_.value) {
        CHATMCP_TRY(width_, leaf_count(width_.value * 2));
        slots_[root(width_)].hash = Hash();
    }
    first_maybe_blank_ = index.value + 1;
    // The new member knows no secret of its ancestors: each that is not blank lists it as unmerged.
    for (const NodeIndex ancestor : direct_path(index, width_)) {
        if (const ParentNode* above = parent(ancestor); above != nullptr) {
            ParentNode changed = *above;
            const auto place = std::ranges::lower_bound(changed.unmerged_leaves, index);
            changed.unmerged_leaves.insert(place, index);
            put(ancestor, TreeNode::of(std::move(changed)));
        }
    }
    put(node_of(index), TreeNode::of(std::move(leaf)));
    return index;
}

void TreeDraft::blank_direct_path(LeafIndex index) {
    for (const NodeIndex ancestor : direct_path(index, width_)) {
        if (!blank(ancestor)) {
            put(ancestor, TreeNode{});
        }
    }
}

void TreeDraft::update(LeafIndex index, LeafNode leaf) {
    CHATMCP_CHECK(this->leaf(index) != nullptr);
    put(node_of(index), TreeNode::of(std::move(leaf)));
    blank_direct_path(index);
}

bool TreeDraft::any_leaf_from(std::uint32_t first) const {
    for (std::uint32_t i = width_.value; i-- > first;) {
        if (leaf(LeafIndex{i}) != nullptr) {
            return true;
        }
    }
    return false;
}

void TreeDraft::remove(LeafIndex index) {
    CHATMCP_CHECK(leaf(index) != nullptr);
    put(node_of(index), TreeNode{});
    blank_direct_path(index);
    first_maybe_blank_ = std::min(first_maybe_blank_, index.value);
    while (width_.value > 1 && !any_leaf_from(width_.value / 2)) {
        width_.value /= 2;
        // Hashes of what is cut off must not survive until the tree grows again.
        const NodeIndex cut{node_count(width_)};
        for (auto slot = slots_.lower_bound(cut); slot != slots_.end(); ++slot) {
            slot->second.hash = Hash();
        }
    }
}

void TreeDraft::set_leaf(LeafIndex index, LeafNode leaf) {
    put(node_of(index), TreeNode::of(std::move(leaf)));
}

void TreeDraft::set_parent(NodeIndex index, ParentNode parent) {
    CHATMCP_CHECK(!is_leaf(index));
    put(index, TreeNode::of(std::move(parent)));
}

bool TreeDraft::surely_empty_below(NodeIndex index) const {
    if (in_tree(index, base_->width()) && !base_->empty_below(index)) {
        return false;
    }
    const NodeIndex first = node_of(first_leaf(index));
    const NodeIndex last = node_of(last_leaf(index));
    for (auto slot = slots_.lower_bound(first); slot != slots_.end() && slot->first <= last;
         ++slot) {
        if (slot->second.replaced && !slot->second.node.blank()) {
            return false;
        }
    }
    return true;
}

std::vector<TreeDraft::PathStep> TreeDraft::filtered_direct_path(LeafIndex index) const {
    std::vector<PathStep> path;
    for (const NodeIndex ancestor : direct_path(index, width_)) {
        const NodeIndex copath = children_towards(ancestor, index).on_copath;
        // A resolution is empty exactly if no node of the subtree is filled; the first leaf found
        // ends the search.
        bool filled = !blank(copath);
        if (!filled && surely_empty_below(copath)) {
            continue;
        }
        for (LeafIndex below = first_leaf(copath); !filled && below <= last_leaf(copath);
             ++below.value) {
            filled = leaf(below) != nullptr;
        }
        if (filled) {
            path.push_back(PathStep{ancestor, copath});
        }
    }
    return path;
}

std::vector<NodeIndex> TreeDraft::resolution(NodeIndex index) const {
    std::vector<NodeIndex> result;
    std::vector<NodeIndex> to_visit = {index};
    while (!to_visit.empty()) {
        const NodeIndex node = to_visit.back();
        to_visit.pop_back();
        if (!blank(node)) {
            result.push_back(node);
            if (const ParentNode* filled = parent(node); filled != nullptr) {
                for (const LeafIndex unmerged : filled->unmerged_leaves) {
                    result.push_back(node_of(unmerged));
                }
            }
        } else if (!is_leaf(node) && !surely_empty_below(node)) {
            const Children below = children_of(node);
            to_visit.push_back(below.right);
            to_visit.push_back(below.left);
        }
    }
    return result;
}

const Hash& TreeDraft::hash(NodeIndex index) {
    CHATMCP_CHECK(in_tree(index, width_));
    const auto found = slots_.find(index);
    if (found == slots_.end() && in_tree(index, base_->width())) {
        return base_->hash(index);
    }
    Slot& slot = slots_[index];
    if (slot.hash.empty()) {
        if (is_leaf(index)) {
            slot.hash = hash_leaf(suite(), leaf_of(index), leaf(leaf_of(index)));
        } else {
            const Children below = children_of(index);
            const Hash& below_left = hash(below.left);
            const Hash& below_right = hash(below.right);
            slot.hash = hash_parent(suite(), parent(index), {}, below_left, below_right);
        }
    }
    return slot.hash;
}

Hash TreeDraft::hash_without(NodeIndex index, const std::vector<LeafIndex>& leaves) {
    const auto below =
        std::ranges::lower_bound(leaves, first_leaf(index));  // First that may stand below.
    if (below == leaves.end() || *below > last_leaf(index)) {
        return hash(index);
    }
    if (is_leaf(index)) {
        return hash_leaf(suite(), leaf_of(index), nullptr);
    }
    // Descends below blank nodes too: the leaves may stand under one (an implementation that stops
    // there takes a true tree for a false one).
    const auto [l, r] = children_of(index);
    return hash_parent(
        suite(), parent(index), leaves, hash_without(l, leaves), hash_without(r, leaves));
}

Hash TreeDraft::parent_hash(NodeIndex index, NodeIndex sibling) {
    const ParentNode* node = parent(index);
    CHATMCP_CHECK(node != nullptr);
    const Hash original = hash_without(sibling, node->unmerged_leaves);
    wire::Writer writer;
    writer.vector(node->encryption_key);
    writer.vector(node->parent_hash);
    writer.vector(original.view());
    return mls::hash(suite(), writer.view());
}

Result<void> TreeDraft::check_unique_keys() const {
    for (const auto& [key, difference] : encryption_keys_) {
        if (difference > 0 &&
            static_cast<std::int64_t>(base_->encryption_key_uses(key)) + difference > 1) {
            return fail(Errc::invalid_tree, "MLS-19");
        }
    }
    for (const auto& [key, difference] : signature_keys_) {
        if (difference > 0 &&
            static_cast<std::int64_t>(base_->signature_key_uses(key)) + difference > 1) {
            return fail(Errc::invalid_tree, "MLS-20");
        }
    }
    return {};
}

bool TreeDraft::signature_key_in_use(ByteView key) const {
    const KeyId id = key_id(key);
    const auto changed = signature_keys_.find(id);
    const std::int64_t difference = changed == signature_keys_.end() ? 0 : changed->second;
    return static_cast<std::int64_t>(base_->signature_key_uses(id)) + difference > 0;
}

Result<void> TreeDraft::check_credential_types() const {
    std::map<std::uint16_t, std::int64_t> in_use;
    for (const auto& [type, uses] : base_->credential_types()) {
        in_use[type] += uses;
    }
    bool has_new_type = false;
    for (const auto& [type, difference] : credential_types_) {
        has_new_type |= difference > 0 && !in_use.contains(type);
        in_use[type] += difference;
    }
    std::erase_if(in_use, [](const auto& entry) { return entry.second == 0; });
    const auto supports_all = [&](const LeafNode& leaf) {
        return std::ranges::all_of(in_use, [&](const auto& entry) {
            return contains(leaf.capabilities.credentials, entry.first);
        });
    };
    for (const auto& [index, slot] : slots_) {
        if (slot.replaced && slot.node.leaf != nullptr && !supports_all(*slot.node.leaf)) {
            return fail(Errc::invalid_argument, "MLS-21");
        }
    }
    for (LeafIndex index{0}; has_new_type && index < LeafIndex{width_.value}; ++index.value) {
        if (const LeafNode* member = leaf(index); member != nullptr && !supports_all(*member)) {
            return fail(Errc::invalid_argument, "MLS-21");
        }
    }
    return in_use.contains(static_cast<std::uint16_t>(CredentialType::multi))
               ? check_bindings_supported(*this)
               : Result<void>();
}

Bytes TreeDraft::encode() const {
    NodeIndex end{node_count(width_)};
    while (end.value > 0 && blank(NodeIndex{end.value - 1})) {
        --end.value;
    }
    wire::Writer writer;
    writer.vector_of([&](wire::Writer& inner) {
        inner.reserve(member_count() * 512);
        for (NodeIndex index{0}; index < end; ++index.value) {
            const TreeNode* node = find(index);
            const bool filled = node != nullptr && !node->blank();
            inner.presence(filled);
            if (filled) {
                node->write(inner);
            }
        }
    });
    return writer.take();
}

void TreeDraft::restore(NodeIndex index, TreeNode node) {
    const LeafCount width = width_;
    // A node that was cut off is in the draft as blank, beyond its width.
    while (!in_tree(index, width_)) {
        width_.value *= 2;
    }
    put(index, std::move(node));
    width_ = width;
}

}  // namespace chatmcp::mls
