#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "relay/relay.h"

namespace chatmcp::net {

/// How a node listens and how much it does at once.
struct NodeOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;       // 0: the system chooses.
    std::string certificate_pem;  // Chain and key, or neither: plain HTTP, on loopback only.
    std::string key_pem;

    std::size_t network_threads = 2;
    /// Each carries one request that waits for the disk; the store makes them durable together.
    std::size_t storage_threads = 32;
    /// Requests waiting for one of these threads, beside those under way.
    std::size_t storage_queue_max = 1024;
    std::size_t connections_max = 2048;
    std::chrono::milliseconds shutdown_grace{5'000};
    std::chrono::milliseconds expire_interval{60'000};
};

/// A relay behind the Connect server: `chatmcp.v1.DeliveryService`,
/// `chatmcp.v1.AttestationService`,
/// `/healthz` and `/metrics` on one port.
///
/// Threads: its own for network and storage; the relay is called from the storage threads.
class NodeServer {
  public:
    /// `relay` outlives the server, which becomes its listener.
    ///
    /// Errors: malformed (NET-20); invalid_argument (NET-30); refused_by_policy (NET-31); io
    ///         (NET-32).
    [[nodiscard]] static Result<std::unique_ptr<NodeServer>> start(relay::Relay& relay,
                                                                   const NodeOptions& options);
    NodeServer(const NodeServer&) = delete;
    NodeServer& operator=(const NodeServer&) = delete;
    /// Stops if nobody did.
    ~NodeServer();

    [[nodiscard]] std::uint16_t port() const;
    /// For clients: "http://127.0.0.1:PORT" or "https://...".
    [[nodiscard]] std::string url() const;

    /// Finish what is under way, end streams, and come back when no thread uses the relay.
    void stop();

    /// The page that /metrics shows.
    [[nodiscard]] std::string metrics_text() const;

  private:
    struct State;
    explicit NodeServer(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace chatmcp::net
