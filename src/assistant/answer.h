#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace chatmcp::assistant {

// What a model wrote, from its bytes to sentences that were checked against the messages they name.
// The shape is certain only because these functions look: a grammar holds while a model writes, not
// when it is cut off.

inline constexpr std::size_t kOutputMaxBytes = std::size_t{32} * 1024;
inline constexpr std::size_t kNamedMessagesMax = 8;
inline constexpr std::size_t kSentencesMax = 3;
inline constexpr std::size_t kSentenceMaxBytes =
    1024;  // The grammars bound characters, below this.

/// GBNF of {"messages": [12, 15], "answer": "..."}, or both empty for "the messages do not say".
[[nodiscard]] std::string_view answer_grammar();
/// GBNF of {"summary": "..."}.
[[nodiscard]] std::string_view summary_grammar();

/// The text of each message that a prompt showed, by its number.
using ShownMessages = std::map<std::uint32_t, std::string_view>;

/// Something that was left out of an answer, and the rule that left it out.
struct Dropped {
    const char* check = "";
    std::uint32_t count = 0;
};
/// Counts of what was left out, by rule.
class DropList {
  public:
    void add(const char* check);
    [[nodiscard]] std::span<const Dropped> list() const { return dropped_; }
    /// One line for people and programs per rule: "AST-13: left out, 2 times: an amount or date
    /// does not stand in the named messages".
    [[nodiscard]] std::vector<std::string> explain() const;

  private:
    std::vector<Dropped> dropped_;
};

/// One sentence and what it rests on.
struct GroundedSentence {
    std::string text;
    std::vector<std::uint32_t> messages;  // Rising, at least one.
};

/// Finds the messages that a sentence rests on, for summaries: a small model that has to name them
/// copies the first lines instead of summarising.
class Basis {
  public:
    explicit Basis(const ShownMessages& shown);

    /// The messages closest to the sentence in its rarer words, at most kNamedMessagesMax; for each
    /// amount or date in it also the closest message that has it. None when no word is shared.
    [[nodiscard]] std::vector<std::uint32_t> of(std::string_view sentence) const;
    [[nodiscard]] const ShownMessages& shown() const { return shown_; }

  private:
    struct Scored {
        std::uint32_t number = 0;
        double score = 0;
    };
    [[nodiscard]] std::vector<Scored> ranked(std::string_view sentence) const;

    const ShownMessages& shown_;
    std::map<std::string, std::vector<std::uint32_t>> messages_with_;  // By search term.
};

// Common errors: too_large (AST-11) above kOutputMaxBytes; malformed (AST-11) not exactly the
// object that the grammar describes; malformed (AST-14) a text that is empty, too long or holds
// control or hidden characters; malformed (AST-12) nothing is left that rests on a message that was
// shown; refused_by_policy (AST-13) nothing is left after dropping what states an amount or a date
// that its messages do not have. What was left out without ending the answer is in `dropped`.

/// All sentences rest on the same messages, those that the model named.
///
/// Errors also: not_found (AST-19) the model says that the messages do not answer the question.
[[nodiscard]] Result<std::vector<GroundedSentence>> ground_answer(std::string_view output,
                                                                  const ShownMessages& shown,
                                                                  DropList& dropped);
/// Each sentence rests on the messages that `basis` finds for it.
[[nodiscard]] Result<std::vector<GroundedSentence>> ground_summary(std::string_view output,
                                                                   const Basis& basis,
                                                                   DropList& dropped);

}  // namespace chatmcp::assistant
