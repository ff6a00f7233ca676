#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace chatmcp::attest {

/// What made a piece of evidence. Numbers are never reused.
enum class Kind : std::uint8_t { simulated = 1, sgx = 2, tdx = 3 };

/// What evidence of a kind can be good for (DESIGN 8). Only `confidential` admits an agent; beside
/// it `simulated`, in companions that name the development root.
enum class Class : std::uint8_t { confidential = 1, key_protection = 2, simulated = 3 };

[[nodiscard]] std::string_view kind_name(Kind kind);
[[nodiscard]] std::string_view class_name(Class value);
[[nodiscard]] Class class_of(Kind kind);
/// Errors: unsupported (ATT-10) a media type that no kind here has.
[[nodiscard]] Result<Kind> kind_of_media_type(std::string_view media_type);

}  // namespace chatmcp::attest
