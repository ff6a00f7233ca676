#pragma once

#include <map>
#include <vector>

#include "mls/ratchet_tree.h"

namespace chatmcp::mls {

/// Changes to a ratchet tree that are not made yet: an overlay of changed nodes over the tree of
/// the current epoch, which must outlive it and stay as it is.
///
/// Cost: in time and memory what it changes and the ancestors of that, never the whole tree.
class TreeDraft {
  public:
    explicit TreeDraft(const RatchetTree& base) : base_(&base), width_(base.width()) {}

    [[nodiscard]] const RatchetTree& base() const { return *base_; }
    [[nodiscard]] CipherSuite suite() const { return base_->suite(); }
    [[nodiscard]] LeafCount width() const { return width_; }
    [[nodiscard]] std::size_t member_count() const;
    [[nodiscard]] const LeafNode* leaf(LeafIndex index) const;
    [[nodiscard]] const ParentNode* parent(NodeIndex index) const;
    [[nodiscard]] bool blank(NodeIndex index) const;
    /// Precondition (checked): not blank.
    [[nodiscard]] ByteView encryption_key(NodeIndex index) const;

    // Section 7.7: what Add, Update and Remove do to the tree.

    /// At the leftmost blank leaf, or in a tree of twice the width.
    /// Errors: too_large (MLS-18) above `members_max`.
    [[nodiscard]] Result<LeafIndex> add(LeafNode leaf, std::uint32_t members_max);
    /// Replace the leaf and blank its direct path.
    void update(LeafIndex index, LeafNode leaf);
    /// Blank the leaf and its direct path; drop the right half while it is all blank.
    void remove(LeafIndex index);

    // Section 7.5: what a path does.

    void set_leaf(LeafIndex index, LeafNode leaf);
    void set_parent(NodeIndex index, ParentNode parent);
    /// The direct path without nodes whose child on the copath has an empty resolution, and those
    /// children (section 4.1.2).
    struct PathStep {
        NodeIndex node;
        NodeIndex copath;
    };
    [[nodiscard]] std::vector<PathStep> filtered_direct_path(LeafIndex index) const;
    /// Section 4.1.1.
    [[nodiscard]] std::vector<NodeIndex> resolution(NodeIndex index) const;

    /// Tree hash (section 7.8). Cost: O(changed nodes below it) hashes.
    [[nodiscard]] const Hash& hash(NodeIndex index);
    [[nodiscard]] const Hash& root_hash() { return hash(root(width_)); }
    /// Tree hash of `index` as it was before the given leaves (ascending) were added: original
    /// sibling tree hash of section 7.9.
    [[nodiscard]] Hash hash_without(NodeIndex index, const std::vector<LeafIndex>& leaves);
    /// Parent hash of the node with regard to its child `sibling` on the copath (section 7.9).
    /// Precondition (checked): the node is a parent that is not blank.
    [[nodiscard]] Hash parent_hash(NodeIndex index, NodeIndex sibling);

    /// Errors: invalid_tree (MLS-19) an encryption key, (MLS-20) a signature key that two nodes
    /// have after the change. Cost: O(changes).
    [[nodiscard]] Result<void> check_unique_keys() const;
    /// Every member supports every credential type in use (section 7.3).
    /// Errors: invalid_argument (MLS-21). Cost: O(changes), O(members) if a type is new.
    [[nodiscard]] Result<void> check_credential_types() const;
    [[nodiscard]] bool signature_key_in_use(ByteView key) const;

    /// Content of the ratchet_tree extension. Cost: O(members).
    [[nodiscard]] Bytes encode() const;

    /// One node that differs from the base, or whose hash does, for storage and for views.
    struct Slot {
        bool replaced = false;  // Otherwise only the hash changed.
        TreeNode node;
        Hash hash;
    };
    [[nodiscard]] const std::map<NodeIndex, Slot>& slots() const { return slots_; }
    /// Put back a stored draft: its width, then its nodes.
    void restore_width(LeafCount width) { width_ = width; }
    void restore(NodeIndex index, TreeNode node);

  private:
    friend class RatchetTree;

    [[nodiscard]] const TreeNode* find(NodeIndex index) const;
    void put(NodeIndex index, TreeNode node);
    void touch_upwards(NodeIndex index);
    void blank_direct_path(LeafIndex index);
    [[nodiscard]] bool any_leaf_from(std::uint32_t first) const;
    /// Surely no node of the subtree is filled; false does not say that one is.
    [[nodiscard]] bool surely_empty_below(NodeIndex index) const;
    void count(const TreeNode& node, int difference);

    const RatchetTree* base_;
    LeafCount width_;
    std::int64_t members_added_ = 0;
    std::uint32_t first_maybe_blank_ = 0;  // No blank leaf before it.
    std::map<NodeIndex, Slot> slots_;
    std::map<KeyId, std::int32_t> encryption_keys_;  // Uses more or less than in base.
    std::map<KeyId, std::int32_t> signature_keys_;
    std::map<std::uint16_t, std::int32_t> credential_types_;
};

}  // namespace chatmcp::mls
