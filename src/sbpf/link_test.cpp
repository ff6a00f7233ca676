#include "sbpf/link.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "sbpf/instruction_set.h"
#include "sbpf/object_test_support.h"

namespace chatmcp::sbpf {
namespace {

// Fields of a section's header, of a symbol and of a relocation.
constexpr std::size_t kTypeField = 4;
constexpr std::size_t kFlagsField = 8;
constexpr std::size_t kSizeField = 32;
constexpr std::size_t kAlignmentField = 48;
constexpr std::size_t kSymbolSizeField = 16;
constexpr std::size_t kRelocationTypeField = 8;
constexpr std::size_t kRelocationSymbolField = 12;

std::string refusal_of(ByteView object, const LinkOptions& options = {}) {
    const auto program = link(object, options);
    return program.has_value() ? "links" : program.error().check;
}

std::string refusal(const std::string& name, const LinkOptions& options = {}) {
    return refusal_of(load_object(name), options);
}

std::string refusal(const std::string& name, const std::function<void(ObjectPatch&)>& change) {
    ObjectPatch object(name);
    change(object);
    const std::string v3 = refusal_of(object.bytes);
    EXPECT_EQ(refusal_of(object.bytes, {.version = Version::v0}), v3);
    return v3;
}

/// The n-th relocation of a section of the given type.
std::size_t relocation(const ObjectPatch& object,
                       std::string_view table,
                       std::uint32_t type,
                       std::size_t n = 0) {
    for (std::size_t at = object.content(table);; at += kRelocationBytes) {
        if (number_at<std::uint32_t>(object.bytes, at + kRelocationTypeField) == type && n-- == 0) {
            return at;
        }
    }
}

TEST(Link, TheSameObjectGivesTheSameBytes) {
    for (const Version version : {Version::v0, Version::v3}) {
        const auto first = link(load_object("program"), {.version = version}).value();
        const auto second = link(load_object("program"), {.version = version}).value();
        EXPECT_EQ(first.file, second.file);
        EXPECT_EQ(first.version, version);
        EXPECT_GT(first.code_bytes, 900u);
        EXPECT_GT(first.data_bytes, 100u);
    }
}

TEST(Link, AProgramSaysWhichSystemCallsItMakes) {
    const std::vector<std::string_view> expected{"sol_log_", "sol_log_64_"};
    EXPECT_EQ(link(load_object("program"), {}).value().system_calls, expected);
    EXPECT_TRUE(link(load_object("code_alone"), {}).value().system_calls.empty());
}

TEST(Link, DebuggingInformationChangesNothing) {
    EXPECT_EQ(link(load_object("program_debug"), {}).value().file,
              link(load_object("program"), {}).value().file);
}

TEST(Link, TheEntryIsAGlobalFunctionOfTheObject) {
    EXPECT_EQ(refusal("other_entry"), "SBF-20");
    EXPECT_EQ(refusal("other_entry", {.entry = "process"}), "links");
    EXPECT_EQ(refusal("other_entry", {.entry = "answer"}), "SBF-20");
    EXPECT_EQ(refusal("other_entry", {.entry = "_ZL6hiddenv"}), "SBF-20");
    EXPECT_EQ(refusal("other_entry", {.entry = ""}), "SBF-20");
    EXPECT_EQ(refusal("program", {.entry = "sol_log_"}), "SBF-20");
    EXPECT_EQ(refusal("program", {.entry = "_ZTVN12_GLOBAL__N_16SquareE"}), "SBF-20");
}

TEST(Link, AProgramHasNoWritableData) {
    EXPECT_EQ(refusal("writable_data"), "SBF-21");
    EXPECT_EQ(refusal("zeroed_data"), "SBF-21");
    EXPECT_EQ(refusal("common_data"), "SBF-21");
    Place place;
    EXPECT_FALSE(link(load_object("common_data"), {}, &place).has_value());
    EXPECT_EQ(place.name, "counter");
    EXPECT_FALSE(link(load_object("writable_data"), {}, &place).has_value());
    EXPECT_EQ(place.section, ".data");
}

TEST(Link, WhatIsLoadedIsCodeOrReadOnlyData) {
    EXPECT_EQ(refusal("note"), "SBF-22");
    const auto text = [](std::size_t field, std::uint64_t value) {
        return refusal("code_alone",
                       [&](ObjectPatch& o) { o.put(o.header(".text") + field, value); });
    };
    EXPECT_EQ(text(kFlagsField, kFlagAlloc | kFlagExecute | 0x800), "SBF-22");  // Compressed.
    EXPECT_EQ(text(kAlignmentField, 16), "SBF-22");
    EXPECT_EQ(text(kSizeField, 17), "SBF-22");
    EXPECT_EQ(refusal("program",
                      [](ObjectPatch& o) {
                          o.put<std::uint32_t>(o.header(".rodata.str1.1") + kTypeField, 14);
                      }),
              "SBF-22");
}

TEST(Link, ARelocationIsOfAKindThatAProgramHasAtItsPlace) {
    EXPECT_EQ(refusal("relocated_data"), "SBF-23");
    const auto changed = [](std::string_view table, std::uint32_t from, std::uint32_t to) {
        return refusal("program", [&](ObjectPatch& o) {
            o.put(relocation(o, table, from) + kRelocationTypeField, to);
        });
    };
    EXPECT_EQ(changed(".rel.text", kRelocationCall, kRelocation64), "SBF-23");
    EXPECT_EQ(changed(".rel.text", kRelocation64, kRelocationCall), "SBF-23");
    EXPECT_EQ(changed(".rel.text", kRelocation64, kRelocationAbs64), "SBF-23");
    EXPECT_EQ(changed(".rel.text", kRelocation64, kRelocationNoDynamic32), "SBF-23");
    EXPECT_EQ(changed(".rel.rodata", kRelocationAbs64, kRelocation64), "SBF-23");
    EXPECT_EQ(changed(".rel.rodata", kRelocationAbs64, kRelocationAbs32), "SBF-23");
    EXPECT_EQ(changed(".rel.rodata", kRelocationAbs64, kRelocationNoDynamic32), "SBF-23");
    EXPECT_EQ(changed(".rel.rodata", kRelocationAbs64, kRelocationRelative), "SBF-23");
    // A place between two slots, whose byte is the operation's all the same.
    EXPECT_EQ(refusal("null_first",
                      [](ObjectPatch& o) {
                          const std::size_t at = o.content(".rel.text");
                          const auto offset = number_at<std::uint64_t>(o.bytes, at);
                          o.put<std::uint8_t>(o.content(".text") + offset + 4, kLoadNumber);
                          o.put<std::uint64_t>(at, offset + 4);
                      }),
              "SBF-23");
}

TEST(Link, AnAddressIsOfSomethingInTheProgram) {
    EXPECT_EQ(refusal("external_data"), "SBF-24");
    // Far behind the section, in code and in data; of what is not defined; a call of data.
    EXPECT_EQ(refusal("program",
                      [](ObjectPatch& o) {
                          const auto place = number_at<std::uint64_t>(
                              o.bytes, relocation(o, ".rel.text", kRelocation64));
                          o.put<std::uint32_t>(o.content(".text") + place + 4, 1u << 20);
                      }),
              "SBF-24");
    EXPECT_EQ(refusal("program",
                      [](ObjectPatch& o) {
                          const auto place = number_at<std::uint64_t>(
                              o.bytes, relocation(o, ".rel.rodata", kRelocationAbs64));
                          o.put<std::uint64_t>(o.content(".rodata") + place, ~std::uint64_t{0});
                      }),
              "SBF-24");
    const auto pointed = [](std::string_view table, std::uint32_t type, std::string_view symbol) {
        return refusal("program", [&](ObjectPatch& o) {
            const auto index = static_cast<std::uint32_t>(
                (o.symbol(symbol) - o.content(".symtab")) / kSymbolBytes);
            o.put(relocation(o, table, type) + kRelocationSymbolField, index);
        });
    };
    EXPECT_EQ(pointed(".rel.rodata", kRelocationAbs64, "sol_log_"), "SBF-24");
    EXPECT_EQ(pointed(".rel.text", kRelocationCall, "_ZN12_GLOBAL__N_16kNamesE"), "SBF-24");
    EXPECT_EQ(pointed(".rel.text", kRelocationCall, "program.cpp"), "SBF-24");
}

TEST(Link, ACallIsOfAFunctionOfTheProgramOrOfASystemCall) {
    EXPECT_EQ(refusal("unknown_call"), "SBF-25");
    EXPECT_EQ(refusal("numbered_call"), "SBF-25");
    Place place;
    EXPECT_FALSE(link(load_object("unknown_call"), {}, &place).has_value());
    EXPECT_EQ(place.name, "no_such_function");
    EXPECT_EQ(place.function, "entrypoint");
}

TEST(Link, WhatSbpfDoesNotKnowOrRunsOtherwiseIsRefused) {
    for (const Version version : {Version::v0, Version::v3}) {
        const LinkOptions options{.version = version};
        EXPECT_EQ(refusal("atomic", options), "SBF-30");
        EXPECT_EQ(refusal("byte_swap", options), "SBF-30");
        EXPECT_EQ(refusal("signed_load", options), "SBF-30");
        EXPECT_EQ(refusal("long_jump", options), "SBF-30");
        EXPECT_EQ(refusal("arithmetic32", options), "links");
        EXPECT_EQ(refusal("arithmetic32_v3", options), "SBF-31");
        EXPECT_EQ(refusal("signed_division", options), "SBF-32");
        EXPECT_EQ(refusal("signed_remainder", options), "SBF-32");
        EXPECT_EQ(refusal("signed_move", options), "SBF-32");
    }
    Place place;
    EXPECT_FALSE(link(load_object("arithmetic32_v3"), {}, &place).has_value());
    EXPECT_EQ(place.function, "entrypoint");
}

TEST(Link, V0HasNoJumpsOf32BitsAndNoCallOfItself) {
    EXPECT_EQ(refusal("jump32"), "links");
    EXPECT_EQ(refusal("jump32", {.version = Version::v0}), "SBF-33");
    EXPECT_EQ(refusal("self_call"), "links");
    EXPECT_EQ(refusal("self_call", {.version = Version::v0}), "SBF-39");
}

TEST(Link, HalfALoadAtTheEndIsRefused) {
    EXPECT_EQ(refusal("null_first",
                      [](ObjectPatch& o) {
                          const auto end =
                              number_at<std::uint64_t>(o.bytes, o.content(".rel.text")) +
                              kSlotBytes;
                          o.put(o.header(".text") + kSizeField, end);
                          o.put(o.symbol("entrypoint") + kSymbolSizeField, end);
                      }),
              "SBF-34");
}

TEST(Link, AnAddressInTheMiddleOfAnInstructionIsRefused) {
    EXPECT_EQ(refusal("program",
                      [](ObjectPatch& o) {
                          // The last pointer of the tables is one to a function in .text.
                          const auto place = number_at<std::uint64_t>(
                              o.bytes, relocation(o, ".rel.rodata", kRelocationAbs64, 8));
                          const std::size_t at = o.content(".rodata") + place;
                          o.put(at, number_at<std::uint64_t>(o.bytes, at) + 4);
                      }),
              "SBF-36");
}

}  // namespace
}  // namespace chatmcp::sbpf
