#include "net/client_connection.h"

#include <array>
#include <charconv>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "net/tcp_state.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using ResponseParser = http::response_parser<http::buffer_body>;
using Endpoints = std::vector<tcp::endpoint>;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPieceBytes = std::size_t{16} << 10;
constexpr std::uint32_t kHeaderMaxBytes = std::uint32_t{64} << 10;
constexpr unsigned kHttp11 = 11;
constexpr std::uint16_t kHttpsPort = 443;

ConnectError broken(const boost::system::error_code& error, const char* check, const char* text) {
    if (error == beast::error::timeout || error == asio::error::timed_out) {
        return refuse(ConnectCode::deadline_exceeded, "NET-44", "the deadline has passed").error();
    }
    return refuse(ConnectCode::unavailable, check, text).error();
}

// An HTTP parser's complaint, as opposed to a connection's end.
bool is_malformed(const boost::system::error_code& error) {
    return error.category() == http::make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

/// A name look-up that can be given up: the system's resolver itself cannot be interrupted.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}

    tcp::resolver resolver;
    asio::steady_timer done;
    std::optional<Endpoints> found;
};

class LookupDone {
  public:
    explicit LookupDone(std::shared_ptr<Lookup> lookup) : lookup_(std::move(lookup)) {}
    void operator()(const boost::system::error_code& error,
                    const tcp::resolver::results_type& results) const {
        Endpoints& found = lookup_->found.emplace();
        if (!error) {
            for (const auto& entry : results) {
                found.push_back(entry.endpoint());
            }
        }
        lookup_->done.cancel();
    }

  private:
    std::shared_ptr<Lookup> lookup_;
};

asio::awaitable<ConnectResult<Endpoints>> resolve(asio::any_io_executor executor,
                                                  ServerUrl url,
                                                  Deadline deadline) {
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(url.host, not_an_address);
    if (!not_an_address) {
        co_return Endpoints(1, tcp::endpoint(address, url.port));
    }
    auto lookup = std::make_shared<Lookup>(executor);
    lookup->done.expires_at(deadline);
    lookup->resolver.async_resolve(url.host, std::to_string(url.port), LookupDone(lookup));
    co_await lookup->done.async_wait(kToken);
    auto& found = lookup->found;
    if (!found.has_value()) {
        lookup->resolver.cancel();
        co_return refuse(ConnectCode::deadline_exceeded, "NET-44", "the deadline has passed");
    }
    Endpoints endpoints = *std::move(found);
    if (!url.tls) {
        std::erase_if(endpoints,
                      [](const tcp::endpoint& at) { return !at.address().is_loopback(); });
    }
    if (endpoints.empty()) {
        co_return refuse(ConnectCode::unavailable, "NET-62", "the name is not known");
    }
    co_return endpoints;
}

template <class Stream>
class HttpConnection final : public ClientConnection {
  public:
    HttpConnection(Stream stream, std::string authority, std::shared_ptr<Traffic> traffic)
        : stream_(std::move(stream)),
          authority_(std::move(authority)),
          traffic_(std::move(traffic)) {}

    // Connects the lower layer and, with TLS, checks the certificate for `host`.
    asio::awaitable<ConnectResult<void>> begin(Endpoints endpoints,
                                               std::string host,
                                               Deadline deadline) {
        lowest().expires_at(deadline);
        const auto [error, endpoint] = co_await lowest().async_connect(endpoints, kToken);
        if (error) {
            co_return std::unexpected(broken(error, "NET-63", "no connection"));
        }
        boost::system::error_code ignored;
        lowest().socket().set_option(tcp::no_delay(true), ignored);
        lowest().socket().set_option(asio::socket_base::keep_alive(true), ignored);
        if constexpr (kIsTls) {
            co_return co_await shake_hands(std::move(host), deadline);
        } else {
            const std::string origin = "http://" + address_and_port(endpoint);
            channel_ = to_bytes(as_bytes(origin));
            co_return ConnectResult<void>();
        }
    }

