#pragma once

#include <string>

#include "base/result.h"
#include "client/step.h"
#include "mls/group.h"

namespace chatmcp::client {

// What is known of a conversation beside its MLS group: its messages with their positions, who has
// spoken, whom this home does not trust.

/// Keep a message that was authenticated by MLS, or sent by ourselves. An id that was seen before
/// is dropped. Decides nothing about what the message means: see companion.h.
///
/// Returns whether it is new.
[[nodiscard]] Result<bool> store_message(Step& step,
                                         const ChatRow& chat,
                                         std::uint64_t position,
                                         UnixMs accepted_at,
                                         const std::string& author,
                                         ByteView content);
/// Keep the place of a message that could not be opened or read.
[[nodiscard]] Result<void> store_unreadable(Step& step,
                                            const ChatRow& chat,
                                            std::uint64_t position,
                                            UnixMs accepted_at,
                                            const std::string& author,
                                            const Error& error);

/// Whether a member has done anything that others could see since it came in.
[[nodiscard]] Result<bool> has_spoken(Step& step, const ChatId& chat, std::string_view account);
[[nodiscard]] Result<void> mark_spoken(Step& step,
                                       const ChatId& chat,
                                       std::string_view account,
                                       bool spoken);

/// Bring title and the like from the group into the row.
void take_over(const mls::GroupView& view, ChatRow& chat);

/// The last things about a group on this device: why it can no longer be followed.
[[nodiscard]] Result<void> end_chat(Step& step, ChatRow& chat, ChatState state, const Error* error);

/// Judge every distrusted leaf again, by the settings of now.
[[nodiscard]] Result<void> judge_again(Step& step, ChatRow& chat);

}  // namespace chatmcp::client
