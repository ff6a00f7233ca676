#pragma once

#include "assistant/assistant.h"
#include "assistant/engine.h"
#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::enclave {

/// What decides the output, as receipts name it.
struct EngineDigests {
    crypto::Sha256Digest build{};
    crypto::Sha256Digest settings{};
};
[[nodiscard]] EngineDigests digests_of(const assistant::Engine& engine);

/// `chatmcp-enclave --replay MODEL CONFIGURATION`: the same program as an ordinary process, without
/// keys and door. Reads { opaque prompts<V> } of { opaque prompt<V> } from standard input and
/// prints { opaque engine_build_digest[32]; opaque engine_settings_digest[32]; opaque outputs<V> }
/// of { opaque output<V> }.
///
/// Errors: io (ENC-30) a file or stream; too_large (ENC-31); those of read_configuration, Engine
///         and Assistant::replay.
[[nodiscard]] Result<void> replay(const char* model_path, const char* configuration_path);

}  // namespace chatmcp::enclave
