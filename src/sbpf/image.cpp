#include "sbpf/image.h"

#include <algorithm>
#include <optional>

#include "sbpf/elf.h"
#include "sbpf/instruction_set.h"
#include "sbpf/little_endian.h"
#include "sbpf/program_file.h"
#include "sbpf/system_calls.h"

namespace chatmcp::sbpf {
namespace {

constexpr std::uint64_t kCodeAlignmentBytes = 8;
constexpr std::uint64_t kDataAlignmentBytes = 16;
constexpr std::uint64_t kFlagRetain = 0x200000;  // SHF_GNU_RETAIN
constexpr std::uint64_t kFlagsKnown =
    kFlagAlloc | kFlagExecute | kFlagMerge | kFlagStrings | kFlagGroup | kFlagRetain;

bool is_loaded(const Section& section) {
    return (section.flags & kFlagAlloc) != 0 && section.size_bytes != 0;
}

bool is_code(const Section& section) {
    return (section.flags & kFlagExecute) != 0;
}

void pad(Bytes& content, std::uint64_t address, std::uint64_t alignment) {
    while ((address + content.size()) % alignment != 0) {
        content.push_back(0);
    }
}

class Linker {
  public:
    Linker(const ElfObject& object, Version version, Place& place)
        : object_(object), place_(place) {
        image_.version = version;
        where_.assign(object.sections().size(), kNowhere);
    }

    Result<Image> run(std::string_view entry) {
        CHATMCP_TRY_VOID(check_sections());
        place_sections();
        CHATMCP_TRY_VOID(find_entry(entry));
        for (const Relocation& relocation : object_.relocations()) {
            if (const auto resolved = resolve(relocation); !resolved.has_value()) {
                place_ = place_of(relocation);
                return fail(resolved.error());
            }
        }
        return std::move(image_);
    }

  private:
    Result<void> check_sections() {
        for (const Section& section : object_.sections()) {
            if (!is_loaded(section)) {
                continue;
            }
            place_ = {.section = std::string(section.name)};
            if ((section.flags & kFlagWrite) != 0 || section.type == kSectionNoBits) {
                return fail(Errc::unsupported, "SBF-21");
            }
            const bool code_fits =
                section.size_bytes % kSlotBytes == 0 && section.alignment <= kCodeAlignmentBytes;
            if (section.type != kSectionProgramBits || (section.flags & ~kFlagsKnown) != 0 ||
                (is_code(section) && !code_fits)) {
                return fail(Errc::unsupported, "SBF-22");
            }
        }
        for (const Symbol& symbol : object_.symbols()) {
            if (symbol.section == kIndexCommon) {
                place_ = {.name = std::string(symbol.name)};
                return fail(Errc::unsupported, "SBF-21");
            }
        }
        return {};
    }

    void place_sections() {
        image_.code_address = image_.version == Version::v3 ? kCodeAddressV3 : kCodeAddressV0;
        place_all(image_.code, image_.code_address, true);
        if (image_.version == Version::v3) {
            image_.data_address = kDataAddressV3;
            image_.data.resize(kNullGuardBytes);
        } else {
            const std::uint64_t end = image_.code_address + image_.code.size();
            image_.data_address =
                (end + kDataAlignmentBytes - 1) / kDataAlignmentBytes * kDataAlignmentBytes;
        }
        place_all(image_.data, image_.data_address, false);
        pad(image_.data, image_.data_address, kSlotBytes);
    }

    void place_all(Bytes& content, std::uint64_t address, bool code) {
        const auto& sections = object_.sections();
        for (std::size_t i = 0; i < sections.size(); ++i) {
            if (!is_loaded(sections[i]) || is_code(sections[i]) != code) {
                continue;
            }
            pad(content, address, code ? kCodeAlignmentBytes : sections[i].alignment);
            where_[i] = image_.placed.size();
            image_.placed.push_back({i, address + content.size(), code});
            append(content, sections[i].content);
        }
    }

    /// Null for what is not loaded and for what a symbol may have in a section's place.
    [[nodiscard]] const PlacedSection* placed(std::size_t section) const {
        if (section >= where_.size() || where_[section] == kNowhere) {
            return nullptr;
        }
        return &image_.placed[where_[section]];
    }

    Result<void> find_entry(std::string_view entry) {
        place_ = {.name = std::string(entry)};
        const auto& symbols = object_.symbols();
        const auto found = std::ranges::find_if(symbols, [entry](const Symbol& symbol) {
            return symbol.name == entry && symbol.binding != kBindingLocal &&
                   symbol.type == kSymbolFunction;
        });
        const PlacedSection* section = found == symbols.end() ? nullptr : placed(found->section);
        if (section == nullptr || !section->is_code) {
            return fail(Errc::malformed, "SBF-20");
        }
        image_.entry = section->address + found->value - image_.code_address;
        image_.entry_size_bytes = found->size_bytes;
        image_.functions.push_back(image_.entry);
        return {};
    }

    Result<void> resolve(const Relocation& relocation) {
        const Symbol& symbol = object_.symbols()[relocation.symbol];
        // Loaded and not empty, as the place lies in it: so it was placed.
        const PlacedSection* section = placed(relocation.section);
        CHATMCP_CHECK(section != nullptr);
        if (!section->is_code) {
            return resolve_in_data(relocation, symbol, *section);
        }
        const std::uint64_t at = section->address + relocation.offset - image_.code_address;
        const std::uint8_t operation = image_.code[at];
        if (at % kSlotBytes != 0) {
            return fail(Errc::unsupported, "SBF-23");
        }
        if (relocation.type == kRelocationCall && operation == kCall) {
            return resolve_call(symbol, at);
        }
        if (relocation.type == kRelocation64 && operation == kLoadNumber) {
            return resolve_load(symbol, at);
        }
        return fail(Errc::unsupported, "SBF-23");
    }

