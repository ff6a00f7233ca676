#include "sbpf/program_file.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "sbpf/link.h"
#include "sbpf/object_test_support.h"

namespace chatmcp::sbpf {
namespace {

Program linked(const std::string& name, Version version) {
    return link(load_object(name), {.version = version}).value();
}

TEST(ProgramFile, TheHeaderOfV3IsTheOneThatTheLoaderAsksFor) {
    const Program program = linked("program", Version::v3);
    const Bytes& file = program.file;
    EXPECT_EQ(to_hex(ByteView(file).first(16)), "7f454c46020101000000000000000000");
    EXPECT_EQ(number_at<std::uint16_t>(file, 16), 3u);    // e_type
    EXPECT_EQ(number_at<std::uint16_t>(file, 18), 247u);  // e_machine
    EXPECT_EQ(number_at<std::uint32_t>(file, 20), 1u);    // e_version
    EXPECT_EQ(number_at<std::uint64_t>(file, 32), 64u);   // e_phoff
    EXPECT_EQ(number_at<std::uint64_t>(file, 40), 0u);    // e_shoff
    EXPECT_EQ(number_at<std::uint32_t>(file, 48), 3u);    // e_flags
    EXPECT_EQ(number_at<std::uint16_t>(file, 52), 64u);   // e_ehsize
    EXPECT_EQ(number_at<std::uint16_t>(file, 54), 56u);   // e_phentsize
    EXPECT_EQ(number_at<std::uint16_t>(file, 56), 2u);    // e_phnum
    EXPECT_EQ(number_at<std::uint16_t>(file, 60), 0u);    // e_shnum
    const auto entry = number_at<std::uint64_t>(file, 24);
    EXPECT_GE(entry, std::uint64_t{1} << 32);
    EXPECT_LT(entry, (std::uint64_t{1} << 32) + program.code_bytes);
    EXPECT_EQ(entry % 8, 0u);
}

TEST(ProgramFile, TheSegmentsOfV3FollowEachOtherWithoutAGap) {
    for (const std::string name : {"program", "code_alone", "null_first"}) {
        const Program program = linked(name, Version::v3);
        const auto field = [&](std::size_t segment, std::size_t at) {
            return number_at<std::uint64_t>(program.file, 64 + 56 * segment + at);
        };
        const std::uint64_t load_read = std::uint64_t{4} << 32 | 1;  // Flags R, type LOAD.
        const std::uint64_t load_execute = std::uint64_t{1} << 32 | 1;
        EXPECT_EQ(field(0, 0), load_read);
        EXPECT_EQ(field(0, 8), 176u);                 // p_offset
        EXPECT_EQ(field(0, 16), 0u);                  // p_vaddr
        EXPECT_EQ(field(0, 24), 0u);                  // p_paddr
        EXPECT_EQ(field(0, 32), program.data_bytes);  // p_filesz
        EXPECT_EQ(field(0, 40), program.data_bytes);  // p_memsz
        EXPECT_EQ(program.data_bytes % 8, 0u);
        EXPECT_EQ(field(1, 0), load_execute);
        EXPECT_EQ(field(1, 8), 176 + program.data_bytes);
        EXPECT_EQ(field(1, 16), std::uint64_t{1} << 32);
        EXPECT_EQ(field(1, 24), std::uint64_t{1} << 32);
        EXPECT_EQ(field(1, 32), program.code_bytes);
        EXPECT_EQ(field(1, 40), program.code_bytes);
        EXPECT_EQ(program.file.size(), 176 + program.data_bytes + program.code_bytes);
    }
}

/// Sections of a v0 file by name: offset and size.
std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> sections(const Bytes& file) {
    const auto headers = number_at<std::uint64_t>(file, 40);
    const auto count = number_at<std::uint16_t>(file, 60);
    const auto field = [&](std::size_t section, std::size_t at) {
        return number_at<std::uint64_t>(file, headers + 64 * section + at);
    };
    const std::uint64_t names = field(number_at<std::uint16_t>(file, 62), 24);
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> out;
    for (std::size_t i = 1; i < count; ++i) {
        const auto name = number_at<std::uint32_t>(file, headers + 64 * i);
        const std::string_view rest = as_text(ByteView(file).subspan(names + name));
        out[std::string(rest.substr(0, rest.find('\0')))] = {field(i, 24), field(i, 32)};
        if (field(i, 16) != 0) {
            EXPECT_EQ(field(i, 16), field(i, 24));  // An address is an offset in the file.
        }
    }
    return out;
}

TEST(ProgramFile, V0LeavesAddressesAndSystemCallsToTheLoader) {
    const Program program = linked("program", Version::v0);
    const Bytes& file = program.file;
    EXPECT_EQ(number_at<std::uint32_t>(file, 48), 0u);  // e_flags
    const auto found = sections(file);
    ASSERT_TRUE(found.contains(".rel.dyn") && found.contains(".dynsym"));
    const auto [relocations, size_bytes] = found.at(".rel.dyn");
    const auto [symbols, symbols_bytes] = found.at(".dynsym");
    const auto [strings, strings_bytes] = found.at(".dynstr");
    std::map<std::string, int> calls;
    int relative = 0;
    for (std::uint64_t at = relocations; at < relocations + size_bytes; at += 16) {
        const auto place = number_at<std::uint64_t>(file, at);
        const auto symbol = number_at<std::uint32_t>(file, at + 12);
        if (number_at<std::uint32_t>(file, at + 8) == 8) {
            ++relative;
            continue;
        }
        ASSERT_LT(symbol, symbols_bytes / 24);
        EXPECT_EQ(number_at<std::int32_t>(file, place + 4), -1);
        const auto name = number_at<std::uint32_t>(file, symbols + std::uint64_t{24} * symbol);
        const std::string_view rest =
            as_text(ByteView(file).subspan(strings + name, strings_bytes - name));
        ++calls[std::string(rest.substr(0, rest.find('\0')))];
    }
    EXPECT_GE(calls["sol_log_"], 3);
    EXPECT_GE(calls["sol_log_64_"], 1);
    EXPECT_EQ(calls.size(), 2u);
    EXPECT_GE(relative, 13);
}

TEST(ProgramFile, V0HasItsOwnFormOfCallsThroughRegistersAndOfPointersInData) {
    const Program program = linked("program", Version::v0);
    const auto [text, text_bytes] = sections(program.file).at(".text");
    int through_register = 0;
    for (std::uint64_t at = text; at < text + text_bytes; at += 8) {
        const std::uint8_t operation = program.file[at];
        if (operation == 0x18) {
            at += 8;
        } else if (operation == 0x85) {
            EXPECT_EQ(program.file[at + 1], 0u);
        } else if (operation == 0x8d) {
            EXPECT_EQ(program.file[at + 1], 0u);
            EXPECT_LT(number_at<std::uint32_t>(program.file, at + 4), 10u);
            ++through_register;
        }
    }
    EXPECT_GE(through_register, 3);
    const auto [data, data_bytes] = sections(program.file).at(".rodata");
    // The first word of .rodata is a pointer of a table: its lower half is 0.
    EXPECT_EQ(number_at<std::uint32_t>(program.file, data), 0u);
    EXPECT_GE(number_at<std::uint32_t>(program.file, data + 4), data);
    EXPECT_LT(number_at<std::uint32_t>(program.file, data + 4), data + data_bytes);
}

}  // namespace
}  // namespace chatmcp::sbpf
