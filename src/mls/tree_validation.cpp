#include "mls/tree_validation.h"

#include <algorithm>

#include "mls/credential.h"
#include "mls/multi_credential.h"

namespace chatmcp::mls {
namespace {

/// Section 7.9.2 for one node and one of its children: the resolution of that child, without the
/// leaves that were added later, is exactly one node, and that one carries the parent hash.
bool child_vouches_for(
    TreeDraft& tree, NodeIndex node, const ParentNode& parent, NodeIndex child, NodeIndex sibling) {
    std::vector<NodeIndex> origin = tree.resolution(child);
    std::erase_if(origin, [&](NodeIndex below) {
        return is_leaf(below) && std::ranges::binary_search(parent.unmerged_leaves, leaf_of(below));
    });
    if (origin.size() != 1) {
        return false;
    }
    ByteView carried;
    if (is_leaf(origin[0])) {
        const LeafNode* leaf = tree.leaf(leaf_of(origin[0]));
        if (leaf == nullptr || leaf->source != LeafSource::commit) {
            return false;
        }
        carried = leaf->parent_hash;
    } else if (const ParentNode* below = tree.parent(origin[0]); below != nullptr) {
        carried = below->parent_hash;
    }
    return equal(carried, tree.parent_hash(node, sibling).view());
}

}  // namespace

Result<void> check_unmerged_leaves(const RatchetTree& tree) {
    for (NodeIndex node{1}; in_tree(node, tree.width()); node.value += 2) {
        const ParentNode* parent = tree.parent(node);
        if (parent == nullptr) {
            continue;
        }
        for (const LeafIndex leaf : parent->unmerged_leaves) {
            if (leaf < first_leaf(node) || leaf > last_leaf(node) || tree.leaf(leaf) == nullptr) {
                return fail(Errc::invalid_tree, "MLS-22");
            }
            for (NodeIndex between = children_towards(node, leaf).on_path; !is_leaf(between);
                 between = children_towards(between, leaf).on_path) {
                const ParentNode* inner = tree.parent(between);
                if (inner != nullptr && !std::ranges::binary_search(inner->unmerged_leaves, leaf)) {
                    return fail(Errc::invalid_tree, "MLS-22");
                }
            }
        }
    }
    return {};
}

Result<void> check_parent_hashes(const RatchetTree& tree) {
    TreeDraft unchanged(tree);
    for (NodeIndex node{1}; in_tree(node, tree.width()); node.value += 2) {
        const ParentNode* parent = tree.parent(node);
        if (parent == nullptr) {
            continue;
        }
        const auto [l, r] = children_of(node);
        if (!child_vouches_for(unchanged, node, *parent, l, r) &&
            !child_vouches_for(unchanged, node, *parent, r, l)) {
            return fail(Errc::invalid_tree, "MLS-23");
        }
    }
    return {};
}

Result<void> check_keys_and_credentials(const RatchetTree& tree) {
    for (NodeIndex node{0}; in_tree(node, tree.width()); ++node.value) {
        if (tree.node(node).blank()) {
            continue;
        }
        if (tree.encryption_key_uses(key_id(tree.node(node).encryption_key())) > 1) {
            return fail(Errc::invalid_tree, "MLS-19");
        }
        const LeafNode* leaf = tree.node(node).leaf.get();
        if (leaf == nullptr) {
            continue;
        }
        if (tree.signature_key_uses(key_id(leaf->signature_key)) > 1) {
            return fail(Errc::invalid_tree, "MLS-20");
        }
        for (const auto& [type, uses] : tree.credential_types()) {
            if (!contains(leaf->capabilities.credentials, type)) {
                return fail(Errc::invalid_argument, "MLS-21");
            }
        }
    }
    return tree.credential_types().contains(static_cast<std::uint16_t>(CredentialType::multi))
               ? check_bindings_supported(tree)
               : Result<void>();
}

Result<void> check_leaf_capabilities(const LeafNode& leaf, const Extensions& context_extensions) {
    CHATMCP_TRY_VOID(check_supports_extensions(leaf, context_extensions));
    CHATMCP_TRY(const auto required, required_capabilities_of(context_extensions));
    return check_required_capabilities(leaf, required);
}

Result<void> check_leaf_in_group(CipherSuite suite,
                                 const LeafNode& leaf,
                                 const LeafPlace& place,
                                 const Extensions& context_extensions) {
    CHATMCP_TRY_VOID(check_leaf_form(suite, leaf));
    CHATMCP_TRY_VOID(check_leaf_capabilities(leaf, context_extensions));
    return verify_leaf_signature(suite, leaf, place);
}

}  // namespace chatmcp::mls
