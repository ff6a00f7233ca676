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
    Result<std::string> call(const Prompt& prompt, std::size_t index, std::size_t count);
    ShownMessages show(std::span<const Line> lines);
    Result<GroundedAnswer> answer();
    Result<GroundedAnswer> summarise();
    Result<GroundedAnswer> summarise_in_parts(std::uint32_t room);
    Result<std::vector<GroundedPoint>> points_of(std::span<const Part> parts, std::size_t calls);
    Result<std::vector<std::uint32_t>> point_tokens(std::span<const GroundedPoint> points);
    Result<GroundedAnswer> reduce(std::span<const GroundedPoint> points, std::size_t calls);
    void fill(GroundedAnswer grounded);

    LanguageModel& model_;
    const AssistantLimits& limits_;
    const wire::Question& question_;
    std::optional<std::int64_t> deadline_;
    Progress& progress_;
    std::int64_t start_ms_;
    std::vector<Line> lines_;
    ShownMessages shown_;  // Of all calls.
    DropList dropped_;
    Answered out_;
};

/// Errors after which the conversation can still be answered from other calls: the model's fault,
/// not the caller's.
bool is_bad_output(const Error& error) {
    constexpr std::string_view kChecks[] = {"AST-10", "AST-11", "AST-12", "AST-13", "AST-14"};
    return std::ranges::find(kChecks, std::string_view(error.check)) != std::end(kChecks);
}

std::vector<NumberedMessage> numbered(std::span<const Line> lines) {
    std::vector<NumberedMessage> out;
    for (const Line& line : lines) {
        out.push_back(line.numbered);
    }
    return out;
}

std::vector<NumberedPoint> numbered(std::span<const GroundedPoint> points) {
    std::vector<NumberedPoint> out;
    for (const GroundedPoint& point : points) {
        out.push_back({static_cast<std::uint32_t>(out.size() + 1), point.text});
    }
    return out;
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
Result<std::string> Work::call(const Prompt& prompt, std::size_t index, std::size_t count) {
    out_.calls.push_back({wire::encode(prompt), {}});
    CallOptions options;
    options.deadline_steady_ms = deadline_;
    options.call = static_cast<std::uint32_t>(index);
    options.calls = static_cast<std::uint32_t>(count);
    const std::int64_t before_ms = progress_.steady_ms() - start_ms_;
    CHATMCP_TRY(auto completion, model_.complete(prompt, options, progress_));
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

Result<GroundedAnswer> Work::answer() {
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
                call(answer_prompt(chat, question_.text, numbered(lines)), 1, 1));
    return ground_answer(output, shown, dropped_);
}

Result<GroundedAnswer> Work::summarise() {
    const ChatTemplate& chat = model_.chat_template();
    CHATMCP_TRY(const auto room, room_beside(summary_prompt(chat, question_.text, {})));
    std::uint64_t total = 0;
    for (const Line& line : lines_) {
        total += line.tokens;
    }
    if (total > room) {
        return summarise_in_parts(room);
    }
    const ShownMessages shown = show(lines_);
    CHATMCP_TRY(const std::string output,
                call(summary_prompt(chat, question_.text, numbered(lines_)), 1, 1));
    return ground_summary(output, shown, dropped_);
}

/// The points of each part. A part whose output is unusable is left out, and that is said.
Result<std::vector<GroundedPoint>> Work::points_of(std::span<const Part> parts, std::size_t calls) {
    std::vector<GroundedPoint> points;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto lines = std::span(lines_).subspan(parts[i].begin, parts[i].end - parts[i].begin);
        const ShownMessages shown = show(lines);
        const Prompt prompt = part_prompt(model_.chat_template(), question_.text, numbered(lines));
        const auto output = call(prompt, i + 1, calls);
        if (!output && !is_bad_output(output.error())) {
            return fail(output.error());
        }
        auto found = output ? ground_part(*output, shown, dropped_)
                            : Result<std::vector<GroundedPoint>>(fail(output.error()));
        if (!found) {
            dropped_.add(found.error().check);
            continue;
        }
        points.insert(points.end(), found->begin(), found->end());
    }
    return points;
}

Result<std::vector<std::uint32_t>> Work::point_tokens(std::span<const GroundedPoint> points) {
    std::vector<std::uint32_t> tokens;
    for (const NumberedPoint& point : numbered(points)) {
        CHATMCP_TRY(
            const std::uint32_t count,
            model_.count_tokens({SegmentKind::data,
                                 "[P" + std::to_string(point.number) + "] " + point.text + "\n"}));
        tokens.push_back(count);
    }
    return tokens;
}

/// One summary over the points; without a usable one the first points alone.
Result<GroundedAnswer> Work::reduce(std::span<const GroundedPoint> points, std::size_t calls) {
    const Prompt prompt = reduce_prompt(model_.chat_template(), question_.text, numbered(points));
    const auto output = call(prompt, calls, calls);
    if (!output && !is_bad_output(output.error())) {
        return fail(output.error());
    }
    auto reduced = output ? ground_reduced(*output, points, shown_, dropped_)
                          : Result<GroundedAnswer>(fail(output.error()));
    if (reduced) {
        return reduced;
    }
    dropped_.add(reduced.error().check);
    GroundedAnswer answer;
    const auto kept = points.first(std::min(points.size(), kKeptPointsMax));
    answer.points.assign(kept.begin(), kept.end());
    std::set<std::uint32_t> messages;
    for (const GroundedPoint& point : kept) {
        messages.insert(point.messages.begin(), point.messages.end());
    }
    answer.messages.assign(messages.begin(), messages.end());
    return answer;
}

Result<GroundedAnswer> Work::summarise_in_parts(std::uint32_t room) {
    std::vector<std::uint32_t> tokens;
    for (const Line& line : lines_) {
        tokens.push_back(line.tokens);
    }
    const auto parts = cut_into_parts(tokens, room);
    const std::size_t calls = parts.size() + 1;
    CHATMCP_TRY(auto points, points_of(parts, calls));
    if (points.empty()) {
        return fail(Errc::malformed, "AST-12");
    }
    for (;;) {
        CHATMCP_TRY(const auto sizes, point_tokens(points));
        const auto groups = cut_into_parts(sizes, room);
        if (groups.size() == 1) {
            return reduce(points, calls);
        }
        // Too many points for one call: keep the best of each group, then look again.
        std::vector<GroundedPoint> kept;
        for (const Part& group : groups) {
            CHATMCP_TRY(
                const auto best,
                reduce(std::span(points).subspan(group.begin, group.end - group.begin), calls));
            kept.insert(kept.end(), best.points.begin(), best.points.end());
        }
        if (kept.size() >= points.size()) {
            return fail(Errc::too_large, "AST-05");
        }
        points = std::move(kept);
    }
}

void Work::fill(GroundedAnswer grounded) {
    out_.answer.text = std::move(grounded.text);
    for (GroundedPoint& point : grounded.points) {
        out_.answer.points.push_back(std::move(point.text));
    }
    for (const std::uint32_t number : grounded.messages) {
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
    CHATMCP_CHECK_OK(read(messages));
    auto grounded = summary ? summarise() : answer();
    if (grounded) {
        fill(*std::move(grounded));
    } else if (is_bad_output(grounded.error()) ||
               grounded.error().check == std::string_view("AST-19")) {
        out_.nothing_said = grounded.error();
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
    CHATMCP_TRY(const auto completion, model_.complete(decoded, {}, progress));
    return to_bytes(as_bytes(completion.text));
}

}  // namespace chatmcp::assistant
