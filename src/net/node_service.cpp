#include "net/node_service.h"

#include <atomic>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/attestation_service.h"
#include "net/connect_server.h"
#include "net/relay_methods.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

}  // namespace

struct NodeServer::State {
    State(relay::Relay& served, const NodeOptions& wanted)
        : relay(served),
          options(wanted),
          io(static_cast<int>(wanted.network_threads)),
          work(asio::make_work_guard(io)),
          pool(wanted.storage_threads, wanted.storage_threads + wanted.storage_queue_max),
          housekeeping(asio::make_strand(io)),
          expire_timer(housekeeping) {}

    Routes routes();
    [[nodiscard]] Page health() const;
    static asio::awaitable<void> keep_house(State& state);

    relay::Relay& relay;
    const NodeOptions options;
    const std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
    const std::shared_ptr<Hub> hub = std::make_shared<Hub>();
    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    WorkerPool pool;
    asio::strand<asio::io_context::executor_type> housekeeping;
    asio::steady_timer expire_timer;
    std::promise<void> house_kept;
    std::unique_ptr<ConnectServer> server;
    std::vector<std::thread> threads;
    std::atomic<bool> stopping = false;
};

Page NodeServer::State::health() const {
    Page page;
    page.status = stopping ? 503 : 200;
    page.body = stopping ? "stopping\n" : "ok\n";
    return page;
}

Routes NodeServer::State::routes() {
    Routes table;
    auto parts =
        std::make_shared<const RelayParts>(RelayParts{.relay = relay, .pool = pool, .hub = hub});
    add_delivery_service(table, parts);
    add_attestation_service(table, pool);
    table.add_page("/healthz", [this]() { return health(); });
    table.add_page("/metrics", [this]() {
        Page page;
        page.content_type = "text/plain; version=0.0.4; charset=utf-8";
        page.body = metrics->to_prometheus() + relay.metrics_text();
        return page;
    });
    return table;
}

asio::awaitable<void> NodeServer::State::keep_house(State& state) {
    while (!state.stopping) {
        auto expire = [&state]() { return state.relay.expire(); };
        const auto expired = co_await state.pool.run(std::move(expire));
        if (!expired.has_value()) {
            state.metrics->count_refusal(expired.error().check);
        }
        const bool more = expired.has_value() && *expired >= relay::Relay::kExpireBatchMax;
        if (more || state.stopping) {
            continue;
        }
        state.expire_timer.expires_after(state.options.expire_interval);
        co_await state.expire_timer.async_wait(kToken);
    }
}

Result<std::unique_ptr<NodeServer>> NodeServer::start(relay::Relay& relay,
                                                      const NodeOptions& options) {
    ServerSettings settings;
    settings.address = options.address;
    settings.port = options.port;
    settings.connections_max = options.connections_max;
    settings.shutdown_grace = options.shutdown_grace;
    if (!options.certificate_pem.empty() || !options.key_pem.empty()) {
        CHATMCP_TRY(settings.tls, make_server_tls(options.certificate_pem, options.key_pem));
    }
    auto state = std::make_unique<State>(relay, options);
    state->metrics->add_gauge("chatmcp_storage_jobs",
                              "Requests waiting for a storage thread or on one.",
                              [&pool = state->pool]() { return double(pool.in_flight()); });
    state->metrics->add_gauge("chatmcp_subscriptions",
                              "Streams that wait for a topic or an inbox.",
                              [hub = state->hub]() { return double(hub->waiting()); });
    CHATMCP_TRY(
        state->server,
        ConnectServer::start(
            state->io.get_executor(), std::move(settings), state->routes(), state->metrics));
    relay.set_listener(state->hub.get());
    auto kept = [&promise = state->house_kept](const std::exception_ptr&) { promise.set_value(); };
    asio::co_spawn(state->housekeeping, State::keep_house(*state), std::move(kept));
    for (std::size_t i = 0; i < options.network_threads; ++i) {
        state->threads.emplace_back([&io = state->io]() { io.run(); });
    }
    return std::unique_ptr<NodeServer>(new NodeServer(std::move(state)));
}

NodeServer::NodeServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

// Asio throws only where it cannot go on.
NodeServer::~NodeServer() {  // NOLINT(bugprone-exception-escape)
    stop();
}

std::uint16_t NodeServer::port() const {
    return state_->server->port();
}

std::string NodeServer::url() const {
    const bool tls = !state_->options.certificate_pem.empty();
    const bool v6 = state_->options.address.contains(':');
    const std::string host = v6 ? "[" + state_->options.address + "]" : state_->options.address;
    return (tls ? "https://" : "http://") + host + ":" + std::to_string(port());
}

void NodeServer::stop() {
    if (state_->stopping.exchange(true)) {
        return;
    }
    asio::post(state_->housekeeping, [this]() { state_->expire_timer.cancel(); });
    std::promise<void> shut_down;
    asio::co_spawn(state_->io, state_->server->shutdown(), [&shut_down](const std::exception_ptr&) {
        shut_down.set_value();
    });
    shut_down.get_future().wait();
    state_->house_kept.get_future().wait();
    state_->work.reset();
    for (std::thread& thread : state_->threads) {
        thread.join();
    }
    state_->relay.set_listener(nullptr);
}

std::string NodeServer::metrics_text() const {
    return state_->metrics->to_prometheus() + state_->relay.metrics_text();
}

}  // namespace chatmcp::net
