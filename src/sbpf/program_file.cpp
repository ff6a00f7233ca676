#include "sbpf/program_file.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "sbpf/instruction_set.h"
#include "sbpf/little_endian.h"

namespace chatmcp::sbpf {
namespace {

constexpr std::size_t kIdentPaddingBytes = 9;

struct FileHeader {
    Version version = Version::v3;
    std::uint64_t entry = 0;
    std::uint64_t sections_offset = 0;
    std::uint16_t program_headers = 0;
    std::uint16_t sections = 0;
    std::uint16_t name_section = 0;
};

void append_file_header(Bytes& out, const FileHeader& header) {
    append(out, ByteArray<7>{0x7f, 'E', 'L', 'F', kClass64, kDataLittleEndian, kElfVersion});
    append(out, ByteArray<kIdentPaddingBytes>{});
    append_number(out, kTypeShared);
    append_number(out, kMachineBpf);
    append_number<std::uint32_t>(out, kElfVersion);
    append_number(out, header.entry);
    append_number<std::uint64_t>(out, kFileHeaderBytes);  // e_phoff
    append_number(out, header.sections_offset);
    append_number(out, static_cast<std::uint32_t>(header.version));  // e_flags
    append_number<std::uint16_t>(out, kFileHeaderBytes);
    append_number<std::uint16_t>(out, kProgramHeaderBytes);
    append_number(out, header.program_headers);
    append_number<std::uint16_t>(out, header.sections == 0 ? 0 : kSectionHeaderBytes);
    append_number(out, header.sections);
    append_number(out, header.name_section);
}

struct Segment {
    std::uint32_t type = kSegmentLoad;
    std::uint32_t flags = 0;
    std::uint64_t offset = 0;
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;
};

void append_segment(Bytes& out, const Segment& segment) {
    append_number(out, segment.type);
    append_number(out, segment.flags);
    append_number(out, segment.offset);
    append_number(out, segment.address);  // p_vaddr
    append_number(out, segment.address);  // p_paddr
    append_number(out, segment.size_bytes);
    append_number(out, segment.size_bytes);
    append_number<std::uint64_t>(out, kSlotBytes);
}

Bytes write_v3(const Image& image) {
    const std::uint64_t code_offset = kDataOffsetV3 + image.data.size();
    Bytes out;
    append_file_header(
        out,
        {.version = Version::v3, .entry = image.code_address + image.entry, .program_headers = 2});
    append_segment(out,
                   {.flags = kSegmentRead,
                    .offset = kDataOffsetV3,
                    .address = image.data_address,
                    .size_bytes = image.data.size()});
    append_segment(out,
                   {.flags = kSegmentExecute,
                    .offset = code_offset,
                    .address = image.code_address,
                    .size_bytes = image.code.size()});
    CHATMCP_CHECK(out.size() == kDataOffsetV3);
    append(out, image.data);
    append(out, image.code);
    return out;
}

/// What v0's loader writes itself: addresses get 2^32 added, names become numbers of system calls.
class WriterV0 {
  public:
    explicit WriterV0(const Image& image) : image_(image), code_(image.code), data_(image.data) {}

    Bytes write() {
        rewrite_code();
        rewrite_data();
        append_symbols();
        return write_file();
    }

  private:
    /// Tags and values of the dynamic section, as the loader reads them.
    enum class Dynamic : std::uint64_t {
        end = 0,
        string_table = 5,
        symbol_table = 6,
        string_table_bytes = 10,
        symbol_bytes = 11,
        relocations = 17,
        relocations_bytes = 18,
        relocation_bytes = 19,
        flags = 30,
    };
    static constexpr std::uint64_t kTextRelocations = 4;  // DF_TEXTREL
    static constexpr std::size_t kDynamicEntries = 9;
    static constexpr std::uint8_t kGlobalFunction = (kBindingGlobal << 4) | kSymbolFunction;
    static constexpr std::uint8_t kGlobalUnknown = kBindingGlobal << 4;
    // The order of the section headers below.
    static constexpr std::uint32_t kTextSection = 1;
    static constexpr std::uint32_t kSymbolsSection = 4;
    static constexpr std::uint32_t kStringsSection = 5;
    static constexpr std::uint16_t kNamesSection = 7;
    static constexpr std::uint16_t kSections = 8;

