#include "cli/session.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "cli/lookup.h"

namespace chatmcp::cli {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

/// Between two looks at the time while a stream is open.
constexpr milliseconds kSliceMax{1000};
constexpr milliseconds kSliceMin{5};
/// A request's own time-out comes first, so that its reason is known.
constexpr std::chrono::seconds kAnswerMargin{2};
/// Keeps arithmetic on "for ever" from overflowing.
constexpr std::chrono::hours kForeverMargin{24};

/// How long to wait for the network before the client looks at the time again.
milliseconds until(const std::optional<UnixMs>& wake_at) {
    if (!wake_at.has_value()) {
        return kSliceMax;
    }
    return std::clamp(
        milliseconds(wake_at->value - SystemClock().now().value), kSliceMin, kSliceMax);
}

/// The relay answered that it cannot take this now: asked again until the time is over.
bool is_busy(Errc code) {
    return code == Errc::resource_exhausted || code == Errc::rate_limited;
}

}  // namespace

/// When a pump of steps ends.
struct Session::Wait {
    SteadyClock::time_point until;
    std::optional<client::IntentId> intent;  // Ends when this one is decided.
    bool until_idle = false;                 // Ends when nothing is under way.
    bool until_unreachable = false;          // Ends when the relay does not answer.
    const OnNotice* on_notice = nullptr;
    milliseconds slice = kSliceMax;  // When time alone may change something.

    bool done = false;
    std::optional<client::IntentView> decided;
    std::optional<client::Reason> unreachable;
};

Result<Session> Session::open(Home& home, const GlobalOptions& options) {
    if (home.node().empty()) {
        return fail(Errc::invalid_argument, "CLI-05");
    }
    const auto timeout = milliseconds(static_cast<std::int64_t>(options.timeout_seconds * 1000));
    net::CarrierOptions carrier_options;
    carrier_options.url = home.node();
    carrier_options.ca_file = home.ca();
    carrier_options.timeout = timeout;
    CHATMCP_TRY(auto carrier, net::Carrier::open(carrier_options));
    return Session(home, std::move(carrier), timeout);
}

Result<Session::Step> Session::step(decltype(client::Event::what) what) {
    client::Event event{SystemClock().now(), std::move(what)};
    CHATMCP_TRY(auto effects, home_->transact<client::Effects>([&](Transaction& transaction) {
        return home_->client().step(transaction, event);
    }));
    // Only what is durable may leave.
    for (client::Request& request : effects.requests) {
        carrier_.carry(std::move(request));
    }
    for (const client::EffectId id : effects.closed) {
        carrier_.close(id);
    }
    return Step{std::move(effects.notices), effects.intent};
}

Result<void> Session::pump(Wait& wait, const Step& first) {
    const auto look = [&](const std::vector<client::Notice>& notices) {
        for (const client::Notice& notice : notices) {
            if (const auto* changed = std::get_if<client::IntentChanged>(&notice);
                changed != nullptr && wait.intent == changed->intent.id &&
                changed->intent.state != client::IntentState::pending) {
                wait.decided = changed->intent;
                wait.done = true;
            }
            if (const auto* unreachable = std::get_if<client::Unreachable>(&notice)) {
                wait.unreachable = unreachable->reason;
                wait.done =
                    wait.done || (wait.until_unreachable && !is_busy(unreachable->reason.code));
            }
            if (const auto* idle = std::get_if<client::Idle>(&notice)) {
                wait.done = wait.done || wait.until_idle;
                wait.slice = cli::until(idle->wake_at);
            }
            if (wait.on_notice != nullptr && *wait.on_notice && (*wait.on_notice)(notice)) {
                wait.done = true;
            }
        }
    };
    look(first.notices);
    while (!wait.done) {
        const auto left = std::chrono::duration_cast<milliseconds>(wait.until - SteadyClock::now());
        if (left.count() <= 0) {
            return fail(Errc::deadline_exceeded, "CLI-07");
        }
        auto next = carrier_.next(std::min(left, wait.slice));
        if (std::holds_alternative<net::Carrier::Interrupted>(next)) {
            return fail(Errc::cancelled, "CLI-06");
        }
        if (std::holds_alternative<net::Carrier::TimedOut>(next)) {
            CHATMCP_TRY(const Step ticked, step(client::Tick{}));
            look(ticked.notices);
            continue;
        }
        auto what = std::visit(
            []<class T>(T&& arrived) -> decltype(client::Event::what) {
                return std::forward<T>(arrived);
            },
            std::get<net::Carrier::Arrived>(std::move(next)));
        CHATMCP_TRY(const Step stepped, step(std::move(what)));
        look(stepped.notices);
    }
    return {};
}

Result<std::optional<client::IntentView>> Session::run(client::Command command,
                                                       const OnNotice& on_notice) {
    CHATMCP_TRY(const Step first, step(std::move(command)));
    Wait wait;
    wait.until = SteadyClock::now() + timeout_ + kAnswerMargin;
    wait.intent = first.intent;
    wait.until_idle = !first.intent.has_value();
    wait.until_unreachable = true;
    wait.on_notice = &on_notice;
    const auto pumped = pump(wait, first);
    // Why is more to the point than late.
    const bool is_late = !pumped.has_value() && pumped.error().code == Errc::deadline_exceeded;
    if (wait.unreachable && !wait.decided && (pumped.has_value() || is_late)) {
        return is_busy(wait.unreachable->code) ? refused_as(*wait.unreachable)
                                               : fail(Errc::unavailable, "CLI-07");
    }
    CHATMCP_TRY_VOID(pumped);
    return wait.decided;
}

Result<void> Session::synchronise(std::optional<client::ChatId> chat) {
    const auto done = run(client::Synchronise{chat});
    // An own message that the relay has no room for keeps nobody from reading.
    const bool is_done = done.has_value() || done.error().code == Errc::resource_exhausted;
    return is_done ? Result<void>() : fail(done.error());
}

Result<void> Session::follow(std::optional<client::ChatId> chat,
                             std::optional<std::chrono::milliseconds> for_ms,
                             const OnNotice& on_notice) {
    CHATMCP_TRY(const Step first, step(client::Follow{true, chat}));
    const auto until =
        for_ms ? SteadyClock::now() + *for_ms : SteadyClock::time_point::max() - kForeverMargin;
    // A relay that is away for a while does not end a follow: the client says when it tries again.
    Wait wait;
    wait.until = until;
    wait.on_notice = &on_notice;
    const auto pumped = pump(wait, first);
    if (!pumped.has_value() && pumped.error().code != Errc::cancelled &&
        pumped.error().code != Errc::deadline_exceeded) {
        return fail(pumped.error());
    }
    return {};
}

}  // namespace chatmcp::cli
