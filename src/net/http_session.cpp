#include "net/http_session.h"

#include <algorithm>
#include <array>
#include <deque>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <google/protobuf/message.h>

#include "base/check.h"
#include "net/call_state.h"
#include "net/message_codec.h"
#include "net/request_decoder.h"
#include "net/stream_frame.h"
#include "net/tcp_state.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using RequestParser = http::request_parser<http::buffer_body>;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadPieceBytes = std::size_t{16} << 10;
constexpr unsigned kHttp11 = 11;
// How often a waiting stream looks whether its reader is still there.
constexpr milliseconds kPresenceInterval{5'000};
// What is read and thrown away after a refusal, so that the refusal arrives: closing a socket with
// unread bytes resets it, and the peer would see the reset instead of the answer.
constexpr std::size_t kDrainMaxBytes = std::size_t{1} << 20;
constexpr milliseconds kDrainTimeout{1'000};
constexpr milliseconds kTlsCloseTimeout{1'000};
template <class Body>
void set_headers(http::response<Body>& response, const Metadata& headers) {
    for (const MetadataEntry& entry : headers.entries()) {
        response.insert(entry.name, entry.value);
    }
}

UntrustedRequestHead head_of(const RequestParser& parser) {
    UntrustedRequestHead head;
    const auto& message = parser.get();
    head.method = std::string(message.method_string());
    head.target = std::string(message.target());
    for (const auto& field : message.base()) {
        head.headers.add(std::string_view(field.name_string().data(), field.name_string().size()),
                         std::string_view(field.value().data(), field.value().size()));
    }
    return head;
}

template <class Stream>
class HttpSession final : public Connection,
                          public std::enable_shared_from_this<HttpSession<Stream>> {
  public:
    HttpSession(std::shared_ptr<ServerCore> core,
                Stream stream,
                std::string peer_address,
                std::string local_origin)
        : core_(std::move(core)),
          stream_(std::move(stream)),
          executor_(stream_.get_executor()),
          buffer_(core_->settings().header_max_bytes + kReadPieceBytes),
          peer_address_(std::move(peer_address)),
          source_(peer_source(peer_address_)),
          local_origin_(std::move(local_origin)) {}
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;
    ~HttpSession() override { core_->release(this, source_); }

    void start() override {
        auto core = core_;
        auto ended = [core](const std::exception_ptr& thrown) {
            if (thrown != nullptr) {
                core->metrics().count_refusal(
                    "NET-26");  // Out of memory, say: one connection ends.
            }
        };
        asio::co_spawn(executor_, run(this->shared_from_this()), std::move(ended));
    }

    void stop() override {
        auto on_strand = [self = this->shared_from_this()]() {
            self->stopping_ = true;
            if (self->between_requests_) {
                self->lowest().cancel();
            }
            if (self->stream_state_ != nullptr) {
                self->stream_state_->wake_connection().cancel();
            }
        };
        asio::post(executor_, std::move(on_strand));
    }

    void abort() override {
        auto on_strand = [self = this->shared_from_this()]() {
            self->stopping_ = true;
            self->lowest().close();
            if (self->stream_state_ != nullptr) {
                self->stream_state_->close();
            }
            if (self->unary_state_ != nullptr) {
                self->unary_state_->cancel.emit(asio::cancellation_type::all);
                self->unary_state_->done.cancel();
            }
        };
        asio::post(executor_, std::move(on_strand));
    }

  private:
    static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

    [[nodiscard]] PlainStream& lowest() { return beast::get_lowest_layer(stream_); }
    [[nodiscard]] const ServerSettings& settings() const { return core_->settings(); }

    // The parameter keeps the connection alive while the coroutine runs.
    asio::awaitable<void> run([[maybe_unused]] std::shared_ptr<HttpSession> self) {
        bool usable = true;
        if constexpr (kIsTls) {
            usable = co_await handshake();
        }
        while (usable && !stopping_) {
            usable = co_await serve_one();
        }
        co_await close();
        core_->release(this, source_);
    }

    asio::awaitable<bool> handshake() {
        if constexpr (kIsTls) {
            lowest().expires_after(settings().handshake_timeout);
            const auto [error] =
                co_await stream_.async_handshake(asio::ssl::stream_base::server, kToken);
            if (error) {
                core_->metrics().count_refusal("NET-35");
                co_return false;
            }
            auto exported = export_channel(stream_.native_handle());
            if (exported.has_value()) {
                channel_ = to_bytes(*exported);
            }
        }
        co_return true;
    }

    asio::awaitable<void> close() {
        if constexpr (kIsTls) {
            lowest().expires_after(kTlsCloseTimeout);
            co_await stream_.async_shutdown(kToken);
        }
        boost::system::error_code ignored;
        lowest().socket().shutdown(tcp::socket::shutdown_both, ignored);
        lowest().close();
    }

    // One request and its answer. False when the connection cannot be used any further.
    asio::awaitable<bool> serve_one() {
        RequestParser parser;
        parser.header_limit(static_cast<std::uint32_t>(settings().header_max_bytes));
        parser.body_limit(boost::none);  // read_body has a limit for each method.
        lowest().expires_after(settings().idle_timeout);
        between_requests_ = true;
        const auto [error, size] =
            co_await http::async_read_header(stream_, buffer_, parser, kToken);
        between_requests_ = false;
        if (error == http::error::header_limit || error == http::error::buffer_overflow) {
            co_return co_await refuse_and_close(refusal_with(431, "NET-36"));
        }
        if (error.category() == http::make_error_code(http::error::bad_method).category() &&
            error != http::error::end_of_stream && error != http::error::partial_message) {
            co_return co_await refuse_and_close(refusal_with(400, "NET-37"));
        }
        if (error) {
            co_return false;  // Gone, or idle for too long.
        }
        if (parser.get().version() != kHttp11) {
            co_return co_await refuse_and_close(refusal_with(505, "NET-38"));
        }
        started_ = steady_clock::now();
        const bool keep_alive = parser.keep_alive();
        const bool usable = co_await dispatch(parser);
        co_return usable&& keep_alive;
    }

    asio::awaitable<bool> dispatch(RequestParser& parser) {
        UntrustedRequestHead head = head_of(parser);
        const Routes::Route* route = core_->routes().find(head.target);
        if (route == nullptr) {
            HttpRefusal refusal = refusal_with(404, "NET-39");
            refusal.error = refuse(ConnectCode::unimplemented, "NET-39", "no such method").error();
            co_return co_await refuse_and_close(std::move(refusal));
        }
        if (route->page != nullptr) {
            co_return co_await serve_page(parser, *route, head);
        }
        const StreamType type =
            route->unary != nullptr ? StreamType::unary : StreamType::server_stream;
        auto plan = plan_call(head, type);
        if (!plan.has_value()) {
            co_return co_await refuse_and_close(std::move(plan.error()));
        }
        if (parser.get()[http::field::expect] == "100-continue") {
            const bool told = co_await write_continue();
            if (!told) {
                co_return false;
            }
        }
        MemoryReservation reservation(core_, ServerCore::Memory::bodies, source_);
        const std::size_t max_bytes = body_max_bytes(route->request_max_bytes, *plan);
        auto body = co_await read_body(parser, max_bytes, reservation);
        if (!body.has_value()) {
            co_return co_await refuse_call(head.target, *plan, body.error());
        }
        core_->metrics().add_bytes(body->size(), 0);
        auto context = make_context(std::move(head.headers), *plan);
        const std::string path = std::move(head.target);
        if (type == StreamType::unary) {
            co_return co_await serve_unary(path, *route, std::move(context), *std::move(body));
        }
        co_return co_await serve_stream(path, *route, std::move(context), *std::move(body));
    }

    CallContextPtr make_context(Metadata headers, const CallPlan& plan) {
        auto context = std::make_shared<CallContext>();
        context->headers = std::move(headers);
        context->codec = plan.codec;
        context->timeout = plan.timeout;
        const milliseconds longest = plan.type == StreamType::unary
                                         ? settings().unary_duration_max
                                         : settings().stream_duration_max;
        context->deadline = started_ + std::min(plan.timeout.value_or(longest), longest);
        context->peer_address = peer_address_;
        context->channel = kIsTls ? channel_ : to_bytes(as_bytes(local_origin_));
        return context;
    }

    asio::awaitable<ConnectResult<Bytes>> read_body(RequestParser& parser,
                                                    std::size_t max_bytes,
                                                    MemoryReservation& reservation) {
        Bytes body;
        if (parser.content_length().value_or(0) > max_bytes) {
            co_return too_large();
        }
        lowest().expires_after(settings().body_timeout);
        while (!parser.is_done()) {
            auto& target = parser.get().body();
            target.data = piece_.data();
            target.size = piece_.size();
            auto [error, ignored] = co_await http::async_read(stream_, buffer_, parser, kToken);
            if (error && error != http::error::need_buffer) {
                co_return refuse(ConnectCode::internal, "NET-41", "the body did not arrive whole");
            }
            const std::size_t received = piece_.size() - target.size;
            if (body.size() + received > max_bytes) {
                co_return too_large();
            }
            if (!reservation.grow(received)) {
                co_return refuse(ConnectCode::resource_exhausted, "NET-42", "too many requests");
            }
            append(body, ByteView(piece_).first(received));
        }
        co_return body;
    }

    [[nodiscard]] static std::unexpected<ConnectError> too_large() {
        return refuse(ConnectCode::resource_exhausted, "NET-40", "the message is too large");
    }

    asio::awaitable<bool> write_continue() {
        http::response<http::empty_body> response(http::status::continue_, kHttp11);
        lowest().expires_after(settings().write_timeout);
        const auto [error, size] = co_await http::async_write(stream_, response, kToken);
        co_return !error;
    }

    asio::awaitable<bool> serve_page(RequestParser& parser,
                                     const Routes::Route& route,
                                     const UntrustedRequestHead& head) {
        if (head.method != "GET" || !parser.is_done()) {
            HttpRefusal refusal = refusal_with(405, "NET-43");
            refusal.headers.add("allow", "GET");
            co_return co_await refuse_and_close(std::move(refusal));
        }
        Page page = route.page();
        Answer answer;
        answer.status = page.status;
        answer.content_type = std::move(page.content_type);
        answer.headers.add("cache-control", "no-store");
        answer.body = to_bytes(as_bytes(page.body));
        co_return co_await write_answer(std::move(answer), true);
    }

    // A refusal before the body was read: what the peer is still sending cannot become the next
    // request, so the connection ends.
    asio::awaitable<bool> refuse_and_close(HttpRefusal refusal) {
        core_->metrics().count_refusal(refusal.check);
        const bool sent = co_await write_answer(answer_of(refusal), false);
        if (sent) {
            co_await drain();
        }
        co_return false;
    }

    asio::awaitable<void> drain() {
        boost::system::error_code ignored;
        lowest().socket().shutdown(tcp::socket::shutdown_send, ignored);
        lowest().expires_after(kDrainTimeout);
        std::size_t drained = 0;
        while (drained < kDrainMaxBytes) {
            const auto [error, size] =
                co_await lowest().async_read_some(asio::buffer(piece_), kToken);
            if (error) {
                break;
            }
            drained += size;
        }
    }

    // A refusal of a call whose body could not be taken: unary as HTTP status, a stream as its end.
    asio::awaitable<bool> refuse_call(std::string_view path, CallPlan plan, ConnectError error) {
        core_->metrics().count_refusal(error.check);
        count(path, connect_code_name(error.code));
        Answer answer = plan.type == StreamType::unary ? answer_of(error)
                                                       : ended_stream(plan.codec, std::move(error));
        const bool sent = co_await write_answer(std::move(answer), false);
        if (sent) {
            co_await drain();
        }
        co_return false;
    }

    asio::awaitable<bool> serve_unary(std::string_view path,
                                      const Routes::Route& route,
                                      CallContextPtr context,
                                      Bytes body) {
        std::unique_ptr<ProtobufMessage> request = route.unary->new_request();
        UnaryReply reply;
        auto decoded = decode_unary_request(context->codec, body, *request);
        if (decoded.has_value()) {
            body = Bytes();
            reply = co_await call_unary(route, context, std::move(request));
        } else {
            reply.error = std::move(decoded.error());
        }
        co_return co_await write_reply(path, context->codec, std::move(reply));
    }

    asio::awaitable<UnaryReply> call_unary(const Routes::Route& route,
                                           CallContextPtr context,
                                           std::unique_ptr<ProtobufMessage> request) {
        auto state = std::make_shared<UnaryState>(executor_, core_);
        unary_state_ = state;
        state->done.expires_at(context->deadline);
        auto method = route.unary->call(context, std::move(request));
        auto done = asio::bind_cancellation_slot(state->cancel.slot(), UnaryDone(state));
        asio::co_spawn(executor_, std::move(method), std::move(done));
        if (!state->reply.has_value()) {
            co_await state->done.async_wait(kToken);
        }
        unary_state_ = nullptr;
        if (state->reply.has_value()) {
            co_return *std::move(state->reply);
        }
        // The method may still run (a write to disk cannot be called back); its reply is dropped.
        state->cancel.emit(asio::cancellation_type::all);
        UnaryReply reply;
        reply.error =
            refuse(ConnectCode::deadline_exceeded, "NET-44", "the deadline has passed").error();
        co_return reply;
    }

    asio::awaitable<bool> write_reply(std::string_view path, Codec codec, UnaryReply reply) {
        MemoryReservation held(
            core_, ServerCore::Memory::replies, source_, settings().reply_free_bytes);
        Answer answer = answer_of(codec, reply, held);
        count_refusal(reply.error);
        count(path, reply.error.has_value() ? connect_code_name(reply.error->code) : "ok");
        co_return co_await write_answer(std::move(answer), true);
    }

    asio::awaitable<bool> write_answer(Answer answer, bool keep_alive) {
        http::response<http::vector_body<std::uint8_t>> response;
        response.result(answer.status);
        response.version(kHttp11);
        set_headers(response, answer.headers);
        if (!answer.content_type.empty()) {
            response.set(http::field::content_type, answer.content_type);
        }
        response.set("x-content-type-options", "nosniff");
        response.keep_alive(keep_alive && !stopping_);
        response.body() = std::move(answer.body);
        response.prepare_payload();
        core_->metrics().add_bytes(0, response.body().size());
        lowest().expires_after(settings().write_timeout);
        const auto [error, size] = co_await http::async_write(stream_, response, kToken);
        co_return !error && !(keep_alive && stopping_);
    }

    asio::awaitable<bool> serve_stream(std::string_view path,
                                       const Routes::Route& route,
                                       CallContextPtr context,
                                       Bytes body) {
        std::unique_ptr<ProtobufMessage> request = route.stream->new_request();
        auto decoded =
            decode_stream_request(context->codec, body, route.request_max_bytes, *request);
        auto state = std::make_shared<StreamState>(executor_, core_, source_, context->codec);
        if (decoded.has_value()) {
            body = Bytes();
            stream_state_ = state;
            auto method = route.stream->call(context, std::move(request), state);
            auto done = asio::bind_cancellation_slot(state->cancel_slot(), StreamDone(state));
            asio::co_spawn(executor_, std::move(method), std::move(done));
        } else {
            StreamEnd end;
            end.error = std::move(decoded.error());
            state->finish(std::move(end));
        }
        const bool usable = co_await write_stream(path, *context, state);
        stream_state_ = nullptr;
        co_return usable;
    }

    // Carry what the method queues until it ends or has to. True if the connection can go on.
    asio::awaitable<bool> write_stream(std::string_view path,
                                       const CallContext& context,
                                       std::shared_ptr<StreamState> state) {
        bool head_written = false;
        std::optional<ConnectError> cut;
        while (!cut.has_value()) {
            if (state->has_output() || (state->headers_ready() && !head_written)) {
                const bool sent = co_await write_stream_piece(context, state, head_written);
                head_written = true;
                if (!sent) {
                    state->close();
                    count(path, "canceled");
                    co_return false;
                }
                continue;
            }
            if (state->end().has_value()) {
                break;
            }
            cut = reason_to_cut(context, settings(), stopping_);
            if (cut.has_value()) {
                break;
            }
            if (!is_established(lowest().socket().native_handle())) {
                state->close();
                count(path, "canceled");
                co_return false;
            }
            state->wake_connection().expires_at(
                std::min(context.deadline, steady_clock::now() + kPresenceInterval));
            co_await state->wake_connection().async_wait(kToken);
        }
        co_return co_await write_end(path, context, std::move(state), head_written, std::move(cut));
    }

    asio::awaitable<bool> write_stream_piece(const CallContext& context,
                                             std::shared_ptr<StreamState> state,
                                             bool head_written) {
        lowest().expires_after(settings().write_timeout);
        if (!head_written) {
            const bool sent = co_await write_stream_head(context, state->headers());
            if (!sent) {
                co_return false;
            }
        }
        const Bytes piece = state->take_queue();
        if (piece.empty()) {
            co_return true;
        }
        core_->metrics().add_bytes(0, piece.size());
        const auto chunk = http::make_chunk(asio::buffer(piece));
        const auto [error, size] = co_await asio::async_write(stream_, chunk, kToken);
        state->written();
        co_return !error;
    }

    asio::awaitable<bool> write_stream_head(const CallContext& context, Metadata headers) {
        http::response<http::empty_body> response(http::status::ok, kHttp11);
        if (check_metadata(headers).has_value()) {
            set_headers(response, headers);
        }
        response.set(http::field::content_type,
                     std::string(content_type(StreamType::server_stream, context.codec)));
        response.set("x-content-type-options", "nosniff");
        response.keep_alive(!stopping_);
        response.chunked(true);
        http::response_serializer<http::empty_body> serializer(response);
        const auto [error, size] = co_await http::async_write_header(stream_, serializer, kToken);
        co_return !error;
    }

    asio::awaitable<bool> write_end(std::string_view path,
                                    const CallContext& context,
                                    std::shared_ptr<StreamState> state,
                                    bool head_written,
                                    std::optional<ConnectError> cut) {
        EndOfStream end;
        if (cut.has_value()) {
            end.error = std::move(cut);
            state->close();
        } else {
            end.error = state->end()->error;
            end.trailers = state->end()->trailers;
        }
        count_refusal(end.error);
        count(path, end.error.has_value() ? connect_code_name(end.error->code) : "ok");
        lowest().expires_after(settings().write_timeout);
        if (!head_written) {
            const bool sent = co_await write_stream_head(context, state->headers());
            if (!sent) {
                co_return false;
            }
        }
        Bytes frame;
        append_frame(frame, StreamFrame::kEndOfStream, as_bytes(encode_end_of_stream(end)));
        const auto chunk = http::make_chunk(asio::buffer(frame));
        const auto [error, size] = co_await asio::async_write(stream_, chunk, kToken);
        if (error) {
            co_return false;
        }
        const auto last = http::make_chunk_last();
        const auto [last_error, last_size] = co_await asio::async_write(stream_, last, kToken);
        co_return !last_error && !stopping_;
    }

    // Refusals of a relay are counted there, by their own rows.
    void count_refusal(const std::optional<ConnectError>& error) {
        if (error.has_value() && std::string_view(error->check).starts_with("NET-")) {
            core_->metrics().count_refusal(error->check);
        }
    }

    void count(std::string_view path, std::string_view code) {
        core_->metrics().count_call(
            path,
            code,
            std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - started_));
    }

    std::shared_ptr<ServerCore> core_;
    Stream stream_;
    asio::any_io_executor executor_;
    beast::flat_buffer buffer_;
    std::array<std::uint8_t, kReadPieceBytes> piece_{};
    const std::string peer_address_;
    const PeerSource source_;
    std::string local_origin_;
    Bytes channel_;
    steady_clock::time_point started_;
    bool between_requests_ = false;
    bool stopping_ = false;
    std::shared_ptr<UnaryState> unary_state_;
    std::shared_ptr<StreamState> stream_state_;
};

}  // namespace

std::shared_ptr<Connection> make_connection(std::shared_ptr<ServerCore> core,
                                            tcp::socket socket,
                                            std::string peer_address,
                                            std::string local_origin) {
    const TlsContext tls = core->settings().tls;
    if (tls == nullptr) {
        return std::make_shared<HttpSession<PlainStream>>(std::move(core),
                                                          PlainStream(std::move(socket)),
                                                          std::move(peer_address),
                                                          std::move(local_origin));
    }
    return std::make_shared<HttpSession<TlsStream>>(std::move(core),
                                                    TlsStream(PlainStream(std::move(socket)), *tls),
                                                    std::move(peer_address),
                                                    std::move(local_origin));
}

}  // namespace chatmcp::net
