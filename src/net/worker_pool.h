#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.h"
#include "base/result.h"

namespace chatmcp::net {

/// Threads for work that waits for a disk. The network's threads never do; they hand a function
/// over and suspend the coroutine until it has run.
///
/// A job that has begun runs to its end, also when the caller gave up waiting: a commit to a disk
/// cannot be called back.
class WorkerPool {
  public:
    /// `queue_max`: jobs waiting and running together; above it the newest caller is refused.
    WorkerPool(std::size_t threads, std::size_t queue_max)
        : queue_max_(queue_max), threads_(threads) {}
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    /// Waits for running jobs.
    ~WorkerPool() { threads_.join(); }

    [[nodiscard]] std::size_t in_flight() const { return in_flight_.load(); }

    /// Run `function`, which returns a Result, on one of the threads and come back to the caller's
    /// own executor. Nothing may leave `function` as an exception.
    ///
    /// Errors: resource_exhausted (NET-24): queue_max jobs are in flight; and those of `function`.
    template <class Function>
    [[nodiscard]] auto run(Function function)
        -> boost::asio::awaitable<std::invoke_result_t<Function>> {
        using Outcome = std::invoke_result_t<Function>;
        if (in_flight_.fetch_add(1) >= queue_max_) {
            in_flight_.fetch_sub(1);
            co_return fail(Errc::resource_exhausted, "NET-24");
        }
        auto job = std::make_shared<Job<Function, Outcome>>(*this, std::move(function));
        const Starter<Function, Outcome> starter(job);
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
            starter, boost::asio::use_awaitable);
        std::optional<Outcome>& outcome = job->outcome;
        CHATMCP_CHECK(outcome.has_value());
        co_return *std::move(outcome);
    }

  private:
    template <class Function, class Outcome>
    struct Job {
        Job(WorkerPool& owner, Function f) : pool(owner), function(std::move(f)) {}

        WorkerPool& pool;
        Function function;
        std::optional<Outcome> outcome;
    };

    template <class Function, class Outcome>
    class Starter {
      public:
        explicit Starter(std::shared_ptr<Job<Function, Outcome>> job) : job_(std::move(job)) {}

        template <class Handler>
        void operator()(Handler&& handler) const {
            // Tracked work keeps the caller's io_context running while only this job is left.
            auto executor = boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                                boost::asio::execution::outstanding_work.tracked);
            auto shared = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
            auto run_and_resume = [job = job_, shared, executor]() mutable {
                job->outcome.emplace(job->function());
                job->pool.in_flight_.fetch_sub(1);
                auto resume = [job, shared]() mutable { (*shared)(); };
                boost::asio::post(executor, std::move(resume));
            };
            boost::asio::post(job_->pool.threads_, std::move(run_and_resume));
        }

      private:
        std::shared_ptr<Job<Function, Outcome>> job_;
    };

    std::size_t queue_max_;
    std::atomic<std::size_t> in_flight_ = 0;
    boost::asio::thread_pool threads_;
};

}  // namespace chatmcp::net
