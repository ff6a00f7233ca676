#include "net/connect_client.h"

#include <algorithm>
#include <deque>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <google/protobuf/message.h>

#include "base/check.h"
#include "net/message_codec.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kTrailerPrefix = "trailer-";
// An error's JSON; a longer one is judged by its status alone.
constexpr std::size_t kErrorMaxBytes = std::size_t{64} << 10;

ConnectError deadline_passed() {
    return refuse(ConnectCode::deadline_exceeded, "NET-44", "the deadline has passed").error();
}

// Unary trailers travel as headers with a prefix.
void take_headers(const Metadata& from, StreamType type, CallOutcome& outcome) {
    for (const MetadataEntry& entry : from.entries()) {
        if (type == StreamType::unary && entry.name.starts_with(kTrailerPrefix)) {
            outcome.trailers.add(std::string_view(entry.name).substr(kTrailerPrefix.size()),
                                 entry.value);
        } else {
            outcome.headers.add(entry.name, entry.value);
        }
    }
}

// What the head of a 200 answer has to say, else the answer is not of this protocol.
std::optional<ConnectError> check_head(const HttpResponseHead& head, StreamType type, Codec codec) {
    const std::string_view media_type = head.headers.first("content-type").value_or("");
    if (codec_of_content_type(type, media_type) != codec) {
        const std::string_view family =
            type == StreamType::unary ? "application/" : "application/connect+";
        const ConnectCode code =
            media_type.starts_with(family) ? ConnectCode::internal : ConnectCode::unknown;
        return refuse(code, "NET-67", "the answer has another content type").error();
    }
    const std::string_view encoding_name =
        type == StreamType::unary ? "content-encoding" : "connect-content-encoding";
    if (head.headers.first(encoding_name).value_or("identity") != "identity") {
        return refuse(ConnectCode::internal, "NET-67", "the answer is compressed").error();
    }
    return std::nullopt;
}

// The error of an answer whose status is not 200.
ConnectError error_of_status(const HttpResponseHead& head, ByteView body) {
    const ConnectCode by_status = connect_code_from_http_status(head.status);
    const std::string_view media_type = head.headers.first("content-type").value_or("");
    if (media_type.starts_with("application/json")) {
        auto error = parse_error_json(as_text(body), by_status);
        if (error.has_value()) {
            return *std::move(error);
        }
    }
    ConnectError error;
    error.code = by_status;
    error.message = "HTTP status " + std::to_string(head.status);
    return error;
}

}  // namespace

// ---- Turns: at most calls_max calls at once, the others wait in order. ----

class ConnectClient::Turns {
  public:
    explicit Turns(std::size_t calls_max) : left_(calls_max) {}

    asio::awaitable<bool> take(asio::any_io_executor executor, Deadline deadline) {
        if (left_ > 0) {
            --left_;
            co_return true;
        }
        auto place = std::make_shared<Place>(executor, deadline);
        waiting_.push_back(place);
        co_await place->timer.async_wait(kToken);
        if (!place->called) {
            std::erase(waiting_, place);
        }
        co_return place->called;
    }

    void give() {
        if (waiting_.empty()) {
            ++left_;
            return;
        }
        const std::shared_ptr<Place> next = waiting_.front();
        waiting_.pop_front();
        next->called = true;
        next->timer.cancel();
    }

  private:
    struct Place {
        Place(const asio::any_io_executor& executor, Deadline deadline)
            : timer(executor, deadline) {}
        asio::steady_timer timer;
        bool called = false;
    };

    std::size_t left_;
    std::deque<std::shared_ptr<Place>> waiting_;
};

/// A turn that was taken, given back whichever way the call ends.
class ConnectClient::Turn {
  public:
    explicit Turn(std::shared_ptr<Turns> turns) : turns_(std::move(turns)) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { turns_->give(); }

  private:
    std::shared_ptr<Turns> turns_;
};

ConnectClient::ConnectClient(asio::any_io_executor executor, ClientSettings settings)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      turns_(std::make_shared<Turns>(settings_.calls_max)) {
    CHATMCP_CHECK(!settings_.url.tls || settings_.tls != nullptr);
}

ConnectClient::~ConnectClient() = default;

// ---- Connections. ----

std::shared_ptr<ClientConnection> ConnectClient::take_pooled() {
    const Deadline oldest = steady_clock::now() - settings_.idle_max;
    while (!pool_.empty()) {
        Pooled pooled = std::move(pool_.back());  // The one used last is the likeliest alive.
        pool_.pop_back();
        if (pooled.idle_since >= oldest && pooled.connection->is_reusable()) {
            return std::move(pooled.connection);
        }
        pooled.connection->close();
    }
    return nullptr;
}

