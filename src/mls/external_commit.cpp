// Joining by an external commit (RFC 9420 section 12.4.3.2), and the GroupInfo that allows it.

#include "mls/commit.h"
#include "mls/component.h"
#include "mls/join.h"
#include "mls/own_leaf.h"
#include "mls/public_handshake.h"
#include "mls/transcript_hash.h"

namespace chatmcp::mls {
namespace {

/// Section 8.3: a secret that the members derive from `kem_output` and their external secret.
Result<crypto::HpkeExport> encapsulate_init_secret(const GroupInfo& info, crypto::Random& random) {
    const Extension* extension = find_extension(info.extensions, ExtensionType::external_pub);
    if (extension == nullptr) {
        return fail(Errc::not_found, "MLS-93");
    }
    CHATMCP_TRY(const Bytes external_pub, decode_external_pub(extension->data));
    const CipherSuite suite = info.context.suite;
    return crypto::hpke_send_export(hpke_suite(suite),
                                    external_pub,
                                    {},
                                    as_bytes(kExternalInitLabel),
                                    hash_bytes(suite),
                                    random);
}

/// What members want to leave, as far as somebody outside can check it: not the membership tag.
/// Errors: invalid_argument (MLS-80) another message; invalid_proposals (MLS-96) another proposal;
///         those of verify_handshake.
Result<std::vector<OpenProposal>> read_self_removes(const PublicState& state,
                                                    const std::vector<Bytes>& messages) {
    std::vector<OpenProposal> proposals;
    for (const Bytes& bytes : messages) {
        wire::Reader reader(bytes);
        CHATMCP_TRY(const WireFormat format, read_message_header(reader));
        if (format != WireFormat::public_message) {
            return fail(Errc::invalid_argument, "MLS-80");
        }
        CHATMCP_TRY(PublicMessage message, PublicMessage::read(reader));
        CHATMCP_TRY_VOID(reader.finish());
        CHATMCP_TRY_VOID(check_current(state.context, message.content));
        const AuthenticatedContent content{
            format, std::move(message.content), std::move(message.auth)};
        CHATMCP_TRY_VOID(verify_handshake(state, wire::encode(state.context), content));
        CHATMCP_TRY(OpenProposal proposal, read_proposal(state, content));
        if (proposal.proposal.type() != ProposalType::self_remove) {
            return fail(Errc::invalid_proposals, "MLS-96");
        }
        proposals.push_back(std::move(proposal));
    }
    return proposals;
}

/// The commit before it is signed, and the tree that it makes.
struct ExternalDraft {
    TreeDraft tree;
    ProposalEffect effect;
    LeafIndex own;
    NewPath path;
    GroupContext context;  // Provisional.
    Commit commit;
};

Result<ExternalDraft> draft_external_commit(const Environment& environment,
                                            const RatchetTree& tree,
                                            const GroupContext& before,
                                            const ExternalJoin& how,
                                            const std::vector<OpenProposal>& self_removes,
                                            Bytes kem_output) {
    crypto::Random& random = environment.random;
    ExternalDraft draft{TreeDraft(tree), {}, {}, {}, {}, {}};
    Plan plan{.external_psks = how.external_psks};
    if (how.resync.has_value()) {
        plan.remove = {*how.resync};
    }
    CHATMCP_TRY(std::vector<Proposal> proposals, planned_proposals(plan, before, random));
    proposals.push_back(Proposal{ExternalInit{std::move(kem_output)}});
    std::vector<SourcedProposal> sourced;
    for (const OpenProposal& leaving : self_removes) {
        sourced.push_back({leaving.proposal, leaving.sender});
        draft.commit.proposals.push_back(ProposalOrRef{leaving.reference});
    }
    for (const Proposal& proposal : proposals) {
        sourced.push_back({proposal, {SenderType::new_member_commit, 0}});
        draft.commit.proposals.push_back(ProposalOrRef{proposal});
    }
    CHATMCP_TRY(draft.effect,
                apply_proposals(draft.tree, sourced, std::nullopt, before, environment.limits));
    LeafNode leaf = unsigned_leaf(how.own, before.suite, {});
    CHATMCP_TRY_VOID(check_leaf_components(leaf.extensions, draft.effect.extensions));
    CHATMCP_TRY(draft.own, draft.tree.add(leaf, environment.limits.members_max));
    CHATMCP_TRY(CommitPath made,
                make_commit_path(draft.tree,
                                 before,
                                 draft.effect,
                                 draft.own,
                                 std::move(leaf),
                                 how.own.signature_key,
                                 random));
    draft.path = std::move(made.path);
    draft.commit.path = std::move(made.encrypted);
    draft.context = std::move(made.context);
    draft.effect.added.push_back({draft.own, draft.own, 0});
    return draft;
}

AuthenticatedContent sign_external_commit(const GroupContext& before,
                                          const Commit& commit,
                                          const SignatureKey& key) {
    AuthenticatedContent content;
    content.wire_format = WireFormat::public_message;
    content.content.group_id = before.group_id;
    content.content.epoch = before.epoch;
    content.content.sender = {SenderType::new_member_commit, 0};
    content.content.content_type = ContentType::commit;
    content.content.body = wire::encode(commit);
    content.content.authenticated_data = empty_authenticated_data(before.extensions);
    sign_content(before.suite, key, wire::encode(before), content);
    return content;
}

}  // namespace

Result<std::pair<Group, Bundle>> Group::join_external(const Environment& environment,
                                                      Transaction& transaction,
                                                      ExternalJoin how,
                                                      const Arrival& arrival) {
    CHATMCP_TRY(const GroupInfo info, decode_group_info(how.group_info, environment.limits));
    const GroupContext& before = info.context;
    CHATMCP_TRY_VOID(check_enabled(environment, before.suite));
    CHATMCP_TRY(RatchetTree tree,
                tree_of(info, how.ratchet_tree, environment.limits, environment.parallel));
    CHATMCP_TRY(crypto::HpkeExport init, encapsulate_init_secret(info, environment.random));
    const std::vector<OpenProposal> none;
    CHATMCP_TRY(const auto self_removes,
                read_self_removes({tree, before, none, environment.limits}, how.self_removes));
    CHATMCP_TRY(
        ExternalDraft draft,
        draft_external_commit(environment, tree, before, how, self_removes, std::move(init.enc)));
    CHATMCP_TRY(const SecretBytes psk_secret,
                load_psk_secret(transaction, before.suite, draft.effect.psks));

    AuthenticatedContent content =
        sign_external_commit(before, draft.commit, how.own.signature_key);
    const Hash interim = interim_transcript_hash(
        before.suite, before.confirmed_transcript_hash, info.confirmation_tag);
    DerivedEpoch derived = derive_epoch(std::move(draft.context),
                                        interim.view(),
                                        content,
                                        init.secret.view(),
                                        draft.path.commit_secret.view(),
                                        psk_secret.view());
    content.auth.confirmation_tag = derived.confirmation_tag.to_bytes();
    Bundle bundle{.epoch = before.epoch,
                  .commit = encode_message(WireFormat::public_message,
                                           protect_public(before.suite, {}, {}, content)),
                  .welcomes = {},
                  .ratchet_tree = {},
                  .change = {}};
    CHATMCP_TRY(bundle.change,
                describe_change(draft.tree,
                                before,
                                draft.own,
                                ChangeSource{draft.effect, draft.own, true, true, true}));

    tree.merge(std::move(draft.tree));
    EpochState epoch{.context = std::move(derived.context),
                     .encoded_context = std::move(derived.encoded_context),
                     .interim_transcript_hash = std::move(derived.interim_transcript_hash),
                     .secrets = std::move(derived.secrets.secrets),
                     .own = draft.own,
                     .signature_key = std::move(how.own.signature_key),
                     .own_commit_hash = message_hash(bundle.commit)};
    CHATMCP_TRY(std::vector<Distrust> distrusted,
                review_group(environment, epoch, tree, info.signer, draft.effect.psks, arrival));
    // Whoever comes back with resync gives up what is left of the old state.
    CHATMCP_TRY_VOID(how.resync.has_value() ? erase(transaction, before.group_id)
                                            : make_room(transaction, before.group_id));
    auto state = std::make_unique<GroupState>(environment, std::move(epoch), std::move(tree));
    state->private_keys = std::move(draft.path.private_keys);
    state->distrusted_at_join = std::move(distrusted);
    CHATMCP_TRY_VOID(state->store_all(transaction, std::move(derived.secrets.encryption_secret)));
    return std::pair(Group(std::move(state)), std::move(bundle));
}

Result<Bytes> Group::group_info(bool with_tree, bool with_external_pub) const {
    CHATMCP_TRY_VOID(state_->check_member());
    const EpochState& epoch = state_->epoch;
    GroupInfo info;
    info.context = epoch.context;
    if (with_tree) {
        set_extension(info.extensions, ExtensionType::ratchet_tree, ratchet_tree());
    }
    if (with_external_pub) {
        const auto key = external_key(state_->suite(), epoch.secrets.external_secret.view());
        set_extension(
            info.extensions, ExtensionType::external_pub, encode_external_pub(key.public_key()));
    }
    info.confirmation_tag = confirmation_tag(state_->suite(),
                                             epoch.secrets.confirmation_key.view(),
                                             epoch.context.confirmed_transcript_hash)
                                .to_bytes();
    info.signer = epoch.own;
    info.sign(epoch.signature_key);
    return encode_message(WireFormat::group_info, info);
}

Bytes Group::ratchet_tree() const {
    return TreeDraft(state_->tree).encode();
}

}  // namespace chatmcp::mls
