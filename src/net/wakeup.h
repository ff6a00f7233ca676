#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace chatmcp::net {

/// One coroutine waits, any thread wakes it. Several notifications before the next wait count as
/// one: the waiter looks at the store anyway, so nothing has to be queued for it.
class Wakeup : public std::enable_shared_from_this<Wakeup> {
  public:
    /// `executor`: the waiter's own, which runs one thing at a time.
    explicit Wakeup(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    /// From any thread.
    void notify();
    /// Until notified (also if that was before this call), or for this long.
    [[nodiscard]] static boost::asio::awaitable<void> wait(std::shared_ptr<Wakeup> self,
                                                           std::chrono::milliseconds longest);

  private:
    boost::asio::steady_timer timer_;
    std::atomic<bool> notified_ = false;
};

}  // namespace chatmcp::net
