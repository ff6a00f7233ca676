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
inline constexpr std::size_t kPointsMax = 5;
inline constexpr std::size_t kPartPointsMax = 4;
inline constexpr std::size_t kKeptPointsMax = 6;

/// GBNF of {"messages": [12, 15], "answer": "..."}, or both empty for "the messages do not say".
[[nodiscard]] std::string_view answer_grammar();
/// GBNF of {"points": [{"text": "...", "messages": [12]}], "summary": "..."}.
[[nodiscard]] std::string_view summary_grammar();
/// GBNF of {"points": [{"text": "...", "messages": [12]}]}.
[[nodiscard]] std::string_view part_grammar();
/// GBNF of {"points": [3, 7], "summary": "..."}.
[[nodiscard]] std::string_view reduce_grammar();

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

struct GroundedPoint {
    std::string text;
    std::vector<std::uint32_t> messages;  // Rising, at least one.
};

/// Sentences of which each was checked: every amount and date in it stands in the named messages.
struct GroundedAnswer {
    std::string text;
    std::vector<GroundedPoint> points;    // Empty for a plain answer.
    std::vector<std::uint32_t> messages;  // Rising, at least one: what all of it rests on.
};

// Common errors: too_large (AST-11) above kOutputMaxBytes; malformed (AST-11) not exactly the
// object that the grammar describes; malformed (AST-14) a text that is empty, too long or holds
// control or hidden characters; malformed (AST-12) no message is named that was shown;
// refused_by_policy (AST-13) nothing is left after dropping what names an amount or a date that
// the named messages do not have. What was left out without ending the answer is in `dropped`.

/// Errors also: not_found (AST-19) the model says that the messages do not answer the question.
[[nodiscard]] Result<GroundedAnswer> ground_answer(std::string_view output,
                                                   const ShownMessages& shown,
                                                   DropList& dropped);
[[nodiscard]] Result<GroundedAnswer> ground_summary(std::string_view output,
                                                    const ShownMessages& shown,
                                                    DropList& dropped);
/// Points of a part, possibly none.
[[nodiscard]] Result<std::vector<GroundedPoint>> ground_part(std::string_view output,
                                                             const ShownMessages& shown,
                                                             DropList& dropped);
/// `points` as reduce_prompt numbered them (from 1), `shown` all messages that they may name.
[[nodiscard]] Result<GroundedAnswer> ground_reduced(std::string_view output,
                                                    std::span<const GroundedPoint> points,
                                                    const ShownMessages& shown,
                                                    DropList& dropped);

}  // namespace chatmcp::assistant
