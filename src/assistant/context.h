#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chatmcp::assistant {

// What goes into a prompt when a conversation is longer than the model can read at once. The same
// input always gives the same choice.

/// One message as a candidate for a prompt.
struct Candidate {
    std::string_view author;
    std::string_view text;
    std::uint32_t tokens = 0;  // Of its line in a prompt.
};

/// Words as retrieval compares them: lower case, without common English words and endings. Letters
/// outside ASCII stay as they are.
[[nodiscard]] std::vector<std::string> search_terms(std::string_view text);

/// The messages that a question is about, as rising indices, of at most `tokens_max` together.
///
/// Windows of three messages are scored against the question (BM25), and a message's score is
/// summed over the windows around it: an answer is usually a stretch of talk in which the
/// question's words come up again and again, not one message. All messages when they fit; the
/// latest ones when nothing matches.
///
/// Cost: linear in the text.
[[nodiscard]] std::vector<std::size_t> select_messages(std::string_view question,
                                                       std::span<const Candidate> candidates,
                                                       std::uint32_t tokens_max);

struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;  // One past the last.
};

/// Cut into consecutive parts of at most `tokens_max` and nearly equal size. An item larger than
/// that has a part of its own.
[[nodiscard]] std::vector<Part> cut_into_parts(std::span<const std::uint32_t> tokens,
                                               std::uint32_t tokens_max);

}  // namespace chatmcp::assistant
