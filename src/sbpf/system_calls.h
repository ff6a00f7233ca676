#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace chatmcp::sbpf {

/// Murmur3 in its 32-bit form for x86, seed 0: the number of a system call is the hash of its name.
/// Spec: SIMD-0178; MurmurHash3_x86_32.
[[nodiscard]] std::uint32_t murmur3_32(ByteView data);

/// Names that the runtime of Solana knows, ascending. The loader of v3 takes a call of any number
/// and fails when the program reaches it, so that names have to be checked before. That a name is
/// here does not say that a cluster has its feature on: tests run every call that a program makes.
[[nodiscard]] std::span<const std::string_view> system_call_names();

/// The number of a known name.
[[nodiscard]] std::optional<std::uint32_t> system_call_number(std::string_view name);

/// The name of a known number.
[[nodiscard]] std::optional<std::string_view> system_call_name(std::uint32_t number);

}  // namespace chatmcp::sbpf
