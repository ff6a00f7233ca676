#pragma once

#include "mls/group_state.h"
#include "mls/welcome.h"

namespace chatmcp::mls {

/// What everybody who comes to a group checks: by Welcome, by external commit, or only to follow.

/// A GroupInfo as it travels by itself, in an MLSMessage.
/// Errors: too_large (MLS-79); invalid_argument (MLS-80) something else.
[[nodiscard]] Result<GroupInfo> decode_group_info(ByteView bytes, const Limits& limits);

/// The tree that a GroupInfo comes with, in it or beside it, with everything that can be checked of
/// both (RFC 9420 section 12.4.3.1): tree hash, signature of the GroupInfo, parent hashes, leaves.
/// Errors: not_found (MLS-87) no tree; invalid_tree (MLS-78) another tree hash; not_member (MLS-77)
///         the signer is not in it; those of tree_validation.h.
[[nodiscard]] Result<RatchetTree> tree_of(const GroupInfo& info,
                                          ByteView external_tree,
                                          const Limits& limits,
                                          const Parallel* parallel);

/// Rules and trust over the group as it is found (environment.h). `founder`: who is taken to have
/// added everybody. `psks`: those that were needed to come in.
[[nodiscard]] Result<std::vector<Distrust>> review_group(const Environment& environment,
                                                         const EpochState& epoch,
                                                         const RatchetTree& tree,
                                                         LeafIndex founder,
                                                         const std::vector<PreSharedKeyId>& psks,
                                                         const Arrival& arrival);

/// A group of this id that we are still in must not be replaced by whoever can send a Welcome.
/// Errors: already_exists (MLS-75).
[[nodiscard]] Result<void> make_room(Transaction& transaction, ByteView group_id);

}  // namespace chatmcp::mls
