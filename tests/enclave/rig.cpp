#include "enclave/rig.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "base/check.h"
#include "identity/credential.h"
#include "identity/wallet_file.h"
#include "wire/cmw.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {
namespace {

const Bytes kChannel = to_bytes(as_bytes("http://127.0.0.1:1"));
const relay::Peer kPeer{.source = to_bytes(as_bytes("enclave host")), .channel = kChannel};

Result<assistant::Answered> repeat_all(const enclave::AnswerJob& job) {
    if (job.messages.empty()) {
        return fail(Errc::not_found, "AST-17");
    }
    assistant::Answered answered;
    for (const assistant::SourceMessage& message : job.messages) {
        answered.answer.text += message.text + " ";
        answered.answer.rests_on.push_back(message.id);
        answered.inputs.push_back(message.id);
    }
    answered.calls.emplace_back(to_bytes(as_bytes(job.question.text)),
                                to_bytes(as_bytes(answered.answer.text)));
    return answered;
}

}  // namespace

RigPlatform::RigPlatform(World& world, crypto::SigningKey root)
    : world_(world), root_(std::move(root)) {
    digests_.program.fill(0x21);
    digests_.model.fill(0x22);
    digests_.configuration.fill(0x23);
    digests_.command_line = wire::command_line_digest({});
    facts_.name = "simulated";
    facts_.measurement = wire::measurement_of(digests_);
    facts_.configuration_digest = digests_.configuration;
    facts_.has_sealing_key = true;
}

Result<Bytes> RigPlatform::evidence(const wire::ReportData& report_data) {
    wire::SimulatedQuote quote;
    quote.digests = digests_;
    quote.measurement = facts_.measurement;
    quote.report_data = report_data;
    quote.issued = world_.clock.now();
    quote.sandbox_layers = (std::uint32_t{1} << wire::kSandboxLayers) - 1;
    quote.root_key = root_.public_key();
    quote.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(root_, quote));
    return wire::encode_cmw({.media_type = std::string(wire::SimulatedQuote::kMediaType),
                             .value = wire::encode(quote),
                             .indicator = wire::ConceptualMessage::kEvidence});
}

Result<SecretBytes> RigPlatform::sealing_key(ByteView context) {
    return crypto::hkdf_expand(
        crypto::HashId::sha256,
        crypto::hkdf_extract(crypto::HashId::sha256, facts_.measurement, root_.seed()).view(),
        context,
        32);
}

EnclaveRig::EnclaveRig(World& world)
    : model(repeat_all),
      world_(world),
      platform_(std::make_shared<RigPlatform>(world, crypto::SigningKey::generate(world.random))),
      wallet_(crypto::SigningKey::generate(world.random)) {}

EnclaveRig::EnclaveRig(const EnclaveRig& other, Stored from)
    : stored(std::move(from)),
      model(repeat_all),
      world_(other.world_),
      platform_(other.platform_),
      wallet_(other.wallet_.clone()) {}

UnixMs EnclaveRig::host_time() const {
    return world_.clock.now().plus_ms(skew_ms);
}

wire::Digest EnclaveRig::root_fingerprint() const {
    return wire::root_fingerprint(platform_->root().public_key());
}

std::size_t EnclaveRig::noted(std::string_view check) const {
    return static_cast<std::size_t>(std::ranges::count(notes, check));
}

Result<void> EnclaveRig::start() {
    queue_.clear();
    streams_.clear();
    waiting_.clear();
    heard_.clear();
    agent.reset();
    enclave::Configuration configuration{
        .name = "test", .scopes = {1}, .context_tokens = 4096, .answer_seconds_max = 60};
    enclave::MeasuredFacts facts;
    facts.weights_root = platform_->digests().model;
    facts.development_root = platform_->root().public_key();
    enclave::Agent::Start start{.host_time = host_time(),
                                .relay_key = world_.relay.public_key(),
                                .operator_credential = {},
                                .stored = {},
                                .limits = limits};
    for (const auto& [key, value] : stored) {
        start.stored.push_back({key, value});
    }
    enclave::AgentEffects effects;
    CHATMCP_TRY(agent, enclave::Agent::start(*platform_, configuration, facts, start, effects));
    return take(std::move(effects));
}

Bytes EnclaveRig::credential(const crypto::SigningKey& wallet) const {
    identity::AgentCredential credential;
    credential.measurement = platform_->facts().measurement;
    credential.configuration_digest = platform_->facts().configuration_digest;
    credential.enclave_key = agent->enclave_key();
    credential.operator_account = identity::Caip10::from_solana_key(wallet.public_key());
    credential.domain = "terminal.chatmcp";
    const UnixMs now = world_.clock.now();
    credential.issued_at_s = static_cast<std::uint64_t>(now.seconds());
    credential.expires_at_s = static_cast<std::uint64_t>(now.plus_ms(300 * kDayMs).seconds());
    credential.signature = identity::sign_wallet_text(wallet, credential.text()).value();
    return wire::encode(credential);
}

void EnclaveRig::sign_in() {
    step(enclave::CredentialGiven{credential(wallet_)});
    serve();
}

