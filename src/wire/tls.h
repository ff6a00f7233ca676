#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::wire {

/// The TLS presentation language (RFC 8446 section 3) with RFC 9420's variable-size vectors
/// (section 2.1.2): every vector `T x<V>` has its length in bytes in front, as a QUIC-style integer
/// of 1, 2 or 4 bytes in its shortest form.

/// Largest value of that length.
inline constexpr std::size_t kVectorMaxBytes = (std::size_t{1} << 30) - 1;

/// Appends to one growing buffer. Writing cannot fail; a vector above kVectorMaxBytes is a
/// programmer error.
class Writer {
  public:
    void u8(std::uint8_t value);
    void u16(std::uint16_t value);
    void u32(std::uint32_t value);
    void u64(std::uint64_t value);
    /// Bytes without a length: `opaque x[n]`.
    void fixed(ByteView bytes);
    /// `opaque x<V>`.
    void vector(ByteView bytes);
    /// `uint16 x<V>`.
    void u16_vector(std::span<const std::uint16_t> values);
    /// `T x<V>`: write elements through `fill(Writer&)`, which only appends; the length is put in
    /// front afterwards.
    template <std::invocable<Writer&> Fill>
    void vector_of(Fill&& fill) {
        const std::size_t start = bytes_.size();
        std::forward<Fill>(fill)(*this);
        insert_length(start);
    }
    /// `optional<T>`: one byte of presence (RFC 9420 section 2.1.1), the value follows when
    /// present.
    void presence(bool present) { u8(present ? 1 : 0); }
    void variable_length(std::size_t length);

    [[nodiscard]] ByteView view() const { return bytes_; }
    [[nodiscard]] Bytes take() { return std::move(bytes_); }
    /// Make room for that many bytes in all, unless there is more already.
    void reserve(std::size_t size_bytes) { bytes_.reserve(size_bytes); }

  private:
    /// The length of everything from `start` on, in front of it.
    void insert_length(std::size_t start);

    Bytes bytes_;
};

/// Reads from borrowed bytes that outlive it; never past the end, never a length it has not
/// checked.
class Reader {
  public:
    explicit Reader(ByteView input) : input_(input) {}

    // Errors of all: malformed (WIRE-01) input ends early; not_canonical (WIRE-02) a length not in
    // its shortest form or of the reserved form; too_large (WIRE-03) above the limit given by the
    // caller.
    [[nodiscard]] Result<std::uint8_t> u8();
    [[nodiscard]] Result<std::uint16_t> u16();
    [[nodiscard]] Result<std::uint32_t> u32();
    [[nodiscard]] Result<std::uint64_t> u64();
    [[nodiscard]] Result<ByteView> fixed(std::size_t size_bytes);
    template <std::size_t N>
    [[nodiscard]] Result<ByteArray<N>> array() {
        CHATMCP_TRY(const ByteView view, fixed(N));
        return to_array<N>(view);
    }
    /// `opaque x<V>` of at most `max_bytes`, borrowed from the input.
    [[nodiscard]] Result<ByteView> vector(std::size_t max_bytes);
    /// `T x<V>`: a reader over the vector's content alone.
    [[nodiscard]] Result<Reader> sub(std::size_t max_bytes);
    /// Errors also: malformed (WIRE-04) a presence byte other than 0 and 1.
    [[nodiscard]] Result<bool> presence();
    [[nodiscard]] Result<std::size_t> variable_length();

    [[nodiscard]] bool empty() const { return position_ == input_.size(); }
    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] std::size_t remaining() const { return input_.size() - position_; }
    /// The bytes read since `from`, for hashing what was parsed byte for byte.
    [[nodiscard]] ByteView since(std::size_t from) const {
        return input_.subspan(from, position_ - from);
    }
    /// Errors: trailing_bytes (WIRE-05) unless everything was read.
    [[nodiscard]] Result<void> finish() const;

  private:
    ByteView input_;
    std::size_t position_ = 0;
};

/// Decode exactly one T, whose `static Result<T> T::read(Reader&)` says how.
template <class T>
[[nodiscard]] Result<T> decode(ByteView input) {
    Reader reader(input);
    CHATMCP_TRY(T value, T::read(reader));
    CHATMCP_TRY_VOID(reader.finish());
    return value;
}

/// Encode one T, whose `void T::write(Writer&) const` says how.
template <class T>
[[nodiscard]] Bytes encode(const T& value) {
    Writer writer;
    value.write(writer);
    return writer.take();
}

}  // namespace chatmcp::wire