    /// The forms of calls that v0 has: no kind in the source register, and the register of a call
    /// through one in the immediate.
    void rewrite_code() {
        for (std::size_t at = 0; at < code_.size(); at += kSlotBytes) {
            if (code_[at] == kCall) {
                code_[at + 1] = 0;
            } else if (code_[at] == kCallRegister) {
                put_number<std::int32_t>(code_, at + 4, code_[at + 1] & 0x0f);
                code_[at + 1] = 0;
            } else if (code_[at] == kLoadNumber) {
                at += kSlotBytes;
            }
        }
        for (const SystemCall& call : image_.system_calls) {
            put_number<std::int32_t>(code_, call.offset + 4, -1);
        }
    }

    /// In data the loader reads an address from the upper half of its word.
    void rewrite_data() {
        for (const std::uint64_t at : image_.data_addresses) {
            const auto address = number_at<std::uint64_t>(data_, at);
            CHATMCP_CHECK(address >> 32 == 0);
            put_number(data_, at, address << 32);
        }
    }

    std::uint32_t add_name(std::string_view name) {
        const auto at = static_cast<std::uint32_t>(strings_.size());
        append(strings_, as_bytes(name));
        strings_.push_back(0);
        return at;
    }

    void append_symbol(std::string_view name,
                       std::uint8_t kind,
                       std::uint16_t section,
                       std::uint64_t address,
                       std::uint64_t size_bytes) {
        append_number(symbols_, add_name(name));
        symbols_.push_back(kind);
        symbols_.push_back(0);
        append_number(symbols_, section);
        append_number(symbols_, address);
        append_number(symbols_, size_bytes);
    }

    void append_relocation(std::uint64_t address, std::uint32_t type, std::size_t symbol) {
        append_number(relocations_, address);
        append_number(relocations_, type);
        append_number(relocations_, static_cast<std::uint32_t>(symbol));
    }

    void append_symbols() {
        symbols_.resize(kSymbolBytes);
        strings_.push_back(0);
        append_symbol("entrypoint",
                      kGlobalFunction,
                      kTextSection,
                      image_.code_address + image_.entry,
                      image_.entry_size_bytes);
        std::vector<std::string_view> names{"", "entrypoint"};
        for (const SystemCall& call : image_.system_calls) {
            auto found = std::ranges::find(names, call.name);
            if (found == names.end()) {
                append_symbol(call.name, kGlobalUnknown, kIndexUndefined, 0, 0);
                names.push_back(call.name);
                found = names.end() - 1;
            }
            append_relocation(image_.code_address + call.offset,
                              kRelocationCall,
                              static_cast<std::size_t>(found - names.begin()));
        }
        for (const std::uint64_t at : image_.code_addresses) {
            append_relocation(image_.code_address + at, kRelocationRelative, 0);
        }
        for (const std::uint64_t at : image_.data_addresses) {
            append_relocation(image_.data_address + at, kRelocationRelative, 0);
        }
    }

    struct Part {
        std::string_view name;
        std::uint32_t type = 0;
        std::uint64_t flags = 0;
        const Bytes* content = nullptr;
        std::uint32_t link = 0;
        std::uint32_t info = 0;
        std::uint64_t entry_bytes = 0;
        std::uint64_t offset = 0;
    };

    /// All that lies behind the headers, one after the other, each at a multiple of eight.
    std::vector<Part> parts() {
        return {{".text", kSectionProgramBits, kFlagAlloc | kFlagExecute, &code_},
                {".rodata", kSectionProgramBits, kFlagAlloc, &data_},
                {".dynamic",
                 kSectionDynamic,
                 kFlagAlloc | kFlagWrite,
                 &dynamic_,
                 kStringsSection,
                 0,
                 kDynamicBytes},
                {".dynsym",
                 kSectionDynamicSymbols,
                 kFlagAlloc,
                 &symbols_,
                 kStringsSection,
                 1,
                 kSymbolBytes},
                {".dynstr", kSectionStringTable, kFlagAlloc, &strings_},
                {".rel.dyn",
                 kSectionRelocations,
                 kFlagAlloc,
                 &relocations_,
                 kSymbolsSection,
                 0,
                 kRelocationBytes},
                {".shstrtab", kSectionStringTable, 0, &names_}};
    }

    void append_dynamic(Dynamic tag, std::uint64_t value) {
        append_number(dynamic_, static_cast<std::uint64_t>(tag));
        append_number(dynamic_, value);
    }

    static std::uint64_t aligned(std::uint64_t offset, std::uint64_t alignment) {
        return (offset + alignment - 1) / alignment * alignment;
    }

