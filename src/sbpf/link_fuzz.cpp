// Any input as an object: what links is a program of the format, and its code is checked code.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "sbpf/elf.h"
#include "sbpf/instruction_set.h"
#include "sbpf/link.h"
#include "sbpf/little_endian.h"
#include "sbpf/program_file.h"

namespace chatmcp::sbpf {
namespace {

void check_v3(const Program& program) {
    const ByteView file = program.file;
    CHATMCP_CHECK(file.size() == kDataOffsetV3 + program.data_bytes + program.code_bytes);
    const ByteView data = file.subspan(kDataOffsetV3, program.data_bytes);
    CHATMCP_CHECK(data.size() % kSlotBytes == 0 && data.size() >= kNullGuardBytes);
    CHATMCP_CHECK(std::ranges::all_of(data.first(kNullGuardBytes),
                                      [](std::uint8_t byte) { return byte == 0; }));
    const std::uint64_t entry = number_at<std::uint64_t>(file, 24) - kCodeAddressV3;
    std::uint64_t at = 0;
    const LinkedCode linked{.code = file.last(program.code_bytes), .functions = {&entry, 1}};
    CHATMCP_CHECK(check_instructions(linked, Version::v3, at).has_value());
}

void check_v0(const Program& program) {
    const ByteView file = program.file;
    const auto sections = number_at<std::uint64_t>(file, 40);
    CHATMCP_CHECK(sections +
                      std::size_t{number_at<std::uint16_t>(file, 60)} * kSectionHeaderBytes ==
                  file.size());
    const std::uint64_t entry = number_at<std::uint64_t>(file, 24);
    CHATMCP_CHECK(entry >= kCodeAddressV0 && entry - kCodeAddressV0 < program.code_bytes);
}

void run(ByteView input) {
    for (const Version version : {Version::v3, Version::v0}) {
        const auto program = link(input, {.version = version});
        if (!program.has_value()) {
            continue;
        }
        CHATMCP_CHECK(number_at<std::uint32_t>(program->file, 48) ==
                      static_cast<std::uint32_t>(version));
        CHATMCP_CHECK(program->code_bytes % kSlotBytes == 0 && program->code_bytes > 0);
        version == Version::v3 ? check_v3(*program) : check_v0(*program);
        CHATMCP_CHECK(link(input, {.version = version})->file == program->file);
    }
}

}  // namespace
}  // namespace chatmcp::sbpf

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::sbpf::run({data, size});
    return 0;
}
