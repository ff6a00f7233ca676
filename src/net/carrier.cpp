#include "net/carrier.h"

#include <csignal>
#include <deque>
#include <map>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include "net/connect_client.h"
#include "net/relay_codec.h"
#include "net/status.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a carrier that goes waits for its coroutines to notice.
constexpr milliseconds kFarewell{500};

// Our own rows name what the way there refused; the rest is what the relay said.
client::Reason reason_of(const ConnectError& error) {
    const RemoteRefusal refusal = remote_refusal_of(error);
    if (error.check[0] == '\0') {
        return client::Reason{.code = refusal.code, .check = refusal.check};
    }
    // An answer outside the protocol is the relay's fault, not this program's.
    const Errc code = refusal.code == Errc::internal ? Errc::malformed : refusal.code;
    return client::Reason{.code = code, .check = error.check};
}

template <class WireRequest>
CallOptions options_for(const WireRequest& request, milliseconds timeout) {
    CallOptions options;
    options.timeout = timeout;
    if constexpr (std::is_same_v<WireRequest, wire::GetChallenge>) {
        options.keep_channel = true;
    }
    if constexpr (std::is_same_v<WireRequest, wire::Login>) {
        options.on_channel = request.channel;
    }
    return options;
}

client::PushedEnvelope pushed(client::EffectId id, wire::Envelope envelope) {
    return client::PushedEnvelope{.id = id, .envelope = std::move(envelope)};
}

client::PushedInboxItem pushed(client::EffectId id, wire::InboxItem item) {
    return client::PushedInboxItem{.id = id, .item = std::move(item)};
}

}  // namespace

