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

/// The secrets of the PSKs that a commit or Welcome names, in its order, from the store. Empty: no
/// PSKs.
/// Errors: not_found (MLS-64) a PSK that is not stored.
[[nodiscard]] Result<SecretBytes> load_psk_secret(Transaction& transaction,
                                                  CipherSuite suite,
                                                  const std::vector<PreSharedKeyId>& ids);

/// Everything public about a commit: proposals and path, applied to a draft.
struct AppliedCommit {
    TreeDraft draft;
    ProposalEffect effect;
    LeafIndex committer;
};
/// Errors: unknown_proposal (MLS-66); invalid_proposals: no path where one is needed (MLS-67), a
///         proposal by reference in an external commit (MLS-96); those of apply_proposals,
///         merge_path and check_leaf_in_group.
[[nodiscard]] Result<AppliedCommit> apply_commit(const PublicState& before,
                                                 const Commit& commit,
                                                 const Sender& sender);

/// The committer's path, put into the draft after the proposals, checked, and encrypted under the
/// provisional context (section 12.4.1). `leaf`: as create_path takes it.
struct CommitPath {
    NewPath path;
    UpdatePath encrypted;
    GroupContext context;
};
/// Errors: those of check_leaf_in_group and TreeDraft's checks.
[[nodiscard]] Result<CommitPath> make_commit_path(TreeDraft& draft,
                                                  const GroupContext& before,
                                                  const ProposalEffect& effect,
                                                  LeafIndex committer,
                                                  LeafNode leaf,
                                                  const SignatureKey& signature_key,
                                                  crypto::Random& random);

/// `provisional`: with the old transcript hash. `interim`: of the epoch that ends.
[[nodiscard]] DerivedEpoch derive_epoch(GroupContext provisional,
                                        ByteView interim,
                                        const AuthenticatedContent& content,
                                        ByteView init_secret,
                                        ByteView commit_secret,
                                        ByteView psk_secret);

/// Exporter context of an external init (section 8.3).
inline constexpr std::string_view kExternalInitLabel = "MLS 1.0 external init secret";

/// Somebody's commit, whose framing (epoch, membership tag or encryption, signature) was verified.
///
/// Errors: malformed (WIRE-..) body; those of apply_commit, decrypt_path, load_psk_secret and
///         rules; bad_mac (MLS-68) confirmation tag.
[[nodiscard]] Result<NextEpoch> process_commit(GroupState& state,
                                               Transaction& transaction,
                                               const AuthenticatedContent& content,
                                               const Arrival& arrival);

/// What a plan proposes beside a rotation, in the order in which a commit lists it.
/// Errors: malformed: a key package that does not parse.
[[nodiscard]] Result<std::vector<Proposal>> planned_proposals(const Plan& plan,
                                                              const GroupContext& context,
                                                              crypto::Random& random);

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
