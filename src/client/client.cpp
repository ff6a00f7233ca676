#include "client/client.h"

#include <algorithm>
#include <utility>

#include "client/account.h"
#include "client/assistant_intents.h"
#include "client/chat_intents.h"
#include "client/client_state.h"
#include "client/commit_intents.h"
#include "client/companion.h"
#include "client/companion_duties.h"
#include "client/conversation.h"
#include "client/first_contact.h"
#include "client/inbox.h"
#include "client/inbox_policy.h"
#include "client/intents.h"
#include "client/payments.h"
#include "client/questions.h"
#include "client/readd.h"
#include "client/successor.h"
#include "client/sync.h"

namespace chatmcp::client {
namespace {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

constexpr std::size_t kVersionBytes = 16;

// ---- Commands ----

Result<void> set_policy(Step& step, Bytes json) {
    const auto policy = attest::parse_policy(as_text(json));
    if (!policy.has_value()) {
        return fail(policy.error());
    }
    return step.home.put(home_key("policy/"), PolicyRow{std::move(json)});
}

// A new policy may lift a quarantine, or be the reason for one at the next look at the evidence.
Result<void> judge_all_again(Step& step) {
    CHATMCP_TRY(const auto ids, step.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
        CHATMCP_TRY_VOID(judge_again(step, chat));
        CHATMCP_TRY(auto companion, load_companion(step, id));
        if (companion.has_value()) {
            companion->appraised_at = UnixMs{};
            CHATMCP_TRY_VOID(save_companion(step, *companion));
        }
    }
    return {};
}

Result<void> synchronise(Step& step, const Synchronise& command) {
    step.runtime.synchronising = true;
    step.runtime.want_inbox = true;
    if (command.chat.has_value()) {
        CHATMCP_TRY_VOID(step.home.known_chat(*command.chat));
        return want_sync_with_companion(step, *command.chat);
    }
    return want_sync_all(step);
}

void follow(Step& step, const Follow& command) {
    Runtime& runtime = step.runtime;
    runtime.follow = command.on ? std::optional(command) : std::nullopt;
    runtime.synchronising = runtime.synchronising || command.on;
    if (command.on) {
        return;
    }
    const auto close = [&](EffectId id) {
        runtime.under_way.erase(id);
        step.effects.closed.push_back(id);
    };
    for (const auto& [chat, stream] : runtime.topic_streams) {
        close(stream.effect);
    }
    runtime.topic_streams.clear();
    if (runtime.inbox_stream.has_value()) {
        close(*runtime.inbox_stream);
        runtime.inbox_stream.reset();
    }
}

Result<void> do_command(Step& step, TrustSettings& trust, const Command& command) {
    const auto settle = [&](Bytes json) -> Result<void> {
        CHATMCP_TRY(attest::Policy policy, attest::parse_policy(as_text(json)));
        CHATMCP_TRY_VOID(set_policy(step, std::move(json)));
        trust.policy = std::move(policy);
        return judge_all_again(step);
    };
    return std::visit(
        Overloaded{
            [&](const StartLogin& c) { return start_login(step, c); },
            [&](const WalletSigned& c) { return wallet_signed(step, c); },
            [&](const CreateChat& c) { return start_create(step, c); },
            [&](const AddMembers& c) { return start_add(step, c); },
            [&](const RemoveMember& c) { return start_remove(step, c); },
            [&](const LeaveChat& c) { return start_leave(step, c); },
            [&](const RepairChat& c) { return start_repair(step, c); },
            [&](const SendText& c) { return start_send(step, c); },
            [&](const AcceptRequest& c) { return accept_request(step, c); },
            [&](const DeclineRequest& c) { return decline_request(step, c.chat, false); },
            [&](const BlockRequest& c) { return decline_request(step, c.chat, true); },
            [&](const Synchronise& c) { return synchronise(step, c); },
            [&](const Follow& c) {
                follow(step, c);
                return Result<void>();
            },
            [&](const FetchAssistants&) { return start_fetch(step); },
            [&](const ProbeAssistant& c) { return start_probe(step, c); },
            [&](const InviteAssistant& c) { return start_invite(step, c); },
            [&](const AgreeAssistant& c) { return start_agree(step, c); },
            [&](const DeclineAssistant& c) { return decline_assistant(step, c); },
            [&](const RevokeAssistant& c) { return start_revoke(step, c); },
            [&](const Ask& c) { return start_ask(step, c); },
            [&](const SetStampSettings& c) { return start_set_policy(step, c); },
            [&](const AskStampTerms& c) { return start_ask_terms(step, c); },
            [&](const StampsLocked& c) { return stamps_locked(step, c); },
            [&](const DeclineStamps& c) { return decline_stamps(step, c); },
            [&](const ForgetStamp& c) { return forget_stamp(step, c); },
            [&](const DraftPayment& c) { return draft_payment(step, c); },
            [&](const PaymentSigned& c) { return payment_signed(step, c); },
            [&](const SendPayment& c) { return send_payment(step, c); },
            [&](const DropPayment& c) { return drop_payment(step, c); },
            [&](const RequestPayment& c) { return start_payment_request(step, c); },
            [&](const SetPolicy& c) { return settle(c.json); },
            [&](const AllowSimulated& c) -> Result<void> {
                CHATMCP_TRY(const auto policy,
                            c.measurement.has_value()
                                ? attest::allow_simulated_measurement(
                                      trust.policy, c.root_fingerprint, *c.measurement)
                                : attest::allow_simulated(trust.policy, c.root_fingerprint));
                return settle(to_bytes(as_bytes(attest::policy_to_json(policy))));
            },
        },
        command);
}

// ---- What the carrier brings ----

Result<void> reply_came(Step& step,
                        const Task& task,
                        const Replied& event,
                        const ReplyBody& reply) {
    switch (task.purpose) {
        case Purpose::read_topic:
            if (const auto* read = std::get_if<wire::ReadTopic::Reply>(&reply)) {
                return topic_replied(step, task, *read);
            }
            return {};
        case Purpose::read_inbox:
            step.succeeded(task);
            if (const auto* read = std::get_if<wire::ReadInbox::Reply>(&reply)) {
                return inbox_replied(step, *read);
            }
            return {};
        case Purpose::acknowledge_inbox:
            step.succeeded(task);
            return inbox_acknowledged(step);
        case Purpose::intent:
            return intent_replied(step, task, reply);
        default:
            step.succeeded(task);
            return session_replied(step, task, event, reply);
    }
}

// A login that can never succeed must not be tried for ever.
Result<void> session_failed(Step& step, const Task& task, const Reason& reason) {
    if (task.purpose == Purpose::read_inbox) {
        step.runtime.want_inbox = step.runtime.want_inbox && !is_permanent(reason.code);
    }
    if (is_permanent(reason.code)) {
        const IntentKind kind = task.purpose == Purpose::inbox_policy
                                    ? IntentKind::set_stamp_settings
                                    : IntentKind::login;
        CHATMCP_TRY(const auto pending, step.home.pending_intents());
        for (IntentRow intent : pending) {
            if (intent.kind == kind) {
                CHATMCP_TRY_VOID(refuse(step, intent, reason));
            }
        }
    }
    step.retry_later(task, reason);
    return {};
}

Result<void> request_failed(Step& step, const Task& task, const Reason& reason) {
    if (reason.code == Errc::unauthenticated || reason.code == Errc::permission_denied) {
        CHATMCP_TRY_VOID(forget_session(step, task));
    }
    switch (task.purpose) {
        case Purpose::intent:
            return intent_failed(step, task, reason);
        case Purpose::read_topic:
        case Purpose::topic_stream:
            return topic_failed(step, task, reason);
        default:
            return session_failed(step, task, reason);
    }
}

Result<void> replied(Step& step, const Replied& event) {
    const auto entry = step.runtime.under_way.find(event.id);
    if (entry == step.runtime.under_way.end()) {
        return {};  // Twice, or of a request that an earlier process made.
    }
    const Task task = entry->second;
    step.runtime.under_way.erase(entry);
    if (const auto* reason = std::get_if<Reason>(&event.outcome)) {
        return request_failed(step, task, *reason);
    }
    return reply_came(step, task, event, std::get<ReplyBody>(event.outcome));
}

Result<void> envelope_pushed(Step& step, const PushedEnvelope& event) {
    const auto entry = step.runtime.under_way.find(event.id);
    if (entry == step.runtime.under_way.end() || entry->second.purpose != Purpose::topic_stream) {
        return {};
    }
    const Task task = entry->second;
    step.succeeded(task);
    return topic_pushed(step, task, event.envelope);
}

Result<void> inbox_item_pushed(Step& step, const PushedInboxItem& event) {
    const auto entry = step.runtime.under_way.find(event.id);
    if (entry == step.runtime.under_way.end() || entry->second.purpose != Purpose::inbox_stream) {
        return {};
    }
    step.succeeded(entry->second);
    return inbox_pushed(step, event.item);
}

Result<void> topic_stream_ended(Step& step, const Task& task, const StreamEnded& event) {
    const ChatId id = to_array<32>(task.subject);
    const auto stream = step.runtime.topic_streams.find(id);
    const std::uint64_t epoch =
        stream == step.runtime.topic_streams.end() ? 0 : stream->second.epoch;
    step.runtime.topic_streams.erase(id);
    if (event.reason.has_value()) {
        return request_failed(step, task, *event.reason);
    }
    CHATMCP_TRY(const auto chat, step.home.chat(id));
    if (chat.has_value() && chat->epoch == epoch) {
        // Not because the epoch ended: the relay went away. Do not hurry.
        step.retry_later(task, Reason{Errc::unavailable, "CLT-36"});
    }
    return {};
}

Result<void> stream_ended(Step& step, const StreamEnded& event) {
    const auto entry = step.runtime.under_way.find(event.id);
    if (entry == step.runtime.under_way.end()) {
        return {};
    }
    const Task task = entry->second;
    step.runtime.under_way.erase(entry);
    if (task.purpose == Purpose::topic_stream) {
        return topic_stream_ended(step, task, event);
    }
    step.runtime.inbox_stream.reset();
    const Reason reason = event.reason.value_or(Reason{Errc::unauthenticated, "CLT-36"});
    return request_failed(step, task, reason);
}

// ---- Going on ----

Result<void> start_duties(Step& step) {
    CHATMCP_TRY(const auto account, step.home.account());
    if (!step.runtime.synchronising || !account.has_value() || !account->registered ||
        !account->proof_signed) {
        return {};
    }
    CHATMCP_TRY_VOID(keep_key_packages(step));
    CHATMCP_TRY_VOID(keep_inbox_policy(step));
    CHATMCP_TRY(const InboxPolicyRow policy, inbox_policy(step));
    CHATMCP_TRY(const auto ids, step.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
        if (!chat.following()) {
            CHATMCP_TRY_VOID(start_readd_duty(step, chat));
            continue;
        }
        // A duty that cannot be seen to is named, and leaves everything else to go on.
        const auto started =
            chat.companion_of.has_value() ? start_companion_duties(step, chat) : Result<void>();
        const auto given = policy.wanted ? keep_given_token(step, chat) : Result<void>();
        for (const auto& result : {start_chat_duties(step, chat), given, started}) {
            if (!result.has_value() && is_home_error(result.error())) {
                return fail(result.error());
            }
            if (!result.has_value()) {
                step.misbehaviour(id, 0, result.error());
            }
        }
    }
    return {};
}

Result<void> note_waits(Step& step) {
    step.runtime.stream_inbox = false;
    step.runtime.stream_chats.clear();
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (const IntentRow& intent : pending) {
        if (!step.runtime.own_intents.contains(intent.id)) {
            continue;
        }
        step.runtime.stream_inbox = step.runtime.stream_inbox || waits_for_inbox(intent);
        const auto topic = waits_for_topic(intent);
        if (topic.has_value()) {
            step.runtime.stream_chats.insert(*topic);
        }
    }
    return {};
}

bool is_stream(const Task& task) {
    return task.purpose == Purpose::topic_stream || task.purpose == Purpose::inbox_stream;
}

Result<void> go_on(Step& step) {
    CHATMCP_TRY_VOID(start_duties(step));
    CHATMCP_TRY_VOID(progress_intents(step));
    CHATMCP_TRY_VOID(note_waits(step));
    CHATMCP_TRY_VOID(progress_inbox(step));
    CHATMCP_TRY_VOID(progress_sync(step));
    CHATMCP_TRY_VOID(tell_ended_elsewhere(step));
    const bool idle = std::ranges::all_of(
        step.runtime.under_way, [](const auto& entry) { return is_stream(entry.second); });
    if (idle) {
        step.notice(Idle{step.wake()});
    }
    return {};
}

Result<void> handle(Step& step, TrustSettings& trust, const Event& event) {
    return std::visit(Overloaded{
                          [&](const Command& c) { return do_command(step, trust, c); },
                          [&](const Replied& e) { return replied(step, e); },
                          [&](const PushedEnvelope& e) { return envelope_pushed(step, e); },
                          [&](const PushedInboxItem& e) { return inbox_item_pushed(step, e); },
                          [&](const StreamEnded& e) { return stream_ended(step, e); },
                          [&](const Tick&) { return Result<void>(); },
                      },
                      event.what);
}

}  // namespace

Opened::Opened(Transaction& below, Client::State& state, UnixMs now)
    : sealed(below, state.key, state.random),
      home(sealed),
      step(home, state.runtime, state.environment, state.trust, now, effects),
      state_(state) {}

Result<void> Opened::begin() {
    CHATMCP_TRY(Bytes version, home.state_version());
    if (version != state_.runtime.version) {
        state_.runtime.groups.clear();
        state_.runtime.version = std::move(version);
    }
    CHATMCP_TRY(const auto row, home.get<PolicyRow>(home_key("policy/")));
    state_.trust.policy = attest::Policy();
    if (row.has_value()) {
        auto policy = attest::parse_policy(as_text(row->json));
        if (!policy.has_value()) {
            return fail(Errc::storage_corrupt, "CLT-07");
        }
        state_.trust.policy = *std::move(policy);
    }
    return {};
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<void> Client::create_home(Transaction& home,
                                 ByteView passphrase,
                                 const Options& options,
                                 crypto::Random& random) {
    CHATMCP_TRY_VOID(HomeKey::create(home, passphrase, options.scrypt, random));
    return {};
}

Result<Client> Client::open(Transaction& home,
                            ByteView passphrase,
                            const Options& options,
                            crypto::Random& random) {
    CHATMCP_TRY(HomeKey key, HomeKey::open(home, passphrase));
    return Client(std::make_unique<State>(std::move(key), options, random));
}

Result<Effects> Client::step(Transaction& home, const Event& event) {
    Runtime& runtime = state_->runtime;
    Opened opened(home, *state_, event.now);
    const auto done = [&]() -> Result<void> {
        CHATMCP_TRY_VOID(opened.begin());
        CHATMCP_TRY_VOID(handle(opened.step, state_->trust, event));
        CHATMCP_TRY_VOID(go_on(opened.step));
        if (opened.sealed.wrote()) {
            const auto version = state_->random.array<kVersionBytes>();
            CHATMCP_TRY_VOID(opened.home.set_state_version(version));
            runtime.version = to_bytes(version);
        }
        return {};
    }();
    if (!done.has_value()) {
        // Nothing of this step happened: neither its writes nor its requests.
        runtime.groups.clear();
        runtime.version.clear();
        for (const Request& request : opened.effects.requests) {
            const auto entry = runtime.under_way.find(request.id);
            if (entry != runtime.under_way.end()) {
                if (entry->second.purpose == Purpose::topic_stream) {
                    runtime.topic_streams.erase(to_array<32>(entry->second.subject));
                }
                if (runtime.inbox_stream == request.id) {
                    runtime.inbox_stream.reset();
                }
                runtime.under_way.erase(entry);
            }
        }
        if (opened.effects.intent.has_value()) {
            runtime.own_intents.erase(opened.effects.intent->value);
            runtime.untold.erase(opened.effects.intent->value);
        }
        return fail(done.error());
    }
    return std::move(opened.effects);
}

}  // namespace chatmcp::client
