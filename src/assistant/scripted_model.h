#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "assistant/engine.h"

namespace chatmcp::assistant::testing {

/// A model that writes what a test says, for the logic around models. A token is a byte.
class ScriptedModel final : public LanguageModel {
  public:
    using Script = std::function<Result<std::string>(const Prompt&)>;
    ScriptedModel(std::uint32_t context_tokens, Script script)
        : context_tokens_(context_tokens), script_(std::move(script)) {}

    [[nodiscard]] const ChatTemplate& chat_template() const override { return chat_; }
    [[nodiscard]] std::uint32_t context_tokens() const override { return context_tokens_; }
    [[nodiscard]] Result<std::uint32_t> count_tokens(const Segment& segment) override {
        ++counted;
        return static_cast<std::uint32_t>(segment.text.size());
    }
    [[nodiscard]] Result<Completion> complete(const Prompt& prompt,
                                              const CallOptions& options,
                                              Progress& progress) override {
        prompts.push_back(prompt);
        std::uint32_t tokens = prompt.output_tokens_max;
        for (const Segment& segment : prompt.segments) {
            tokens += static_cast<std::uint32_t>(segment.text.size());
        }
        if (tokens > context_tokens_) {
            return fail(Errc::too_large, "AST-05");
        }
        progress.report({Stage::writing, options.call, options.calls, 1, 1});
        Completion completion;
        CHATMCP_TRY(completion.text, script_(prompt));
        completion.prompt_tokens = tokens;
        completion.output_tokens = 1;
        completion.first_token_ms = 5;
        completion.generation_ms = 2;
        return completion;
    }

    std::vector<Prompt> prompts;
    std::size_t counted = 0;

  private:
    std::uint32_t context_tokens_;
    Script script_;
    ChatTemplate chat_{"<s>", "</s><u>", "</u>"};
};

/// Time that a test moves, and everything that was reported.
class TestProgress : public Progress {
  public:
    [[nodiscard]] std::int64_t steady_ms() override { return now_ms; }
    [[nodiscard]] bool cancelled() override { return is_cancelled; }
    void report(const ProgressEvent& event) override { events.push_back(event); }

    std::int64_t now_ms = 1000;
    bool is_cancelled = false;
    std::vector<ProgressEvent> events;
};

}  // namespace chatmcp::assistant::testing
