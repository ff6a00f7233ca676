#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::wire {

/// CBOR in deterministic encoding (RFC 8949 section 4.2.1), as far as others' formats need it here:
/// unsigned integers, byte strings, text strings and arrays of definite length. Everything else is
/// refused, so one value has exactly one encoding.

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
    /// Errors: malformed (CBOR-01) at the end.
    [[nodiscard]] Result<CborMajor> peek() const;
    /// Errors: trailing_bytes (CBOR-07) unless everything was read.
    [[nodiscard]] Result<void> finish() const;

  private:
    [[nodiscard]] Result<std::uint64_t> head(CborMajor wanted);
    [[nodiscard]] Result<ByteView> content(CborMajor wanted, std::size_t max_bytes);

    ByteView input_;
    std::size_t position_ = 0;
};

/// UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(ByteView text);

}  // namespace chatmcp::wire