void ConnectClient::give_back(std::shared_ptr<ClientConnection> connection, bool keep_channel) {
    if (!connection->is_reusable()) {
        connection->close();
        return;
    }
    if (keep_channel) {
        std::swap(kept_, connection);
    }
    if (connection != nullptr && connection->is_reusable()) {
        pool_.push_back(
            Pooled{.connection = std::move(connection), .idle_since = steady_clock::now()});
    }
}

asio::awaitable<ConnectClient::Connected> ConnectClient::connection_for(const CallOptions& options,
                                                                        Deadline deadline) {
    if (options.on_channel.has_value()) {
        std::shared_ptr<ClientConnection> kept = std::move(kept_);
        if (kept != nullptr && kept->channel() == *options.on_channel && kept->is_reusable()) {
            co_return kept;
        }
        // On plain loopback every connection has the same channel.
        std::shared_ptr<ClientConnection> pooled = take_pooled();
        if (pooled != nullptr && pooled->channel() == *options.on_channel) {
            co_return pooled;
        }
        if (settings_.url.tls) {
            co_return refuse(
                ConnectCode::unavailable, "NET-69", "the connection of this channel is gone");
        }
    } else if (std::shared_ptr<ClientConnection> pooled = take_pooled()) {
        co_return pooled;
    }
    const Deadline connected_by =
        std::min(deadline, steady_clock::now() + settings_.connect_timeout);
    auto opened = co_await ClientConnection::open(
        executor_, settings_.url, settings_.tls, traffic_, connected_by);
    // Late for connecting is not late for the call: nothing was asked yet.
    if (!opened.has_value() && opened.error().code == ConnectCode::deadline_exceeded &&
        steady_clock::now() < deadline) {
        co_return refuse(ConnectCode::unavailable, "NET-63", "no connection");
    }
    co_return opened;
}

HttpRequest ConnectClient::make_request(StreamType type,
                                        std::string path,
                                        Bytes body,
                                        const CallOptions& options) const {
    HttpRequest request;
    request.path = std::move(path);
    request.body = std::move(body);
    request.headers = options.headers;
    request.headers.add("content-type", content_type(type, settings_.codec));
    request.headers.add("connect-protocol-version", "1");
    request.headers.add("user-agent", "chatmcp");
    if (options.tell_timeout) {
        request.headers.add("connect-timeout-ms", std::to_string(options.timeout.count()));
    }
    return request;
}

// ---- Unary. ----

asio::awaitable<CallOutcome> ConnectClient::call(std::string path,
                                                 std::shared_ptr<const ProtobufMessage> request,
                                                 std::shared_ptr<ProtobufMessage> reply,
                                                 CallOptions options) {
    const std::shared_ptr<ConnectClient> self = shared_from_this();
    const Deadline deadline = steady_clock::now() + options.timeout;
    CallOutcome outcome;
    auto body = encode_message(settings_.codec, *request);
    if (!body.has_value()) {
        outcome.error =
            refuse(ConnectCode::internal, body.error().check, "cannot be encoded").error();
        co_return outcome;
    }
    const bool has_turn = co_await turns_->take(executor_, deadline);
    if (!has_turn) {
        outcome.error = deadline_passed();
        co_return outcome;
    }
    const Turn turn(turns_);
    auto connection = co_await connection_for(options, deadline);
    if (!connection.has_value()) {
        outcome.error = std::move(connection.error());
        co_return outcome;
    }
    HttpRequest message =
        make_request(StreamType::unary, std::move(path), *std::move(body), options);
    outcome = co_await run_unary(*connection, std::move(message), std::move(reply), deadline);
    outcome.channel = (*connection)->channel();
    give_back(*std::move(connection), options.keep_channel);
    co_return outcome;
}

asio::awaitable<CallOutcome> ConnectClient::run_unary(std::shared_ptr<ClientConnection> connection,
                                                      HttpRequest request,
                                                      std::shared_ptr<ProtobufMessage> reply,
                                                      Deadline deadline) const {
    CallOutcome outcome;
    auto head = co_await connection->exchange(std::move(request), deadline);
    if (!head.has_value()) {
        outcome.error = std::move(head.error());
        co_return outcome;
    }
    take_headers(head->headers, StreamType::unary, outcome);
    const bool success = head->status == 200;
    const std::size_t body_max =
        success ? settings_.receive_max_bytes : std::size_t{kErrorMaxBytes};
    Bytes body;
    while (true) {
        auto piece = co_await connection->read_piece(deadline);
        if (!piece.has_value()) {
            outcome.error = std::move(piece.error());
            co_return outcome;
        }
        if (piece->empty()) {
            break;
        }
        append(body, *piece);
        if (body.size() > body_max) {
            connection->close();
            outcome.error =
                refuse(ConnectCode::resource_exhausted, "NET-68", "the answer is too large")
                    .error();
            co_return outcome;
        }
    }
    if (!success) {
        outcome.error = error_of_status(*head, body);
        co_return outcome;
    }
    outcome.error = check_head(*head, StreamType::unary, settings_.codec);
    if (!outcome.error.has_value() && !decode_message(settings_.codec, body, *reply).has_value()) {
        outcome.error =
            refuse(ConnectCode::internal, "NET-67", "the answer cannot be read").error();
    }
    co_return outcome;
}

