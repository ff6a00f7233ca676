#include "mls/sending.h"

#include <algorithm>

namespace chatmcp::mls {

AuthenticatedContent member_content(const EpochState& epoch, ContentType type, ByteView body) {
    AuthenticatedContent content;
    content.wire_format = WireFormat::private_message;
    content.content.group_id = epoch.context.group_id;
    content.content.epoch = epoch.context.epoch;
    content.content.sender = member_sender(epoch.own);
    content.content.content_type = type;
    content.content.body = to_bytes(body);
    return content;
}

Result<Bytes> send_signed(GroupState& state,
                          Transaction& transaction,
                          const AuthenticatedContent& content,
                          std::size_t padded_bytes) {
    const CipherSuite suite = state.suite();
    if (content.wire_format == WireFormat::public_message) {
        return encode_message(WireFormat::public_message,
                              protect_public(suite,
                                             state.epoch.secrets.membership_key.view(),
                                             state.epoch.encoded_context,
                                             content));
    }
    CHATMCP_TRY_VOID(state.check_may_send());
    CHATMCP_TRY(
        const MessageKey key,
        state.message_keys.next(transaction, state.epoch.own, content.content.content_type));
    return encode_message(WireFormat::private_message,
                          protect_private(suite,
                                          content,
                                          state.epoch.secrets.sender_data_secret.view(),
                                          key,
                                          state.environment.random.array<kReuseGuardBytes>(),
                                          padded_bytes));
}

Result<ProposalReceived> remember_proposal(GroupState& state,
                                           Transaction& transaction,
                                           const AuthenticatedContent& content,
                                           std::optional<OwnUpdateKeys> own_keys) {
    CHATMCP_TRY(Proposal proposal, wire::decode<Proposal>(content.content.body));
    const Sender& sender = content.content.sender;
    CHATMCP_TRY_VOID(check_sender_may_propose(sender, proposal));
    const auto* remove = std::get_if<Remove>(&proposal.content);
    const Proposer proposer = proposer_of(sender);
    ProposalReceived received{proposer,
                              proposal_ref(state.suite(), wire::encode(content)).to_bytes(),
                              remove != nullptr && proposer == remove->removed};
    if (std::ranges::find(state.proposals, received.reference, &OpenProposal::reference) !=
        state.proposals.end()) {
        return received;
    }
    if (state.proposals.size() >= state.environment.limits.open_proposals_max) {
        return fail(Errc::too_large, "MLS-71");
    }
    OpenProposal open{received.reference, sender, std::move(proposal), std::move(own_keys)};
    CHATMCP_TRY_VOID(state.store_proposal(transaction, open));
    state.proposals.push_back(std::move(open));
    return received;
}

}  // namespace chatmcp::mls
