#include "mls/update_path.h"

#include <gtest/gtest.h>

#include "mls/key_schedule.h"
#include "mls/tree_validation.h"
#include "support/mls_vectors.h"
#include "support/random.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;

struct PrivateLeaf {
    LeafIndex index;
    PrivateKeys keys;
    SignatureKey signature_key;
};

/// A member's private state, which must fit the tree.
PrivateLeaf read_private(const json& value, const RatchetTree& tree) {
    PrivateLeaf leaf{LeafIndex{value["index"].get<std::uint32_t>()},
                     {},
                     testing::signature_key_of(tree.suite(), value["signature_priv"]).value()};
    auto own = testing::hpke_key_of(tree.suite(), value["encryption_priv"]);
    EXPECT_TRUE(equal(own->public_key(), tree.leaf(leaf.index)->encryption_key));
    EXPECT_TRUE(equal(leaf.signature_key.public_key(), tree.leaf(leaf.index)->signature_key));
    leaf.keys.emplace(node_of(leaf.index), *std::move(own));
    for (const json& step : value["path_secrets"]) {
        const NodeIndex node{step["node"].get<std::uint32_t>()};
        auto key = crypto::HpkePrivateKey::derive(
            kem_of(tree.suite()),
            derive_secret(tree.suite(), hex_of(step["path_secret"]), "node").view());
        EXPECT_TRUE(equal(key.public_key(), tree.parent(node)->encryption_key));
        leaf.keys.emplace(node, std::move(key));
    }
    return leaf;
}

struct Case {
    explicit Case(const json& vector)
        : suite(*cipher_suite(vector["cipher_suite"].get<std::uint16_t>())),
          group_id(hex_of(vector["group_id"])),
          tree(*RatchetTree::decode(suite, hex_of(vector["ratchet_tree"]), 1000)),
          context{suite,
                  group_id,
                  Epoch{vector["epoch"].get<std::uint64_t>()},
                  {},
                  hex_of(vector["confirmed_transcript_hash"]),
                  {}} {
        for (const json& leaf : vector["leaves_private"]) {
            leaves.push_back(read_private(leaf, tree));
        }
    }
    Bytes context_with(TreeDraft& draft) {
        context.tree_hash = draft.root_hash().to_bytes();
        return wire::encode(context);
    }
    CipherSuite suite;
    Bytes group_id;
    RatchetTree tree;
    GroupContext context;
    std::vector<PrivateLeaf> leaves;
};

void expect_path_opens(Case& test, const json& expected) {
    const LeafIndex sender{expected["sender"].get<std::uint32_t>()};
    const auto path = wire::decode<UpdatePath>(hex_of(expected["update_path"]));
    ASSERT_TRUE(path.has_value());
    EXPECT_TRUE(verify_leaf_signature(test.suite, path->leaf, LeafPlace{test.group_id, sender})
                    .has_value());
    TreeDraft draft(test.tree);
    const auto merged = merge_path(draft, sender, *path, {});
    ASSERT_TRUE(merged.has_value()) << merged.error().check;
    EXPECT_EQ(draft.root_hash().to_bytes(), hex_of(expected["tree_hash_after"]));
    const Bytes context = test.context_with(draft);
    for (const PrivateLeaf& leaf : test.leaves) {
        if (leaf.index == sender) {
            continue;
        }
        const auto secrets = decrypt_path(draft, sender, *path, {}, leaf.index, leaf.keys, context);
        ASSERT_TRUE(secrets.has_value()) << secrets.error().check;
        EXPECT_EQ(to_bytes(secrets->commit_secret.view()), hex_of(expected["commit_secret"]));
        const json& path_secret = expected["path_secrets"][leaf.index.value];
        ASSERT_FALSE(path_secret.is_null());
        const auto key = crypto::HpkePrivateKey::derive(
            kem_of(test.suite), derive_secret(test.suite, hex_of(path_secret), "node").view());
        const auto& lowest = *secrets->private_keys.begin();
        const NodeIndex ancestor = common_ancestor(leaf.index, sender);
        EXPECT_TRUE(secrets->private_keys.contains(ancestor));
        EXPECT_TRUE(equal(secrets->private_keys.at(ancestor).public_key(), key.public_key()))
            << lowest.first.value;
    }
    test.tree.merge(std::move(draft));
    EXPECT_TRUE(check_parent_hashes(test.tree).has_value());
}

TEST(UpdatePath, EveryPathOfTheVectorsOpensForEveryMember) {
    const json vectors = testing::load_json("mls/treekem.json");
    ASSERT_EQ(vectors.size(), 40u);
    std::size_t paths = 0;
    for (const json& vector : vectors) {
        for (const json& expected : vector["update_paths"]) {
            Case test(vector);
            expect_path_opens(test, expected);
            ++paths;
        }
    }
    EXPECT_GE(paths, 60u);
}

TEST(UpdatePath, APathOfOursOpensForEveryMemberOfEveryVectorTree) {
    testing::SeededRandom random(3);
    for (const json& vector : testing::load_json("mls/treekem.json")) {
        const Case reference(vector);
        for (std::size_t i = 0; i < reference.leaves.size(); i += 3) {
            Case test(vector);
            const PrivateLeaf& sender = test.leaves[i];
            TreeDraft ours(test.tree);
            const NewPath fresh = create_path(ours,
                                              sender.index,
                                              *test.tree.leaf(sender.index),
                                              sender.signature_key,
                                              test.group_id,
                                              random);
            const Bytes context = test.context_with(ours);
            const auto path = encrypt_path(ours, fresh, {}, context, random);
            ASSERT_TRUE(path.has_value());
            TreeDraft theirs(test.tree);
            ASSERT_TRUE(merge_path(theirs, sender.index, *path, {}).has_value());
            EXPECT_EQ(theirs.root_hash(), ours.root_hash());
            for (const PrivateLeaf& leaf : test.leaves) {
                if (leaf.index == sender.index) {
                    continue;
                }
                const auto secrets =
                    decrypt_path(theirs, sender.index, *path, {}, leaf.index, leaf.keys, context);
                ASSERT_TRUE(secrets.has_value()) << secrets.error().check;
                EXPECT_TRUE(equal(secrets->commit_secret.view(), fresh.commit_secret.view()));
                // Failure 3 of others: the context is part of what is encrypted.
                Bytes other_context = context;
                other_context.back() ^= 1;
                EXPECT_FALSE(
                    decrypt_path(
                        theirs, sender.index, *path, {}, leaf.index, leaf.keys, other_context)
                        .has_value());
            }
        }
    }
}

}  // namespace
}  // namespace chatmcp::mls
