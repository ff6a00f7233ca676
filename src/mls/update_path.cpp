#include "mls/update_path.h"

#include <algorithm>

#include "base/check.h"

namespace chatmcp::mls {
namespace {

constexpr std::string_view kUpdatePathNodeLabel = "UpdatePathNode";
constexpr std::size_t kKemOutputMaxBytes = 2048;
constexpr std::size_t kCiphertextMaxBytes = 4096;

crypto::HpkePrivateKey node_key(CipherSuite suite, ByteView path_secret) {
    return crypto::HpkePrivateKey::derive(kem_of(suite),
                                          derive_secret(suite, path_secret, "node").view());
}

std::vector<NodeIndex> recipients(const TreeDraft& draft,
                                  NodeIndex copath,
                                  const std::set<LeafIndex>& added) {
    std::vector<NodeIndex> nodes = draft.resolution(copath);
    if (!added.empty()) {
        std::erase_if(
            nodes, [&](NodeIndex node) { return is_leaf(node) && added.contains(leaf_of(node)); });
    }
    return nodes;
}

/// Parent hashes from the root down (section 7.9); the one that belongs into the leaf is returned.
/// The nodes must be in the draft with their new keys already.
Bytes set_parent_hashes(TreeDraft& draft, const std::vector<TreeDraft::PathStep>& path) {
    Bytes above;
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
        ParentNode node = *draft.parent(step->node);
        node.parent_hash = above;
        draft.set_parent(step->node, std::move(node));
        above = draft.parent_hash(step->node, step->copath).to_bytes();
    }
    return above;
}

/// All direct-path nodes that the filter leaves out have an empty side, so they are blank in every
/// tree in which a path is applied; the rest get their new keys.
void set_path_keys(TreeDraft& draft,
                   const std::vector<TreeDraft::PathStep>& path,
                   const std::vector<Bytes>& public_keys) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        draft.set_parent(path[i].node, ParentNode{public_keys[i], {}, {}});
    }
}

/// Derive node keys from `path_secret` at position `first` of the path up to the root, each
/// compared with the public key in the tree.
Result<PathSecrets> derive_upwards(const TreeDraft& draft,
                                   const std::vector<TreeDraft::PathStep>& path,
                                   std::size_t first,
                                   SecretBytes path_secret) {
    PathSecrets secrets;
    for (std::size_t i = first; i < path.size(); ++i) {
        crypto::HpkePrivateKey key = node_key(draft.suite(), path_secret.view());
        const ParentNode* node = draft.parent(path[i].node);
        if (node == nullptr || !equal(key.public_key(), node->encryption_key)) {
            return fail(Errc::invalid_tree, "MLS-30");
        }
        secrets.private_keys.emplace(path[i].node, std::move(key));
        path_secret = derive_secret(draft.suite(), path_secret.view(), "path");
    }
    secrets.commit_secret = std::move(path_secret);  // One step past the last node's.
    return secrets;
}

}  // namespace

Result<HpkeCiphertext> HpkeCiphertext::read(wire::Reader& reader) {
    CHATMCP_TRY(const ByteView kem_output, reader.vector(kKemOutputMaxBytes));
    CHATMCP_TRY(const ByteView ciphertext, reader.vector(kExtensionMaxBytes));
    return HpkeCiphertext{to_bytes(kem_output), to_bytes(ciphertext)};
}

void HpkeCiphertext::write(wire::Writer& writer) const {
    writer.vector(kem_output);
    writer.vector(ciphertext);
}

Result<UpdatePathNode> UpdatePathNode::read(wire::Reader& reader) {
    UpdatePathNode node;
    CHATMCP_TRY(const ByteView key, reader.vector(kPublicKeyMaxBytes));
    node.encryption_key = to_bytes(key);
    CHATMCP_TRY(wire::Reader inner, reader.sub(wire::kVectorMaxBytes));
    while (!inner.empty()) {
        CHATMCP_TRY(HpkeCiphertext ciphertext, HpkeCiphertext::read(inner));
        if (ciphertext.ciphertext.size() > kCiphertextMaxBytes) {
            return fail(Errc::too_large, "MLS-32");
        }
        node.encrypted_path_secret.push_back(std::move(ciphertext));
    }
    return node;
}

void UpdatePathNode::write(wire::Writer& writer) const {
    writer.vector(encryption_key);
    writer.vector_of([&](wire::Writer& inner) {
        for (const HpkeCiphertext& ciphertext : encrypted_path_secret) {
            ciphertext.write(inner);
        }
    });
}

Result<UpdatePath> UpdatePath::read(wire::Reader& reader) {
    UpdatePath path;
    CHATMCP_TRY(path.leaf, LeafNode::read(reader));
    CHATMCP_TRY(wire::Reader inner, reader.sub(wire::kVectorMaxBytes));
    while (!inner.empty()) {
        CHATMCP_TRY(UpdatePathNode node, UpdatePathNode::read(inner));
        path.nodes.push_back(std::move(node));
    }
    return path;
}

void UpdatePath::write(wire::Writer& writer) const {
    leaf.write(writer);
    writer.vector_of([&](wire::Writer& inner) {
        for (const UpdatePathNode& node : nodes) {
            node.write(inner);
        }
    });
}

