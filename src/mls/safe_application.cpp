// The safe application interface of a group: draft-ietf-mls-extensions, section "The Safe
// Application Interface".

#include "base/check.h"
#include "mls/component.h"
#include "mls/exporter_tree.h"
#include "mls/group.h"
#include "mls/group_state.h"

namespace chatmcp::mls {
namespace {

Result<const LeafNode*> leaf_of_member(const GroupState& state, LeafIndex member) {
    const LeafNode* leaf = state.tree.leaf(member);
    if (leaf == nullptr) {
        return fail(Errc::not_member, "MLS-84");
    }
    return leaf;
}

}  // namespace

Result<SecretBytes> Group::export_once(Transaction& transaction, std::uint16_t component) {
    CHATMCP_TRY_VOID(state_->check_member());
    return export_component_secret(transaction, state_->suite(), state_->group_id(), component);
}

Result<Bytes> Group::sign_as_component(const ComponentOperation& operation,
                                       ByteView content) const {
    CHATMCP_TRY_VOID(state_->check_member());
    return safe_sign(state_->suite(), state_->epoch.signature_key, operation, content);
}

Result<void> Group::verify_of_component(LeafIndex signer,
                                        const ComponentOperation& operation,
                                        ByteView content,
                                        ByteView signature) const {
    CHATMCP_TRY(const LeafNode* leaf, leaf_of_member(*state_, signer));
    return safe_verify(state_->suite(), leaf->signature_key, operation, content, signature);
}

Result<crypto::HpkeCiphertext> Group::seal_to_component(std::optional<LeafIndex> to,
                                                        const ComponentOperation& operation,
                                                        ByteView context,
                                                        ByteView plaintext) const {
    CHATMCP_TRY_VOID(state_->check_member());
    const CipherSuite suite = state_->suite();
    Bytes public_key;
    if (to.has_value()) {
        CHATMCP_TRY(const LeafNode* leaf, leaf_of_member(*state_, *to));
        public_key = leaf->encryption_key;
    } else {
        public_key = external_key(suite, state_->epoch.secrets.external_secret.view()).public_key();
    }
    return safe_encrypt(
        suite, public_key, operation, context, plaintext, state_->environment.random);
}

Result<SecretBytes> Group::open_as_component(const ComponentOperation& operation,
                                             ByteView context,
                                             const crypto::HpkeCiphertext& sealed,
                                             bool to_group) const {
    CHATMCP_TRY_VOID(state_->check_member());
    const CipherSuite suite = state_->suite();
    if (to_group) {
        const auto key = external_key(suite, state_->epoch.secrets.external_secret.view());
        return safe_decrypt(suite, key, operation, context, sealed);
    }
    const auto own = state_->private_keys.find(node_of(state_->epoch.own));
    CHATMCP_CHECK(own != state_->private_keys.end());  // A member has its leaf's key.
    return safe_decrypt(suite, own->second, operation, context, sealed);
}

Result<Bytes> Group::encrypt_content(Transaction& transaction,
                                     const ApplicationFraming& content,
                                     ByteView authenticated_data,
                                     std::size_t padded_bytes) {
    if (!frames_content(state_->epoch.context.extensions)) {
        return fail(Errc::invalid_argument, "EXT-11");
    }
    return encrypt(transaction, wire::encode(content), authenticated_data, padded_bytes);
}

}  // namespace chatmcp::mls
