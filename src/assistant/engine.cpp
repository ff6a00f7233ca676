#include "assistant/engine.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>
#include <llama.h>
#include <unistd.h>

#include "assistant/engine_cpu.h"
#include "base/check.h"
#include "wire/tls.h"

namespace chatmcp::assistant {

namespace {

/// Prompt tokens of one step. Logits depend on it, so it is part of the settings; cancelling and
/// the deadline do not wait for a step's end.
constexpr std::uint32_t kBatchTokens = 128;
constexpr std::size_t kPieceBytes = 64;  // Most tokens' text is shorter.

template <auto Free>
struct Deleter {
    void operator()(auto* object) const { Free(object); }
};
using ModelPointer = std::unique_ptr<llama_model, Deleter<llama_model_free>>;
using ContextPointer = std::unique_ptr<llama_context, Deleter<llama_free>>;
using SamplerPointer = std::unique_ptr<llama_sampler, Deleter<llama_sampler_free>>;
using PoolPointer = std::unique_ptr<ggml_threadpool, Deleter<ggml_threadpool_free>>;

struct FileCloser {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};
using FilePointer = std::unique_ptr<std::FILE, FileCloser>;

/// llama.cpp's own state of the process. Its log is cut off, because lines of it can depend on
/// messages; a broken assertion of its ends the process without a debugger being started.
void start_backend_once() {
    static std::once_flag started;
    std::call_once(started, [] {
        llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
        ggml_set_abort_callback([](const char*) {
            check_failed("llama.cpp keeps its invariants", __FILE__, __LINE__);
        });
        llama_backend_init();
    });
}

std::string piece_of(const llama_vocab* vocab, llama_token token, bool special) {
    std::string piece(kPieceBytes, '\0');
    const auto read = [&] {
        return llama_token_to_piece(
            vocab, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0, special);
    };
    std::int32_t size = read();
    if (size < 0) {  // The size that it needs.
        piece.resize(static_cast<std::size_t>(-size));
        size = read();
    }
    piece.resize(static_cast<std::size_t>(std::max(size, 0)));
    return piece;
}

/// Whether text must never turn into this token: it steers a model or ends its turn. User-defined
/// tokens count when they show something (`<tool_call>`); runs of spaces do not.
bool steers(const llama_vocab* vocab, llama_token token) {
    const auto attributes = static_cast<unsigned>(llama_vocab_get_attr(vocab, token));
    if ((attributes & LLAMA_TOKEN_ATTR_CONTROL) != 0 || llama_vocab_is_eog(vocab, token)) {
        return true;
    }
    if ((attributes & LLAMA_TOKEN_ATTR_USER_DEFINED) == 0) {
        return false;
    }
    const std::string piece = piece_of(vocab, token, true);
    return piece.size() > 1 && piece.find_first_not_of(" \t\n\r") != std::string::npos;
}

/// The model's template around two marks, cut at the marks. llama.cpp knows families of templates
/// by their text and does not run the model file's own program.
Result<ChatTemplate> chat_template_of(const llama_model* model) {
    constexpr const char* kSystemMark = "\x01s\x01";
    constexpr const char* kUserMark = "\x01u\x01";
    constexpr std::size_t kMarkBytes = 3;
    constexpr std::size_t kTemplateMaxBytes = 4096;
    const char* const text = llama_model_chat_template(model, nullptr);
    if (text == nullptr) {
        return fail(Errc::unsupported, "AST-02");
    }
    const llama_chat_message messages[] = {{"system", kSystemMark}, {"user", kUserMark}};
    std::string out(kTemplateMaxBytes, '\0');
    const std::int32_t size = llama_chat_apply_template(
        text, messages, 2, true, out.data(), static_cast<std::int32_t>(out.size()));
    if (size <= 0 || static_cast<std::size_t>(size) > out.size()) {
        return fail(Errc::unsupported, "AST-02");
    }
    out.resize(static_cast<std::size_t>(size));
    const std::size_t system = out.find(kSystemMark);
    const std::size_t user = out.find(kUserMark);
    if (system == std::string::npos || user == std::string::npos || user < system) {
        return fail(Errc::unsupported, "AST-02");
    }
    const std::size_t between = system + kMarkBytes;
    return ChatTemplate{
        out.substr(0, system), out.substr(between, user - between), out.substr(user + kMarkBytes)};
}

std::vector<llama_token> tokens_of(const llama_vocab* vocab,
                                   std::string_view text,
                                   bool parse_special) {
    std::vector<llama_token> tokens(text.size() + 8);
    const std::int32_t count = llama_tokenize(vocab,
                                              text.data(),
                                              static_cast<std::int32_t>(text.size()),
                                              tokens.data(),
                                              static_cast<std::int32_t>(tokens.size()),
                                              false,
                                              parse_special);
    CHATMCP_CHECK(count >= 0);  // A token has at least one byte, but for a few that are added.
    tokens.resize(static_cast<std::size_t>(count));
    return tokens;
}

/// People's text as tokens of which none steers. llama.cpp turns user-defined markers into their
/// token even when told to leave markers alone; cut after their first character they are text.
std::vector<llama_token> data_tokens(const llama_vocab* vocab,
                                     std::string_view text,
                                     int depth = 0) {
    constexpr int kDepthMax = 32;  // Markers of different kinds, one inside the other.
    const auto steering = [&](llama_token token) { return steers(vocab, token); };
    auto tokens = tokens_of(vocab, text, false);
    const auto first = std::ranges::find_if(tokens, steering);
    if (first == tokens.end()) {
        return tokens;
    }
    const std::string marker = piece_of(vocab, *first, true);
    if (depth == kDepthMax || text.find(marker) == std::string_view::npos) {
        std::erase_if(tokens, steering);  // What cannot be cut is left out.
        return tokens;
    }
    std::vector<llama_token> out;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t at = text.find(marker, start);
        const std::size_t end = at == std::string_view::npos ? text.size() : at + 1;
        const auto part = data_tokens(vocab, text.substr(start, end - start), depth + 1);
        out.insert(out.end(), part.begin(), part.end());
        start = end;
    }
    return out;
}

/// What may end a running call from outside. Asked between the operations of every step.
class Watch {
  public:
    Watch(const CallOptions& options, Progress& progress)
        : options_(options), progress_(progress), start_ms_(progress.steady_ms()) {}

