#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "client/companion.h"
#include "client/home.h"
#include "client/publish.h"
#include "client/step.h"

namespace chatmcp::client {

// A question to the assistant: published in the companion, answered there with a receipt that is
// verified, and its answer posted into the conversation.

/// MessageBody::extra of ask.
struct AskExtra {
    std::uint64_t post_intent = 0;
    std::optional<wire::MessageId> post;
    Bytes answer_post;  // Encoded wire::AnswerPost, once there is one.
    Bytes refusal;      // Encoded wire::Refusal.
    std::uint32_t first_token_ms = 0;
    std::uint32_t output_tokens = 0;
    std::uint32_t generation_ms = 0;
    auto fields(this auto& self) {
        return std::tie(self.post_intent,
                        self.post,
                        self.answer_post,
                        self.refusal,
                        self.first_token_ms,
                        self.output_tokens,
                        self.generation_ms);
    }
};
[[nodiscard]] Result<AskExtra> ask_extra(const IntentRow& intent);

/// Prompts of an answer to an own question: what a replay needs. Table "prompts/", id the post's.
struct PromptsRow {
    std::vector<Bytes> prompts;
    auto fields(this auto& self) { return std::tie(self.prompts); }
};

/// Errors: not_found (CLT-80); permission_denied (CLT-81) only who is in the companion may ask,
///         (CLT-83) outside the grant's scope; expired (CLT-82); invalid_argument (CLT-08).
[[nodiscard]] Result<void> start_ask(Step& step, const Ask& command);
/// Publish the question; what follows is the assistant's and comes by agent_spoke.
[[nodiscard]] Result<void> progress_question(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> question_delivered(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> answer_posted(Step& step, const IntentRow& intent);

/// What the agent says in a companion about an own question; the relay accepted it at `at`.
[[nodiscard]] Result<void> agent_spoke(Step& step,
                                       const ChatRow& companion,
                                       const mls::LeafView& agent,
                                       const wire::Content& content,
                                       UnixMs at);

}  // namespace chatmcp::client
