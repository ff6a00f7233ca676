#pragma once

#include <map>
#include <optional>
#include <vector>

#include "mls/framing.h"
#include "mls/group.h"
#include "mls/key_schedule.h"
#include "mls/proposal_list.h"
#include "mls/secret_tree.h"
#include "mls/storage.h"
#include "mls/tree_draft.h"
#include "mls/update_path.h"

namespace chatmcp::mls {

/// What one epoch consists of beside its tree and message keys: the header record.
struct EpochState {
    GroupContext context;
    Bytes encoded_context;
    Bytes interim_transcript_hash;
    EpochSecrets secrets;
    LeafIndex own;
    SignatureKey signature_key;
    Bytes own_commit_hash;  // Of the commit that made this epoch, if it was ours; else empty.
    std::optional<ReInit> reinit = {};  // The commit that made this epoch ended the group.
    bool removed = false;               // We are not a member any more; all secrets are gone.

    static Result<EpochState> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// Transcript and key schedule (section 8) of the epoch that a signed commit makes.
struct DerivedEpoch {
    GroupContext context;
    Bytes encoded_context;
    Bytes interim_transcript_hash;
    Hash confirmation_tag;
    NewEpoch secrets;
};

/// The epoch that a verified or staged commit makes, before it is made.
struct NextEpoch {
    EpochState epoch;
    TreeDraft tree;
    SecretBytes encryption_secret;
    PrivateKeys private_keys;  // Those that are new.
    Change change;
    bool made_here = false;  // Staged by this object, not read from storage.

    void take(DerivedEpoch derived);
};

/// Private keys of a leaf that we proposed.
struct OwnUpdateKeys {
    crypto::HpkePrivateKey encryption_key;
    SignatureKey signature_key;
};
struct OpenProposal {
    Bytes reference;
    Sender sender;
    Proposal proposal;
    std::optional<OwnUpdateKeys> own_keys = {};  // Of an own Update.
};

/// What everybody who follows a group knows of it, with secrets or without.
struct PublicState {
    const RatchetTree& tree;
    const GroupContext& context;
    const std::vector<OpenProposal>& proposals;
    const Limits& limits;
    const Parallel* parallel = nullptr;
};

/// What late messages of an epoch that ended are opened and checked with. Leaves that its end did
/// not change are looked up in the epoch after it.
struct PastEpoch {
    Bytes encoded_context;
    SecretBytes sender_data_secret;
    SecretBytes resumption_psk;
    std::map<LeafIndex, std::optional<LeafNode>> changed_leaves;
    SecretTree keys;
};

/// Public state for rules, trust and the application.
class StateView final : public GroupView {
  public:
    /// `founding`: as if nobody were a member yet (environment.h). Both outlive the view.
    StateView(const EpochState& epoch, const RatchetTree& tree, bool founding)
        : epoch_(epoch), tree_(tree), founding_(founding) {}

    [[nodiscard]] CipherSuite suite() const override { return epoch_.context.suite; }
    [[nodiscard]] ByteView group_id() const override { return epoch_.context.group_id; }
    [[nodiscard]] Epoch epoch() const override { return epoch_.context.epoch; }
    [[nodiscard]] LeafIndex own_index() const override { return epoch_.own; }
    [[nodiscard]] std::size_t member_count() const override;
    [[nodiscard]] std::vector<LeafView> members() const override;
    [[nodiscard]] std::optional<LeafView> member(LeafIndex index) const override;
    [[nodiscard]] Result<Bytes> encoded_leaf(LeafIndex index) const override;
    [[nodiscard]] const std::vector<Component>& components() const override { return components_; }
    [[nodiscard]] std::optional<ByteView> component(std::uint16_t id) const override;
    [[nodiscard]] ByteView epoch_authenticator() const override;
    [[nodiscard]] ByteView tree_hash() const override { return epoch_.context.tree_hash; }
    [[nodiscard]] ByteView confirmed_transcript_hash() const override;

    /// Read the dictionary again after the context changed.
    void refresh();

