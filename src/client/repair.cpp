#include "client/repair.h"

#include <algorithm>
#include <utility>

#include "client/conversation.h"

namespace chatmcp::client {
namespace {

Bytes epoch_key(const ChatId& chat, std::uint64_t epoch) {
    return home_key("epoch/", chat, big_endian(epoch));
}
Bytes repair_key(const ChatId& chat) {
    return home_key("repair/", chat);
}

Result<std::vector<RepairMember>> members_of(const mls::GroupView& view) {
    CHATMCP_TRY(const auto roles,
                component_of<wire::Roles>(view.components(), wire::ComponentId::roles, "CLT-60"));
    std::vector<RepairMember> out;
    for (const mls::LeafView& leaf : view.members()) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        if (!who.agent) {
            const bool admin = std::ranges::find(roles.admins, who.account) != roles.admins.end();
            out.push_back({who.account, who.root_key, admin, leaf.index == view.own_index()});
        }
    }
    return out;
}

}  // namespace

Result<void> note_epoch(Step& step, const ChatRow& chat, const mls::GroupView& view) {
    const std::uint64_t epoch = view.epoch().value;
    CHATMCP_TRY_VOID(step.home.put(
        epoch_key(chat.id, epoch),
        EpochRow{
            epoch, to_bytes(view.epoch_authenticator()), chat.cursor, chat.newest_acceptance}));
    return epoch < kEpochLogMax
               ? Result<void>()
               : step.home.transaction().erase(epoch_key(chat.id, epoch - kEpochLogMax));
}

Result<std::optional<EpochRow>> known_epoch(Step& step, const ChatId& chat, std::uint64_t epoch) {
    return step.home.get<EpochRow>(epoch_key(chat, epoch));
}

Result<std::vector<EpochRow>> all_epochs(Step& step, const ChatId& chat) {
    return step.home.all<EpochRow>(home_key("epoch/", chat));
}

Result<std::optional<RepairRow>> repair_of(Step& step, const ChatId& chat) {
    return step.home.get<RepairRow>(repair_key(chat));
}

Result<void> save_repair(Step& step, const ChatId& chat, const RepairRow& row) {
    return step.home.put(repair_key(chat), row);
}

Result<void> repaired(Step& step, const ChatId& chat) {
    return step.home.transaction().erase(repair_key(chat));
}

Result<void> end_for_repair(
    Step& step, ChatRow& chat, ChatState state, const Error& error, const std::string& culprit) {
    if (!chat.companion_of.has_value()) {
        CHATMCP_TRY(mls::Group * group, step.group(chat.id));
        RepairRow row;
        row.epoch = group->view().epoch().value;
        row.authenticator = to_bytes(group->view().epoch_authenticator());
        CHATMCP_TRY(row.members, members_of(group->view()));
        row.accepted = chat.state != ChatState::request;
        row.culprit = culprit;
        CHATMCP_TRY_VOID(save_repair(step, chat.id, row));
    }
    return end_chat(step, chat, state, &error);
}

bool awaits_repair(const ChatRow& chat) {
    return !chat.companion_of.has_value() && !chat.successor.has_value() &&
           (chat.state == ChatState::broken || chat.state == ChatState::lost);
}

}  // namespace chatmcp::client
