#include "mls/tree_draft.h"

#include <gtest/gtest.h>

#include "mls/proposal.h"
#include "support/json_vectors.h"
#include "support/random.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;

TEST(TreeDraft, EveryProposalOfTheVectorsGivesItsTree) {
    const json vectors = testing::load_json("mls/tree-operations.json");
    ASSERT_EQ(vectors.size(), 5u);
    for (const json& vector : vectors) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        auto tree = RatchetTree::decode(suite, hex_of(vector["tree_before"]), 1000);
        ASSERT_TRUE(tree.has_value());
        EXPECT_EQ(tree->root_hash().to_bytes(), hex_of(vector["tree_hash_before"]));
        EXPECT_EQ(tree->encode(), hex_of(vector["tree_before"]));
        const auto proposal = wire::decode<Proposal>(hex_of(vector["proposal"]));
        ASSERT_TRUE(proposal.has_value());
        TreeDraft draft(*tree);
        if (const auto* add = std::get_if<Add>(&proposal->content); add != nullptr) {
            ASSERT_TRUE(draft.add(add->key_package.leaf, 1000).has_value());
        } else if (const auto* update = std::get_if<Update>(&proposal->content);
                   update != nullptr) {
            draft.update(LeafIndex{vector["proposal_sender"].get<std::uint32_t>()}, update->leaf);
        } else {
            draft.remove(std::get<Remove>(proposal->content).removed);
        }
        EXPECT_EQ(draft.encode(), hex_of(vector["tree_after"]));
        EXPECT_EQ(draft.root_hash().to_bytes(), hex_of(vector["tree_hash_after"]));
        // The draft changed nothing yet; merged, the tree is the same as one read whole.
        EXPECT_EQ(tree->encode(), hex_of(vector["tree_before"]));
        tree->merge(std::move(draft));
        EXPECT_EQ(tree->encode(), hex_of(vector["tree_after"]));
        EXPECT_EQ(tree->root_hash().to_bytes(), hex_of(vector["tree_hash_after"]));
    }
}

LeafNode leaf_of_key(std::uint32_t number) {
    LeafNode leaf;
    leaf.encryption_key = Bytes(32, static_cast<std::uint8_t>(number));
    leaf.encryption_key[0] = static_cast<std::uint8_t>(number >> 8);
    leaf.signature_key = leaf.encryption_key;
    leaf.signature_key[31] ^= 0xff;
    leaf.credential = {1, {}};
    leaf.capabilities.credentials = {1};
    leaf.lifetime = Lifetime{};
    return leaf;
}

RatchetTree tree_of(std::uint32_t members) {
    RatchetTree tree(CipherSuite::x25519_chacha20poly1305_sha256_ed25519);
    TreeDraft draft(tree);
    draft.set_leaf(LeafIndex{0}, leaf_of_key(0));
    for (std::uint32_t i = 1; i < members; ++i) {
        EXPECT_TRUE(draft.add(leaf_of_key(i), 10'000).has_value());
    }
    tree.merge(std::move(draft));
    return tree;
}

/// Hash of a tree that was read from its encoding, with no cache at all.
Bytes fresh_hash(const RatchetTree& tree) {
    const auto fresh = RatchetTree::decode(tree.suite(), tree.encode(), 10'000);
    return fresh.has_value() ? fresh->root_hash().to_bytes() : Bytes();
}

TEST(TreeDraft, CachedHashesAreThoseOfAFreshTreeThroughRandomChanges) {
    testing::SeededRandom random(11);
    RatchetTree tree = tree_of(5);
    std::uint32_t next_key = 5;
    for (int round = 0; round < 300; ++round) {
        TreeDraft draft(tree);
        for (std::uint64_t n = random.below(4) + 1; n > 0; --n) {
            const LeafIndex leaf{static_cast<std::uint32_t>(random.below(draft.width().value))};
            if (random.below(2) == 0 && draft.member_count() < 40) {
                ASSERT_TRUE(draft.add(leaf_of_key(next_key++), 10'000).has_value());
            } else if (draft.leaf(leaf) != nullptr && draft.member_count() > 1) {
                if (random.below(2) == 0) {
                    draft.remove(leaf);
                } else {
                    draft.update(leaf, leaf_of_key(next_key++));
                    ParentNode parent;
                    parent.encryption_key = Bytes(32, static_cast<std::uint8_t>(round));
                    parent.encryption_key[1] = static_cast<std::uint8_t>(next_key);
                    if (draft.width().value > 1) {
                        draft.set_parent(direct_path(leaf, draft.width())[0], parent);
                    }
                }
            }
        }
        const Bytes expected = draft.root_hash().to_bytes();
        tree.merge(std::move(draft));
        ASSERT_EQ(tree.root_hash().to_bytes(), expected) << round;
        ASSERT_EQ(fresh_hash(tree), expected) << round;
    }
}

TEST(TreeDraft, ADraftTouchesTheDirectPathAlone) {
    RatchetTree tree = tree_of(1000);
    EXPECT_FALSE(tree.root_hash().empty());
    TreeDraft draft(tree);
    draft.update(LeafIndex{500}, leaf_of_key(5000));
    EXPECT_FALSE(draft.root_hash().empty());
    EXPECT_LE(draft.slots().size(), 11u);
}

TEST(TreeDraft, TwoNodesWithOneKeyAreRefused) {
    const RatchetTree tree = tree_of(4);
    TreeDraft draft(tree);
    LeafNode twin = leaf_of_key(9);
    twin.encryption_key = leaf_of_key(2).encryption_key;
    ASSERT_TRUE(draft.add(twin, 100).has_value());
    ASSERT_FALSE(draft.check_unique_keys().has_value());
    EXPECT_STREQ(draft.check_unique_keys().error().check, "MLS-19");
    TreeDraft other(tree);
    twin = leaf_of_key(9);
    twin.signature_key = leaf_of_key(2).signature_key;
    ASSERT_TRUE(other.add(twin, 100).has_value());
    ASSERT_FALSE(other.check_unique_keys().has_value());
    EXPECT_STREQ(other.check_unique_keys().error().check, "MLS-20");
    // A key that its holder gave up is free.
    other.remove(LeafIndex{2});
    EXPECT_TRUE(other.check_unique_keys().has_value());
}

TEST(TreeDraft, ACredentialTypeThatSomebodyCannotReadIsRefused) {
    const RatchetTree tree = tree_of(4);
    TreeDraft draft(tree);
    LeafNode other = leaf_of_key(9);
    other.credential.type = 2;
    other.capabilities.credentials = {1, 2};
    ASSERT_TRUE(draft.add(other, 100).has_value());
    ASSERT_FALSE(draft.check_credential_types().has_value());
    EXPECT_STREQ(draft.check_credential_types().error().check, "MLS-21");
}

TEST(TreeDraft, MoreMembersThanTheLimitAreRefused) {
    const RatchetTree tree = tree_of(4);
    TreeDraft draft(tree);
    ASSERT_TRUE(draft.add(leaf_of_key(4), 5).has_value());
    const auto refused = draft.add(leaf_of_key(5), 5);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "MLS-18");
}

}  // namespace
}  // namespace chatmcp::mls
