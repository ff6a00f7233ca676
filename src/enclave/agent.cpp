#include "enclave/agent.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "client/agent_protocol.h"
#include "client/trust.h"
#include "enclave/agent_state.h"
#include "enclave/companion_member.h"
#include "enclave/questions.h"
#include "identity/device_log.h"
#include "mls/storage.h"
#include "wire/components.h"
#include "wire/labelled_sign.h"

namespace chatmcp::enclave {
namespace {

constexpr std::int64_t kTokenSpareMs = kMinuteMs;
// A relay ends a login that is over by itself; a host's clock that is ahead of it ends none.
constexpr std::int64_t kTokenAtLeastMs = 10 * kMinuteMs;
constexpr std::int64_t kTokenAtMostMs = kDayMs;
constexpr std::int64_t kChallengeUseMs = 4 * kMinuteMs;  // Of wire::kChallengeLifetimeMs.
constexpr std::int64_t kEntryEveryMs = kHourMs;
constexpr std::int64_t kRetryMs = kSecondMs;
constexpr std::int64_t kOfferLifetimeMs = kDayMs;

template <class T>
const T* reply_as(const client::DoorAnswer& answer) {
    return std::get_if<T>(&answer.reply);
}

// ---- Session with the relay ----

void progress_login(AgentStep& step) {
    Session& session = step.state.session;
    const bool usable = !session.token.empty() && step.steady < session.token_until;
    if (!usable && !session.login_running && session.login_at <= step.steady) {
        session.token.clear();
        session.login_running = true;
        step.send(Purpose::login_challenge, {}, wire::GetChallenge{});
    }
    const bool fresh =
        !session.challenge.empty() && step.steady < session.challenge_at.plus_ms(kChallengeUseMs);
    if (!fresh && !session.challenge_running && session.challenge_retry_at <= step.steady &&
        !step.state.companions.empty()) {
        session.challenge.clear();
        session.challenge_running = true;
        step.send(Purpose::topic_challenge, {}, wire::GetChallenge{});
    }
}

void put_entry(AgentStep& step) {
    AgentState& state = step.state;
    wire::AgentEntry entry;
    entry.credential = wire::encode(state.own_credential());
    entry.hpke_key = to_array<crypto::kX25519Bytes>(state.own_directory_key().public_key());
    entry.name = state.configuration.name;
    entry.model = "GGUF sha256:" + to_hex(ByteView(state.facts.weights_root).first(8));
    entry.scopes = state.configuration.scopes;
    entry.issued_at = step.now;
    entry.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(state.own_key(), entry));
    state.session.entry_running = true;
    step.send(
        Purpose::put_entry, {}, wire::PutAgentEntry{state.session.token, wire::encode(entry)});
}

void progress_session(AgentStep& step) {
    progress_login(step);
    Session& session = step.state.session;
    if (session.token.empty()) {
        return;
    }
    if (!session.entry_running && session.entry_at <= step.steady) {
        put_entry(step);
    }
    if (session.inbox_stream == 0 && session.inbox_at <= step.steady) {
        session.inbox_stream =
            step.send(Purpose::inbox_stream,
                      {},
                      wire::SubscribeInbox{session.token, step.state.identity.inbox_cursor});
    }
}

void sign_login(AgentStep& step, Bytes challenge, Bytes channel) {
    AgentState& state = step.state;
    wire::Login login{.relay_key = state.relay_key,
                      .root_key = state.own_key().public_key(),
                      .challenge = std::move(challenge),
                      .channel = std::move(channel),
                      .signature = {}};
    login.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(state.own_key(), login));
    step.send(Purpose::login, {}, std::move(login));
}

void session_failed(AgentStep& step, Purpose purpose, const client::Reason& reason) {
    Session& session = step.state.session;
    const SteadyMs again = step.steady.plus_ms(kRetryMs);
    if (reason.code == Errc::unauthenticated) {
        session.token.clear();
    }
    switch (purpose) {
        case Purpose::login_challenge:
        case Purpose::login:
            session.login_running = false;
            session.login_at = again;
            break;
        case Purpose::topic_challenge:
            session.challenge_running = false;
            session.challenge_retry_at = again;
            break;
        case Purpose::put_entry:
            session.entry_running = false;
            session.entry_at = again;
            break;
        case Purpose::inbox_stream:
            session.inbox_stream = 0;
            session.inbox_at = again;
            break;
        default:
            break;
    }
}

