#include "mls/tree_math.h"

#include <bit>

#include "base/check.h"

namespace chatmcp::mls {

Result<LeafCount> leaf_count(std::uint32_t leaves) {
    if (!std::has_single_bit(leaves) || leaves > kLeafCountMax) {
        return fail(Errc::invalid_tree, "MLS-01");
    }
    return LeafCount{leaves};
}

std::uint32_t node_count(LeafCount leaves) {
    return 2 * leaves.value - 1;
}

Result<LeafCount> leaf_count_for_nodes(std::size_t nodes) {
    if (nodes == 0 || nodes > node_count(LeafCount{kLeafCountMax})) {
        return fail(Errc::invalid_tree, "MLS-01");
    }
    const auto leaves = static_cast<std::uint32_t>(nodes / 2 + 1);
    return LeafCount{std::bit_ceil(leaves)};
}

NodeIndex node_of(LeafIndex leaf) {
    CHATMCP_CHECK(leaf.value < kLeafCountMax);
    return NodeIndex{2 * leaf.value};
}

bool is_leaf(NodeIndex node) {
    return (node.value & 1) == 0;
}

LeafIndex leaf_of(NodeIndex node) {
    CHATMCP_CHECK(is_leaf(node));
    return LeafIndex{node.value / 2};
}

std::uint32_t level(NodeIndex node) {
    return static_cast<std::uint32_t>(std::countr_one(node.value));
}

NodeIndex root(LeafCount leaves) {
    return NodeIndex{leaves.value - 1};
}

std::optional<NodeIndex> left(NodeIndex node) {
    if (is_leaf(node)) {
        return std::nullopt;
    }
    return NodeIndex{node.value ^ (std::uint32_t{1} << (level(node) - 1))};
}

std::optional<NodeIndex> right(NodeIndex node) {
    if (is_leaf(node)) {
        return std::nullopt;
    }
    return NodeIndex{node.value ^ (std::uint32_t{3} << (level(node) - 1))};
}

Children children_of(NodeIndex parent) {
    const auto l = left(parent);
    const auto r = right(parent);
    CHATMCP_CHECK(l.has_value() && r.has_value());
    return {*l, *r};
}

std::optional<NodeIndex> parent(NodeIndex node, LeafCount leaves) {
    if (!in_tree(node, leaves) || node == root(leaves)) {
        return std::nullopt;
    }
    const std::uint32_t k = level(node);
    const std::uint32_t is_right_child = (node.value >> (k + 1)) & 1;
    return NodeIndex{(node.value | (std::uint32_t{1} << k)) ^ (is_right_child << (k + 1))};
}

std::optional<NodeIndex> sibling(NodeIndex node, LeafCount leaves) {
    const auto above = parent(node, leaves);
    if (!above.has_value()) {
        return std::nullopt;
    }
    return node < *above ? right(*above) : left(*above);
}

bool in_tree(NodeIndex node, LeafCount leaves) {
    return node.value < node_count(leaves);
}

bool in_tree(LeafIndex leaf, LeafCount leaves) {
    return leaf.value < leaves.value;
}

bool is_in_subtree(NodeIndex node, NodeIndex ancestor) {
    const std::uint32_t reach = (std::uint32_t{1} << level(ancestor)) - 1;
    return node.value + reach >= ancestor.value && node.value <= ancestor.value + reach;
}

LeafIndex first_leaf(NodeIndex node) {
    return LeafIndex{(node.value - ((std::uint32_t{1} << level(node)) - 1)) / 2};
}

LeafIndex last_leaf(NodeIndex node) {
    return LeafIndex{(node.value + ((std::uint32_t{1} << level(node)) - 1)) / 2};
}

std::vector<NodeIndex> direct_path(LeafIndex leaf, LeafCount leaves) {
    CHATMCP_CHECK(in_tree(leaf, leaves));
    std::vector<NodeIndex> path;
    for (auto node = parent(node_of(leaf), leaves); node.has_value();
         node = parent(*node, leaves)) {
        path.push_back(*node);
    }
    return path;
}

PathChildren children_towards(NodeIndex ancestor, LeafIndex leaf) {
    const auto l = left(ancestor);
    const auto r = right(ancestor);
    CHATMCP_CHECK(l.has_value() && r.has_value());
    return node_of(leaf) < ancestor ? PathChildren{*l, *r} : PathChildren{*r, *l};
}

NodeIndex common_ancestor(LeafIndex a, LeafIndex b) {
    NodeIndex node = node_of(a);
    while (!is_in_subtree(node_of(b), node)) {
        // One level up; the parent's formula does not depend on the size of the tree.
        const std::uint32_t k = level(node);
        const std::uint32_t is_right_child = (node.value >> (k + 1)) & 1;
        node = NodeIndex{(node.value | (std::uint32_t{1} << k)) ^ (is_right_child << (k + 1))};
    }
    return node;
}

}  // namespace chatmcp::mls
