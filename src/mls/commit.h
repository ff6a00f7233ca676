#pragma once

#include "mls/group_state.h"

namespace chatmcp::mls {

/// Making and processing commits (RFC 9420 section 12.4). Both end in a NextEpoch, which
/// GroupState::enter makes current; neither changes the state.

/// Context of the next epoch as it is while the path is encrypted (section 12.4.1): new epoch
/// number, tree hash and extensions, old confirmed transcript hash.
[[nodiscard]] GroupContext provisional_context(const GroupContext& before,
                                               const Extensions& extensions,
                                               TreeDraft& draft);

/// The secrets of the PSKs that a commit or Welcome names, in its order. `group`: the one whose
/// epochs give resumption PSKs; null while joining.
/// Errors: not_found (MLS-64) a PSK that is not stored; unsupported (MLS-62).
[[nodiscard]] Result<SecretBytes> load_psk_secret(Transaction& transaction,
                                                  CipherSuite suite,
                                                  GroupState* group,
                                                  const std::vector<PreSharedKeyId>& ids);

/// Proposals by reference become proposals. Errors: unknown_proposal (MLS-66).
[[nodiscard]] Result<std::vector<SourcedProposal>> resolve_proposals(
    const std::vector<OpenProposal>& open, const Commit& commit, LeafIndex committer);

/// Somebody's commit, whose framing (epoch, membership tag or encryption, signature) was verified.
///
/// Errors: malformed (WIRE-..) body; unknown_proposal (MLS-66); invalid_proposals: no path where
///         one is needed (MLS-67); those of apply_proposals, merge_path, decrypt_path,
///         check_leaf_in_group and rules; bad_mac (MLS-68) confirmation tag.
[[nodiscard]] Result<NextEpoch> process_commit(GroupState& state,
                                               Transaction& transaction,
                                               const AuthenticatedContent& content,
                                               const Arrival& arrival);

/// A commit of our own.
struct StagedCommit {
    NextEpoch next;
    Bundle bundle;
};
/// Errors: those of apply_proposals, rules; what trust says of those whom the plan adds.
[[nodiscard]] Result<StagedCommit> make_commit(GroupState& state,
                                               Transaction& transaction,
                                               const Plan& plan,
                                               const Arrival& arrival);

}  // namespace chatmcp::mls
