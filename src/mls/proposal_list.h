#pragma once

#include <set>
#include <vector>

#include "mls/group.h"
#include "mls/key_schedule.h"
#include "mls/proposal.h"
#include "mls/tree_draft.h"

namespace chatmcp::mls {

/// A proposal of a commit and who made it (the committer, if it is in the commit by value).
struct SourcedProposal {
    Proposal proposal;
    LeafIndex sender;
};

/// What a valid proposal list does, after it was done to a draft.
struct ProposalEffect {
    struct Added {
        LeafIndex leaf;
        LeafIndex by;
        std::size_t proposal;  // Position in the list.
    };
    struct Removed {
        LeafIndex leaf;
        LeafIndex by;
    };
    std::vector<Added> added;
    std::vector<LeafIndex> updated;
    std::vector<Removed> removed;
    std::vector<PreSharedKeyId> psks;
    Extensions extensions;  // Of the next group context.
    bool has_context_extensions = false;
    bool needs_path = false;

    [[nodiscard]] std::set<LeafIndex> added_leaves() const;
};

/// PSKs that this build has: external ones, and resumption PSKs of the same group.
/// Errors: unsupported (MLS-62).
[[nodiscard]] Result<void> check_psk_kind(const PreSharedKeyId& psk, ByteView group_id);

/// Check a commit's proposals against each other and the group (RFC 9420 section 12.2), apply them
/// to the draft in the order of section 12.3, and check the leaves that came in.
///
/// Errors: invalid_proposals: an Update by the committer (MLS-51), a Remove of the committer
///         (MLS-52), two proposals for one leaf (MLS-53), Update or Remove of a leaf that is blank
///         (MLS-54), an Update leaf of another source (MLS-55) or with its old key (MLS-56), a key
///         package of another suite (MLS-57), two GroupContextExtensions (MLS-58), one PSK twice
///         (MLS-59); unsupported: ReInit (MLS-60), ExternalInit (MLS-61), MLS-62; malformed: a PSK
///         nonce of the wrong size (MLS-63); those of KeyPackage::verify, check_leaf_in_group and
///         TreeDraft's checks.
[[nodiscard]] Result<ProposalEffect> apply_proposals(TreeDraft& draft,
                                                     const std::vector<SourcedProposal>& proposals,
                                                     LeafIndex committer,
                                                     const GroupContext& context,
                                                     const Limits& limits);

/// The application's view of a commit. `draft` has proposals and path applied.
struct ChangeSource {
    const ProposalEffect& effect;
    LeafIndex committer;
    bool has_path = false;
    bool public_message = false;
};
[[nodiscard]] Result<Change> describe_change(const TreeDraft& draft,
                                             const GroupContext& before,
                                             LeafIndex own,
                                             const ChangeSource& source);

}  // namespace chatmcp::mls