    /// Errors: cancelled (AST-07), deadline_exceeded (AST-08).
    [[nodiscard]] Result<void> go_on() {
        if (progress_.cancelled()) {
            return fail(Errc::cancelled, "AST-07");
        }
        if (options_.deadline_steady_ms && progress_.steady_ms() >= *options_.deadline_steady_ms) {
            return fail(Errc::deadline_exceeded, "AST-08");
        }
        return {};
    }
    void report(Stage stage, std::size_t done, std::size_t total) {
        progress_.report({stage,
                          options_.call,
                          options_.calls,
                          static_cast<std::uint32_t>(done),
                          static_cast<std::uint32_t>(total)});
    }
    [[nodiscard]] std::int64_t elapsed_ms() { return progress_.steady_ms() - start_ms_; }

  private:
    const CallOptions& options_;
    Progress& progress_;
    std::int64_t start_ms_;
};

/// The best token that the grammar allows: highest logit, then lowest id.
class Picker {
  public:
    Picker(SamplerPointer grammar, const std::vector<bool>& never)
        : grammar_(std::move(grammar)), never_(never) {}

    /// Errors: internal (AST-09) no token is left.
    [[nodiscard]] Result<llama_token> pick(std::span<const float> logits) {
        llama_token best = -1;
        for (std::size_t id = 0; id < logits.size(); ++id) {
            const bool better = best < 0 || logits[id] > logits[static_cast<std::size_t>(best)];
            if (better && !never_[id] && !std::isnan(logits[id])) {
                best = static_cast<llama_token>(id);
            }
        }
        if (best >= 0 && grammar_) {
            // Asking the grammar about all tokens costs as much as making one; nearly always the
            // best is allowed, so it is asked alone first. The choice is the same.
            std::array<llama_token_data, 1> one = {
                llama_token_data{best, logits[static_cast<std::size_t>(best)], 0.0F}};
            best = first_allowed(one);
            if (best < 0) {
                best = best_of_many(logits);
            }
        }
        if (best < 0) {
            return fail(Errc::internal, "AST-09");
        }
        if (grammar_) {
            llama_sampler_accept(grammar_.get(), best);
        }
        return best;
    }

  private:
    [[nodiscard]] llama_token first_allowed(std::span<llama_token_data> candidates) {
        llama_token_data_array array{candidates.data(), candidates.size(), -1, false};
        llama_sampler_apply(grammar_.get(), &array);
        const auto allowed = std::ranges::find_if(
            candidates, [](const llama_token_data& c) { return c.logit != -INFINITY; });
        return allowed == candidates.end() ? -1 : allowed->id;
    }

