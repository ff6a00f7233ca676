#include "assistant/answer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "assistant/answer_amounts.h"
#include "assistant/prompt.h"

namespace chatmcp::assistant {

namespace {

// A sentence starts with no lower-case letter and ends at its first mark, which inside it stands
// only before a digit or letter ("12.50", "a.m."). Brackets are left out, so that `[M12]` is never
// written into text. Repetitions bound every string: nothing can run on for ever.
constexpr std::string_view kSentenceRules = R"(
sentence ::= start piece{6,240} [.!?]
start ::= [^"\\.!?,;:\[\]{}a-z\x00-\x20\x7F]
piece ::= [^"\\.!?\[\]{}\x00-\x1F\x7F] | "." [0-9a-z]
sentences ::= sentence (" " sentence){0,2}
number ::= [1-9] [0-9]{0,5}
numbers ::= "[" number (", " number){0,7} "]"
point ::= "{\"text\": \"" sentence "\", \"messages\": " numbers "}"
)";

std::string with_rules(std::string_view root) {
    return "root ::= " + std::string(root) + std::string(kSentenceRules);
}

/// Reads the one JSON form that the grammars allow: fixed members in a fixed order, fixed spaces,
/// no escapes. Whatever else is JSON was not written under the grammar.
class Scanner {
  public:
    explicit Scanner(std::string_view output) : rest_(output) {}

    [[nodiscard]] bool accept(std::string_view literal) {
        if (!rest_.starts_with(literal)) {
            return false;
        }
        rest_.remove_prefix(literal.size());
        return true;
    }
    // Errors of all: malformed (AST-11).
    [[nodiscard]] Result<void> expect(std::string_view literal) {
        if (!accept(literal)) {
            return fail(Errc::malformed, "AST-11");
        }
        return {};
    }
    /// What stands before the closing quotation mark, which is read too.
    [[nodiscard]] Result<std::string> rest_of_string() {
        const std::size_t end = rest_.find_first_of("\"\\");
        if (end == std::string_view::npos || rest_[end] != '"') {
            return fail(Errc::malformed, "AST-11");
        }
        std::string text(rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
        return text;
    }
    [[nodiscard]] Result<std::uint32_t> number() {
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (error != std::errc{} || rest_.front() == '0') {
            return fail(Errc::malformed, "AST-11");
        }
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }
    /// `[1, 2]` of at most `max` numbers, without repetitions and rising.
    [[nodiscard]] Result<std::vector<std::uint32_t>> numbers(std::size_t max) {
        CHATMCP_CHECK_OK(expect("["));
        std::set<std::uint32_t> found;
        if (!accept("]")) {
            for (std::size_t count = 1;; ++count) {
                CHATMCP_TRY(const std::uint32_t value, number());
                found.insert(value);
                if (accept("]")) {
                    break;
                }
                if (count == max) {
                    return fail(Errc::malformed, "AST-11");
                }
                CHATMCP_CHECK_OK(expect(", "));
            }
        }
        return std::vector<std::uint32_t>(found.begin(), found.end());
    }
    [[nodiscard]] Result<void> finish() const {
        if (!rest_.empty()) {
            return fail(Errc::malformed, "AST-11");
        }
        return {};
    }

  private:
    std::string_view rest_;
};

Result<Scanner> scan(std::string_view output) {
    if (output.size() > kOutputMaxBytes) {
        return fail(Errc::too_large, "AST-11");
    }
    return Scanner(output);
}

/// A text that cleaning would change holds what must not be shown or signed.
Result<void> check_text(const std::string& text) {
    if (text.empty() || text.size() > kSentencesMax * kSentenceMaxBytes ||
        as_data(text, text.size()) != text) {
        return fail(Errc::malformed, "AST-14");
    }
    return {};
}

/// Only numbers of messages that the model was shown; the rest is left out and counted.
std::vector<std::uint32_t> shown_only(const std::vector<std::uint32_t>& numbers,
                                      const ShownMessages& shown,
                                      DropList& dropped) {
    std::vector<std::uint32_t> kept;
    for (const std::uint32_t number : numbers) {
        if (shown.contains(number)) {
            kept.push_back(number);
        } else {
            dropped.add("AST-12");
        }
    }
    return kept;
}

bool supported(std::string_view sentence, const AmountsSupported& amounts) {
    return std::ranges::all_of(amounts_stated(sentence),
                               [&](const std::string& stated) { return amounts.supports(stated); });
}

AmountsSupported amounts_of(std::span<const std::uint32_t> numbers, const ShownMessages& shown) {
    AmountsSupported amounts;
    for (const std::uint32_t number : numbers) {
        amounts.add(shown.at(number));
    }
    return amounts;
}

/// The sentences whose amounts and dates the named messages have. A model that is wrong about a
/// number is wrong about the sentence, so the sentence goes, and it is said that it went.
Result<std::string> supported_sentences(const std::string& text,
                                        std::span<const std::uint32_t> messages,
                                        const ShownMessages& shown,
                                        DropList& dropped) {
    const AmountsSupported amounts = amounts_of(messages, shown);
    std::string kept;
    for (const std::string& sentence : sentences_of(text)) {
        if (!supported(sentence, amounts)) {
            dropped.add("AST-13");
            continue;
        }
        kept += kept.empty() ? "" : " ";
        kept += sentence;
    }
    if (kept.empty()) {
        return fail(Errc::refused_by_policy, "AST-13");
    }
    return kept;
}

/// `[{"text": "...", "messages": [1, 2]}, ...]`; points that fail a check of their own are left
/// out.
Result<std::vector<GroundedPoint>> points_of(Scanner& scanner,
                                             std::size_t max,
                                             const ShownMessages& shown,
                                             DropList& dropped) {
    std::vector<GroundedPoint> points;
    CHATMCP_CHECK_OK(scanner.expect("["));
    for (std::size_t count = 1;; ++count) {
        CHATMCP_CHECK_OK(scanner.expect("{\"text\": \""));
        CHATMCP_TRY(auto text, scanner.rest_of_string());
        CHATMCP_CHECK_OK(check_text(text));
        CHATMCP_CHECK_OK(scanner.expect(", \"messages\": "));
        CHATMCP_TRY(const auto numbers, scanner.numbers(kNamedMessagesMax));
        CHATMCP_CHECK_OK(scanner.expect("}"));
        auto messages = shown_only(numbers, shown, dropped);
        const bool repeated = std::ranges::find(points, text, &GroundedPoint::text) != points.end();
        if (messages.empty()) {
            dropped.add("AST-12");
        } else if (!supported(text, amounts_of(messages, shown))) {
            dropped.add("AST-13");
        } else if (!repeated) {
            points.push_back({std::move(text), std::move(messages)});
        }
        if (scanner.accept("]")) {
            return points;
        }
        if (count == max) {
            return fail(Errc::malformed, "AST-11");
        }
        CHATMCP_CHECK_OK(scanner.expect(", "));
    }
}

std::vector<std::uint32_t> messages_of(std::span<const GroundedPoint> points) {
    std::set<std::uint32_t> all;
    for (const GroundedPoint& point : points) {
        all.insert(point.messages.begin(), point.messages.end());
    }
    return {all.begin(), all.end()};
}

/// `, "summary": "..."}` and nothing after it.
Result<std::string> summary_end(Scanner& scanner) {
    CHATMCP_CHECK_OK(scanner.expect(", \"summary\": \""));
    CHATMCP_TRY(auto summary, scanner.rest_of_string());
    CHATMCP_CHECK_OK(scanner.expect("}"));
    CHATMCP_CHECK_OK(scanner.finish());
    CHATMCP_CHECK_OK(check_text(summary));
    return summary;
}

/// A summary rests on what its points rest on; without a point it rests on nothing. Its text is
/// empty when no sentence of it can be kept; the points still stand.
Result<GroundedAnswer> summary_over(std::vector<GroundedPoint> points,
                                    const std::string& summary,
                                    const ShownMessages& shown,
                                    DropList& dropped) {
    if (points.empty()) {
        return fail(Errc::malformed, "AST-12");
    }
    GroundedAnswer answer;
    answer.messages = messages_of(points);
    auto text = supported_sentences(summary, answer.messages, shown, dropped);
    answer.text = text ? *std::move(text) : std::string();
    answer.points = std::move(points);
    return answer;
}

std::string_view reason_of(std::string_view check) {
    if (check == "AST-12") {
        return "a message is named that was not shown";
    }
    if (check == "AST-13") {
        return "an amount or date does not stand in the named messages";
    }
    return "the model's output does not have the asked form";
}

}  // namespace

std::string_view answer_grammar() {
    static const std::string grammar = with_rules(
        R"("{\"messages\": " ( numbers ", \"answer\": \"" sentences | "[], \"answer\": \"" ) "\"}")");
    return grammar;
}

std::string_view summary_grammar() {
    static const std::string grammar = with_rules(
        R"("{\"points\": [" point (", " point){0,4} "], \"summary\": \"" sentences "\"}")");
    return grammar;
}

std::string_view part_grammar() {
    static const std::string grammar =
        with_rules(R"("{\"points\": [" point (", " point){0,3} "]}")");
    return grammar;
}

std::string_view reduce_grammar() {
    static const std::string grammar =
        with_rules(R"("{\"points\": " numbers ", \"summary\": \"" sentences "\"}")");
    return grammar;
}

void DropList::add(const char* check) {
    const auto at = std::ranges::find_if(
        dropped_, [&](const Dropped& d) { return std::string_view(d.check) == check; });
    if (at == dropped_.end()) {
        dropped_.push_back({check, 1});
    } else {
        ++at->count;
    }
}

std::vector<std::string> DropList::explain() const {
    std::vector<std::string> texts;
    for (const Dropped& d : dropped_) {
        texts.push_back(std::string(d.check) + ": left out, " + std::to_string(d.count) +
                        " times: " + std::string(reason_of(d.check)));
    }
    return texts;
}

Result<GroundedAnswer> ground_answer(std::string_view output,
                                     const ShownMessages& shown,
                                     DropList& dropped) {
    CHATMCP_TRY(Scanner scanner, scan(output));
    CHATMCP_CHECK_OK(scanner.expect("{\"messages\": "));
    CHATMCP_TRY(const auto numbers, scanner.numbers(kNamedMessagesMax));
    CHATMCP_CHECK_OK(scanner.expect(", \"answer\": \""));
    CHATMCP_TRY(const std::string text, scanner.rest_of_string());
    CHATMCP_CHECK_OK(scanner.expect("}"));
    CHATMCP_CHECK_OK(scanner.finish());
    if (numbers.empty() && text.empty()) {
        return fail(Errc::not_found, "AST-19");
    }
    CHATMCP_CHECK_OK(check_text(text));
    GroundedAnswer answer;
    answer.messages = shown_only(numbers, shown, dropped);
    if (answer.messages.empty()) {
        return fail(Errc::malformed, "AST-12");
    }
    CHATMCP_TRY(answer.text, supported_sentences(text, answer.messages, shown, dropped));
    return answer;
}

Result<GroundedAnswer> ground_summary(std::string_view output,
                                      const ShownMessages& shown,
                                      DropList& dropped) {
    CHATMCP_TRY(Scanner scanner, scan(output));
    CHATMCP_CHECK_OK(scanner.expect("{\"points\": "));
    CHATMCP_TRY(auto points, points_of(scanner, kPointsMax, shown, dropped));
    CHATMCP_TRY(const std::string summary, summary_end(scanner));
    return summary_over(std::move(points), summary, shown, dropped);
}

Result<std::vector<GroundedPoint>> ground_part(std::string_view output,
                                               const ShownMessages& shown,
                                               DropList& dropped) {
    CHATMCP_TRY(Scanner scanner, scan(output));
    CHATMCP_CHECK_OK(scanner.expect("{\"points\": "));
    CHATMCP_TRY(auto points, points_of(scanner, kPartPointsMax, shown, dropped));
    CHATMCP_CHECK_OK(scanner.expect("}"));
    CHATMCP_CHECK_OK(scanner.finish());
    return points;
}

Result<GroundedAnswer> ground_reduced(std::string_view output,
                                      std::span<const GroundedPoint> points,
                                      const ShownMessages& shown,
                                      DropList& dropped) {
    CHATMCP_TRY(Scanner scanner, scan(output));
    CHATMCP_CHECK_OK(scanner.expect("{\"points\": "));
    CHATMCP_TRY(const auto numbers, scanner.numbers(kNamedMessagesMax));
    CHATMCP_TRY(const std::string summary, summary_end(scanner));
    std::vector<GroundedPoint> kept;
    for (const std::uint32_t number : numbers) {
        if (number > points.size() || kept.size() == kKeptPointsMax) {
            dropped.add("AST-12");
            continue;
        }
        kept.push_back(points[number - 1]);
    }
    return summary_over(std::move(kept), summary, shown, dropped);
}

}  // namespace chatmcp::assistant
