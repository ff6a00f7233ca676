#include "mls/proposal_list.h"

#include <algorithm>

#include "mls/app_ack.h"
#include "mls/component.h"
#include "mls/tree_validation.h"

namespace chatmcp::mls {
namespace {

/// The proposals of one commit by kind, each checked against the others.
struct Sorted {
    std::vector<std::pair<const Add*, std::size_t>> adds;
    std::vector<std::pair<LeafIndex, const Update*>> updates;
    std::vector<ProposalEffect::Removed> removes;
    const GroupContextExtensions* context_extensions = nullptr;
    std::vector<const AppDataUpdate*> app_data_updates;
    std::vector<Proposer> context_extensions_by;
    std::vector<Attached> attached;
    std::set<ProposalType> optional_types;  // Types that not everybody has to know.
    std::vector<PreSharedKeyId> psks;
    const ReInit* reinit = nullptr;
    const ExternalInit* external_init = nullptr;
};

class Sorter {
  public:
    Sorter(const TreeDraft& tree, std::optional<LeafIndex> committer, Epoch epoch)
        : tree_(tree), committer_(committer), epoch_(epoch) {}

    Result<void> operator()(const Add& add) {
        sorted.adds.emplace_back(&add, position);
        return {};
    }

    Result<void> operator()(const Update& update) {
        // The committer changes its own leaf by the path; an Update beside it would be ambiguous.
        const LeafIndex leaf{sender.index};
        if (leaf == committer_) {
            return fail(Errc::invalid_proposals, "MLS-51");
        }
        CHATMCP_TRY_VOID(touch(leaf));
        if (update.leaf.source != LeafSource::update) {
            return fail(Errc::invalid_proposals, "MLS-55");
        }
        if (equal(update.leaf.encryption_key, tree_.leaf(leaf)->encryption_key)) {
            return fail(Errc::invalid_proposals, "MLS-56");
        }
        sorted.updates.emplace_back(leaf, &update);
        return {};
    }

    Result<void> operator()(const Remove& remove) {
        if (remove.removed == committer_) {
            return fail(Errc::invalid_proposals, "MLS-52");
        }
        CHATMCP_TRY_VOID(touch(remove.removed));
        sorted.removes.push_back({remove.removed, proposer_of(sender)});
        return {};
    }

    Result<void> operator()(const PreSharedKey& psk) {
        // Those who found a group by reinit or branch are alone in it before its first commit
        // (sections 11.2 and 11.3); nobody else ever sees such a commit.
        const bool founding = epoch_ == Epoch{0} && tree_.member_count() == 1;
        if (psk.psk.type == PreSharedKeyId::Type::resumption &&
            psk.psk.resumption.usage != ResumptionUsage::application && !founding) {
            return fail(Errc::invalid_proposals, "MLS-62");
        }
        if (psk.psk.psk_nonce.size() != hash_bytes(tree_.suite())) {
            return fail(Errc::malformed, "MLS-63");
        }
        if (std::ranges::find(sorted.psks, psk.psk) != sorted.psks.end()) {
            return fail(Errc::invalid_proposals, "MLS-59");
        }
        sorted.psks.push_back(psk.psk);
        return {};
    }

    Result<void> operator()(const ReInit& reinit) {
        if (reinit.version != kProtocolVersionMls10) {
            return fail(Errc::unsupported, "MLS-97");
        }
        sorted.reinit = &reinit;
        return {};
    }

    Result<void> operator()(const ExternalInit& init) {
        if (committer_.has_value()) {
            return fail(Errc::invalid_proposals, "MLS-61");
        }
        sorted.external_init = &init;
        return {};
    }

    Result<void> operator()(const GroupContextExtensions& extensions) {
        if (sorted.context_extensions != nullptr) {
            return fail(Errc::invalid_proposals, "MLS-58");
        }
        CHATMCP_TRY_VOID(check_known_extensions(extensions.extensions));
        sorted.context_extensions = &extensions;
        sorted.context_extensions_by.push_back(proposer_of(sender));
        return {};
    }

    Result<void> operator()(const AppDataUpdate& update) {
        sorted.optional_types.insert(ProposalType::app_data_update);
        sorted.app_data_updates.push_back(&update);
        sorted.context_extensions_by.push_back(proposer_of(sender));
        return {};
    }

    Result<void> operator()(const AppEphemeral& ephemeral) {
        sorted.optional_types.insert(ProposalType::app_ephemeral);
        sorted.attached.push_back({ephemeral.component, proposer_of(sender)});
        return {};
    }

