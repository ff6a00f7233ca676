#pragma once

#include <set>
#include <vector>

#include "mls/framing.h"
#include "mls/group.h"
#include "mls/key_schedule.h"
#include "mls/proposal.h"
#include "mls/tree_draft.h"

namespace chatmcp::mls {

/// A proposal of a commit and who made it (the committer, if it is in the commit by value).
struct SourcedProposal {
    Proposal proposal;
    Sender sender;
};
[[nodiscard]] Sender member_sender(LeafIndex leaf);
/// Who that is in the group.
[[nodiscard]] Proposer proposer_of(const Sender& sender);

/// What a sender of this type may propose at all (section 12.1.8).
/// Errors: permission_denied (MLS-95).
[[nodiscard]] Result<void> check_sender_may_propose(const Sender& sender, const Proposal& proposal);

/// What a valid proposal list does, after it was done to a draft.
struct ProposalEffect {
    struct Added {
        LeafIndex leaf;
        Proposer by;
        std::size_t proposal;  // Position in the list.
    };
    struct Removed {
        LeafIndex leaf;
        Proposer by;
    };
    std::vector<Added> added;
    std::vector<LeafIndex> updated;
    std::vector<Removed> removed;
    std::vector<PreSharedKeyId> psks;
    Extensions extensions;                // Of the next group context.
    bool has_context_extensions = false;  // The context's extensions change, by whatever proposal.
    std::vector<Proposer> context_extensions_by;
    std::vector<Attached> attached;
    std::optional<ReInit> reinit;
    std::optional<Bytes> external_init;  // kem_output; only of an external commit.
    bool needs_path = false;

    [[nodiscard]] std::set<LeafIndex> added_leaves() const;
};

/// Check a commit's proposals against each other and the group (RFC 9420 section 12.2), apply them
/// to the draft in the order of section 12.3, and check the leaves that came in. `committer`:
/// absent for an external commit, whose own leaf is not looked at here.
///
/// Errors: invalid_proposals: an Update by the committer (MLS-51), a Remove of the committer
///         (MLS-52), two proposals for one leaf (MLS-53), Update or Remove of a leaf that is blank
///         (MLS-54), an Update leaf of another source (MLS-55) or with its old key (MLS-56), a key
///         package of another suite (MLS-57), two GroupContextExtensions (MLS-58), one PSK twice
///         (MLS-59), a ReInit beside others (MLS-60), an ExternalInit of a member (MLS-61), a PSK
///         for reinit or branch outside the first commit of a group (MLS-62), what an external
///         commit may not hold (MLS-96); malformed: a PSK nonce of the wrong size (MLS-63);
///         unsupported: a ReInit to another version than MLS 1.0 (MLS-97); invalid_proposals: a
///         proposal of a type that not all members can process (MLS-105), AppDataUpdates that
///         contradict each other, or remove what is not there (MLS-106), a dictionary that is
///         changed in another way where AppDataUpdate is required (MLS-107), a SelfRemove by value
///         (MLS-108); those of
///         KeyPackage::verify, check_leaf_in_group and TreeDraft's checks.
[[nodiscard]] Result<ProposalEffect> apply_proposals(TreeDraft& draft,
                                                     const std::vector<SourcedProposal>& proposals,
                                                     std::optional<LeafIndex> committer,
                                                     const GroupContext& context,
                                                     const Limits& limits,
                                                     const Parallel* parallel = nullptr);

/// The application's view of a commit. `draft` has proposals and path applied.
struct ChangeSource {
    const ProposalEffect& effect;
    LeafIndex committer;
    bool has_path = false;
    bool public_message = false;
    bool external = false;
};
[[nodiscard]] Result<Change> describe_change(const TreeDraft& draft,
                                             const GroupContext& before,
                                             LeafIndex own,
                                             const ChangeSource& source);

}  // namespace chatmcp::mls
