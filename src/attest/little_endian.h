#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

/// Reads what the makers of x86 processors write: fixed layouts, little-endian. Never past the end.
class LittleEndianReader {
  public:
    explicit LittleEndianReader(ByteView input) : input_(input) {}

    /// Errors of all: malformed (ATT-56) the input ends early.
    [[nodiscard]] Result<ByteView> bytes(std::size_t size_bytes) {
        if (size_bytes > input_.size()) {
            return fail(Errc::malformed, "ATT-56");
        }
        const ByteView out = input_.first(size_bytes);
        input_ = input_.subspan(size_bytes);
        return out;
    }
    template <std::size_t N>
    [[nodiscard]] Result<ByteArray<N>> array() {
        CHATMCP_TRY(const ByteView view, bytes(N));
        return to_array<N>(view);
    }
    [[nodiscard]] Result<std::uint16_t> u16() { return number<std::uint16_t>(); }
    [[nodiscard]] Result<std::uint32_t> u32() { return number<std::uint32_t>(); }
    [[nodiscard]] Result<std::uint64_t> u64() { return number<std::uint64_t>(); }
    [[nodiscard]] ByteView rest() const { return input_; }

  private:
    template <class Integer>
    [[nodiscard]] Result<Integer> number() {
        CHATMCP_TRY(const ByteView view, bytes(sizeof(Integer)));
        std::uint64_t value = 0;
        for (std::size_t i = sizeof(Integer); i-- > 0;) {
            value = (value << 8) | view[i];
        }
        return static_cast<Integer>(value);
    }

    ByteView input_;
};

}  // namespace chatmcp::attest
