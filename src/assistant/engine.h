#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "assistant/prompt.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace chatmcp::assistant {

enum class Stage : std::uint8_t {
    queued = 1,
    reading = 2,  // Prompt tokens are processed.
    writing = 3,  // Output tokens are made.
};

/// How far an answer is. `done` and `total` are tokens of this call; total is the limit while
/// writing.
struct ProgressEvent {
    Stage stage = Stage::queued;
    std::uint32_t call = 1;   // Model call, from 1.
    std::uint32_t calls = 1;  // Calls expected.
    std::uint32_t done = 0;
    std::uint32_t total = 0;
};

/// The caller's side of a running answer: time, cancellation and news. Called on the caller's own
/// thread only, at least once per token and often within a prompt, so all three must be quick.
class Progress {
  public:
    virtual ~Progress() = default;
    /// Milliseconds of a clock that never goes back.
    [[nodiscard]] virtual std::int64_t steady_ms() = 0;
    /// True ends the answer with `cancelled`.
    [[nodiscard]] virtual bool cancelled() = 0;
    virtual void report(const ProgressEvent& event) = 0;

  protected:
    Progress() = default;
    Progress(const Progress&) = default;
    Progress& operator=(const Progress&) = default;
};

/// What a model wrote, with its cost. Not yet looked at: see assistant/answer.h.
struct Completion {
    std::string text;
    std::uint32_t prompt_tokens = 0;
    std::uint32_t output_tokens = 0;
    std::int64_t first_token_ms = 0;  // From the start of the call.
    std::int64_t generation_ms = 0;   // From the first token to the last.
    /// SHA-256 over the logits of every step, when asked for: finer than the text.
    std::optional<crypto::Sha256Digest> logits_digest;
};

struct CallOptions {
    std::optional<std::int64_t> deadline_steady_ms;
    std::uint32_t call = 1;
    std::uint32_t calls = 1;
    bool digest_logits = false;
};

/// A language model, as the assistant uses it.
class LanguageModel {
  public:
    virtual ~LanguageModel() = default;
    [[nodiscard]] virtual const ChatTemplate& chat_template() const = 0;
    /// Tokens that a prompt and its output may have together.
    [[nodiscard]] virtual std::uint32_t context_tokens() const = 0;
    /// Errors: too_large (AST-05) above Prompt::kTextMaxBytes.
    [[nodiscard]] virtual Result<std::uint32_t> count_tokens(const Segment& segment) = 0;
    /// One call, from an empty context. The same prompt gives the same bytes.
    ///
    /// Errors: those of Engine::complete.
    [[nodiscard]] virtual Result<Completion> complete(const Prompt& prompt,
                                                      const CallOptions& options,
                                                      Progress& progress) = 0;

  protected:
    LanguageModel() = default;
    LanguageModel(const LanguageModel&) = default;
    LanguageModel& operator=(const LanguageModel&) = default;
};

struct EngineSettings {
    static constexpr std::uint32_t kThreadsMax = 256;
    static constexpr std::uint32_t kContextTokensMin = 2048;
    static constexpr std::uint32_t kContextTokensMax = 32768;

    std::uint32_t threads = 0;  // 0: one less than the cores, at least one. Does not change output.
    std::uint32_t context_tokens = 4096;
};

/// llama.cpp with everything pinned that decides its output: greedy, no flash attention, fixed
/// batches, no repacked weights, an empty context for each call. The output is the same bytes for
/// any number of threads, on one build and one class of CPU.
///
/// Opens nothing: the model comes in as a descriptor. After `load` it makes no system calls other
/// than those for memory, threads and time.
class Engine final : public LanguageModel {
  public:
    /// Load a GGUF from `model_fd`, at its start; the descriptor is closed in any case. The file is
    /// mapped and must never change afterwards (a sealed memfd).
    ///
    /// Trust:  who calls has measured these very bytes.
    /// Errors: invalid_argument (AST-04) settings; unsupported (AST-03) this CPU lacks
    ///         instructions that the build uses; malformed (AST-01) not a model that llama.cpp
    ///         loads; unsupported (AST-02) no chat template of a known family.
    [[nodiscard]] static Result<std::unique_ptr<Engine>> load(int model_fd,
                                                              const EngineSettings& settings);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine() override;

    [[nodiscard]] const ChatTemplate& chat_template() const override;
    [[nodiscard]] std::uint32_t context_tokens() const override;
    [[nodiscard]] Result<std::uint32_t> count_tokens(const Segment& segment) override;

    /// Errors: too_large (AST-05) prompt and output do not fit the context; invalid_argument
    /// (AST-18) the grammar does not parse;
    ///         cancelled (AST-07); deadline_exceeded (AST-08); malformed (AST-10) the output limit
    ///         came before the output's end; internal (AST-09) llama.cpp failed.
    [[nodiscard]] Result<Completion> complete(const Prompt& prompt,
                                              const CallOptions& options,
                                              Progress& progress) override;

    /// Token ids of a segment, for tests and tools.
    [[nodiscard]] Result<std::vector<std::int32_t>> tokenize(const Segment& segment);
    /// Whether the model's vocabulary calls this token a control token or an end of the turn.
    [[nodiscard]] bool is_control(std::int32_t token) const;
    /// The texts of all those tokens.
    [[nodiscard]] std::vector<std::string> control_markers() const;

    [[nodiscard]] std::uint32_t threads() const;
    /// Bytes that name llama.cpp's version, the compiler and the instructions that it used. Two
    /// engines with the same build and settings give the same output.
    [[nodiscard]] Bytes build() const;
    /// Bytes that name every setting which decides the output, prompts and grammars included.
    [[nodiscard]] Bytes settings() const;

  private:
    struct Loaded;
    explicit Engine(std::unique_ptr<Loaded> loaded);
    std::unique_ptr<Loaded> loaded_;
};

}  // namespace chatmcp::assistant
