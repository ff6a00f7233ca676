#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/bytes.h"
#include "base/result.h"
#include "net/connect_protocol.h"
#include "net/tls.h"

namespace chatmcp::net {

using Deadline = std::chrono::steady_clock::time_point;

/// Where a server is: scheme, host and port, and nothing else.
struct ServerUrl {
    bool tls = false;
    std::string host;  // A name, or an address without brackets.
    std::uint16_t port = 0;

    /// "host:port" as HTTP writes it.
    [[nodiscard]] std::string authority() const;
};

/// Errors: invalid_argument (NET-60): anything but `https://host:port` and `http://host:port`, port
///         optional for https; refused_by_policy (NET-61): http to a host that is not `localhost`
///         or a loopback address.
[[nodiscard]] Result<ServerUrl> parse_server_url(std::string_view text);

enum class HttpMethod : std::uint8_t { post, get };

struct HttpRequest {
    HttpMethod method = HttpMethod::post;
    std::string path;
    Metadata headers;
    Bytes body;
};

struct HttpResponseHead {
    unsigned status = 0;
    Metadata headers;
};

/// Bytes of HTTP that a client's connections have carried together.
struct Traffic {
    std::uint64_t sent_bytes = 0;
    std::uint64_t received_bytes = 0;
};

/// One HTTP/1.1 connection of a client: a request, then its response, then the next request.
///
/// Threads: everything on the executor it was opened with, which must run one thing at a time.
class ClientConnection {
  public:
    virtual ~ClientConnection() = default;
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    /// Resolve, connect, and shake hands if the URL says so. An `http` URL is connected to loopback
    /// addresses only, whatever its name resolves to.
    ///
    /// Errors: unavailable (NET-62) not resolved, (NET-63) not connected, (NET-64) the certificate
    ///         or the handshake failed; deadline_exceeded (NET-44).
    [[nodiscard]] static boost::asio::awaitable<ConnectResult<std::shared_ptr<ClientConnection>>>
    open(boost::asio::any_io_executor executor,
         ServerUrl url,
         TlsContext tls,
         std::shared_ptr<Traffic> traffic,
         Deadline deadline);

    /// Send a request and read the head of its response.
    ///
    /// Errors: unavailable (NET-65) the connection broke; internal (NET-66) no HTTP response;
    ///         deadline_exceeded (NET-44).
    [[nodiscard]] virtual boost::asio::awaitable<ConnectResult<HttpResponseHead>> exchange(
        HttpRequest request, Deadline deadline) = 0;

    /// The next bytes of the response's body; empty at its end. Errors as for exchange.
    [[nodiscard]] virtual boost::asio::awaitable<ConnectResult<Bytes>> read_piece(
        Deadline deadline) = 0;

    /// The last response was read whole, both sides want to go on, and the server has not hung up.
    [[nodiscard]] virtual bool is_reusable() const = 0;
    /// Break off: what waits ends at once.
    virtual void close() = 0;

    /// As CallContext::channel of the server's end.
    [[nodiscard]] const Bytes& channel() const { return channel_; }

  protected:
    ClientConnection() = default;

    Bytes channel_;
};

}  // namespace chatmcp::net
