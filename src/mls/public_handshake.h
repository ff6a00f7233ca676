#pragma once

#include "mls/group_state.h"

namespace chatmcp::mls {

/// What can be checked of a proposal or commit that came as PublicMessage without any secret: by
/// members and by those who only follow (RFC 9420 sections 6.1 and 6.2).

/// Errors: wrong_group (MLS-81); future_epoch (MLS-82); stale_epoch (MLS-83).
[[nodiscard]] Result<void> check_current(const GroupContext& context, const FramedContent& content);

/// The signature of whoever the content says its sender is: a member's leaf key, an external
/// sender's, or the key of the leaf that it brings along. `encoded_context`: of the epoch.
/// Errors: not_member (MLS-84) a blank leaf, (MLS-85) no such external sender; permission_denied
///         (MLS-95) a proposal or commit that such a sender does not make; invalid_proposals
///         (MLS-67) an external commit without path; bad_signature (MLS-38).
[[nodiscard]] Result<void> verify_handshake(const PublicState& state,
                                            ByteView encoded_context,
                                            const AuthenticatedContent& content);

/// The same bytes came before.
[[nodiscard]] bool is_known(const PublicState& state, const OpenProposal& proposal);

/// A signed content as a proposal that may be kept for a commit.
/// Errors: malformed body; permission_denied (MLS-95); too_large (MLS-71).
[[nodiscard]] Result<OpenProposal> read_proposal(const PublicState& state,
                                                 const AuthenticatedContent& content);

}  // namespace chatmcp::mls
