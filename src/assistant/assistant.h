#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assistant/engine.h"
#include "base/bytes.h"
#include "base/result.h"
#include "wire/content.h"

namespace chatmcp::assistant {

/// One message that the assistant may read: its author agreed, its id was recomputed.
struct SourceMessage {
    std::uint64_t position = 0;  // In the conversation.
    std::string author_display;
    std::string text;
    wire::MessageId id{};
};

/// One call of the model, as the receipt commits to it.
struct ModelCall {
    Bytes prompt;  // Encoded Prompt: Assistant::replay runs it again.
    Bytes output;
};

struct Timing {
    std::uint32_t first_token_ms = 0;  // From the start of the answer, over all calls before it.
    std::uint32_t prompt_tokens = 0;
    std::uint32_t output_tokens = 0;
    std::uint32_t generation_ms = 0;  // Writing only, over all calls.
};

/// An answer whose every sentence was checked against the messages that it names, or the reason
/// why there is none.
struct Answered {
    /// Empty text, points and rests_on when nothing is left; `dropped` then says why.
    wire::AnswerText answer;
    /// Set when nothing could be said: not_found (AST-19) the messages do not say; or the check
    /// that the whole output failed (AST-10, AST-11, AST-12, AST-13, AST-14).
    std::optional<Error> nothing_said;
    std::vector<wire::MessageId> inputs;  // Of all messages in any prompt, in order of position.
    std::vector<ModelCall> calls;
    Timing timing;
};

struct AssistantLimits {
    static constexpr std::size_t kMessagesMax = 100'000;
    static constexpr std::size_t kTextMaxBytes = std::size_t{16} * 1024 * 1024;

    /// Tokens of conversation that go into the prompt of a question; the best fitting messages are
    /// chosen. More is slower and, for a small model, not better.
    std::uint32_t question_tokens = 1536;
    /// Tokens of conversation that one step of a summary reads.
    std::uint32_t part_tokens = 900;
};

/// Turns messages and a question into an answer. Holds nothing between two answers.
class Assistant {
  public:
    /// `model` outlives the assistant.
    explicit Assistant(LanguageModel& model, AssistantLimits limits = {})
        : model_(model), limits_(limits) {}

    /// Trust:  messages are from authors who agreed and asker and grant were checked.
    /// Errors: invalid_argument (AST-15) empty or oversized question; too_large (AST-16); not_found
    ///         (AST-17) no messages at all; cancelled (AST-07); deadline_exceeded (AST-08);
    ///         others of Engine::complete. A model's bad output is not an error of the call: see
    ///         Answered::nothing_said.
    /// Cost:   blocks for seconds to minutes; the first report comes before any model work.
    [[nodiscard]] Result<Answered> answer(const wire::Question& question,
                                          std::span<const SourceMessage> messages,
                                          std::optional<std::int64_t> deadline_steady_ms,
                                          Progress& progress);

    /// Run a disclosed prompt again; the output bytes to compare. None for an output without an end
    /// (AST-10), as answer() records it.
    ///
    /// Errors: those of Prompt::read, and those of Engine::complete but AST-10.
    [[nodiscard]] Result<Bytes> replay(ByteView prompt, Progress& progress);

  private:
    LanguageModel& model_;
    AssistantLimits limits_;
};

}  // namespace chatmcp::assistant
