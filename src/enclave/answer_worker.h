#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "assistant/assistant.h"
#include "enclave/agent.h"

namespace chatmcp::enclave {

/// The one thread that runs the model, so that the door is answered while it writes.
class AnswerWorker {
  public:
    using News = std::variant<JobProgressed, JobDone>;

    /// `wake_fd`: an eventfd that is raised when there is news. `model` outlives the worker.
    AnswerWorker(assistant::LanguageModel& model, int wake_fd);
    AnswerWorker(const AnswerWorker&) = delete;
    AnswerWorker& operator=(const AnswerWorker&) = delete;
    ~AnswerWorker();

    void start(AnswerJob job);
    /// Jobs that were started before end soon with `cancelled`, also one that still waits.
    void cancel();
    /// What happened since the last call; of progress the newest alone.
    [[nodiscard]] std::vector<News> take_news();

  private:
    class Reporter;
    void run();
    void tell(News news);

    assistant::LanguageModel& model_;
    int wake_fd_;
    std::mutex mutex_;
    std::condition_variable wanted_;
    std::deque<AnswerJob> jobs_;  // Guarded by mutex_.
    std::deque<News> news_;       // Guarded by mutex_.
    std::uint64_t newest_ = 0;    // Guarded by mutex_. Numbers of jobs rise.
    bool stopping_ = false;       // Guarded by mutex_.
    std::atomic<std::uint64_t> cancelled_up_to_ = 0;
    std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace chatmcp::enclave
