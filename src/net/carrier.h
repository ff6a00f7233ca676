#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/result.h"
#include "client/effect.h"

namespace chatmcp::net {

struct CarrierOptions {
    std::string url;                            // https://host:port, or http:// to loopback only.
    std::string ca_file;                        // PEM; empty: the system's.
    std::chrono::milliseconds timeout{30'000};  // Of one unary request.
    /// SIGINT and SIGTERM end a `next` instead of the program.
    bool take_signals = true;
};

/// Carries a client's requests to one relay over one set of connections and brings back what came.
/// It looks into nothing: requests are complete and signed, replies go to the client as they are.
///
/// Threads: none of its own, `next` does the work and is called by one thread. `carry` and `close`
/// may be called from others too.
class Carrier {
  public:
    /// What `next` came back with.
    struct TimedOut {};
    struct Interrupted {};  // SIGINT or SIGTERM.
    using Arrived = std::variant<client::Replied,
                                 client::PushedEnvelope,
                                 client::PushedInboxItem,
                                 client::StreamEnded>;
    using Next = std::variant<Arrived, TimedOut, Interrupted>;

    /// Errors: invalid_argument (NET-60) the URL; refused_by_policy (NET-61) plain http to another
    ///         machine; io (NET-72) the CA file cannot be read; malformed (NET-21) it holds no
    ///         certificate.
    [[nodiscard]] static Result<Carrier> open(const CarrierOptions& options);

    Carrier(const Carrier&) = delete;
    Carrier& operator=(const Carrier&) = delete;
    Carrier(Carrier&&) noexcept;
    Carrier& operator=(Carrier&&) noexcept;
    ~Carrier();

    /// Begin. A request that cannot be sent comes back through `next` as Replied (or StreamEnded)
    /// with the reason.
    void carry(client::Request request);
    /// Give up a request or a stream: nothing of it comes any more.
    void close(client::EffectId id);
    /// Wait for the next thing to arrive, at most this long.
    [[nodiscard]] Next next(std::chrono::milliseconds wait_max);

    [[nodiscard]] std::uint64_t bytes_sent() const;
    [[nodiscard]] std::uint64_t bytes_received() const;

  private:
    struct State;
    explicit Carrier(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace chatmcp::net
