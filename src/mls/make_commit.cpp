#include <algorithm>

#include "base/check.h"
#include "mls/commit.h"
#include "mls/component.h"
#include "mls/own_leaf.h"
#include "mls/resumption.h"
#include "mls/sending.h"
#include "mls/tree_validation.h"
#include "mls/welcome.h"

namespace chatmcp::mls {
namespace {

/// What goes into a commit: proposals with their senders, and how each is named in it.
struct CommitList {
    std::vector<SourcedProposal> proposals;
    std::vector<ProposalOrRef> in_commit;
    std::vector<Bytes> key_packages;  // As given; empty for proposals that are no Add.

    void by_value(Proposal proposal, LeafIndex own, Bytes key_package = {}) {
        in_commit.push_back(ProposalOrRef{proposal});
        proposals.push_back({std::move(proposal), member_sender(own)});
        key_packages.push_back(std::move(key_package));
    }
};

/// An open proposal goes in if it is valid alone, by RFC 9420 and by rules, and trust has nothing
/// against whom it adds, in a commit of the form that is planned.
Result<void> check_alone(const GroupState& state,
                         const OpenProposal& open,
                         const Plan& plan,
                         const Arrival& arrival) {
    const std::vector<SourcedProposal> alone = {{open.proposal, open.sender}};
    TreeDraft draft(state.tree);
    CHATMCP_TRY(const ProposalEffect effect,
                apply_proposals(
                    draft, alone, state.epoch.own, state.epoch.context, state.environment.limits));
    CHATMCP_TRY(Change change,
                describe_change(draft,
                                state.epoch.context,
                                state.epoch.own,
                                ChangeSource{.effect = effect,
                                             .committer = state.epoch.own,
                                             .public_message = plan.public_message}));
    CHATMCP_TRY_VOID(review_change(ChangeReview{state.environment, state.view, arrival}, change));
    for (const Distrust& distrust : change.distrusted) {
        const bool is_added = std::ranges::any_of(
            change.added, [&](const LeafView& leaf) { return leaf.index == distrust.leaf; });
        if (is_added) {
            return fail(distrust.reason);
        }
    }
    return {};
}

void include_open_proposals(const GroupState& state,
                            const Plan& plan,
                            const Arrival& arrival,
                            CommitList& list) {
    std::set<LeafIndex> touched(plan.remove.begin(), plan.remove.end());
    std::set<Bytes> added_keys;
    bool has_context_extensions = plan.components.has_value() || plan.extensions.has_value();
    for (const OpenProposal& open : state.proposals) {
        const auto& content = open.proposal.content;
        if (std::holds_alternative<ReInit>(content)) {
            continue;  // It stands alone in its commit: whoever wants it plans it.
        }
        LeafIndex leaf{open.sender.index};
        if (const auto* remove = std::get_if<Remove>(&content); remove != nullptr) {
            leaf = remove->removed;
        }
        const bool touches = std::holds_alternative<Remove>(content) ||
                             std::holds_alternative<Update>(content) ||
                             std::holds_alternative<SelfRemove>(content);
        const bool extends = std::holds_alternative<GroupContextExtensions>(content);
        const auto* add = std::get_if<Add>(&content);
        if ((touches && touched.contains(leaf)) || (extends && has_context_extensions) ||
            (add != nullptr && added_keys.contains(add->key_package.leaf.signature_key)) ||
            !check_alone(state, open, plan, arrival).has_value()) {
            continue;
        }
        if (touches) {
            touched.insert(leaf);
        }
        has_context_extensions |= extends;
        Bytes key_package;
        if (add != nullptr) {
            added_keys.insert(add->key_package.leaf.signature_key);
            key_package = encode_message(WireFormat::key_package, add->key_package);
        }
        list.proposals.push_back({open.proposal, open.sender});
        list.in_commit.push_back(ProposalOrRef{open.reference});
        list.key_packages.push_back(std::move(key_package));
    }
}

Result<CommitList> list_proposals(const GroupState& state,
                                  const Plan& plan,
                                  const Arrival& arrival,
                                  bool include_pending) {
    CommitList list;
    const LeafIndex own = state.epoch.own;
    crypto::Random& random = state.environment.random;
    if (include_pending) {
        include_open_proposals(state, plan, arrival, list);
    }
    CHATMCP_TRY(std::vector<Proposal> planned,
                planned_proposals(plan, state.epoch.context, random));
    std::size_t next_package = 0;
    for (Proposal& proposal : planned) {
        const bool adds = proposal.type() == ProposalType::add;
        list.by_value(std::move(proposal), own, adds ? plan.add[next_package++] : Bytes());
    }
    return list;
}

/// The own leaf as the path will carry it.
LeafNode path_leaf(const GroupState& state, const Plan& plan) {
    const LeafNode& leaf = *state.tree.leaf(state.epoch.own);
    return plan.rotate.has_value() ? rotated_leaf(leaf, *plan.rotate, state.suite()) : leaf;
}

/// A commit while it is being made.
struct Draft {
    CommitList list;
    TreeDraft tree;
    ProposalEffect effect;
    std::optional<NewPath> path;
    Commit commit;
    GroupContext context;  // Provisional: the transcript hash is still the old one.
    Change change;
};

/// Trust's answer about those whom we add is final; about others it is noted.
Result<void> refuse_distrusted(const Change& change, LeafIndex own) {
    for (const Distrust& distrust : change.distrusted) {
        for (std::size_t i = 0; i < change.added.size(); ++i) {
            if (change.added[i].index == distrust.leaf && change.added_by[i] == own) {
                return fail(distrust.reason);
            }
        }
    }
    return {};
}

/// What a Welcome says to all: the GroupInfo, with the tree unless that travels beside it.
Bytes sealed_group_info(const GroupState& state,
                        const Plan& plan,
                        const Draft& draft,
                        const DerivedEpoch& derived,
                        const SignatureKey& leaf_key) {
    GroupInfo info;
    info.context = derived.context;
    if (plan.tree_in_welcome) {
        set_extension(info.extensions, ExtensionType::ratchet_tree, draft.tree.encode());
    }
    info.confirmation_tag = derived.confirmation_tag.to_bytes();
    info.signer = state.epoch.own;
    info.sign(leaf_key);
    return seal_group_info(state.suite(), derived.secrets.welcome_secret.view(), info);
}

/// What a Welcome says to one member that is added.
GroupSecrets secrets_for(const GroupState& state,
                         const Draft& draft,
                         const DerivedEpoch& derived,
                         LeafIndex added) {
    GroupSecrets secrets;
    secrets.joiner_secret = derived.secrets.joiner_secret.clone();
    secrets.psks = draft.effect.psks;
    if (draft.path.has_value()) {
        const NodeIndex ancestor = common_ancestor(state.epoch.own, added);
        const auto step = std::ranges::find(draft.path->steps, ancestor, &NewPath::Step::node);
        CHATMCP_CHECK(step != draft.path->steps.end());
        secrets.path_secret = step->path_secret.clone();
    }
    return secrets;
}

/// The secrets of each member that is added, encrypted to it.
Result<std::vector<EncryptedGroupSecrets>> seal_all_secrets(const GroupState& state,
                                                            const Draft& draft,
                                                            const DerivedEpoch& derived,
                                                            ByteView encrypted_group_info) {
    const std::vector<ProposalEffect::Added>& all = draft.effect.added;
    const crypto::HpkeInfo info = group_secrets_info(state.suite(), encrypted_group_info);
    // The generator may belong to this thread, the work to another.
    std::vector<SecretBytes> seeds;
    seeds.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        seeds.push_back(state.environment.random.secret(crypto::DerivedRandom::kSeedBytes));
    }
    std::vector<EncryptedGroupSecrets> sealed(all.size());
    CHATMCP_TRY_VOID(
        check_all(state.environment.parallel, all.size(), [&](std::size_t i) -> Result<void> {
            const auto& add = std::get<Add>(draft.list.proposals[all[i].proposal].proposal.content);
            crypto::DerivedRandom random(std::move(seeds[i]));
            CHATMCP_TRY(sealed[i],
                        seal_group_secrets(info,
                                           add.key_package,
                                           secrets_for(state, draft, derived, all[i].leaf),
                                           random));
            return {};
        }));
    return sealed;
}

/// One Welcome for each member that is added: its secrets alone. Or one to all.
Result<std::vector<WelcomeFor>> make_welcomes(const GroupState& state,
                                              const Plan& plan,
                                              const Draft& draft,
                                              const DerivedEpoch& derived,
                                              const SignatureKey& leaf_key) {
    std::vector<WelcomeFor> welcomes;
    if (draft.effect.added.empty()) {
        return welcomes;
    }
    const CipherSuite suite = state.suite();
    Welcome welcome;
    welcome.suite = suite;
    welcome.encrypted_group_info = sealed_group_info(state, plan, draft, derived, leaf_key);
    CHATMCP_TRY(auto secrets,
                seal_all_secrets(state, draft, derived, welcome.encrypted_group_info));
    if (plan.one_welcome) {
        welcome.secrets = std::move(secrets);
        welcomes.push_back({{}, encode_message(WireFormat::welcome, welcome)});
        return welcomes;
    }
    for (std::size_t i = 0; i < secrets.size(); ++i) {
        welcome.secrets.clear();
        welcome.secrets.push_back(std::move(secrets[i]));
        welcomes.push_back({draft.list.key_packages[draft.effect.added[i].proposal],
                            encode_message(WireFormat::welcome, welcome)});
    }
    return welcomes;
}

Result<void> add_path(const GroupState& state, const Plan& plan, Draft& draft) {
    CHATMCP_TRY(CommitPath made,
                make_commit_path(draft.tree,
                                 state.epoch.context,
                                 draft.effect,
                                 state.epoch.own,
                                 path_leaf(state, plan),
                                 plan.rotate.has_value() ? plan.rotate->signature_key
                                                         : state.epoch.signature_key,
                                 state.environment.random));
    draft.path = std::move(made.path);
    draft.commit.path = std::move(made.encrypted);
    draft.context = std::move(made.context);
    return {};
}

/// Leaves that come in know what the group asks of everybody, and everybody what is asked anew.
Result<void> check_components_fit(const Draft& draft, LeafIndex own) {
    const auto check = [&](LeafIndex index) {
        const LeafNode* leaf = draft.tree.leaf(index);
        return leaf == nullptr ? Result<void>()
                               : check_leaf_components(leaf->extensions, draft.effect.extensions);
    };
    if (draft.effect.has_context_extensions) {
        for (LeafIndex index{0}; in_tree(index, draft.tree.width()); ++index.value) {
            CHATMCP_TRY_VOID(check(index));
        }
        return {};
    }
    for (const ProposalEffect::Added& added : draft.effect.added) {
        CHATMCP_TRY_VOID(check(added.leaf));
    }
    for (const LeafIndex updated : draft.effect.updated) {
        CHATMCP_TRY_VOID(check(updated));
    }
    return draft.path.has_value() ? check(own) : Result<void>();
}

/// Everything of a commit that can be refused, before anything is signed or spent.
Result<Draft> draft_commit(const GroupState& state,
                           Transaction& transaction,
                           const Plan& plan,
                           const Arrival& arrival,
                           bool include_pending) {
    const LeafIndex own = state.epoch.own;
    CHATMCP_TRY(CommitList list, list_proposals(state, plan, arrival, include_pending));
    Draft draft{std::move(list), TreeDraft(state.tree), {}, std::nullopt, {}, {}, {}};
    CHATMCP_TRY(draft.effect,
                apply_proposals(draft.tree,
                                draft.list.proposals,
                                own,
                                state.epoch.context,
                                state.environment.limits,
                                state.environment.parallel));
    draft.commit.proposals = draft.list.in_commit;
    if (draft.effect.needs_path || plan.rotate.has_value() || plan.force_path) {
        CHATMCP_TRY_VOID(add_path(state, plan, draft));
    } else {
        draft.context =
            provisional_context(state.epoch.context, draft.effect.extensions, draft.tree);
    }
    CHATMCP_TRY_VOID(check_components_fit(draft, own));
    CHATMCP_TRY(
        draft.change,
        describe_change(
            draft.tree,
            state.epoch.context,
            own,
            ChangeSource{draft.effect, own, draft.commit.path.has_value(), plan.public_message}));
    CHATMCP_TRY_VOID(
        review_change(ChangeReview{state.environment, state.view, arrival}, draft.change));
    CHATMCP_TRY_VOID(refuse_distrusted(draft.change, own));
    CHATMCP_TRY_VOID(check_resumed_group(
        state.environment, transaction, draft.effect.psks, draft.context, draft.tree));
    return draft;
}

AuthenticatedContent sign_commit(const GroupState& state,
                                 const Commit& commit,
                                 bool public_message) {
    AuthenticatedContent content =
        member_content(state.epoch, ContentType::commit, wire::encode(commit));
    content.wire_format = public_message ? WireFormat::public_message : WireFormat::private_message;
    // With the key and context of the epoch that ends, whatever the commit changes.
    sign_content(state.suite(), state.epoch.signature_key, state.epoch.encoded_context, content);
    return content;
}

}  // namespace

