#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::sbpf {

inline constexpr std::size_t kObjectMaxBytes = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kSectionsMax = 4096;
inline constexpr std::size_t kSymbolsMax = 65'536;
inline constexpr std::size_t kRelocationsMax = 65'536;
inline constexpr std::size_t kNameMaxBytes = 4096;
inline constexpr std::uint64_t kAlignmentMaxBytes = 4096;

/// One section: its header's fields and its content, both borrowed from the object's bytes.
struct Section {
    std::string_view name;
    std::uint32_t type = 0;   // kSection... of elf.h, or one that nobody here asks for.
    std::uint64_t flags = 0;  // kFlag... of elf.h.
    std::uint64_t size_bytes = 0;
    std::uint64_t alignment = 1;  // A power of two, at most kAlignmentMaxBytes.
    std::uint32_t link = 0;
    std::uint32_t info = 0;
    ByteView content;  // Empty for kSectionNoBits, else size_bytes.
};

/// One symbol. `section` is an index into sections(), 0 where the symbol is not defined, or
/// kIndexAbsolute or kIndexCommon; a defined one lies within its section.
struct Symbol {
    std::string_view name;
    std::uint8_t binding = 0;
    std::uint8_t type = 0;
    std::uint16_t section = 0;
    std::uint64_t value = 0;  // Offset in its section.
    std::uint64_t size_bytes = 0;
};

/// A place in a loaded section that depends on where a symbol comes to lie.
struct Relocation {
    std::size_t section = 0;  // Index into sections().
    std::uint64_t offset =
        0;  // Eight bytes from here lie within the section, and are nobody else's.
    std::uint32_t type = 0;
    std::uint32_t symbol = 0;  // Index into symbols().
};

/// A relocatable object of clang for bpfel, read and bounded; what its code does is not looked at.
///
/// Trust:  nothing is believed: every offset, index, count and name is checked here.
/// Spec:   System V ABI chapter 4; eBPF psABI (LLVM, "BPF relocation").
class ElfObject {
  public:
    /// `input` outlives the object: names and contents are views of it.
    ///
    /// Errors: too_large (SBF-01) above kObjectMaxBytes, (SBF-04) more sections, symbols or
    ///         relocations than the limits above; unsupported (SBF-02) another format or machine,
    ///         (SBF-09) relocations with addends; malformed (SBF-03) something lies outside the
    ///         file or twice in it, (SBF-05) names, (SBF-06) alignment, (SBF-07) symbol table,
    ///         (SBF-08) a symbol's place, (SBF-09, SBF-10) relocations.
    /// Cost:   linear in the counts times kNameMaxBytes; relocations of sections that are not
    ///         loaded (debugging information) are not read.
    [[nodiscard]] static Result<ElfObject> read(ByteView input);

    [[nodiscard]] const std::vector<Section>& sections() const { return sections_; }
    [[nodiscard]] const std::vector<Symbol>& symbols() const { return symbols_; }
    /// By section and offset, ascending.
    [[nodiscard]] const std::vector<Relocation>& relocations() const { return relocations_; }
    /// The function around a place, empty where there is none: for messages.
    [[nodiscard]] std::string_view function_at(std::size_t section, std::uint64_t offset) const;

  private:
    ElfObject() = default;
    [[nodiscard]] Result<void> read_sections(ByteView input);
    [[nodiscard]] Result<void> read_names(std::size_t name_section, ByteView headers);
    [[nodiscard]] Result<std::size_t> find_symbol_table() const;
    [[nodiscard]] Result<void> read_symbols(std::size_t table);
    [[nodiscard]] Result<void> read_relocations(std::size_t symbol_table);
    [[nodiscard]] Result<void> read_relocation_table(const Section& table);

    std::vector<Section> sections_;
    std::vector<Symbol> symbols_;
    std::vector<Relocation> relocations_;
};

}  // namespace chatmcp::sbpf
