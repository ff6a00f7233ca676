#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "sbpf/elf.h"
#include "sbpf/elf_object.h"
#include "sbpf/little_endian.h"

namespace chatmcp::sbpf {

/// A whole file.
inline Bytes load_file(const std::string& path) {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return to_bytes(as_bytes(content.view()));
}

/// An object that the build made of tests/sbpf.
inline Bytes load_object(const std::string& name) {
    return load_file(std::string(CHATMCP_SBPF_OBJECTS "/") + name + ".o");
}

/// An object with fields to be changed: a view of where they lie, by name.
class ObjectPatch {
  public:
    explicit ObjectPatch(const std::string& name) : bytes(load_object(name)) {
        CHATMCP_CHECK(ElfObject::read(bytes).has_value());
    }

    /// Index of the section of a name; there is one.
    [[nodiscard]] std::uint32_t section(std::string_view name) const {
        const auto object = ElfObject::read(original_).value();
        for (std::uint32_t i = 0; i < object.sections().size(); ++i) {
            if (object.sections()[i].name == name) {
                return i;
            }
        }
        CHATMCP_CHECK(false);
        return 0;
    }
    /// Offset of a section's header.
    [[nodiscard]] std::size_t header(std::string_view name) const {
        return number_at<std::uint64_t>(original_, 40) + section(name) * kSectionHeaderBytes;
    }
    /// Offset of a section's content.
    [[nodiscard]] std::size_t content(std::string_view name) const {
        return number_at<std::uint64_t>(original_, header(name) + 24);
    }
    /// Offset of the entry of a symbol.
    [[nodiscard]] std::size_t symbol(std::string_view name) const {
        const auto object = ElfObject::read(original_).value();
        for (std::size_t i = 0; i < object.symbols().size(); ++i) {
            if (object.symbols()[i].name == name) {
                return content(".symtab") + i * kSymbolBytes;
            }
        }
        CHATMCP_CHECK(false);
        return 0;
    }
    template <class Integer>
    ObjectPatch& put(std::size_t at, Integer value) {
        put_number(bytes, at, value);
        return *this;
    }

    Bytes bytes;

  private:
    Bytes original_ = bytes;
};

}  // namespace chatmcp::sbpf