void session_answered(AgentStep& step, Purpose purpose, client::DoorAnswer answer) {
    Session& session = step.state.session;
    if (auto* given = std::get_if<wire::GetChallenge::Reply>(&answer.reply)) {
        if (purpose == Purpose::login_challenge) {
            sign_login(step, std::move(given->challenge), std::move(answer.channel));
            return;
        }
        session.challenge_running = false;
        session.challenge = std::move(given->challenge);
        session.challenge_at = step.steady;
    } else if (auto* login = std::get_if<wire::Login::Reply>(&answer.reply)) {
        session.login_running = false;
        session.token = std::move(login->token);
        const std::int64_t lifetime =
            std::min(login->expires_at, kLatestTime).value - step.now.value - kTokenSpareMs;
        session.token_until =
            step.steady.plus_ms(std::clamp(lifetime, kTokenAtLeastMs, kTokenAtMostMs));
        session.login_at = step.steady.plus_ms(kRetryMs);
    } else if (reply_as<wire::PutAgentEntry::Reply>(answer) != nullptr) {
        session.entry_running = false;
        session.entry_at = step.steady.plus_ms(kEntryEveryMs);
    }
}

// ---- Inbox ----

Result<void> make_room_for_offer(AgentStep& step) {
    const std::size_t offers_max = step.state.limits.offers_max;
    CHATMCP_TRY(const auto pairs, step.store.scan(table_prefix("offer"), {}, offers_max + 1));
    std::vector<std::pair<UnixMs, const KeyValuePair*>> offers;
    for (const KeyValuePair& pair : pairs) {
        CHATMCP_TRY(const auto row, client::decode_record<OfferRow>(pair.value));
        offers.emplace_back(row.made_at, &pair);
    }
    std::ranges::sort(offers);
    for (std::size_t i = 0; i < offers.size(); ++i) {
        const bool old = step.now.value - offers[i].first.value > kOfferLifetimeMs;
        if (!old && offers.size() - i < offers_max) {
            break;
        }
        CHATMCP_TRY(const auto row, client::decode_record<OfferRow>(offers[i].second->value));
        CHATMCP_TRY_VOID(step.store.erase(mls::key_package_key(row.reference)));
        CHATMCP_TRY_VOID(step.store.erase(offers[i].second->key));
        step.state.offers_made_here.erase(row.reference);
    }
    return {};
}

// A key package for one group, with evidence over the asker's nonce (DESIGN 8). False: nothing
// could be made of it.
Result<bool> take_request(AgentStep& step, ByteView payload) {
    AgentState& state = step.state;
    const auto request = client::open_request(payload, state.own_directory_key());
    if (!request.has_value()) {
        step.note(Error{request.error().code, "ENC-06"});
        return false;
    }
    CHATMCP_TRY_VOID(make_room_for_offer(step));
    CHATMCP_TRY(AgentLeaf leaf,
                make_agent_leaf(state, request->group_id, request->nonce, step.now));
    const auto seconds = [](UnixMs at) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(0, at.seconds()));
    };
    const mls::Lifetime lifetime{
        .not_before_s = seconds(step.now.plus_ms(-identity::kNotBeforeSlackMs)),
        .not_after_s = seconds(step.now.plus_ms(kOfferLifetimeMs))};
    CHATMCP_TRY(const auto made,
                mls::make_key_package(state.environment,
                                      step.store,
                                      mls::GroupSpec{}.suite,
                                      std::move(leaf.setup),
                                      lifetime,
                                      false));
    CHATMCP_TRY_VOID(step.put(offer_record(request->group_id, made.reference),
                              OfferRow{made.reference, leaf.seed, step.now}));
    state.offers_made_here.insert(made.reference);
    auto sealed = client::seal_reply(
        {request->group_id, made.key_package}, request->reply_key, state.platform.random());
    if (!sealed.has_value()) {
        step.note(Error{sealed.error().code, "ENC-06"});  // A reply key of small order.
        return true;
    }
    step.send(Purpose::key_package_reply,
              {},
              wire::SendInbox{request->reply_inbox, wire::InboxKind::kp_reply, *std::move(sealed)});
    return true;
}

