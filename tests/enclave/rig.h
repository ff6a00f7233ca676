#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/world.h"
#include "crypto/kdf.h"
#include "enclave/agent.h"
#include "tee/platform.h"
#include "wire/evidence.h"

namespace chatmcp::testing {

/// The simulated platform inside a test: quotes by a root of its own, sealing keys of one machine.
class RigPlatform final : public tee::Platform {
  public:
    RigPlatform(World& world, crypto::SigningKey root);
    Result<Bytes> evidence(const wire::ReportData& report_data) override;
    Result<SecretBytes> sealing_key(ByteView context) override;
    crypto::Random& random() override { return world_.random; }
    const tee::PlatformFacts& facts() const override { return facts_; }
    [[nodiscard]] const crypto::SigningKey& root() const { return root_; }
    [[nodiscard]] const wire::MeasuredDigests& digests() const { return digests_; }

  private:
    World& world_;
    crypto::SigningKey root_;
    wire::MeasuredDigests digests_;
    tee::PlatformFacts facts_;
};

/// What a host keeps of an enclave.
using Stored = std::map<Bytes, Bytes, BytesLess>;

/// What a stream brings, encoded, on its way through the host.
struct Pushed {
    std::uint64_t request = 0;  // That opened the stream.
    bool inbox = false;
    Bytes body;
};

/// One enclave with a host that carries its requests to the relay and keeps its batches, all in
/// this thread. The model is a function.
class EnclaveRig {
  public:
    explicit EnclaveRig(World& world);
    /// A second enclave started from what this one has stored now, or from an older state.
    EnclaveRig(const EnclaveRig& other, Stored from);
    /// The credential of its operator's wallet.
    [[nodiscard]] Bytes credential(const crypto::SigningKey& wallet) const;

    /// Begin, or begin again from what is stored: everything in the enclave's memory is gone.
    Result<void> start();
    void sign_in();
    /// Carry requests, pushes, jobs and time until nothing moves.
    void serve();
    void tick();

    [[nodiscard]] wire::Ed25519Key enclave_key() const { return agent->enclave_key(); }
    [[nodiscard]] const wire::Ed25519Key& root_key() const {
        return platform_->root().public_key();
    }
    [[nodiscard]] wire::Digest root_fingerprint() const;
    [[nodiscard]] std::size_t noted(std::string_view check) const;

    /// Something from the host, whatever it is. Fails the test if it ends the enclave.
    void hear(decltype(enclave::AgentEvent::what) what);
    /// Everything again that the host has said in this run, in that order.
    void hear_all_again();

    std::unique_ptr<enclave::Agent> agent;
    Stored stored;
    std::vector<Stored> seals;  // What was stored after each batch, oldest first.
    enclave::AgentLimits limits;
    std::vector<std::string> notes;
    std::vector<wire::PublishMessage> published;  // Every message that left.
    std::vector<wire::SendInbox> replies;         // Every key package that left.
    std::vector<enclave::AnswerJob> jobs;         // Every question that reached the model.
    /// What the model makes of a job.
    std::function<Result<assistant::Answered>(const enclave::AnswerJob&)> model;
    /// Before the relay sees a request; false: the host withholds it.
    std::function<bool(const client::DoorRequest&)> carry;
    std::uint64_t carrying = 0;  // The number of the request that `carry` is shown.
    /// Before the enclave sees an envelope or inbox item; false: the host withholds it.
    std::function<bool(Pushed&)> push;
    bool hold_jobs = false;    // The model takes its time.
    std::int64_t skew_ms = 0;  // The host's clock.

  private:
    struct Stream {
        std::uint64_t request = 0;
        std::optional<relay::TopicStream> topic;
        std::optional<relay::InboxStream> inbox;
    };
    Result<void> take(enclave::AgentEffects effects);
    void step(decltype(enclave::AgentEvent::what) what);
    bool carry_one();
    bool push_streams();
    bool push_topic(Stream& stream);
    bool push_inbox(Stream& stream);
    void push_one(std::uint64_t request, bool inbox, Bytes body);
    void close(std::uint64_t request, std::uint16_t status);
    bool run_job();
    void answer(std::uint64_t id, const client::DoorRequest& request);
    [[nodiscard]] UnixMs host_time() const;

    World& world_;
    std::shared_ptr<RigPlatform> platform_;
    crypto::SigningKey wallet_;
    std::vector<enclave::AgentRequest> queue_;
    std::vector<Stream> streams_;
    std::vector<enclave::AnswerJob> waiting_;
    std::vector<decltype(enclave::AgentEvent::what)> heard_;
};

}  // namespace chatmcp::testing
