#include "assistant/assistant.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "assistant/answer.h"
#include "assistant/context.h"
#include "assistant/prompt.h"
#include "wire/tls.h"

namespace chatmcp::assistant {

namespace {

/// Room for what counting the lines one by one misses where they meet.
constexpr std::uint32_t kSpareTokens = 32;

/// A message as prompts number it.
struct Line {
    const SourceMessage* source = nullptr;
    NumberedMessage numbered;
    std::uint32_t tokens = 0;
};

using Sentences = std::vector<GroundedSentence>;

/// Sentences of parts that one call reads together; more are reduced in steps.
constexpr std::size_t kReducedAtOnce = 12;

/// One answer in the making.
class Work {
  public:
    Work(LanguageModel& model,
         const AssistantLimits& limits,
         const wire::Question& question,
         std::optional<std::int64_t> deadline_steady_ms,
         Progress& progress)
        : model_(model),
          limits_(limits),
          question_(question),
          deadline_(deadline_steady_ms),
          progress_(progress),
          start_ms_(progress.steady_ms()) {}

    Result<Answered> run(std::span<const SourceMessage> messages);

  private:
    Result<void> read(std::span<const SourceMessage> messages);
    Result<std::uint32_t> room_beside(const Prompt& empty);
    Result<std::string> call(const Prompt& prompt);
    ShownMessages show(std::span<const Line> lines);
    Result<Sentences> answer();
    Result<Sentences> summarise();
    Result<Sentences> summarise_part(const Part& part);
    [[nodiscard]] bool time_for_a_part(std::size_t sentences) const;
    Result<std::vector<Part>> groups_of(const Sentences& sentences, std::uint32_t room);
    Result<Sentences> reduce(std::span<const GroundedSentence> sentences, const Basis& basis);
    Result<Sentences> reduce_all(Sentences sentences, std::uint32_t room);
    void fill(const Sentences& text);

