#include "sbpf/elf_object.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

#include "sbpf/elf.h"
#include "sbpf/little_endian.h"

namespace chatmcp::sbpf {
namespace {

constexpr std::size_t kIdentBytes = 16;
// ELF, 64 bits, little-endian, version 1, no ABI of an operating system.
constexpr ByteArray<kIdentBytes> kIdent{
    0x7f, 'E', 'L', 'F', kClass64, kDataLittleEndian, kElfVersion};

/// How many bytes a relocation changes.
std::uint64_t place_bytes(std::uint32_t type) {
    return type == kRelocationAbs32 || type == kRelocationNoDynamic32 ? 4 : 8;
}

Result<ByteView> part(ByteView input, std::uint64_t offset, std::uint64_t size_bytes) {
    if (offset > input.size() || size_bytes > input.size() - offset) {
        return fail(Errc::malformed, "SBF-03");
    }
    return input.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size_bytes));
}

Result<std::string_view> name_at(const Section& strings, std::uint32_t offset) {
    if (strings.type != kSectionStringTable || offset >= strings.content.size()) {
        return fail(Errc::malformed, "SBF-05");
    }
    const ByteView rest = strings.content.subspan(offset);
    const ByteView window = rest.first(std::min(rest.size(), kNameMaxBytes + 1));
    const auto end = std::ranges::find(window, std::uint8_t{0});
    if (end == window.end()) {
        return fail(Errc::malformed, "SBF-05");
    }
    return as_text(window.first(static_cast<std::size_t>(end - window.begin())));
}

Result<void> check_file_header(ByteView header) {
    const bool ours = std::ranges::equal(header.first(kIdentBytes), kIdent) &&
                      number_at<std::uint16_t>(header, 16) == kTypeRelocatable &&
                      number_at<std::uint16_t>(header, 18) == kMachineBpf &&
                      number_at<std::uint32_t>(header, 20) == kElfVersion &&
                      number_at<std::uint32_t>(header, 48) == 0 &&  // e_flags
                      number_at<std::uint16_t>(header, 52) == kFileHeaderBytes &&
                      number_at<std::uint16_t>(header, 56) == 0 &&  // e_phnum
                      number_at<std::uint16_t>(header, 58) == kSectionHeaderBytes;
    return ours ? Result<void>() : fail(Errc::unsupported, "SBF-02");
}

}  // namespace

Result<ElfObject> ElfObject::read(ByteView input) {
    if (input.size() > kObjectMaxBytes) {
        return fail(Errc::too_large, "SBF-01");
    }
    CHATMCP_TRY(const ByteView header, part(input, 0, kFileHeaderBytes));
    CHATMCP_TRY_VOID(check_file_header(header));
    ElfObject object;
    CHATMCP_TRY_VOID(object.read_sections(input));
    CHATMCP_TRY(const std::size_t symbol_table, object.find_symbol_table());
    CHATMCP_TRY_VOID(object.read_symbols(symbol_table));
    CHATMCP_TRY_VOID(object.read_relocations(symbol_table));
    return object;
}

Result<void> ElfObject::read_sections(ByteView input) {
    const auto offset = number_at<std::uint64_t>(input, 40);
    const std::size_t count = number_at<std::uint16_t>(input, 60);
    if (count > kSectionsMax) {
        return fail(Errc::too_large, "SBF-04");
    }
    CHATMCP_TRY(const ByteView headers, part(input, offset, count * kSectionHeaderBytes));
    std::size_t all_bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const ByteView header = headers.subspan(i * kSectionHeaderBytes, kSectionHeaderBytes);
        Section section;
        section.type = number_at<std::uint32_t>(header, 4);
        section.flags = number_at<std::uint64_t>(header, 8);
        section.size_bytes = number_at<std::uint64_t>(header, 32);
        section.link = number_at<std::uint32_t>(header, 40);
        section.info = number_at<std::uint32_t>(header, 44);
        section.alignment = std::max<std::uint64_t>(number_at<std::uint64_t>(header, 48), 1);
        if (section.alignment > kAlignmentMaxBytes || !std::has_single_bit(section.alignment)) {
            return fail(Errc::malformed, "SBF-06");
        }
        if (section.type != kSectionNoBits) {
            CHATMCP_TRY(section.content,
                        part(input, number_at<std::uint64_t>(header, 24), section.size_bytes));
            // Sections that share bytes would make a program of many times the object's size.
            all_bytes += section.content.size();
            if (all_bytes > input.size()) {
                return fail(Errc::malformed, "SBF-03");
            }
        }
        sections_.push_back(section);
    }
    return read_names(number_at<std::uint16_t>(input, 62), headers);
}

Result<void> ElfObject::read_names(std::size_t name_section, ByteView headers) {
    if (name_section >= sections_.size()) {
        return fail(Errc::malformed, "SBF-05");
    }
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        const auto offset = number_at<std::uint32_t>(headers, i * kSectionHeaderBytes);
        CHATMCP_TRY(sections_[i].name, name_at(sections_[name_section], offset));
    }
    return {};
}

