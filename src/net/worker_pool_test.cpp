#include "net/worker_pool.h"

#include <future>
#include <thread>

#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "net/net_testing.h"
#include "net/wakeup.h"

namespace chatmcp::net {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

struct Square {
    int of = 0;
    Result<int> operator()() const { return of * of; }
};

struct WaitFor {
    std::shared_future<void> open;
    Result<int> operator()() const {
        open.wait();
        return 1;
    }
};

asio::awaitable<bool> runs_elsewhere_and_comes_back(WorkerPool& pool) {
    const auto before = std::this_thread::get_id();
    auto where = []() -> Result<std::thread::id> { return std::this_thread::get_id(); };
    const auto there = co_await pool.run(std::move(where));
    co_return there.has_value() && *there != before&& std::this_thread::get_id() == before;
}

TEST(WorkerPool, RunsOnItsOwnThreadAndComesBackToTheCallers) {
    testing::IoThreads threads(1);
    WorkerPool pool(2, 10);
    EXPECT_TRUE(threads.run(runs_elsewhere_and_comes_back(pool)));
    EXPECT_EQ(*threads.run(pool.run(Square{7})), 49);
    EXPECT_EQ(pool.in_flight(), 0u);
}

TEST(WorkerPool, AJobAboveTheLimitIsRefusedAndTheOthersGoOn) {
    testing::IoThreads threads(1);
    WorkerPool pool(1, 2);
    std::promise<void> gate;
    const WaitFor job{gate.get_future().share()};
    auto running = asio::co_spawn(threads.io(), pool.run(job), asio::use_future);
    auto queued = asio::co_spawn(threads.io(), pool.run(job), asio::use_future);
    const Result<int> refused = threads.run(pool.run(job));
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "NET-24");
    EXPECT_EQ(refused.error().code, Errc::resource_exhausted);
    gate.set_value();
    EXPECT_EQ(*running.get(), 1);
    EXPECT_EQ(*queued.get(), 1);
}

TEST(Wakeup, ANotificationBeforeOrDuringTheWaitEndsIt) {
    testing::IoThreads threads(1);
    const auto wakeup = std::make_shared<Wakeup>(threads.io().get_executor());
    wakeup->notify();
    wakeup->notify();
    asio::co_spawn(threads.io(), Wakeup::wait(wakeup, 1h), asio::use_future).get();
    auto waiting = asio::co_spawn(threads.io(), Wakeup::wait(wakeup, 1h), asio::use_future);
    EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
    wakeup->notify();
    waiting.get();
    asio::co_spawn(threads.io(), Wakeup::wait(wakeup, 1ms), asio::use_future).get();
}

}  // namespace
}  // namespace chatmcp::net
