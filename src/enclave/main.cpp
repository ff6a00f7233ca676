// chatmcp-enclave: the measured program. It sees the descriptors that the launcher gives
// (tee/simulated_platform.h) and nothing else.

#include <array>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "enclave/agent.h"
#include "enclave/answer_worker.h"
#include "enclave/replay.h"
#include "tee/process.h"
#include "tee/simulated_platform.h"
#include "wire/cmw.h"
#include "wire/frames.h"
#include "wire/tls.h"

namespace chatmcp::enclave {
namespace {

constexpr int kFailed = 4;
constexpr std::size_t kReadBlockBytes = std::size_t{256} * 1024;
constexpr std::size_t kStoredBytesMax = std::size_t{1024} * 1024 * 1024;

/// The enclave's end of the door. Nothing of it blocks but `wait`.
class Door {
  public:
    explicit Door(int fd) : fd_(fd) {}

    void send(const wire::EnclaveFrame& frame) { append(out_, wire::encode_frame(frame)); }
    [[nodiscard]] Result<std::optional<Bytes>> next() { return frames_.next(); }

    /// Wait until something came in or `wake_fd` was raised, writing meanwhile. False: the door was
    /// closed.
    [[nodiscard]] bool wait(int wake_fd) {
        std::array<pollfd, 2> waiting{{{.fd = fd_, .events = POLLIN, .revents = 0},
                                       {.fd = wake_fd, .events = POLLIN, .revents = 0}}};
        if (!out_.empty()) {
            waiting[0].events = POLLIN | POLLOUT;
        }
        if (::poll(waiting.data(), waiting.size(), -1) < 0) {
            return errno == EINTR;
        }
        if (waiting[1].revents != 0) {
            std::uint64_t raised = 0;
            static_cast<void>(::read(wake_fd, &raised, sizeof raised) == sizeof raised);
        }
        if ((waiting[0].revents & POLLOUT) != 0 && !write_some()) {
            return false;
        }
        return (waiting[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0 || read_some();
    }
    /// Write what is left, for the farewell.
    void flush() {
        while (!out_.empty()) {
            pollfd waiting{.fd = fd_, .events = POLLOUT, .revents = 0};
            constexpr int kFarewellMs = 1000;
            if (::poll(&waiting, 1, kFarewellMs) <= 0 || !write_some()) {
                return;
            }
        }
    }

  private:
    bool write_some() {
        const ssize_t written = ::write(fd_, out_.data(), out_.size());
        if (written < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        out_.erase(out_.begin(), out_.begin() + written);
        return true;
    }
    bool read_some() {
        Bytes block(kReadBlockBytes);
        const ssize_t received = ::read(fd_, block.data(), block.size());
        if (received < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        frames_.push(ByteView(block).first(static_cast<std::size_t>(received)));
        return received > 0;
    }

    int fd_;
    Bytes out_;
    wire::FrameAssembler frames_;
};

/// From the first frame to the last.
class Enclave {
  public:
    Enclave(tee::Platform& platform,
            const Configuration& configuration,
            const MeasuredFacts& facts,
            AnswerWorker& worker,
            Door& door)
        : platform_(platform),
          configuration_(configuration),
          facts_(facts),
          worker_(worker),
          door_(door) {}

    /// False: the host asked to stop.
    [[nodiscard]] Result<bool> take(wire::HostFrame frame) {
        if (std::holds_alternative<wire::Stop>(frame)) {
            return false;
        }
        if (agent_ == nullptr) {
            CHATMCP_TRY_VOID(before_start(std::move(frame)));
            return true;
        }
        std::optional<AgentEvent> event = event_of(std::move(frame));
        if (event.has_value()) {
            CHATMCP_TRY_VOID(step(*std::move(event)));
        }
        return true;
    }

    [[nodiscard]] Result<void> news() {
        for (AnswerWorker::News& news : worker_.take_news()) {
            AgentEvent event{host_time_, TimeWentOn{}};
            std::visit([&](auto& what) { event.what = std::move(what); }, news);
            if (agent_ != nullptr) {
                CHATMCP_TRY_VOID(step(std::move(event)));
            }
        }
        return {};
    }

  private:
    Result<void> before_start(wire::HostFrame frame) {
        if (auto* state = std::get_if<wire::StoredState>(&frame)) {
            for (wire::StoredState::Pair& pair : state->pairs) {
                stored_bytes_ += pair.value.size();
                if (stored_bytes_ > kStoredBytesMax) {
                    return fail(Errc::too_large, "ENC-05");
                }
                stored_.push_back(std::move(pair));
            }
            return {};
        }
        auto* start = std::get_if<wire::Start>(&frame);
        if (start == nullptr) {
            return fail(Errc::malformed, "ENC-05");
        }
        host_time_ = start->host_time;
        AgentEffects effects;
        CHATMCP_TRY(agent_,
                    Agent::start(platform_,
                                 configuration_,
                                 facts_,
                                 {.host_time = start->host_time,
                                  .relay_key = start->relay_key,
                                  .operator_credential = std::move(start->operator_credential),
                                  .stored = std::move(stored_)},
                                 effects));
        stored_.clear();
        const tee::PlatformFacts& platform = platform_.facts();
        // Its key is durable before anybody hears of it.
        send_writes(effects);
        door_.send(wire::Started{agent_->enclave_key(),
                                 platform.measurement,
                                 platform.configuration_digest,
                                 agent_->has_credential()});
        carry_out(std::move(effects));
        return {};
    }

    std::optional<AgentEvent> event_of(wire::HostFrame frame) {
        AgentEvent event{host_time_, TimeWentOn{}};
        if (auto* tick = std::get_if<wire::Tick>(&frame)) {
            host_time_ = tick->host_time;
            event.host_time = tick->host_time;
        } else if (auto* credential = std::get_if<wire::OperatorCredential>(&frame)) {
            event.what = CredentialGiven{std::move(credential->credential)};
        } else if (auto* reply = std::get_if<wire::RelayReply>(&frame)) {
            event.what = RelayAnswered{reply->request, reply->status, std::move(reply->body)};
        } else if (auto* push = std::get_if<wire::RelayPush>(&frame)) {
            event.what = RelayPushed{push->request, std::move(push->body)};
        } else if (auto* end = std::get_if<wire::RelayEnd>(&frame)) {
            event.what = RelayEnded{end->request, end->status};
        } else {
            return std::nullopt;  // StoreDone: frames keep their order, so nothing waits for it.
        }
        return event;
    }

    Result<void> step(AgentEvent event) {
        CHATMCP_TRY(AgentEffects effects, agent_->step(std::move(event)));
        send_writes(effects);
        carry_out(std::move(effects));
        return {};
    }

    void send_writes(AgentEffects& effects) {
        if (!effects.writes.empty()) {
            door_.send(wire::StoreBatch{++batch_, std::exchange(effects.writes, {})});
        }
    }

    void carry_out(AgentEffects effects) {
        for (const AgentRequest& request : effects.requests) {
            door_.send(wire::RelayRequest{request.id,
                                          client::door_method(request.body),
                                          client::door_topic(request.body),
                                          client::encode_door_request(request.body)});
        }
        for (const std::uint64_t request : effects.cancelled) {
            door_.send(wire::RelayCancel{request});
        }
        for (const AgentNote& note : effects.notes) {
            door_.send(wire::LogLine{note.severity, note.check, 1});
        }
        if (effects.cancel_job) {
            worker_.cancel();
        }
        if (effects.job.has_value()) {
            worker_.start(*std::move(effects.job));
        }
    }

    tee::Platform& platform_;
    const Configuration& configuration_;
    const MeasuredFacts& facts_;
    AnswerWorker& worker_;
    Door& door_;
    std::unique_ptr<Agent> agent_;
    std::vector<wire::StoredState::Pair> stored_;
    std::size_t stored_bytes_ = 0;
    std::uint64_t batch_ = 0;
    UnixMs host_time_;
};

Result<void> serve(Enclave& enclave, Door& door, int wake_fd) {
    while (true) {
        CHATMCP_TRY(auto payload, door.next());
        if (payload.has_value()) {
            auto frame = wire::decode_host_frame(*payload);
            if (!frame.has_value()) {
                // The next frame can still be told apart from it, and there is more than this host
                // to think of.
                door.send(wire::LogLine{wire::LogLine::Severity::error, frame.error().check, 1});
                continue;
            }
            CHATMCP_TRY(const bool go_on, enclave.take(*std::move(frame)));
            if (!go_on) {
                return {};
            }
            continue;
        }
        CHATMCP_TRY_VOID(enclave.news());
        if (!door.wait(wake_fd)) {
            return {};
        }
    }
}

// What the launcher measured, in its own words: a quote that is for nobody else.
Result<MeasuredFacts> measured_facts(tee::Platform& platform, const assistant::Engine& engine) {
    CHATMCP_TRY(const Bytes evidence, platform.evidence(wire::ReportData{}));
    CHATMCP_TRY(const auto message, wire::decode_cmw(evidence));
    CHATMCP_TRY(const auto quote, wire::decode<wire::SimulatedQuote>(message.value));
    const EngineDigests digests = digests_of(engine);
    return MeasuredFacts{.weights_root = quote.digests.model,
                         .engine_build_digest = digests.build,
                         .engine_settings_digest = digests.settings,
                         .development_root = quote.root_key};
}

Result<void> run(Door& door) {
    // The door first: without one the next descriptor that is made would get its number.
    const int flags = ::fcntl(tee::kDoorFd, F_GETFL);                            // NOLINT(*-vararg)
    if (flags < 0 || ::fcntl(tee::kDoorFd, F_SETFL, flags | O_NONBLOCK) != 0) {  // NOLINT(*-vararg)
        return fail(Errc::io, "ENC-30");
    }
    const int wake_fd = ::eventfd(0, EFD_NONBLOCK);
    if (wake_fd < 0) {
        return fail(Errc::io, "ENC-30");
    }
    CHATMCP_TRY_VOID(tee::harden_process());
    CHATMCP_TRY_VOID(tee::check_sealed(tee::kModelFd));
    CHATMCP_TRY(const Bytes json,
                tee::read_sealed(tee::kConfigurationFd, Configuration::kMaxBytes));
    CHATMCP_TRY(const Configuration configuration, read_configuration(json));
    CHATMCP_TRY(const auto platform, tee::SimulatedPlatform::connect(tee::kQuotingFd));
    CHATMCP_TRY(const auto engine,
                assistant::Engine::load(
                    tee::kModelFd, {.threads = 0, .context_tokens = configuration.context_tokens}));
    CHATMCP_TRY(const MeasuredFacts facts, measured_facts(*platform, *engine));
    AnswerWorker worker(*engine, wake_fd);
    Enclave enclave(*platform, configuration, facts, worker, door);
    return serve(enclave, door, wake_fd);
}

int main_program(int argc, char** argv) {
    if (argc == 4 && std::string_view(argv[1]) == "--replay") {
        const auto replayed = replay(argv[2], argv[3]);
        if (!replayed.has_value()) {
            static_cast<void>(
                std::fprintf(stderr, "chatmcp-enclave: %s\n", replayed.error().check));
            return kFailed;
        }
        return 0;
    }
    Door door(tee::kDoorFd);
    const auto ended = run(door);
    door.send(wire::Stopped{ended.has_value() ? "" : ended.error().check});
    door.flush();
    if (!ended.has_value()) {
        // For who starts it by hand; in the sandbox this is /dev/null.
        static_cast<void>(std::fprintf(stderr, "chatmcp-enclave: %s\n", ended.error().check));
    }
    return ended.has_value() ? 0 : kFailed;
}

}  // namespace
}  // namespace chatmcp::enclave

// An exception (no memory) ends the enclave, as it should.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
    return chatmcp::enclave::main_program(argc, argv);
}