    Result<void> operator()(const SelfRemove& /*leave*/) {
        const Proposer leaf = proposer_of(sender);
        if (!leaf.has_value() || leaf == committer_) {
            return fail(Errc::invalid_proposals, "MLS-108");
        }
        CHATMCP_TRY_VOID(touch(*leaf));
        sorted.optional_types.insert(ProposalType::self_remove);
        sorted.removes.push_back({*leaf, leaf});
        return {};
    }

    Sorted sorted;
    Sender sender;
    std::size_t position = 0;

  private:
    Result<void> touch(LeafIndex leaf) {
        if (tree_.leaf(leaf) == nullptr) {
            return fail(Errc::invalid_proposals, "MLS-54");
        }
        if (!touched_.insert(leaf).second) {
            return fail(Errc::invalid_proposals, "MLS-53");
        }
        return {};
    }

    const TreeDraft& tree_;
    std::optional<LeafIndex> committer_;
    Epoch epoch_;
    std::set<LeafIndex> touched_;
};

/// Section 12.2, external commits: one ExternalInit, at most one Remove, any PSKs.
Result<void> check_external_list(const std::vector<SourcedProposal>& proposals) {
    std::size_t inits = 0;
    std::size_t removes = 0;
    for (const SourcedProposal& each : proposals) {
        switch (each.proposal.type()) {
            case ProposalType::external_init:
                ++inits;
                break;
            case ProposalType::remove:
                ++removes;
                break;
            case ProposalType::psk:
            case ProposalType::app_data_update:
            case ProposalType::app_ephemeral:
            case ProposalType::self_remove:
                break;
            default:
                return fail(Errc::invalid_proposals, "MLS-96");
        }
    }
    if (inits != 1 || removes > 1) {
        return fail(Errc::invalid_proposals, "MLS-96");
    }
    return {};
}

/// Section 17.4 and the draft's table.
bool needs_path(ProposalType type) {
    switch (type) {
        case ProposalType::add:
        case ProposalType::psk:
        case ProposalType::reinit:
        case ProposalType::app_data_update:
        case ProposalType::app_ephemeral:
            return false;
        default:
            return true;
    }
}

Result<void> check_key_package(const KeyPackage& package, CipherSuite suite) {
    if (package.suite != suite) {
        return fail(Errc::invalid_proposals, "MLS-57");
    }
    return package.verify();
}

/// New extensions must be supported by everybody who stays, not by those who leave.
Result<void> check_members_support(const TreeDraft& draft, const Extensions& extensions) {
    CHATMCP_TRY(const RequiredCapabilities required, required_capabilities_of(extensions));
    for (LeafIndex index{0}; in_tree(index, draft.width()); ++index.value) {
        if (const LeafNode* leaf = draft.leaf(index); leaf != nullptr) {
            CHATMCP_TRY_VOID(check_supports_extensions(*leaf, extensions));
            CHATMCP_TRY_VOID(check_required_capabilities(*leaf, required));
        }
    }
    return {};
}

Result<void> apply_updates_and_removes(TreeDraft& draft,
                                       const Sorted& sorted,
                                       const GroupContext& context,
                                       ProposalEffect& effect) {
    for (const auto& [leaf, update] : sorted.updates) {
        CHATMCP_TRY_VOID(check_leaf_in_group(
            context.suite, update->leaf, LeafPlace{context.group_id, leaf}, effect.extensions));
        draft.update(leaf, update->leaf);
        effect.updated.push_back(leaf);
    }
    for (const ProposalEffect::Removed& removed : sorted.removes) {
        draft.remove(removed.leaf);
    }
    effect.removed = sorted.removes;
    return {};
}

Result<void> apply_adds(TreeDraft& draft,
                        const Sorted& sorted,
                        const std::vector<SourcedProposal>& proposals,
                        const GroupContext& context,
                        const Limits& limits,
                        const Parallel* parallel,
                        ProposalEffect& effect) {
    CHATMCP_TRY_VOID(check_all(parallel, sorted.adds.size(), [&](std::size_t i) -> Result<void> {
        const KeyPackage& package = sorted.adds[i].first->key_package;
        CHATMCP_TRY_VOID(check_key_package(package, context.suite));
        return check_leaf_capabilities(package.leaf, effect.extensions);
    }));
    for (const auto& [add, position] : sorted.adds) {
        const KeyPackage& package = add->key_package;
        CHATMCP_TRY(const LeafIndex leaf, draft.add(package.leaf, limits.members_max));
        effect.added.push_back({leaf, proposer_of(proposals[position].sender), position});
    }
    return {};
}

/// Section 7.2: what not everybody has to know, all members of the next epoch know.
Result<void> check_members_know(const TreeDraft& draft,
                                const std::set<ProposalType>& types,
                                const RequiredCapabilities& required) {
    for (const ProposalType type : types) {
        const auto number = static_cast<std::uint16_t>(type);
        if (contains(required.proposal_types, number)) {
            continue;  // Everybody was checked at the door.
        }
        for (LeafIndex index{0}; in_tree(index, draft.width()); ++index.value) {
            const LeafNode* leaf = draft.leaf(index);
            if (leaf != nullptr && !contains(leaf->capabilities.proposals, number)) {
                return fail(Errc::invalid_proposals, "MLS-105");
            }
        }
    }
    return {};
}

/// The dictionary after the commit's AppDataUpdates, in their order.
Result<std::vector<Component>> update_components(std::vector<Component> components,
                                                 const std::vector<const AppDataUpdate*>& updates) {
    std::set<std::uint16_t> updated;
    std::set<std::uint16_t> removed;
    for (const AppDataUpdate* update : updates) {
        const std::uint16_t id = update->component_id;
        const auto at = std::ranges::lower_bound(components, id, {}, &Component::id);
        const bool present = at != components.end() && at->id == id;
        if (!update->update.has_value()) {
            if (!present || updated.contains(id) || !removed.insert(id).second) {
                return fail(Errc::invalid_proposals, "MLS-106");
            }
            components.erase(at);
            continue;
        }
        updated.insert(id);
        if (removed.contains(id)) {
            return fail(Errc::invalid_proposals, "MLS-106");
        }
        if (present) {
            at->data = *update->update;
        } else {
            components.insert(at, Component{id, *update->update});
        }
    }
    return components;
}

/// What the commit makes of the context's extensions.
Result<void> apply_context_changes(const Sorted& sorted,
                                   const GroupContext& context,
                                   const RequiredCapabilities& required,
                                   ProposalEffect& effect) {
    effect.extensions = sorted.context_extensions != nullptr ? sorted.context_extensions->extensions
                                                             : context.extensions;
    const auto dictionary_of = [](const Extensions& extensions) {
        const Extension* found = find_extension(extensions, ExtensionType::app_data_dictionary);
        return found == nullptr ? std::optional<Bytes>() : found->data;
    };
    const bool updates_only = contains(required.proposal_types,
                                       static_cast<std::uint16_t>(ProposalType::app_data_update));
    if (updates_only && dictionary_of(effect.extensions) != dictionary_of(context.extensions)) {
        return fail(Errc::invalid_proposals, "MLS-107");
    }
    if (!sorted.app_data_updates.empty()) {
        CHATMCP_TRY(auto components, components_of(effect.extensions));
        CHATMCP_TRY(components, update_components(std::move(components), sorted.app_data_updates));
        CHATMCP_TRY_VOID(check_known_components(components));
        set_extension(
            effect.extensions, ExtensionType::app_data_dictionary, encode_dictionary(components));
    }
    effect.has_context_extensions =
        sorted.context_extensions != nullptr || !sorted.app_data_updates.empty();
    effect.context_extensions_by = sorted.context_extensions_by;
    return {};
}

bool differ_beside_dictionary(const Extensions& a, const Extensions& b) {
    const auto rest = [](Extensions extensions) {
        std::erase_if(extensions, [](const Extension& extension) {
            return extension.type == static_cast<std::uint16_t>(ExtensionType::app_data_dictionary);
        });
        return extensions;
    };
    return rest(a) != rest(b);
}

}  // namespace

Sender member_sender(LeafIndex leaf) {
    return {SenderType::member, leaf.value};
}

Proposer proposer_of(const Sender& sender) {
    return sender.type == SenderType::member ? Proposer(LeafIndex{sender.index}) : std::nullopt;
}

Result<void> check_sender_may_propose(const Sender& sender, const Proposal& proposal) {
    const ProposalType type = proposal.type();
    bool may = false;
    switch (sender.type) {
        case SenderType::member:
            may = type != ProposalType::external_init;
            break;
        case SenderType::external:
            may = type != ProposalType::update && type != ProposalType::external_init &&
                  type != ProposalType::self_remove;
            break;
        case SenderType::new_member_proposal:
            may = type == ProposalType::add;
            break;
        case SenderType::new_member_commit:
            break;
    }
    return may ? Result<void>() : fail(Errc::permission_denied, "MLS-95");
}

std::set<LeafIndex> ProposalEffect::added_leaves() const {
    std::set<LeafIndex> leaves;
    for (const Added& each : added) {
        leaves.insert(each.leaf);
    }
    return leaves;
}

Result<ProposalEffect> apply_proposals(TreeDraft& draft,
                                       const std::vector<SourcedProposal>& proposals,
                                       std::optional<LeafIndex> committer,
                                       const GroupContext& context,
                                       const Limits& limits,
                                       const Parallel* parallel) {
    if (!committer.has_value()) {
        CHATMCP_TRY_VOID(check_external_list(proposals));
    }
    Sorter sorter(draft, committer, context.epoch);
    ProposalEffect effect;
    // An empty list needs a path too.
    effect.needs_path = proposals.empty();
    for (const SourcedProposal& each : proposals) {
        sorter.sender = each.sender;
        CHATMCP_TRY_VOID(std::visit(sorter, each.proposal.content));
        ++sorter.position;
        const ProposalType type = each.proposal.type();
        effect.needs_path |= needs_path(type);
    }
    const Sorted& sorted = sorter.sorted;
    if (sorted.reinit != nullptr) {
        if (proposals.size() != 1) {
            return fail(Errc::invalid_proposals, "MLS-60");
        }
        effect.reinit = *sorted.reinit;
    }
    if (sorted.external_init != nullptr) {
        effect.external_init = sorted.external_init->kem_output;
    }
    effect.psks = sorted.psks;
    effect.attached = sorted.attached;
    CHATMCP_TRY_VOID(check_app_acks(effect.attached, context, draft));
    CHATMCP_TRY(const RequiredCapabilities required, required_capabilities_of(context.extensions));
    CHATMCP_TRY_VOID(apply_context_changes(sorted, context, required, effect));
    CHATMCP_TRY_VOID(apply_updates_and_removes(draft, sorted, context, effect));
    CHATMCP_TRY_VOID(apply_adds(draft, sorted, proposals, context, limits, parallel, effect));
    if (sorted.context_extensions != nullptr ||
        effect.extensions.size() != context.extensions.size()) {
        CHATMCP_TRY_VOID(check_members_support(draft, effect.extensions));
    }
    CHATMCP_TRY_VOID(check_members_know(draft, sorted.optional_types, required));
    CHATMCP_TRY_VOID(draft.check_unique_keys());
    CHATMCP_TRY_VOID(draft.check_credential_types());
    return effect;
}

Result<Change> describe_change(const TreeDraft& draft,
                               const GroupContext& before,
                               LeafIndex own,
                               const ChangeSource& source) {
    const ProposalEffect& effect = source.effect;
    Change change;
    change.committer = source.committer;
    change.from = before.epoch;
    change.has_path = source.has_path;
    change.public_message = source.public_message;
    change.external = source.external;
    change.has_pre_shared_keys = !effect.psks.empty();
    change.reinit = effect.reinit;
    change.attached = effect.attached;
    for (const ProposalEffect::Added& added : effect.added) {
        change.added.push_back(view_of(*draft.leaf(added.leaf), added.leaf));
        change.added_by.push_back(added.by);
    }
    std::vector<LeafIndex> updated = effect.updated;
    if (source.has_path && !source.external) {
        updated.push_back(source.committer);
    }
    for (const LeafIndex leaf : updated) {
        change.updated.push_back(
            {view_of(*draft.base().leaf(leaf), leaf), view_of(*draft.leaf(leaf), leaf)});
    }
    for (const ProposalEffect::Removed& removed : effect.removed) {
        // What a newcomer proposes by value is its committer's; who asked to leave asked himself.
        const bool by_newcomer = source.external && !removed.by.has_value();
        const Proposer by = by_newcomer ? Proposer(source.committer) : removed.by;
        change.removed.push_back({view_of(*draft.base().leaf(removed.leaf), removed.leaf), by});
        change.removes_self |= removed.leaf == own;
    }
    if (effect.has_context_extensions) {
        ComponentsChange components;
        CHATMCP_TRY(components.before, components_of(before.extensions));
        CHATMCP_TRY(components.after, components_of(effect.extensions));
        components.proposers = effect.context_extensions_by;
        change.components = std::move(components);
        change.other_extensions_changed =
            differ_beside_dictionary(before.extensions, effect.extensions);
    }
    return change;
}

}  // namespace chatmcp::mls
