// The server under test: reads one ServerCompatRequest from stdin, serves ConformanceService with
// src/net's Connect server until SIGTERM.

#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <connectrpc/conformance/v1/server_compat.pb.h>

#include "compat_pipe.h"
#include "conformance_service.h"
#include "net/connect_server.h"

namespace {

namespace asio = boost::asio;
namespace conformance = connectrpc::conformance::v1;
using chatmcp::net::ConnectServer;

constexpr std::size_t kDefaultLimitBytes = std::size_t{8} << 20;
constexpr int kThreads = 2;

int fail_with(const char* what) {
    std::cerr << "connect_conformance_server: " << what << "\n";
    return EXIT_FAILURE;
}

}  // namespace

int main() {
    conformance::ServerCompatRequest request;
    if (!chatmcp::testing::read_message(std::cin, request)) {
        return fail_with("no ServerCompatRequest on stdin");
    }
    if (!request.client_tls_cert().empty()) {
        return fail_with("client certificates are not supported");
    }
    chatmcp::net::ServerSettings settings;
    if (request.use_tls()) {
        const auto tls = chatmcp::net::make_server_tls(request.server_creds().cert(),
                                                       request.server_creds().key());
        if (!tls.has_value()) {
            return fail_with(tls.error().check);
        }
        settings.tls = *tls;
    }
    const std::size_t limit =
        request.message_receive_limit() == 0 ? kDefaultLimitBytes : request.message_receive_limit();
    chatmcp::net::Routes routes;
    chatmcp::testing::add_conformance_service(routes, limit);

    asio::io_context io(kThreads);
    auto server = ConnectServer::start(io.get_executor(),
                                       std::move(settings),
                                       std::move(routes),
                                       std::make_shared<chatmcp::net::Metrics>());
    if (!server.has_value()) {
        return fail_with(server.error().check);
    }
    asio::signal_set signals(io, SIGTERM, SIGINT);
    auto stop = [&](const boost::system::error_code&, int) {
        asio::co_spawn(io, (*server)->shutdown(), asio::detached);
    };
    signals.async_wait(stop);

    conformance::ServerCompatResponse response;
    response.set_host("127.0.0.1");
    response.set_port((*server)->port());
    if (request.use_tls()) {
        response.set_pem_cert(request.server_creds().cert());
    }
    chatmcp::testing::write_message(std::cout, response);

    std::vector<std::jthread> threads;
    for (int i = 1; i < kThreads; ++i) {
        threads.emplace_back([&io]() { io.run(); });
    }
    io.run();
    return EXIT_SUCCESS;
}
