#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "sbpf/elf.h"
#include "sbpf/image.h"

namespace chatmcp::sbpf {

/// In v0 addresses are offsets in the file; the code follows the header and three program headers.
inline constexpr std::uint64_t kCodeAddressV0 = kFileHeaderBytes + 3 * kProgramHeaderBytes;
/// In v3 the read-only data follows the header and two program headers.
inline constexpr std::uint64_t kDataOffsetV3 = kFileHeaderBytes + 2 * kProgramHeaderBytes;

/// The file of a program in the image's version. The same image gives the same bytes.
///
/// Spec: docs/sbpf.md; SIMD-0189 and SIMD-0178 for v3.
[[nodiscard]] Bytes write_program(const Image& image);

}  // namespace chatmcp::sbpf
