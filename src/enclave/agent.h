#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "assistant/assistant.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "client/door_codec.h"
#include "enclave/configuration.h"
#include "tee/platform.h"
#include "wire/content.h"
#include "wire/delivery.h"
#include "wire/frames.h"

namespace chatmcp::enclave {

// The assistant's side of DESIGN 8 and 9, without descriptors, threads and clock: an event goes in,
// effects come out. One batch of sealed writes per step; it is durable before any request of the
// same step leaves.

/// What a receipt says about the engine, and where this program runs.
struct MeasuredFacts {
    crypto::Sha256Digest weights_root{};
    crypto::Sha256Digest engine_build_digest{};
    crypto::Sha256Digest engine_settings_digest{};
    /// Key of the development root that quotes for us; absent on a real platform.
    std::optional<wire::Ed25519Key> development_root;
};

/// What others can make this enclave keep. One step erases at most all of one companion, which has
/// to fit into one batch (wire::kStoreWritesMax); all state together has to come back through the
/// door at the next start.
struct AgentLimits {
    std::size_t companions_max = 1000;
    std::size_t offers_max = 256;  // Key packages that wait for their Welcome.
    std::size_t questions_waiting_max = 64;
    std::uint64_t copies_max = 50'000;                                   // Of one companion.
    std::uint64_t original_bytes_max = std::uint64_t{16} * 1024 * 1024;  // Of one companion.
    std::size_t state_bytes_max = std::size_t{512} * 1024 * 1024;
};

// ---- Events ----

struct RelayAnswered {
    std::uint64_t request = 0;
    std::uint16_t status = 0;  // As wire::RelayReply.
    Bytes body;
};
struct RelayPushed {
    std::uint64_t request = 0;
    Bytes body;
};
struct RelayEnded {
    std::uint64_t request = 0;
    std::uint16_t status = 0;
};
struct CredentialGiven {
    Bytes credential;
};
struct TimeWentOn {};
struct JobProgressed {
    std::uint64_t job = 0;
    assistant::ProgressEvent progress;
};
struct JobDone {
    std::uint64_t job = 0;
    Result<assistant::Answered> result;
};
struct AgentEvent {
    UnixMs host_time;  // The host's claim.
    std::variant<RelayAnswered,
                 RelayPushed,
                 RelayEnded,
                 CredentialGiven,
                 TimeWentOn,
                 JobProgressed,
                 JobDone>
        what;
};

// ---- Effects ----

struct AgentRequest {
    std::uint64_t id = 0;
    client::DoorRequest body;
};
struct AgentNote {
    wire::LogLine::Severity severity = wire::LogLine::Severity::note;
    const char* check = "";
};
/// A question for the model. One at a time.
struct AnswerJob {
    std::uint64_t id = 0;
    wire::Question question;
    std::vector<assistant::SourceMessage> messages;
    std::int64_t time_max_ms = 0;
};
struct AgentEffects {
    std::vector<wire::StoreBatch::Write> writes;
    std::vector<AgentRequest> requests;
    std::vector<std::uint64_t> cancelled;  // Requests whose answer or stream is wanted no longer.
    std::vector<AgentNote> notes;
    std::optional<AnswerJob> job;
    bool cancel_job = false;  // The running one: nobody may have its answer any more.
};

struct AgentState;

/// The agent. Boot rule (DESIGN 8): own sending keys exist in this object alone, and in a companion
/// that was loaded nothing is encrypted, answered or signed before an Update that this very object
/// staged was accepted.
class Agent {
  public:
    struct Start {
        UnixMs host_time;
        wire::Ed25519Key relay_key{};
        Bytes operator_credential;  // Empty: none yet.
        std::vector<wire::StoredState::Pair> stored;
        AgentLimits limits = {};
    };
    /// `platform` outlives the agent. `effects` are those of the start itself.
    ///
    /// Errors: those of SealedMemory and of the platform; wrong_key (ENC-04) sealed with a
    ///         credential that is not ours.
    [[nodiscard]] static Result<std::unique_ptr<Agent>> start(tee::Platform& platform,
                                                              const Configuration& configuration,
                                                              const MeasuredFacts& facts,
                                                              const Start& start,
                                                              AgentEffects& effects);
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    ~Agent();

    [[nodiscard]] const wire::Ed25519Key& enclave_key() const;
    [[nodiscard]] bool has_credential() const;

    /// An error ends the enclave: what the step changed in memory is unknown, and nothing of it was
    /// handed out. The host starts it again from the last batch. What others send never is an
    /// error, it becomes a note.
    [[nodiscard]] Result<AgentEffects> step(AgentEvent event);

  private:
    explicit Agent(std::unique_ptr<AgentState> state);
    std::unique_ptr<AgentState> state_;
};

}  // namespace chatmcp::enclave
