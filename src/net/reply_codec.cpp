#include <optional>
#include <utility>

#include "identity/device_log.h"
#include "net/codec_values.h"
#include "net/relay_codec.h"

namespace chatmcp::net {

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
    CHATMCP_TRY_VOID(copy_fixed(from.relay_key(), to.relay_key));
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
    CHATMCP_TRY_VOID(decode_challenge(from.challenge(), to.challenge));
    return to;
}

void encode_reply(const wire::GetChallenge::Reply& from, v1::GetChallengeResponse& to) {
    to.set_challenge(text_of(from.challenge));
}

Result<wire::Login::Reply> decode_reply(const v1::LoginResponse& from) {
    wire::Login::Reply to;
    CHATMCP_TRY_VOID(decode_token(from.token(), to.token));
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
            CHATMCP_TRY_VOID(copy_bounded(
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
    CHATMCP_TRY(
        to.entries,
        decode_list(
            from.entries(), identity::kDeviceLogEntriesMax, relay::kDeviceLogEntryMaxBytes));
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

Result<wire::SetInboxPolicy::Reply> decode_reply(const v1::SetInboxPolicyResponse& /*from*/) {
    return wire::SetInboxPolicy::Reply();
}

void encode_reply(const wire::SetInboxPolicy::Reply& /*from*/, v1::SetInboxPolicyResponse& /*to*/) {
}

Result<wire::GetStampTerms::Reply> decode_reply(const v1::GetStampTermsResponse& from) {
    wire::GetStampTerms::Reply to;
    if (!from.terms().empty()) {
        CHATMCP_TRY(to.terms,
                    decode_opaque<wire::StampTerms>(from.terms(), wire::kStampTermsMaxBytes));
    }
    return to;
}

void encode_reply(const wire::GetStampTerms::Reply& from, v1::GetStampTermsResponse& to) {
    if (from.terms.has_value()) {
        to.set_terms(text_of(wire::encode(*from.terms)));
    }
}

Result<wire::PutAgentEntry::Reply> decode_reply(const v1::PutAgentEntryResponse& /*from*/) {
    return wire::PutAgentEntry::Reply();
}

void encode_reply(const wire::PutAgentEntry::Reply& /*from*/, v1::PutAgentEntryResponse& /*to*/) {}

Result<wire::ListAgents::Reply> decode_reply(const v1::ListAgentsResponse& from) {
    wire::ListAgents::Reply to;
    CHATMCP_TRY(to.entries,
                decode_list(from.entries(), relay::kAgentsMax, relay::kAgentEntryMaxBytes));
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
