#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chatmcp {

using Bytes = std::vector<std::uint8_t>;
/// Borrowed bytes: an argument, never stored.
using ByteView = std::span<const std::uint8_t>;
template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;

/// A text's bytes, borrowed.
[[nodiscard]] ByteView as_bytes(std::string_view text);
/// Bytes seen as text, borrowed; no claim that they are UTF-8.
[[nodiscard]] std::string_view as_text(ByteView bytes);
[[nodiscard]] Bytes to_bytes(ByteView view);
[[nodiscard]] std::string to_text(ByteView view);
[[nodiscard]] Bytes concat(std::initializer_list<ByteView> parts);
void append(Bytes& to, ByteView bytes);

/// Equality of public bytes. For secrets and MACs: equal_constant_time in base/secret.h.
[[nodiscard]] bool equal(ByteView a, ByteView b);

/// A view of exactly N bytes (checked) as an array.
template <std::size_t N>
[[nodiscard]] ByteArray<N> to_array(ByteView view);

/// A byte range that can be shown whole, for use as an ordered map key.
struct BytesLess {
    using is_transparent = void;
    [[nodiscard]] bool operator()(ByteView a, ByteView b) const;
};

}  // namespace chatmcp

#include "base/check.h"

template <std::size_t N>
chatmcp::ByteArray<N> chatmcp::to_array(ByteView view) {
    CHATMCP_CHECK(view.size() == N);
    ByteArray<N> out;
    for (std::size_t i = 0; i < N; ++i) {
        out[i] = view[i];
    }
    return out;
}
