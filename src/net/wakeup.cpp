#include "net/wakeup.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

}  // namespace

void Wakeup::notify() {
    if (notified_.exchange(true)) {
        return;
    }
    auto wake = [self = shared_from_this()]() { self->timer_.cancel(); };
    asio::post(timer_.get_executor(), std::move(wake));
}

asio::awaitable<void> Wakeup::wait(std::shared_ptr<Wakeup> self,
                                   std::chrono::milliseconds longest) {
    // A notification from here on posts behind this coroutine's suspension, so it cannot be missed.
    if (self->notified_.exchange(false)) {
        co_return;
    }
    self->timer_.expires_after(longest);
    co_await self->timer_.async_wait(kToken);
    self->notified_.store(false);
}

}  // namespace chatmcp::net
