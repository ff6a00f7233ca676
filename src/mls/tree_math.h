#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "mls/types.h"

namespace chatmcp::mls {

/// A node of the ratchet tree as an array: leaves at even positions, parents at odd ones.
/// Spec: RFC 9420 appendix C (array representation of left-balanced trees), section 4.1.
struct NodeIndex {
    std::uint32_t value = 0;
    friend auto operator<=>(const NodeIndex&, const NodeIndex&) = default;
};

/// Number of leaves of a tree, blank ones included: always a power of two (section 4.1.1), so that
/// every parent has two children.
struct LeafCount {
    std::uint32_t value = 1;
    friend auto operator<=>(const LeafCount&, const LeafCount&) = default;
};

/// A tree of more leaves is refused everywhere, so node arithmetic never overflows.
inline constexpr std::uint32_t kLeafCountMax = std::uint32_t{1} << 24;

/// Errors: invalid_tree (MLS-01) unless a power of two and at most kLeafCountMax.
[[nodiscard]] Result<LeafCount> leaf_count(std::uint32_t leaves);
/// Nodes of a tree: 2 * leaves - 1.
[[nodiscard]] std::uint32_t node_count(LeafCount leaves);
/// The leaves of an encoded tree of `nodes` nodes, extended to the next power of two.
/// Errors: invalid_tree (MLS-01) if no tree has that many (0, or too many).
[[nodiscard]] Result<LeafCount> leaf_count_for_nodes(std::size_t nodes);

[[nodiscard]] NodeIndex node_of(LeafIndex leaf);
[[nodiscard]] bool is_leaf(NodeIndex node);
/// Precondition (checked): is_leaf.
[[nodiscard]] LeafIndex leaf_of(NodeIndex node);
/// 0 for a leaf, one more than its children for a parent.
[[nodiscard]] std::uint32_t level(NodeIndex node);

[[nodiscard]] NodeIndex root(LeafCount leaves);
/// Children; none for a leaf.
[[nodiscard]] std::optional<NodeIndex> left(NodeIndex node);
[[nodiscard]] std::optional<NodeIndex> right(NodeIndex node);
struct Children {
    NodeIndex left;
    NodeIndex right;
};
/// Both. Precondition (checked): no leaf.
[[nodiscard]] Children children_of(NodeIndex parent);
/// None for the root, and for a node that is not in the tree.
[[nodiscard]] std::optional<NodeIndex> parent(NodeIndex node, LeafCount leaves);
[[nodiscard]] std::optional<NodeIndex> sibling(NodeIndex node, LeafCount leaves);
[[nodiscard]] bool in_tree(NodeIndex node, LeafCount leaves);
[[nodiscard]] bool in_tree(LeafIndex leaf, LeafCount leaves);

/// True if `node` is `ancestor` or stands below it.
[[nodiscard]] bool is_in_subtree(NodeIndex node, NodeIndex ancestor);
/// First and last leaf below a node.
[[nodiscard]] LeafIndex first_leaf(NodeIndex node);
[[nodiscard]] LeafIndex last_leaf(NodeIndex node);

/// From the parent of a leaf up to the root, the root included; empty in a tree of one leaf.
/// Precondition (checked): the leaf is in the tree.
[[nodiscard]] std::vector<NodeIndex> direct_path(LeafIndex leaf, LeafCount leaves);
/// The child of `ancestor` (not a leaf) on the way to `leaf`, and the other one.
struct PathChildren {
    NodeIndex on_path;
    NodeIndex on_copath;
};
[[nodiscard]] PathChildren children_towards(NodeIndex ancestor, LeafIndex leaf);
/// The lowest node that has both leaves below it.
[[nodiscard]] NodeIndex common_ancestor(LeafIndex a, LeafIndex b);

}  // namespace chatmcp::mls
