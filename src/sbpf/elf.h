#pragma once

#include <cstddef>
#include <cstdint>

// Numbers of the ELF format that objects and programs share. Names are those of the System V ABI
// (chapters 4 and 5) and of the eBPF psABI, in our spelling.

namespace chatmcp::sbpf {

inline constexpr std::size_t kFileHeaderBytes = 64;     // Elf64_Ehdr
inline constexpr std::size_t kProgramHeaderBytes = 56;  // Elf64_Phdr
inline constexpr std::size_t kSectionHeaderBytes = 64;  // Elf64_Shdr
inline constexpr std::size_t kSymbolBytes = 24;         // Elf64_Sym
inline constexpr std::size_t kRelocationBytes = 16;     // Elf64_Rel
inline constexpr std::size_t kDynamicBytes = 16;        // Elf64_Dyn

inline constexpr std::uint16_t kTypeRelocatable = 1;  // ET_REL
inline constexpr std::uint16_t kTypeShared = 3;       // ET_DYN
inline constexpr std::uint16_t kMachineBpf = 247;     // EM_BPF
inline constexpr std::uint8_t kClass64 = 2;           // ELFCLASS64
inline constexpr std::uint8_t kDataLittleEndian = 1;  // ELFDATA2LSB
inline constexpr std::uint8_t kElfVersion = 1;        // EV_CURRENT

inline constexpr std::uint32_t kSectionProgramBits = 1;      // SHT_PROGBITS
inline constexpr std::uint32_t kSectionSymbolTable = 2;      // SHT_SYMTAB
inline constexpr std::uint32_t kSectionStringTable = 3;      // SHT_STRTAB
inline constexpr std::uint32_t kSectionRelocationsA = 4;     // SHT_RELA
inline constexpr std::uint32_t kSectionDynamic = 6;          // SHT_DYNAMIC
inline constexpr std::uint32_t kSectionNoBits = 8;           // SHT_NOBITS
inline constexpr std::uint32_t kSectionRelocations = 9;      // SHT_REL
inline constexpr std::uint32_t kSectionDynamicSymbols = 11;  // SHT_DYNSYM

inline constexpr std::uint64_t kFlagWrite = 0x1;     // SHF_WRITE
inline constexpr std::uint64_t kFlagAlloc = 0x2;     // SHF_ALLOC
inline constexpr std::uint64_t kFlagExecute = 0x4;   // SHF_EXECINSTR
inline constexpr std::uint64_t kFlagMerge = 0x10;    // SHF_MERGE
inline constexpr std::uint64_t kFlagStrings = 0x20;  // SHF_STRINGS
inline constexpr std::uint64_t kFlagGroup = 0x200;   // SHF_GROUP

inline constexpr std::uint16_t kIndexUndefined = 0;      // SHN_UNDEF
inline constexpr std::uint16_t kIndexReserved = 0xff00;  // SHN_LORESERVE
inline constexpr std::uint16_t kIndexAbsolute = 0xfff1;  // SHN_ABS
inline constexpr std::uint16_t kIndexCommon = 0xfff2;    // SHN_COMMON

inline constexpr std::uint8_t kBindingLocal = 0;    // STB_LOCAL
inline constexpr std::uint8_t kBindingGlobal = 1;   // STB_GLOBAL
inline constexpr std::uint8_t kSymbolFunction = 2;  // STT_FUNC
inline constexpr std::uint8_t kSymbolSection = 3;   // STT_SECTION

inline constexpr std::uint32_t kSegmentLoad = 1;     // PT_LOAD
inline constexpr std::uint32_t kSegmentDynamic = 2;  // PT_DYNAMIC
inline constexpr std::uint32_t kSegmentExecute = 1;  // PF_X
inline constexpr std::uint32_t kSegmentWrite = 2;    // PF_W
inline constexpr std::uint32_t kSegmentRead = 4;     // PF_R

/// Relocations of the eBPF psABI; `relative` is what sBPF's loader knows besides.
inline constexpr std::uint32_t kRelocation64 = 1;           // R_BPF_64_64: a load of an address
inline constexpr std::uint32_t kRelocationAbs64 = 2;        // R_BPF_64_ABS64: an address in data
inline constexpr std::uint32_t kRelocationAbs32 = 3;        // R_BPF_64_ABS32: half of one
inline constexpr std::uint32_t kRelocationNoDynamic32 = 4;  // R_BPF_64_NODYLD32: of BTF alone
inline constexpr std::uint32_t kRelocationRelative = 8;     // R_BPF_64_RELATIVE
inline constexpr std::uint32_t kRelocationCall = 10;        // R_BPF_64_32: a call

}  // namespace chatmcp::sbpf
