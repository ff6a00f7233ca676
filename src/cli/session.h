#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"
#include "cli/home.h"
#include "client/effect.h"
#include "net/carrier.h"

namespace chatmcp::cli {

/// Carries one command's work between home and relay: commit a step, then carry its requests, feed
/// back what arrives.
class Session {
  public:
    /// Called for every notice, after its step was committed. Return true to end the session.
    using OnNotice = std::function<bool(const client::Notice&)>;

    /// Errors: invalid_argument (CLI-05) no relay is known.
    [[nodiscard]] static Result<Session> open(Home& home, const GlobalOptions& options);

    /// Do `command` and wait until its intent is decided (or, without an intent, until all is
    /// done).
    ///
    /// Errors: deadline_exceeded (CLI-07) the time of --timeout is over, unavailable (CLI-07) the
    ///         relay did not answer, resource_exhausted or rate_limited (the relay's row) it was
    ///         full or busy all the time; what was begun stays pending and goes on with the next
    ///         command.
    [[nodiscard]] Result<std::optional<client::IntentView>> run(client::Command command,
                                                                const OnNotice& on_notice = {});
    /// Take up what waits and read what is new.
    [[nodiscard]] Result<void> synchronise(std::optional<client::ChatId> chat = std::nullopt);
    /// Until interrupted, or for so long.
    [[nodiscard]] Result<void> follow(std::optional<client::ChatId> chat,
                                      std::optional<std::chrono::milliseconds> for_ms,
                                      const OnNotice& on_notice);

    [[nodiscard]] const net::Carrier& carrier() const { return carrier_; }

  private:
    Session(Home& home, net::Carrier carrier, std::chrono::milliseconds timeout)
        : home_(&home), carrier_(std::move(carrier)), timeout_(timeout) {}

    struct Step {
        std::vector<client::Notice> notices;
        std::optional<client::IntentId> intent;
    };
    [[nodiscard]] Result<Step> step(decltype(client::Event::what) what);
    struct Wait;
    [[nodiscard]] Result<void> pump(Wait& wait, const Step& first);

    Home* home_;
    net::Carrier carrier_;
    std::chrono::milliseconds timeout_;
};

}  // namespace chatmcp::cli
