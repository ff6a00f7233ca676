#pragma once

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "support/vectors.h"

namespace chatmcp::testing {

/// A vector file as plain JSON, for files whose arrays are nested or hold null.
inline nlohmann::json load_json(std::string_view path) {
    return nlohmann::json::parse(load_text(path));
}

/// The bytes of a member that holds hexadecimal digits; the test fails where it does not.
inline Bytes hex_of(const nlohmann::json& value) {
    return from_hex(value.get<std::string>()).value();
}

/// The same of a private key, which some makers write without its leading zeros: `size` bytes.
inline Bytes key_of(const nlohmann::json& value, std::size_t size) {
    Bytes key = hex_of(value);
    key.insert(key.begin(), size - std::min(size, key.size()), 0);
    return key;
}

}  // namespace chatmcp::testing
