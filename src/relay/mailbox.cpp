#include "relay/mailbox.h"

#include <utility>

#include "crypto/hash.h"
#include "relay/records.h"
#include "relay/topic_reader.h"

namespace chatmcp::relay {
namespace {

Result<void> check_kind(wire::InboxKind kind) {
    switch (kind) {
        case wire::InboxKind::welcome:
            // Otherwise a stranger could welcome people into groups whose commit nobody accepted.
            return fail(Errc::permission_denied, "RLY-28");
        case wire::InboxKind::kp_request:
        case wire::InboxKind::kp_reply:
        case wire::InboxKind::readd:
            return {};
    }
    return fail(Errc::invalid_argument, "RLY-27");
}

ByteArray<32> once_name(const wire::SendInbox& request) {
    wire::Writer writer;
    writer.vector(as_bytes("send"));
    writer.u8(static_cast<std::uint8_t>(request.kind));
    writer.vector(request.payload);
    return crypto::sha256(writer.view());
}

}  // namespace

Result<void> check_inbox_room(const Context& context,
                              const wire::InboxId& inbox,
                              const InboxRoom& room) {
    const UnixMs now = context.clock.now();
    const auto count = [&] {
        return context.store.usage(
            inbox_partition(inbox), kInboxRoom.items_max, kInboxRoom.bytes_max, now);
    };
    CHATMCP_TRY(const store::Usage usage, context.inbox_usage.get(inbox, now, count));
    if (usage.entries >= room.items_max || usage.bytes >= room.bytes_max) {
        return fail(Errc::resource_exhausted, "RLY-14");
    }
    return {};
}

Result<Mailbox::Sent> Mailbox::send(const wire::SendInbox& request, const Peer& peer) const {
    CHATMCP_TRY_VOID(check_kind(request.kind));
    if (request.payload.empty()) {
        return fail(Errc::malformed, "RLY-12");
    }
    if (request.payload.size() > wire::kInboxPayloadMaxBytes) {
        return fail(Errc::too_large, "RLY-11");
    }
    const UnixMs now = context_.clock.now();
    const Limits& limits = context_.options.limits;
    using Kind = RateLimiter::Kind;
    // The source's own allowance first, so that one flooder does not use up everybody's.
    if (!context_.limiter.take(Kind::send_inbox_source,
                               limits.inbox_sends_per_inbox_and_source,
                               peer.source,
                               request.inbox,
                               now) ||
        !context_.limiter.take(
            Kind::send_inbox, limits.inbox_sends_per_inbox, request.inbox, {}, now)) {
        return fail(Errc::rate_limited, "RLY-29");
    }
    CHATMCP_TRY_VOID(check_inbox_room(context_, request.inbox, kInboxRoomOfRequests));
    CHATMCP_TRY(
        const store::Updated updated,
        context_.store.update(inbox_partition(request.inbox),
                              once_name(request),
                              now,
                              [&](const std::optional<store::Head>& head) -> Result<store::Change> {
                                  store::Change change;
                                  change.state = head.has_value() ? head->state : Bytes{};
                                  change.entry = store::NewEntry{
                                      .expires_at = now.plus_ms(kInboxRequestLifetimeMs),
                                      .value = wire::encode(InboxRecord{.kind = request.kind,
                                                                        .received_at = now,
                                                                        .payload = request.payload,
                                                                        .acceptance = {}})};
                                  return change;
                              }));
    if (!updated.repeated) {
        context_.inbox_usage.added(request.inbox, updated.entry.value.size());
    }
    return Sent{.repeated = updated.repeated};
}

Result<wire::ReadInbox::Reply> Mailbox::read(const wire::InboxId& inbox,
                                             std::uint64_t after,
                                             const Page& page) const {
    if (page.items_max == 0 || page.items_max > wire::kReadLimitMax) {
        return fail(Errc::invalid_argument, "RLY-15");
    }
    // One more than asked for, to know whether there is more.
    CHATMCP_TRY(auto entries,
                context_.store.read_after(inbox_partition(inbox),
                                          after,
                                          page.items_max + 1,
                                          page.bytes_max,
                                          context_.clock.now()));
    wire::ReadInbox::Reply reply;
    std::size_t total_bytes = 0;
    for (const store::Entry& entry : entries) {
        total_bytes += entry.value.size();
    }
    reply.more = entries.size() > page.items_max || total_bytes >= page.bytes_max;
    if (entries.size() > page.items_max) {
        entries.pop_back();
    }
    for (const store::Entry& entry : entries) {
        CHATMCP_TRY(InboxRecord record, decode_record<InboxRecord>(entry.value));
        reply.items.push_back({.sequence = entry.sequence,
                               .kind = record.kind,
                               .received_at = record.received_at,
                               .payload = std::move(record.payload),
                               .acceptance = std::move(record.acceptance),
                               .pass = record.pass});
    }
    return reply;
}

Result<void> Mailbox::acknowledge(const wire::InboxId& inbox, std::uint64_t sequence) const {
    CHATMCP_TRY_VOID(context_.store.erase_through(inbox_partition(inbox), sequence));
    context_.inbox_usage.forget(inbox);
    return {};
}

}  // namespace chatmcp::relay
