#include "mls/resumption.h"

#include <algorithm>

#include "mls/state_records.h"

namespace chatmcp::mls {
namespace {

bool continues_a_group(const PreSharedKeyId& psk) {
    return psk.type == PreSharedKeyId::Type::resumption &&
           psk.resumption.usage != ResumptionUsage::application;
}

bool is_what_was_proposed(const GroupContext& context, const ReInit& reinit) {
    return context.group_id == reinit.group_id &&
           static_cast<std::uint16_t>(context.suite) == reinit.cipher_suite &&
           context.extensions == reinit.extensions;
}

/// Every leaf of the new tree belongs to somebody of the old one.
Result<void> check_members_known(const TreeDraft& tree, const RatchetTree& old) {
    std::vector<Credential> known;
    for (LeafIndex index{0}; in_tree(index, old.width()); ++index.value) {
        if (const LeafNode* leaf = old.leaf(index); leaf != nullptr) {
            known.push_back(leaf->credential);
        }
    }
    for (LeafIndex index{0}; in_tree(index, tree.width()); ++index.value) {
        const LeafNode* leaf = tree.leaf(index);
        if (leaf != nullptr && std::ranges::find(known, leaf->credential) == known.end()) {
            return fail(Errc::not_member, "MLS-100");
        }
    }
    return {};
}

}  // namespace

Result<void> check_resumed_group(const Environment& environment,
                                 Transaction& transaction,
                                 const std::vector<PreSharedKeyId>& psks,
                                 const GroupContext& context,
                                 const TreeDraft& tree) {
    const auto psk = std::ranges::find_if(psks, continues_a_group);
    if (psk == psks.end()) {
        return {};
    }
    if (std::ranges::count_if(psks, continues_a_group) != 1 || context.epoch != Epoch{1}) {
        return fail(Errc::invalid_argument, "MLS-99");
    }
    CHATMCP_TRY(const auto old,
                GroupState::load(environment, transaction, psk->resumption.group_id));
    if (psk->resumption.usage == ResumptionUsage::reinit) {
        const auto& reinit = old->epoch.reinit;
        if (!reinit.has_value() || old->epoch.context.epoch != psk->resumption.epoch ||
            !is_what_was_proposed(context, *reinit)) {
            return fail(Errc::invalid_argument, "MLS-99");
        }
        return {};
    }
    if (context.suite != old->suite()) {
        return fail(Errc::invalid_argument, "MLS-99");
    }
    return check_members_known(tree, old->tree);
}

}  // namespace chatmcp::mls
