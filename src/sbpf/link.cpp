#include "sbpf/link.h"

#include <algorithm>

#include "sbpf/elf_object.h"
#include "sbpf/program_file.h"
#include "sbpf/system_calls.h"

namespace chatmcp::sbpf {
namespace {

/// In the order of system_call_names(), whose views outlive every object.
std::vector<std::string_view> called(const Image& image) {
    std::vector<std::string_view> names;
    for (const std::string_view name : system_call_names()) {
        if (std::ranges::find(image.system_calls, name, &SystemCall::name) !=
            image.system_calls.end()) {
            names.push_back(name);
        }
    }
    return names;
}

}  // namespace

Result<Program> link(ByteView object, const LinkOptions& options, Place* place) {
    CHATMCP_TRY(const ElfObject read, ElfObject::read(object));
    Place ignored;
    Place& found_at = place != nullptr ? *place : ignored;
    CHATMCP_TRY(const Image image, make_image(read, options.version, options.entry, found_at));
    std::uint64_t at = 0;
    const auto checked =
        check_instructions({.code = image.code, .functions = image.functions}, image.version, at);
    if (!checked.has_value()) {
        found_at = place_in_code(read, image, at);
        return fail(checked.error());
    }
    found_at = {};
    return Program{.file = write_program(image),
                   .version = image.version,
                   .code_bytes = image.code.size(),
                   .data_bytes = image.data.size(),
                   .system_calls = called(image)};
}

}  // namespace chatmcp::sbpf
