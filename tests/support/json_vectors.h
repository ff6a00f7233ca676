#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "support/vectors.h"

namespace chatmcp::testing {

/// A vector file as plain JSON, for files whose arrays are nested or hold null.
inline nlohmann::json load_json(std::string_view path) {
    return nlohmann::json::parse(load_text(path));
}

/// The bytes of a member that holds hexadecimal digits; throws where it does not.
inline Bytes hex_of(const nlohmann::json& value) {
    return from_hex(value.get<std::string>()).value();
}

}  // namespace chatmcp::testing
