#include "mls/sending.h"

#include "mls/component.h"
#include "mls/public_handshake.h"

namespace chatmcp::mls {

AuthenticatedContent member_content(const EpochState& epoch, ContentType type, ByteView body) {
    AuthenticatedContent content;
    content.wire_format = WireFormat::private_message;
    content.content.group_id = epoch.context.group_id;
    content.content.epoch = epoch.context.epoch;
    content.content.sender = member_sender(epoch.own);
    content.content.content_type = type;
    content.content.body = to_bytes(body);
    content.content.authenticated_data = empty_authenticated_data(epoch.context.extensions);
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
    CHATMCP_TRY(OpenProposal open, read_proposal(state.public_state(), content));
    const auto* remove = std::get_if<Remove>(&open.proposal.content);
    const Proposer proposer = proposer_of(open.sender);
    const bool leaves = open.proposal.type() == ProposalType::self_remove ||
                        (remove != nullptr && proposer == remove->removed);
    ProposalReceived received{proposer, open.reference, leaves};
    if (is_known(state.public_state(), open)) {
        return received;
    }
    open.own_keys = std::move(own_keys);
    CHATMCP_TRY_VOID(state.store_proposal(transaction, open));
    state.proposals.push_back(std::move(open));
    return received;
}

}  // namespace chatmcp::mls
