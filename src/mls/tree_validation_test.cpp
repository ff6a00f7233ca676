#include "mls/tree_validation.h"

#include <gtest/gtest.h>

#include "support/json_vectors.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;

TEST(TreeValidation, EveryTreeOfTheVectorsIsValidWithItsHashesAndResolutions) {
    const json vectors = testing::load_json("mls/tree-validation.json");
    ASSERT_EQ(vectors.size(), 70u);
    for (const json& vector : vectors) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        const Bytes group_id = hex_of(vector["group_id"]);
        const auto tree = RatchetTree::decode(suite, hex_of(vector["tree"]), 1000);
        ASSERT_TRUE(tree.has_value());
        TreeDraft draft(*tree);
        const json& hashes = vector["tree_hashes"];
        for (NodeIndex node{0}; in_tree(node, tree->width()) && node.value < hashes.size();
             ++node.value) {
            EXPECT_EQ(tree->hash(node).to_bytes(), hex_of(hashes[node.value]));
            std::vector<std::uint32_t> resolution;
            for (const NodeIndex each : draft.resolution(node)) {
                resolution.push_back(each.value);
            }
            EXPECT_EQ(resolution,
                      vector["resolutions"][node.value].get<std::vector<std::uint32_t>>());
        }
        EXPECT_TRUE(check_unmerged_leaves(*tree).has_value());
        EXPECT_TRUE(check_parent_hashes(*tree).has_value());
        EXPECT_TRUE(check_keys_and_credentials(*tree).has_value());
        for (LeafIndex index{0}; in_tree(index, tree->width()); ++index.value) {
            if (const LeafNode* leaf = tree->leaf(index); leaf != nullptr) {
                EXPECT_TRUE(
                    check_leaf_in_group(suite, *leaf, LeafPlace{group_id, index}, {}).has_value());
                // Signed for its place: not valid in another group, nor (unless it came in a key
                // package) at another leaf.
                if (leaf->source != LeafSource::key_package) {
                    const auto moved = verify_leaf_signature(
                        suite, *leaf, LeafPlace{group_id, LeafIndex{index.value + 1}});
                    ASSERT_FALSE(moved.has_value());
                    EXPECT_STREQ(moved.error().check, "MLS-06");
                }
            }
        }
    }
}

/// Change one parent of a valid tree.
template <class Edit>
RatchetTree edited(const RatchetTree& tree, Edit edit) {
    auto copy = RatchetTree::decode(tree.suite(), tree.encode(), 1000);
    TreeDraft draft(*copy);
    edit(draft);
    copy->merge(std::move(draft));
    return *std::move(copy);
}

TEST(TreeValidation, ChangingAnyParentBreaksItsParentHashOrUnmergedLeaves) {
    std::size_t parents = 0;
    std::size_t unmerged = 0;
    for (const json& vector : testing::load_json("mls/tree-validation.json")) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        const auto tree = RatchetTree::decode(suite, hex_of(vector["tree"]), 1000);
        ASSERT_TRUE(tree.has_value());
        for (NodeIndex node{1}; in_tree(node, tree->width()); node.value += 2) {
            const ParentNode* parent = tree->parent(node);
            if (parent == nullptr) {
                continue;
            }
            ++parents;
            const RatchetTree other_key = edited(*tree, [&](TreeDraft& draft) {
                ParentNode changed = *parent;
                changed.encryption_key[0] ^= 1;
                draft.set_parent(node, std::move(changed));
            });
            const auto refused = check_parent_hashes(other_key);
            ASSERT_FALSE(refused.has_value());
            EXPECT_STREQ(refused.error().check, "MLS-23");
            if (parent->unmerged_leaves.empty()) {
                continue;
            }
            ++unmerged;
            const RatchetTree fewer = edited(*tree, [&](TreeDraft& draft) {
                ParentNode changed = *parent;
                changed.unmerged_leaves.pop_back();
                draft.set_parent(node, std::move(changed));
            });
            EXPECT_FALSE(check_parent_hashes(fewer).has_value() &&
                         check_unmerged_leaves(fewer).has_value());
        }
    }
    EXPECT_GE(parents, 100u);
    EXPECT_GE(unmerged, 4u);
}

TEST(TreeValidation, UnmergedLeavesThatAreNoMembersBelowAreRefused) {
    for (const json& vector : testing::load_json("mls/tree-validation.json")) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        const auto tree = RatchetTree::decode(suite, hex_of(vector["tree"]), 1000);
        const NodeIndex top = root(tree->width());
        if (tree->parent(top) == nullptr) {
            continue;
        }
        for (const std::uint32_t leaf : {tree->width().value, 0xffff'fffeu}) {
            const RatchetTree more = edited(*tree, [&](TreeDraft& draft) {
                ParentNode changed = *tree->parent(top);
                changed.unmerged_leaves.push_back(LeafIndex{leaf});
                draft.set_parent(top, std::move(changed));
            });
            const auto refused = check_unmerged_leaves(more);
            ASSERT_FALSE(refused.has_value());
            EXPECT_STREQ(refused.error().check, "MLS-22");
        }
    }
}

}  // namespace
}  // namespace chatmcp::mls
