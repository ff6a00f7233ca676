#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "sbpf/elf_object.h"
#include "sbpf/instruction_check.h"

namespace chatmcp::sbpf {

/// The two addresses that v3 gives to what a program has. Spec: SIMD-0189.
inline constexpr std::uint64_t kDataAddressV3 = 0;
inline constexpr std::uint64_t kCodeAddressV3 = std::uint64_t{1} << 32;
/// Bytes at address 0 that belong to no object: in v3 that address can be read, and an object there
/// would be equal to a null pointer.
inline constexpr std::size_t kNullGuardBytes = 16;

/// Where something was found that is refused: for messages, never looked at by a rule.
struct Place {
    std::string section{};
    std::string function{};
    std::string name{};  // Of the symbol that is asked for.
    std::uint64_t offset = 0;
};

/// A section of the object that became a part of code or data.
struct PlacedSection {
    std::size_t section = 0;  // Index into ElfObject::sections().
    std::uint64_t address = 0;
    bool is_code = false;
};

/// A call of a system call: offset of the instruction in the code.
struct SystemCall {
    std::uint64_t offset = 0;
    std::string_view name;
};

/// A program whose addresses are final, before it is written as a file.
struct Image {
    Version version = Version::v3;
    std::uint64_t code_address = 0;
    std::uint64_t data_address = 0;
    Bytes code;
    Bytes data;
    std::uint64_t entry = 0;  // Offset in the code.
    std::uint64_t entry_size_bytes = 0;
    std::vector<PlacedSection> placed;
    /// Offsets of what holds an address: loads in the code, 64-bit words in the data.
    std::vector<std::uint64_t> code_addresses;
    std::vector<std::uint64_t> data_addresses;
    std::vector<SystemCall> system_calls;
    /// Offsets in the code whose addresses the program holds, the entry's first.
    std::vector<std::uint64_t> functions;
};

/// Puts the object's code and read-only data at their addresses and resolves every relocation.
/// Names in the result are views of the object's input.
///
/// Errors: malformed (SBF-20) the entry is no function of the object, (SBF-24) an address of
///         something that is not in the program; unsupported (SBF-21) writable data, (SBF-22) a
///         section of another kind, (SBF-23) a relocation of another kind or elsewhere, (SBF-25) a
///         call of an unknown name.
[[nodiscard]] Result<Image> make_image(const ElfObject& object,
                                       Version version,
                                       std::string_view entry,
                                       Place& place);

/// Where in the object an offset of the image's code comes from.
[[nodiscard]] Place place_in_code(const ElfObject& object,
                                  const Image& image,
                                  std::uint64_t offset);

}  // namespace chatmcp::sbpf
