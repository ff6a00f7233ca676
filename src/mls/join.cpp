#include "mls/join.h"

#include <algorithm>

#include "crypto/hash.h"
#include "mls/commit.h"
#include "mls/component.h"
#include "mls/own_leaf.h"
#include "mls/resumption.h"
#include "mls/transcript_hash.h"
#include "mls/tree_validation.h"

namespace chatmcp::mls {
namespace {

/// Section 12.4.3.1: the tree is what the members say, and each leaf may stand in this group.
Result<void> check_tree(const RatchetTree& tree,
                        const GroupContext& context,
                        const Parallel* parallel) {
    CHATMCP_TRY_VOID(check_unmerged_leaves(tree));
    CHATMCP_TRY_VOID(check_parent_hashes(tree));
    CHATMCP_TRY_VOID(check_keys_and_credentials(tree));
    CHATMCP_TRY_VOID(check_known_extensions(context.extensions));
    return check_all(parallel, tree.width().value, [&](std::size_t i) -> Result<void> {
        const LeafIndex index{static_cast<std::uint32_t>(i)};
        const LeafNode* leaf = tree.leaf(index);
        return leaf == nullptr ? Result<void>()
                               : check_leaf_in_group(context.suite,
                                                     *leaf,
                                                     LeafPlace{context.group_id, index},
                                                     context.extensions);
    });
}

/// A Welcome that names a key package of ours.
struct Addressed {
    const EncryptedGroupSecrets* secrets = nullptr;
    KeyPackage package;
    KeyPackageSecrets keys;
};

Result<Addressed> find_addressed(Transaction& transaction, const Welcome& welcome) {
    for (const EncryptedGroupSecrets& each : welcome.secrets) {
        CHATMCP_TRY(auto keys, load_key_package(transaction, each.new_member));
        if (!keys.has_value()) {
            continue;
        }
        CHATMCP_TRY(KeyPackage package, stored(wire::decode<KeyPackage>(keys->encoded_package)));
        if (package.suite != welcome.suite) {
            return fail(Errc::invalid_argument, "MLS-74");
        }
        return Addressed{&each, std::move(package), *std::move(keys)};
    }
    return fail(Errc::not_found, "MLS-72");
}

Result<Welcome> decode_welcome(ByteView bytes, const Limits& limits) {
    if (bytes.size() > limits.message_bytes_max) {
        return fail(Errc::too_large, "MLS-79");
    }
    wire::Reader reader(bytes);
    CHATMCP_TRY(const WireFormat format, read_message_header(reader));
    if (format != WireFormat::welcome) {
        return fail(Errc::invalid_argument, "MLS-80");
    }
    CHATMCP_TRY(Welcome welcome, Welcome::read(reader));
    CHATMCP_TRY_VOID(reader.finish());
    return welcome;
}

/// A package of last resort can be used again, the same Welcome cannot.
Result<void> use_welcome_once(Transaction& transaction, const Welcome& welcome) {
    const Bytes key = used_welcome_key(crypto::sha256(welcome.encrypted_group_info));
    CHATMCP_TRY(const auto used, transaction.get(key));
    if (used.has_value()) {
        return fail(Errc::replayed, "MLS-73");
    }
    return transaction.put(key, ByteArray<1>{1});
}

Result<LeafIndex> find_own_leaf(const RatchetTree& tree, const LeafNode& own) {
    for (LeafIndex index{0}; in_tree(index, tree.width()); ++index.value) {
        const LeafNode* leaf = tree.leaf(index);
        if (leaf != nullptr && equal(leaf->encryption_key, own.encryption_key)) {
            if (wire::encode(*leaf) != wire::encode(own)) {
                break;
            }
            return index;
        }
    }
    return fail(Errc::not_member, "MLS-76");
}

/// What the Welcome's secrets open, with the GroupInfo's signature and confirmation tag checked.
struct Opened {
    GroupInfo info;
    RatchetTree tree;
    LeafIndex own;
    NewEpoch secrets;
    PrivateKeys private_keys;
    std::vector<PreSharedKeyId> psks;
};

Result<Opened> open_welcome(const Environment& environment,
                            Transaction& transaction,
                            const Welcome& welcome,
                            const Addressed& addressed,
                            ByteView external_tree) {
    const CipherSuite suite = welcome.suite;
    CHATMCP_TRY(
        GroupSecrets group_secrets,
        open_group_secrets(
            suite, addressed.keys.init_key, *addressed.secrets, welcome.encrypted_group_info));
    CHATMCP_TRY(const SecretBytes psk_secret,
                load_psk_secret(transaction, suite, group_secrets.psks));
    const SecretBytes welcome_secret =
        derive_welcome_secret(suite, group_secrets.joiner_secret.view(), psk_secret.view());
    CHATMCP_TRY(GroupInfo info,
                open_group_info(suite, welcome_secret.view(), welcome.encrypted_group_info));
    if (info.context.suite != suite) {
        return fail(Errc::invalid_argument, "MLS-74");
    }
    CHATMCP_TRY(RatchetTree tree,
                tree_of(info, external_tree, environment.limits, environment.parallel));
    CHATMCP_TRY_VOID(check_resumed_group(
        environment, transaction, group_secrets.psks, info.context, TreeDraft(tree)));
    CHATMCP_TRY(const LeafIndex own, find_own_leaf(tree, addressed.package.leaf));
    PrivateKeys private_keys;
    if (group_secrets.path_secret.has_value()) {
        CHATMCP_TRY(PathSecrets path,
                    implant_path_secret(
                        TreeDraft(tree), info.signer, own, std::move(*group_secrets.path_secret)));
        private_keys = std::move(path.private_keys);
    }
    private_keys.emplace(node_of(own), addressed.keys.encryption_key.clone());
    NewEpoch secrets = join_epoch(suite,
                                  std::move(group_secrets.joiner_secret),
                                  psk_secret.view(),
                                  wire::encode(info.context));
    const Hash tag = confirmation_tag(
        suite, secrets.secrets.confirmation_key.view(), info.context.confirmed_transcript_hash);
    if (!equal_constant_time(tag.view(), info.confirmation_tag)) {
        return fail(Errc::bad_mac, "MLS-68");
    }
    return Opened{std::move(info),
                  std::move(tree),
                  own,
                  std::move(secrets),
                  std::move(private_keys),
                  std::move(group_secrets.psks)};
}

EpochState epoch_of(const GroupContext& context,
                    ByteView tag,
                    EpochSecrets secrets,
                    LeafIndex own,
                    SignatureKey signature_key) {
    const Hash interim =
        interim_transcript_hash(context.suite, context.confirmed_transcript_hash, tag);
    return EpochState{.context = context,
                      .encoded_context = wire::encode(context),
                      .interim_transcript_hash = interim.to_bytes(),
                      .secrets = std::move(secrets),
                      .own = own,
                      .signature_key = std::move(signature_key),
                      .own_commit_hash = {}};
}

/// The context of a new group (section 11), whose members can all read our components.
GroupContext first_context(const GroupSpec& spec) {
    GroupContext context;
    context.suite = spec.suite;
    context.group_id = spec.group_id;
    if (spec.extensions.has_value()) {
        context.extensions = *spec.extensions;
        return context;
    }
    RequiredCapabilities required;
    required.extension_types = {static_cast<std::uint16_t>(ExtensionType::app_data_dictionary)};
    required.proposal_types = {static_cast<std::uint16_t>(ProposalType::app_data_update)};
    set_extension(context.extensions, ExtensionType::required_capabilities, wire::encode(required));
    set_extension(
        context.extensions, ExtensionType::app_data_dictionary, encode_dictionary(spec.components));
    return context;
}

}  // namespace

Result<GroupInfo> decode_group_info(ByteView bytes, const Limits& limits) {
    if (bytes.size() > limits.message_bytes_max) {
        return fail(Errc::too_large, "MLS-79");
    }
    wire::Reader reader(bytes);
    CHATMCP_TRY(const WireFormat format, read_message_header(reader));
    if (format != WireFormat::group_info) {
        return fail(Errc::invalid_argument, "MLS-80");
    }
    CHATMCP_TRY(GroupInfo info, GroupInfo::read(reader));
    CHATMCP_TRY_VOID(reader.finish());
    return info;
}

Result<RatchetTree> tree_of(const GroupInfo& info,
                            ByteView external_tree,
                            const Limits& limits,
                            const Parallel* parallel) {
    const Extension* extension = find_extension(info.extensions, ExtensionType::ratchet_tree);
    if (extension == nullptr && external_tree.empty()) {
        return fail(Errc::not_found, "MLS-87");
    }
    CHATMCP_TRY(
        RatchetTree tree,
        RatchetTree::decode(info.context.suite,
                            extension != nullptr ? ByteView(extension->data) : external_tree,
                            limits.members_max));
    if (!equal(tree.root_hash().view(), info.context.tree_hash)) {
        return fail(Errc::invalid_tree, "MLS-78");
    }
    const LeafNode* signer = tree.leaf(info.signer);
    if (signer == nullptr) {
        return fail(Errc::not_member, "MLS-77");
    }
    CHATMCP_TRY_VOID(info.verify(signer->signature_key));
    CHATMCP_TRY_VOID(check_tree(tree, info.context, parallel));
    return tree;
}

Result<std::vector<Distrust>> review_group(const Environment& environment,
                                           const EpochState& epoch,
                                           const RatchetTree& tree,
                                           LeafIndex founder,
                                           const std::vector<PreSharedKeyId>& psks,
                                           const Arrival& arrival) {
    StateView founding(epoch, tree, true);
    founding.refresh();
    StateView joined(epoch, tree, false);
    joined.refresh();
    Change change;
    change.committer = founder;
    change.from = Epoch{epoch.context.epoch.value - (epoch.context.epoch.value > 0 ? 1 : 0)};
    change.added = joined.members();
    change.added_by.assign(change.added.size(), founder);
    change.has_pre_shared_keys = !psks.empty();
    change.components = ComponentsChange{{}, joined.components(), {founder}};
    change.other_extensions_changed =
        std::ranges::any_of(epoch.context.extensions, [](const Extension& extension) {
            return extension.type !=
                       static_cast<std::uint16_t>(ExtensionType::app_data_dictionary) &&
                   extension.type !=
                       static_cast<std::uint16_t>(ExtensionType::required_capabilities);
        });
    std::vector<Distrust> distrusted;
    for (const LeafView& leaf : change.added) {
        CHATMCP_TRY_VOID(environment.rules.check_leaf(leaf, nullptr, founding));
    }
    CHATMCP_TRY_VOID(environment.rules.check_commit(change, founding));
    for (const LeafView& leaf : change.added) {
        const Arrival found{arrival.accepted_at, leaf.index != joined.own_index()};
        if (const auto trusted = environment.trust.check(leaf, nullptr, joined, found);
            !trusted.has_value()) {
            distrusted.push_back(Distrust{leaf.index, trusted.error()});
        }
    }
    return distrusted;
}

Result<void> make_room(Transaction& transaction, ByteView group_id) {
    CHATMCP_TRY(auto header, transaction.get(record_key(group_id, RecordKind::header)));
    if (!header.has_value()) {
        return {};
    }
    wire::Reader reader(*header);
    CHATMCP_TRY_VOID(stored(reader.u32()));
    const auto old = stored(EpochState::read(reader));
    wipe(*header);
    if (!old.has_value()) {
        return fail(old.error());
    }
    if (!old->removed) {
        return fail(Errc::already_exists, "MLS-75");
    }
    return Group::erase(transaction, group_id);
}

Result<Group> Group::join(const Environment& environment,
                          Transaction& transaction,
                          ByteView welcome_bytes,
                          const Arrival& arrival,
                          ByteView external_tree) {
    CHATMCP_TRY(const Welcome welcome, decode_welcome(welcome_bytes, environment.limits));
    CHATMCP_TRY_VOID(check_enabled(environment, welcome.suite));
    CHATMCP_TRY(const Addressed addressed, find_addressed(transaction, welcome));
    CHATMCP_TRY(Opened opened,
                open_welcome(environment, transaction, welcome, addressed, external_tree));
    EpochState epoch = epoch_of(opened.info.context,
                                opened.info.confirmation_tag,
                                std::move(opened.secrets.secrets),
                                opened.own,
                                addressed.keys.signature_key.clone());
    CHATMCP_TRY(
        std::vector<Distrust> distrusted,
        review_group(environment, epoch, opened.tree, opened.info.signer, opened.psks, arrival));
    CHATMCP_TRY_VOID(make_room(transaction, opened.info.context.group_id));
    CHATMCP_TRY_VOID(use_welcome_once(transaction, welcome));
    CHATMCP_TRY_VOID(
        use_up_key_package(transaction, addressed.secrets->new_member, addressed.keys));
    auto state =
        std::make_unique<GroupState>(environment, std::move(epoch), std::move(opened.tree));
    state->private_keys = std::move(opened.private_keys);
    state->distrusted_at_join = std::move(distrusted);
    state->welcomed_by = opened.info.signer;
    CHATMCP_TRY_VOID(state->store_all(transaction, std::move(opened.secrets.encryption_secret)));
    return Group(std::move(state));
}

Result<Group> Group::create(const Environment& environment,
                            Transaction& transaction,
                            const GroupSpec& spec,
                            LeafSetup own,
                            const Arrival& arrival) {
    if (spec.group_id.size() > kGroupIdMaxBytes) {
        return fail(Errc::too_large, "MLS-88");
    }
    CHATMCP_TRY_VOID(check_enabled(environment, spec.suite));
    auto leaf_key = crypto::HpkePrivateKey::generate(kem_of(spec.suite), environment.random);
    // The leaf is signed for this group, as one of a path in a group of one.
    LeafNode leaf = unsigned_leaf(own, spec.suite, leaf_key.public_key());
    leaf.source = LeafSource::commit;
    sign_leaf(spec.suite, own.signature_key, LeafPlace{spec.group_id, LeafIndex{0}}, leaf);
    GroupContext context = first_context(spec);
    CHATMCP_TRY_VOID(check_known_extensions(context.extensions));
    CHATMCP_TRY_VOID(check_leaf_in_group(
        spec.suite, leaf, LeafPlace{spec.group_id, LeafIndex{0}}, context.extensions));
    CHATMCP_TRY_VOID(check_leaf_components(leaf.extensions, context.extensions));
    RatchetTree tree(spec.suite);
    TreeDraft draft(tree);
    draft.set_leaf(LeafIndex{0}, std::move(leaf));
    context.tree_hash = draft.root_hash().to_bytes();
    tree.merge(std::move(draft));

    // Section 11: the first epoch's secret is random. Nobody else ever derives this epoch.
    const SecretBytes init_secret = environment.random.secret(hash_bytes(spec.suite));
    NewEpoch secrets = next_epoch(spec.suite, init_secret.view(), {}, {}, wire::encode(context));
    const Hash tag = confirmation_tag(
        spec.suite, secrets.secrets.confirmation_key.view(), context.confirmed_transcript_hash);
    EpochState epoch = epoch_of(context,
                                tag.view(),
                                std::move(secrets.secrets),
                                LeafIndex{0},
                                std::move(own.signature_key));
    CHATMCP_TRY(const auto distrusted,
                review_group(environment, epoch, tree, LeafIndex{0}, {}, arrival));
    if (!distrusted.empty()) {
        return fail(distrusted[0].reason);
    }
    CHATMCP_TRY_VOID(make_room(transaction, spec.group_id));
    auto state = std::make_unique<GroupState>(environment, std::move(epoch), std::move(tree));
    state->private_keys.emplace(NodeIndex{0}, std::move(leaf_key));
    CHATMCP_TRY_VOID(state->store_all(transaction, std::move(secrets.encryption_secret)));
    return Group(std::move(state));
}

}  // namespace chatmcp::mls
