#include "assistant/answer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "assistant/answer_amounts.h"
#include "assistant/context.h"
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
        CHATMCP_TRY_VOID(expect("["));
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
                CHATMCP_TRY_VOID(expect(", "));
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

/// The text with single spaces. What cleaning would change beyond that must not be shown or signed.
Result<std::string> checked_text(std::string_view raw) {
    std::string text;
    for (const char c : raw) {
        if (c != ' ' || (!text.empty() && text.back() != ' ')) {
            text.push_back(c);
        }
    }
    if (text.ends_with(' ')) {
        text.pop_back();
    }
    if (text.empty() || text.size() > kSentencesMax * kSentenceMaxBytes ||
        as_data(text, text.size()) != text) {
        return fail(Errc::malformed, "AST-14");
    }
    return text;
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

/// The sentences whose amounts and dates their messages have. A model that is wrong about a number
/// is wrong about the sentence, so the sentence goes, and it is said that it went.
Result<std::vector<GroundedSentence>> supported_only(std::vector<GroundedSentence> sentences,
                                                     const ShownMessages& shown,
                                                     DropList& dropped) {
    const auto unsupported = [&](const GroundedSentence& sentence) {
        AmountsSupported amounts;
        for (const std::uint32_t number : sentence.messages) {
            amounts.add(shown.at(number));
        }
        const bool all = std::ranges::all_of(
            amounts_stated(sentence.text),
            [&](const std::string& stated) { return amounts.supports(stated); });
        if (!all) {
            dropped.add("AST-13");
        }
        return !all;
    };
    std::erase_if(sentences, unsupported);
    if (sentences.empty()) {
        return fail(Errc::refused_by_policy, "AST-13");
    }
    return sentences;
}

std::string_view reason_of(std::string_view check) {
    if (check == "AST-08") {
        return "there was no time to read a part of the conversation";
    }
    if (check == "AST-10") {
        return "the model's output did not come to an end";
    }
    if (check == "AST-12") {
        return "no message that was shown is named, or shares a word";
    }
    if (check == "AST-13") {
        return "an amount or date does not stand in the named messages";
    }
    if (check == "AST-19") {
        return "the messages do not answer the question, as the model sees it";
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
    static const std::string grammar = with_rules(R"("{\"summary\": \"" sentences "\"}")");
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

Basis::Basis(const ShownMessages& shown) : shown_(shown) {
    for (const auto& [number, text] : shown) {
        for (std::string& term : search_terms(text)) {
            auto& messages = messages_with_[std::move(term)];
            if (messages.empty() || messages.back() != number) {
                messages.push_back(number);
            }
        }
    }
}

std::vector<Basis::Scored> Basis::ranked(std::string_view sentence) const {
    const auto terms = search_terms(sentence);
    std::map<std::uint32_t, double> scores;
    for (const std::string& term : std::set<std::string>(terms.begin(), terms.end())) {
        if (const auto with = messages_with_.find(term); with != messages_with_.end()) {
            const double rare = std::log(1 + static_cast<double>(shown_.size()) /
                                                 static_cast<double>(with->second.size()));
            for (const std::uint32_t number : with->second) {
                scores[number] += rare;
            }
        }
    }
    std::vector<Scored> ranking;
    for (const auto& [number, score] : scores) {
        ranking.push_back({number, score});
    }
    std::ranges::sort(ranking, [](const Scored& a, const Scored& b) {
        return a.score != b.score ? a.score > b.score : a.number < b.number;
    });
    return ranking;
}

std::vector<std::uint32_t> Basis::of(std::string_view sentence) const {
    constexpr std::size_t kClosest = 4;
    constexpr double kShareOfBest = 0.5;  // Further away than this is not what it rests on.
    constexpr std::size_t kSearched =
        1000;  // For an amount; what is further away says other things.
    auto ranking = ranked(sentence);
    if (ranking.size() > kSearched) {
        ranking.resize(kSearched);
    }
    std::set<std::uint32_t> found;
    AmountsSupported amounts;
    for (const Scored& scored : ranking) {
        if (found.size() < kClosest && scored.score >= kShareOfBest * ranking.front().score) {
            found.insert(scored.number);
            amounts.add(shown_.at(scored.number));
        }
    }
    for (const std::string& stated : amounts_stated(sentence)) {
        if (amounts.supports(stated) || found.size() == kNamedMessagesMax) {
            continue;
        }
        for (const Scored& scored : ranking) {
            AmountsSupported own;
            own.add(shown_.at(scored.number));
            if (own.supports(stated)) {
                found.insert(scored.number);
                amounts.add(shown_.at(scored.number));
                break;
            }
        }
    }
    return {found.begin(), found.end()};
}

Result<std::vector<GroundedSentence>> ground_answer(std::string_view output,
                                                    const ShownMessages& shown,
                                                    DropList& dropped) {
    CHATMCP_TRY(Scanner scanner, scan(output));
    CHATMCP_TRY_VOID(scanner.expect("{\"messages\": "));
    CHATMCP_TRY(const auto numbers, scanner.numbers(kNamedMessagesMax));
    CHATMCP_TRY_VOID(scanner.expect(", \"answer\": \""));
    CHATMCP_TRY(const std::string raw, scanner.rest_of_string());
    CHATMCP_TRY_VOID(scanner.expect("}"));
    CHATMCP_TRY_VOID(scanner.finish());
    if (numbers.empty() && raw.empty()) {
        return fail(Errc::not_found, "AST-19");
    }
    CHATMCP_TRY(const std::string text, checked_text(raw));
    const auto messages = shown_only(numbers, shown, dropped);
    if (messages.empty()) {
        return fail(Errc::malformed, "AST-12");
    }
    std::vector<GroundedSentence> sentences;
    for (std::string& sentence : sentences_of(text)) {
        sentences.push_back({std::move(sentence), messages});
    }
    return supported_only(std::move(sentences), shown, dropped);
}

Result<std::vector<GroundedSentence>> ground_summary(std::string_view output,
                                                     const Basis& basis,
                                                     DropList& dropped) {
    CHATMCP_TRY(Scanner scanner, scan(output));
    CHATMCP_TRY_VOID(scanner.expect("{\"summary\": \""));
    CHATMCP_TRY(const std::string raw, scanner.rest_of_string());
    CHATMCP_TRY_VOID(scanner.expect("}"));
    CHATMCP_TRY_VOID(scanner.finish());
    CHATMCP_TRY(const std::string text, checked_text(raw));
    std::vector<GroundedSentence> sentences;
    for (std::string& sentence : sentences_of(text)) {
        auto messages = basis.of(sentence);
        const bool repeated =
            std::ranges::find(sentences, sentence, &GroundedSentence::text) != sentences.end();
        if (messages.empty()) {
            dropped.add("AST-12");
        } else if (!repeated) {
            sentences.push_back({std::move(sentence), std::move(messages)});
        }
    }
    if (sentences.empty()) {
        return fail(Errc::malformed, "AST-12");
    }
    return supported_only(std::move(sentences), basis.shown(), dropped);
}

}  // namespace chatmcp::assistant
