#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace chatmcp::mls_peer {

class Client;

/// What does a request, or refuses it.
using Run = std::function<Result<nlohmann::json>(const nlohmann::json&)>;

/// The answer to one line by `run`. Whatever the line is, there is an answer: `ok` false and the
/// rule's id in `error` if it was refused.
///
/// Errors (in the answer): malformed (PEER-01) the line is no JSON object, or nested too deeply.
[[nodiscard]] std::string answer(std::string_view line, const Run& run);

/// Clients of MLS that are driven by JSON, so that any other implementation can be put against
/// ours. The protocol is docs/mls-peer.md: one object in, one object out.
///
/// Trust: it accepts every credential and has no rules beyond RFC 9420. Never part of a messenger.
class Peer {
  public:
    Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer();

    /// The answer to one line. If it was refused the group is what it was.
    [[nodiscard]] std::string handle(std::string_view line);
    /// The same for a request that was read. Errors: not_found (PEER-03) no such client; those of
    ///         Fields and Client::run.
    [[nodiscard]] Result<nlohmann::json> run(const nlohmann::json& request);
    [[nodiscard]] bool quit() const { return quit_; }

  private:
    std::map<std::string, std::unique_ptr<Client>> clients_;
    bool quit_ = false;
};

}  // namespace chatmcp::mls_peer
