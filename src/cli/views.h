#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/output.h"
#include "client/view.h"

namespace chatmcp::cli {

// The client's views as JSON and as words.

[[nodiscard]] std::string chat_state_text(const client::ChatSummary& chat);
[[nodiscard]] std::string member_state_text(client::MemberView::State state);
[[nodiscard]] std::string intent_state_text(client::IntentState state);
[[nodiscard]] std::string from_text(wire::AgreeFrom from);
[[nodiscard]] Json scopes_json(const std::vector<wire::Scope>& scopes);
/// The CHECKS row, or null.
[[nodiscard]] Json reason_json(const std::optional<client::Reason>& reason);
[[nodiscard]] Json chat_json(const client::ChatView& view);
[[nodiscard]] Json message_json(const client::MessageView& message);
/// One line for people: position, author, text.
[[nodiscard]] std::string message_text(const client::MessageView& message);
[[nodiscard]] Json report_json(const client::AssistantReport& report);
[[nodiscard]] std::string report_text(const client::AssistantReport& report);
/// "key  value" lines of a flat object.
[[nodiscard]] std::string lines_of(const Json& object);

/// Commands of the form "do this to that conversation and show its state" (fields chat, state).
[[nodiscard]] Result<ExitCode> run_on_chat(
    const Context& context,
    const std::string& chat,
    const std::function<client::Command(const client::ChatId&)>& command);

}  // namespace chatmcp::cli
