#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "net/connect_client.h"
#include "net/connect_server.h"

namespace chatmcp::net::testing {

/// Threads that run an io_context, as long as the object lives.
class IoThreads {
  public:
    explicit IoThreads(int threads = 2);
    IoThreads(const IoThreads&) = delete;
    IoThreads& operator=(const IoThreads&) = delete;
    ~IoThreads();

    [[nodiscard]] boost::asio::io_context& io() { return io_; }

    /// Run a coroutine to its end and return what it returned.
    template <class T>
    T run(boost::asio::awaitable<T> coroutine) {
        return boost::asio::co_spawn(io_, std::move(coroutine), boost::asio::use_future).get();
    }

  private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

/// A self-signed certificate for "localhost" and 127.0.0.1, made anew.
struct Certificate {
    std::string certificate_pem;
    std::string key_pem;
};
[[nodiscard]] Certificate make_certificate();

/// A blocking TCP client that sends any bytes.
class RawClient {
  public:
    explicit RawClient(std::uint16_t port);
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient();

    void send(std::string_view bytes);
    /// No more will be sent; the peer sees the end.
    void finish();
    /// Whatever arrives until the peer closes, at most for ten seconds.
    [[nodiscard]] std::string read_all();
    /// Until `mark` has arrived.
    [[nodiscard]] std::string read_until(std::string_view mark);

  private:
    int socket_ = -1;
};

/// A server that answers one connection with given bytes, whatever it is asked.
class CannedServer {
  public:
    /// Waits for a request's head, sends `answer`, closes.
    explicit CannedServer(std::string answer);
    CannedServer(const CannedServer&) = delete;
    CannedServer& operator=(const CannedServer&) = delete;
    ~CannedServer();

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    std::uint16_t port_ = 0;
    int listener_;
    std::thread thread_;
};

/// A server of one request a connection: `answer` makes the response's JSON of the request's.
class JsonServer {
  public:
    using Answer = std::function<std::string(const std::string& request)>;
    explicit JsonServer(Answer answer);
    JsonServer(const JsonServer&) = delete;
    JsonServer& operator=(const JsonServer&) = delete;
    ~JsonServer();

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  private:
    std::uint16_t port_ = 0;
    int listener_;
    std::thread thread_;
};

/// "/test/Echo": answers the account as the only entry. "/test/Wait": until it is cancelled.
/// "/test/Throw": throws. "/test/Count": as many messages as `account` says, 0 without end, each
/// `entry` of its number. "/test/Stubborn": a stream that ignores being cancelled; the row that its
/// next send got goes to `stubborn`.
struct TestService {
    std::promise<std::string> stubborn;
    std::shared_ptr<std::atomic<int>> waiting = std::make_shared<std::atomic<int>>(0);
    [[nodiscard]] Routes routes(std::size_t request_max_bytes = 1000);
};

/// A request to TestService::routes as HTTP text.
[[nodiscard]] std::string post(std::string_view path,
                               std::string_view content_type,
                               std::string_view body,
                               std::string_view more_headers = "");

}  // namespace chatmcp::net::testing