// The host may have altered what nothing can be made of: the inbox is read again from where we
// stand.
void ask_inbox_again(AgentStep& step) {
    Session& session = step.state.session;
    step.effects.cancelled.push_back(session.inbox_stream);
    step.state.tasks.erase(session.inbox_stream);
    session.inbox_stream = 0;
    session.inbox_at = step.steady.plus_ms(kRetryMs);
}

Result<void> take_item(AgentStep& step, const wire::InboxItem& item, ByteView encoded) {
    IdentityRow& identity = step.state.identity;
    if (item.sequence <= identity.inbox_cursor) {
        return {};
    }
    bool taken = true;
    if (item.kind == wire::InboxKind::kp_request) {
        CHATMCP_TRY(taken, take_request(step, item.payload));
    } else if (item.kind == wire::InboxKind::welcome) {
        CHATMCP_TRY(taken, take_welcome(step, item));
    }
    Session& session = step.state.session;
    const auto hash = crypto::sha256(encoded);
    if (!taken && session.doubted != hash) {
        session.doubted = hash;
        ask_inbox_again(step);
        return {};
    }
    session.doubted.reset();
    identity.inbox_cursor = item.sequence;
    CHATMCP_TRY_VOID(step.put(identity_record(), identity));
    if (!step.state.session.token.empty()) {
        step.send(Purpose::acknowledge,
                  {},
                  wire::AckInbox{step.state.session.token, identity.inbox_cursor});
    }
    return {};
}

// ---- Events ----

Companion* companion_of(AgentStep& step, const Task& task) {
    const auto found = step.state.companions.find(task.companion);
    return found == step.state.companions.end() ? nullptr : &found->second;
}

void stream_over(AgentStep& step,
                 std::uint64_t request,
                 const Task& task,
                 const std::optional<client::Reason>& reason) {
    if (task.purpose == Purpose::inbox_stream) {
        Session& session = step.state.session;
        session_failed(
            step, task.purpose, reason.value_or(client::Reason{Errc::unauthenticated, {}}));
        session.inbox_stream = 0;
        return;
    }
    Companion* companion = companion_of(step, task);
    if (companion == nullptr || companion->stream != request) {
        return;
    }
    companion->stream = 0;
    if (!reason.has_value()) {
        companion->stream_at = step.steady;  // The epoch ended: on with the next one's key.
        return;
    }
    companion->stream_at = step.steady.plus_ms(kRetryMs);
    if (reason->code == Errc::history_expired) {
        // What follows may lack something, and whether the relay or the host says so is not known.
        step.note(Error{Errc::history_expired, "ENC-13"});
        companion->row.expired = true;
    } else if (reason->code != Errc::unavailable) {
        step.state.session.challenge.clear();
    }
}

