#include "net/http_document.h"

#include <string>

#include <gtest/gtest.h>

#include "net/net_testing.h"

namespace chatmcp::net {
namespace {

using testing::CannedServer;

Result<HttpDocument> get_from(std::uint16_t port, const HttpOptions& options = {}) {
    return http_get({.tls = false, .host = "127.0.0.1", .port = port}, "/a?b=c", nullptr, options);
}

Result<HttpDocument> answer(const std::string& bytes, const HttpOptions& options = {}) {
    const CannedServer server(bytes);
    return get_from(server.port(), options);
}

std::string check_of(const Result<HttpDocument>& result) {
    return result.has_value() ? "ok" : result.error().check;
}

TEST(HttpGet, GivesTheBodyAndTheHeaders) {
    const auto document =
        answer("HTTP/1.1 200 OK\r\nTCB-Info-Issuer-Chain: a%0Ab\r\nContent-Length: 5\r\n\r\nhello");
    ASSERT_TRUE(document.has_value()) << document.error().check;
    EXPECT_EQ(to_text(document->body), "hello");
    EXPECT_EQ(document->headers.first("tcb-info-issuer-chain"), "a%0Ab");
    const auto chunked = answer(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(to_text(chunked->body), "abcde");
    // Until the end of the connection.
    EXPECT_EQ(to_text(answer("HTTP/1.1 200 OK\r\n\r\nrest")->body), "rest");
}

TEST(HttpGet, TakesNothingButWhatWasAskedFor) {
    EXPECT_EQ(check_of(answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), "NET-74");
    EXPECT_EQ(check_of(answer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                              "Content-Length: 0\r\n\r\n")),
              "NET-74");
    EXPECT_EQ(check_of(answer("HTTP/1.1 204 No Content\r\n\r\n")), "NET-74");
    EXPECT_EQ(check_of(answer("SSH-2.0-OpenSSH_9\r\n")), "NET-66");
}

TEST(HttpGet, ReadsNoMoreThanAllowed) {
    const HttpOptions small{.body_max_bytes = 4};
    EXPECT_EQ(check_of(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", small)),
              "NET-75");
    EXPECT_EQ(check_of(answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell", small)), "ok");
    const HttpOptions usual;
    EXPECT_EQ(check_of(answer(
                  "HTTP/1.1 200 OK\r\n\r\n" + std::string(usual.body_max_bytes + 1, 'x'), usual)),
              "NET-75");
}

TEST(HttpGet, ABodyThatEndsEarlyOrNobodyThereIsNamed) {
    EXPECT_EQ(check_of(answer("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")), "NET-65");
    EXPECT_EQ(check_of(answer("")), "NET-65");
    std::uint16_t port = 0;
    {
        const CannedServer gone("");
        port = gone.port();
        static_cast<void>(get_from(port));
    }
    EXPECT_EQ(check_of(get_from(port)), "NET-63");
}

}  // namespace
}  // namespace chatmcp::net