Result<std::size_t> ElfObject::find_symbol_table() const {
    const auto is_table = [](const Section& section) {
        return section.type == kSectionSymbolTable;
    };
    const auto found = std::ranges::find_if(sections_, is_table);
    if (found == sections_.end() || std::ranges::count_if(sections_, is_table) != 1) {
        return fail(Errc::malformed, "SBF-07");
    }
    return static_cast<std::size_t>(found - sections_.begin());
}

Result<void> ElfObject::read_symbols(std::size_t table) {
    const ByteView content = sections_[table].content;
    if (content.size() % kSymbolBytes != 0 || sections_[table].link >= sections_.size()) {
        return fail(Errc::malformed, "SBF-07");
    }
    if (content.size() / kSymbolBytes > kSymbolsMax) {
        return fail(Errc::too_large, "SBF-04");
    }
    const Section& strings = sections_[sections_[table].link];
    for (std::size_t at = 0; at < content.size(); at += kSymbolBytes) {
        const ByteView entry = content.subspan(at, kSymbolBytes);
        Symbol symbol;
        CHATMCP_TRY(symbol.name, name_at(strings, number_at<std::uint32_t>(entry, 0)));
        symbol.binding = static_cast<std::uint8_t>(entry[4] >> 4);
        symbol.type = entry[4] & 0x0f;
        symbol.section = number_at<std::uint16_t>(entry, 6);
        symbol.value = number_at<std::uint64_t>(entry, 8);
        symbol.size_bytes = number_at<std::uint64_t>(entry, 16);
        if (symbol.section < kIndexReserved) {
            if (symbol.section >= sections_.size()) {
                return fail(Errc::malformed, "SBF-08");
            }
            const std::uint64_t room = sections_[symbol.section].size_bytes;
            if (symbol.section != kIndexUndefined &&
                (symbol.value > room || symbol.size_bytes > room - symbol.value)) {
                return fail(Errc::malformed, "SBF-08");
            }
        } else if (symbol.section != kIndexAbsolute && symbol.section != kIndexCommon) {
            return fail(Errc::malformed, "SBF-08");
        }
        symbols_.push_back(symbol);
    }
    return {};
}

Result<void> ElfObject::read_relocations(std::size_t symbol_table) {
    for (const Section& table : sections_) {
        if (table.type != kSectionRelocations && table.type != kSectionRelocationsA) {
            continue;
        }
        if (table.info >= sections_.size() || table.link != symbol_table) {
            return fail(Errc::malformed, "SBF-09");
        }
        if ((sections_[table.info].flags & kFlagAlloc) == 0) {
            continue;
        }
        // The addend of the other kind would be lost.
        if (table.type == kSectionRelocationsA) {
            return fail(Errc::unsupported, "SBF-09");
        }
        CHATMCP_TRY_VOID(read_relocation_table(table));
    }
    std::ranges::sort(relocations_, {}, [](const Relocation& relocation) {
        return std::tuple(relocation.section, relocation.offset);
    });
    for (std::size_t i = 1; i < relocations_.size(); ++i) {
        const Relocation& before = relocations_[i - 1];
        if (before.section == relocations_[i].section &&
            relocations_[i].offset - before.offset < place_bytes(before.type)) {
            return fail(Errc::malformed, "SBF-10");
        }
    }
    return {};
}

Result<void> ElfObject::read_relocation_table(const Section& table) {
    if (table.content.size() % kRelocationBytes != 0) {
        return fail(Errc::malformed, "SBF-09");
    }
    if (table.content.size() / kRelocationBytes > kRelocationsMax - relocations_.size()) {
        return fail(Errc::too_large, "SBF-04");
    }
    const std::size_t room = sections_[table.info].content.size();
    for (std::size_t at = 0; at < table.content.size(); at += kRelocationBytes) {
        Relocation relocation;
        relocation.section = table.info;
        relocation.offset = number_at<std::uint64_t>(table.content, at);
        relocation.type = number_at<std::uint32_t>(table.content, at + 8);
        relocation.symbol = number_at<std::uint32_t>(table.content, at + 12);
        const std::uint64_t needed = place_bytes(relocation.type);
        if (room < needed || relocation.offset > room - needed ||
            relocation.symbol >= symbols_.size()) {
            return fail(Errc::malformed, "SBF-10");
        }
        relocations_.push_back(relocation);
    }
    return {};
}

std::string_view ElfObject::function_at(std::size_t section, std::uint64_t offset) const {
    const auto found = std::ranges::find_if(symbols_, [&](const Symbol& symbol) {
        return symbol.type == kSymbolFunction && symbol.section == section &&
               symbol.value <= offset && offset - symbol.value < symbol.size_bytes;
    });
    return found == symbols_.end() ? std::string_view() : found->name;
}

}  // namespace chatmcp::sbpf
