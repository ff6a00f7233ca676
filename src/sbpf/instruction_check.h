#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::sbpf {

/// Versions of sBPF that this linker writes: e_flags of the program's file.
enum class Version : std::uint8_t { v0 = 0, v3 = 3 };

/// An instruction has one slot of this size; a load of a 64-bit number has two.
inline constexpr std::size_t kSlotBytes = 8;

/// Code that is linked: calls of functions are relative (source register 1), system calls have the
/// hash of their name (source register 0).
struct LinkedCode {
    ByteView code;
    /// Offsets in the code whose addresses the program holds, the entry's included.
    std::span<const std::uint64_t> functions;
};

/// Refuses what the runtime's verifier refuses, and what it lets through and then runs as something
/// other than clang meant. `at` is the offset of the instruction that was looked at last.
///
/// Errors: unsupported (SBF-25) a call of an unknown system call, (SBF-30) unknown operation,
///         (SBF-31) 32-bit arithmetic, (SBF-32) operations of eBPF v4, (SBF-33) 32-bit jumps in
///         v0, (SBF-39) in v0, a call of the instruction itself; malformed (SBF-34) half a load,
///         (SBF-35) jumps, (SBF-36) calls, (SBF-37) registers, (SBF-38) operands.
/// Cost:   one byte for each slot; linear.
/// Spec:   docs/sbpf.md; verifier of the crate solana-sbpf.
[[nodiscard]] Result<void> check_instructions(const LinkedCode& linked,
                                              Version version,
                                              std::uint64_t& at);

}  // namespace chatmcp::sbpf