Result<void> on_event(AgentStep& step, RelayAnswered event) {
    const auto found = step.state.tasks.find(event.request);
    if (found == step.state.tasks.end()) {
        return {};
    }
    const Task task = found->second;
    std::optional<client::Reason> refused;
    std::optional<client::DoorAnswer> answer;
    const auto methods = [](Purpose purpose) -> std::uint16_t {
        switch (purpose) {
            case Purpose::login_challenge:
            case Purpose::topic_challenge:
                return client::door_method(wire::GetChallenge{});
            case Purpose::login:
                return client::door_method(wire::Login{});
            case Purpose::put_entry:
                return client::door_method(wire::PutAgentEntry{});
            case Purpose::acknowledge:
                return client::door_method(wire::AckInbox{});
            case Purpose::key_package_reply:
                return client::door_method(wire::SendInbox{});
            case Purpose::bundle:
                return client::door_method(wire::PublishBundle{});
            case Purpose::message:
                return client::door_method(wire::PublishMessage{});
            case Purpose::inbox_stream:
                return client::door_method(wire::SubscribeInbox{});
            case Purpose::topic_stream:
                return client::door_method(wire::SubscribeTopic{});
        }
        return 0;
    };
    if (event.status == 0) {
        auto decoded = client::decode_door_answer(methods(task.purpose), event.body);
        if (decoded.has_value()) {
            answer = *std::move(decoded);
        } else {
            refused = client::Reason::from(decoded.error());
        }
    } else {
        const auto reason = client::decode_door_reason(event.status, event.body);
        refused = reason.has_value() ? *reason : client::Reason::from(reason.error());
    }
    const bool is_stream =
        task.purpose == Purpose::inbox_stream || task.purpose == Purpose::topic_stream;
    if (is_stream && !refused.has_value()) {
        return {};  // It was opened; what follows is pushed.
    }
    step.state.tasks.erase(found);
    if (is_stream) {
        stream_over(step, event.request, task, refused);
        return {};
    }
    if (task.purpose == Purpose::bundle || task.purpose == Purpose::message) {
        Companion* companion = companion_of(step, task);
        if (companion == nullptr) {
            return {};
        }
        return task.purpose == Purpose::bundle
                   ? bundle_answered(step, *companion, refused)
                   : message_answered(step, *companion, event.request, refused);
    }
    if (refused.has_value()) {
        session_failed(step, task.purpose, *refused);
    } else {
        session_answered(step, task.purpose, *std::move(answer));
    }
    return {};
}

Result<void> on_event(AgentStep& step, const RelayPushed& event) {
    const auto found = step.state.tasks.find(event.request);
    if (found == step.state.tasks.end()) {
        return {};
    }
    if (found->second.purpose == Purpose::inbox_stream) {
        const auto item = client::decode_door_item(event.body);
        if (!item.has_value()) {
            step.note(Error{item.error().code, "ENC-05"});
            ask_inbox_again(step);
            return {};
        }
        return take_item(step, *item, event.body);
    }
    Companion* companion = companion_of(step, found->second);
    if (companion == nullptr || companion->stream != event.request) {
        return {};
    }
    const auto envelope = wire::decode<wire::Envelope>(event.body);
    if (!envelope.has_value()) {
        step.note(Error{envelope.error().code, "ENC-05"});
        ask_topic_again(step, *companion);
        return {};
    }
    return take_envelope(step, *companion, *envelope);
}

Result<void> on_event(AgentStep& step, const RelayEnded& event) {
    const auto found = step.state.tasks.find(event.request);
    if (found == step.state.tasks.end()) {
        return {};
    }
    const Task task = found->second;
    step.state.tasks.erase(found);
    std::optional<client::Reason> reason;
    if (event.status != 0) {
        reason = client::Reason{static_cast<Errc>(event.status), {}};
    }
    stream_over(step, event.request, task, reason);
    return {};
}

// The wallet of the operator signed for exactly this program, configuration and key.
Result<identity::AgentCredential> check_credential(const AgentState& state, ByteView encoded) {
    const auto credential = wire::decode<identity::AgentCredential>(encoded);
    const tee::PlatformFacts& facts = state.platform.facts();
    if (!credential.has_value() || !identity::verify_agent_credential(*credential).has_value() ||
        credential->enclave_key != state.own_key().public_key() ||
        credential->measurement != facts.measurement ||
        credential->configuration_digest != facts.configuration_digest) {
        return fail(Errc::wrong_key, "ENC-04");
    }
    return *credential;
}

Result<void> on_event(AgentStep& step, const CredentialGiven& event) {
    AgentState& state = step.state;
    const auto checked = check_credential(state, event.credential);
    if (!checked.has_value()) {
        step.note(checked.error());
        return {};
    }
    // It stands in every leaf and grant, so the first one stays while there are companions.
    if (state.credential.has_value() && !state.companions.empty()) {
        if (event.credential != state.identity.credential) {
            step.note(Error{Errc::already_exists, "ENC-27"});
        }
        return {};
    }
    state.credential = *checked;
    state.identity.credential = event.credential;
    state.session.entry_at = SteadyMs{};
    return step.put(identity_record(), state.identity);
}

