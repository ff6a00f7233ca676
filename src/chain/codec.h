#pragma once

#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::chain {

/// What Solana's messages, instructions and accounts are made of: little-endian integers, fixed
/// bytes and arrays behind a compact-u16.

/// Appends to one growing buffer. Writing cannot fail.
class Writer {
  public:
    void u8(std::uint8_t value) { bytes_.push_back(value); }
    void u16(std::uint16_t value) { little_endian(value); }
    void u32(std::uint32_t value) { little_endian(value); }
    void u64(std::uint64_t value) { little_endian(value); }
    void fixed(ByteView bytes) { append(bytes_, bytes); }
    /// A length: seven bits a byte, lowest first, the high bit set where another byte follows.
    /// Precondition (checked): at most kCompactMax.
    void compact_u16(std::size_t value);
    /// Bytes behind their number.
    void compact_bytes(ByteView bytes) {
        compact_u16(bytes.size());
        fixed(bytes);
    }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] Bytes take() { return std::move(bytes_); }
    void reserve(std::size_t size_bytes) { bytes_.reserve(size_bytes); }

  private:
    void little_endian(std::uint64_t value, std::size_t size_bytes);
    template <class Integer>
    void little_endian(Integer value) {
        little_endian(value, sizeof(Integer));
    }

    Bytes bytes_;
};

/// Largest value of a compact-u16.
inline constexpr std::size_t kCompactMax = 0xffff;

/// Reads from borrowed bytes that outlive it; never past the end.
class Reader {
  public:
    explicit Reader(ByteView input) : input_(input) {}

    // Errors of all: malformed (CHN-01) the input ends early.
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
    /// Errors also: not_canonical (CHN-02) not the shortest form; too_large (CHN-03) above
    ///              kCompactMax.
    [[nodiscard]] Result<std::size_t> compact_u16();
    /// Bytes behind their number, borrowed from the input. Errors: as compact_u16.
    [[nodiscard]] Result<ByteView> compact_bytes();

    [[nodiscard]] std::size_t remaining() const { return input_.size() - position_; }
    [[nodiscard]] ByteView rest() const { return input_.subspan(position_); }
    /// The next byte, which stays. Errors: malformed (CHN-01).
    [[nodiscard]] Result<std::uint8_t> peek() const;
    /// Errors: trailing_bytes (CHN-04) unless everything was read.
    [[nodiscard]] Result<void> finish() const;

  private:
    template <class Integer>
    [[nodiscard]] Result<Integer> little_endian();

    ByteView input_;
    std::size_t position_ = 0;
};

}  // namespace chatmcp::chain
