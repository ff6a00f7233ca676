#include "net/connect_client.h"

#include <chrono>

#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "chatmcp/v1/delivery.pb.h"
#include "net/net_testing.h"

namespace chatmcp::net {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace v1 = ::chatmcp::v1;
using testing::CannedServer;

// What a call came to, and its reply.
struct Called {
    CallOutcome outcome;
    v1::GetDeviceLogResponse reply;
};

std::shared_ptr<v1::GetDeviceLogRequest> request_for(std::string_view account) {
    auto request = std::make_shared<v1::GetDeviceLogRequest>();
    request->set_account(std::string(account));
    return request;
}

asio::awaitable<Called> call(std::shared_ptr<ConnectClient> client,
                             std::string path,
                             std::string account,
                             CallOptions options) {
    auto reply = std::make_shared<v1::GetDeviceLogResponse>();
    auto request = request_for(account);
    Called called;
    called.outcome = co_await client->call(path, request, reply, std::move(options));
    called.reply = *reply;
    co_return called;
}

struct Streamed {
    CallOutcome outcome;
    std::size_t messages = 0;
};

asio::awaitable<Streamed> stream(std::shared_ptr<ConnectClient> client,
                                 std::string account,
                                 CallOptions options,
                                 std::size_t cancel_after) {
    auto request = request_for(account);
    ConnectClient::OpenedStream opened =
        co_await client->open_stream("/test/Count", request, std::move(options));
    Streamed streamed;
    if (opened.stream == nullptr) {
        streamed.outcome = opened.outcome;
        co_return streamed;
    }
    auto message = std::make_shared<v1::GetDeviceLogResponse>();
    while (true) {
        const bool more = co_await opened.stream->next(message);
        if (!more) {
            break;
        }
        ++streamed.messages;
        if (streamed.messages == cancel_after) {
            opened.stream->cancel();
        }
    }
    streamed.outcome = opened.stream->outcome();
    co_return streamed;
}

class ConnectClientTest : public ::testing::Test {
  protected:
    void start(bool tls) {
        ServerSettings settings;
        settings.shutdown_grace = 200ms;
        if (tls) {
            settings.tls = *make_server_tls(certificate_.certificate_pem, certificate_.key_pem);
        }
        auto started = ConnectServer::start(threads_.io().get_executor(),
                                            std::move(settings),
                                            service_.routes(),
                                            std::make_shared<Metrics>());
        ASSERT_TRUE(started.has_value());
        server_ = *std::move(started);
        client_ = tls ? client_for("https://localhost:" + std::to_string(server_->port()))
                      : client_for("http://127.0.0.1:" + std::to_string(server_->port()));
    }

    std::shared_ptr<ConnectClient> client_for(const std::string& url,
                                              Codec codec = Codec::proto,
                                              std::size_t receive_max_bytes = 1 << 20) {
        ClientSettings settings;
        settings.url = *parse_server_url(url);
        settings.codec = codec;
        settings.receive_max_bytes = receive_max_bytes;
        settings.connect_timeout = 2000ms;
        if (settings.url.tls) {
            settings.tls = *make_client_tls(certificate_.certificate_pem);
        }
        return std::make_shared<ConnectClient>(asio::make_strand(threads_.io()), settings);
    }

    std::shared_ptr<ConnectClient> client_of(const CannedServer& server) {
        return client_for("http://127.0.0.1:" + std::to_string(server.port()));
    }

    void TearDown() override {
        client_.reset();
        if (server_ != nullptr) {
            asio::co_spawn(threads_.io(), server_->shutdown(), asio::use_future).get();
        }
    }

    // Everything of one client runs on its strand; the test's thread only waits.
    Called run(const std::shared_ptr<ConnectClient>& client,
               const std::string& path,
               const std::string& account,
               CallOptions options = {}) {
        return asio::co_spawn(client->executor(),
                              call(client, path, account, std::move(options)),
                              asio::use_future)
            .get();
    }
    Streamed run_stream(const std::shared_ptr<ConnectClient>& client,
                        const std::string& account,
                        CallOptions options = {},
                        std::size_t cancel_after = 0) {
        return asio::co_spawn(client->executor(),
                              stream(client, account, std::move(options), cancel_after),
                              asio::use_future)
            .get();
    }

    static void expect_error(const CallOutcome& outcome, ConnectCode code, const char* check) {
        ASSERT_TRUE(outcome.error.has_value());
        EXPECT_EQ(outcome.error->code, code) << outcome.error->message;
        EXPECT_STREQ(outcome.error->check, check) << outcome.error->message;
    }

