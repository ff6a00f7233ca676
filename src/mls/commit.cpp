#include "mls/commit.h"

#include <algorithm>

#include "base/check.h"
#include "mls/transcript_hash.h"
#include "mls/tree_validation.h"

namespace chatmcp::mls {
namespace {

/// Everything public about a commit: proposals and path, applied to a draft.
struct AppliedCommit {
    TreeDraft draft;
    ProposalEffect effect;
    LeafIndex committer;
};

Result<AppliedCommit> apply_commit(const GroupState& state,
                                   const Commit& commit,
                                   LeafIndex committer) {
    const GroupContext& context = state.epoch.context;
    AppliedCommit applied{TreeDraft(state.tree), {}, committer};
    CHATMCP_TRY(const auto proposals, resolve_proposals(state.proposals, commit, committer));
    CHATMCP_TRY(
        applied.effect,
        apply_proposals(applied.draft, proposals, committer, context, state.environment.limits));
    if (!commit.path.has_value()) {
        if (applied.effect.needs_path) {
            return fail(Errc::invalid_proposals, "MLS-67");
        }
        return applied;
    }
    CHATMCP_TRY_VOID(check_leaf_in_group(context.suite,
                                         commit.path->leaf,
                                         LeafPlace{context.group_id, committer},
                                         applied.effect.extensions));
    CHATMCP_TRY_VOID(
        merge_path(applied.draft, committer, *commit.path, applied.effect.added_leaves()));
    CHATMCP_TRY_VOID(applied.draft.check_unique_keys());
    CHATMCP_TRY_VOID(applied.draft.check_credential_types());
    return applied;
}

/// Transcript, key schedule and confirmation tag of a commit that was applied to `next.tree`.
Result<void> derive_epoch(const GroupState& state,
                          const AuthenticatedContent& content,
                          ByteView commit_secret,
                          ByteView psk_secret,
                          NextEpoch& next) {
    const CipherSuite suite = state.suite();
    EpochState& epoch = next.epoch;
    const Hash confirmed =
        confirmed_transcript_hash(suite, state.epoch.interim_transcript_hash, content);
    epoch.context.confirmed_transcript_hash = confirmed.to_bytes();
    epoch.encoded_context = wire::encode(epoch.context);
    NewEpoch derived = next_epoch(suite,
                                  state.epoch.secrets.init_secret.view(),
                                  commit_secret,
                                  psk_secret,
                                  epoch.encoded_context);
    const Hash tag =
        confirmation_tag(suite, derived.secrets.confirmation_key.view(), confirmed.view());
    if (!equal_constant_time(tag.view(), content.auth.confirmation_tag)) {
        return fail(Errc::bad_mac, "MLS-68");
    }
    epoch.interim_transcript_hash =
        interim_transcript_hash(suite, confirmed.view(), tag.view()).to_bytes();
    epoch.secrets = std::move(derived.secrets);
    next.encryption_secret = std::move(derived.encryption_secret);
    return {};
}

Result<SecretBytes> resumption_psk(Transaction& transaction,
                                   GroupState* group,
                                   const PreSharedKeyId& id) {
    if (group == nullptr) {
        return fail(Errc::unsupported, "MLS-62");
    }
    CHATMCP_TRY_VOID(check_psk_kind(id, group->group_id()));
    if (id.psk_epoch == group->epoch.context.epoch) {
        return group->epoch.secrets.resumption_psk.clone();
    }
    CHATMCP_TRY(const PastEpoch* past, group->past_epoch(transaction, id.psk_epoch));
    if (past == nullptr) {
        return fail(Errc::not_found, "MLS-64");
    }
    return past->resumption_psk.clone();
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
                                    GroupState* group,
                                    const std::vector<PreSharedKeyId>& ids) {
    if (ids.empty()) {
        return SecretBytes();
    }
    std::vector<Psk> psks;
    for (const PreSharedKeyId& id : ids) {
        if (id.type == PreSharedKeyId::Type::resumption) {
            CHATMCP_TRY(SecretBytes secret, resumption_psk(transaction, group, id));
            psks.push_back(Psk{id, std::move(secret)});
            continue;
        }
        CHATMCP_TRY(auto secret, transaction.get(external_psk_key(id.psk_id)));
        if (!secret.has_value()) {
            return fail(Errc::not_found, "MLS-64");
        }
        psks.push_back(Psk{id, SecretBytes(*secret)});
        wipe(*secret);
    }
    return derive_psk_secret(suite, psks);
}

Result<std::vector<SourcedProposal>> resolve_proposals(const std::vector<OpenProposal>& open,
                                                       const Commit& commit,
                                                       LeafIndex committer) {
    std::vector<SourcedProposal> proposals;
    proposals.reserve(commit.proposals.size());
    for (const ProposalOrRef& each : commit.proposals) {
        if (const auto* by_value = std::get_if<Proposal>(&each.content); by_value != nullptr) {
            proposals.push_back({*by_value, committer});
            continue;
        }
        const Bytes& reference = std::get<Bytes>(each.content);
        const auto found = std::ranges::find(open, reference, &OpenProposal::reference);
        if (found == open.end()) {
            return fail(Errc::unknown_proposal, "MLS-66");
        }
        proposals.push_back({found->proposal, found->sender});
    }
    return proposals;
}

Result<NextEpoch> process_commit(GroupState& state,
                                 Transaction& transaction,
                                 const AuthenticatedContent& content,
                                 const Arrival& arrival) {
    const CipherSuite suite = state.suite();
    const LeafIndex committer{content.content.sender.index};
    CHATMCP_TRY(const Commit commit, wire::decode<Commit>(content.content.body));
    CHATMCP_TRY(AppliedCommit applied, apply_commit(state, commit, committer));
    const ProposalEffect& effect = applied.effect;
    CHATMCP_TRY(Change change,
                describe_change(applied.draft,
                                state.epoch.context,
                                state.epoch.own,
                                ChangeSource{effect,
                                             committer,
                                             commit.path.has_value(),
                                             content.wire_format == WireFormat::public_message}));
    EpochState epoch{
        .context = provisional_context(state.epoch.context, effect.extensions, applied.draft),
        .encoded_context = {},
        .interim_transcript_hash = {},
        .secrets = {},
        .own = state.epoch.own,
        .signature_key = state.epoch.signature_key.clone(),
        .own_commit_hash = {}};
    NextEpoch next{std::move(epoch), std::move(applied.draft), {}, {}, std::move(change)};
    if (!next.change.removes_self) {
        SecretBytes commit_secret;
        if (commit.path.has_value()) {
            CHATMCP_TRY(PathSecrets secrets,
                        decrypt_path(next.tree,
                                     committer,
                                     *commit.path,
                                     effect.added_leaves(),
                                     state.epoch.own,
                                     state.private_keys,
                                     wire::encode(next.epoch.context)));
            next.private_keys = std::move(secrets.private_keys);
            commit_secret = std::move(secrets.commit_secret);
        }
        CHATMCP_TRY(const SecretBytes psk_secret,
                    load_psk_secret(transaction, suite, &state, effect.psks));
        CHATMCP_TRY_VOID(
            derive_epoch(state, content, commit_secret.view(), psk_secret.view(), next));
    }
    CHATMCP_TRY_VOID(
        review_change(ChangeReview{state.environment, state.view, arrival}, next.change));
    return next;
}

}  // namespace chatmcp::mls
