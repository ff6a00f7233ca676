#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace chatmcp::attest {

/// A JSON document as far as a trust policy or a service's reply needs it: small and strict.
struct JsonValue {
    enum class Type : std::uint8_t {
        null,
        boolean,
        number,
        negative,  // A whole number below zero; `number` has it without its sign.
        fraction,  // Any other number, whose value is not kept.
        text,
        array,
        object
    };

    JsonValue() = default;
    explicit JsonValue(Type value_type) : type(value_type) {}

    Type type = Type::null;
    bool boolean = false;
    std::uint64_t number = 0;
    std::string text;
    std::vector<JsonValue> items;    // Of an array, or the values of an object.
    std::vector<std::string> names;  // Of an object: of its values, in the order of the file.

    /// Null when the object has no such name.
    [[nodiscard]] const JsonValue* find(std::string_view name) const;
};

inline constexpr std::size_t kJsonDepthMax = 8;
inline constexpr std::size_t kJsonValuesMax = 20'000;

struct JsonOptions {
    bool natural_numbers_only = true;  // As in policies, where no other means anything.
    std::size_t depth_max = kJsonDepthMax;
    std::size_t values_max = kJsonValuesMax;
};

/// Errors: malformed (ATT-31) no JSON (RFC 8259), invalid UTF-8, a zero byte, a number that is not
///         natural, something after the value; invalid_argument (ATT-32) a name twice in one
///         object; too_large (ATT-38) too deep or too many values.
[[nodiscard]] Result<JsonValue> parse_json(std::string_view text, const JsonOptions& options = {});

}  // namespace chatmcp::attest
