#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/bytes.h"

namespace chatmcp::testing {

/// One case of a vector file: a JSON object, whose members are read by name and type.
///
/// Errors: a member that is missing or of another type ends the program with its name, so that a
///         misspelt name fails the test.
class Vector {
  public:
    Vector(std::shared_ptr<const nlohmann::json> document,
           const nlohmann::json& value,
           std::string name);

    /// The member "name", else "label", else "tcId", else the position in the file.
    [[nodiscard]] const std::string& name() const { return name_; }
    /// Present, and not null.
    [[nodiscard]] bool has(std::string_view member) const;
    [[nodiscard]] Bytes hex(std::string_view member) const;
    [[nodiscard]] std::string text(std::string_view member) const;
    [[nodiscard]] std::uint64_t u64(std::string_view member) const;
    [[nodiscard]] bool boolean(std::string_view member) const;
    /// The object under this name.
    [[nodiscard]] Vector object(std::string_view member) const;
    /// The objects of the array under this name.
    [[nodiscard]] std::vector<Vector> list(std::string_view member) const;
    [[nodiscard]] std::vector<std::string> texts(std::string_view member) const;
    [[nodiscard]] std::vector<std::uint64_t> numbers(std::string_view member) const;
    [[nodiscard]] std::vector<Bytes> hexes(std::string_view member) const;

  private:
    [[nodiscard]] const nlohmann::json& at(std::string_view member) const;

    std::shared_ptr<const nlohmann::json> document_;
    const nlohmann::json* value_;
    std::string name_;
};

/// The cases of tests/vectors/`path`, whose top level is an array.
[[nodiscard]] std::vector<Vector> load_vectors(std::string_view path);
/// tests/vectors/`path`, whose top level is an object.
[[nodiscard]] Vector load_document(std::string_view path);
/// Whole content of tests/vectors/`path`.
[[nodiscard]] std::string load_text(std::string_view path);

}  // namespace chatmcp::testing
