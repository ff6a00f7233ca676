#include "support/formats.h"

#include <sstream>

#include "base/encoding.h"
#include "support/files.h"

namespace chatmcp::testing {
namespace {

struct Block {
    std::string head;  // What stands behind the three backquotes: "hex wire::Receipt".
    std::vector<std::string> lines;
};

std::vector<Block> read_blocks() {
    std::istringstream file(read_project_file("docs/formats.md"));
    std::vector<Block> blocks;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("```")) {
            inside = !inside;
            if (inside) {
                blocks.push_back({line.substr(3), {}});
            }
        } else if (inside) {
            blocks.back().lines.push_back(line);
        }
    }
    return blocks;
}

Block only_block(const std::string& head) {
    std::vector<Block> found;
    for (const Block& block : read_blocks()) {
        if (block.head == head) {
            found.push_back(block);
        }
    }
    if (found.size() != 1) {
        give_up("docs/formats.md has " + std::to_string(found.size()) + " blocks " + head);
    }
    return found.front();
}

}  // namespace

Bytes format_vector(std::string_view name) {
    std::string digits;
    for (const std::string& line : only_block("hex " + std::string(name)).lines) {
        for (const char character : line) {
            if (character != ' ') {
                digits.push_back(character);
            }
        }
    }
    auto bytes = from_hex(digits);
    if (!bytes.has_value() || bytes->empty()) {
        give_up("not hexadecimal: " + std::string(name));
    }
    return *std::move(bytes);
}

std::string format_text(std::string_view name) {
    std::string out;
    for (const std::string& line : only_block("text " + std::string(name)).lines) {
        out += (out.empty() ? "" : "\n") + line;
    }
    return out;
}

std::vector<std::string> format_vector_names() {
    std::vector<std::string> names;
    for (const Block& block : read_blocks()) {
        if (block.head.starts_with("hex ")) {
            names.push_back(block.head.substr(4));
        }
    }
    return names;
}

}  // namespace chatmcp::testing
