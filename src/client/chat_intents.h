#pragma once

#include <string_view>

#include "base/result.h"
#include "client/publish.h"
#include "client/step.h"

namespace chatmcp::client {

// Commands about a conversation, and what comes before the commit of an invitation. The commit
// itself: commit_intents.h.

[[nodiscard]] Result<void> start_create(Step& step, const CreateChat& command);
[[nodiscard]] Result<void> start_add(Step& step, const AddMembers& command);
/// The same look into device logs, for the terms alone.
[[nodiscard]] Result<void> start_ask_terms(Step& step, const AskStampTerms& command);
/// Everybody's terms are asked for next.
void go_to_terms(IntentRow& intent);
[[nodiscard]] Result<void> start_remove(Step& step, const RemoveMember& command);
[[nodiscard]] Result<void> start_leave(Step& step, const LeaveChat& command);
[[nodiscard]] Result<void> start_send(Step& step, const SendText& command);
[[nodiscard]] Result<void> accept_request(Step& step, const AcceptRequest& command);
/// Say no, and propose the own removal; `blocks`: also refuse the inviter from now on.
[[nodiscard]] Result<void> decline_request(Step& step, const ChatId& chat, bool blocks);

/// create_chat and add_members before their commit: device logs, key packages, group and topic.
[[nodiscard]] Result<void> progress_invitation(Step& step, IntentRow& intent);
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
[[nodiscard]] Result<void> carry_create_topic(Step& step, IntentRow& intent);

}  // namespace chatmcp::client
