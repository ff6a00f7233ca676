#include "mls/tree_math.h"

#include <gtest/gtest.h>

#include "support/json_vectors.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;

std::optional<NodeIndex> expected(const json& value) {
    return value.is_null() ? std::nullopt : std::optional(NodeIndex{value.get<std::uint32_t>()});
}

TEST(TreeMath, EveryVectorHasTheseNodesParentsAndSiblings) {
    const json vectors = testing::load_json("mls/tree-math.json");
    ASSERT_GE(vectors.size(), 10u);
    for (const json& vector : vectors) {
        const auto leaves = leaf_count(vector["n_leaves"].get<std::uint32_t>());
        ASSERT_TRUE(leaves.has_value());
        EXPECT_EQ(node_count(*leaves), vector["n_nodes"].get<std::uint32_t>());
        EXPECT_EQ(root(*leaves).value, vector["root"].get<std::uint32_t>());
        for (std::uint32_t i = 0; i < node_count(*leaves); ++i) {
            const NodeIndex node{i};
            EXPECT_EQ(left(node), expected(vector["left"][i])) << i;
            EXPECT_EQ(right(node), expected(vector["right"][i])) << i;
            EXPECT_EQ(parent(node, *leaves), expected(vector["parent"][i])) << i;
            EXPECT_EQ(sibling(node, *leaves), expected(vector["sibling"][i])) << i;
        }
    }
}

TEST(TreeMath, RefusesLeafCountsThatNoTreeHas) {
    for (const std::uint32_t leaves : {0u, 3u, 6u, kLeafCountMax * 2, 0xffff'ffffu}) {
        const auto refused = leaf_count(leaves);
        ASSERT_FALSE(refused.has_value()) << leaves;
        EXPECT_STREQ(refused.error().check, "MLS-01");
    }
    EXPECT_FALSE(leaf_count_for_nodes(0).has_value());
    EXPECT_FALSE(leaf_count_for_nodes(std::size_t{4} * kLeafCountMax).has_value());
    EXPECT_EQ(leaf_count_for_nodes(1)->value, 1u);
    EXPECT_EQ(leaf_count_for_nodes(5)->value, 4u);
    EXPECT_EQ(leaf_count_for_nodes(9)->value, 8u);
}

TEST(TreeMath, NodesOutsideTheTreeHaveNoParentAndNoSibling) {
    EXPECT_FALSE(parent(NodeIndex{15}, LeafCount{8}).has_value());
    EXPECT_FALSE(sibling(NodeIndex{0xffff'fffe}, LeafCount{8}).has_value());
    EXPECT_FALSE(in_tree(LeafIndex{8}, LeafCount{8}));
    EXPECT_FALSE(in_tree(LeafIndex{0xffff'ffff}, LeafCount{8}));
}

TEST(TreeMath, CommonAncestorAndSubtreesAgreeWithWalkingUp) {
    const LeafCount leaves{16};
    for (std::uint32_t a = 0; a < leaves.value; ++a) {
        for (std::uint32_t b = 0; b < leaves.value; ++b) {
            const NodeIndex found = common_ancestor(LeafIndex{a}, LeafIndex{b});
            EXPECT_TRUE(is_in_subtree(node_of(LeafIndex{a}), found));
            EXPECT_TRUE(is_in_subtree(node_of(LeafIndex{b}), found));
            if (a == b) {
                EXPECT_EQ(found, node_of(LeafIndex{a}));
                continue;
            }
            const PathChildren children = children_towards(found, LeafIndex{a});
            EXPECT_TRUE(is_in_subtree(node_of(LeafIndex{a}), children.on_path));
            EXPECT_TRUE(is_in_subtree(node_of(LeafIndex{b}), children.on_copath));
        }
    }
    EXPECT_EQ(first_leaf(NodeIndex{7}).value, 0u);
    EXPECT_EQ(last_leaf(NodeIndex{7}).value, 7u);
    EXPECT_EQ(direct_path(LeafIndex{5}, LeafCount{8}), (std::vector<NodeIndex>{{9}, {11}, {7}}));
    EXPECT_TRUE(direct_path(LeafIndex{0}, LeafCount{1}).empty());
}

}  // namespace
}  // namespace chatmcp::mls
