#include "enclave/answer_worker.h"

#include <chrono>
#include <utility>

#include <unistd.h>

namespace chatmcp::enclave {
namespace {

std::int64_t steady_now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

class AnswerWorker::Reporter final : public assistant::Progress {
  public:
    Reporter(AnswerWorker& worker, std::uint64_t job) : worker_(worker), job_(job) {}
    std::int64_t steady_ms() override { return steady_now_ms(); }
    bool cancelled() override { return job_ <= worker_.cancelled_up_to_.load(); }
    void report(const assistant::ProgressEvent& event) override {
        constexpr std::int64_t kEveryMs = 250;
        const std::int64_t now = steady_ms();
        if (now - last_ms_ >= kEveryMs) {
            last_ms_ = now;
            worker_.tell(JobProgressed{job_, event});
        }
    }

  private:
    AnswerWorker& worker_;
    std::uint64_t job_;
    std::int64_t last_ms_ = 0;
};

AnswerWorker::AnswerWorker(assistant::LanguageModel& model, int wake_fd)
    : model_(model), wake_fd_(wake_fd), thread_([this] { run(); }) {}

AnswerWorker::~AnswerWorker() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        cancelled_up_to_ = UINT64_MAX;
    }
    wanted_.notify_one();
    thread_.join();
}

void AnswerWorker::start(AnswerJob job) {
    {
        const std::lock_guard lock(mutex_);
        newest_ = job.id;
        jobs_.push_back(std::move(job));
    }
    wanted_.notify_one();
}

void AnswerWorker::cancel() {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
        cancelled_up_to_ = newest_;
    }
}

std::vector<AnswerWorker::News> AnswerWorker::take_news() {
    const std::lock_guard lock(mutex_);
    std::vector<News> news(std::make_move_iterator(news_.begin()),
                           std::make_move_iterator(news_.end()));
    news_.clear();
    return news;
}

void AnswerWorker::tell(News news) {
    {
        const std::lock_guard lock(mutex_);
        if (!news_.empty() && std::holds_alternative<JobProgressed>(news_.back())) {
            news_.pop_back();
        }
        news_.push_back(std::move(news));
    }
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake_fd_, &one, sizeof one) == sizeof one);
}

void AnswerWorker::run() {
    while (true) {
        std::optional<AnswerJob> job;
        {
            std::unique_lock lock(mutex_);
            wanted_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) {
                return;
            }
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        // Nothing is kept between two answers: each has an Assistant of its own, and the engine
        // starts every call from an empty context.
        assistant::Assistant assistant(model_);
        Reporter reporter(*this, job->id);
        auto result = assistant.answer(
            job->question, job->messages, steady_now_ms() + job->time_max_ms, reporter);
        tell(JobDone{job->id, std::move(result)});
    }
}

}  // namespace chatmcp::enclave