  private:
    const EpochState& epoch_;
    const RatchetTree& tree_;
    bool founding_;
    std::vector<Component> components_;
};

struct GroupState {
    GroupState(const Environment& from, EpochState now, RatchetTree ratchet_tree);
    ~GroupState() = default;
    GroupState(const GroupState&) = delete;
    GroupState& operator=(const GroupState&) = delete;

    Environment environment;
    EpochState epoch;
    RatchetTree tree;
    PrivateKeys private_keys;
    SecretTree message_keys;
    std::vector<OpenProposal> proposals;     // In the order in which they came.
    std::map<Epoch, PastEpoch> past_epochs;  // Those that were needed since loading.
    std::optional<NextEpoch> staged;
    std::vector<Distrust> distrusted_at_join;
    std::optional<LeafIndex> welcomed_by;
    std::uint64_t version = 0;  // Counts epochs of this object: an Incoming fits exactly one.
    bool may_send = true;       // False where Environment::own_keys_in_memory_only says so.
    StateView view;

    [[nodiscard]] CipherSuite suite() const { return epoch.context.suite; }
    [[nodiscard]] ByteView group_id() const { return epoch.context.group_id; }
    [[nodiscard]] PublicState public_state() const {
        return {tree, epoch.context, proposals, environment.limits, environment.parallel};
    }

    /// Write everything of a new group (created or joined).
    [[nodiscard]] Result<void> store_all(Transaction& transaction, SecretBytes encryption_secret);
    [[nodiscard]] static Result<std::unique_ptr<GroupState>> load(const Environment& environment,
                                                                  Transaction& transaction,
                                                                  ByteView group_id);
    /// Make the next epoch the current one.
    [[nodiscard]] Result<void> enter(Transaction& transaction, NextEpoch next);
    /// Keep the public state, destroy all secrets.
    [[nodiscard]] Result<void> leave(Transaction& transaction);

    /// Errors: not_member (MLS-70).
    [[nodiscard]] Result<void> check_member() const;
    /// Errors: those of check_member; stale_epoch (MLS-98) the group was ended by a ReInit.
    [[nodiscard]] Result<void> check_active() const;
    /// Errors: pending_commit (MLS-91).
    [[nodiscard]] Result<void> check_may_send() const;
    /// Errors: as transaction.get; null if that epoch is not kept.
    [[nodiscard]] Result<PastEpoch*> past_epoch(Transaction& transaction, Epoch at);
    /// The leaf as it was in an epoch that is kept; null if it was blank.
    [[nodiscard]] Result<const LeafNode*> leaf_in_epoch(Transaction& transaction,
                                                        Epoch at,
                                                        LeafIndex index);
    [[nodiscard]] Result<void> store_proposal(Transaction& transaction,
                                              const OpenProposal& proposal);
    [[nodiscard]] Result<void> store_staged(Transaction& transaction) const;
    [[nodiscard]] Result<void> forget_staged(Transaction& transaction);

  private:
    [[nodiscard]] Result<void> end_epoch(Transaction& transaction, const TreeDraft& draft);
    [[nodiscard]] Result<void> store_tree_changes(Transaction& transaction, TreeDraft& draft) const;
    [[nodiscard]] Result<void> store_header(Transaction& transaction) const;
    [[nodiscard]] Result<void> take_private_keys(Transaction& transaction,
                                                 const TreeDraft& draft,
                                                 PrivateKeys fresh);
    [[nodiscard]] Result<void> load_records(Transaction& transaction);
};

/// Rules and trust over what a change brings in; distrust is added to it.
struct ChangeReview {
    const Environment& environment;
    const GroupView& before;
    const Arrival& arrival;
};
/// Errors: what Rules says.
[[nodiscard]] Result<void> review_change(const ChangeReview& review, Change& change);

/// SHA-256 of a commit's message bytes: how our own is recognised.
[[nodiscard]] Bytes message_hash(ByteView message);

}  // namespace chatmcp::mls