NewPath create_path(TreeDraft& draft,
                    LeafIndex own,
                    LeafNode leaf,
                    const SignatureKey& signature_key,
                    ByteView group_id,
                    crypto::Random& random) {
    const CipherSuite suite = draft.suite();
    NewPath path;
    const auto steps = draft.filtered_direct_path(own);
    SecretBytes path_secret = random.secret(hash_bytes(suite));
    std::vector<Bytes> public_keys;
    for (const auto& step : steps) {
        crypto::HpkePrivateKey key = node_key(suite, path_secret.view());
        public_keys.push_back(to_bytes(key.public_key()));
        path.private_keys.emplace(step.node, std::move(key));
        SecretBytes next = derive_secret(suite, path_secret.view(), "path");
        path.steps.push_back(NewPath::Step{step.node, step.copath, std::move(path_secret)});
        path_secret = std::move(next);
    }
    path.commit_secret = std::move(path_secret);
    set_path_keys(draft, steps, public_keys);

    crypto::HpkePrivateKey leaf_key = crypto::HpkePrivateKey::generate(kem_of(suite), random);
    leaf.encryption_key = to_bytes(leaf_key.public_key());
    path.private_keys.emplace(node_of(own), std::move(leaf_key));
    leaf.source = LeafSource::commit;
    leaf.lifetime.reset();
    leaf.parent_hash = set_parent_hashes(draft, steps);
    sign_leaf(suite, signature_key, LeafPlace{group_id, own}, leaf);
    path.leaf = leaf;
    draft.set_leaf(own, std::move(leaf));
    return path;
}

Result<UpdatePath> encrypt_path(const TreeDraft& draft,
                                const NewPath& path,
                                const std::set<LeafIndex>& added,
                                ByteView context,
                                crypto::Random& random) {
    UpdatePath encrypted;
    encrypted.leaf = path.leaf;
    const crypto::HpkeInfo info = labelled_info(draft.suite(), kUpdatePathNodeLabel, context);
    for (const NewPath::Step& step : path.steps) {
        UpdatePathNode node;
        node.encryption_key = draft.parent(step.node)->encryption_key;
        for (const NodeIndex recipient : recipients(draft, step.copath, added)) {
            CHATMCP_TRY(
                auto sealed,
                crypto::hpke_seal(
                    info, draft.encryption_key(recipient), {}, step.path_secret.view(), random));
            node.encrypted_path_secret.push_back(
                HpkeCiphertext{std::move(sealed.enc), std::move(sealed.ciphertext)});
        }
        encrypted.nodes.push_back(std::move(node));
    }
    return encrypted;
}

Result<void> merge_path(TreeDraft& draft,
                        LeafIndex sender,
                        const UpdatePath& path,
                        const std::set<LeafIndex>& added) {
    CHATMCP_CHECK(draft.leaf(sender) != nullptr);
    if (path.leaf.source != LeafSource::commit) {
        return fail(Errc::invalid_argument, "MLS-24");
    }
    // Of the epoch that ends: the newcomer of an external commit stands in the draft already.
    const LeafNode* before =
        in_tree(sender, draft.base().width()) ? draft.base().leaf(sender) : nullptr;
    if (before != nullptr && equal(path.leaf.encryption_key, before->encryption_key)) {
        return fail(Errc::invalid_argument, "MLS-25");
    }
    const auto steps = draft.filtered_direct_path(sender);
    if (steps.size() != path.nodes.size()) {
        return fail(Errc::invalid_tree, "MLS-26");
    }
    std::vector<Bytes> public_keys;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (recipients(draft, steps[i].copath, added).size() !=
            path.nodes[i].encrypted_path_secret.size()) {
            return fail(Errc::invalid_tree, "MLS-27");
        }
        public_keys.push_back(path.nodes[i].encryption_key);
    }
    set_path_keys(draft, steps, public_keys);
    if (!equal(set_parent_hashes(draft, steps), path.leaf.parent_hash)) {
        return fail(Errc::invalid_tree, "MLS-28");
    }
    draft.set_leaf(sender, path.leaf);
    return {};
}

Result<PathSecrets> decrypt_path(const TreeDraft& draft,
                                 LeafIndex sender,
                                 const UpdatePath& path,
                                 const std::set<LeafIndex>& added,
                                 LeafIndex own,
                                 const PrivateKeys& keys,
                                 ByteView context) {
    const auto steps = draft.filtered_direct_path(sender);
    CHATMCP_CHECK(steps.size() == path.nodes.size());
    const NodeIndex ancestor = common_ancestor(own, sender);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].node != ancestor) {
            continue;
        }
        const auto nodes = recipients(draft, steps[i].copath, added);
        CHATMCP_CHECK(nodes.size() == path.nodes[i].encrypted_path_secret.size());
        for (std::size_t j = 0; j < nodes.size(); ++j) {
            const auto key = keys.find(nodes[j]);
            if (key == keys.end() || !is_in_subtree(node_of(own), nodes[j])) {
                continue;
            }
            const HpkeCiphertext& sealed = path.nodes[i].encrypted_path_secret[j];
            CHATMCP_TRY(SecretBytes path_secret,
                        decrypt_with_label(draft.suite(),
                                           key->second,
                                           kUpdatePathNodeLabel,
                                           context,
                                           sealed.kem_output,
                                           sealed.ciphertext,
                                           "MLS-29"));
            if (path_secret.size() != hash_bytes(draft.suite())) {
                return fail(Errc::cannot_open, "MLS-29");
            }
            return derive_upwards(draft, steps, i, std::move(path_secret));
        }
    }
    return fail(Errc::cannot_open, "MLS-29");
}

Result<PathSecrets> implant_path_secret(const TreeDraft& tree,
                                        LeafIndex sender,
                                        LeafIndex own,
                                        SecretBytes path_secret) {
    const auto steps = tree.filtered_direct_path(sender);
    const NodeIndex ancestor = common_ancestor(own, sender);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].node == ancestor) {
            return derive_upwards(tree, steps, i, std::move(path_secret));
        }
    }
    return fail(Errc::invalid_tree, "MLS-31");
}

}  // namespace chatmcp::mls
