#include "net/connect_server.h"

#include <chrono>
#include <thread>

#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "net/call_state.h"
#include "net/http_session.h"
#include "net/net_testing.h"
#include "net/stream_frame.h"

namespace chatmcp::net {
namespace {

using namespace std::chrono_literals;
using testing::post;
using testing::RawClient;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kStreamJson = "application/connect+json";

std::string framed(std::string_view payload) {
    Bytes frame;
    append_frame(frame, 0, as_bytes(payload));
    return to_text(frame);
}

template <class Condition>
bool comes_true(const Condition& condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) {
        std::this_thread::sleep_for(5ms);
    }
    return condition();
}

class ConnectServerTest : public ::testing::Test {
  protected:
    void start(ServerSettings settings = {}) {
        auto started = ConnectServer::start(
            threads_.io().get_executor(), std::move(settings), service_.routes(), metrics_);
        ASSERT_TRUE(started.has_value());
        server_ = *std::move(started);
    }

    void TearDown() override {
        if (server_ != nullptr) {
            shut_down();
        }
    }

    void shut_down() {
        boost::asio::co_spawn(threads_.io(), server_->shutdown(), boost::asio::use_future).get();
        server_.reset();
    }

    // One request on a connection of its own; the answer until the server closes.
    std::string ask(const std::string& request) {
        RawClient client(server_->port());
        client.send(request);
        client.finish();
        return client.read_all();
    }

    // The same without hanging up: whoever does has no use for a stream.
    std::string ask_and_stay(const std::string& request) {
        RawClient client(server_->port());
        client.send(request);
        return client.read_all();
    }

    // The answer has this status and, if it is a Connect error, names this row.
    void expect_refused(const std::string& request, std::string_view status, const char* check) {
        const std::uint64_t before = metrics_->refusals(check);
        const std::string answer = ask(request);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(status))) << answer;
        EXPECT_EQ(metrics_->refusals(check), before + 1) << check;
    }

    testing::TestService service_;
    std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
    testing::IoThreads threads_;
    std::unique_ptr<ConnectServer> server_;
};

