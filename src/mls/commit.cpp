#include "mls/commit.h"

#include <algorithm>

#include "base/check.h"
#include "mls/state_records.h"
#include "mls/transcript_hash.h"
#include "mls/tree_validation.h"

namespace chatmcp::mls {
namespace {

/// Errors: unknown_proposal (MLS-66); MLS-96.
Result<std::vector<SourcedProposal>> resolve_proposals(const std::vector<OpenProposal>& open,
                                                       const Commit& commit,
                                                       const Sender& sender) {
    std::vector<SourcedProposal> proposals;
    proposals.reserve(commit.proposals.size());
    for (const ProposalOrRef& each : commit.proposals) {
        if (const auto* by_value = std::get_if<Proposal>(&each.content); by_value != nullptr) {
            proposals.push_back({*by_value, sender});
            continue;
        }
        const Bytes& reference = std::get<Bytes>(each.content);
        const auto found = std::ranges::find(open, reference, &OpenProposal::reference);
        if (found == open.end()) {
            return fail(Errc::unknown_proposal, "MLS-66");
        }
        // Who joins by a commit knows of nothing that was proposed inside but who wants to leave.
        if (sender.type == SenderType::new_member_commit &&
            found->proposal.type() != ProposalType::self_remove) {
            return fail(Errc::invalid_proposals, "MLS-96");
        }
        proposals.push_back({found->proposal, found->sender});
    }
    return proposals;
}

/// The newcomer of an external commit takes the leftmost free leaf, as if it were added.
Result<LeafIndex> add_committer(TreeDraft& draft,
                                const LeafNode& leaf,
                                const Limits& limits,
                                ProposalEffect& effect) {
    CHATMCP_TRY(const LeafIndex committer, draft.add(leaf, limits.members_max));
    effect.added.push_back({committer, committer, 0});
    return committer;
}

Result<SecretBytes> resumption_psk(Transaction& transaction, const ResumptionPsk& id) {
    CHATMCP_TRY(auto secret, load_resumption_psk(transaction, id.group_id, id.epoch));
    if (!secret.has_value()) {
        return fail(Errc::not_found, "MLS-64");
    }
    return *std::move(secret);
}

/// A PSK that was agreed on outside: `key` says for whom.
Result<SecretBytes> outside_psk(Transaction& transaction, ByteView key) {
    CHATMCP_TRY(auto record, transaction.get(key));
    if (!record.has_value()) {
        return fail(Errc::not_found, "MLS-64");
    }
    SecretBytes secret(*record);
    wipe(*record);
    return secret;
}

Result<SecretBytes> find_psk(Transaction& transaction, const PreSharedKeyId& id) {
    switch (id.type) {
        case PreSharedKeyId::Type::external:
            return outside_psk(transaction, external_psk_key(id.psk_id));
        case PreSharedKeyId::Type::application:
            return outside_psk(transaction, component_psk_key(id.component, id.psk_id));
        case PreSharedKeyId::Type::resumption:
            break;
    }
    return resumption_psk(transaction, id.resumption);
}

/// Own Updates that the commit takes: their keys, which nobody else knows.
void take_own_update(const GroupState& state, NextEpoch& next) {
    const LeafNode* leaf = next.tree.leaf(state.epoch.own);
    for (const OpenProposal& open : state.proposals) {
        const auto* update = std::get_if<Update>(&open.proposal.content);
        if (update != nullptr && open.own_keys.has_value() && leaf != nullptr &&
            update->leaf.encryption_key == leaf->encryption_key) {
            next.private_keys.emplace(node_of(state.epoch.own),
                                      open.own_keys->encryption_key.clone());
            next.epoch.signature_key = open.own_keys->signature_key.clone();
        }
    }
}

/// Secrets of a commit's path, with the keys that this very commit may have changed.
Result<SecretBytes> open_path(const GroupState& state,
                              const AppliedCommit& applied,
                              const UpdatePath& path,
                              NextEpoch& next) {
    const auto own_update = next.private_keys.find(node_of(state.epoch.own));
    const bool updated = own_update != next.private_keys.end();
    PrivateKeys only_leaf;  // An Update blanks the whole direct path.
    if (updated) {
        only_leaf.emplace(own_update->first, own_update->second.clone());
    }
    CHATMCP_TRY(PathSecrets secrets,
                decrypt_path(next.tree,
                             applied.committer,
                             path,
                             applied.effect.added_leaves(),
                             state.epoch.own,
                             updated ? only_leaf : state.private_keys,
                             wire::encode(next.epoch.context)));
    next.private_keys.merge(secrets.private_keys);
    return std::move(secrets.commit_secret);
}

/// Section 8.3: what the old epoch, or the newcomer's encapsulation, gives to the next.
Result<SecretBytes> init_secret(const GroupState& state, const ProposalEffect& effect) {
    if (!effect.external_init.has_value()) {
        return state.epoch.secrets.init_secret.clone();
    }
    return crypto::hpke_receive_export(
        hpke_suite(state.suite()),
        external_key(state.suite(), state.epoch.secrets.external_secret.view()),
        *effect.external_init,
        {},
        as_bytes(kExternalInitLabel),
        hash_bytes(state.suite()));
}

}  // namespace

GroupContext provisional_context(const GroupContext& before,
                                 const Extensions& extensions,
                                 TreeDraft& draft) {
    GroupContext context;
    context.suite = before.suite;
    context.group_id = before.group_id;
    context.epoch = Epoch{before.epoch.value + 1};
    context.tree_hash = draft.root_hash().to_bytes();
    context.confirmed_transcript_hash = before.confirmed_transcript_hash;
    context.extensions = extensions;
    return context;
}

Result<SecretBytes> load_psk_secret(Transaction& transaction,
                                    CipherSuite suite,
                                    const std::vector<PreSharedKeyId>& ids) {
    if (ids.empty()) {
        return SecretBytes();
    }
    std::vector<Psk> psks;
    for (const PreSharedKeyId& id : ids) {
        CHATMCP_TRY(SecretBytes secret, find_psk(transaction, id));
        psks.push_back(Psk{id, std::move(secret)});
    }
    return derive_psk_secret(suite, psks);
}

Result<AppliedCommit> apply_commit(const PublicState& before,
                                   const Commit& commit,
                                   const Sender& sender) {
    const bool external = sender.type == SenderType::new_member_commit;
    const GroupContext& context = before.context;
    AppliedCommit applied{TreeDraft(before.tree), {}, LeafIndex{sender.index}};
    CHATMCP_TRY(const auto proposals, resolve_proposals(before.proposals, commit, sender));
    CHATMCP_TRY(applied.effect,
                apply_proposals(applied.draft,
                                proposals,
                                external ? std::nullopt : std::optional(applied.committer),
                                context,
                                before.limits,
                                before.parallel));
    if (!commit.path.has_value()) {
        if (applied.effect.needs_path) {
            return fail(Errc::invalid_proposals, "MLS-67");
        }
        return applied;
    }
    if (external) {
        CHATMCP_TRY(applied.committer,
                    add_committer(applied.draft, commit.path->leaf, before.limits, applied.effect));
    }
    CHATMCP_TRY_VOID(check_leaf_in_group(context.suite,
                                         commit.path->leaf,
                                         LeafPlace{context.group_id, applied.committer},
                                         applied.effect.extensions));
    CHATMCP_TRY_VOID(
        merge_path(applied.draft, applied.committer, *commit.path, applied.effect.added_leaves()));
    CHATMCP_TRY_VOID(applied.draft.check_unique_keys());
    CHATMCP_TRY_VOID(applied.draft.check_credential_types());
    return applied;
}

DerivedEpoch derive_epoch(GroupContext provisional,
                          ByteView interim,
                          const AuthenticatedContent& content,
                          ByteView init_secret,
                          ByteView commit_secret,
                          ByteView psk_secret) {
    const CipherSuite suite = provisional.suite;
    DerivedEpoch derived;
    derived.context = std::move(provisional);
    const Hash confirmed = confirmed_transcript_hash(suite, interim, content);
    derived.context.confirmed_transcript_hash = confirmed.to_bytes();
    derived.encoded_context = wire::encode(derived.context);
    derived.secrets =
        next_epoch(suite, init_secret, commit_secret, psk_secret, derived.encoded_context);
    derived.confirmation_tag =
        confirmation_tag(suite, derived.secrets.secrets.confirmation_key.view(), confirmed.view());
    derived.interim_transcript_hash =
        interim_transcript_hash(suite, confirmed.view(), derived.confirmation_tag.view())
            .to_bytes();
    return derived;
}

Result<NextEpoch> process_commit(GroupState& state,
                                 Transaction& transaction,
                                 const AuthenticatedContent& content,
                                 const Arrival& arrival) {
    const Sender& sender = content.content.sender;
    CHATMCP_TRY(const Commit commit, wire::decode<Commit>(content.content.body));
    CHATMCP_TRY(AppliedCommit applied, apply_commit(state.public_state(), commit, sender));
    const ProposalEffect& effect = applied.effect;
    CHATMCP_TRY(Change change,
                describe_change(applied.draft,
                                state.epoch.context,
                                state.epoch.own,
                                ChangeSource{effect,
                                             applied.committer,
                                             commit.path.has_value(),
                                             content.wire_format == WireFormat::public_message,
                                             sender.type == SenderType::new_member_commit}));
    EpochState epoch{
        .context = provisional_context(state.epoch.context, effect.extensions, applied.draft),
        .encoded_context = {},
        .interim_transcript_hash = {},
        .secrets = {},
        .own = state.epoch.own,
        .signature_key = state.epoch.signature_key.clone(),
        .own_commit_hash = {},
        .reinit = effect.reinit};
    NextEpoch next{std::move(epoch), std::move(applied.draft), {}, {}, std::move(change)};
    if (!next.change.removes_self) {
        take_own_update(state, next);
        SecretBytes commit_secret;
        if (commit.path.has_value()) {
            CHATMCP_TRY(commit_secret, open_path(state, applied, *commit.path, next));
        }
        CHATMCP_TRY(const SecretBytes psk_secret,
                    load_psk_secret(transaction, state.suite(), effect.psks));
        CHATMCP_TRY(const SecretBytes init, init_secret(state, effect));
        DerivedEpoch derived = derive_epoch(std::move(next.epoch.context),
                                            state.epoch.interim_transcript_hash,
                                            content,
                                            init.view(),
                                            commit_secret.view(),
                                            psk_secret.view());
        if (!equal_constant_time(derived.confirmation_tag.view(), content.auth.confirmation_tag)) {
            return fail(Errc::bad_mac, "MLS-68");
        }
        next.take(std::move(derived));
    }
    CHATMCP_TRY_VOID(
        review_change(ChangeReview{state.environment, state.view, arrival}, next.change));
    return next;
}

}  // namespace chatmcp::mls
