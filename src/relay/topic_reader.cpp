#include "relay/topic_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "relay/records.h"
#include "relay/sequencer.h"

namespace chatmcp::relay {
namespace {

// Adds what belongs to the epoch, in order and without a gap; stops behind the bundle that ends it.
Result<void> collect(const std::vector<store::Entry>& entries,
                     std::uint64_t epoch,
                     wire::ReadTopic::Reply& reply) {
    for (const store::Entry& entry : entries) {
        if (!reply.envelopes.empty() && entry.sequence != reply.envelopes.back().sequence + 1) {
            break;  // The next read starts here and is told.
        }
        CHATMCP_TRY(wire::Envelope envelope, decode_record<wire::Envelope>(entry.value));
        if (envelope.sequence != entry.sequence) {
            return fail(Errc::storage_corrupt, "RLY-30");
        }
        // Of the next epoch: it began after the head was looked at.
        if (envelope.epoch != epoch) {
            break;
        }
        reply.epoch_ended = envelope.kind == wire::EnvelopeKind::bundle;
        reply.envelopes.push_back(std::move(envelope));
        if (reply.epoch_ended) {
            break;
        }
    }
    return {};
}

}  // namespace

Result<wire::ReadTopic::Reply> TopicReader::read_admitted(const wire::TopicId& topic,
                                                          std::uint64_t epoch,
                                                          std::uint64_t after,
                                                          const Page& page) const {
    const UnixMs now = context_.clock.now();
    CHATMCP_TRY(const EpochKey found, find_epoch_key(context_.store, topic, epoch, now));
    const bool from_oldest = after == wire::kReadFromOldest;
    const std::uint64_t first = found.first_sequence;
    const std::uint64_t start = from_oldest ? first - 1 : std::max(after, first - 1);
    const std::uint64_t last = found.last_sequence.value_or(found.head_sequence);

    wire::ReadTopic::Reply reply;
    if (start >= last && found.last_sequence.has_value()) {
        reply.epoch_ended = true;
        return reply;
    }
    CHATMCP_TRY(const auto entries,
                context_.store.read_after(
                    topic_partition(topic), start, page.items_max, page.bytes_max, now));
    // Everything up to the head that was looked at before is there, or over its time.
    const bool missing = entries.empty() ? start < last : entries.front().sequence != start + 1;
    if (missing && !from_oldest) {
        return fail(Errc::history_expired, "RLY-16");
    }
    CHATMCP_TRY_VOID(collect(entries, epoch, reply));
    if (!reply.epoch_ended && !reply.envelopes.empty()) {
        reply.more = reply.envelopes.back().sequence < last;
    }
    return reply;
}

Result<wire::ReadTopic::Reply> TopicReader::read(const wire::ReadTopic& request,
                                                 const Peer& peer) const {
    if (request.limit == 0 || request.limit > wire::kReadLimitMax) {
        return fail(Errc::invalid_argument, "RLY-15");
    }
    CHATMCP_TRY_VOID(admission_.check_relay(request.relay_key, peer));
    CHATMCP_TRY_VOID(admission_.check_challenge(request.challenge, peer));
    CHATMCP_TRY(const EpochKey found,
                find_epoch_key(context_.store, request.topic, request.epoch, context_.clock.now()));
    CHATMCP_TRY_VOID(admission_.check_admission(
        request.admission(), found.admission_key, request.signature, peer));
    return read_admitted(request.topic,
                         request.epoch,
                         request.after,
                         {.items_max = request.limit, .bytes_max = kReadBytesMax});
}

Result<void> TopicReader::check(const wire::SubscribeTopic& request, const Peer& peer) const {
    CHATMCP_TRY_VOID(admission_.check_relay(request.relay_key, peer));
    CHATMCP_TRY_VOID(admission_.check_challenge(request.challenge, peer));
    CHATMCP_TRY(const EpochKey found,
                find_epoch_key(context_.store, request.topic, request.epoch, context_.clock.now()));
    return admission_.check_admission(
        request.admission(), found.admission_key, request.signature, peer);
}

}  // namespace chatmcp::relay