Result<void> on_event(AgentStep&, const TimeWentOn&) {
    return {};
}
Result<void> on_event(AgentStep& step, const JobProgressed& event) {
    return job_progressed(step, event);
}
Result<void> on_event(AgentStep& step, JobDone event) {
    return job_done(step, std::move(event));
}

Result<void> progress(AgentStep& step) {
    if (!step.state.credential.has_value()) {
        return {};  // Nobody answers for this enclave yet.
    }
    progress_session(step);
    CHATMCP_TRY_VOID(progress_questions(step));
    for (auto& [id, companion] : step.state.companions) {
        CHATMCP_TRY_VOID(progress_companion(step, companion));
    }
    return {};
}

// A clock that is put back moves nothing back, and one that jumped ahead makes everything due once.
void take_time(AgentState& state, UnixMs host_time) {
    const UnixMs at = std::clamp(host_time, UnixMs{}, kLatestTime);
    state.steady = state.steady.plus_ms(
        std::clamp<std::int64_t>(at.value - state.last_host_time.value, 0, kDayMs));
    state.last_host_time = at;
    state.newest = std::max(state.newest, at);
}

Result<void> load_identity(AgentStep& step) {
    AgentState& state = step.state;
    CHATMCP_TRY(const auto stored, step.store.get(identity_record()));
    if (stored.has_value()) {
        CHATMCP_TRY(state.identity, client::decode_record<IdentityRow>(*stored));
    } else {
        crypto::Random& random = state.platform.random();
        random.fill(state.identity.enclave_seed);
        state.identity.directory_key =
            to_array<32>(crypto::HpkePrivateKey::generate(crypto::KemId::x25519, random).bytes());
        CHATMCP_TRY_VOID(step.put(identity_record(), state.identity));
    }
    state.enclave_key = crypto::SigningKey::from_seed(state.identity.enclave_seed);
    CHATMCP_TRY(
        state.directory_key,
        crypto::HpkePrivateKey::from_bytes(crypto::KemId::x25519, state.identity.directory_key));
    if (!state.identity.credential.empty()) {
        CHATMCP_TRY(state.credential, check_credential(state, state.identity.credential));
    }
    return load_companions(step);
}

}  // namespace

Agent::Agent(std::unique_ptr<AgentState> state) : state_(std::move(state)) {}
Agent::~Agent() = default;

const wire::Ed25519Key& Agent::enclave_key() const {
    return state_->own_key().public_key();
}
bool Agent::has_credential() const {
    return state_->credential.has_value();
}

Result<std::unique_ptr<Agent>> Agent::start(tee::Platform& platform,
                                            const Configuration& configuration,
                                            const MeasuredFacts& facts,
                                            const Start& start,
                                            AgentEffects& effects) {
    CHATMCP_TRY(SealedMemory memory, SealedMemory::open(platform));
    CHATMCP_TRY_VOID(memory.restore(start.stored));
    auto state = std::make_unique<AgentState>(
        platform, std::move(memory), configuration, facts, start.limits);
    state->relay_key = start.relay_key;
    take_time(*state, start.host_time);
    SealedMemory::Step store(state->memory);
    AgentStep step{*state, store, effects, state->newest, state->steady};
    CHATMCP_TRY_VOID(load_identity(step));
    if (!start.operator_credential.empty()) {
        CHATMCP_TRY_VOID(on_event(step, CredentialGiven{start.operator_credential}));
    }
    CHATMCP_TRY_VOID(progress(step));
    effects.writes = state->memory.apply(store, platform.random());
    return std::unique_ptr<Agent>(new Agent(std::move(state)));
}

Result<AgentEffects> Agent::step(AgentEvent event) {
    AgentEffects effects;
    AgentState& state = *state_;
    take_time(state, event.host_time);
    SealedMemory::Step store(state.memory);
    AgentStep step{state, store, effects, state.newest, state.steady};
    const auto handled =
        std::visit([&](auto&& what) { return on_event(step, std::forward<decltype(what)>(what)); },
                   std::move(event.what));
    if (!handled.has_value()) {
        return fail(handled.error());
    }
    CHATMCP_TRY_VOID(progress(step));
    effects.writes = state.memory.apply(store, state.platform.random());
    return effects;
}

}  // namespace chatmcp::enclave