    [[nodiscard]] llama_token best_of_many(std::span<const float> logits) {
        constexpr std::ptrdiff_t kFirstTry = 512;
        std::vector<llama_token_data> all;
        all.reserve(logits.size());
        for (std::size_t id = 0; id < logits.size(); ++id) {
            if (!never_[id] && !std::isnan(logits[id])) {
                all.push_back({static_cast<llama_token>(id), logits[id], 0.0F});
            }
        }
        const auto before = [](const llama_token_data& a, const llama_token_data& b) {
            return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
        };
        const auto first = std::min(kFirstTry, std::ssize(all));
        std::partial_sort(all.begin(), all.begin() + first, all.end(), before);
        const std::span<llama_token_data> candidates(all);
        const auto tried = static_cast<std::size_t>(first);
        const llama_token found = first_allowed(candidates.first(tried));
        if (found >= 0) {
            return found;
        }
        std::sort(all.begin() + first, all.end(), before);
        return first_allowed(candidates.subspan(tried));
    }

    SamplerPointer grammar_;
    const std::vector<bool>& never_;
};

}  // namespace

/// What a loaded model consists of, in the order in which it must be taken down (last first).
struct Engine::Loaded {
    EngineSettings settings;
    ChatTemplate chat;
    ModelPointer model;
    const llama_vocab* vocab = nullptr;
    std::vector<bool> never_written;  // By token: steers, and is not the end of the turn.
    PoolPointer pool;                 // Only for more than one thread.
    ContextPointer context;

    Result<void> make_context();
    Result<std::vector<llama_token>> tokens(const Segment& segment) const;
    Result<std::vector<llama_token>> tokens(const Prompt& prompt) const;
    Result<void> decode(std::span<llama_token> tokens, Watch& watch);
    Result<Completion> complete(const Prompt& prompt, const CallOptions& options, Watch& watch);
    Result<void> write_output(Picker& picker,
                              const Prompt& prompt,
                              const CallOptions& options,
                              Watch& watch,
                              Completion& out);
};

Result<std::vector<llama_token>> Engine::Loaded::tokens(const Segment& segment) const {
    if (segment.text.size() > Prompt::kTextMaxBytes) {
        return fail(Errc::too_large, "AST-05");
    }
    if (segment.kind == SegmentKind::control) {
        return tokens_of(vocab, segment.text, true);
    }
    return data_tokens(vocab, segment.text);
}

Result<std::vector<llama_token>> Engine::Loaded::tokens(const Prompt& prompt) const {
    std::vector<llama_token> all;
    for (const Segment& segment : prompt.segments) {
        CHATMCP_TRY(const auto part, tokens(segment));
        all.insert(all.end(), part.begin(), part.end());
    }
    if (llama_vocab_get_add_bos(vocab)) {
        const llama_token bos = llama_vocab_bos(vocab);
        if (all.empty() || all.front() != bos) {
            all.insert(all.begin(), bos);
        }
    }
    const std::uint64_t needed = std::uint64_t{all.size()} + prompt.output_tokens_max;
    if (all.empty() || prompt.output_tokens_max == 0 || needed > settings.context_tokens) {
        return fail(Errc::too_large, "AST-05");
    }
    return all;
}

Result<void> Engine::Loaded::make_context() {
    if (settings.threads > 1) {
        ggml_threadpool_params params =
            ggml_threadpool_params_default(static_cast<int>(settings.threads));
        pool.reset(ggml_threadpool_new(&params));
        if (!pool) {
            return fail(Errc::internal, "AST-09");
        }
    }
    llama_context_params params = llama_context_default_params();
    params.n_ctx = settings.context_tokens;
    params.n_batch = kBatchTokens;
    params.n_ubatch = kBatchTokens;
    params.n_seq_max = 1;
    params.n_threads = static_cast<std::int32_t>(settings.threads);
    params.n_threads_batch = params.n_threads;
    // Flash attention splits its sums by thread; without it every sum has one order.
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = GGML_TYPE_F16;
    params.type_v = GGML_TYPE_F16;
    params.no_perf = true;
    context.reset(llama_init_from_model(model.get(), params));
    if (!context) {
        return fail(Errc::malformed, "AST-01");
    }
    if (pool) {
        llama_attach_threadpool(context.get(), pool.get(), pool.get());
    }
    return {};
}

