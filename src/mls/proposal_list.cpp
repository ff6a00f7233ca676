#include "mls/proposal_list.h"

#include <algorithm>

#include "mls/tree_validation.h"

namespace chatmcp::mls {
namespace {

/// The proposals of one commit by kind, each checked against the others.
struct Sorted {
    std::vector<std::pair<const Add*, std::size_t>> adds;
    std::vector<std::pair<LeafIndex, const Update*>> updates;
    std::vector<ProposalEffect::Removed> removes;
    const GroupContextExtensions* context_extensions = nullptr;
    Proposer context_extensions_by;
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
        sorted.context_extensions_by = proposer_of(sender);
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

Result<void> check_key_package(const KeyPackage& package, CipherSuite suite) {
    if (package.suite != suite) {
        return fail(Errc::invalid_proposals, "MLS-57");
    }
    return package.verify();
}

/// New extensions must be supported by everybody who stays, not by those who leave (mls.md,
/// failure 11).
Result<void> check_members_support(const TreeDraft& draft, const Extensions& extensions) {
    RequiredCapabilities required;
    if (const Extension* extension =
            find_extension(extensions, ExtensionType::required_capabilities);
        extension != nullptr) {
        CHATMCP_TRY(required, wire::decode<RequiredCapabilities>(extension->data));
    }
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
                        ProposalEffect& effect) {
    for (const auto& [add, position] : sorted.adds) {
        const KeyPackage& package = add->key_package;
        CHATMCP_TRY_VOID(check_key_package(package, context.suite));
        CHATMCP_TRY_VOID(check_leaf_capabilities(package.leaf, effect.extensions));
        CHATMCP_TRY(const LeafIndex leaf, draft.add(package.leaf, limits.members_max));
        effect.added.push_back({leaf, proposer_of(proposals[position].sender), position});
    }
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
            may = type != ProposalType::update && type != ProposalType::external_init;
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
                                       const Limits& limits) {
    if (!committer.has_value()) {
        CHATMCP_TRY_VOID(check_external_list(proposals));
    }
    Sorter sorter(draft, committer, context.epoch);
    ProposalEffect effect;
    // Section 17.4: only Add, PSK and ReInit alone need no path; an empty list does.
    effect.needs_path = proposals.empty();
    for (const SourcedProposal& each : proposals) {
        sorter.sender = each.sender;
        CHATMCP_TRY_VOID(std::visit(sorter, each.proposal.content));
        ++sorter.position;
        const ProposalType type = each.proposal.type();
        effect.needs_path |=
            type != ProposalType::add && type != ProposalType::psk && type != ProposalType::reinit;
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
    effect.context_extensions_by = sorted.context_extensions_by;
    effect.has_context_extensions = sorted.context_extensions != nullptr;
    effect.extensions =
        effect.has_context_extensions ? sorted.context_extensions->extensions : context.extensions;
    CHATMCP_TRY_VOID(apply_updates_and_removes(draft, sorted, context, effect));
    CHATMCP_TRY_VOID(apply_adds(draft, sorted, proposals, context, limits, effect));
    if (effect.has_context_extensions) {
        CHATMCP_TRY_VOID(check_members_support(draft, effect.extensions));
    }
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
        const Proposer by = source.external ? Proposer(source.committer) : removed.by;
        change.removed.push_back({view_of(*draft.base().leaf(removed.leaf), removed.leaf), by});
        change.removes_self |= removed.leaf == own;
    }
    if (effect.has_context_extensions) {
        ComponentsChange components;
        CHATMCP_TRY(components.before, components_of(before.extensions));
        CHATMCP_TRY(components.after, components_of(effect.extensions));
        components.proposer = effect.context_extensions_by;
        change.components = std::move(components);
        change.other_extensions_changed =
            differ_beside_dictionary(before.extensions, effect.extensions);
    }
    return change;
}

}  // namespace chatmcp::mls
