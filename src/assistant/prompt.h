#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/tls.h"

namespace chatmcp::assistant {

// What a model is asked, and how the words of people are kept apart from the words that steer it.

/// How a piece of a prompt is turned into tokens.
enum class SegmentKind : std::uint8_t {
    control = 1,  // From the model's chat template: its markers become control tokens.
    data = 2,     // Everything else, our instructions too: no byte of it becomes a control token.
};

struct Segment {
    SegmentKind kind = SegmentKind::data;
    std::string text;

    friend bool operator==(const Segment&, const Segment&) = default;
};

/// Everything that decides the output of one model call. Its encoding is what a receipt commits to
/// and what a replay runs again.
///
/// Wire:  uint16 version (1); uint32 output_tokens_max; opaque grammar<V> (GBNF, start rule
///        `root`); { uint8 kind; opaque text<V>; } segments<V>.
struct Prompt {
    static constexpr std::uint16_t kVersion = 1;
    static constexpr std::size_t kGrammarMaxBytes = std::size_t{64} * 1024;
    static constexpr std::size_t kTextMaxBytes = std::size_t{4} * 1024 * 1024;
    static constexpr std::size_t kSegmentsMax = 64;

    std::vector<Segment> segments;
    std::string grammar;
    std::uint32_t output_tokens_max = 0;

    /// Trust:  says nothing about where the prompt came from.
    /// Errors: unsupported_version, invalid_argument, too_large (AST-18); those of wire::Reader.
    static Result<Prompt> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;

    friend bool operator==(const Prompt&, const Prompt&) = default;
};

/// The fixed pieces of a model's chat template, around one system and one user message.
struct ChatTemplate {
    std::string before_system;
    std::string before_user;
    std::string after_user;  // Ends where the model starts to speak.
};

/// One line of the conversation as the model sees it. Numbers rise with the position and start
/// at 1.
struct NumberedMessage {
    std::uint32_t number = 0;
    std::string line;  // Made by message_line.
};

inline constexpr std::size_t kAuthorMaxBytes = 64;
inline constexpr std::size_t kMessageTextMaxBytes = 4096;  // Longer ones are cut, and end in "...".
inline constexpr std::size_t kQuestionMaxBytes = 4096;

/// A person's text as one line of well-formed UTF-8 that cannot pass for anything but text: bytes
/// that are not UTF-8 become U+FFFD, line breaks and controls become spaces, characters that hide
/// or reorder text vanish, and `[M1]` at any place loses the form of a message number.
/// At most `max_bytes`, cut at a character.
[[nodiscard]] std::string as_data(std::string_view text, std::size_t max_bytes);

/// `[M12] Ana: text`, made of data.
[[nodiscard]] std::string message_line(std::uint32_t number,
                                       std::string_view author,
                                       std::string_view text);

// The prompts. In each the conversation comes first and the instruction last, because a small
// model follows what it read last, and because a person's words then never follow ours.

[[nodiscard]] Prompt answer_prompt(const ChatTemplate& chat,
                                   std::string_view question,
                                   std::span<const NumberedMessage> messages);
/// A conversation, or one part of a longer one.
[[nodiscard]] Prompt summary_prompt(const ChatTemplate& chat,
                                    std::string_view request,
                                    std::span<const NumberedMessage> messages);
/// The summary of several parts' sentences.
[[nodiscard]] Prompt reduce_prompt(const ChatTemplate& chat,
                                   std::string_view request,
                                   std::span<const std::string> sentences);

/// Output of each. Above what the grammars allow in ordinary text (about four characters a token);
/// an output that needs more is dropped as cut off.
inline constexpr std::uint32_t kOutputTokensMax = 384;

/// The bytes of a prompt's instructions and grammars, for the digest of the settings.
[[nodiscard]] Bytes prompt_settings();

}  // namespace chatmcp::assistant
