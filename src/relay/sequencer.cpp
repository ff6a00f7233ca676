#include "relay/sequencer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "crypto/hash.h"
#include "relay/mailbox.h"

namespace chatmcp::relay {
namespace {

constexpr std::int64_t kClockStepBackMaxMs = kHourMs;

// Names a publish by its content, so that the same bytes, from whomever and however often, have one
// place.
ByteArray<32> once_name(std::string_view kind, std::uint64_t epoch, ByteView digest) {
    wire::Writer writer;
    writer.vector(as_bytes(kind));
    writer.u64(epoch);
    writer.vector(digest);
    return crypto::sha256(writer.view());
}

Result<TopicState> state_of(const std::optional<store::Head>& head) {
    if (!head.has_value()) {
        return fail(Errc::not_found, "RLY-06");
    }
    return decode_record<TopicState>(head->state);
}

Result<TopicState> current_state(const std::optional<store::Head>& head, std::uint64_t epoch) {
    CHATMCP_TRY(TopicState state, state_of(head));
    if (state.epoch != epoch) {
        return fail(Errc::stale_epoch, "RLY-09");
    }
    return state;
}

// Who publishes into an epoch that is long over is told the same as who is a little late.
Result<EpochKey> publishing_key(store::Store& store,
                                const wire::TopicId& topic,
                                std::uint64_t epoch,
                                UnixMs now) {
    auto found = find_epoch_key(store, topic, epoch, now);
    if (!found.has_value() && found.error().code == Errc::history_expired) {
        return fail(Errc::stale_epoch, "RLY-09");
    }
    return found;
}

// Times of a topic follow its sequence: a small step back of the clock is smoothed over. A larger
// one corrects a clock that was wrong, and waiting for it would freeze the topic's time.
UnixMs acceptance_time(UnixMs now, UnixMs last_accepted_at) {
    const std::int64_t back_ms = last_accepted_at.value - now.value;
    return back_ms > 0 && back_ms <= kClockStepBackMaxMs ? last_accepted_at : now;
}

Result<void> check_size(ByteView bytes, std::size_t max_bytes) {
    if (bytes.empty()) {
        return fail(Errc::malformed, "RLY-12");
    }
    return bytes.size() <= max_bytes ? Result<void>{} : fail(Errc::too_large, "RLY-11");
}

std::size_t size_of(const wire::PublishBundle& request) {
    std::size_t total_bytes = request.commit.size();
    for (const wire::WelcomeDelivery& delivery : request.welcomes) {
        total_bytes += delivery.welcome.size();
    }
    return total_bytes;
}

Result<void> check_sizes(const wire::PublishBundle& request) {
    CHATMCP_TRY_VOID(check_size(request.commit, wire::kCommitMaxBytes));
    if (request.welcomes.size() > wire::kWelcomesMax) {
        return fail(Errc::too_large, "RLY-11");
    }
    for (const wire::WelcomeDelivery& delivery : request.welcomes) {
        CHATMCP_TRY_VOID(check_size(delivery.welcome, wire::kWelcomeMaxBytes));
    }
    return size_of(request) <= wire::kBundleMaxBytes ? Result<void>{}
                                                     : fail(Errc::too_large, "RLY-11");
}

Result<Sequencer::Published> published(const store::Updated& updated) {
    CHATMCP_TRY(wire::Envelope envelope, decode_record<wire::Envelope>(updated.entry.value));
    return Sequencer::Published{.repeated = updated.repeated, .envelope = std::move(envelope)};
}

}  // namespace

Result<EpochKey> find_epoch_key(store::Store& store,
                                const wire::TopicId& topic,
                                std::uint64_t epoch,
                                UnixMs now) {
    CHATMCP_TRY(const auto head, store.head(topic_partition(topic)));
    CHATMCP_TRY(const TopicState state, state_of(head));
    CHATMCP_CHECK(head.has_value());
    if (epoch > state.epoch) {
        return fail(Errc::future_epoch, "RLY-10");
    }
    EpochKey out{.admission_key = state.admission_key,
                 .first_sequence = state.first_sequence,
                 .last_sequence = {},
                 .head_sequence = head->sequence,
                 .followed = state.followed.has_value()};
    if (epoch < state.epoch) {
        CHATMCP_TRY(const auto blob,
                    store.get_blob(topic_partition(topic), epoch_name(epoch), now));
        if (!blob.has_value()) {
            return fail(Errc::history_expired, "RLY-16");
        }
        CHATMCP_TRY(const EpochRecord record, decode_record<EpochRecord>(blob->value));
        out.admission_key = record.admission_key;
        out.first_sequence = record.first_sequence;
        out.last_sequence = record.last_sequence;
    }
    return out;
}

Result<void> Sequencer::insert(const wire::CreateTopic& request,
                               const Peer& peer,
                               UnixMs now) const {
    if (!context_.limiter.take(RateLimiter::Kind::create_source,
                               context_.options.limits.creates_per_source,
                               peer.source,
                               {},
                               now)) {
        return fail(Errc::rate_limited, "RLY-08");
    }
    TopicState first{.epoch = 0,
                     .admission_key = request.admission_key,
                     .first_sequence = 1,
                     .last_accepted_at = now,
                     .created_at = now,
                     .created_with = request.admission_key,
                     .followed = {}};
    store::Change change;
    if (!request.group_info.empty()) {
        CHATMCP_TRY_VOID(check_volume(request.group_info.size(), peer, now));
        CHATMCP_TRY(const FollowedGroup group, follower_.open(request, now));
        first.followed = group.followed;
        change.blobs.push_back({.name = followed_group_name(), .value = wire::encode(group)});
    }
    change.state = wire::encode(first);
    // Somebody else's create may come between; then the head says whose it is.
    const auto inserted = context_.store.update(
        topic_partition(request.topic),
        {},
        now,
        [&](const std::optional<store::Head>& before) -> Result<store::Change> {
            return before.has_value() ? fail(Errc::already_exists, "RLY-07")
                                      : Result<store::Change>(change);
        });
    return inserted.has_value() ? Result<void>{} : fail(inserted.error());
}

Result<wire::CreateTopic::Reply> Sequencer::create(const wire::CreateTopic& request,
                                                   const Peer& peer) const {
    CHATMCP_TRY_VOID(admission_.check_relay(request.relay_key, peer));
    CHATMCP_TRY_VOID(admission_.check_admission(
        request.admission(), request.admission_key, request.signature, peer));
    const store::Partition partition = topic_partition(request.topic);
    CHATMCP_TRY(auto head, context_.store.head(partition));
    if (!head.has_value()) {
        const auto inserted = insert(request, peer, context_.clock.now());
        if (!inserted.has_value() && inserted.error().code != Errc::already_exists) {
            return fail(inserted.error());
        }
        CHATMCP_TRY(head, context_.store.head(partition));
    }
    CHATMCP_TRY(const TopicState state, state_of(head));
    if (state.created_with != request.admission_key) {
        return fail(Errc::already_exists, "RLY-07");
    }
    return wire::CreateTopic::Reply{.accepted_at = state.created_at};
}

Result<void> Sequencer::check_volume(std::size_t size_bytes, const Peer& peer, UnixMs now) const {
    if (!context_.limiter.take(RateLimiter::Kind::publish_source,
                               context_.options.limits.published_kib_per_source,
                               peer.source,
                               {},
                               now,
                               static_cast<std::uint32_t>(size_bytes / 1024 + 1))) {
        return fail(Errc::rate_limited, "RLY-35");
    }
    return {};
}

Result<void> Sequencer::check_welcomes(const wire::PublishBundle& request,
                                       const ByteArray<32>& bundle,
                                       const Peer& peer,
                                       UnixMs now) const {
    const Limits& limits = context_.options.limits;
    for (const wire::WelcomeDelivery& delivery : request.welcomes) {
        using Kind = RateLimiter::Kind;
        if (!context_.limiter.take(Kind::welcome_inbox_source,
                                   limits.welcomes_per_inbox_and_source,
                                   peer.source,
                                   delivery.inbox,
                                   now) ||
            !context_.limiter.take(
                Kind::welcome_inbox, limits.welcomes_per_inbox, delivery.inbox, {}, now)) {
            return fail(Errc::rate_limited, "RLY-13");
        }
        CHATMCP_TRY_VOID(check_inbox_room(context_, delivery.inbox, kInboxRoom));
    }
    // Last: a stamp that is taken for this bundle is taken for no other one.
    for (const wire::WelcomeDelivery& delivery : request.welcomes) {
        CHATMCP_TRY_VOID(first_contact_.admit(delivery, bundle));
    }
    return {};
}

wire::Acceptance Sequencer::accept(const wire::PublishBundle& request,
                                   std::uint64_t sequence,
                                   UnixMs accepted_at) const {
    wire::Acceptance acceptance{.relay_key = context_.key.public_key(),
                                .topic = request.topic,
                                .epoch = request.epoch,
                                .commit_hash = crypto::sha256(request.commit),
                                .next_admission_key = request.next_admission_key,
                                .sequence = sequence,
                                .accepted_at = accepted_at,
                                .signature = {}};
    acceptance.signature =
        to_array<crypto::kEd25519SignatureBytes>(wire::sign(context_.key, acceptance));
    return acceptance;
}

store::Change Sequencer::bundle_change(const wire::PublishBundle& request,
                                       const store::Head& head,
                                       const TopicState& state,
                                       UnixMs now) const {
    const std::uint64_t sequence = head.sequence + 1;
    const UnixMs accepted_at = acceptance_time(now, state.last_accepted_at);
    const UnixMs expires_at = accepted_at.plus_ms(context_.options.retention_ms);
    const wire::Acceptance acceptance = accept(request, sequence, accepted_at);

    store::Change change;
    change.state = wire::encode(TopicState{.epoch = request.epoch + 1,
                                           .admission_key = request.next_admission_key,
                                           .first_sequence = sequence + 1,
                                           .last_accepted_at = accepted_at,
                                           .created_at = state.created_at,
                                           .created_with = state.created_with,
                                           .followed = state.followed});
    change.entry =
        store::NewEntry{.expires_at = expires_at,
                        .value = wire::encode(wire::Envelope{.sequence = sequence,
                                                             .epoch = request.epoch,
                                                             .kind = wire::EnvelopeKind::bundle,
                                                             .accepted_at = accepted_at,
                                                             .payload = request.commit,
                                                             .acceptance = acceptance})};
    // The old epoch can be read as long as the bundle that ended it is there to be read.
    change.blobs.push_back(
        {.name = epoch_name(request.epoch),
         .expires_at = expires_at,
         .value = wire::encode(EpochRecord{.admission_key = state.admission_key,
                                           .first_sequence = state.first_sequence,
                                           .last_sequence = sequence})});
    for (const wire::WelcomeDelivery& delivery : request.welcomes) {
        change.deliveries.push_back(
            {.to = inbox_partition(delivery.inbox),
             .expires_at = expires_at,
             .value = wire::encode(InboxRecord{.kind = wire::InboxKind::welcome,
                                               .received_at = accepted_at,
                                               .payload = delivery.welcome,
                                               .acceptance = acceptance,
                                               .pass = delivery.pass})});
    }
    return change;
}

store::Change Sequencer::message_change(const wire::PublishMessage& request,
                                        const store::Head& head,
                                        TopicState state,
                                        UnixMs now) const {
    const UnixMs accepted_at = acceptance_time(now, state.last_accepted_at);
    state.last_accepted_at = accepted_at;
    store::Change change;
    change.state = wire::encode(state);
    change.entry =
        store::NewEntry{.expires_at = accepted_at.plus_ms(context_.options.retention_ms),
                        .value = wire::encode(wire::Envelope{.sequence = head.sequence + 1,
                                                             .epoch = request.epoch,
                                                             .kind = wire::EnvelopeKind::message,
                                                             .accepted_at = accepted_at,
                                                             .payload = request.payload,
                                                             .acceptance = {}})};
    return change;
}

Result<store::Updated> Sequencer::put(const Item& item,
                                      const EpochKey& key,
                                      UnixMs now,
                                      const Place& place) const {
    const bool looks = key.followed && !key.last_sequence.has_value();
    while (true) {
        std::optional<FollowedGroup> after;
        if (looks) {
            CHATMCP_TRY(after,
                        follower_.look(item.topic, item.epoch, item.kind, item.payload, now));
        }
        bool overtaken = false;
        auto updated = context_.store.update(
            topic_partition(item.topic),
            item.once,
            now,
            [&](const std::optional<store::Head>& head) -> Result<store::Change> {
                CHATMCP_TRY(TopicState state, current_state(head, item.epoch));
                overtaken = after.has_value() && state.followed != after->followed - 1;
                if (overtaken) {
                    return fail(Errc::conflict, "RLY-09");
                }
                if (after.has_value()) {
                    state.followed = after->followed;
                }
                store::Change change = place(*head, state, now);
                if (after.has_value()) {
                    change.blobs.push_back(
                        {.name = followed_group_name(), .value = wire::encode(*after)});
                }
                return change;
            });
        // Another handshake came between: what this one does is judged by the group after it.
        if (!overtaken) {
            return updated;
        }
    }
}

Result<Sequencer::Published> Sequencer::bundle(const wire::PublishBundle& request,
                                               const Peer& peer) const {
    CHATMCP_TRY_VOID(admission_.check_relay(request.relay_key, peer));
    CHATMCP_TRY_VOID(check_sizes(request));
    const UnixMs now = context_.clock.now();
    CHATMCP_TRY(const EpochKey epoch,
                publishing_key(context_.store, request.topic, request.epoch, now));
    const wire::AdmissionContent content = request.admission();
    CHATMCP_TRY_VOID(
        admission_.check_admission(content, epoch.admission_key, request.signature, peer));
    const Item item{.topic = request.topic,
                    .epoch = request.epoch,
                    .kind = wire::EnvelopeKind::bundle,
                    .payload = request.commit,
                    .once = once_name("bundle", request.epoch, content.binding)};
    if (!epoch.last_sequence.has_value()) {
        CHATMCP_TRY_VOID(check_volume(size_of(request), peer, now));
        const crypto::Sha256Digest bundle = crypto::sha256({item.topic, item.once});
        CHATMCP_TRY_VOID(check_welcomes(request, bundle, peer, now));
    }
    CHATMCP_TRY(
        const store::Updated updated,
        put(item, epoch, now, [&](const store::Head& head, const TopicState& state, UnixMs at) {
            return bundle_change(request, head, state, at);
        }));
    for (const wire::WelcomeDelivery& delivery : request.welcomes) {
        if (!updated.repeated) {
            context_.inbox_usage.added(delivery.inbox, delivery.welcome.size());
        }
    }
    return published(updated);
}

Result<Sequencer::Published> Sequencer::message(const wire::PublishMessage& request,
                                                const Peer& peer) const {
    CHATMCP_TRY_VOID(admission_.check_relay(request.relay_key, peer));
    CHATMCP_TRY_VOID(check_size(request.payload, wire::kEnvelopeMaxBytes));
    const UnixMs now = context_.clock.now();
    CHATMCP_TRY(const EpochKey epoch,
                publishing_key(context_.store, request.topic, request.epoch, now));
    const wire::AdmissionContent content = request.admission();
    CHATMCP_TRY_VOID(
        admission_.check_admission(content, epoch.admission_key, request.signature, peer));
    if (!epoch.last_sequence.has_value()) {
        CHATMCP_TRY_VOID(check_volume(request.payload.size(), peer, now));
    }
    const Item item{.topic = request.topic,
                    .epoch = request.epoch,
                    .kind = wire::EnvelopeKind::message,
                    .payload = request.payload,
                    .once = once_name("message", request.epoch, content.binding)};
    CHATMCP_TRY(
        const store::Updated updated,
        put(item, epoch, now, [&](const store::Head& head, const TopicState& state, UnixMs at) {
            return message_change(request, head, state, at);
        }));
    return published(updated);
}

}  // namespace chatmcp::relay
