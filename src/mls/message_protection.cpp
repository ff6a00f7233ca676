// Sending and receiving (RFC 9420 sections 6.2, 6.3 and 15): what Group does with messages.

#include "mls/app_ack.h"
#include "mls/commit.h"
#include "mls/component.h"
#include "mls/group.h"
#include "mls/incoming_state.h"
#include "mls/public_handshake.h"
#include "mls/sending.h"

namespace chatmcp::mls {
namespace {

/// A message whose encryption and signature are true. Its key is not spent yet.
struct OpenedMessage {
    AuthenticatedContent content;
    std::optional<std::uint32_t> generation;   // Of a PrivateMessage.
    LeafView sender_leaf = {};                 // Of a member.
    std::optional<MediaType> media_type = {};  // Of framed content, whose frame is off.
};

/// What one epoch gives to open its messages with: the current one or one that is kept.
struct EpochKeys {
    ByteView context;
    ByteView sender_data_secret;
    SecretTree* keys;
};

/// Errors: wrong_group (MLS-81); future_epoch (MLS-82); stale_epoch (MLS-83).
Result<EpochKeys> keys_for(GroupState& state,
                           Transaction& transaction,
                           const PrivateMessage& message) {
    const Epoch now = state.epoch.context.epoch;
    if (!equal(message.group_id, state.group_id())) {
        return fail(Errc::wrong_group, "MLS-81");
    }
    if (message.epoch > now) {
        return fail(Errc::future_epoch, "MLS-82");
    }
    if (message.epoch == now) {
        return EpochKeys{state.epoch.encoded_context,
                         state.epoch.secrets.sender_data_secret.view(),
                         &state.message_keys};
    }
    // Proposals and commits of an epoch that ended change nothing any more.
    if (message.content_type != ContentType::application) {
        return fail(Errc::stale_epoch, "MLS-83");
    }
    CHATMCP_TRY(PastEpoch * past, state.past_epoch(transaction, message.epoch));
    if (past == nullptr) {
        return fail(Errc::stale_epoch, "MLS-83");
    }
    return EpochKeys{past->encoded_context, past->sender_data_secret.view(), &past->keys};
}

/// Either a message of somebody else, or the news that it is our own.
using OpenedOrOwn = std::variant<OpenedMessage, OwnMessage>;

/// What the components of a context ask of every message in its epoch.
Result<void> apply_components(const Extensions& context_extensions, OpenedMessage& message) {
    FramedContent& content = message.content.content;
    CHATMCP_TRY_VOID(check_authenticated_data(context_extensions, content.authenticated_data));
    if (content.content_type == ContentType::application && frames_content(context_extensions)) {
        CHATMCP_TRY(auto framing, decode_framing(context_extensions, content.body));
        content.body = std::move(framing.content);
        message.media_type = std::move(framing.media_type);
    }
    return {};
}

Result<void> apply_components_then(const GroupState& state,
                                   ByteView encoded_context,
                                   OpenedMessage& message) {
    if (message.content.content.epoch == state.epoch.context.epoch) {
        return apply_components(state.epoch.context.extensions, message);
    }
    CHATMCP_TRY(const auto then, stored(wire::decode<GroupContext>(encoded_context)));
    return apply_components(then.extensions, message);
}

Result<OpenedOrOwn> open_private(GroupState& state,
                                 Transaction& transaction,
                                 const PrivateMessage& message) {
    const CipherSuite suite = state.suite();
    CHATMCP_TRY(const EpochKeys epoch, keys_for(state, transaction, message));
    CHATMCP_TRY(const SenderData sender,
                open_sender_data(suite, epoch.sender_data_secret, message));
    if (sender.leaf == state.epoch.own) {
        return OwnMessage{message.epoch, message.content_type, false};
    }
    CHATMCP_TRY(const LeafNode* leaf, state.leaf_in_epoch(transaction, message.epoch, sender.leaf));
    if (leaf == nullptr) {
        return fail(Errc::not_member, "MLS-84");
    }
    CHATMCP_TRY(const MessageKey key,
                epoch.keys->find(transaction,
                                 sender.leaf,
                                 message.content_type,
                                 sender.generation,
                                 state.environment.limits));
    CHATMCP_TRY(AuthenticatedContent content, unprotect_private(suite, message, sender, key));
    CHATMCP_TRY_VOID(verify_content(suite, leaf->signature_key, epoch.context, content));
    OpenedMessage opened{std::move(content), sender.generation, view_of(*leaf, sender.leaf)};
    CHATMCP_TRY_VOID(apply_components_then(state, epoch.context, opened));
    return opened;
}

Result<OpenedOrOwn> open_public(const GroupState& state, PublicMessage message) {
    CHATMCP_TRY_VOID(check_current(state.epoch.context, message.content));
    CHATMCP_TRY(AuthenticatedContent content,
                unprotect_public(state.suite(),
                                 state.epoch.secrets.membership_key.view(),
                                 state.epoch.encoded_context,
                                 std::move(message)));
    CHATMCP_TRY_VOID(verify_handshake(state.public_state(), state.epoch.encoded_context, content));
    const Proposer sender = proposer_of(content.content.sender);
    if (sender == state.epoch.own) {
        return OwnMessage{content.content.epoch, content.content.content_type, false};
    }
    OpenedMessage opened{std::move(content), std::nullopt};
    if (sender.has_value()) {
        opened.sender_leaf = view_of(*state.tree.leaf(*sender), *sender);
    }
    return opened;
}

Result<OpenedOrOwn> open_message(GroupState& state, Transaction& transaction, ByteView bytes) {
    wire::Reader reader(bytes);
    CHATMCP_TRY(const WireFormat format, read_message_header(reader));
    if (format == WireFormat::private_message) {
        CHATMCP_TRY(const PrivateMessage message, PrivateMessage::read(reader));
        CHATMCP_TRY_VOID(reader.finish());
        return open_private(state, transaction, message);
    }
    if (format == WireFormat::public_message) {
        CHATMCP_TRY(PublicMessage message, PublicMessage::read(reader));
        CHATMCP_TRY_VOID(reader.finish());
        return open_public(state, std::move(message));
    }
    return fail(Errc::invalid_argument, "MLS-80");
}

/// Nobody is sent what the components of the group make everybody refuse.
Result<void> check_to_be_sent(const Extensions& context_extensions, const FramedContent& content) {
    CHATMCP_TRY_VOID(check_authenticated_data(context_extensions, content.authenticated_data));
    if (frames_content(context_extensions)) {
        CHATMCP_TRY_VOID(decode_framing(context_extensions, content.body));
    }
    return {};
}

/// The message is true in all its parts: its key is used up.
Result<void> spend_key(GroupState& state, Transaction& transaction, const OpenedMessage& message) {
    if (!message.generation.has_value()) {
        return {};
    }
    const FramedContent& content = message.content.content;
    SecretTree* keys = &state.message_keys;
    if (content.epoch != state.epoch.context.epoch) {
        CHATMCP_TRY(PastEpoch * past, state.past_epoch(transaction, content.epoch));
        keys = &past->keys;
    }
    return keys->spend(transaction,
                       LeafIndex{content.sender.index},
                       content.content_type,
                       *message.generation,
                       state.environment.limits);
}

Result<Received> receive_application(GroupState& state,
                                     Transaction& transaction,
                                     OpenedMessage message) {
    CHATMCP_TRY_VOID(spend_key(state, transaction, message));
    FramedContent& content = message.content.content;
    CHATMCP_TRY_VOID(note_received(state,
                                   transaction,
                                   content.epoch,
                                   LeafIndex{content.sender.index},
                                   message.generation.value_or(0)));
    return ApplicationMessage{.sender = LeafIndex{content.sender.index},
                              .sender_leaf = std::move(message.sender_leaf),
                              .epoch = content.epoch,
                              .generation = message.generation.value_or(0),
                              .data = std::move(content.body),
                              .authenticated_data = std::move(content.authenticated_data),
                              .media_type = std::move(message.media_type)};
}

}  // namespace

Result<Bytes> Group::encrypt(Transaction& transaction,
                             ByteView data,
                             ByteView authenticated_data,
                             std::size_t padded_bytes) {
    CHATMCP_TRY_VOID(state_->check_active());
    const std::size_t limit = state_->environment.limits.message_bytes_max;
    if (data.size() > limit || authenticated_data.size() > limit || padded_bytes > limit) {
        return fail(Errc::too_large, "MLS-79");
    }
    AuthenticatedContent content = member_content(state_->epoch, ContentType::application, data);
    if (!authenticated_data.empty()) {
        content.content.authenticated_data = to_bytes(authenticated_data);
    }
    CHATMCP_TRY_VOID(check_to_be_sent(state_->epoch.context.extensions, content.content));
    sign_content(
        state_->suite(), state_->epoch.signature_key, state_->epoch.encoded_context, content);
    CHATMCP_TRY(Bytes message, send_signed(*state_, transaction, content, padded_bytes));
    CHATMCP_TRY_VOID(note_sent(*state_, transaction));
    return message;
}

Result<LeafIndex> Group::sender_of(Transaction& transaction, ByteView message) {
    CHATMCP_TRY_VOID(state_->check_member());
    if (message.size() > state_->environment.limits.message_bytes_max) {
        return fail(Errc::too_large, "MLS-79");
    }
    CHATMCP_TRY(const OpenedOrOwn opened, open_message(*state_, transaction, message));
    if (std::holds_alternative<OwnMessage>(opened)) {
        return state_->epoch.own;
    }
    const Proposer sender = proposer_of(std::get<OpenedMessage>(opened).content.content.sender);
    return sender.has_value() ? Result<LeafIndex>(*sender) : fail(Errc::not_member, "MLS-84");
}

Result<Received> Group::receive(Transaction& transaction,
                                ByteView message,
                                const Arrival& arrival) {
    CHATMCP_TRY_VOID(state_->check_member());
    if (message.size() > state_->environment.limits.message_bytes_max) {
        return fail(Errc::too_large, "MLS-79");
    }
    const Bytes digest = message_hash(message);
    const auto& staged = state_->staged;
    if (staged.has_value() && equal(digest, staged->epoch.own_commit_hash)) {
        return OwnCommit{};
    }
    if (equal(digest, state_->epoch.own_commit_hash)) {
        return OwnMessage{Epoch{state_->epoch.context.epoch.value - 1}, ContentType::commit, true};
    }
    CHATMCP_TRY(OpenedOrOwn opened, open_message(*state_, transaction, message));
    if (const auto* own = std::get_if<OwnMessage>(&opened); own != nullptr) {
        return *own;
    }
    OpenedMessage& other = std::get<OpenedMessage>(opened);
    switch (other.content.content.content_type) {
        case ContentType::application:
            return receive_application(*state_, transaction, std::move(other));
        case ContentType::proposal: {
            CHATMCP_TRY(ProposalReceived received,
                        remember_proposal(*state_, transaction, other.content));
            CHATMCP_TRY_VOID(spend_key(*state_, transaction, other));
            return received;
        }
        case ContentType::commit:
            break;
    }
    // Its handshake key is not spent: applying ends the epoch, and dropping must change nothing.
    CHATMCP_TRY(NextEpoch next, process_commit(*state_, transaction, other.content, arrival));
    return Incoming(std::make_unique<IncomingState>(
        IncomingState{state_.get(), state_->version, std::move(next)}));
}

}  // namespace chatmcp::mls
