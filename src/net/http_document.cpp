#include "net/http_document.h"

#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "base/check.h"

namespace chatmcp::net {
namespace {

namespace asio = boost::asio;

constexpr unsigned kOk = 200;

Error error_of(const ConnectError& error) {
    switch (error.code) {
        case ConnectCode::deadline_exceeded:
            return {Errc::deadline_exceeded, error.check};
        case ConnectCode::internal:
            return {Errc::malformed, error.check};
        default:
            return {Errc::unavailable, error.check};
    }
}

asio::awaitable<Result<HttpDocument>> exchange(asio::any_io_executor executor,
                                               ServerUrl server,
                                               HttpRequest request,
                                               TlsContext tls,
                                               HttpOptions options) {
    const Deadline deadline = std::chrono::steady_clock::now() + options.timeout;
    const auto connection = co_await ClientConnection::open(
        executor, server, std::move(tls), std::make_shared<Traffic>(), deadline);
    if (!connection.has_value()) {
        co_return fail(error_of(connection.error()));
    }
    auto head = co_await (*connection)->exchange(std::move(request), deadline);
    if (!head.has_value()) {
        co_return fail(error_of(head.error()));
    }
    if (head->status != kOk) {
        co_return fail(Errc::not_found, "NET-74");
    }
    HttpDocument document{.headers = std::move(head->headers), .body = {}};
    while (true) {
        const auto piece = co_await (*connection)->read_piece(deadline);
        if (!piece.has_value()) {
            co_return fail(error_of(piece.error()));
        }
        if (piece->empty()) {
            co_return document;
        }
        append(document.body, *piece);
        if (document.body.size() > options.body_max_bytes) {
            co_return fail(Errc::too_large, "NET-75");
        }
    }
}

Result<HttpDocument> run(const ServerUrl& server,
                         HttpRequest request,
                         const TlsContext& tls,
                         const HttpOptions& options) {
    asio::io_context io{1};
    std::optional<Result<HttpDocument>> out;
    asio::co_spawn(io,
                   exchange(io.get_executor(), server, std::move(request), tls, options),
                   [&out](const std::exception_ptr& thrown, Result<HttpDocument> document) {
                       CHATMCP_CHECK(thrown == nullptr);
                       out.emplace(std::move(document));
                   });
    io.run();
    CHATMCP_CHECK(out.has_value());
    return *std::move(out);
}

}  // namespace

Result<HttpDocument> http_get(const ServerUrl& server,
                              const std::string& path,
                              const TlsContext& tls,
                              const HttpOptions& options) {
    HttpRequest request;
    request.method = HttpMethod::get;
    request.path = path;
    return run(server, std::move(request), tls, options);
}

Result<HttpDocument> http_post_json(const ServerUrl& server,
                                    const std::string& path,
                                    std::string_view json,
                                    const TlsContext& tls,
                                    const HttpOptions& options) {
    HttpRequest request;
    request.path = path;
    request.headers.add("content-type", "application/json");
    request.body = to_bytes(as_bytes(json));
    return run(server, std::move(request), tls, options);
}

}  // namespace chatmcp::net
