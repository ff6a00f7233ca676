#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::enclave {

/// What the operator decides about an assistant. It is measured: another configuration is another
/// assistant.
///
/// {"name": text, "scopes": ["answer", "summarise"], "context_tokens": number,
///  "answer_seconds_max": number}; every name is required, and no other is known.
struct Configuration {
    static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;
    static constexpr std::uint64_t kAnswerSecondsMax = 3600;

    std::string name;
    Bytes scopes;  // wire::Scope numbers, rising.
    std::uint32_t context_tokens = 0;
    std::uint32_t answer_seconds_max = 0;
};

/// Errors: malformed, invalid_argument (ENC-01).
[[nodiscard]] Result<Configuration> read_configuration(ByteView json);

}  // namespace chatmcp::enclave
