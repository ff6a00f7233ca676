#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <boost/asio/ip/tcp.hpp>

#include "net/connect_server.h"
#include "net/peer_source.h"

namespace chatmcp::net {

/// One accepted connection. Alive while a coroutine of it or of its current call is.
class Connection {
  public:
    virtual ~Connection() = default;
    virtual void start() = 0;
    /// Finish the running call, then close; from any thread.
    virtual void stop() = 0;
    /// Close at once and cancel the running call; from any thread.
    virtual void abort() = 0;

  protected:
    Connection() = default;
    Connection(const Connection&) = default;
    Connection& operator=(const Connection&) = default;
};

/// What all connections of one server share.
///
/// Threads: settings, routes and metrics are read by all; the rest guards itself.
class ServerCore {
  public:
    ServerCore(ServerSettings settings, Routes routes, std::shared_ptr<Metrics> metrics)
        : settings_(std::move(settings)),
          routes_(std::move(routes)),
          metrics_(std::move(metrics)) {}

    [[nodiscard]] const ServerSettings& settings() const { return settings_; }
    [[nodiscard]] const Routes& routes() const { return routes_; }
    [[nodiscard]] Metrics& metrics() { return *metrics_; }

    /// Take a place for a connection. Errors: resource_exhausted (NET-33) too many in all,
    /// (NET-34) too many from this source; unavailable (NET-27) the server stops.
    [[nodiscard]] Result<void> admit(const std::shared_ptr<Connection>& connection,
                                     const PeerSource& source);
    void release(Connection* connection, const PeerSource& source);

    /// What connections hold memory for.
    enum class Memory : std::uint8_t { bodies, replies };

    /// Reserve memory; false when the budget of all or of this source is spent.
    [[nodiscard]] bool reserve(Memory what, const PeerSource& source, std::size_t size_bytes);
    void release(Memory what, const PeerSource& source, std::size_t size_bytes);

    /// A call (its coroutine may outlive the answer when the deadline passed first).
    void call_begins() { calls_.fetch_add(1); }
    void call_ends() { calls_.fetch_sub(1); }

    void stop_all();
    void abort_all();
    [[nodiscard]] bool is_idle() const;

  private:
    static constexpr std::size_t kMemories = 2;
    /// What the connections of one source hold.
    struct Held {
        std::size_t connections = 0;
        std::array<std::size_t, kMemories> memory_bytes{};  // By Memory.
    };
    struct Budget {
        std::size_t all_bytes = 0;
        std::size_t per_source_bytes = 0;
    };

    [[nodiscard]] std::vector<std::shared_ptr<Connection>> connections() const;
    [[nodiscard]] Budget budget(Memory what) const;
    void forget_if_nothing(const PeerSource& source);  // Under mutex_.

    const ServerSettings settings_;
    const Routes routes_;
    const std::shared_ptr<Metrics> metrics_;
    std::atomic<std::size_t> calls_ = 0;
    mutable std::mutex mutex_;
    bool stopping_ = false;                                            // Guarded by mutex_.
    std::array<std::size_t, kMemories> memory_bytes_{};                // Guarded by mutex_.
    std::unordered_map<Connection*, std::weak_ptr<Connection>> open_;  // Guarded by mutex_.
    std::map<Bytes, Held> held_;                                       // Guarded by mutex_.
};

/// A connection with or without TLS, as the settings say. `socket` runs on a strand of its own.
[[nodiscard]] std::shared_ptr<Connection> make_connection(std::shared_ptr<ServerCore> core,
                                                          boost::asio::ip::tcp::socket socket,
                                                          std::string peer_address,
                                                          std::string local_origin);

}  // namespace chatmcp::net
