#include "net/relay_codec.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <google/protobuf/repeated_field.h>

namespace chatmcp::net {

namespace {

using RepeatedBytes = google::protobuf::RepeatedPtrField<std::string>;

// ---- One value each. ----

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
        CHATMCP_CHECK_OK(copy_bounded(item, 1, item_max_bytes, list.emplace_back()));
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

// ---- Structures inside messages. ----

Result<wire::Acceptance> decode_acceptance(const v1::Acceptance& from) {
    wire::Acceptance to;
    CHATMCP_CHECK_OK(copy_fixed(from.relay_key(), to.relay_key));
    CHATMCP_CHECK_OK(copy_fixed(from.topic(), to.topic));
    to.epoch = from.epoch();
    CHATMCP_CHECK_OK(copy_fixed(from.commit_hash(), to.commit_hash));
    CHATMCP_CHECK_OK(copy_fixed(from.next_admission_key(), to.next_admission_key));
    to.sequence = from.sequence();
    CHATMCP_TRY(to.accepted_at, decode_time(from.accepted_at_ms()));
    CHATMCP_CHECK_OK(copy_fixed(from.signature(), to.signature));
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
    CHATMCP_CHECK_OK(copy_bounded(from.payload(), 1, wire::kCommitMaxBytes, to.payload));
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
    CHATMCP_CHECK_OK(copy_bounded(from.payload(), 1, wire::kWelcomeMaxBytes, to.payload));
    CHATMCP_TRY(to.acceptance, decode_acceptance_if(from, to.kind == wire::InboxKind::welcome));
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
}

// Relay key, topic, epoch and signature: what all requests for a group topic begin with.
template <class Message, class Wire>
Result<void> decode_admitted(const Message& from, Wire& to) {
    CHATMCP_CHECK_OK(copy_fixed(from.relay_key(), to.relay_key));
    CHATMCP_CHECK_OK(copy_fixed(from.topic(), to.topic));
    return copy_fixed(from.signature(), to.signature);
}

template <class Wire, class Message>
void encode_admitted(const Wire& from, Message& to) {
    to.set_relay_key(text_of(from.relay_key));
    to.set_topic(text_of(from.topic));
    to.set_signature(text_of(from.signature));
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

}  // namespace

// ---- Requests for group topics. ----

Result<wire::CreateTopic> decode_request(const v1::CreateTopicRequest& from) {
    wire::CreateTopic to;
    CHATMCP_CHECK_OK(decode_admitted(from, to));
    CHATMCP_CHECK_OK(copy_fixed(from.admission_key(), to.admission_key));
    return to;
}

void encode_request(const wire::CreateTopic& from, v1::CreateTopicRequest& to) {
    encode_admitted(from, to);
    to.set_admission_key(text_of(from.admission_key));
}

Result<wire::PublishBundle> decode_request(const v1::PublishBundleRequest& from) {
    wire::PublishBundle to;
    CHATMCP_CHECK_OK(decode_admitted(from, to));
    to.epoch = from.epoch();
    CHATMCP_CHECK_OK(copy_bounded(from.commit(), 1, wire::kCommitMaxBytes, to.commit));
    CHATMCP_CHECK_OK(copy_fixed(from.next_admission_key(), to.next_admission_key));
    if (static_cast<std::size_t>(from.welcomes_size()) > wire::kWelcomesMax) {
        return fail(Errc::malformed, "NET-54");
    }
    to.welcomes.reserve(static_cast<std::size_t>(from.welcomes_size()));
    for (const v1::WelcomeDelivery& delivery : from.welcomes()) {
        wire::WelcomeDelivery& welcome = to.welcomes.emplace_back();
        CHATMCP_CHECK_OK(copy_fixed(delivery.inbox(), welcome.inbox));
        CHATMCP_CHECK_OK(
            copy_bounded(delivery.welcome(), 1, wire::kWelcomeMaxBytes, welcome.welcome));
    }
    return to;
}

void encode_request(const wire::PublishBundle& from, v1::PublishBundleRequest& to) {
    encode_admitted(from, to);
    to.set_epoch(from.epoch);
    to.set_commit(text_of(from.commit));
    to.set_next_admission_key(text_of(from.next_admission_key));
    for (const wire::WelcomeDelivery& welcome : from.welcomes) {
        v1::WelcomeDelivery* delivery = to.add_welcomes();
        delivery->set_inbox(text_of(welcome.inbox));
        delivery->set_welcome(text_of(welcome.welcome));
    }
}

Result<wire::PublishMessage> decode_request(const v1::PublishMessageRequest& from) {
    wire::PublishMessage to;
    CHATMCP_CHECK_OK(decode_admitted(from, to));
    to.epoch = from.epoch();
    CHATMCP_CHECK_OK(copy_bounded(from.payload(), 1, wire::kEnvelopeMaxBytes, to.payload));
    return to;
}

void encode_request(const wire::PublishMessage& from, v1::PublishMessageRequest& to) {
    encode_admitted(from, to);
    to.set_epoch(from.epoch);
    to.set_payload(text_of(from.payload));
}

Result<wire::ReadTopic> decode_request(const v1::ReadTopicRequest& from) {
    wire::ReadTopic to;
    CHATMCP_CHECK_OK(decode_admitted(from, to));
    to.epoch = from.epoch();
    to.after = from.after();
    CHATMCP_TRY(to.limit, decode_limit(from.limit()));
    CHATMCP_CHECK_OK(decode_challenge(from.challenge(), to.challenge));
    return to;
}

void encode_request(const wire::ReadTopic& from, v1::ReadTopicRequest& to) {
    encode_admitted(from, to);
    to.set_epoch(from.epoch);
    to.set_after(from.after);
    to.set_limit(from.limit);
    to.set_challenge(text_of(from.challenge));
}

Result<wire::SubscribeTopic> decode_request(const v1::SubscribeTopicRequest& from) {
    wire::SubscribeTopic to;
    CHATMCP_CHECK_OK(decode_admitted(from, to));
    to.epoch = from.epoch();
    to.after = from.after();
    CHATMCP_CHECK_OK(decode_challenge(from.challenge(), to.challenge));
    return to;
}

void encode_request(const wire::SubscribeTopic& from, v1::SubscribeTopicRequest& to) {
    encode_admitted(from, to);
    to.set_epoch(from.epoch);
    to.set_after(from.after);
    to.set_challenge(text_of(from.challenge));
}

// ---- Requests of anybody. ----

Result<wire::GetRelayInfo> decode_request(const v1::GetRelayInfoRequest& /*from*/) {
    return wire::GetRelayInfo();
}

void encode_request(const wire::GetRelayInfo& /*from*/, v1::GetRelayInfoRequest& /*to*/) {}

Result<wire::GetChallenge> decode_request(const v1::GetChallengeRequest& /*from*/) {
    return wire::GetChallenge();
}

void encode_request(const wire::GetChallenge& /*from*/, v1::GetChallengeRequest& /*to*/) {}

Result<wire::ClaimKeyPackages> decode_request(const v1::ClaimKeyPackagesRequest& from) {
    if (static_cast<std::size_t>(from.root_keys_size()) > wire::ClaimKeyPackages::kRootKeysMax) {
        return fail(Errc::malformed, "NET-54");
    }
    wire::ClaimKeyPackages to;
    to.root_keys.reserve(static_cast<std::size_t>(from.root_keys_size()));
    for (const std::string& key : from.root_keys()) {
        CHATMCP_CHECK_OK(copy_fixed(key, to.root_keys.emplace_back()));
    }
    return to;
}

void encode_request(const wire::ClaimKeyPackages& from, v1::ClaimKeyPackagesRequest& to) {
    for (const wire::Ed25519Key& key : from.root_keys) {
        to.add_root_keys(text_of(key));
    }
}

Result<wire::GetDeviceLog> decode_request(const v1::GetDeviceLogRequest& from) {
    if (from.account().size() > kAccountMaxBytes) {
        return fail(Errc::malformed, "NET-54");
    }
    return wire::GetDeviceLog{.account = from.account()};
}

void encode_request(const wire::GetDeviceLog& from, v1::GetDeviceLogRequest& to) {
    to.set_account(from.account);
}

Result<wire::AppendDeviceLog> decode_request(const v1::AppendDeviceLogRequest& from) {
    wire::AppendDeviceLog to;
    CHATMCP_CHECK_OK(copy_bounded(from.entry(), 1, kDeviceLogEntryMaxBytes, to.entry));
    return to;
}

void encode_request(const wire::AppendDeviceLog& from, v1::AppendDeviceLogRequest& to) {
    to.set_entry(text_of(from.entry));
}

Result<wire::SendInbox> decode_request(const v1::SendInboxRequest& from) {
    wire::SendInbox to;
    CHATMCP_CHECK_OK(copy_fixed(from.inbox(), to.inbox));
    CHATMCP_TRY(to.kind, decode_inbox_kind(from.kind()));
    CHATMCP_CHECK_OK(copy_bounded(from.payload(), 1, wire::kInboxPayloadMaxBytes, to.payload));
    return to;
}

void encode_request(const wire::SendInbox& from, v1::SendInboxRequest& to) {
    to.set_inbox(text_of(from.inbox));
    to.set_kind(encode_inbox_kind(from.kind));
    to.set_payload(text_of(from.payload));
}

Result<wire::ListAgents> decode_request(const v1::ListAgentsRequest& /*from*/) {
    return wire::ListAgents();
}

void encode_request(const wire::ListAgents& /*from*/, v1::ListAgentsRequest& /*to*/) {}

// ---- Requests of a device that logged in. ----

Result<wire::Login> decode_request(const v1::LoginRequest& from) {
    wire::Login to;
    CHATMCP_CHECK_OK(copy_fixed(from.relay_key(), to.relay_key));
    CHATMCP_CHECK_OK(copy_fixed(from.root_key(), to.root_key));
    CHATMCP_CHECK_OK(decode_challenge(from.challenge(), to.challenge));
    CHATMCP_CHECK_OK(copy_bounded(from.channel(), 1, kChannelMaxBytes, to.channel));
    CHATMCP_CHECK_OK(copy_fixed(from.signature(), to.signature));
    return to;
}

void encode_request(const wire::Login& from, v1::LoginRequest& to) {
    to.set_relay_key(text_of(from.relay_key));
    to.set_root_key(text_of(from.root_key));
    to.set_challenge(text_of(from.challenge));
    to.set_channel(text_of(from.channel));
    to.set_signature(text_of(from.signature));
}

Result<wire::UploadKeyPackages> decode_request(const v1::UploadKeyPackagesRequest& from) {
    wire::UploadKeyPackages to;
    CHATMCP_CHECK_OK(decode_token(from.token(), to.token));
    CHATMCP_TRY(
        to.key_packages,
        decode_list(
            from.key_packages(), wire::kKeyPackagesPerUploadMax, wire::kKeyPackageMaxBytes));
    if (from.has_last_resort()) {
        CHATMCP_CHECK_OK(copy_bounded(
            from.last_resort(), 1, wire::kKeyPackageMaxBytes, to.last_resort.emplace()));
    }
    return to;
}

void encode_request(const wire::UploadKeyPackages& from, v1::UploadKeyPackagesRequest& to) {
    to.set_token(text_of(from.token));
    encode_list(from.key_packages, *to.mutable_key_packages());
    if (from.last_resort.has_value()) {
        to.set_last_resort(text_of(*from.last_resort));
    }
}

Result<wire::ReadInbox> decode_request(const v1::ReadInboxRequest& from) {
    wire::ReadInbox to;
    CHATMCP_CHECK_OK(decode_token(from.token(), to.token));
    to.after = from.after();
    CHATMCP_TRY(to.limit, decode_limit(from.limit()));
    return to;
}

void encode_request(const wire::ReadInbox& from, v1::ReadInboxRequest& to) {
    to.set_token(text_of(from.token));
    to.set_after(from.after);
    to.set_limit(from.limit);
}

Result<wire::SubscribeInbox> decode_request(const v1::SubscribeInboxRequest& from) {
    wire::SubscribeInbox to;
    CHATMCP_CHECK_OK(decode_token(from.token(), to.token));
    to.after = from.after();
    return to;
}

void encode_request(const wire::SubscribeInbox& from, v1::SubscribeInboxRequest& to) {
    to.set_token(text_of(from.token));
    to.set_after(from.after);
}

Result<wire::AckInbox> decode_request(const v1::AckInboxRequest& from) {
    wire::AckInbox to;
    CHATMCP_CHECK_OK(decode_token(from.token(), to.token));
    to.sequence = from.sequence();
    return to;
}

void encode_request(const wire::AckInbox& from, v1::AckInboxRequest& to) {
    to.set_token(text_of(from.token));
    to.set_sequence(from.sequence);
}

Result<wire::PutAgentEntry> decode_request(const v1::PutAgentEntryRequest& from) {
    wire::PutAgentEntry to;
    CHATMCP_CHECK_OK(decode_token(from.token(), to.token));
    CHATMCP_CHECK_OK(copy_bounded(from.entry(), 1, kAgentEntryMaxBytes, to.entry));
    return to;
}

void encode_request(const wire::PutAgentEntry& from, v1::PutAgentEntryRequest& to) {
    to.set_token(text_of(from.token));
    to.set_entry(text_of(from.entry));
}

// ---- Replies. ----

Result<wire::CreateTopic::Reply> decode_reply(const v1::CreateTopicResponse& from) {
    wire::CreateTopic::Reply to;
    CHATMCP_TRY(to.accepted_at, decode_time(from.accepted_at_ms()));
    return to;
}

void encode_reply(const wire::CreateTopic::Reply& from, v1::CreateTopicResponse& to) {
    to.set_accepted_at_ms(from.accepted_at.value);
}

Result<wire::PublishBundle::Reply> decode_reply(const v1::PublishBundleResponse& from) {
    if (!from.has_acceptance()) {
        return fail(Errc::malformed, "NET-52");
    }
    wire::PublishBundle::Reply to;
    CHATMCP_TRY(to.acceptance, decode_acceptance(from.acceptance()));
    return to;
}

void encode_reply(const wire::PublishBundle::Reply& from, v1::PublishBundleResponse& to) {
    encode_acceptance(from.acceptance, *to.mutable_acceptance());
}

Result<wire::PublishMessage::Reply> decode_reply(const v1::PublishMessageResponse& from) {
    wire::PublishMessage::Reply to;
    to.sequence = from.sequence();
    CHATMCP_TRY(to.accepted_at, decode_time(from.accepted_at_ms()));
    return to;
}

void encode_reply(const wire::PublishMessage::Reply& from, v1::PublishMessageResponse& to) {
    to.set_sequence(from.sequence);
    to.set_accepted_at_ms(from.accepted_at.value);
}

Result<wire::ReadTopic::Reply> decode_reply(const v1::ReadTopicResponse& from) {
    if (static_cast<std::size_t>(from.envelopes_size()) > wire::kReadLimitMax) {
        return fail(Errc::malformed, "NET-54");
    }
    wire::ReadTopic::Reply to;
    to.envelopes.reserve(static_cast<std::size_t>(from.envelopes_size()));
    for (const v1::Envelope& envelope : from.envelopes()) {
        CHATMCP_TRY(auto decoded, decode_envelope(envelope));
        to.envelopes.push_back(std::move(decoded));
    }
    to.more = from.more();
    to.epoch_ended = from.epoch_ended();
    return to;
}

void encode_reply(const wire::ReadTopic::Reply& from, v1::ReadTopicResponse& to) {
    for (const wire::Envelope& envelope : from.envelopes) {
        encode_envelope(envelope, *to.add_envelopes());
    }
    to.set_more(from.more);
    to.set_epoch_ended(from.epoch_ended);
}

Result<wire::GetRelayInfo::Reply> decode_reply(const v1::GetRelayInfoResponse& from) {
    wire::GetRelayInfo::Reply to;
    CHATMCP_CHECK_OK(copy_fixed(from.relay_key(), to.relay_key));
    CHATMCP_TRY(to.now, decode_time(from.now_ms()));
    if (from.version().size() > kVersionMaxBytes) {
        return fail(Errc::malformed, "NET-54");
    }
    to.version = from.version();
    return to;
}

void encode_reply(const wire::GetRelayInfo::Reply& from, v1::GetRelayInfoResponse& to) {
    to.set_relay_key(text_of(from.relay_key));
    to.set_now_ms(from.now.value);
    to.set_version(from.version);
}

Result<wire::GetChallenge::Reply> decode_reply(const v1::GetChallengeResponse& from) {
    wire::GetChallenge::Reply to;
    CHATMCP_CHECK_OK(decode_challenge(from.challenge(), to.challenge));
    return to;
}

void encode_reply(const wire::GetChallenge::Reply& from, v1::GetChallengeResponse& to) {
    to.set_challenge(text_of(from.challenge));
}

Result<wire::Login::Reply> decode_reply(const v1::LoginResponse& from) {
    wire::Login::Reply to;
    CHATMCP_CHECK_OK(decode_token(from.token(), to.token));
    CHATMCP_TRY(to.expires_at, decode_time(from.expires_at_ms()));
    return to;
}

void encode_reply(const wire::Login::Reply& from, v1::LoginResponse& to) {
    to.set_token(text_of(from.token));
    to.set_expires_at_ms(from.expires_at.value);
}

Result<wire::UploadKeyPackages::Reply> decode_reply(const v1::UploadKeyPackagesResponse& from) {
    return wire::UploadKeyPackages::Reply{.available = from.available(),
                                          .last_resort_used = from.last_resort_used()};
}

void encode_reply(const wire::UploadKeyPackages::Reply& from, v1::UploadKeyPackagesResponse& to) {
    to.set_available(from.available);
    to.set_last_resort_used(from.last_resort_used);
}

Result<wire::ClaimKeyPackages::Reply> decode_reply(const v1::ClaimKeyPackagesResponse& from) {
    if (static_cast<std::size_t>(from.key_packages_size()) > wire::ClaimKeyPackages::kRootKeysMax) {
        return fail(Errc::malformed, "NET-54");
    }
    wire::ClaimKeyPackages::Reply to;
    for (const v1::ClaimedKeyPackage& claimed : from.key_packages()) {
        std::optional<Bytes>& key_package = to.key_packages.emplace_back();
        if (claimed.has_key_package()) {
            CHATMCP_CHECK_OK(copy_bounded(
                claimed.key_package(), 1, wire::kKeyPackageMaxBytes, key_package.emplace()));
        }
    }
    return to;
}

void encode_reply(const wire::ClaimKeyPackages::Reply& from, v1::ClaimKeyPackagesResponse& to) {
    for (const std::optional<Bytes>& key_package : from.key_packages) {
        v1::ClaimedKeyPackage* claimed = to.add_key_packages();
        if (key_package.has_value()) {
            claimed->set_key_package(text_of(*key_package));
        }
    }
}

Result<wire::GetDeviceLog::Reply> decode_reply(const v1::GetDeviceLogResponse& from) {
    wire::GetDeviceLog::Reply to;
    CHATMCP_TRY(to.entries,
                decode_list(from.entries(), kDeviceLogEntriesMax, kDeviceLogEntryMaxBytes));
    return to;
}

void encode_reply(const wire::GetDeviceLog::Reply& from, v1::GetDeviceLogResponse& to) {
    encode_list(from.entries, *to.mutable_entries());
}

Result<wire::AppendDeviceLog::Reply> decode_reply(const v1::AppendDeviceLogResponse& from) {
    return wire::AppendDeviceLog::Reply{.sequence = from.sequence()};
}

void encode_reply(const wire::AppendDeviceLog::Reply& from, v1::AppendDeviceLogResponse& to) {
    to.set_sequence(from.sequence);
}

Result<wire::SendInbox::Reply> decode_reply(const v1::SendInboxResponse& /*from*/) {
    return wire::SendInbox::Reply();
}

void encode_reply(const wire::SendInbox::Reply& /*from*/, v1::SendInboxResponse& /*to*/) {}

Result<wire::ReadInbox::Reply> decode_reply(const v1::ReadInboxResponse& from) {
    if (static_cast<std::size_t>(from.items_size()) > wire::kReadLimitMax) {
        return fail(Errc::malformed, "NET-54");
    }
    wire::ReadInbox::Reply to;
    to.items.reserve(static_cast<std::size_t>(from.items_size()));
    for (const v1::InboxItem& item : from.items()) {
        CHATMCP_TRY(auto decoded, decode_inbox_item(item));
        to.items.push_back(std::move(decoded));
    }
    to.more = from.more();
    return to;
}

void encode_reply(const wire::ReadInbox::Reply& from, v1::ReadInboxResponse& to) {
    for (const wire::InboxItem& item : from.items) {
        encode_inbox_item(item, *to.add_items());
    }
    to.set_more(from.more);
}

Result<wire::AckInbox::Reply> decode_reply(const v1::AckInboxResponse& /*from*/) {
    return wire::AckInbox::Reply();
}

void encode_reply(const wire::AckInbox::Reply& /*from*/, v1::AckInboxResponse& /*to*/) {}

Result<wire::PutAgentEntry::Reply> decode_reply(const v1::PutAgentEntryResponse& /*from*/) {
    return wire::PutAgentEntry::Reply();
}

void encode_reply(const wire::PutAgentEntry::Reply& /*from*/, v1::PutAgentEntryResponse& /*to*/) {}

Result<wire::ListAgents::Reply> decode_reply(const v1::ListAgentsResponse& from) {
    wire::ListAgents::Reply to;
    CHATMCP_TRY(to.entries, decode_list(from.entries(), kAgentEntriesMax, kAgentEntryMaxBytes));
    return to;
}

void encode_reply(const wire::ListAgents::Reply& from, v1::ListAgentsResponse& to) {
    encode_list(from.entries, *to.mutable_entries());
}

// ---- Streams. ----

Result<wire::Envelope> decode_pushed(const v1::SubscribeTopicResponse& from) {
    if (!from.has_envelope()) {
        return fail(Errc::malformed, "NET-52");
    }
    return decode_envelope(from.envelope());
}

Result<wire::InboxItem> decode_pushed(const v1::SubscribeInboxResponse& from) {
    if (!from.has_item()) {
        return fail(Errc::malformed, "NET-52");
    }
    return decode_inbox_item(from.item());
}

void encode_pushed(const wire::Envelope& from, v1::SubscribeTopicResponse& to) {
    encode_envelope(from, *to.mutable_envelope());
}

void encode_pushed(const wire::InboxItem& from, v1::SubscribeInboxResponse& to) {
    encode_inbox_item(from, *to.mutable_item());
}

}  // namespace chatmcp::net
