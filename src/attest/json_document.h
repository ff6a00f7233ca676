#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "attest/json_value.h"
#include "base/result.h"

namespace chatmcp::attest {

/// One value of a JsonDocument; what it holds stands behind it.
struct JsonNode {
    JsonValue::Type type = JsonValue::Type::null;
    bool boolean = false;
    bool escaped = false;
    std::uint32_t size = 1;  // In nodes, with all that it holds.
    std::uint64_t number = 0;
    std::string_view name;  // Of a member of an object.
    std::string_view text;
};

/// A value that is looked at. Its document outlives it.
class JsonView {
  public:
    using Type = JsonValue::Type;
    explicit JsonView(const JsonNode& node) : node_(&node) {}

    [[nodiscard]] Type type() const { return node_->type; }
    [[nodiscard]] bool boolean() const { return node_->boolean; }
    [[nodiscard]] std::uint64_t number() const { return node_->number; }
    [[nodiscard]] std::string_view name() const { return node_->name; }
    /// Inside of a string, as it stands; none when it has escapes, which are not read.
    [[nodiscard]] std::optional<std::string_view> text() const {
        return node_->escaped ? std::nullopt : std::optional(node_->text);
    }
    /// The member of an object; none when there is no such name.
    [[nodiscard]] std::optional<JsonView> find(std::string_view name) const;

    /// Walks what a list or an object holds, in the order of the text.
    class Iterator {
      public:
        explicit Iterator(const JsonNode* node) : node_(node) {}
        [[nodiscard]] JsonView operator*() const { return JsonView(*node_); }
        Iterator& operator++() {
            node_ += node_->size;
            return *this;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

      private:
        const JsonNode* node_;
    };
    [[nodiscard]] Iterator begin() const { return Iterator(node_ + 1); }
    [[nodiscard]] Iterator end() const { return Iterator(node_ + node_->size); }

  private:
    const JsonNode* node_;
};

/// A JSON document that borrows its text, which outlives it: as strict and as small as parse_json,
/// but in one piece of memory, for documents that are read often and thrown away.
///
/// Errors: malformed (ATT-31) as parse_json, and a name with escapes; invalid_argument (ATT-32) a
///         name twice in one object; too_large (ATT-38) too deep or too many values.
/// Cost:   one allocation for most documents.
class JsonDocument {
  public:
    [[nodiscard]] static Result<JsonDocument> read(std::string_view text);
    [[nodiscard]] JsonView root() const { return JsonView(nodes_.front()); }

  private:
    explicit JsonDocument(std::vector<JsonNode> nodes) : nodes_(std::move(nodes)) {}
    std::vector<JsonNode> nodes_;
};

}  // namespace chatmcp::attest