struct Carrier::State {
    State() : work(asio::make_work_guard(io)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    struct Running {
        asio::cancellation_signal cancel;
        std::shared_ptr<ClientStream> stream;
        bool ended = false;
    };
    /// Ends a call from inside the loop. A signal that is emitted outside waits in the loop's
    /// queue, behind the end of the call that it would then touch.
    void give_up(const std::shared_ptr<Running>& call);

    template <class WireRequest>
    void start(client::EffectId id, WireRequest request);
    template <class WireRequest>
    static asio::awaitable<void> carry_unary(State& state,
                                             client::EffectId id,
                                             WireRequest request);
    template <class WireRequest>
    static asio::awaitable<void> carry_stream(State& state,
                                              client::EffectId id,
                                              WireRequest request);
    void stop_stream(client::EffectId id);

    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::unique_ptr<asio::signal_set> signals;
    bool interrupted = false;
    milliseconds timeout{};
    std::shared_ptr<ConnectClient> client;
    std::deque<Arrived> arrived;
    std::map<client::EffectId, std::shared_ptr<Running>> running;
};

namespace {

// Who is asked to stop says what became of the command. A second signal (a supervisor sends one to
// the process and one to its group) would cut that off once Asio's handler is gone.
void hold_back_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

// Asio throws only where it cannot go on.
Carrier::State::~State() {  // NOLINT(bugprone-exception-escape)
    if (signals != nullptr) {
        signals->cancel();
    }
    for (const auto& [id, call] : running) {
        give_up(call);
    }
    work.reset();
    io.restart();
    io.run_for(kFarewell);
}

void Carrier::State::give_up(const std::shared_ptr<Running>& call) {
    asio::post(io, [call] {
        if (call->ended) {
            return;
        }
        if (call->stream != nullptr) {
            call->stream->cancel();
        }
        call->cancel.emit(asio::cancellation_type::all);
    });
}

template <class WireRequest>
void Carrier::State::start(client::EffectId id, WireRequest request) {
    auto call = std::make_shared<Running>();
    running.insert_or_assign(id, call);
    auto ended = [this, id, call](const std::exception_ptr&) {
        call->ended = true;
        const auto mine = running.find(id);
        if (mine != running.end() && mine->second == call) {
            running.erase(mine);
        }
    };
    constexpr bool kIsStream = std::is_same_v<WireRequest, wire::SubscribeTopic> ||
                               std::is_same_v<WireRequest, wire::SubscribeInbox>;
    auto on_end = asio::bind_cancellation_slot(call->cancel.slot(), std::move(ended));
    if constexpr (kIsStream) {
        asio::co_spawn(io, carry_stream(*this, id, std::move(request)), std::move(on_end));
    } else {
        asio::co_spawn(io, carry_unary(*this, id, std::move(request)), std::move(on_end));
    }
}

template <class WireRequest>
asio::awaitable<void> Carrier::State::carry_unary(State& state,
                                                  client::EffectId id,
                                                  WireRequest request) {
    auto message = std::make_shared<typename Rpc<WireRequest>::Request>();
    auto response = std::make_shared<typename Rpc<WireRequest>::Response>();
    encode_request(request, *message);
    CallOptions options = options_for(request, state.timeout);
    CallOutcome outcome = co_await state.client->call(
        std::string(Rpc<WireRequest>::kPath), message, response, std::move(options));
    client::Replied replied{.id = id, .outcome = client::Reason{}, .channel = {}};
    replied.channel = std::move(outcome.channel);
    if (outcome.error.has_value()) {
        replied.outcome = reason_of(*outcome.error);
    } else {
        auto decoded = decode_reply(*response);
        if (!decoded.has_value()) {
            replied.outcome = client::Reason::from(decoded.error());
        } else if constexpr (std::is_constructible_v<client::ReplyBody,
                                                     typename WireRequest::Reply>) {
            replied.outcome = client::ReplyBody(*std::move(decoded));
        }
    }
    state.arrived.emplace_back(std::move(replied));
}

template <class WireRequest>
asio::awaitable<void> Carrier::State::carry_stream(State& state,
                                                   client::EffectId id,
                                                   WireRequest request) {
    auto message = std::make_shared<typename Rpc<WireRequest>::Request>();
    encode_request(request, *message);
    CallOptions options = options_for(request, state.timeout);
    options.tell_timeout = false;  // Only until it is open.
    ConnectClient::OpenedStream opened = co_await state.client->open_stream(
        std::string(Rpc<WireRequest>::kPath), message, std::move(options));
    std::optional<client::Reason> reason;
    if (opened.outcome.error.has_value()) {
        reason = reason_of(*opened.outcome.error);
    } else {
        const auto mine = state.running.find(id);
        if (mine == state.running.end()) {
            co_return;  // Given up while it was being opened.
        }
        mine->second->stream = opened.stream;
        auto response = std::make_shared<typename Rpc<WireRequest>::Response>();
        while (!reason.has_value()) {
            const bool more = co_await opened.stream->next(response);
            if (!more) {
                break;
            }
            auto item = decode_pushed(*response);
            if (item.has_value()) {
                state.arrived.emplace_back(pushed(id, *std::move(item)));
            } else {
                reason = client::Reason::from(item.error());
            }
        }
        const auto& error = opened.stream->outcome().error;
        if (!reason.has_value() && error.has_value()) {
            reason = reason_of(*error);
        }
    }
    if (state.running.contains(id)) {
        state.arrived.emplace_back(client::StreamEnded{.id = id, .reason = std::move(reason)});
    }
}

void Carrier::State::stop_stream(client::EffectId id) {
    const auto found = running.find(id);
    if (found == running.end()) {
        return;
    }
    const std::shared_ptr<Running> call = found->second;
    running.erase(found);
    give_up(call);
    std::erase_if(arrived, [id](const Arrived& what) {
        return std::visit([id](const auto& event) { return event.id == id; }, what);
    });
}

Result<Carrier> Carrier::open(const CarrierOptions& options) {
    ClientSettings settings;
    CHATMCP_TRY(settings.url, parse_server_url(options.url));
    if (settings.url.tls) {
        CHATMCP_TRY(settings.tls, make_client_tls_of(options.ca_file));
    }
    auto state = std::make_unique<State>();
    state->timeout = options.timeout;
    state->client = std::make_shared<ConnectClient>(state->io.get_executor(), std::move(settings));
    if (options.take_signals) {
        state->signals = std::make_unique<asio::signal_set>(state->io, SIGINT, SIGTERM);
        state->signals->async_wait(
            [raw = state.get()](const boost::system::error_code& error, int) {
                if (!error) {
                    raw->interrupted = true;
                    hold_back_signals();
                }
            });
    }
    return Carrier(std::move(state));
}

Carrier::Carrier(std::unique_ptr<State> state) : state_(std::move(state)) {}
Carrier::Carrier(Carrier&&) noexcept = default;
Carrier& Carrier::operator=(Carrier&&) noexcept = default;
Carrier::~Carrier() = default;

void Carrier::carry(client::Request request) {
    auto begin = [state = state_.get(), wanted = std::move(request)]() mutable {
        const client::EffectId id = wanted.id;
        std::visit([state, id](auto& body) { state->start(id, std::move(body)); }, wanted.body);
    };
    asio::post(state_->io, std::move(begin));
}

void Carrier::close(client::EffectId id) {
    asio::post(state_->io, [state = state_.get(), id]() { state->stop_stream(id); });
}

Carrier::Next Carrier::next(milliseconds wait_max) {
    const auto until = steady_clock::now() + wait_max;
    while (true) {
        if (state_->interrupted) {
            return Interrupted{};
        }
        if (!state_->arrived.empty()) {
            Arrived first = std::move(state_->arrived.front());
            state_->arrived.pop_front();
            return first;
        }
        const std::size_t ran = state_->io.run_one_until(until);
        if (ran == 0 && steady_clock::now() >= until) {
            return TimedOut{};
        }
    }
}

std::uint64_t Carrier::bytes_sent() const {
    return state_->client->traffic().sent_bytes;
}

std::uint64_t Carrier::bytes_received() const {
    return state_->client->traffic().received_bytes;
}

}  // namespace chatmcp::net
