#pragma once

#include <map>
#include <memory>
#include <vector>

#include "mls/cipher_suite.h"
#include "mls/leaf_node.h"
#include "mls/tree_math.h"

namespace chatmcp::mls {

class TreeDraft;

/// Spec: RFC 9420 section 7.1.
struct ParentNode {
    Bytes encryption_key;
    Bytes parent_hash;
    std::vector<LeafIndex> unmerged_leaves;  // Ascending.

    /// Errors: invalid_tree (MLS-15) unmerged leaves that do not ascend.
    static Result<ParentNode> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// One node of the tree: a leaf, a parent, or blank (both null).
struct TreeNode {
    std::unique_ptr<const LeafNode> leaf;
    std::unique_ptr<const ParentNode> parent;

    [[nodiscard]] bool blank() const { return leaf == nullptr && parent == nullptr; }
    [[nodiscard]] ByteView encryption_key() const;

    static TreeNode of(LeafNode node);
    static TreeNode of(ParentNode node);

    /// `Node` of section 12.4.3.3; never blank.
    /// Errors: invalid_tree (MLS-16) a node type that does not fit its position.
    static Result<TreeNode> read(wire::Reader& reader, NodeIndex index);
    void write(wire::Writer& writer) const;
};

/// What stands for a public key where keys are compared for uniqueness alone: the key itself if it
/// has 32 bytes, else its SHA-256. No allocation, and one place in memory to look at.
using KeyId = ByteArray<32>;
[[nodiscard]] KeyId key_id(ByteView key);

/// Hash of one node (section 7.8), of given content and hashes of children. `excluded` are unmerged
/// leaves to leave out.
[[nodiscard]] Hash hash_leaf(CipherSuite suite, LeafIndex index, const LeafNode* leaf);
[[nodiscard]] Hash hash_parent(CipherSuite suite,
                               const ParentNode* parent,
                               const std::vector<LeafIndex>& excluded,
                               const Hash& left,
                               const Hash& right);

/// The ratchet tree of one epoch (section 4): every node with its cached hash.
///
/// It changes only by merging a TreeDraft, so what is staged or looked at costs what it changes.
/// Hashes that are not cached are computed when first asked for, so an object must not be shared
/// between threads.
class RatchetTree {
  public:
    explicit RatchetTree(CipherSuite suite);
    /// Content of the ratchet_tree extension.
    ///
    /// Trust:  form alone; tree_validation.h checks the rest.
    /// Errors: invalid_tree (MLS-16) node types, (MLS-17) a last node that is blank or no leaf,
    ///         (MLS-18) more leaves than `members_max` allows.
    static Result<RatchetTree> decode(CipherSuite suite,
                                      ByteView encoded,
                                      std::uint32_t members_max);
    [[nodiscard]] Bytes encode() const;

    [[nodiscard]] CipherSuite suite() const { return suite_; }
    [[nodiscard]] LeafCount width() const { return width_; }
    [[nodiscard]] std::size_t member_count() const { return member_count_; }
    /// Null where the leaf or parent is blank, or not in the tree.
    [[nodiscard]] const LeafNode* leaf(LeafIndex index) const;
    [[nodiscard]] const ParentNode* parent(NodeIndex index) const;
    [[nodiscard]] const TreeNode& node(NodeIndex index) const;
    /// Tree hash of the subtree. Cost: cached, else O(size of what is not cached).
    [[nodiscard]] const Hash& hash(NodeIndex index) const;
    [[nodiscard]] const Hash& root_hash() const { return hash(root(width_)); }
    /// No node of the subtree is filled. Cost: constant, after O(members) once.
    [[nodiscard]] bool empty_below(NodeIndex index) const;

    /// How often a key occurs, for uniqueness (section 7.3); and how many leaves have a credential
    /// type. Cost: logarithmic, after O(members) once.
    [[nodiscard]] std::uint32_t encryption_key_uses(const KeyId& key) const;
    [[nodiscard]] std::uint32_t signature_key_uses(const KeyId& key) const;
    [[nodiscard]] const std::map<std::uint16_t, std::uint32_t>& credential_types() const;

    /// Make the draft's changes this tree's. Precondition (checked): the draft is of this tree.
    void merge(TreeDraft&& draft);

    /// Put a stored node and its hash back; used while loading, before anything else.
    void restore_width(LeafCount width);
    void restore(NodeIndex index, TreeNode node, const Hash& hash);

  private:
    struct KeyIndex {
        std::map<KeyId, std::uint32_t> encryption_keys;
        std::map<KeyId, std::uint32_t> signature_keys;
        std::map<std::uint16_t, std::uint32_t> credential_types;
        void count(const TreeNode& node, int difference);
    };

    const KeyIndex& keys() const;
    void replace(NodeIndex index, TreeNode node);

    CipherSuite suite_;
    LeafCount width_;
    std::size_t member_count_ = 0;
    std::vector<TreeNode> nodes_;
    mutable std::vector<Hash> hashes_;  // Empty: not computed yet.
    mutable std::unique_ptr<KeyIndex> keys_;
    mutable std::vector<std::uint32_t> filled_below_;  // Nodes of each subtree. Empty: not counted.
};

}  // namespace chatmcp::mls
