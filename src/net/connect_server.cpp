#include "net/connect_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.h"
#include "net/http_session.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
// Out of descriptors, say: waiting lets connections end; retrying at once would only spin.
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr std::chrono::milliseconds kShutdownPoll{5};

std::string origin_of(const tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string host = endpoint.address().is_v6() ? "[" + address + "]" : address;
    return "http://" + host + ":" + std::to_string(endpoint.port());
}

}  // namespace

void Routes::add_unary(std::string path,
                       std::size_t request_max_bytes,
                       std::unique_ptr<UnaryMethod> method) {
    Route& route = routes_[std::move(path)];
    CHATMCP_CHECK(method != nullptr && route.unary == nullptr && route.stream == nullptr);
    route.unary = std::move(method);
    route.request_max_bytes = request_max_bytes;
}

void Routes::add_stream(std::string path,
                        std::size_t request_max_bytes,
                        std::unique_ptr<StreamMethod> method) {
    Route& route = routes_[std::move(path)];
    CHATMCP_CHECK(method != nullptr && route.unary == nullptr && route.stream == nullptr);
    route.stream = std::move(method);
    route.request_max_bytes = request_max_bytes;
}

void Routes::add_page(std::string path, PageFunction page) {
    CHATMCP_CHECK(page != nullptr);
    routes_[std::move(path)].page = std::move(page);
}

const Routes::Route* Routes::find(std::string_view path) const {
    const auto found = routes_.find(path);
    return found == routes_.end() ? nullptr : &found->second;
}

Result<void> ServerCore::admit(const std::shared_ptr<Connection>& connection,
                               const PeerSource& source) {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
        return fail(Errc::unavailable, "NET-27");
    }
    if (open_.size() >= settings_.connections_max) {
        return fail(Errc::resource_exhausted, "NET-33");
    }
    Held& held = held_[source.key];
    // Everybody on this machine shares one address, so loopback has the total limits alone.
    if (!source.is_loopback && held.connections >= settings_.connections_per_source_max) {
        return fail(Errc::resource_exhausted, "NET-34");
    }
    ++held.connections;
    open_.emplace(connection.get(), connection);
    metrics_->connection_opened();
    return {};
}

void ServerCore::release(Connection* connection, const PeerSource& source) {
    const std::lock_guard lock(mutex_);
    if (open_.erase(connection) == 0) {
        return;
    }
    Held& held = held_[source.key];
    --held.connections;
    forget_if_nothing(source);
    metrics_->connection_closed();
}

ServerCore::Budget ServerCore::budget(Memory what) const {
    if (what == Memory::bodies) {
        return {.all_bytes = settings_.body_budget_bytes,
                .per_source_bytes = settings_.body_budget_per_source_bytes};
    }
    return {.all_bytes = settings_.reply_budget_bytes,
            .per_source_bytes = settings_.reply_budget_per_source_bytes};
}

bool ServerCore::reserve(Memory what, const PeerSource& source, std::size_t size_bytes) {
    const Budget budgeted = budget(what);
    const auto row = static_cast<std::size_t>(what);
    const std::lock_guard lock(mutex_);
    std::size_t& of_all = memory_bytes_.at(row);
    std::size_t& of_source = held_[source.key].memory_bytes.at(row);
    const bool fits = of_all + size_bytes <= budgeted.all_bytes &&
                      (source.is_loopback || of_source + size_bytes <= budgeted.per_source_bytes);
    if (fits) {
        of_all += size_bytes;
        of_source += size_bytes;
    }
    forget_if_nothing(source);
    return fits;
}

void ServerCore::release(Memory what, const PeerSource& source, std::size_t size_bytes) {
    const auto row = static_cast<std::size_t>(what);
    const std::lock_guard lock(mutex_);
    memory_bytes_.at(row) -= size_bytes;
    held_[source.key].memory_bytes.at(row) -= size_bytes;
    forget_if_nothing(source);
}

void ServerCore::forget_if_nothing(const PeerSource& source) {
    const auto held = held_.find(source.key);
    if (held != held_.end() && held->second.connections == 0 &&
        held->second.memory_bytes == std::array<std::size_t, kMemories>{}) {
        held_.erase(held);
    }
}

std::vector<std::shared_ptr<Connection>> ServerCore::connections() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Connection>> out;
    out.reserve(open_.size());
    for (const auto& [pointer, weak] : open_) {
        if (auto connection = weak.lock()) {
            out.push_back(std::move(connection));
        }
    }
    return out;
}

void ServerCore::stop_all() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    for (const auto& connection : connections()) {
        connection->stop();
    }
}