    LanguageModel& model_;
    const AssistantLimits& limits_;
    const wire::Question& question_;
    std::optional<std::int64_t> deadline_;
    Progress& progress_;
    std::int64_t start_ms_;
    std::vector<Line> lines_;
    ShownMessages shown_;  // Of all calls.
    Sentences points_;     // Of a summary in parts.
    std::size_t calls_expected_ = 1;
    std::int64_t longest_call_ms_ = 0;
    DropList dropped_;
    Answered out_;
};

/// Errors after which the conversation can still be answered from other calls: the model's fault,
/// not the caller's.
bool is_bad_output(const Error& error) {
    constexpr std::string_view kChecks[] = {"AST-10", "AST-11", "AST-12", "AST-13", "AST-14"};
    return std::ranges::find(kChecks, std::string_view(error.check)) != std::end(kChecks);
}

/// The one bad output of which nothing is recorded.
bool is_unended(const Error& error) {
    return error.check == std::string_view("AST-10");
}

std::vector<NumberedMessage> numbered(std::span<const Line> lines) {
    std::vector<NumberedMessage> out;
    for (const Line& line : lines) {
        out.push_back(line.numbered);
    }
    return out;
}

std::vector<std::string> texts_of(std::span<const GroundedSentence> sentences) {
    std::vector<std::string> texts;
    for (const GroundedSentence& sentence : sentences) {
        texts.push_back(sentence.text);
    }
    return texts;
}

Result<void> Work::read(std::span<const SourceMessage> messages) {
    std::size_t bytes = 0;
    for (const SourceMessage& message : messages) {
        bytes += message.text.size() + message.author_display.size();
    }
    if (messages.size() > AssistantLimits::kMessagesMax || bytes > AssistantLimits::kTextMaxBytes) {
        return fail(Errc::too_large, "AST-16");
    }
    std::vector<const SourceMessage*> ordered;
    for (const SourceMessage& message : messages) {
        if (!as_data(message.text, kMessageTextMaxBytes).empty()) {
            ordered.push_back(&message);
        }
    }
    if (ordered.empty()) {
        return fail(Errc::not_found, "AST-17");
    }
    std::ranges::sort(ordered, [](const SourceMessage* a, const SourceMessage* b) {
        return std::pair(a->position, a->id) < std::pair(b->position, b->id);
    });
    for (const SourceMessage* const source : ordered) {
        const auto number = static_cast<std::uint32_t>(lines_.size() + 1);
        Line line{source, {number, message_line(number, source->author_display, source->text)}, 0};
        CHATMCP_TRY(line.tokens,
                    model_.count_tokens({SegmentKind::data, line.numbered.line + "\n"}));
        lines_.push_back(std::move(line));
        if (progress_.cancelled()) {
            return fail(Errc::cancelled, "AST-07");
        }
    }
    return {};
}

/// Tokens that a prompt which is empty but for its instructions leaves for the conversation.
Result<std::uint32_t> Work::room_beside(const Prompt& empty) {
    std::uint64_t used = std::uint64_t{empty.output_tokens_max} + kSpareTokens;
    for (const Segment& segment : empty.segments) {
        CHATMCP_TRY(const std::uint32_t tokens, model_.count_tokens(segment));
        used += tokens;
    }
    if (used >= model_.context_tokens()) {
        return fail(Errc::too_large, "AST-05");
    }
    return static_cast<std::uint32_t>(model_.context_tokens() - used);
}

/// Errors: those of LanguageModel::complete.
Result<std::string> Work::call(const Prompt& prompt) {
    out_.calls.push_back({wire::encode(prompt), {}});
    CallOptions options;
    options.deadline_steady_ms = deadline_;
    options.call = static_cast<std::uint32_t>(out_.calls.size());
    options.calls = static_cast<std::uint32_t>(std::max(calls_expected_, out_.calls.size()));
    const std::int64_t before_ms = progress_.steady_ms() - start_ms_;
    CHATMCP_TRY(auto completion, model_.complete(prompt, options, progress_));
    longest_call_ms_ = std::max(longest_call_ms_, progress_.steady_ms() - start_ms_ - before_ms);
    out_.calls.back().output = to_bytes(as_bytes(completion.text));
    Timing& timing = out_.timing;
    if (timing.output_tokens == 0) {
        timing.first_token_ms = static_cast<std::uint32_t>(before_ms + completion.first_token_ms);
    }
    timing.prompt_tokens += completion.prompt_tokens;
    timing.output_tokens += completion.output_tokens;
    timing.generation_ms += static_cast<std::uint32_t>(completion.generation_ms);
    return std::move(completion.text);
}

ShownMessages Work::show(std::span<const Line> lines) {
    ShownMessages shown;
    for (const Line& line : lines) {
        shown.emplace(line.numbered.number, line.source->text);
    }
    shown_.insert(shown.begin(), shown.end());
    return shown;
}

Result<Sentences> Work::answer() {
    const ChatTemplate& chat = model_.chat_template();
    CHATMCP_TRY(const auto room, room_beside(answer_prompt(chat, question_.text, {})));
    std::vector<Candidate> candidates;
    for (const Line& line : lines_) {
        candidates.push_back({line.source->author_display, line.source->text, line.tokens});
    }
    const auto chosen =
        select_messages(question_.text, candidates, std::min(room, limits_.question_tokens));
    if (chosen.empty()) {
        return fail(Errc::too_large, "AST-05");
    }
    std::vector<Line> lines;
    for (const std::size_t i : chosen) {
        lines.push_back(lines_[i]);
    }
    const ShownMessages shown = show(lines);
    CHATMCP_TRY(const std::string output,
                call(answer_prompt(chat, question_.text, numbered(lines))));
    return ground_answer(output, shown, dropped_);
}

Result<Sentences> Work::summarise_part(const Part& part) {
    const auto lines = std::span(lines_).subspan(part.begin, part.end - part.begin);
    const ShownMessages shown = show(lines);
    CHATMCP_TRY(const std::string output,
                call(summary_prompt(model_.chat_template(), question_.text, numbered(lines))));
    return ground_summary(output, Basis(shown), dropped_);
}

/// Calls that bring so many sentences together, if each step keeps as many as it may.
std::size_t calls_to_reduce(std::size_t sentences) {
    std::size_t calls = 1;
    while (sentences > kReducedAtOnce) {
        const std::size_t groups = (sentences + kReducedAtOnce - 1) / kReducedAtOnce;
        calls += groups;
        sentences = groups * kSentencesMax;
    }
    return calls;
}

/// Whether the deadline leaves time for another part and for bringing all together after it, every
/// call as long as the longest so far.
bool Work::time_for_a_part(std::size_t sentences) const {
    const auto calls = static_cast<std::int64_t>(1 + calls_to_reduce(sentences + kSentencesMax));
    return !deadline_.has_value() || progress_.steady_ms() + calls * longest_call_ms_ <= *deadline_;
}

/// One part at a time, since a small model's summary of much text is about its beginning; then one
/// summary of all parts' sentences. A part whose output is unusable, or for which there is no time,
/// is left out, and that is said.
Result<Sentences> Work::summarise() {
    CHATMCP_TRY(const auto room,
                room_beside(summary_prompt(model_.chat_template(), question_.text, {})));
    std::vector<std::uint32_t> tokens;
    for (const Line& line : lines_) {
        tokens.push_back(line.tokens);
    }
    const auto parts = cut_into_parts(tokens, std::min(room, limits_.part_tokens));
    if (parts.size() == 1) {
        return summarise_part(parts.front());
    }
    const std::size_t sentences_expected = parts.size() * kSentencesMax;
    calls_expected_ =
        parts.size() + 1 +
        (sentences_expected > kReducedAtOnce ? sentences_expected / kReducedAtOnce : 0);
    Sentences sentences;
    for (const Part& part : parts) {
        if (!time_for_a_part(sentences.size())) {
            dropped_.add("AST-08");
            continue;
        }
        const auto found = summarise_part(part);
        if (!found && !is_bad_output(found.error())) {
            return fail(found.error());
        }
        if (!found) {
            dropped_.add(found.error().check);
            continue;
        }
        sentences.insert(sentences.end(), found->begin(), found->end());
    }
    if (sentences.empty()) {
        return fail(Errc::malformed, "AST-12");
    }
    return reduce_all(std::move(sentences), room);
}

/// Groups of sentences that one call can read.
Result<std::vector<Part>> Work::groups_of(const Sentences& sentences, std::uint32_t room) {
    std::vector<std::uint32_t> tokens;
    for (const GroundedSentence& sentence : sentences) {
        CHATMCP_TRY(const std::uint32_t count,
                    model_.count_tokens({SegmentKind::data, "- " + sentence.text + "\n"}));
        // So large that no more than kReducedAtOnce fit.
        tokens.push_back(std::max<std::uint32_t>(count, room / kReducedAtOnce));
    }
    return cut_into_parts(tokens, room);
}

Result<Sentences> Work::reduce(std::span<const GroundedSentence> sentences, const Basis& basis) {
    CHATMCP_TRY(const std::string output,
                call(reduce_prompt(model_.chat_template(), question_.text, texts_of(sentences))));
    return ground_summary(output, basis, dropped_);
}

/// The summary's text; the sentences that its last step read become its points.
Result<Sentences> Work::reduce_all(Sentences sentences, std::uint32_t room) {
    const Basis basis(shown_);
    for (;;) {
        CHATMCP_TRY(const auto groups, groups_of(sentences, room));
        Sentences reduced;
        for (const Part& group : groups) {
            const auto members = std::span(sentences).subspan(group.begin, group.end - group.begin);
            auto text = reduce(members, basis);
            if (!text && !is_bad_output(text.error())) {
                return fail(text.error());
            }
            if (!text) {
                dropped_.add(text.error().check);
                const auto kept = members.first(std::min(members.size(), kSentencesMax));
                text = groups.size() == 1 ? Sentences() : Sentences(kept.begin(), kept.end());
            }
            reduced.insert(reduced.end(), text->begin(), text->end());
        }
        if (groups.size() == 1) {
            points_ = std::move(sentences);
            return reduced;
        }
        if (reduced.size() >= sentences.size()) {
            return fail(Errc::too_large, "AST-05");
        }
        sentences = std::move(reduced);
    }
}

void Work::fill(const Sentences& text) {
    std::set<std::uint32_t> messages;
    for (const GroundedSentence& sentence : text) {
        out_.answer.text += (out_.answer.text.empty() ? "" : " ") + sentence.text;
        messages.insert(sentence.messages.begin(), sentence.messages.end());
    }
    for (const GroundedSentence& point : points_) {
        out_.answer.points.push_back(point.text);
        messages.insert(point.messages.begin(), point.messages.end());
    }
    for (const std::uint32_t number : messages) {
        out_.answer.rests_on.push_back(lines_[number - 1].source->id);
    }
}

Result<Answered> Work::run(std::span<const SourceMessage> messages) {
    progress_.report({});
    const bool summary = question_.scope == wire::Scope::summarise;
    if (question_.text.size() > kQuestionMaxBytes ||
        (!summary && as_data(question_.text, kQuestionMaxBytes).empty())) {
        return fail(Errc::invalid_argument, "AST-15");
    }
    CHATMCP_TRY_VOID(read(messages));
    auto grounded = summary ? summarise() : answer();
    if (grounded) {
        fill(*grounded);
    } else if (is_bad_output(grounded.error()) ||
               grounded.error().check == std::string_view("AST-19")) {
        out_.nothing_said = grounded.error();
        // Whoever reads an empty answer is told why it is empty.
        const char* const check = grounded.error().check;
        if (std::ranges::none_of(dropped_.list(), [&](const Dropped& dropped) {
                return dropped.check == std::string_view(check);
            })) {
            dropped_.add(check);
        }
    } else {
        return fail(grounded.error());
    }
    out_.answer.dropped = dropped_.explain();
    for (const auto& [number, text] : shown_) {
        out_.inputs.push_back(lines_[number - 1].source->id);
    }
    return std::move(out_);
}

}  // namespace

Result<Answered> Assistant::answer(const wire::Question& question,
                                   std::span<const SourceMessage> messages,
                                   std::optional<std::int64_t> deadline_steady_ms,
                                   Progress& progress) {
    return Work(model_, limits_, question, deadline_steady_ms, progress).run(messages);
}

Result<Bytes> Assistant::replay(ByteView prompt, Progress& progress) {
    CHATMCP_TRY(const Prompt decoded, wire::decode<Prompt>(prompt));
    const auto completion = model_.complete(decoded, {}, progress);
    // An answer goes on without an output that had no end, and its receipt commits to none: that it
    // has no end again is what there is to reproduce.
    if (!completion.has_value() && is_unended(completion.error())) {
        return Bytes();
    }
    if (!completion.has_value()) {
        return fail(completion.error());
    }
    return to_bytes(as_bytes(completion->text));
}

}  // namespace chatmcp::assistant
