#include "sbpf/elf_object.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "sbpf/object_test_support.h"

namespace chatmcp::sbpf {
namespace {

// Fields of a section's header and of a symbol (elf_object.cpp reads the same).
constexpr std::size_t kTypeField = 4;
constexpr std::size_t kOffsetField = 24;
constexpr std::size_t kSizeField = 32;
constexpr std::size_t kLinkField = 40;
constexpr std::size_t kInfoField = 44;
constexpr std::size_t kAlignmentField = 48;
constexpr std::size_t kSymbolSectionField = 6;
constexpr std::size_t kSymbolValueField = 8;
constexpr std::size_t kSymbolSizeField = 16;

std::string refusal(ByteView input) {
    const auto object = ElfObject::read(input);
    return object.has_value() ? "read" : object.error().check;
}

std::string refusal(const std::function<void(ObjectPatch&)>& change) {
    ObjectPatch object("program");
    change(object);
    return refusal(object.bytes);
}

TEST(ElfObject, ReadsWhatClangWrote) {
    const Bytes input = load_object("program");
    const auto object = ElfObject::read(input).value();
    const auto has_section = [&](std::string_view name, std::uint64_t flags) {
        return std::ranges::any_of(object.sections(), [&](const Section& section) {
            return section.name == name && section.flags == flags;
        });
    };
    EXPECT_TRUE(has_section(".text", kFlagAlloc | kFlagExecute));
    EXPECT_TRUE(has_section(".rodata.str1.1", kFlagAlloc | kFlagMerge | kFlagStrings));
    EXPECT_TRUE(has_section(".rodata.cst32", kFlagAlloc | kFlagMerge));
    std::array<int, kRelocationCall + 1> kinds{};
    for (const Relocation& relocation : object.relocations()) {
        ++kinds.at(relocation.type);
    }
    EXPECT_GE(kinds[kRelocation64], 4);
    EXPECT_GE(kinds[kRelocationAbs64], 8);
    EXPECT_GE(kinds[kRelocationCall], 5);
}

TEST(ElfObject, FindsTheFunctionAroundAPlace) {
    const Bytes input = load_object("code_alone");
    const auto object = ElfObject::read(input).value();
    const ObjectPatch places("code_alone");
    EXPECT_EQ(object.function_at(places.section(".text"), 8), "entrypoint");
    EXPECT_EQ(object.function_at(places.section(".text"), 16), "");
    EXPECT_EQ(object.function_at(places.section(".symtab"), 0), "");
}

TEST(ElfObject, DebuggingInformationIsNotRead) {
    const Bytes plain = load_object("program");
    const Bytes debug = load_object("program_debug");
    EXPECT_GT(debug.size(), 2 * plain.size());
    EXPECT_EQ(ElfObject::read(debug).value().relocations().size(),
              ElfObject::read(plain).value().relocations().size());
}

TEST(ElfObject, AnInputAboveTheLimitIsRefusedUnread) {
    EXPECT_EQ(refusal(Bytes(kObjectMaxBytes + 1)), "SBF-01");
    EXPECT_EQ(refusal(Bytes(kObjectMaxBytes)), "SBF-02");
}

TEST(ElfObject, AnotherFormatOrMachineIsRefused) {
    // Magic, class, order of bytes, version, ABI, type, machine, version, flags, sizes of headers.
    for (const std::size_t at : {0u, 4u, 5u, 6u, 7u, 16u, 18u, 20u, 48u, 52u, 56u, 58u}) {
        EXPECT_EQ(refusal([at](ObjectPatch& object) { object.bytes[at] ^= 0x10; }), "SBF-02") << at;
    }
    EXPECT_EQ(refusal(load_file(CHATMCP_SBPF_LINK)), "SBF-02");
}

TEST(ElfObject, NothingLiesOutsideTheFile) {
    const Bytes whole = load_object("program");
    EXPECT_EQ(refusal(ByteView()), "SBF-03");
    for (std::size_t size_bytes = 0; size_bytes < whole.size(); ++size_bytes) {
        ASSERT_EQ(refusal(ByteView(whole).first(size_bytes)), "SBF-03") << size_bytes;
    }
    EXPECT_EQ(refusal([](ObjectPatch& o) { o.put<std::uint64_t>(40, ~std::uint64_t{0}); }),
              "SBF-03");
    // Two sections of nearly the whole file.
    EXPECT_EQ(refusal([](ObjectPatch& o) {
                  for (const std::string_view name : {".text", ".rodata"}) {
                      o.put<std::uint64_t>(o.header(name) + kOffsetField, 0);
                      o.put<std::uint64_t>(o.header(name) + kSizeField, o.bytes.size() - 8);
                  }
              }),
              "SBF-03");
    EXPECT_EQ(
        refusal([](ObjectPatch& o) { o.put(o.header(".text") + kOffsetField, ~std::uint64_t{0}); }),
        "SBF-03");
    EXPECT_EQ(
        refusal([](ObjectPatch& o) { o.put(o.header(".rodata") + kSizeField, ~std::uint64_t{0}); }),
        "SBF-03");
}

TEST(ElfObject, TooManySectionsSymbolsOrRelocationsAreRefused) {
    EXPECT_EQ(refusal([](ObjectPatch& o) { o.put<std::uint16_t>(60, kSectionsMax + 1); }),
              "SBF-04");
    const auto grown = [](std::string_view table, std::size_t size_bytes) {
        return refusal([&](ObjectPatch& o) {
            o.put<std::uint64_t>(o.header(table) + kOffsetField, o.bytes.size());
            o.put<std::uint64_t>(o.header(table) + kSizeField, size_bytes);
            o.bytes.resize(o.bytes.size() + size_bytes);
        });
    };
    EXPECT_EQ(grown(".symtab", (kSymbolsMax + 1) * kSymbolBytes), "SBF-04");
    EXPECT_EQ(grown(".rel.text", (kRelocationsMax + 1) * kRelocationBytes), "SBF-04");
}

TEST(ElfObject, NamesLieInTheirTable) {
    // Of a section, of a symbol, the table's own number and type.
    EXPECT_EQ(refusal([](ObjectPatch& o) { o.put<std::uint32_t>(o.header(".text"), 1u << 30); }),
              "SBF-05");
    EXPECT_EQ(
        refusal([](ObjectPatch& o) { o.put<std::uint32_t>(o.symbol("entrypoint"), 1u << 30); }),
        "SBF-05");
    EXPECT_EQ(refusal([](ObjectPatch& o) { o.put<std::uint16_t>(62, 0xffff); }), "SBF-05");
    EXPECT_EQ(refusal([](ObjectPatch& o) {
                  o.put<std::uint32_t>(o.header(".strtab") + kTypeField, kSectionProgramBits);
              }),
              "SBF-05");
    // A name that does not end, and one that is too long.
    EXPECT_EQ(refusal([](ObjectPatch& o) {
                  const auto offset = number_at<std::uint32_t>(o.bytes, o.header(".text"));
                  o.put<std::uint64_t>(o.header(".strtab") + kSizeField, offset + 2);
              }),
              "SBF-05");
    const auto named = [](std::size_t size_bytes) {
        return refusal([&](ObjectPatch& o) {
            o.put<std::uint64_t>(o.header(".strtab") + kOffsetField, o.bytes.size());
            o.put<std::uint64_t>(o.header(".strtab") + kSizeField, std::uint64_t{1} << 16);
            const std::size_t begin = o.bytes.size();
            o.bytes.resize(begin + (std::size_t{1} << 16));
            std::fill_n(o.bytes.begin() + static_cast<std::ptrdiff_t>(begin), size_bytes, 'n');
            o.put<std::uint32_t>(o.header(".text"), 0);
        });
    };
    EXPECT_EQ(named(kNameMaxBytes), "read");
    EXPECT_EQ(named(kNameMaxBytes + 1), "SBF-05");
}

TEST(ElfObject, AnAlignmentIsAPowerOfTwoWithinTheLimit) {
    const auto aligned = [](std::uint64_t alignment) {
        return refusal(
            [&](ObjectPatch& o) { o.put(o.header(".rodata") + kAlignmentField, alignment); });
    };
    EXPECT_EQ(aligned(0), "read");
    EXPECT_EQ(aligned(kAlignmentMaxBytes), "read");
    EXPECT_EQ(aligned(24), "SBF-06");
    EXPECT_EQ(aligned(2 * kAlignmentMaxBytes), "SBF-06");
}

TEST(ElfObject, ThereIsExactlyOneTableOfSymbols) {
    EXPECT_EQ(refusal([](ObjectPatch& o) {
                  o.put<std::uint32_t>(o.header(".symtab") + kTypeField, kSectionProgramBits);
              }),
              "SBF-07");
    EXPECT_EQ(refusal([](ObjectPatch& o) {
                  o.put<std::uint32_t>(o.header(".llvm_addrsig") + kTypeField, kSectionSymbolTable);
              }),
              "SBF-07");
    EXPECT_EQ(refusal([](ObjectPatch& o) {
                  o.put<std::uint32_t>(o.header(".symtab") + kLinkField, 0xffff);
              }),
              "SBF-07");
    EXPECT_EQ(refusal([](ObjectPatch& o) {
                  o.put<std::uint64_t>(o.header(".symtab") + kSizeField, kSymbolBytes + 1);
              }),
              "SBF-07");
}

TEST(ElfObject, ASymbolLiesWithinItsSection) {
    const auto changed = [](std::size_t field, auto value) {
        return refusal([&](ObjectPatch& o) { o.put(o.symbol("entrypoint") + field, value); });
    };
    EXPECT_EQ(changed(kSymbolSectionField, std::uint16_t{0x4000}), "SBF-08");
    EXPECT_EQ(changed(kSymbolSectionField, std::uint16_t{0xffff}), "SBF-08");
    EXPECT_EQ(changed(kSymbolValueField, ~std::uint64_t{0}), "SBF-08");
    EXPECT_EQ(changed(kSymbolSizeField, ~std::uint64_t{0}), "SBF-08");
}

TEST(ElfObject, ARelocationTableIsOfTheKindThatClangWrites) {
    const auto changed = [](std::size_t field, auto value) {
        return refusal([&](ObjectPatch& o) { o.put(o.header(".rel.text") + field, value); });
    };
    EXPECT_EQ(changed(kTypeField, kSectionRelocationsA), "SBF-09");
    EXPECT_EQ(changed(kLinkField, std::uint32_t{0}), "SBF-09");
    EXPECT_EQ(changed(kInfoField, std::uint32_t{0xffff}), "SBF-09");
    EXPECT_EQ(changed(kSizeField, std::uint64_t{kRelocationBytes + 1}), "SBF-09");
}

TEST(ElfObject, ARelocationHasAPlaceOfItsOwnAndASymbol) {
    const auto changed = [](std::size_t field, auto value) {
        return refusal([&](ObjectPatch& o) { o.put(o.content(".rel.text") + field, value); });
    };
    const Bytes whole = load_object("program");
    const ObjectPatch places("program");
    const auto size_bytes = number_at<std::uint64_t>(whole, places.header(".text") + kSizeField);
    EXPECT_EQ(changed(0, size_bytes - 7), "SBF-10");
    EXPECT_EQ(changed(0, ~std::uint64_t{0}), "SBF-10");
    EXPECT_EQ(changed(12, std::uint32_t{0xffff}), "SBF-10");
    const auto second =
        number_at<std::uint64_t>(whole, places.content(".rel.text") + kRelocationBytes);
    EXPECT_EQ(changed(0, second), "SBF-10");
    EXPECT_EQ(changed(0, second - 4), "SBF-10");
}

}  // namespace
}  // namespace chatmcp::sbpf