Result<void> Engine::Loaded::decode(std::span<llama_token> tokens, Watch& watch) {
    CHATMCP_TRY_VOID(watch.go_on());
    const auto stop = [](void* data) { return !static_cast<Watch*>(data)->go_on().has_value(); };
    llama_set_abort_callback(context.get(), stop, &watch);
    const std::int32_t status =
        llama_decode(context.get(),
                     llama_batch_get_one(tokens.data(), static_cast<std::int32_t>(tokens.size())));
    llama_set_abort_callback(context.get(), nullptr, nullptr);
    if (status != 0) {
        CHATMCP_TRY_VOID(watch.go_on());  // The usual reason, with its name.
        return fail(Errc::internal, "AST-09");
    }
    return {};
}

Result<void> Engine::Loaded::write_output(Picker& picker,
                                          const Prompt& prompt,
                                          const CallOptions& options,
                                          Watch& watch,
                                          Completion& out) {
    const auto vocab_tokens = static_cast<std::size_t>(llama_vocab_n_tokens(vocab));
    crypto::Sha256 digest;
    for (;;) {
        const float* const values = llama_get_logits_ith(context.get(), -1);
        if (values == nullptr) {
            return fail(Errc::internal, "AST-09");
        }
        const std::span<const float> logits(values, vocab_tokens);
        if (options.digest_logits) {
            const auto bytes = std::as_bytes(logits);
            digest.update(
                {reinterpret_cast<const std::uint8_t*>(bytes.data()),  // NOLINT(*-reinterpret-cast)
                 bytes.size()});
        }
        CHATMCP_TRY(llama_token token, picker.pick(logits));
        if (llama_vocab_is_eog(vocab, token)) {
            break;
        }
        if (out.output_tokens == prompt.output_tokens_max) {
            return fail(Errc::malformed, "AST-10");
        }
        out.text += piece_of(vocab, token, false);
        if (++out.output_tokens == 1) {
            out.first_token_ms = watch.elapsed_ms();
        }
        watch.report(Stage::writing, out.output_tokens, prompt.output_tokens_max);
        CHATMCP_TRY_VOID(decode({&token, 1}, watch));
    }
    if (options.digest_logits) {
        out.logits_digest = digest.finish();
    }
    return {};
}

Result<Completion> Engine::Loaded::complete(const Prompt& prompt,
                                            const CallOptions& options,
                                            Watch& watch) {
    CHATMCP_TRY_VOID(watch.go_on());
    CHATMCP_TRY(auto prompt_tokens, tokens(prompt));
    SamplerPointer grammar;
    if (!prompt.grammar.empty()) {
        grammar.reset(llama_sampler_init_grammar(vocab, prompt.grammar.c_str(), "root"));
        if (!grammar) {
            return fail(Errc::invalid_argument, "AST-18");
        }
    }
    Completion out;
    out.prompt_tokens = static_cast<std::uint32_t>(prompt_tokens.size());
    watch.report(Stage::reading, 0, prompt_tokens.size());
    // The context is wiped, not only marked empty: no byte of an earlier conversation stays in it.
    llama_memory_clear(llama_get_memory(context.get()), true);
    for (std::size_t done = 0; done < prompt_tokens.size();) {
        const std::size_t count = std::min<std::size_t>(kBatchTokens, prompt_tokens.size() - done);
        CHATMCP_TRY_VOID(decode(std::span(prompt_tokens).subspan(done, count), watch));
        done += count;
        watch.report(Stage::reading, done, prompt_tokens.size());
    }
    Picker picker(std::move(grammar), never_written);
    CHATMCP_TRY_VOID(write_output(picker, prompt, options, watch, out));
    out.generation_ms = watch.elapsed_ms() - out.first_token_ms;
    return out;
}

