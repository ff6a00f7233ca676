#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "mls_peer/peer.h"

namespace chatmcp::wasm {

/// What JavaScript asks of the core: one JSON object in, one out (docs/wasm.md). MLS by the
/// commands of docs/mls-peer.md, and what a verifier needs: credentials and evidence.
///
/// Trust: a client is made only for a caller who says whom its groups trust (`trust`). So far there
/// is `anybody`, for tests; the rules of a messenger are those of src/client.
class Core {
  public:
    /// Whatever the line is, there is an answer.
    [[nodiscard]] std::string handle(std::string_view line);

  private:
    [[nodiscard]] Result<nlohmann::json> run(const nlohmann::json& request);

    mls_peer::Peer peer_;
};

}  // namespace chatmcp::wasm
