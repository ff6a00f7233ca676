#include "enclave/companion_member.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/admission.h"
#include "client/agent_protocol.h"
#include "enclave/questions.h"
#include "mls/storage.h"
#include "wire/components.h"

namespace chatmcp::enclave {
namespace {

constexpr std::int64_t kRetryMs = kSecondMs;
// After an epoch began, before an Update is staged: a topic that is being caught up with has more.
constexpr std::int64_t kSettleMs = 300;
constexpr std::int64_t kRenewEveryMs = 20 * kHourMs;   // Of the 24 h that members allow.
constexpr std::int64_t kRenewAtLastMs = 22 * kHourMs;  // Then also between two messages.
// A message that was accepted and does not come back in the topic is offered again.
constexpr std::int64_t kUnseenMs = 30 * kSecondMs;

client::TopicAddress address_of(const CompanionRow& row) {
    return client::topic_address(row.relay_key, row.id);
}

Result<void> save(AgentStep& step, const Companion& companion) {
    return step.put(companion_record(companion.row.id), companion.row);
}

// Times of acceptances are signed by the relay; everything else that carries a time is not.
void note_acceptance(Companion& companion, UnixMs accepted_at) {
    accepted_at = std::min(accepted_at, kLatestTime);
    if (accepted_at > companion.row.time) {
        companion.row.time = accepted_at;
        companion.row.time_is_acceptance = true;
    }
}

// This agent never speaks in this companion again, in this run or any later one.
Result<void> fall_silent(AgentStep& step, Companion& companion, const Error& error) {
    step.note(error, wire::LogLine::Severity::error);
    companion.row.stopped = true;
    companion.may_speak = false;
    companion.outgoing.clear();
    if (companion.stream != 0) {
        step.effects.cancelled.push_back(companion.stream);
        step.state.tasks.erase(companion.stream);
        companion.stream = 0;
    }
    if (step.state.job.has_value() && step.state.job->companion == companion.row.id) {
        step.effects.cancel_job = true;
    }
    return save(step, companion);
}

// ---- Welcome ----

Result<wire::Acceptance> check_proof(const AgentState& state, const wire::InboxItem& item) {
    if (!item.acceptance.has_value() || item.acceptance->relay_key != state.relay_key ||
        !wire::verify(state.relay_key, *item.acceptance, item.acceptance->signature).has_value()) {
        return fail(Errc::equivocation, "ENC-09");
    }
    return *item.acceptance;
}

Result<void> check_welcome(const AgentState& state,
                           const mls::Group& group,
                           const wire::Acceptance& acceptance) {
    const mls::GroupView& view = group.view();
    CHATMCP_TRY(const auto sequencer,
                client::component_of<wire::Sequencer>(
                    view.components(), wire::ComponentId::sequencer, "ENC-09"));
    const client::TopicAddress at = client::topic_address(sequencer.relay_key, view.group_id());
    CHATMCP_TRY(const auto key, client::admission_key(group));
    if (sequencer.relay_key != state.relay_key || acceptance.topic != at.topic ||
        acceptance.epoch + 1 != view.epoch().value ||
        acceptance.next_admission_key != key.public_key()) {
        return fail(Errc::equivocation, "ENC-09");
    }
    // The rules have held the grant against the credential in our leaf; another operator may have
    // signed for us since that package was made.
    const auto grant =
        client::component_of<wire::Grant>(view.components(), wire::ComponentId::grant, "ENC-10");
    if (!grant.has_value() || grant->agent_credential_digest != state.own_credential().digest()) {
        return fail(Errc::permission_denied, "ENC-10");
    }
    // People who believe that they talk to a confidential enclave must not find a simulated one.
    const auto& development_root = state.facts.development_root;
    if (development_root.has_value()) {
        const auto development = client::component_of<wire::Development>(
            view.components(), wire::ComponentId::development, "ENC-12");
        if (!development.has_value() || development->root_key != *development_root) {
            return fail(Errc::untrusted_identity, "ENC-12");
        }
    }
    return {};
}

// Our package for this group whose leaf stands in the tree. That there is one the rules say: the
// leaf's delegation names the group, and it was signed only for such a package, which is kept as
// long as its private keys are.
Result<OfferRow> used_offer(AgentStep& step, const mls::Group& group, const GroupId& id) {
    const auto own = group.view().member(group.view().own_index());
    CHATMCP_TRY(const auto offers, step.all<OfferRow>(table_prefix("offer", id)));
    const auto used = std::ranges::find_if(offers, [&](const OfferRow& offer) {
        const auto key = crypto::SigningKey::from_seed(offer.leaf_seed);
        return own.has_value() && equal(own->signature_key, key.public_key());
    });
    CHATMCP_CHECK(used != offers.end());
    return *used;
}

Result<void> admit(AgentStep& step, mls::Group group, const wire::Acceptance& acceptance) {
    AgentState& state = step.state;
    const GroupId id = to_array<wire::kGroupIdBytes>(group.view().group_id());
    CHATMCP_TRY(const OfferRow offer, used_offer(step, group, id));
    CHATMCP_TRY_VOID(check_welcome(state, group, acceptance));
    if (state.companions.size() >= state.limits.companions_max ||
        state.memory.size_bytes() > state.limits.state_bytes_max) {
        return fail(Errc::resource_exhausted, "ENC-07");
    }
    CHATMCP_TRY(const auto companion_of,
                client::component_of<wire::CompanionOf>(
                    group.view().components(), wire::ComponentId::companion_of, "ENC-10"));
    Companion companion({}, std::move(group));
    companion.row.id = id;
    companion.row.conversation = companion_of.conversation_id;
    companion.row.relay_key = acceptance.relay_key;
    companion.row.cursor = acceptance.sequence;
    companion.row.leaf_seed = offer.leaf_seed;
    companion.renewed_at = step.steady;
    note_acceptance(companion, acceptance.accepted_at);
    // A package of an earlier run lies in seals that another enclave may have been started from.
    companion.may_speak = state.offers_made_here.contains(offer.reference);
    CHATMCP_TRY_VOID(save(step, companion));
    CHATMCP_TRY(const auto offers, step.all<OfferRow>(table_prefix("offer", id)));
    for (const OfferRow& each : offers) {
        CHATMCP_TRY_VOID(step.store.erase(offer_record(id, each.reference)));
        if (each.reference != offer.reference) {
            CHATMCP_TRY_VOID(step.store.erase(mls::key_package_key(each.reference)));
        }
        state.offers_made_here.erase(each.reference);
    }
    state.companions.insert_or_assign(id, std::move(companion));
    return {};
}

bool is_own_failure(const Error& error) {
    return error.code == Errc::storage || error.code == Errc::storage_corrupt;
}

}  // namespace

Result<bool> take_welcome(AgentStep& step, const wire::InboxItem& item) {
    const auto proof = check_proof(step.state, item);
    if (!proof.has_value()) {
        step.note(proof.error());
        return false;
    }
    SealedMemory::Savepoint before(step.store);
    auto group = mls::Group::join(
        step.state.environment, step.store, item.payload, mls::Arrival{proof->accepted_at});
    if (!group.has_value() && group.error().code == Errc::replayed) {
        return true;  // We are in it.
    }
    const auto admitted = group.has_value() ? admit(step, *std::move(group), *proof)
                                            : Result<void>(fail(group.error()));
    if (admitted.has_value()) {
        return true;
    }
    if (is_own_failure(admitted.error())) {
        return fail(admitted.error());
    }
    before.roll_back();
    step.note(admitted.error());
    return false;
}

Result<void> load_companions(AgentStep& step) {
    CHATMCP_TRY(const auto rows, step.all<CompanionRow>(table_prefix("companion")));
    for (const CompanionRow& row : rows) {
        CHATMCP_TRY(auto group, mls::Group::load(step.state.environment, step.store, row.id));
        Companion companion(row, std::move(group));
        companion.bundle_at = step.steady.plus_ms(kSettleMs);
        step.state.companions.emplace(row.id, std::move(companion));
    }
    return {};
}

UnixMs time_in(const AgentStep& step, const Companion& companion) {
    return std::max(step.now, companion.row.time);
}

Result<void> forget_companion(AgentStep& step, const GroupId& id) {
    AgentState& state = step.state;
    CHATMCP_TRY_VOID(mls::Group::erase(step.store, id));
    CHATMCP_TRY_VOID(step.store.erase(companion_record(id)));
    for (const std::string_view table : {"copy", "question"}) {
        CHATMCP_TRY_VOID(mls::erase_prefix(step.store, table_prefix(table, id)));
    }
    const auto found = state.companions.find(id);
    if (found == state.companions.end()) {
        return {};
    }
    for (const std::uint64_t request :
         {found->second.stream, found->second.bundle, found->second.publish}) {
        if (request != 0) {
            state.tasks.erase(request);
            step.effects.cancelled.push_back(request);
        }
    }
    if (state.job.has_value() && state.job->companion == id) {
        step.effects.cancel_job = true;
    }
    state.companions.erase(found);
    return {};
}

// ---- The topic ----

namespace {

Result<void> discard_staged(AgentStep& step, Companion& companion) {
    if (companion.group.has_staged()) {
        CHATMCP_TRY_VOID(companion.group.discard(step.store));
    }
    companion.row.staged.reset();
    companion.staged_here = false;
    return {};
}

// An epoch began: what was encrypted for the one before is encrypted anew.
void begin_epoch(AgentStep& step, Companion& companion) {
    for (Outgoing& outgoing : companion.outgoing) {
        outgoing.sent.reset();
        outgoing.accepted = false;
    }
    companion.bundle_at = step.steady.plus_ms(kSettleMs);
    companion.publish_at = step.steady;
}

Result<void> take_own_commit(AgentStep& step,
                             Companion& companion,
                             const wire::Acceptance& acceptance) {
    CHATMCP_TRY(const StagedRow staged, client::recorded(companion.row.staged));
    CHATMCP_TRY(const auto next, client::staged_admission_key(companion.group));
    const auto fits = client::check_admission_key(acceptance, next.public_key());
    if (!fits.has_value()) {
        return fall_silent(step, companion, Error{Errc::invalid_argument, "ENC-14"});
    }
    CHATMCP_TRY_VOID(companion.group.confirm(step.store));
    companion.row.leaf_seed = staged.leaf_seed;
    companion.row.staged.reset();
    companion.renewed_at = step.steady;
    // Staged by an earlier run: another enclave may be started from the same seal and confirm it
    // too. Only a further Update makes an epoch that is this object's alone.
    companion.may_speak = companion.staged_here;
    companion.staged_here = false;
    begin_epoch(step, companion);
    return {};
}

Result<void> take_others_commit(AgentStep& step,
                                Companion& companion,
                                Bytes commit,
                                const wire::Acceptance& acceptance,
                                bool& removed) {
    CHATMCP_TRY_VOID(discard_staged(step, companion));
    const bool sealed_whole = !client::is_private_message(commit);
    if (sealed_whole) {
        auto opened = client::open_agent_update(companion.group, commit);
        if (!opened.has_value()) {
            return fall_silent(step, companion, Error{Errc::cannot_open, "ENC-14"});
        }
        commit = *std::move(opened);
    }
    auto received =
        companion.group.receive(step.store, commit, mls::Arrival{acceptance.accepted_at});
    if (!received.has_value() && is_own_failure(received.error())) {
        return fail(received.error());
    }
    // Only a PublicMessage's signature was verified before it is called ours; anybody in the group
    // can name our leaf as the sender of the other kind, which no agent sends.
    if (received.has_value() && std::holds_alternative<mls::OwnMessage>(*received) &&
        sealed_whole) {
        return fall_silent(step, companion, Error{Errc::conflict, "ENC-15"});
    }
    auto* incoming = received.has_value() ? std::get_if<mls::Incoming>(&*received) : nullptr;
    if (incoming == nullptr) {
        return fall_silent(step, companion, Error{Errc::invalid_argument, "ENC-14"});
    }
    removed = incoming->change().removes_self;
    if (removed) {
        return {};
    }
    CHATMCP_TRY(const auto next, client::next_admission_key(*incoming));
    if (!client::check_admission_key(acceptance, next).has_value()) {
        return fall_silent(step, companion, Error{Errc::invalid_argument, "ENC-14"});
    }
    CHATMCP_TRY_VOID(incoming->apply(step.store));
    begin_epoch(step, companion);
    return {};
}

// False: nothing could be made of it.
Result<bool> take_message(AgentStep& step, Companion& companion, const wire::Envelope& envelope) {
    auto received =
        companion.group.receive(step.store, envelope.payload, mls::Arrival{envelope.accepted_at});
    if (!received.has_value()) {
        if (is_own_failure(received.error())) {
            return fail(received.error());
        }
        step.note(Error{received.error().code, "ENC-16"});
        return false;
    }
    if (std::holds_alternative<mls::OwnMessage>(*received)) {
        CHATMCP_TRY_VOID(own_message_seen(step, companion, crypto::sha256(envelope.payload)));
        return true;
    }
    const auto* message = std::get_if<mls::ApplicationMessage>(&*received);
    if (message == nullptr) {
        return true;  // A proposal.
    }
    const auto who = client::identity_of(message->sender_leaf);
    const auto content = wire::decode<wire::Content>(message->data);
    if (!who.has_value() || who->agent || !content.has_value()) {
        step.note(Error{Errc::malformed, "ENC-17"});
        return true;
    }
    if (content->type == wire::ContentType::copy) {
        CHATMCP_TRY_VOID(take_copy(step, companion, who->account, *content));
    } else if (content->type == wire::ContentType::question) {
        CHATMCP_TRY_VOID(take_question(step, companion, *message, who->account, envelope.sequence));
    }
    return true;
}

}  // namespace

void ask_topic_again(AgentStep& step, Companion& companion) {
    step.effects.cancelled.push_back(companion.stream);
    step.state.tasks.erase(companion.stream);
    companion.stream = 0;
    companion.stream_at = step.steady.plus_ms(kRetryMs);
}

Result<void> take_envelope(AgentStep& step, Companion& companion, const wire::Envelope& envelope) {
    CompanionRow& row = companion.row;
    if (row.stopped || envelope.sequence <= row.cursor) {
        return {};
    }
    const std::uint64_t epoch = companion.group.view().epoch().value;
    const bool in_place =
        (envelope.sequence == row.cursor + 1 || row.expired) && envelope.epoch == epoch &&
        (envelope.kind == wire::EnvelopeKind::bundle) == envelope.acceptance.has_value();
    const auto proof =
        envelope.acceptance.has_value()
            ? client::verify_acceptance(
                  *envelope.acceptance, address_of(row), epoch, envelope.payload, envelope.sequence)
            : Result<void>();
    if (!in_place || !proof.has_value()) {
        // The host or the relay left something out, or made something up.
        step.note(Error{Errc::equivocation, "ENC-13"});
        ask_topic_again(step, companion);
        return {};
    }
    bool removed = false;
    if (envelope.acceptance.has_value()) {
        const wire::Acceptance& acceptance = *envelope.acceptance;
        note_acceptance(companion, acceptance.accepted_at);
        const bool own = row.staged.has_value() && companion.group.has_staged() &&
                         row.staged->commit_hash == acceptance.commit_hash;
        CHATMCP_TRY_VOID(
            own ? take_own_commit(step, companion, acceptance)
                : take_others_commit(step, companion, envelope.payload, acceptance, removed));
    } else {
        CHATMCP_TRY(const bool taken, take_message(step, companion, envelope));
        const auto hash = crypto::sha256(envelope.payload);
        if (!taken && companion.doubted != hash) {
            companion.doubted = hash;
            ask_topic_again(step, companion);
            return {};
        }
    }
    companion.doubted.reset();
    if (removed) {
        return forget_companion(step, GroupId(row.id));
    }
    row.cursor = envelope.sequence;
    row.expired = false;
    return save(step, companion);
}

// ---- What is sent ----

namespace {

Result<void> progress_stream(AgentStep& step, Companion& companion) {
    if (companion.stream != 0 || companion.stream_at > step.steady ||
        step.state.session.challenge.empty()) {
        return {};
    }
    CHATMCP_TRY(const auto key, client::admission_key(companion.group));
    const CompanionRow& row = companion.row;
    companion.stream =
        step.send(Purpose::topic_stream,
                  row.id,
                  client::subscribe_topic(address_of(row),
                                          key,
                                          companion.group.view().epoch().value,
                                          row.expired ? wire::kReadFromOldest : row.cursor,
                                          step.state.session.challenge));
    return {};
}

// The boot rule's Update, and the daily one: a new leaf key with evidence over a nonce of the epoch
// that it ends. A PublicMessage sealed whole, so that no ratchet key is spent.
Result<void> stage_update(AgentStep& step, Companion& companion) {
    mls::Group& group = companion.group;
    CHATMCP_TRY(const auto nonce, client::renewal_nonce(group, group.view().own_index()));
    CHATMCP_TRY(AgentLeaf leaf,
                make_agent_leaf(step.state, companion.row.id, nonce, time_in(step, companion)));
    mls::Plan plan;
    plan.rotate = std::move(leaf.setup);
    plan.force_path = true;
    plan.include_pending = false;
    plan.public_message = true;
    CHATMCP_TRY(mls::Bundle bundle,
                group.stage(step.store, plan, mls::Arrival{time_in(step, companion)}));
    CHATMCP_TRY(bundle.commit,
                client::seal_agent_update(group, bundle.commit, step.state.platform.random()));
    CHATMCP_TRY(const auto key, client::admission_key(group));
    CHATMCP_TRY(const auto next, client::staged_admission_key(group));
    const auto request =
        client::publish_bundle(address_of(companion.row), key, bundle, next.public_key(), {});
    companion.row.staged =
        StagedRow{crypto::sha256(request.commit), leaf.seed, client::encode_door_request(request)};
    companion.staged_here = true;
    return save(step, companion);
}

bool wants_update(const AgentStep& step, const Companion& companion) {
    if (!companion.may_speak) {
        return true;
    }
    const bool idle = companion.outgoing.empty() && companion.publish == 0;
    return companion.renewed_at.plus_ms(idle ? kRenewEveryMs : kRenewAtLastMs) < step.steady;
}

Result<void> progress_update(AgentStep& step, Companion& companion) {
    if (companion.bundle != 0 || companion.bundle_at > step.steady || companion.stream == 0) {
        return {};
    }
    if (!companion.row.staged.has_value()) {
        if (!wants_update(step, companion)) {
            return {};
        }
        CHATMCP_TRY_VOID(stage_update(step, companion));
    }
    CHATMCP_TRY(const StagedRow staged, client::recorded(companion.row.staged));
    CHATMCP_TRY(
        auto request,
        client::decode_door_request(client::door_method(wire::PublishBundle{}), staged.request));
    companion.bundle = step.send(Purpose::bundle, companion.row.id, std::move(request));
    return {};
}

// The time that is told next is kept: whatever a host's clock says later, the time of this
// companion does not go back behind it.
void keep_time(const AgentStep& step, Companion& companion) {
    if (step.now > companion.row.time) {
        companion.row.time = step.now;
        companion.row.time_is_acceptance = false;
    }
}

Result<void> encrypt(AgentStep& step, Companion& companion, Outgoing& outgoing) {
    keep_time(step, companion);
    CHATMCP_TRY(const Bytes content, content_of(step, companion, outgoing));
    mls::Group& group = companion.group;
    CHATMCP_TRY(Bytes payload,
                group.encrypt(step.store, content, {}, wire::padded_size(content.size())));
    CHATMCP_TRY(const auto key, client::admission_key(group));
    outgoing.sent_hash = crypto::sha256(payload);
    outgoing.accepted = false;
    outgoing.sent = client::publish_message(
        address_of(companion.row), key, group.view().epoch().value, std::move(payload));
    if (outgoing.ends.has_value()) {
        CHATMCP_TRY_VOID(last_word_sent(step, companion, *outgoing.ends, outgoing.sent_hash));
    }
    return save(step, companion);
}

Result<void> progress_messages(AgentStep& step, Companion& companion) {
    if (!companion.may_speak || companion.publish != 0 || companion.publish_at > step.steady) {
        return {};
    }
    const auto next = std::ranges::find_if(companion.outgoing, [&](const Outgoing& outgoing) {
        return !outgoing.accepted || outgoing.again_at <= step.steady;
    });
    if (next == companion.outgoing.end()) {
        return {};
    }
    Outgoing& outgoing = *next;
    if (!outgoing.sent.has_value()) {
        CHATMCP_TRY_VOID(encrypt(step, companion, outgoing));
    }
    CHATMCP_CHECK(outgoing.sent.has_value());
    companion.publish = step.send(Purpose::message, companion.row.id, *outgoing.sent);
    outgoing.request = companion.publish;
    return {};
}

}  // namespace

Result<void> progress_companion(AgentStep& step, Companion& companion) {
    if (companion.row.stopped) {
        return {};
    }
    CHATMCP_TRY_VOID(progress_stream(step, companion));
    CHATMCP_TRY_VOID(progress_update(step, companion));
    return progress_messages(step, companion);
}

Result<void> bundle_answered(AgentStep& step,
                             Companion& companion,
                             const std::optional<client::Reason>& refused) {
    companion.bundle = 0;
    // Accepted or not is what the topic says; until then the same bytes are offered again.
    const bool lost = refused.has_value() && refused->code == Errc::stale_epoch;
    companion.bundle_at =
        step.steady.plus_ms(lost || !refused.has_value() ? 10 * kRetryMs : kRetryMs);
    return {};
}

Result<void> message_answered(AgentStep& step,
                              Companion& companion,
                              std::uint64_t request,
                              const std::optional<client::Reason>& refused) {
    companion.publish = 0;
    if (refused.has_value()) {
        // A stale epoch: the topic brings the next one. Anything else: the same bytes again.
        companion.publish_at = step.steady.plus_ms(kRetryMs);
    }
    const auto sent = std::ranges::find(companion.outgoing, request, &Outgoing::request);
    if (sent == companion.outgoing.end()) {
        return {};  // It stood in the topic before the answer came, or is no news any more.
    }
    if (sent->type == wire::ContentType::progress) {
        if (!refused.has_value() || refused->code != Errc::unavailable) {
            companion.outgoing.erase(sent);  // Progress that is late is no news.
        }
        return {};
    }
    // Of an epoch that ended meanwhile, and not in its part of the topic: it is encrypted anew.
    sent->accepted = !refused.has_value() && sent->sent.has_value();
    sent->again_at = step.steady.plus_ms(kUnseenMs);
    return {};
}

}  // namespace chatmcp::enclave
