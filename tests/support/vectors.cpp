#include "support/vectors.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "support/files.h"

namespace chatmcp::testing {
namespace {

using nlohmann::json;

std::string name_of(const json& value, std::size_t position) {
    for (const char* member : {"name", "label", "tcId"}) {
        if (value.is_object() && value.contains(member)) {
            const json& found = value.at(member);
            return found.is_string() ? found.get<std::string>() : found.dump();
        }
    }
    return "case " + std::to_string(position);
}

Bytes bytes_of(const json& value, std::string_view member) {
    auto bytes = from_hex(value.get<std::string>());
    if (!bytes.has_value()) {
        give_up("not hexadecimal: " + std::string(member));
    }
    return *std::move(bytes);
}

std::vector<Vector> cases_of(const std::shared_ptr<const json>& document, const json& array) {
    if (!array.is_array()) {
        give_up("not an array");
    }
    std::vector<Vector> out;
    for (const json& value : array) {
        out.emplace_back(document, value, name_of(value, out.size()));
    }
    return out;
}

std::shared_ptr<const json> parse(std::string_view path) {
    return std::make_shared<const json>(json::parse(load_text(path)));
}

}  // namespace

Vector::Vector(std::shared_ptr<const nlohmann::json> document,
               const nlohmann::json& value,
               std::string name)
    : document_(std::move(document)), value_(&value), name_(std::move(name)) {}

const json& Vector::at(std::string_view member) const {
    const auto found = value_->find(std::string(member));
    if (found == value_->end()) {
        give_up(name_ + " has no member " + std::string(member));
    }
    return *found;
}

bool Vector::has(std::string_view member) const {
    const auto found = value_->find(std::string(member));
    return found != value_->end() && !found->is_null();
}

Bytes Vector::hex(std::string_view member) const {
    return bytes_of(at(member), member);
}

std::string Vector::text(std::string_view member) const {
    return at(member).get<std::string>();
}

std::uint64_t Vector::u64(std::string_view member) const {
    const json& value = at(member);
    if (!value.is_number_unsigned()) {
        give_up("not an unsigned number: " + std::string(member));
    }
    return value.get<std::uint64_t>();
}

bool Vector::boolean(std::string_view member) const {
    return at(member).get<bool>();
}

Vector Vector::object(std::string_view member) const {
    return {document_, at(member), name_ + "." + std::string(member)};
}

std::vector<Vector> Vector::list(std::string_view member) const {
    return cases_of(document_, at(member));
}

std::vector<std::string> Vector::texts(std::string_view member) const {
    return at(member).get<std::vector<std::string>>();
}

std::vector<std::uint64_t> Vector::numbers(std::string_view member) const {
    return at(member).get<std::vector<std::uint64_t>>();
}

std::vector<Bytes> Vector::hexes(std::string_view member) const {
    std::vector<Bytes> out;
    for (const json& value : at(member)) {
        out.push_back(bytes_of(value, member));
    }
    return out;
}

std::vector<Vector> load_vectors(std::string_view path) {
    const auto document = parse(path);
    return cases_of(document, *document);
}

Vector load_document(std::string_view path) {
    const auto document = parse(path);
    return {document, *document, std::string(path)};
}

std::string load_text(std::string_view path) {
    return read_project_file("tests/vectors/" + std::string(path));
}

}  // namespace chatmcp::testing
