#pragma once

#include "mls/group_state.h"

namespace chatmcp::mls {

/// What a member sends in the current epoch, before it is signed (RFC 9420 section 6).
[[nodiscard]] AuthenticatedContent member_content(const EpochState& epoch,
                                                  ContentType type,
                                                  ByteView body);

/// Private- or PublicMessage, as `content.wire_format` says, around content that is signed (and, if
/// it is a commit, tagged). A PrivateMessage spends a key of the own ratchet.
/// Errors: those of check_may_send, of a PrivateMessage.
[[nodiscard]] Result<Bytes> send_signed(GroupState& state,
                                        Transaction& transaction,
                                        const AuthenticatedContent& content,
                                        std::size_t padded_bytes);

/// Keep a proposal, received or our own, for the next commit. A second one of the same bytes
/// changes nothing.
/// Errors: permission_denied (MLS-95) its sender may not propose this; too_large (MLS-71).
[[nodiscard]] Result<ProposalReceived> remember_proposal(
    GroupState& state,
    Transaction& transaction,
    const AuthenticatedContent& content,
    std::optional<OwnUpdateKeys> own_keys = {});

}  // namespace chatmcp::mls
