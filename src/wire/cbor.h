#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::wire {

/// CBOR (RFC 8949), as far as others' formats need it here: integers, byte strings, text strings,
/// arrays, maps, tags and null. Heads have their shortest form and lengths are definite (section
/// 4.2.1), so that one value has exactly one encoding; where a format of others is otherwise, a
/// function of its own says so. The order and uniqueness of a map's keys are its reader's business.

/// RFC 8949 section 3.1.
enum class CborMajor : std::uint8_t {
    unsigned_integer = 0,
    negative_integer = 1,
    byte_string = 2,
    text_string = 3,
    array = 4,
    map = 5,
    tag = 6,
    simple = 7,
};

/// Appends items to one growing buffer. Writing cannot fail.
class CborWriter {
  public:
    void unsigned_integer(std::uint64_t value);
    void byte_string(ByteView bytes);
    /// Precondition (checked): `text` is UTF-8.
    void text_string(std::string_view text);
    /// The head of an array; its `items` items are written next.
    void array(std::size_t items);
    void integer(std::int64_t value);
    /// The head of a map; its `pairs` keys, each followed by its value, are written next.
    void map(std::size_t pairs);
    /// The head of a tag; the item that it is about is written next.
    void tag(std::uint64_t number);
    void null();

    [[nodiscard]] ByteView view() const { return bytes_; }
    [[nodiscard]] Bytes take() { return std::move(bytes_); }

  private:
    void head(CborMajor major, std::uint64_t argument);

    Bytes bytes_;
};

/// Reads items from borrowed bytes that outlive it, in order; never past the end, and it never
/// allocates.
class CborReader {
  public:
    explicit CborReader(ByteView input) : input_(input) {}

    // Errors of all: malformed (CBOR-01) the input ends early, (CBOR-03) an indefinite length or a
    // reserved head, (CBOR-04) another type of item; not_canonical (CBOR-02) a head that is not in
    // its shortest form.
    [[nodiscard]] Result<std::uint64_t> unsigned_integer();
    /// Errors also: too_large (CBOR-05).
    [[nodiscard]] Result<ByteView> byte_string(std::size_t max_bytes);
    /// Errors also: too_large (CBOR-05), malformed (CBOR-06) not UTF-8.
    [[nodiscard]] Result<std::string_view> text_string(std::size_t max_bytes);
    /// The number of items that follow. Errors also: too_large (CBOR-05).
    [[nodiscard]] Result<std::size_t> array(std::size_t max_items);
    /// Unsigned or negative. Errors also: too_large (CBOR-05) beyond 64 bits with the sign.
    [[nodiscard]] Result<std::int64_t> integer();
    /// The number of pairs that follow. Errors also: too_large (CBOR-05).
    [[nodiscard]] Result<std::size_t> map(std::size_t max_pairs);
    /// As map(); absent: a map of indefinite length, whose pairs end at a break (RFC 8949 section
    /// 3.2.2). For formats whose writers make such maps.
    [[nodiscard]] Result<std::optional<std::size_t>> map_of_any_length(std::size_t max_pairs);
    /// Reads a break if one comes next.
    [[nodiscard]] bool take_break();
    /// The number of a tag; the item that it is about follows.
    [[nodiscard]] Result<std::uint64_t> tag();
    /// Reads a null if one comes next.
    [[nodiscard]] bool take_null();
    /// Errors: malformed (CBOR-01) at the end.
    [[nodiscard]] Result<CborMajor> peek() const;
    /// Errors: trailing_bytes (CBOR-07) unless everything was read.
    [[nodiscard]] Result<void> finish() const;

  private:
    [[nodiscard]] Result<std::uint64_t> head(CborMajor wanted);
    [[nodiscard]] Result<ByteView> content(CborMajor wanted, std::size_t max_bytes);
    [[nodiscard]] Result<std::size_t> count(CborMajor wanted, std::size_t max);
    [[nodiscard]] bool take(std::uint8_t byte);

    ByteView input_;
    std::size_t position_ = 0;
};

/// UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(ByteView text);

}  // namespace chatmcp::wire