    Bytes write_file() {
        names_.push_back(0);
        dynamic_.resize(kDynamicEntries * kDynamicBytes);  // Its size before its content.
        std::vector<Part> all = parts();
        std::vector<std::uint32_t> name_offsets;
        for (const Part& part : all) {
            name_offsets.push_back(static_cast<std::uint32_t>(names_.size()));
            append(names_, as_bytes(part.name));
            names_.push_back(0);
        }
        std::uint64_t offset = image_.code_address;
        for (Part& part : all) {
            part.offset =
                part.content == &data_ ? image_.data_address : aligned(offset, kSlotBytes);
            offset = part.offset + part.content->size();
        }
        fill_dynamic(all);
        Bytes out = headers(all, aligned(offset, kSlotBytes));
        for (const Part& part : all) {
            out.resize(part.offset);
            append(out, *part.content);
        }
        out.resize(aligned(out.size(), kSlotBytes));
        out.resize(out.size() + kSectionHeaderBytes);  // The first section header is empty.
        for (std::size_t i = 0; i < all.size(); ++i) {
            append_section_header(out, all[i], name_offsets[i]);
        }
        return out;
    }

    void fill_dynamic(const std::vector<Part>& all) {
        const auto offset_of = [&all](const Bytes& content) {
            return std::ranges::find(all, &content, &Part::content)->offset;
        };
        dynamic_.clear();
        append_dynamic(Dynamic::flags, kTextRelocations);
        append_dynamic(Dynamic::relocations, offset_of(relocations_));
        append_dynamic(Dynamic::relocations_bytes, relocations_.size());
        append_dynamic(Dynamic::relocation_bytes, kRelocationBytes);
        append_dynamic(Dynamic::symbol_table, offset_of(symbols_));
        append_dynamic(Dynamic::symbol_bytes, kSymbolBytes);
        append_dynamic(Dynamic::string_table, offset_of(strings_));
        append_dynamic(Dynamic::string_table_bytes, strings_.size());
        append_dynamic(Dynamic::end, 0);
        CHATMCP_CHECK(dynamic_.size() == kDynamicEntries * kDynamicBytes);
    }

    [[nodiscard]] Bytes headers(const std::vector<Part>& all, std::uint64_t sections) const {
        Bytes out;
        append_file_header(out,
                           {.version = Version::v0,
                            .entry = image_.code_address + image_.entry,
                            .sections_offset = sections,
                            .program_headers = 3,
                            .sections = kSections,
                            .name_section = kNamesSection});
        const auto part_of = [&all](const Bytes& content) -> const Part& {
            return *std::ranges::find(all, &content, &Part::content);
        };
        const Part& last = part_of(relocations_);
        append_segment(
            out,
            segment(
                kSegmentLoad, kSegmentRead | kSegmentExecute, image_.code_address, code_.size()));
        append_segment(out,
                       segment(kSegmentLoad,
                               kSegmentRead,
                               image_.data_address,
                               last.offset + last.content->size() - image_.data_address));
        append_segment(out,
                       segment(kSegmentDynamic,
                               kSegmentRead | kSegmentWrite,
                               part_of(dynamic_).offset,
                               dynamic_.size()));
        CHATMCP_CHECK(out.size() == kCodeAddressV0);
        return out;
    }

    static Segment segment(std::uint32_t type,
                           std::uint32_t flags,
                           std::uint64_t offset,
                           std::uint64_t size_bytes) {
        return {.type = type,
                .flags = flags,
                .offset = offset,
                .address = offset,
                .size_bytes = size_bytes};
    }

    static void append_section_header(Bytes& out, const Part& part, std::uint32_t name) {
        append_number(out, name);
        append_number(out, part.type);
        append_number(out, part.flags);
        append_number(out, (part.flags & kFlagAlloc) != 0 ? part.offset : 0);
        append_number(out, part.offset);
        append_number<std::uint64_t>(out, part.content->size());
        append_number(out, part.link);
        append_number(out, part.info);
        append_number<std::uint64_t>(out, part.type == kSectionStringTable ? 1 : kSlotBytes);
        append_number(out, part.entry_bytes);
    }

    const Image& image_;
    Bytes code_;
    Bytes data_;
    Bytes dynamic_;
    Bytes symbols_;
    Bytes strings_;
    Bytes relocations_;
    Bytes names_;
};

}  // namespace

Bytes write_program(const Image& image) {
    return image.version == Version::v3 ? write_v3(image) : WriterV0(image).write();
}

}  // namespace chatmcp::sbpf