Result<void> EnclaveRig::take(enclave::AgentEffects effects) {
    for (wire::StoreBatch::Write& write : effects.writes) {
        if (write.value.has_value()) {
            stored.insert_or_assign(std::move(write.key), *std::move(write.value));
        } else {
            stored.erase(write.key);
        }
    }
    if (!effects.writes.empty()) {
        seals.push_back(stored);
    }
    for (enclave::AgentRequest& request : effects.requests) {
        if (const auto* message = std::get_if<wire::PublishMessage>(&request.body)) {
            published.push_back(*message);
        } else if (const auto* reply = std::get_if<wire::SendInbox>(&request.body)) {
            replies.push_back(*reply);
        }
        queue_.push_back(std::move(request));
    }
    for (const std::uint64_t cancelled : effects.cancelled) {
        std::erase_if(streams_, [&](const Stream& s) { return s.request == cancelled; });
        std::erase_if(queue_, [&](const auto& r) { return r.id == cancelled; });
    }
    for (const enclave::AgentNote& note : effects.notes) {
        notes.emplace_back(note.check);
    }
    if (effects.job.has_value()) {
        jobs.push_back(*effects.job);
        waiting_.push_back(*std::move(effects.job));
    }
    return {};
}

void EnclaveRig::step(decltype(enclave::AgentEvent::what) what) {
    heard_.push_back(what);
    auto effects = agent->step({host_time(), std::move(what)});
    ASSERT_TRUE(effects.has_value()) << effects.error().check;
    static_cast<void>(take(*std::move(effects)));
}

void EnclaveRig::hear(decltype(enclave::AgentEvent::what) what) {
    step(std::move(what));
}

void EnclaveRig::hear_all_again() {
    for (const auto& what : std::vector(heard_)) {
        step(what);
    }
}

void EnclaveRig::tick() {
    step(enclave::TimeWentOn{});
}

void EnclaveRig::answer(std::uint64_t id, const client::DoorRequest& request) {
    const auto refuse = [&](const Error& error) {
        step(enclave::RelayAnswered{
            id, static_cast<std::uint16_t>(error.code), to_bytes(as_bytes(error.check))});
    };
    std::visit(
        [&]<class T>(const T& body) {
            if constexpr (std::is_same_v<T, wire::SubscribeTopic> ||
                          std::is_same_v<T, wire::SubscribeInbox>) {
                auto opened = world_.relay.subscribe(body, kPeer);
                if (!opened.has_value()) {
                    refuse(opened.error());
                    return;
                }
                Stream& stream = streams_.emplace_back();
                stream.request = id;
                if constexpr (std::is_same_v<T, wire::SubscribeTopic>) {
                    stream.topic = *std::move(opened);
                } else {
                    stream.inbox = *std::move(opened);
                }
            } else {
                const auto reply = world_.relay.handle(body, kPeer);
                if (!reply.has_value()) {
                    refuse(reply.error());
                    return;
                }
                step(enclave::RelayAnswered{
                    id, 0, client::encode_door_answer({kChannel, client::DoorReply(*reply)})});
            }
        },
        request);
}

bool EnclaveRig::carry_one() {
    if (queue_.empty()) {
        return false;
    }
    const enclave::AgentRequest request = std::move(queue_.front());
    queue_.erase(queue_.begin());
    // Through the codec, as at the door.
    const auto body = client::decode_door_request(client::door_method(request.body),
                                                  client::encode_door_request(request.body));
    EXPECT_TRUE(body.has_value());
    carrying = request.id;
    if (body.has_value() && (!carry || carry(*body))) {
        answer(request.id, *body);
    }
    return true;
}

void EnclaveRig::push_one(std::uint64_t request, bool inbox, Bytes body) {
    Pushed pushed{request, inbox, std::move(body)};
    if (!push || push(pushed)) {
        step(enclave::RelayPushed{request, std::move(pushed.body)});
    }
}

void EnclaveRig::close(std::uint64_t request, std::uint16_t status) {
    std::erase_if(streams_, [&](const Stream& stream) { return stream.request == request; });
    step(enclave::RelayEnded{request, status});
}

bool EnclaveRig::push_topic(Stream& stream) {
    const std::uint64_t id = stream.request;  // What is pushed may end the stream.
    const auto reply = world_.relay.read_next(*stream.topic);
    if (!reply.has_value()) {
        close(id, static_cast<std::uint16_t>(reply.error().code));
        return true;
    }
    for (const wire::Envelope& envelope : reply->envelopes) {
        push_one(id, false, wire::encode(envelope));
    }
    if (reply->epoch_ended) {
        close(id, 0);
    }
    return reply->epoch_ended || !reply->envelopes.empty();
}

bool EnclaveRig::push_inbox(Stream& stream) {
    const std::uint64_t id = stream.request;
    const auto reply = world_.relay.read_next(*stream.inbox);
    if (!reply.has_value()) {
        close(id, 0);
        return true;
    }
    for (const wire::InboxItem& item : reply->items) {
        push_one(id, true, client::encode_door_item(item));
    }
    return !reply->items.empty();
}

bool EnclaveRig::push_streams() {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        if (streams_[i].topic.has_value() ? push_topic(streams_[i]) : push_inbox(streams_[i])) {
            return true;
        }
    }
    return false;
}

bool EnclaveRig::run_job() {
    if (waiting_.empty() || hold_jobs) {
        return false;
    }
    const enclave::AnswerJob job = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    step(enclave::JobDone{job.id, model(job)});
    return true;
}

void EnclaveRig::serve() {
    constexpr int kIdleTicks = 4;
    constexpr int kStepsMax = 2000;
    int idle = 0;
    for (int i = 0; i < kStepsMax && idle < kIdleTicks; ++i) {
        if (carry_one() || push_streams() || run_job()) {
            idle = 0;
            continue;
        }
        ++idle;
        world_.clock.set(world_.clock.now().plus_ms(400));
        tick();
    }
}

}  // namespace chatmcp::testing
