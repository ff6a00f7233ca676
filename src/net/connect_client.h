#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/bytes.h"
#include "base/result.h"
#include "net/client_connection.h"
#include "net/connect_protocol.h"
#include "net/stream_frame.h"
#include "net/tls.h"

namespace google::protobuf {
class Message;
}

namespace chatmcp::net {

using ProtobufMessage = google::protobuf::Message;

struct ClientSettings {
    ServerUrl url;
    TlsContext tls;  // Needed for https.
    Codec codec = Codec::proto;
    /// Largest message that is taken.
    std::size_t receive_max_bytes = std::size_t{64} << 20;
    /// Calls under way at once; further ones wait for their turn within their deadline.
    std::size_t calls_max = 32;
    std::chrono::milliseconds connect_timeout{10'000};
    /// Below the server's, so that a connection is not taken up in the moment it is closed.
    std::chrono::milliseconds idle_max{20'000};
    /// A stream is given up after this long; a server ends it before.
    std::chrono::milliseconds stream_duration_max{2 * 3'600'000};
};

struct CallOptions {
    Metadata headers;
    std::chrono::milliseconds timeout{30'000};
    /// Tell the server too (Connect-Timeout-Ms).
    bool tell_timeout = true;
    /// Go over the connection with this channel and no other.
    std::optional<Bytes> on_channel;
    /// Keep the connection aside for a call with `on_channel` that follows.
    bool keep_channel = false;
};

/// What a call came to.
struct CallOutcome {
    std::optional<ConnectError> error;
    Metadata headers;
    Metadata trailers;
    Bytes channel;  // Of the connection that carried it; empty if there was none.
};

class ConnectClient;

/// A stream of messages from the server.
class ClientStream {
  public:
    ClientStream(const ClientStream&) = delete;
    ClientStream& operator=(const ClientStream&) = delete;
    ~ClientStream();

    /// True: the next message is in `message`. False: the stream has ended, `outcome` says how.
    [[nodiscard]] boost::asio::awaitable<bool> next(std::shared_ptr<ProtobufMessage> message);
    /// Headers at once, error and trailers after the end.
    [[nodiscard]] const CallOutcome& outcome() const { return outcome_; }
    /// Give up: a waiting `next` ends with `canceled`.
    void cancel();

  private:
    friend class ConnectClient;
    ClientStream(std::shared_ptr<ClientConnection> connection,
                 const ClientSettings& settings,
                 Deadline deadline);
    [[nodiscard]] boost::asio::awaitable<bool> end(std::optional<ConnectError> error);
    [[nodiscard]] boost::asio::awaitable<bool> take_end(Bytes payload);

    std::shared_ptr<ClientConnection> connection_;
    FrameParser parser_;
    Codec codec_;
    Deadline deadline_;
    CallOutcome outcome_;
    bool ended_ = false;
    bool cancelled_ = false;
};

/// Calls methods of one server, over as many connections as run at once, which are used again.
///
/// Threads: everything on `executor`, which must run one thing at a time.
class ConnectClient : public std::enable_shared_from_this<ConnectClient> {
  public:
    ConnectClient(boost::asio::any_io_executor executor, ClientSettings settings);
    ConnectClient(const ConnectClient&) = delete;
    ConnectClient& operator=(const ConnectClient&) = delete;
    ~ConnectClient();

    /// One request, one reply into `reply` unless the outcome has an error.
    ///
    /// Errors (as Connect codes): of the server; unavailable and deadline_exceeded of the way there
    ///         (NET-62..65, NET-44), after which the request may or may not have been done;
    ///         internal and unknown (NET-66, NET-67) an answer outside the protocol;
    ///         resource_exhausted (NET-68) a reply above the limit.
    [[nodiscard]] boost::asio::awaitable<CallOutcome> call(
        std::string path,
        std::shared_ptr<const ProtobufMessage> request,
        std::shared_ptr<ProtobufMessage> reply,
        CallOptions options);

    /// One request, a stream of replies. The time-out is for the whole stream if it is told to the
    /// server, else only until it is open.
    struct OpenedStream {
        std::shared_ptr<ClientStream> stream;  // Absent if there is an error.
        CallOutcome outcome;
    };
    [[nodiscard]] boost::asio::awaitable<OpenedStream> open_stream(
        std::string path, std::shared_ptr<const ProtobufMessage> request, CallOptions options);

    [[nodiscard]] const Traffic& traffic() const { return *traffic_; }
    [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }

  private:
    class Turns;
    class Turn;
    struct Pooled {
        std::shared_ptr<ClientConnection> connection;
        Deadline idle_since;
    };
    using Connected = ConnectResult<std::shared_ptr<ClientConnection>>;

    [[nodiscard]] boost::asio::awaitable<Connected> connection_for(const CallOptions& options,
                                                                   Deadline deadline);
    [[nodiscard]] std::shared_ptr<ClientConnection> take_pooled();
    void give_back(std::shared_ptr<ClientConnection> connection, bool keep_channel);
    [[nodiscard]] HttpRequest make_request(StreamType type,
                                           std::string path,
                                           Bytes body,
                                           const CallOptions& options) const;
    [[nodiscard]] boost::asio::awaitable<CallOutcome> run_unary(
        std::shared_ptr<ClientConnection> connection,
        HttpRequest request,
        std::shared_ptr<ProtobufMessage> reply,
        Deadline deadline) const;

    boost::asio::any_io_executor executor_;
    ClientSettings settings_;
    std::shared_ptr<Turns> turns_;
    std::vector<Pooled> pool_;
    std::shared_ptr<ClientConnection> kept_;
    std::shared_ptr<Traffic> traffic_ = std::make_shared<Traffic>();
};

}  // namespace chatmcp::net
