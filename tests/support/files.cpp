#include "support/files.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace chatmcp::testing {

// C's files: libc++ has no streams of files for WebAssembly.
std::string read_project_file(std::string_view path) {
    const std::string whole_path = CHATMCP_SOURCE_DIR "/" + std::string(path);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(whole_path.c_str(), "rb"),
                                                               std::fclose);
    if (file == nullptr) {
        give_up("cannot read " + whole_path);
    }
    std::string text;
    std::array<char, 65536> block{};
    while (const std::size_t size = std::fread(block.data(), 1, block.size(), file.get())) {
        text.append(block.data(), size);
    }
    if (std::ferror(file.get()) != 0) {
        give_up("cannot read " + whole_path);
    }
    return text;
}

void give_up(std::string_view what) {
    static_cast<void>(std::fprintf(
        stderr, "broken test data: %.*s\n", static_cast<int>(what.size()), what.data()));
    std::abort();
}

}  // namespace chatmcp::testing
