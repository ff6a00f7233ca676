#pragma once

#include "mls/tree_draft.h"

namespace chatmcp::mls {

/// What a new member checks of the tree that it is given (RFC 9420 section 12.4.3.1), except the
/// leaves' credentials, which rules and trust look at.

/// Every unmerged leaf is a member below the node, and no node between leaves it out.
/// Errors: invalid_tree (MLS-22).
[[nodiscard]] Result<void> check_unmerged_leaves(const RatchetTree& tree);

/// Every parent that is not blank is parent-hash valid (section 7.9.2): some member below it, and
/// nobody else, put it there.
/// Errors: invalid_tree (MLS-23). Cost: O(members * log members) hashes at most.
[[nodiscard]] Result<void> check_parent_hashes(const RatchetTree& tree);

/// Keys and credential types of the whole tree. Errors: as TreeDraft's checks (MLS-19, 20, 21).
[[nodiscard]] Result<void> check_keys_and_credentials(const RatchetTree& tree);

/// The leaf can do what the group context asks for. Errors: MLS-08, MLS-09.
[[nodiscard]] Result<void> check_leaf_capabilities(const LeafNode& leaf,
                                                   const Extensions& context_extensions);

/// A leaf by itself and in this group: form, capabilities for the group context, signature.
/// Errors: those of leaf_node.h.
[[nodiscard]] Result<void> check_leaf_in_group(CipherSuite suite,
                                               const LeafNode& leaf,
                                               const LeafPlace& place,
                                               const Extensions& context_extensions);

}  // namespace chatmcp::mls
