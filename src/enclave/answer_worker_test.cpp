#include "enclave/answer_worker.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "assistant/scripted_model.h"

namespace chatmcp::enclave {
namespace {

constexpr int kWaitMaxMs = 60'000;

// Writes until it is cancelled, or a word at once.
class Patient final : public assistant::LanguageModel {
  public:
    const assistant::ChatTemplate& chat_template() const override {
        return scripted_.chat_template();
    }
    std::uint32_t context_tokens() const override { return scripted_.context_tokens(); }
    Result<std::uint32_t> count_tokens(const assistant::Segment& segment) override {
        return scripted_.count_tokens(segment);
    }
    Result<assistant::Completion> complete(const assistant::Prompt& prompt,
                                           const assistant::CallOptions& options,
                                           assistant::Progress& progress) override {
        if (waits) {
            const std::int64_t until = progress.steady_ms() + kWaitMaxMs / 4;
            while (!progress.cancelled()) {
                if (progress.steady_ms() > until) {
                    return fail(Errc::deadline_exceeded, "AST-08");
                }
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
            return fail(Errc::cancelled, "AST-07");
        }
        return scripted_.complete(prompt, options, progress);
    }

    std::atomic<bool> waits = true;

  private:
    assistant::testing::ScriptedModel scripted_{
        20'000, [](const assistant::Prompt&) -> Result<std::string> { return "{}"; }};
};

class Worker : public ::testing::Test {
  protected:
    ~Worker() override { ::close(wake_fd); }

    static AnswerJob job(std::uint64_t id) {
        AnswerJob made;
        made.id = id;
        made.question = {wire::Scope::answer, "what"};
        made.messages = {{1, "Person 1", "the word is tulip", {}}};
        made.time_max_ms = kWaitMaxMs;
        return made;
    }
    JobDone next_done() {
        while (true) {
            for (AnswerWorker::News& news : worker.take_news()) {
                if (auto* done = std::get_if<JobDone>(&news)) {
                    return std::move(*done);
                }
            }
            pollfd waiting{.fd = wake_fd, .events = POLLIN, .revents = 0};
            if (::poll(&waiting, 1, kWaitMaxMs) <= 0) {
                return {0, fail(Errc::internal, "AST-09")};
            }
            std::uint64_t raised = 0;
            EXPECT_EQ(::read(wake_fd, &raised, sizeof raised), ssize_t{sizeof raised});
        }
    }

    int wake_fd = ::eventfd(0, EFD_NONBLOCK);
    Patient model;
    AnswerWorker worker{model, wake_fd};
};

// Cancelled at once, most of these jobs were not begun yet.
TEST_F(Worker, AJobThatIsCancelledBeforeItBeganIsCancelled) {
    for (std::uint64_t id = 1; id <= 20; ++id) {
        worker.start(job(id));
        worker.cancel();
        const JobDone done = next_done();
        EXPECT_EQ(done.job, id);
        ASSERT_FALSE(done.result.has_value());
        EXPECT_STREQ(done.result.error().check, "AST-07");
    }
}

TEST_F(Worker, TheJobAfterACancelledOneIsNotCancelled) {
    worker.start(job(1));
    worker.cancel();
    EXPECT_FALSE(next_done().result.has_value());
    model.waits = false;
    worker.start(job(2));
    const JobDone done = next_done();
    EXPECT_EQ(done.job, 2u);
    EXPECT_TRUE(done.result.has_value());
}

TEST_F(Worker, AnEndDoesNotWaitForAnAnswer) {
    worker.start(job(1));
    // The destructor has to come back; the test's own time limit says so.
}

}  // namespace
}  // namespace chatmcp::enclave