    asio::awaitable<ConnectResult<HttpResponseHead>> exchange(HttpRequest request,
                                                              Deadline deadline) override {
        http::request<http::vector_body<std::uint8_t>> message;
        message.method(request.method == HttpMethod::get ? http::verb::get : http::verb::post);
        message.target(request.path);
        message.version(kHttp11);
        message.set(http::field::host, authority_);
        for (const MetadataEntry& entry : request.headers.entries()) {
            message.insert(entry.name, entry.value);
        }
        message.body() = std::move(request.body);
        message.prepare_payload();
        lowest().expires_at(deadline);
        reusable_ = false;
        const auto [error, sent] = co_await http::async_write(stream_, message, kToken);
        traffic_->sent_bytes += sent;
        if (error) {
            co_return std::unexpected(broken(error, "NET-65", "the connection broke"));
        }
        co_return co_await read_head(deadline);
    }

    asio::awaitable<ConnectResult<Bytes>> read_piece(Deadline deadline) override {
        lowest().expires_at(deadline);
        while (!parser_->is_done()) {
            auto& target = parser_->get().body();
            target.data = piece_.data();
            target.size = piece_.size();
            auto [error, received] =
                co_await http::async_read_some(stream_, buffer_, *parser_, kToken);
            traffic_->received_bytes += received;
            if (error && error != http::error::need_buffer) {
                co_return std::unexpected(complaint(error));
            }
            const std::size_t size = piece_.size() - target.size;
            if (size > 0) {  // Else only framing arrived.
                co_return to_bytes(ByteView(piece_).first(size));
            }
        }
        reusable_ = parser_->keep_alive();
        co_return Bytes();
    }

    [[nodiscard]] bool is_reusable() const override {
        return reusable_ && is_established(const_lowest().socket().native_handle());
    }

    void close() override {
        reusable_ = false;
        lowest().close();
    }

  private:
    static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

    [[nodiscard]] PlainStream& lowest() { return beast::get_lowest_layer(stream_); }
    [[nodiscard]] PlainStream& const_lowest() const { return beast::get_lowest_layer(stream_); }

    static std::string address_and_port(const tcp::endpoint& endpoint) {
        ServerUrl url;
        url.host = endpoint.address().to_string();
        url.port = endpoint.port();
        return url.authority();
    }

    asio::awaitable<ConnectResult<void>> shake_hands(std::string host, Deadline deadline) {
        if constexpr (kIsTls) {
            if (!expect_peer_name(stream_.native_handle(), host).has_value()) {
                co_return refuse(ConnectCode::unavailable, "NET-64", "no name to check");
            }
            lowest().expires_at(deadline);
            const auto [error] =
                co_await stream_.async_handshake(asio::ssl::stream_base::client, kToken);
            if (error) {
                co_return std::unexpected(broken(error, "NET-64", "no TLS with this server"));
            }
            const auto exported = export_channel(stream_.native_handle());
            if (exported.has_value()) {
                channel_ = to_bytes(*exported);
            }
        }
        co_return ConnectResult<void>();
    }

    asio::awaitable<ConnectResult<HttpResponseHead>> read_head(Deadline deadline) {
        lowest().expires_at(deadline);
        parser_.emplace();
        parser_->header_limit(kHeaderMaxBytes);
        parser_->body_limit(boost::none);  // Whoever reads the pieces counts them.
        const auto [error, received] =
            co_await http::async_read_header(stream_, buffer_, *parser_, kToken);
        traffic_->received_bytes += received;
        if (error) {
            co_return std::unexpected(complaint(error));
        }
        HttpResponseHead head;
        head.status = parser_->get().result_int();
        for (const auto& field : parser_->get().base()) {
            head.headers.add(
                std::string_view(field.name_string().data(), field.name_string().size()),
                std::string_view(field.value().data(), field.value().size()));
        }
        co_return head;
    }

    static ConnectError complaint(const boost::system::error_code& error) {
        if (is_malformed(error)) {
            return refuse(ConnectCode::internal, "NET-66", "the answer is no HTTP").error();
        }
        return broken(error, "NET-65", "the connection broke");
    }

