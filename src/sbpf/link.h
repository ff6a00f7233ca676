#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "sbpf/image.h"
#include "sbpf/instruction_check.h"

namespace chatmcp::sbpf {

struct LinkOptions {
    Version version = Version::v3;
    std::string_view entry = "entrypoint";
};

/// A program as a loader of Solana takes it.
struct Program {
    Bytes file;
    Version version = Version::v3;
    std::size_t code_bytes = 0;
    std::size_t data_bytes = 0;  // Read-only data, the guard at address 0 included.
    /// Names of the system calls that it makes, each once, as system_call_names() has them.
    std::vector<std::string_view> system_calls;
};

/// Makes a program of one relocatable object of clang for bpfel (-mcpu=v2). Nothing is left for the
/// loader of v3 to resolve; the same object gives the same bytes. `place`, if given, says where
/// what is refused was found.
///
/// Errors: those of ElfObject::read, make_image and check_instructions.
/// Cost:   linear in the object; a few copies of it.
/// Spec:   docs/sbpf.md.
[[nodiscard]] Result<Program> link(ByteView object,
                                   const LinkOptions& options,
                                   Place* place = nullptr);

}  // namespace chatmcp::sbpf
