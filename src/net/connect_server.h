#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/bytes.h"
#include "base/result.h"
#include "net/connect_protocol.h"
#include "net/metrics.h"
#include "net/tls.h"

namespace google::protobuf {
class Message;
}

namespace chatmcp::net {

using ProtobufMessage = google::protobuf::Message;
using Deadline = std::chrono::steady_clock::time_point;

/// What a method may know about the call beside its message.
struct CallContext {
    Metadata headers;  // As the peer sent them: untrusted.
    Codec codec = Codec::proto;
    std::optional<std::chrono::milliseconds> timeout;  // As asked for.
    Deadline deadline;                                 // The server gives up then.
    std::string peer_address;                          // Without the port: a rate limit's source.
    /// What binds a login to this connection: with TLS kChannelBytes exported bytes, on plain
    /// loopback the text "http://ADDRESS:PORT" of the server's end.
    Bytes channel;
};
using CallContextPtr = std::shared_ptr<const CallContext>;

struct UnaryReply {
    std::shared_ptr<const ProtobufMessage> message;  // Sent unless there is an error.
    std::optional<ConnectError> error;
    Metadata headers;
    Metadata trailers;
};

/// A method with one request and one reply. Coroutines of it run on the connection's strand, must
/// not block, and own their arguments.
class UnaryMethod {
  public:
    virtual ~UnaryMethod() = default;
    [[nodiscard]] virtual std::unique_ptr<ProtobufMessage> new_request() const = 0;
    [[nodiscard]] virtual boost::asio::awaitable<UnaryReply> call(
        CallContextPtr context, std::unique_ptr<ProtobufMessage> request) = 0;

  protected:
    UnaryMethod() = default;
    UnaryMethod(const UnaryMethod&) = default;
    UnaryMethod& operator=(const UnaryMethod&) = default;
};

/// Where a streaming method puts its messages.
class StreamWriter {
  public:
    virtual ~StreamWriter() = default;
    /// Headers of the response; they leave at once. Without this call they leave, empty, with the
    /// first message.
    virtual void send_headers(const Metadata& headers) = 0;
    /// Queue one message; comes back when the queue has room again, so a slow reader slows the
    /// method down.
    ///
    /// Errors: cancelled (NET-25) nobody reads any more; internal (NET-16); resource_exhausted
    ///         (NET-46) readers are too slow: end the stream, the reader comes again.
    [[nodiscard]] virtual boost::asio::awaitable<Result<void>> send(
        std::shared_ptr<const ProtobufMessage> message) = 0;

  protected:
    StreamWriter() = default;
    StreamWriter(const StreamWriter&) = default;
    StreamWriter& operator=(const StreamWriter&) = default;
};

struct StreamEnd {
    std::optional<ConnectError> error;
    Metadata trailers;
};

/// A method with one request and a stream of replies. When the peer leaves, the deadline passes or
/// the server stops, what the coroutine waits for is cancelled and it has to end.
class StreamMethod {
  public:
    virtual ~StreamMethod() = default;
    [[nodiscard]] virtual std::unique_ptr<ProtobufMessage> new_request() const = 0;
    [[nodiscard]] virtual boost::asio::awaitable<StreamEnd> call(
        CallContextPtr context,
        std::unique_ptr<ProtobufMessage> request,
        std::shared_ptr<StreamWriter> writer) = 0;

  protected:
    StreamMethod() = default;
    StreamMethod(const StreamMethod&) = default;
    StreamMethod& operator=(const StreamMethod&) = default;
};

/// A page for `GET`, made without waiting: health and metrics.
struct Page {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
};
using PageFunction = std::function<Page()>;

/// The table from path to method. Filled before the server starts, read-only afterwards.
class Routes {
  public:
    struct Route {
        std::unique_ptr<UnaryMethod> unary;
        std::unique_ptr<StreamMethod> stream;
        PageFunction page;  // Exactly one of the three is set.
        std::size_t request_max_bytes = 0;
    };

    /// `path` is "/package.Service/Method"; `request_max_bytes` is the largest binary body.
    void add_unary(std::string path,
                   std::size_t request_max_bytes,
                   std::unique_ptr<UnaryMethod> method);
    void add_stream(std::string path,
                    std::size_t request_max_bytes,
                    std::unique_ptr<StreamMethod> method);
    void add_page(std::string path, PageFunction page);

    [[nodiscard]] const Route* find(std::string_view path) const;

  private:
    std::map<std::string, Route, std::less<>> routes_;
};

/// Every limit of the server; a test may lower them.
struct ServerSettings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: the system chooses.
    TlsContext tls;          // Absent: plain HTTP, on a loopback address only.

    std::size_t connections_max = 2048;
    /// From one source (peer_source.h) that is not loopback.
    std::size_t connections_per_source_max = 128;
    /// Request bodies held by all connections together, and by those of one source that is not
    /// loopback.
    std::size_t body_budget_bytes = std::size_t{256} << 20;
    std::size_t body_budget_per_source_bytes = std::size_t{64} << 20;
    /// The same for encoded replies and pieces of streams that wait for their readers.
    std::size_t reply_budget_bytes = std::size_t{256} << 20;
    std::size_t reply_budget_per_source_bytes = std::size_t{32} << 20;
    /// Of one connection's replies this much is not counted: small answers always leave.
    std::size_t reply_free_bytes = std::size_t{64} << 10;
    std::size_t header_max_bytes = std::size_t{16} << 10;
    /// Queued for one stream before its method has to wait.
    std::size_t stream_queue_max_bytes = std::size_t{256} << 10;

    std::chrono::milliseconds handshake_timeout{10'000};
    std::chrono::milliseconds idle_timeout{60'000};  // From one request's end to the next's header.
    std::chrono::milliseconds body_timeout{30'000};
    std::chrono::milliseconds write_timeout{
        30'000};  // For one unary answer or one piece of stream.
    std::chrono::milliseconds unary_duration_max{60'000};
    std::chrono::milliseconds stream_duration_max{3'600'000};
    std::chrono::milliseconds shutdown_grace{5'000};
};

/// The Connect protocol over HTTP/1.1.
///
/// Threads: all of its work runs on the executor's threads, each connection on a strand of its own.
class ConnectServer {
  public:
    /// Listen and start to accept.
    ///
    /// Errors: invalid_argument (NET-30) no IP address; refused_by_policy (NET-31) plain HTTP on an
    ///         address that is not loopback; io (NET-32) the port cannot be had.
    [[nodiscard]] static Result<std::unique_ptr<ConnectServer>> start(
        const boost::asio::any_io_executor& executor,
        ServerSettings settings,
        Routes routes,
        std::shared_ptr<Metrics> metrics);

    ConnectServer(const ConnectServer&) = delete;
    ConnectServer& operator=(const ConnectServer&) = delete;
    /// Precondition: shutdown has come back, or the executor runs no more.
    ~ConnectServer();

    [[nodiscard]] std::uint16_t port() const;

    /// Stop admitting, let running calls end within the grace, end streams with `unavailable`, then
    /// cut what is left; comes back when no coroutine of the server is alive.
    [[nodiscard]] boost::asio::awaitable<void> shutdown();

  private:
    struct State;
    explicit ConnectServer(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace chatmcp::net