Result<CommitPath> make_commit_path(TreeDraft& draft,
                                    const GroupContext& before,
                                    const ProposalEffect& effect,
                                    LeafIndex committer,
                                    LeafNode leaf,
                                    const SignatureKey& signature_key,
                                    crypto::Random& random) {
    CommitPath made;
    made.path =
        create_path(draft, committer, std::move(leaf), signature_key, before.group_id, random);
    CHATMCP_TRY_VOID(check_leaf_in_group(
        before.suite, made.path.leaf, LeafPlace{before.group_id, committer}, effect.extensions));
    CHATMCP_TRY_VOID(draft.check_unique_keys());
    CHATMCP_TRY_VOID(draft.check_credential_types());
    made.context = provisional_context(before, effect.extensions, draft);
    CHATMCP_TRY(
        made.encrypted,
        encrypt_path(draft, made.path, effect.added_leaves(), wire::encode(made.context), random));
    return made;
}

Result<StagedCommit> make_commit(GroupState& state,
                                 Transaction& transaction,
                                 const Plan& plan,
                                 const Arrival& arrival) {
    auto drafted = draft_commit(state, transaction, plan, arrival, plan.include_pending);
    if (!drafted.has_value() && plan.include_pending && !state.proposals.empty()) {
        // Open proposals that do not fit together must not keep us from committing ours.
        drafted = draft_commit(state, transaction, plan, arrival, false);
    }
    if (!drafted.has_value()) {
        return fail(drafted.error());
    }
    Draft draft = *std::move(drafted);
    CHATMCP_TRY(const SecretBytes psk_secret,
                load_psk_secret(transaction, state.suite(), draft.effect.psks));
    AuthenticatedContent content = sign_commit(state, draft.commit, plan.public_message);
    DerivedEpoch derived =
        derive_epoch(std::move(draft.context),
                     state.epoch.interim_transcript_hash,
                     content,
                     state.epoch.secrets.init_secret.view(),
                     draft.path.has_value() ? draft.path->commit_secret.view() : ByteView(),
                     psk_secret.view());
    content.auth.confirmation_tag = derived.confirmation_tag.to_bytes();
    CHATMCP_TRY(Bytes message, send_signed(state, transaction, content, 0));

    const SignatureKey& next_key =
        plan.rotate.has_value() ? plan.rotate->signature_key : state.epoch.signature_key;
    Bundle bundle{.epoch = state.epoch.context.epoch,
                  .commit = std::move(message),
                  .welcomes = {},
                  .ratchet_tree = {},
                  .change = draft.change};
    if (!plan.tree_in_welcome) {
        bundle.ratchet_tree = draft.tree.encode();
    }
    CHATMCP_TRY(bundle.welcomes, make_welcomes(state, plan, draft, derived, next_key));
    EpochState epoch{.context = {},
                     .encoded_context = {},
                     .interim_transcript_hash = {},
                     .secrets = {},
                     .own = state.epoch.own,
                     .signature_key = next_key.clone(),
                     .own_commit_hash = message_hash(bundle.commit),
                     .reinit = draft.effect.reinit};
    NextEpoch next{std::move(epoch),
                   std::move(draft.tree),
                   {},
                   draft.path.has_value() ? std::move(draft.path->private_keys) : PrivateKeys{},
                   std::move(draft.change)};
    next.take(std::move(derived));
    return StagedCommit{std::move(next), std::move(bundle)};
}

}  // namespace chatmcp::mls
