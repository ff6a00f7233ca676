#include "mls/public_handshake.h"

#include <algorithm>

#include "mls/component.h"

namespace chatmcp::mls {
namespace {

/// The key that a PublicMessage is signed with (section 6.1).
Result<Bytes> signature_key_of(const PublicState& state, const FramedContent& content) {
    const bool commits = content.content_type == ContentType::commit;
    const auto wrong_content = fail(Errc::permission_denied, "MLS-95");
    switch (content.sender.type) {
        case SenderType::member: {
            const LeafNode* leaf = state.tree.leaf(LeafIndex{content.sender.index});
            if (leaf == nullptr) {
                return fail(Errc::not_member, "MLS-84");
            }
            return leaf->signature_key;
        }
        case SenderType::external: {
            CHATMCP_TRY(auto senders, external_senders_of(state.context.extensions));
            if (content.sender.index >= senders.size()) {
                return fail(Errc::not_member, "MLS-85");
            }
            if (commits) {
                return wrong_content;
            }
            return std::move(senders[content.sender.index].signature_key);
        }
        case SenderType::new_member_proposal: {
            if (commits) {
                return wrong_content;
            }
            CHATMCP_TRY(const Proposal proposal, wire::decode<Proposal>(content.body));
            const auto* add = std::get_if<Add>(&proposal.content);
            if (add == nullptr) {
                return wrong_content;
            }
            return add->key_package.leaf.signature_key;
        }
        case SenderType::new_member_commit: {
            if (!commits) {
                return wrong_content;
            }
            CHATMCP_TRY(Commit commit, wire::decode<Commit>(content.body));
            if (!commit.path.has_value()) {
                return fail(Errc::invalid_proposals, "MLS-67");
            }
            return std::move(commit.path->leaf.signature_key);
        }
    }
    return wrong_content;
}

}  // namespace

Result<void> check_current(const GroupContext& context, const FramedContent& content) {
    if (content.group_id != context.group_id) {
        return fail(Errc::wrong_group, "MLS-81");
    }
    if (content.epoch > context.epoch) {
        return fail(Errc::future_epoch, "MLS-82");
    }
    if (content.epoch < context.epoch) {
        return fail(Errc::stale_epoch, "MLS-83");
    }
    return check_authenticated_data(context.extensions, content.authenticated_data);
}

Result<void> verify_handshake(const PublicState& state,
                              ByteView encoded_context,
                              const AuthenticatedContent& content) {
    CHATMCP_TRY(const Bytes signature_key, signature_key_of(state, content.content));
    return verify_content(state.context.suite, signature_key, encoded_context, content);
}

bool is_known(const PublicState& state, const OpenProposal& proposal) {
    return std::ranges::find(state.proposals, proposal.reference, &OpenProposal::reference) !=
           state.proposals.end();
}

Result<OpenProposal> read_proposal(const PublicState& state, const AuthenticatedContent& content) {
    CHATMCP_TRY(Proposal proposal, wire::decode<Proposal>(content.content.body));
    CHATMCP_TRY_VOID(check_sender_may_propose(content.content.sender, proposal));
    OpenProposal open{proposal_ref(state.context.suite, wire::encode(content)).to_bytes(),
                      content.content.sender,
                      std::move(proposal)};
    if (!is_known(state, open) && state.proposals.size() >= state.limits.open_proposals_max) {
        return fail(Errc::too_large, "MLS-71");
    }
    return open;
}

}  // namespace chatmcp::mls