void ServerCore::abort_all() {
    for (const auto& connection : connections()) {
        connection->abort();
    }
}

bool ServerCore::is_idle() const {
    const std::lock_guard lock(mutex_);
    return open_.empty() && calls_.load() == 0;
}

struct ConnectServer::State : std::enable_shared_from_this<ConnectServer::State> {
    State(const asio::any_io_executor& on, std::shared_ptr<ServerCore> shared)
        : executor(on), acceptor(asio::make_strand(on)), core(std::move(shared)) {}

    asio::awaitable<void> accept_all(std::shared_ptr<State> self);
    void take(tcp::socket socket);

    asio::any_io_executor executor;
    tcp::acceptor acceptor;
    std::shared_ptr<ServerCore> core;
    std::uint16_t port = 0;
    std::atomic<bool> accepting = true;
};

void ConnectServer::State::take(tcp::socket socket) {
    boost::system::error_code gone;
    const tcp::endpoint peer = socket.remote_endpoint(gone);
    const tcp::endpoint local = socket.local_endpoint(gone);
    if (gone) {
        return;
    }
    socket.set_option(tcp::no_delay(true), gone);
    // A peer that lost its power never says goodbye; the kernel finds out.
    socket.set_option(asio::socket_base::keep_alive(true), gone);
    const std::string address = peer.address().to_string();
    auto connection = make_connection(core, std::move(socket), address, origin_of(local));
    const auto admitted = core->admit(connection, peer_source(address));
    if (!admitted.has_value()) {
        // Who is refused: the newcomer, by a closed connection. Others keep theirs.
        core->metrics().count_refusal(admitted.error().check);
        return;
    }
    connection->start();
}

asio::awaitable<void> ConnectServer::State::accept_all(std::shared_ptr<State> self) {
    asio::steady_timer pause(acceptor.get_executor());
    while (self->acceptor.is_open()) {
        auto strand = asio::make_strand(self->executor);
        auto [error, socket] = co_await self->acceptor.async_accept(strand, kToken);
        if (error == asio::error::operation_aborted) {
            break;
        }
        if (error) {
            pause.expires_after(kAcceptPause);
            co_await pause.async_wait(kToken);
            continue;
        }
        self->take(tcp::socket(std::move(socket)));
    }
    self->accepting = false;
}

Result<std::unique_ptr<ConnectServer>> ConnectServer::start(const asio::any_io_executor& executor,
                                                            ServerSettings settings,
                                                            Routes routes,
                                                            std::shared_ptr<Metrics> metrics) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(settings.address, error);
    if (error) {
        return fail(Errc::invalid_argument, "NET-30");
    }
    if (settings.tls == nullptr && !address.is_loopback()) {
        return fail(Errc::refused_by_policy, "NET-31");
    }
    const tcp::endpoint endpoint(address, settings.port);
    auto core =
        std::make_shared<ServerCore>(std::move(settings), std::move(routes), std::move(metrics));
    auto state = std::make_shared<State>(executor, std::move(core));
    state->acceptor.open(endpoint.protocol(), error);
    if (!error) {
        state->acceptor.set_option(asio::socket_base::reuse_address(true), error);
    }
    if (!error) {
        state->acceptor.bind(endpoint, error);
    }
    if (!error) {
        state->acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return fail(Errc::io, "NET-32");
    }
    state->port = state->acceptor.local_endpoint().port();
    asio::co_spawn(state->acceptor.get_executor(), state->accept_all(state), asio::detached);
    return std::unique_ptr<ConnectServer>(new ConnectServer(std::move(state)));
}

ConnectServer::ConnectServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

ConnectServer::~ConnectServer() = default;

std::uint16_t ConnectServer::port() const {
    return state_->port;
}

asio::awaitable<void> ConnectServer::shutdown() {
    const std::shared_ptr<State> state = state_;
    auto close_acceptor = [state]() {
        boost::system::error_code ignored;
        state->acceptor.close(ignored);
    };
    asio::post(state->acceptor.get_executor(), std::move(close_acceptor));
    state->core->stop_all();
    asio::steady_timer pause(state->executor);
    const Deadline grace_ends =
        std::chrono::steady_clock::now() + state->core->settings().shutdown_grace;
    bool aborted = false;
    while (!state->core->is_idle() || state->accepting) {
        if (!aborted && std::chrono::steady_clock::now() >= grace_ends) {
            state->core->abort_all();
            aborted = true;
        }
        pause.expires_after(kShutdownPoll);
        co_await pause.async_wait(kToken);
    }
}

}  // namespace chatmcp::net