// ---- Streams. ----

asio::awaitable<ConnectClient::OpenedStream> ConnectClient::open_stream(
    std::string path, std::shared_ptr<const ProtobufMessage> request, CallOptions options) {
    const std::shared_ptr<ConnectClient> self = shared_from_this();
    const Deadline deadline = steady_clock::now() + options.timeout;
    OpenedStream opened;
    const auto payload = encode_message(settings_.codec, *request);
    if (!payload.has_value()) {
        opened.outcome.error =
            refuse(ConnectCode::internal, payload.error().check, "cannot be encoded").error();
        co_return opened;
    }
    auto connection = co_await connection_for(options, deadline);
    if (!connection.has_value()) {
        opened.outcome.error = std::move(connection.error());
        co_return opened;
    }
    Bytes body;
    append_frame(body, 0, *payload);
    HttpRequest message =
        make_request(StreamType::server_stream, std::move(path), std::move(body), options);
    auto head = co_await (*connection)->exchange(std::move(message), deadline);
    if (!head.has_value()) {
        opened.outcome.error = std::move(head.error());
        co_return opened;
    }
    take_headers(head->headers, StreamType::server_stream, opened.outcome);
    opened.outcome.channel = (*connection)->channel();
    if (head->status != 200) {
        (*connection)->close();
        opened.outcome.error = error_of_status(*head, {});
        co_return opened;
    }
    opened.outcome.error = check_head(*head, StreamType::server_stream, settings_.codec);
    if (opened.outcome.error.has_value()) {
        (*connection)->close();
        co_return opened;
    }
    const Deadline stream_deadline =
        options.tell_timeout ? deadline : steady_clock::now() + settings_.stream_duration_max;
    opened.stream = std::shared_ptr<ClientStream>(
        new ClientStream(*std::move(connection), settings_, stream_deadline));
    opened.stream->outcome_ = opened.outcome;
    co_return opened;
}

ClientStream::ClientStream(std::shared_ptr<ClientConnection> connection,
                           const ClientSettings& settings,
                           Deadline deadline)
    : connection_(std::move(connection)),
      parser_(settings.receive_max_bytes),
      codec_(settings.codec),
      deadline_(deadline) {}

ClientStream::~ClientStream() {
    connection_->close();
}

void ClientStream::cancel() {
    cancelled_ = true;
    connection_->close();
}

asio::awaitable<bool> ClientStream::next(std::shared_ptr<ProtobufMessage> message) {
    while (!ended_) {
        auto frame = parser_.next();
        if (!frame.has_value()) {
            const ConnectCode code = frame.error().code == Errc::too_large
                                         ? ConnectCode::resource_exhausted
                                         : ConnectCode::internal;
            co_return co_await end(refuse(code, frame.error().check, "a bad frame").error());
        }
        auto& whole = *frame;
        if (whole.has_value() && (whole->flags & StreamFrame::kEndOfStream) != 0) {
            co_return co_await take_end(std::move(whole->payload));
        }
        if (whole.has_value()) {
            if (!decode_message(codec_, whole->payload, *message).has_value()) {
                co_return co_await end(
                    refuse(ConnectCode::internal, "NET-67", "the answer cannot be read").error());
            }
            co_return true;
        }
        auto piece = co_await connection_->read_piece(deadline_);
        if (!piece.has_value()) {
            co_return co_await end(std::move(piece.error()));
        }
        if (piece->empty()) {
            // Cut off, by whom ever: without its last message a stream is not whole.
            co_return co_await end(
                refuse(ConnectCode::internal, "NET-70", "the stream has no end").error());
        }
        parser_.feed(*piece);
    }
    co_return false;
}

asio::awaitable<bool> ClientStream::take_end(Bytes payload) {
    auto last = parse_end_of_stream(as_text(payload));
    if (!last.has_value()) {
        co_return co_await end(
            refuse(ConnectCode::internal, last.error().check, "the end cannot be read").error());
    }
    // Nothing may follow: else somebody else put the end there.
    const auto more = co_await connection_->read_piece(deadline_);
    if (!parser_.finish().has_value() || (more.has_value() && !more->empty())) {
        co_return co_await end(
            refuse(ConnectCode::internal, "NET-71", "something follows the end").error());
    }
    outcome_.trailers = std::move(last->trailers);
    co_return co_await end(std::move(last->error));
}

asio::awaitable<bool> ClientStream::end(std::optional<ConnectError> error) {
    ended_ = true;
    if (cancelled_) {
        error = refuse(ConnectCode::canceled, "NET-25", "given up").error();
    }
    outcome_.error = std::move(error);
    connection_->close();
    co_return false;
}

}  // namespace chatmcp::net
