#include "net/relay_codec.h"

#include <utility>

#include "net/codec_values.h"

namespace chatmcp::net {

namespace {

// Relay key, topic, epoch and signature: what all requests for a group topic begin with.
template <class Message, class Wire>
Result<void> decode_admitted(const Message& from, Wire& to) {
    CHATMCP_TRY_VOID(copy_fixed(from.relay_key(), to.relay_key));
    CHATMCP_TRY_VOID(copy_fixed(from.topic(), to.topic));
    return copy_fixed(from.signature(), to.signature);
}

template <class Wire, class Message>
void encode_admitted(const Wire& from, Message& to) {
    to.set_relay_key(text_of(from.relay_key));
    to.set_topic(text_of(from.topic));
    to.set_signature(text_of(from.signature));
}

}  // namespace

// ---- Requests for group topics. ----

Result<wire::CreateTopic> decode_request(const v1::CreateTopicRequest& from) {
    wire::CreateTopic to;
    CHATMCP_TRY_VOID(decode_admitted(from, to));
    CHATMCP_TRY_VOID(copy_fixed(from.admission_key(), to.admission_key));
    CHATMCP_TRY_VOID(copy_bounded(from.group_info(), 0, wire::kGroupInfoMaxBytes, to.group_info));
    return to;
}

void encode_request(const wire::CreateTopic& from, v1::CreateTopicRequest& to) {
    encode_admitted(from, to);
    to.set_admission_key(text_of(from.admission_key));
    to.set_group_info(text_of(from.group_info));
}

Result<wire::PublishBundle> decode_request(const v1::PublishBundleRequest& from) {
    wire::PublishBundle to;
    CHATMCP_TRY_VOID(decode_admitted(from, to));
    to.epoch = from.epoch();
    CHATMCP_TRY_VOID(copy_bounded(from.commit(), 1, wire::kCommitMaxBytes, to.commit));
    CHATMCP_TRY_VOID(copy_fixed(from.next_admission_key(), to.next_admission_key));
    if (static_cast<std::size_t>(from.welcomes_size()) > wire::kWelcomesMax) {
        return fail(Errc::malformed, "NET-54");
    }
    to.welcomes.reserve(static_cast<std::size_t>(from.welcomes_size()));
    for (const v1::WelcomeDelivery& delivery : from.welcomes()) {
        wire::WelcomeDelivery& welcome = to.welcomes.emplace_back();
        CHATMCP_TRY_VOID(copy_fixed(delivery.inbox(), welcome.inbox));
        CHATMCP_TRY_VOID(
            copy_bounded(delivery.welcome(), 1, wire::kWelcomeMaxBytes, welcome.welcome));
        CHATMCP_TRY(welcome.pass, decode_pass(delivery.pass()));
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
        delivery->set_pass(encode_pass(welcome.pass));
    }
}

Result<wire::PublishMessage> decode_request(const v1::PublishMessageRequest& from) {
    wire::PublishMessage to;
    CHATMCP_TRY_VOID(decode_admitted(from, to));
    to.epoch = from.epoch();
    CHATMCP_TRY_VOID(copy_bounded(from.payload(), 1, wire::kEnvelopeMaxBytes, to.payload));
    return to;
}

void encode_request(const wire::PublishMessage& from, v1::PublishMessageRequest& to) {
    encode_admitted(from, to);
    to.set_epoch(from.epoch);
    to.set_payload(text_of(from.payload));
}

Result<wire::ReadTopic> decode_request(const v1::ReadTopicRequest& from) {
    wire::ReadTopic to;
    CHATMCP_TRY_VOID(decode_admitted(from, to));
    to.epoch = from.epoch();
    to.after = from.after();
    CHATMCP_TRY(to.limit, decode_limit(from.limit()));
    CHATMCP_TRY_VOID(decode_challenge(from.challenge(), to.challenge));
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
    CHATMCP_TRY_VOID(decode_admitted(from, to));
    to.epoch = from.epoch();
    to.after = from.after();
    CHATMCP_TRY_VOID(decode_challenge(from.challenge(), to.challenge));
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
        CHATMCP_TRY_VOID(copy_fixed(key, to.root_keys.emplace_back()));
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
    CHATMCP_TRY_VOID(copy_bounded(from.entry(), 1, relay::kDeviceLogEntryMaxBytes, to.entry));
    return to;
}

void encode_request(const wire::AppendDeviceLog& from, v1::AppendDeviceLogRequest& to) {
    to.set_entry(text_of(from.entry));
}

Result<wire::SendInbox> decode_request(const v1::SendInboxRequest& from) {
    wire::SendInbox to;
    CHATMCP_TRY_VOID(copy_fixed(from.inbox(), to.inbox));
    CHATMCP_TRY(to.kind, decode_inbox_kind(from.kind()));
    CHATMCP_TRY_VOID(copy_bounded(from.payload(), 1, wire::kInboxPayloadMaxBytes, to.payload));
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
    CHATMCP_TRY_VOID(copy_fixed(from.relay_key(), to.relay_key));
    CHATMCP_TRY_VOID(copy_fixed(from.root_key(), to.root_key));
    CHATMCP_TRY_VOID(decode_challenge(from.challenge(), to.challenge));
    CHATMCP_TRY_VOID(copy_bounded(from.channel(), 1, kChannelMaxBytes, to.channel));
    CHATMCP_TRY_VOID(copy_fixed(from.signature(), to.signature));
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
    CHATMCP_TRY_VOID(decode_token(from.token(), to.token));
    CHATMCP_TRY(
        to.key_packages,
        decode_list(
            from.key_packages(), wire::kKeyPackagesPerUploadMax, wire::kKeyPackageMaxBytes));
    if (from.has_last_resort()) {
        CHATMCP_TRY_VOID(copy_bounded(
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
    CHATMCP_TRY_VOID(decode_token(from.token(), to.token));
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
    CHATMCP_TRY_VOID(decode_token(from.token(), to.token));
    to.after = from.after();
    return to;
}

void encode_request(const wire::SubscribeInbox& from, v1::SubscribeInboxRequest& to) {
    to.set_token(text_of(from.token));
    to.set_after(from.after);
}

Result<wire::AckInbox> decode_request(const v1::AckInboxRequest& from) {
    wire::AckInbox to;
    CHATMCP_TRY_VOID(decode_token(from.token(), to.token));
    to.sequence = from.sequence();
    return to;
}

void encode_request(const wire::AckInbox& from, v1::AckInboxRequest& to) {
    to.set_token(text_of(from.token));
    to.set_sequence(from.sequence);
}

Result<wire::SetInboxPolicy> decode_request(const v1::SetInboxPolicyRequest& from) {
    wire::SetInboxPolicy to;
    CHATMCP_TRY_VOID(decode_token(from.token(), to.token));
    if (from.has_policy()) {
        CHATMCP_TRY(to.policy,
                    decode_opaque<wire::InboxPolicy>(from.policy(), wire::kInboxPolicyMaxBytes));
    }
    return to;
}

void encode_request(const wire::SetInboxPolicy& from, v1::SetInboxPolicyRequest& to) {
    to.set_token(text_of(from.token));
    if (from.policy.has_value()) {
        to.set_policy(text_of(wire::encode(*from.policy)));
    }
}

Result<wire::GetStampTerms> decode_request(const v1::GetStampTermsRequest& from) {
    wire::GetStampTerms to;
    CHATMCP_TRY_VOID(copy_fixed(from.inbox(), to.inbox));
    return to;
}

void encode_request(const wire::GetStampTerms& from, v1::GetStampTermsRequest& to) {
    to.set_inbox(text_of(from.inbox));
}

Result<wire::PutAgentEntry> decode_request(const v1::PutAgentEntryRequest& from) {
    wire::PutAgentEntry to;
    CHATMCP_TRY_VOID(decode_token(from.token(), to.token));
    CHATMCP_TRY_VOID(copy_bounded(from.entry(), 1, relay::kAgentEntryMaxBytes, to.entry));
    return to;
}

void encode_request(const wire::PutAgentEntry& from, v1::PutAgentEntryRequest& to) {
    to.set_token(text_of(from.token));
    to.set_entry(text_of(from.entry));
}

}  // namespace chatmcp::net