TEST_F(ConnectServerTest, AUnaryCallIsAnswered) {
    start();
    const std::string answer =
        ask(post("/test/Echo", kJson, R"({"account":"hi"})", "x-reflect: me\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_TRUE(answer.contains(R"({"entries":["aGk="]})")) << answer;
    EXPECT_TRUE(answer.contains("trailer-x-reflected: me\r\n")) << answer;
}

TEST_F(ConnectServerTest, OneConnectionCarriesManyRequestsAlsoWhenTheyArriveTogether) {
    start();
    RawClient client(server_->port());
    const std::string request = post("/test/Echo", kJson, R"({"account":"a"})");
    client.send(request + request + request);
    client.finish();
    const std::string answers = client.read_all();
    std::size_t count = 0;
    for (std::size_t at = answers.find("HTTP/1.1 200"); at != std::string::npos;
         at = answers.find("HTTP/1.1 200", at + 1)) {
        ++count;
    }
    EXPECT_EQ(count, 3u);
}

TEST_F(ConnectServerTest, AStreamIsWrittenInFramesAndEndsWithItsTrailers) {
    start();
    const std::string answer = ask_and_stay(
        post("/test/Count", kStreamJson, framed(R"({"account":"2"})"), "connection: close\r\n"));
    EXPECT_TRUE(answer.contains("transfer-encoding: chunked") ||
                answer.contains("Transfer-Encoding: chunked"))
        << answer;
    EXPECT_TRUE(answer.contains(R"({"metadata":{"x-last":["2"]}})")) << answer;
}

TEST_F(ConnectServerTest, ASlowReaderSlowsTheMethodAndLosesNothing) {
    ServerSettings settings;
    settings.stream_queue_max_bytes = 2000;
    start(settings);
    const std::string answer = ask_and_stay(
        post("/test/Count", kStreamJson, framed(R"({"account":"500"})"), "connection: close\r\n"));
    EXPECT_TRUE(answer.contains(R"({"metadata":{"x-last":["500"]}})"));
    EXPECT_GT(answer.size(), 500u * 1000u);
}

TEST_F(ConnectServerTest, APageIsServedToGetAlone) {
    start();
    EXPECT_TRUE(ask("GET /page HTTP/1.1\r\nhost: x\r\n\r\n").ends_with("a page\n"));
    expect_refused(post("/page", kJson, "{}"), "405", "NET-43");
}

TEST_F(ConnectServerTest, ACallThatCannotBeReadIsRefused) {
    start();
    expect_refused(post("/test/Echo", kJson, "{"), "400", "NET-14");
    expect_refused(post("/test/Echo", kJson, ""), "400", "NET-14");
}

TEST_F(ConnectServerTest, AnUnknownMethodIsRefused) {
    start();
    expect_refused(post("/test/Nothing", kJson, "{}"), "404", "NET-39");
    EXPECT_TRUE(ask(post("/x", kJson, "{}")).contains(R"("code":"unimplemented")"));
}

TEST_F(ConnectServerTest, AHeaderAboveTheLimitIsRefused) {
    start();
    expect_refused(post("/test/Echo", kJson, "{}", "x: " + std::string(20'000, 'x') + "\r\n"),
                   "431",
                   "NET-36");
}

TEST_F(ConnectServerTest, WhatIsNoHttpIsRefused) {
    start();
    expect_refused("hello\r\n\r\n", "400", "NET-37");
    // Two ways to say where the body ends would let one message hide another.
    expect_refused(
        post("/test/Echo", kJson, "{}", "transfer-encoding: chunked\r\n"), "400", "NET-37");
}

TEST_F(ConnectServerTest, AnotherVersionOfHttpIsRefused) {
    start();
    expect_refused("POST /test/Echo HTTP/1.0\r\n\r\n", "505", "NET-38");
}

TEST_F(ConnectServerTest, AMessageAboveTheMethodsLimitIsRefused) {
    start();
    const std::string large = std::string(R"({"account":")") + std::string(7000, 'x') + "\"}";
    expect_refused(post("/test/Echo", kJson, large), "429", "NET-40");
    // The same when the size is not announced.
    const std::string chunked =
        "POST /test/Echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        "transfer-encoding: chunked\r\n\r\n1b64\r\n" +
        std::string(7012, 'x') + "\r\n0\r\n\r\n";
    expect_refused(chunked, "429", "NET-40");
    EXPECT_TRUE(ask(post("/test/Count", kStreamJson, std::string("\0\x7f\0\0\0", 5)))
                    .contains("resource_exhausted"));
    EXPECT_EQ(metrics_->refusals("NET-10"), 1u);
}

TEST_F(ConnectServerTest, ABodyThatDoesNotArriveWholeIsRefused) {
    start();
    expect_refused(
        "POST /test/Echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        "content-length: 10\r\n\r\n{",
        "500",
        "NET-41");
}

TEST_F(ConnectServerTest, RequestsTogetherAboveTheBudgetAreRefused) {
    ServerSettings settings;
    settings.body_budget_bytes = 5;
    start(settings);
    expect_refused(post("/test/Echo", kJson, R"({"account":"hi"})"), "429", "NET-42");
    EXPECT_TRUE(ask(post("/test/Echo", kJson, "{}")).starts_with("HTTP/1.1 200"));
}

TEST_F(ConnectServerTest, OneSourceHasItsShareOfBodies) {
    ServerSettings settings;
    settings.body_budget_bytes = 10;
    settings.body_budget_per_source_bytes = 4;
    ServerCore core(settings, Routes(), metrics_);
    constexpr auto kBodies = ServerCore::Memory::bodies;
    const PeerSource here = peer_source("2001:db8::1");
    EXPECT_TRUE(core.reserve(kBodies, here, 3));
    EXPECT_FALSE(core.reserve(kBodies, peer_source("2001:db8::2"), 2));
    EXPECT_TRUE(core.reserve(kBodies, peer_source("192.0.2.1"), 2));
    EXPECT_FALSE(core.reserve(kBodies, peer_source("127.0.0.1"), 6));
    EXPECT_TRUE(core.reserve(kBodies, peer_source("127.0.0.1"), 5));
    core.release(kBodies, here, 3);
    EXPECT_TRUE(core.reserve(kBodies, here, 1));
}

TEST_F(ConnectServerTest, OneSourceHasItsShareOfReplies) {
    ServerSettings settings;
    settings.body_budget_bytes = 0;
    settings.reply_budget_bytes = 10;
    settings.reply_budget_per_source_bytes = 4;
    const auto core = std::make_shared<ServerCore>(settings, Routes(), metrics_);
    constexpr auto kReplies = ServerCore::Memory::replies;
    {
        MemoryReservation here(core, kReplies, peer_source("2001:db8::1"), 100);
        EXPECT_TRUE(here.grow(102));
        EXPECT_TRUE(here.grow(2));
        EXPECT_FALSE(here.grow(1));
        EXPECT_FALSE(core->reserve(kReplies, peer_source("2001:db8::2"), 1));
        EXPECT_FALSE(core->reserve(kReplies, peer_source("127.0.0.1"), 7));
        here.shrink(3);
        EXPECT_TRUE(core->reserve(kReplies, peer_source("2001:db8::2"), 3));
        EXPECT_FALSE(here.grow(3));
    }
    EXPECT_TRUE(core->reserve(kReplies, peer_source("2001:db8::2"), 1));
    EXPECT_FALSE(core->reserve(kReplies, peer_source("127.0.0.1"), 7));
    EXPECT_TRUE(core->reserve(kReplies, peer_source("127.0.0.1"), 6));
}

TEST_F(ConnectServerTest, RepliesTogetherAboveTheBudgetAreRefused) {
    ServerSettings settings;
    settings.reply_budget_bytes = 5;
    settings.reply_free_bytes = 20;
    start(settings);
    expect_refused(post("/test/Echo", kJson, R"({"account":"a longer text"})"), "429", "NET-46");
    const std::string answer = ask(post("/test/Echo", kJson, R"({"account":"hi"})"));
    EXPECT_TRUE(answer.contains(R"({"entries":["aGk="]})")) << answer;
}

TEST_F(ConnectServerTest, AStreamWhoseOutputIsAboveTheBudgetEndsAndCanBeOpenedAgain) {
    ServerSettings settings;
    settings.reply_budget_bytes = 10'000;
    settings.reply_free_bytes = 0;
    start(settings);
    const std::string request =
        post("/test/Count", kStreamJson, framed(R"({"account":"500"})"), "connection: close\r\n");
    const std::string answer = ask_and_stay(request);
    // What was queued before still arrives, in order and whole.
    EXPECT_TRUE(answer.contains(R"({"entries":["MQ==",)")) << answer;
    EXPECT_TRUE(answer.contains(R"("code":"resource_exhausted")")) << answer;
    EXPECT_LT(answer.size(), 20'000u);
    EXPECT_EQ(metrics_->refusals("NET-46"), 1u);
    const std::string again = ask_and_stay(request);
    EXPECT_TRUE(again.contains(R"({"entries":["MQ==",)")) << again;
}

TEST_F(ConnectServerTest, WhatHasLeftNoLongerCountsAgainstTheBudget) {
    ServerSettings settings;
    settings.stream_queue_max_bytes = 2'000;
    settings.reply_budget_bytes = 10'000;
    settings.reply_free_bytes = 0;
    start(settings);
    const std::string answer = ask_and_stay(
        post("/test/Count", kStreamJson, framed(R"({"account":"500"})"), "connection: close\r\n"));
    EXPECT_TRUE(answer.contains(R"({"metadata":{"x-last":["500"]}})"));
    EXPECT_EQ(metrics_->refusals("NET-46"), 0u);
}

TEST_F(ConnectServerTest, AStreamTakesExactlyOneMessage) {
    start();
    for (const std::string& body : {std::string(), framed("{}") + framed("{}")}) {
        const std::string answer = ask(post("/test/Count", kStreamJson, body));
        EXPECT_TRUE(answer.contains(R"("code":"unimplemented")")) << answer;
    }
    EXPECT_EQ(metrics_->refusals("NET-45"), 2u);
}

TEST_F(ConnectServerTest, AMethodThatTakesTooLongIsCancelledAndAnswered) {
    start();
    const std::string answer = ask(post("/test/Wait", kJson, "{}", "connect-timeout-ms: 50\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 504")) << answer;
    EXPECT_TRUE(answer.contains("NET-44"));
    EXPECT_TRUE(comes_true([this]() { return service_.waiting->load() == 0; }));
}

TEST_F(ConnectServerTest, AStreamThatLastsTooLongEndsWithTheDeadline) {
    start();
    const std::string answer =
        ask_and_stay(post("/test/Count",
                          kStreamJson,
                          framed(R"({"account":"0"})"),
                          "connect-timeout-ms: 50\r\nconnection: close\r\n"));
    EXPECT_TRUE(answer.contains(R"("code":"deadline_exceeded")")) << answer;
}

TEST_F(ConnectServerTest, AStreamAboveTheServersOwnLimitIsToBeOpenedAgain) {
    ServerSettings settings;
    settings.stream_duration_max = 50ms;
    start(settings);
    const std::string answer = ask_and_stay(
        post("/test/Count", kStreamJson, framed(R"({"account":"0"})"), "connection: close\r\n"));
    EXPECT_TRUE(answer.contains("NET-28")) << answer;
}

TEST_F(ConnectServerTest, AMethodThatThrowsIsAnsweredAsInternal) {
    start();
    const std::string answer = ask(post("/test/Throw", kJson, "{}"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500")) << answer;
    EXPECT_TRUE(answer.contains("NET-26"));
    EXPECT_FALSE(answer.contains("own fault"));
}

TEST_F(ConnectServerTest, AHeaderWithALineBreakIsNeverSent) {
    start();
    const std::string answer = ask(post("/test/Echo", kJson, "{}", "x-break: 1\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500")) << answer;
    EXPECT_FALSE(answer.contains("x-injected"));
    EXPECT_EQ(metrics_->refusals("NET-15"), 1u);
}

TEST_F(ConnectServerTest, AConnectionAboveTheLimitIsClosedAndTheOthersLive) {
    ServerSettings settings;
    settings.connections_max = 1;
    start(settings);
    RawClient first(server_->port());
    first.send(post("/test/Echo", kJson, "{}"));
    EXPECT_TRUE(first.read_until("]}").contains("200"));
    RawClient second(server_->port());
    EXPECT_EQ(second.read_all(), "");
    EXPECT_EQ(metrics_->refusals("NET-33"), 1u);
    first.send(post("/test/Echo", kJson, "{}"));
    EXPECT_TRUE(first.read_until("]}").contains("200"));
}

class DummyConnection final : public Connection {
  public:
    void start() override {}
    void stop() override {}
    void abort() override {}
};

TEST_F(ConnectServerTest, OneSourceHasItsShareOfConnections) {
    ServerSettings settings;
    settings.connections_per_source_max = 1;
    ServerCore core(settings, Routes(), metrics_);
    const PeerSource here = peer_source("192.0.2.1");
    const auto first = std::make_shared<DummyConnection>();
    const auto second = std::make_shared<DummyConnection>();
    EXPECT_TRUE(core.admit(first, here).has_value());
    EXPECT_STREQ(core.admit(second, here).error().check, "NET-34");
    EXPECT_TRUE(core.admit(second, peer_source("2001:db8::2")).has_value());
    core.release(first.get(), here);
    const auto third = std::make_shared<DummyConnection>();
    EXPECT_TRUE(core.admit(third, here).has_value());
    core.stop_all();
    EXPECT_STREQ(core.admit(first, peer_source("192.0.2.3")).error().check, "NET-27");
}

TEST_F(ConnectServerTest, AStreamWhoseReaderLeftIsCancelledWhenItWrites) {
    start();
    {
        RawClient client(server_->port());
        client.send(post("/test/Count", kStreamJson, framed(R"({"account":"1000000"})")));
        EXPECT_TRUE(client.read_until("200 OK").contains("200"));
    }
    EXPECT_TRUE(comes_true([this]() { return metrics_->streams() == 0; }));
}

TEST_F(ConnectServerTest, ShutdownLetsARunningCallEndAndEndsStreamsWithUnavailable) {
    ServerSettings settings;
    settings.shutdown_grace = 2000ms;
    start(settings);
    RawClient stream(server_->port());
    stream.send(post("/test/Count", kStreamJson, framed(R"({"account":"0"})")));
    EXPECT_TRUE(stream.read_until("\r\n\r\n").contains("200"));
    RawClient call(server_->port());
    call.send(post("/test/Wait", kJson, "{}", "connect-timeout-ms: 300\r\n"));
    ASSERT_TRUE(comes_true([this]() { return service_.waiting->load() == 2; }));

    shut_down();
    EXPECT_TRUE(stream.read_all().contains("NET-27"));
    EXPECT_TRUE(call.read_all().starts_with("HTTP/1.1 504"));
    EXPECT_EQ(metrics_->connections(), 0);
}

TEST_F(ConnectServerTest, ShutdownCutsWhatOutlastsTheGrace) {
    ServerSettings settings;
    settings.shutdown_grace = 50ms;
    start(settings);
    RawClient call(server_->port());
    call.send(post("/test/Wait", kJson, "{}"));
    ASSERT_TRUE(comes_true([this]() { return service_.waiting->load() == 1; }));
    shut_down();
    EXPECT_EQ(call.read_all(), "");
    EXPECT_EQ(service_.waiting->load(), 0);
}

TEST_F(ConnectServerTest, AMethodThatIgnoresItsCancellationCannotSendAnyMore) {
    start();
    auto result = service_.stubborn.get_future();
    {
        RawClient client(server_->port());
        client.send(post("/test/Stubborn",
                         kStreamJson,
                         framed("{}"),
                         "connect-timeout-ms: 20\r\nconnection: close\r\n"));
        EXPECT_TRUE(client.read_all().contains("deadline_exceeded"));
    }
    EXPECT_EQ(result.get(), "NET-25");
}

TEST_F(ConnectServerTest, AnAddressThatIsNoneIsRefused) {
    ServerSettings settings;
    settings.address = "nowhere";
    const auto started =
        ConnectServer::start(threads_.io().get_executor(), settings, Routes(), metrics_);
    ASSERT_FALSE(started.has_value());
    EXPECT_STREQ(started.error().check, "NET-30");
}

TEST_F(ConnectServerTest, PlainHttpIsServedOnLoopbackAlone) {
    ServerSettings settings;
    settings.address = "0.0.0.0";
    const auto started =
        ConnectServer::start(threads_.io().get_executor(), settings, Routes(), metrics_);
    ASSERT_FALSE(started.has_value());
    EXPECT_STREQ(started.error().check, "NET-31");
}

TEST_F(ConnectServerTest, APortThatIsTakenIsRefused) {
    start();
    ServerSettings settings;
    settings.port = server_->port();
    const auto started =
        ConnectServer::start(threads_.io().get_executor(), settings, Routes(), metrics_);
    ASSERT_FALSE(started.has_value());
    EXPECT_STREQ(started.error().check, "NET-32");
}

TEST_F(ConnectServerTest, AHandshakeThatFailsEndsTheConnection) {
    const testing::Certificate certificate = testing::make_certificate();
    ServerSettings settings;
    settings.tls = *make_server_tls(certificate.certificate_pem, certificate.key_pem);
    start(settings);
    static_cast<void>(ask(post("/test/Echo", kJson, "{}")));
    EXPECT_TRUE(comes_true([this]() { return metrics_->refusals("NET-35") == 1; }));
}

TEST_F(ConnectServerTest, CallsAreCountedByMethodAndCode) {
    start();
    static_cast<void>(ask(post("/test/Echo", kJson, "{}")));
    static_cast<void>(ask(post("/test/Throw", kJson, "{}")));
    const std::string page = metrics_->to_prometheus();
    EXPECT_TRUE(page.contains("chatmcp_calls_total{method=\"/test/Echo\",code=\"ok\"} 1\n"))
        << page;
    EXPECT_TRUE(page.contains("chatmcp_calls_total{method=\"/test/Throw\",code=\"internal\"} 1\n"));
    EXPECT_TRUE(page.contains("chatmcp_call_seconds_count{method=\"/test/Echo\"} 1\n"));
    EXPECT_TRUE(page.contains("chatmcp_refusals_total{check=\"NET-26\"} 1\n"));
}

}  // namespace
}  // namespace chatmcp::net
