#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"

// Numbers of ELF files for this machine: little-endian, at a place that the caller has bounded.

namespace chatmcp::sbpf {

/// The number at `at`. Precondition (checked): it lies within `bytes`.
template <class Integer>
[[nodiscard]] Integer number_at(ByteView bytes, std::size_t at) {
    CHATMCP_CHECK(at <= bytes.size() && sizeof(Integer) <= bytes.size() - at);
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(Integer); i-- > 0;) {
        value = (value << 8) | bytes[at + i];
    }
    return static_cast<Integer>(value);
}

/// Writes the number over what is at `at`. Precondition (checked): it lies within `bytes`.
template <class Integer>
void put_number(Bytes& bytes, std::size_t at, Integer number) {
    CHATMCP_CHECK(at <= bytes.size() && sizeof(Integer) <= bytes.size() - at);
    auto rest = static_cast<std::uint64_t>(number);
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        bytes[at + i] = static_cast<std::uint8_t>(rest);
        rest >>= 8;
    }
}

template <class Integer>
void append_number(Bytes& bytes, Integer number) {
    bytes.resize(bytes.size() + sizeof(Integer));
    put_number(bytes, bytes.size() - sizeof(Integer), number);
}

}  // namespace chatmcp::sbpf
