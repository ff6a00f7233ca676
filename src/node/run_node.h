#pragma once

#include "base/log.h"
#include "node/node_options.h"

namespace chatmcp::node {

/// Writes events to standard error: JSON lines, or lines for people.
class StderrLog final : public Log {
  public:
    explicit StderrLog(bool json) : json_(json) {}
    void write(const LogEvent& event) override;

  private:
    bool json_;
};

/// Runs the node until a signal stops it. Writes one line to standard output when it is ready: its
/// address, port and relay key.
///
/// The folder holds relay.key (the Ed25519 seed, mode 0600) and store/. Who loses the key loses all
/// groups that name it, so a store without its key does not start.
/// Returns: 0 stopped by a signal, 2 unusable input (certificate, address), 4 a failure of this
///          machine. Errors are on standard error, with their CHECKS row.
[[nodiscard]] int run_node(const NodeOptions& options);

}  // namespace chatmcp::node
