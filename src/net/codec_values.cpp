#include "net/codec_values.h"

#include <algorithm>
#include <utility>

namespace chatmcp::net {

Result<void> copy_fixed(const std::string& from, std::span<std::uint8_t> to) {
    if (from.size() != to.size()) {
        return fail(Errc::malformed, "NET-50");
    }
    std::ranges::copy(as_bytes(from), to.begin());
    return {};
}

Result<void> copy_bounded(const std::string& from,
                          std::size_t min_bytes,
                          std::size_t max_bytes,
                          Bytes& to) {
    if (from.size() < min_bytes || from.size() > max_bytes) {
        return fail(Errc::malformed, "NET-54");
    }
    to = to_bytes(as_bytes(from));
    return {};
}

Result<UnixMs> decode_time(std::int64_t ms) {
    if (ms < 0) {
        return fail(Errc::malformed, "NET-53");
    }
    return UnixMs{ms};
}

Result<std::vector<Bytes>> decode_list(const RepeatedBytes& from,
                                       std::size_t count_max,
                                       std::size_t item_max_bytes) {
    if (static_cast<std::size_t>(from.size()) > count_max) {
        return fail(Errc::malformed, "NET-54");
    }
    std::vector<Bytes> list;
    list.reserve(static_cast<std::size_t>(from.size()));
    for (const std::string& item : from) {
        CHATMCP_TRY_VOID(copy_bounded(item, 1, item_max_bytes, list.emplace_back()));
    }
    return list;
}

std::string text_of(ByteView bytes) {
    return to_text(bytes);
}

void encode_list(const std::vector<Bytes>& from, RepeatedBytes& to) {
    to.Reserve(static_cast<int>(from.size()));
    for (const Bytes& item : from) {
        to.Add(text_of(item));
    }
}

Result<wire::Acceptance> decode_acceptance(const v1::Acceptance& from) {
    wire::Acceptance to;
    CHATMCP_TRY_VOID(copy_fixed(from.relay_key(), to.relay_key));
    CHATMCP_TRY_VOID(copy_fixed(from.topic(), to.topic));
    to.epoch = from.epoch();
    CHATMCP_TRY_VOID(copy_fixed(from.commit_hash(), to.commit_hash));
    CHATMCP_TRY_VOID(copy_fixed(from.next_admission_key(), to.next_admission_key));
    to.sequence = from.sequence();
    CHATMCP_TRY(to.accepted_at, decode_time(from.accepted_at_ms()));
    CHATMCP_TRY_VOID(copy_fixed(from.signature(), to.signature));
    return to;
}

void encode_acceptance(const wire::Acceptance& from, v1::Acceptance& to) {
    to.set_relay_key(text_of(from.relay_key));
    to.set_topic(text_of(from.topic));
    to.set_epoch(from.epoch);
    to.set_commit_hash(text_of(from.commit_hash));
    to.set_next_admission_key(text_of(from.next_admission_key));
    to.set_sequence(from.sequence);
    to.set_accepted_at_ms(from.accepted_at.value);
    to.set_signature(text_of(from.signature));
}

namespace {

// An acceptance stands where `wanted`, and nowhere else.
template <class Message>
Result<std::optional<wire::Acceptance>> decode_acceptance_if(const Message& from, bool wanted) {
    if (from.has_acceptance() != wanted) {
        return fail(Errc::malformed, "NET-55");
    }
    if (!wanted) {
        return std::optional<wire::Acceptance>();
    }
    CHATMCP_TRY(auto acceptance, decode_acceptance(from.acceptance()));
    return std::optional<wire::Acceptance>(std::move(acceptance));
}

}  // namespace

Result<wire::Envelope> decode_envelope(const v1::Envelope& from) {
    wire::Envelope to;
    to.sequence = from.sequence();
    to.epoch = from.epoch();
    switch (from.kind()) {
        case v1::ENVELOPE_KIND_MESSAGE:
            to.kind = wire::EnvelopeKind::message;
            break;
        case v1::ENVELOPE_KIND_BUNDLE:
            to.kind = wire::EnvelopeKind::bundle;
            break;
        default:
            return fail(Errc::malformed, "NET-51");
    }
    CHATMCP_TRY(to.accepted_at, decode_time(from.accepted_at_ms()));
    CHATMCP_TRY_VOID(copy_bounded(from.payload(), 1, wire::kCommitMaxBytes, to.payload));
    CHATMCP_TRY(to.acceptance, decode_acceptance_if(from, to.kind == wire::EnvelopeKind::bundle));
    return to;
}

void encode_envelope(const wire::Envelope& from, v1::Envelope& to) {
    to.set_sequence(from.sequence);
    to.set_epoch(from.epoch);
    to.set_kind(from.kind == wire::EnvelopeKind::bundle ? v1::ENVELOPE_KIND_BUNDLE
                                                        : v1::ENVELOPE_KIND_MESSAGE);
    to.set_accepted_at_ms(from.accepted_at.value);
    to.set_payload(text_of(from.payload));
    if (from.acceptance.has_value()) {
        encode_acceptance(*from.acceptance, *to.mutable_acceptance());
    }
}

Result<wire::InboxKind> decode_inbox_kind(v1::InboxKind kind) {
    switch (kind) {
        case v1::INBOX_KIND_WELCOME:
            return wire::InboxKind::welcome;
        case v1::INBOX_KIND_KP_REQUEST:
            return wire::InboxKind::kp_request;
        case v1::INBOX_KIND_KP_REPLY:
            return wire::InboxKind::kp_reply;
        case v1::INBOX_KIND_READD:
            return wire::InboxKind::readd;
        default:
            return fail(Errc::malformed, "NET-51");
    }
}

v1::InboxKind encode_inbox_kind(wire::InboxKind kind) {
    switch (kind) {
        case wire::InboxKind::welcome:
            return v1::INBOX_KIND_WELCOME;
        case wire::InboxKind::kp_request:
            return v1::INBOX_KIND_KP_REQUEST;
        case wire::InboxKind::kp_reply:
            return v1::INBOX_KIND_KP_REPLY;
        case wire::InboxKind::readd:
            return v1::INBOX_KIND_READD;
    }
    return v1::INBOX_KIND_UNSPECIFIED;
}

Result<wire::InboxItem> decode_inbox_item(const v1::InboxItem& from) {
    wire::InboxItem to;
    to.sequence = from.sequence();
    CHATMCP_TRY(to.kind, decode_inbox_kind(from.kind()));
    CHATMCP_TRY(to.received_at, decode_time(from.received_at_ms()));
    CHATMCP_TRY_VOID(copy_bounded(from.payload(), 1, wire::kWelcomeMaxBytes, to.payload));
    CHATMCP_TRY(to.acceptance, decode_acceptance_if(from, to.kind == wire::InboxKind::welcome));
    CHATMCP_TRY(to.pass, decode_pass(from.pass()));
    return to;
}

void encode_inbox_item(const wire::InboxItem& from, v1::InboxItem& to) {
    to.set_sequence(from.sequence);
    to.set_kind(encode_inbox_kind(from.kind));
    to.set_received_at_ms(from.received_at.value);
    to.set_payload(text_of(from.payload));
    if (from.acceptance.has_value()) {
        encode_acceptance(*from.acceptance, *to.mutable_acceptance());
    }
    to.set_pass(encode_pass(from.pass));
}

Result<std::optional<wire::Pass>> decode_pass(const std::string& from) {
    if (from.empty()) {
        return std::optional<wire::Pass>{};
    }
    return decode_opaque<wire::Pass>(from, wire::kPassMaxBytes);
}

std::string encode_pass(const std::optional<wire::Pass>& from) {
    return from.has_value() ? text_of(wire::encode(*from)) : std::string();
}

Result<void> decode_token(const std::string& from, Bytes& to) {
    return copy_bounded(from, 1, wire::kTokenMaxBytes, to);
}

Result<void> decode_challenge(const std::string& from, Bytes& to) {
    return copy_bounded(from, 1, wire::kChallengeMaxBytes, to);
}

Result<std::uint32_t> decode_limit(std::uint32_t limit) {
    if (limit == 0 || limit > wire::kReadLimitMax) {
        return fail(Errc::malformed, "NET-54");
    }
    return limit;
}

}  // namespace chatmcp::net