    [[nodiscard]] Place place_of(const Relocation& relocation) const {
        const auto& sections = object_.sections();
        const Symbol& symbol = object_.symbols()[relocation.symbol];
        const bool is_section = symbol.type == kSymbolSection && symbol.section < sections.size();
        return {.section = std::string(sections[relocation.section].name),
                .function = std::string(object_.function_at(relocation.section, relocation.offset)),
                .name = std::string(is_section ? sections[symbol.section].name : symbol.name),
                .offset = relocation.offset};
    }

    /// The address of a symbol and an addend, which together stay in the symbol's section. An
    /// address of code is noted, so that it is known to be one of an instruction.
    Result<std::uint64_t> address_of(const Symbol& symbol, std::uint64_t addend) {
        const PlacedSection* section = placed(symbol.section);
        if (section == nullptr) {
            return fail(Errc::malformed, "SBF-24");
        }
        const std::uint64_t size_bytes = object_.sections()[symbol.section].size_bytes;
        const std::uint64_t offset = symbol.value + addend;  // Wraps for a negative addend.
        if (offset > size_bytes) {
            return fail(Errc::malformed, "SBF-24");
        }
        const std::uint64_t address = section->address + offset;
        if (section->is_code) {
            image_.functions.push_back(address - image_.code_address);
        }
        return address;
    }

    /// A table of functions, or a pointer to a text.
    Result<void> resolve_in_data(const Relocation& relocation,
                                 const Symbol& symbol,
                                 const PlacedSection& section) {
        if (relocation.type != kRelocationAbs64) {
            return fail(Errc::unsupported, "SBF-23");
        }
        const std::uint64_t at = section.address + relocation.offset - image_.data_address;
        CHATMCP_TRY(const std::uint64_t address,
                    address_of(symbol, number_at<std::uint64_t>(image_.data, at)));
        put_number(image_.data, at, address);
        image_.data_addresses.push_back(at);
        return {};
    }

    Result<void> resolve_call(const Symbol& symbol, std::uint64_t at) {
        if (symbol.section == kIndexUndefined) {
            const auto number = system_call_number(symbol.name);
            if (!number.has_value()) {
                return fail(Errc::unsupported, "SBF-25");
            }
            put_number<std::uint8_t>(image_.code, at + 1, kCallSystem << 4);
            put_number(image_.code, at + 4, *number);
            image_.system_calls.push_back({at, symbol.name});
            return {};
        }
        // A section's symbol stands for a function at the distance that the call has already.
        const auto distance = number_at<std::int32_t>(image_.code, at + 4);
        const std::uint64_t addend =
            symbol.type == kSymbolSection
                ? static_cast<std::uint64_t>((std::int64_t{distance} + 1) *
                                             static_cast<std::int64_t>(kSlotBytes))
                : 0;
        CHATMCP_TRY(const std::uint64_t address, address_of(symbol, addend));
        const PlacedSection* section = placed(symbol.section);
        if (section == nullptr || !section->is_code) {
            return fail(Errc::malformed, "SBF-24");
        }
        const auto bytes = static_cast<std::int64_t>(address - image_.code_address) -
                           static_cast<std::int64_t>(at + kSlotBytes);
        put_number<std::uint8_t>(image_.code, at + 1, kCallFunction << 4);
        // Objects are at most kObjectMaxBytes, so that the distance fits.
        put_number(image_.code,
                   at + 4,
                   static_cast<std::int32_t>(bytes / static_cast<std::int64_t>(kSlotBytes)));
        return {};
    }

    Result<void> resolve_load(const Symbol& symbol, std::uint64_t at) {
        if (at + 2 * kSlotBytes > image_.code.size()) {
            return fail(Errc::malformed, "SBF-34");
        }
        CHATMCP_TRY(const std::uint64_t address,
                    address_of(symbol, number_at<std::uint32_t>(image_.code, at + 4)));
        put_number(image_.code, at + 4, static_cast<std::uint32_t>(address));
        put_number(image_.code, at + kSlotBytes + 4, static_cast<std::uint32_t>(address >> 32));
        image_.code_addresses.push_back(at);
        return {};
    }

    static constexpr std::size_t kNowhere = ~std::size_t{0};

    const ElfObject& object_;
    Place& place_;
    Image image_;
    std::vector<std::size_t> where_;  // For each section its index in image_.placed.
};

}  // namespace

Result<Image> make_image(const ElfObject& object,
                         Version version,
                         std::string_view entry,
                         Place& place) {
    return Linker(object, version, place).run(entry);
}

Place place_in_code(const ElfObject& object, const Image& image, std::uint64_t offset) {
    const std::uint64_t address = image.code_address + offset;
    for (const PlacedSection& placed : image.placed) {
        const Section& section = object.sections()[placed.section];
        if (placed.is_code && address >= placed.address &&
            address - placed.address < section.size_bytes) {
            const std::uint64_t inside = address - placed.address;
            return {.section = std::string(section.name),
                    .function = std::string(object.function_at(placed.section, inside)),
                    .offset = inside};
        }
    }
    return {};
}

}  // namespace chatmcp::sbpf