    testing::Certificate certificate_ = testing::make_certificate();
    testing::TestService service_;
    testing::IoThreads threads_;
    std::unique_ptr<ConnectServer> server_;
    std::shared_ptr<ConnectClient> client_;
};

TEST_F(ConnectClientTest, CallsAndStreamsWorkPlainAndOverTlsInBothCodecs) {
    for (const bool tls : {false, true}) {
        TearDown();
        start(tls);
        const std::string url =
            (tls ? "https://localhost:" : "http://localhost:") + std::to_string(server_->port());
        for (const Codec codec : {Codec::proto, Codec::json}) {
            const auto client = client_for(url, codec);
            CallOptions options;
            options.headers.add("x-reflect", "me");
            const Called called = run(client, "/test/Echo", "hi", options);
            ASSERT_FALSE(called.outcome.error.has_value()) << called.outcome.error->message;
            EXPECT_EQ(called.reply.entries(0), "hi");
            EXPECT_EQ(called.outcome.trailers.first("x-reflected"), "me");
            const Streamed streamed = run_stream(client, "20");
            EXPECT_FALSE(streamed.outcome.error.has_value());
            EXPECT_EQ(streamed.messages, 20u);
            EXPECT_EQ(streamed.outcome.trailers.first("x-last"), "20");
        }
    }
}

TEST_F(ConnectClientTest, ManyCallsAtOnceAllComeBack) {
    start(true);
    std::vector<std::future<Called>> calls;
    for (int i = 0; i < 100; ++i) {
        calls.push_back(asio::co_spawn(client_->executor(),
                                       call(client_, "/test/Echo", std::to_string(i), {}),
                                       asio::use_future));
    }
    for (int i = 0; i < 100; ++i) {
        const Called called = calls[static_cast<std::size_t>(i)].get();
        ASSERT_FALSE(called.outcome.error.has_value()) << called.outcome.error->message;
        EXPECT_EQ(called.reply.entries(0), std::to_string(i));
    }
}

// Both ends know the same channel, which a man in the middle cannot have.
TEST_F(ConnectClientTest, ACallCanBeBoundToTheConnectionOfAnEarlierOne) {
    start(true);
    CallOptions keep;
    keep.keep_channel = true;
    const Called first = run(client_, "/test/Echo", "a", keep);
    ASSERT_EQ(first.outcome.channel.size(), kChannelBytes);
    EXPECT_EQ(first.outcome.headers.first("x-channel-bytes"), "32");
    const Called between = run(client_, "/test/Echo", "b");
    EXPECT_NE(between.outcome.channel, first.outcome.channel);
    CallOptions bound;
    bound.on_channel = first.outcome.channel;
    EXPECT_EQ(run(client_, "/test/Echo", "c", bound).outcome.channel, first.outcome.channel);
    bound.on_channel = Bytes(kChannelBytes, 1);
    expect_error(
        run(client_, "/test/Echo", "d", bound).outcome, ConnectCode::unavailable, "NET-69");
}

TEST_F(ConnectClientTest, TheChannelOfPlainLoopbackIsTheServersAddress) {
    start(false);
    const std::string origin = "http://127.0.0.1:" + std::to_string(server_->port());
    EXPECT_EQ(to_text(run(client_, "/test/Echo", "a").outcome.channel), origin);
}

TEST_F(ConnectClientTest, AServerThatIsNotTrustedIsNotTalkedTo) {
    start(true);
    ClientSettings settings;
    settings.url = *parse_server_url("https://localhost:" + std::to_string(server_->port()));
    settings.tls = *make_client_tls(testing::make_certificate().certificate_pem);
    const auto stranger =
        std::make_shared<ConnectClient>(asio::make_strand(threads_.io()), settings);
    expect_error(run(stranger, "/test/Echo", "a").outcome, ConnectCode::unavailable, "NET-64");
    // The right roots and another name.
    const auto other_name = client_for("https://127.0.0.2:" + std::to_string(server_->port()));
    ASSERT_TRUE(run(other_name, "/test/Echo", "a").outcome.error.has_value());
}

TEST_F(ConnectClientTest, ADeadlineHoldsOnBothSides) {
    start(false);
    CallOptions told;
    told.timeout = 50ms;
    const Called called = run(client_, "/test/Wait", "", told);
    ASSERT_TRUE(called.outcome.error.has_value());
    EXPECT_EQ(called.outcome.error->code, ConnectCode::deadline_exceeded);
    CallOptions untold = told;
    untold.tell_timeout = false;
    expect_error(
        run(client_, "/test/Wait", "", untold).outcome, ConnectCode::deadline_exceeded, "NET-44");
}

TEST_F(ConnectClientTest, AStreamCanBeGivenUp) {
    start(true);
    const Streamed streamed = run_stream(client_, "1000000", {}, 3);
    EXPECT_GE(streamed.messages, 3u);
    expect_error(streamed.outcome, ConnectCode::canceled, "NET-25");
}

TEST_F(ConnectClientTest, AReplyAboveTheLimitIsRefused) {
    start(false);
    const auto client =
        client_for("http://127.0.0.1:" + std::to_string(server_->port()), Codec::proto, 100);
    expect_error(run(client, "/test/Echo", std::string(300, 'x')).outcome,
                 ConnectCode::resource_exhausted,
                 "NET-68");
    expect_error(run_stream(client, "3").outcome, ConnectCode::resource_exhausted, "NET-10");
}

TEST_F(ConnectClientTest, NobodyThereIsUnavailable) {
    start(false);
    const auto nobody = client_for("http://127.0.0.1:1");
    expect_error(run(nobody, "/test/Echo", "a").outcome, ConnectCode::unavailable, "NET-63");
}

TEST_F(ConnectClientTest, ANameThatNobodyHasIsUnavailable) {
    const auto nobody = client_for("https://nobody.invalid:1");
    const Called called = run(nobody, "/test/Echo", "a");
    expect_error(called.outcome, ConnectCode::unavailable, "NET-62");
}

TEST_F(ConnectClientTest, AConnectionThatBreaksIsUnavailable) {
    const CannedServer server("");
    expect_error(
        run(client_of(server), "/test/Echo", "a").outcome, ConnectCode::unavailable, "NET-65");
}

TEST_F(ConnectClientTest, AnAnswerThatIsNoHttpIsNoticed) {
    const CannedServer server("220 mail.example ESMTP\r\n\r\n");
    expect_error(
        run(client_of(server), "/test/Echo", "a").outcome, ConnectCode::internal, "NET-66");
}

TEST_F(ConnectClientTest, AnAnswerOfAnotherProtocolIsNoticed) {
    const CannedServer page(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi");
    expect_error(run(client_of(page), "/test/Echo", "a").outcome, ConnectCode::unknown, "NET-67");
    const CannedServer garbage(
        "HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ncontent-length: 2\r\n\r\n\x0a\x09");
    expect_error(
        run(client_of(garbage), "/test/Echo", "a").outcome, ConnectCode::internal, "NET-67");
}

TEST_F(ConnectClientTest, AProxysErrorIsReadByItsStatus) {
    const CannedServer proxy(
        "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi");
    const Called called = run(client_of(proxy), "/test/Echo", "a");
    ASSERT_TRUE(called.outcome.error.has_value());
    EXPECT_EQ(called.outcome.error->code, ConnectCode::unavailable);
}

TEST_F(ConnectClientTest, AStreamWithoutItsLastMessageIsNotWhole) {
    const CannedServer server(
        "HTTP/1.1 200 OK\r\ncontent-type: application/connect+proto\r\n"
        "content-length: 5\r\n\r\n" +
        std::string(5, '\0'));
    const Streamed streamed = run_stream(client_of(server), "1");
    EXPECT_EQ(streamed.messages, 1u);
    expect_error(streamed.outcome, ConnectCode::internal, "NET-70");
}

TEST_F(ConnectClientTest, SomethingAfterTheLastMessageIsNoticed) {
    const CannedServer server(
        "HTTP/1.1 200 OK\r\ncontent-type: application/connect+proto\r\n"
        "content-length: 12\r\n\r\n" +
        std::string("\x02\0\0\0\x02{}", 7) + std::string(5, '\0'));
    expect_error(run_stream(client_of(server), "1").outcome, ConnectCode::internal, "NET-71");
}

TEST(ServerUrl, SaysSchemeHostAndPort) {
    const auto plain = parse_server_url("http://127.0.0.1:8080");
    ASSERT_TRUE(plain.has_value());
    EXPECT_FALSE(plain->tls);
    EXPECT_EQ(plain->authority(), "127.0.0.1:8080");
    EXPECT_EQ(parse_server_url("http://[::1]:80/")->authority(), "[::1]:80");
    EXPECT_TRUE(parse_server_url("http://localhost:1").has_value());
    const auto tls = parse_server_url("https://relay.example");
    ASSERT_TRUE(tls.has_value());
    EXPECT_TRUE(tls->tls);
    EXPECT_EQ(tls->port, 443);
}

TEST(ServerUrl, AnythingElseIsRefused) {
    for (const char* url : {"",
                            "127.0.0.1:80",
                            "ftp://127.0.0.1:80",
                            "http://127.0.0.1",
                            "http://127.0.0.1:",
                            "http://127.0.0.1:0",
                            "http://127.0.0.1:65536",
                            "http://127.0.0.1:80/path",
                            "https://user@relay.example",
                            "https://relay.example?x",
                            "https://",
                            "https://[::1",
                            "https://a b"}) {
        const auto parsed = parse_server_url(url);
        ASSERT_FALSE(parsed.has_value()) << url;
        EXPECT_STREQ(parsed.error().check, "NET-60") << url;
    }
}

TEST(ServerUrl, PlainHttpGoesToLoopbackAlone) {
    for (const char* url : {"http://192.0.2.1:80", "http://relay.example:80", "http://[::]:80"}) {
        const auto parsed = parse_server_url(url);
        ASSERT_FALSE(parsed.has_value()) << url;
        EXPECT_STREQ(parsed.error().check, "NET-61");
    }
}

}  // namespace
}  // namespace chatmcp::net
