#include "mls/group_state.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"
#include "mls/app_ack.h"
#include "mls/exporter_tree.h"
#include "mls/state_records.h"

namespace chatmcp::mls {

std::size_t StateView::member_count() const {
    return founding_ ? 0 : tree_.member_count();
}

std::vector<LeafView> StateView::members() const {
    std::vector<LeafView> views;
    if (founding_) {
        return views;
    }
    views.reserve(tree_.member_count());
    for (LeafIndex index{0}; in_tree(index, tree_.width()); ++index.value) {
        if (const LeafNode* leaf = tree_.leaf(index); leaf != nullptr) {
            views.push_back(view_of(*leaf, index));
        }
    }
    return views;
}

std::optional<LeafView> StateView::member(LeafIndex index) const {
    const LeafNode* leaf = founding_ ? nullptr : tree_.leaf(index);
    if (leaf == nullptr) {
        return std::nullopt;
    }
    return view_of(*leaf, index);
}

Result<Bytes> StateView::encoded_leaf(LeafIndex index) const {
    const LeafNode* leaf = founding_ ? nullptr : tree_.leaf(index);
    if (leaf == nullptr) {
        return fail(Errc::not_found, "MLS-84");
    }
    return wire::encode(*leaf);
}

std::optional<ByteView> StateView::component(std::uint16_t id) const {
    const auto found =
        std::ranges::lower_bound(components_, id, {}, [](const Component& c) { return c.id; });
    if (found == components_.end() || found->id != id) {
        return std::nullopt;
    }
    return ByteView(found->data);
}

ByteView StateView::epoch_authenticator() const {
    return epoch_.secrets.epoch_authenticator.view();
}

ByteView StateView::confirmed_transcript_hash() const {
    return epoch_.context.confirmed_transcript_hash;
}

void StateView::refresh() {
    // Every context was checked before it became one.
    auto components = components_of(epoch_.context.extensions);
    CHATMCP_CHECK(components.has_value());
    components_ = *std::move(components);
}

GroupState::GroupState(const Environment& from, EpochState now, RatchetTree ratchet_tree)
    : environment(from),
      epoch(std::move(now)),
      tree(std::move(ratchet_tree)),
      message_keys(epoch.context.suite, epoch.context.group_id, epoch.context.epoch, tree.width()),
      view(epoch, tree, false) {
    if (environment.own_keys_in_memory_only) {
        message_keys.keep_in_memory(epoch.own);
    }
    view.refresh();
}

Result<void> GroupState::check_member() const {
    if (epoch.removed) {
        return fail(Errc::not_member, "MLS-70");
    }
    return {};
}

Result<void> GroupState::check_active() const {
    CHATMCP_TRY_VOID(check_member());
    if (epoch.reinit.has_value()) {
        return fail(Errc::stale_epoch, "MLS-98");
    }
    return {};
}

void NextEpoch::take(DerivedEpoch derived) {
    epoch.context = std::move(derived.context);
    epoch.encoded_context = std::move(derived.encoded_context);
    epoch.interim_transcript_hash = std::move(derived.interim_transcript_hash);
    epoch.secrets = std::move(derived.secrets.secrets);
    encryption_secret = std::move(derived.secrets.encryption_secret);
}

Result<void> GroupState::check_may_send() const {
    if (!may_send) {
        return fail(Errc::pending_commit, "MLS-91");
    }
    return {};
}

Result<void> GroupState::store_header(Transaction& transaction) const {
    wire::Writer writer;
    writer.reserve(2048 + epoch.encoded_context.size());
    writer.u32(tree.width().value);
    epoch.write(writer);
    return put_secret(transaction, record_key(group_id(), RecordKind::header), std::move(writer));
}

Result<void> GroupState::store_all(Transaction& transaction, SecretBytes encryption_secret) {
    for (NodeIndex index{0}; in_tree(index, tree.width()); ++index.value) {
        if (!tree.node(index).blank()) {
            CHATMCP_TRY_VOID(
                put_node(transaction, group_id(), index, tree.node(index), tree.hash(index)));
        }
    }
    for (const auto& [node, key] : private_keys) {
        CHATMCP_TRY_VOID(put_private_key(transaction, group_id(), node, key));
    }
    CHATMCP_TRY_VOID(store_header(transaction));
    CHATMCP_TRY_VOID(start_exporter_tree(
        transaction, group_id(), std::move(epoch.secrets.application_export_secret)));
    return message_keys.start(transaction, std::move(encryption_secret));
}

Result<void> GroupState::end_epoch(Transaction& transaction, const TreeDraft& draft) {
    const std::uint32_t kept = environment.limits.past_epochs_max;
    const Epoch ended = epoch.context.epoch;
    if (kept == 0) {
        CHATMCP_TRY_VOID(SecretTree::erase(transaction, group_id(), ended));
    } else {
        PastEpoch past{std::move(epoch.encoded_context),
                       std::move(epoch.secrets.sender_data_secret),
                       std::move(epoch.secrets.resumption_psk),
                       {},
                       std::move(message_keys)};
        for (const auto& [index, slot] : draft.slots()) {
            if (!slot.replaced || !is_leaf(index)) {
                continue;
            }
            const LeafNode* before = tree.leaf(leaf_of(index));
            past.changed_leaves.emplace(
                leaf_of(index),
                before == nullptr ? std::nullopt : std::optional<LeafNode>(*before));
        }
        CHATMCP_TRY_VOID(put_past_epoch(transaction, group_id(), ended, past));
        past_epochs.emplace(ended, std::move(past));
    }
    if (ended.value >= kept) {
        const Epoch expired{ended.value - kept};
        past_epochs.erase(expired);
        CHATMCP_TRY_VOID(transaction.erase(epoch_key(group_id(), RecordKind::past_epoch, expired)));
        CHATMCP_TRY_VOID(SecretTree::erase(transaction, group_id(), expired));
    }
    return {};
}

Result<void> GroupState::store_tree_changes(Transaction& transaction, TreeDraft& draft) const {
    const Hash& root_hash = draft.root_hash();  // Computes all hashes that are stored below.
    CHATMCP_CHECK(!root_hash.empty());
    for (const auto& [index, slot] : draft.slots()) {
        const bool was_filled = in_tree(index, tree.width()) && !tree.node(index).blank();
        if (!draft.blank(index)) {
            const TreeNode& content = slot.replaced ? slot.node : tree.node(index);
            CHATMCP_TRY_VOID(put_node(transaction, group_id(), index, content, slot.hash));
        } else if (was_filled) {
            CHATMCP_TRY_VOID(transaction.erase(record_key(group_id(), RecordKind::node, index)));
        }
    }
    return {};
}

Result<void> GroupState::take_private_keys(Transaction& transaction,
                                           const TreeDraft& draft,
                                           PrivateKeys fresh) {
    // A key of a node that was blanked, or that somebody's path replaced without telling us.
    for (auto key = private_keys.begin(); key != private_keys.end();) {
        const NodeIndex node = key->first;
        const bool current =
            !draft.blank(node) && equal(draft.encryption_key(node), key->second.public_key());
        if (current) {
            ++key;
            continue;
        }
        CHATMCP_TRY_VOID(transaction.erase(record_key(group_id(), RecordKind::private_key, node)));
        key = private_keys.erase(key);
    }
    for (auto& [node, key] : fresh) {
        CHATMCP_TRY_VOID(put_private_key(transaction, group_id(), node, key));
        private_keys.insert_or_assign(node, std::move(key));
    }
    return {};
}

Result<void> GroupState::enter(Transaction& transaction, NextEpoch next) {
    CHATMCP_TRY_VOID(end_epoch(transaction, next.tree));
    CHATMCP_TRY_VOID(store_tree_changes(transaction, next.tree));
    CHATMCP_TRY_VOID(take_private_keys(transaction, next.tree, std::move(next.private_keys)));
    for (const OpenProposal& proposal : proposals) {
        CHATMCP_TRY_VOID(transaction.erase(
            record_key(group_id(), RecordKind::proposal, ByteView(proposal.reference))));
    }
    proposals.clear();
    if (staged.has_value()) {
        CHATMCP_TRY_VOID(forget_staged(transaction));
    }
    CHATMCP_TRY_VOID(forget_received(*this, transaction));
    tree.merge(std::move(next.tree));
    epoch = std::move(next.epoch);
    view.refresh();
    ++version;
    message_keys = SecretTree(suite(), group_id(), epoch.context.epoch, tree.width());
    if (environment.own_keys_in_memory_only) {
        message_keys.keep_in_memory(epoch.own);
    }
    CHATMCP_TRY_VOID(store_header(transaction));
    CHATMCP_TRY_VOID(start_exporter_tree(
        transaction, group_id(), std::move(epoch.secrets.application_export_secret)));
    return message_keys.start(transaction, std::move(next.encryption_secret));
}

Result<void> GroupState::leave(Transaction& transaction) {
    for (const RecordKind kind : {RecordKind::private_key,
                                  RecordKind::proposal,
                                  RecordKind::staged,
                                  RecordKind::past_epoch,
                                  RecordKind::secret_tree,
                                  RecordKind::ratchets,
                                  RecordKind::skipped_key,
                                  RecordKind::exporter_tree,
                                  RecordKind::received_ranges}) {
        CHATMCP_TRY_VOID(erase_prefix(transaction, record_key(group_id(), kind)));
    }
    private_keys.clear();
    proposals.clear();
    past_epochs.clear();
    staged.reset();
    message_keys = SecretTree(suite(), group_id(), epoch.context.epoch, tree.width());
    // The epoch authenticator is no secret between members: it stays for people to compare.
    SecretBytes authenticator = std::move(epoch.secrets.epoch_authenticator);
    epoch.secrets = EpochSecrets{};
    epoch.secrets.epoch_authenticator = std::move(authenticator);
    epoch.signature_key = crypto::SigningKey::from_seed(Bytes(crypto::kEd25519SeedBytes));
    epoch.removed = true;
    ++version;
    return store_header(transaction);
}

Result<const LeafNode*> GroupState::leaf_in_epoch(Transaction& transaction,
                                                  Epoch at,
                                                  LeafIndex index) {
    for (Epoch later = at; later < epoch.context.epoch; ++later.value) {
        CHATMCP_TRY(const PastEpoch* past, past_epoch(transaction, later));
        if (past == nullptr) {
            return nullptr;
        }
        if (const auto changed = past->changed_leaves.find(index);
            changed != past->changed_leaves.end()) {
            const std::optional<LeafNode>& before = changed->second;
            return before.has_value() ? &*before : nullptr;
        }
    }
    return tree.leaf(index);
}

Result<void> GroupState::forget_staged(Transaction& transaction) {
    staged.reset();
    return transaction.erase(record_key(group_id(), RecordKind::staged));
}

namespace {

/// Trust's answer is noted and changes nothing: the leaf is in, or will be.
void note_distrust(const ChangeReview& review,
                   const LeafView& next,
                   const LeafView* current,
                   Change& change) {
    if (const auto trusted =
            review.environment.trust.check(next, current, review.before, review.arrival);
        !trusted.has_value()) {
        change.distrusted.push_back(Distrust{next.index, trusted.error()});
    }
}

/// Who comes back by an external commit takes the place of the leaf that it removes itself; others
/// may leave in the same commit (SelfRemove).
const LeafView* replaced_leaf(const Change& change) {
    const auto removed =
        std::ranges::find(change.removed, Proposer(change.committer), &MemberRemoval::proposer);
    return change.external && removed != change.removed.end() ? &removed->leaf : nullptr;
}

}  // namespace

Result<void> review_change(const ChangeReview& review, Change& change) {
    const Rules& rules = review.environment.rules;
    for (const LeafView& added : change.added) {
        CHATMCP_TRY_VOID(rules.check_leaf(added, replaced_leaf(change), review.before));
    }
    for (const MemberUpdate& updated : change.updated) {
        CHATMCP_TRY_VOID(rules.check_leaf(updated.after, &updated.before, review.before));
    }
    CHATMCP_TRY_VOID(rules.check_commit(change, review.before));
    for (const LeafView& added : change.added) {
        note_distrust(review, added, nullptr, change);
    }
    for (const MemberUpdate& updated : change.updated) {
        note_distrust(review, updated.after, &updated.before, change);
    }
    return {};
}

Bytes message_hash(ByteView message) {
    const auto digest = crypto::sha256(message);
    return Bytes(digest.begin(), digest.end());
}

}  // namespace chatmcp::mls
