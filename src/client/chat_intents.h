#pragma once

#include <string_view>

#include "base/result.h"
#include "client/publish.h"
#include "client/step.h"

namespace chatmcp::client {

// Intents that end in a commit: create a chat, add, remove, commit what others proposed, renew the
// own leaf. Each is planned on the group as it is, and planned again when another commit was first.

[[nodiscard]] Result<void> start_create(Step& step, const CreateChat& command);
[[nodiscard]] Result<void> start_add(Step& step, const AddMembers& command);
[[nodiscard]] Result<void> start_remove(Step& step, const RemoveMember& command);
[[nodiscard]] Result<void> start_leave(Step& step, const LeaveChat& command);
[[nodiscard]] Result<void> start_send(Step& step, const SendText& command);
[[nodiscard]] Result<void> accept_request(Step& step, const AcceptRequest& command);
/// Say no, and propose the own removal; `blocks`: also refuse the inviter from now on.
[[nodiscard]] Result<void> decline_request(Step& step, const ChatId& chat, bool blocks);

/// create_chat and add_members before their commit: device logs, key packages, group and topic.
[[nodiscard]] Result<void> progress_invitation(Step& step, IntentRow& intent);
/// The commit of any intent that has one.
[[nodiscard]] Result<void> progress_commit(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> commit_replied(Step& step,
                                          IntentRow& intent,
                                          const wire::PublishBundle::Reply& reply);
[[nodiscard]] Result<void> invitation_replied(Step& step,
                                              IntentRow& intent,
                                              const Task& task,
                                              const ReplyBody& reply);

/// A group that we create: of a conversation, or of a companion.
struct NewGroup {
    ChatId id{};
    std::vector<mls::Component> components;
    std::optional<ChatId> companion_of;
};
/// Make it, with its row in the state `creating`.
[[nodiscard]] Result<void> create_group(Step& step, const NewGroup& wanted);
/// Ask for its topic.
[[nodiscard]] Result<void> carry_create_topic(Step& step, IntentRow& intent, const ChatId& chat);

/// Duties of every member: commit proposals to leave, renew the own leaf in time.
[[nodiscard]] Result<void> start_chat_duties(Step& step, const ChatRow& chat);

}  // namespace chatmcp::client