    mutable Stream stream_;
    std::string authority_;
    std::shared_ptr<Traffic> traffic_;
    beast::flat_buffer buffer_{kHeaderMaxBytes + kPieceBytes};
    std::array<std::uint8_t, kPieceBytes> piece_{};
    std::optional<ResponseParser> parser_;
    bool reusable_ = false;
};

template <class Connection>
asio::awaitable<ConnectResult<std::shared_ptr<ClientConnection>>> begin(
    std::shared_ptr<Connection> connection,
    Endpoints endpoints,
    std::string host,
    Deadline deadline) {
    auto begun = co_await connection->begin(std::move(endpoints), std::move(host), deadline);
    if (!begun.has_value()) {
        co_return std::unexpected(std::move(begun.error()));
    }
    co_return std::shared_ptr<ClientConnection>(std::move(connection));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
        return std::nullopt;
    }
    return port;
}

bool is_host_text(std::string_view host) {
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
    return !host.empty() && host.size() <= 253 &&
           host.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

std::string ServerUrl::authority() const {
    const std::string bracketed = host.contains(':') ? "[" + host + "]" : host;
    return bracketed + ":" + std::to_string(port);
}

Result<ServerUrl> parse_server_url(std::string_view text) {
    constexpr std::string_view kHttps = "https://";
    constexpr std::string_view kHttp = "http://";
    ServerUrl url;
    url.tls = text.starts_with(kHttps);
    if (!url.tls && !text.starts_with(kHttp)) {
        return fail(Errc::invalid_argument, "NET-60");
    }
    text.remove_prefix(url.tls ? kHttps.size() : kHttp.size());
    if (text.ends_with('/')) {
        text.remove_suffix(1);
    }
    const bool bracketed = text.starts_with('[');
    const std::size_t host_end = bracketed ? text.find(']') : text.find(':');
    const std::string_view host =
        bracketed ? text.substr(1, host_end == std::string_view::npos ? 0 : host_end - 1)
                  : text.substr(0, host_end);
    std::string_view rest =
        host_end == std::string_view::npos ? "" : text.substr(host_end + (bracketed ? 1 : 0));
    if (!is_host_text(host) || (bracketed && host_end == std::string_view::npos)) {
        return fail(Errc::invalid_argument, "NET-60");
    }
    url.host = std::string(host);
    std::optional<std::uint16_t> port;
    if (rest.starts_with(':')) {
        port = parse_port(rest.substr(1));
    } else if (rest.empty() && url.tls) {
        port = kHttpsPort;
    }
    if (!port.has_value()) {
        return fail(Errc::invalid_argument, "NET-60");
    }
    url.port = *port;
    if (!url.tls && url.host != "localhost") {
        boost::system::error_code not_an_address;
        const auto address = asio::ip::make_address(url.host, not_an_address);
        if (not_an_address || !address.is_loopback()) {
            return fail(Errc::refused_by_policy, "NET-61");
        }
    }
    return url;
}

asio::awaitable<ConnectResult<std::shared_ptr<ClientConnection>>> ClientConnection::open(
    asio::any_io_executor executor,
    ServerUrl url,
    TlsContext tls,
    std::shared_ptr<Traffic> traffic,
    Deadline deadline) {
    auto endpoints = co_await resolve(executor, url, deadline);
    if (!endpoints.has_value()) {
        co_return std::unexpected(std::move(endpoints.error()));
    }
    if (url.tls) {
        auto connection = std::make_shared<HttpConnection<TlsStream>>(
            TlsStream(PlainStream(executor), *tls), url.authority(), std::move(traffic));
        co_return co_await begin(
            std::move(connection), *std::move(endpoints), std::move(url.host), deadline);
    }
    auto connection = std::make_shared<HttpConnection<PlainStream>>(
        PlainStream(executor), url.authority(), std::move(traffic));
    co_return co_await begin(
        std::move(connection), *std::move(endpoints), std::move(url.host), deadline);
}

}  // namespace chatmcp::net
