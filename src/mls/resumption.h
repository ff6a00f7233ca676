#pragma once

#include "mls/group_state.h"

namespace chatmcp::mls {

/// A group that continues another (RFC 9420 sections 11.2 and 11.3), as its founder makes it and as
/// everybody else finds it in a Welcome. `psks`: those of its first commit; nothing is checked if
/// none of them is for reinit or branch. `tree`: of the first epoch that others see.
///
/// Errors: invalid_argument (MLS-99) more than one such PSK, an epoch that is not 1, or a group
/// that
///         is not what the old one's ReInit says, or of another suite than the one that it branches
///         from; not_member (MLS-100) a leaf whose credential nobody in the old group has.
[[nodiscard]] Result<void> check_resumed_group(const Environment& environment,
                                               Transaction& transaction,
                                               const std::vector<PreSharedKeyId>& psks,
                                               const GroupContext& context,
                                               const TreeDraft& tree);

}  // namespace chatmcp::mls