Engine::Engine(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::load(int model_fd, const EngineSettings& settings) {
    // Through a FILE of the descriptor itself: opening a path is impossible in the sandbox.
    const FilePointer file(::fdopen(model_fd, "rb"));
    if (!file) {
        static_cast<void>(::close(model_fd));
        return fail(Errc::malformed, "AST-01");
    }
    if (settings.threads > EngineSettings::kThreadsMax ||
        settings.context_tokens < EngineSettings::kContextTokensMin ||
        settings.context_tokens > EngineSettings::kContextTokensMax ||
        settings.context_tokens % kBatchTokens != 0) {
        return fail(Errc::invalid_argument, "AST-04");
    }
    CHATMCP_TRY_VOID(check_cpu(this_cpu()));
    try {
        start_backend_once();
        auto loaded = std::make_unique<Loaded>();
        loaded->settings = settings;
        if (settings.threads == 0) {
            loaded->settings.threads =
                std::clamp(std::thread::hardware_concurrency(), 2U, EngineSettings::kThreadsMax) -
                1U;
        }
        llama_model_params params = llama_model_default_params();
        params.n_gpu_layers = 0;
        params.load_mode = LLAMA_LOAD_MODE_MMAP;
        params.use_extra_bufts = false;  // Repacked weights: other logits, 600 MB more memory.
        loaded->model.reset(llama_model_load_from_file_ptr(file.get(), params));
        if (!loaded->model) {
            return fail(Errc::malformed, "AST-01");
        }
        loaded->vocab = llama_model_get_vocab(loaded->model.get());
        CHATMCP_TRY(loaded->chat, chat_template_of(loaded->model.get()));
        const std::int32_t count = llama_vocab_n_tokens(loaded->vocab);
        for (llama_token token = 0; token < count; ++token) {
            const bool unknown =
                (static_cast<unsigned>(llama_vocab_get_attr(loaded->vocab, token)) &
                 LLAMA_TOKEN_ATTR_UNKNOWN) != 0;
            loaded->never_written.push_back((unknown || steers(loaded->vocab, token)) &&
                                            !llama_vocab_is_eog(loaded->vocab, token));
        }
        CHATMCP_TRY_VOID(loaded->make_context());
        return std::unique_ptr<Engine>(new Engine(std::move(loaded)));
    } catch (const std::exception&) {
        return fail(Errc::malformed, "AST-01");
    }
}

const ChatTemplate& Engine::chat_template() const {
    return loaded_->chat;
}

std::uint32_t Engine::context_tokens() const {
    return loaded_->settings.context_tokens;
}

std::uint32_t Engine::threads() const {
    return loaded_->settings.threads;
}

Result<std::vector<std::int32_t>> Engine::tokenize(const Segment& segment) {
    try {
        return loaded_->tokens(segment);
    } catch (const std::exception&) {
        return fail(Errc::internal, "AST-09");
    }
}

Result<std::uint32_t> Engine::count_tokens(const Segment& segment) {
    CHATMCP_TRY(const auto tokens, tokenize(segment));
    return static_cast<std::uint32_t>(tokens.size());
}

bool Engine::is_control(std::int32_t token) const {
    return steers(loaded_->vocab, token);
}

std::vector<std::string> Engine::control_markers() const {
    std::vector<std::string> markers;
    const std::int32_t count = llama_vocab_n_tokens(loaded_->vocab);
    for (llama_token token = 0; token < count; ++token) {
        if (steers(loaded_->vocab, token)) {
            markers.push_back(piece_of(loaded_->vocab, token, true));
        }
    }
    return markers;
}

Result<Completion> Engine::complete(const Prompt& prompt,
                                    const CallOptions& options,
                                    Progress& progress) {
    try {
        Watch watch(options, progress);
        return loaded_->complete(prompt, options, watch);
    } catch (const std::exception&) {
        // llama.cpp throws where a grammar or an allocation fails; the text may hold user data.
        return fail(Errc::internal, "AST-09");
    }
}

Bytes Engine::build() const {
    wire::Writer writer;
    writer.vector(as_bytes("chatmcp engine build 1"));
    writer.vector(as_bytes(llama_version()));
    writer.vector(as_bytes(CHATMCP_ENGINE_LIBRARIES));  // Digest of the linked libraries' bytes.
    writer.vector(as_bytes(llama_print_system_info()));
    return writer.take();
}

Bytes Engine::settings() const {
    wire::Writer writer;
    writer.vector(as_bytes("chatmcp engine settings 1"));
    writer.vector(
        as_bytes("greedy, lowest id first; flash attention off; f16 cache; weights as in "
                 "the file; empty context"));
    writer.u32(loaded_->settings.context_tokens);
    writer.u32(kBatchTokens);
    writer.vector(as_bytes(loaded_->chat.before_system));
    writer.vector(as_bytes(loaded_->chat.before_user));
    writer.vector(as_bytes(loaded_->chat.after_user));
    writer.vector(prompt_settings());
    return writer.take();
}

}  // namespace chatmcp::assistant
