#pragma once

#include <string_view>

#include "base/result.h"
#include "chatmcp/v1/delivery.pb.h"
#include "relay/directory.h"
#include "wire/delivery.h"

// The one place where protobuf and the structures of wire/delivery.h meet. Included by .cpp files
// of net/ only.
//
// Trust:  decode_* read what a stranger (or a relay) sent: sizes and ranges are checked here,
//         signatures by whoever uses the result.
// Errors: malformed (NET-50) an id, key, digest or signature of another size; (NET-51) an
//         enumerator that is none; (NET-52) an absent message; (NET-53) a time that no clock shows;
//         (NET-54) a payload or count out of its range; (NET-55) an acceptance where none belongs,
//         or none where one does.

namespace chatmcp::net {

namespace v1 = ::chatmcp::v1;

// Requests: decode by the server, encode by the client.
[[nodiscard]] Result<wire::CreateTopic> decode_request(const v1::CreateTopicRequest& from);
[[nodiscard]] Result<wire::PublishBundle> decode_request(const v1::PublishBundleRequest& from);
[[nodiscard]] Result<wire::PublishMessage> decode_request(const v1::PublishMessageRequest& from);
[[nodiscard]] Result<wire::ReadTopic> decode_request(const v1::ReadTopicRequest& from);
[[nodiscard]] Result<wire::SubscribeTopic> decode_request(const v1::SubscribeTopicRequest& from);
[[nodiscard]] Result<wire::GetRelayInfo> decode_request(const v1::GetRelayInfoRequest& from);
[[nodiscard]] Result<wire::GetChallenge> decode_request(const v1::GetChallengeRequest& from);
[[nodiscard]] Result<wire::Login> decode_request(const v1::LoginRequest& from);
[[nodiscard]] Result<wire::UploadKeyPackages> decode_request(
    const v1::UploadKeyPackagesRequest& from);
[[nodiscard]] Result<wire::ClaimKeyPackages> decode_request(
    const v1::ClaimKeyPackagesRequest& from);
[[nodiscard]] Result<wire::GetDeviceLog> decode_request(const v1::GetDeviceLogRequest& from);
[[nodiscard]] Result<wire::AppendDeviceLog> decode_request(const v1::AppendDeviceLogRequest& from);
[[nodiscard]] Result<wire::SendInbox> decode_request(const v1::SendInboxRequest& from);
[[nodiscard]] Result<wire::ReadInbox> decode_request(const v1::ReadInboxRequest& from);
[[nodiscard]] Result<wire::SubscribeInbox> decode_request(const v1::SubscribeInboxRequest& from);
[[nodiscard]] Result<wire::AckInbox> decode_request(const v1::AckInboxRequest& from);
[[nodiscard]] Result<wire::SetInboxPolicy> decode_request(const v1::SetInboxPolicyRequest& from);
[[nodiscard]] Result<wire::GetStampTerms> decode_request(const v1::GetStampTermsRequest& from);
[[nodiscard]] Result<wire::PutAgentEntry> decode_request(const v1::PutAgentEntryRequest& from);
[[nodiscard]] Result<wire::ListAgents> decode_request(const v1::ListAgentsRequest& from);

void encode_request(const wire::CreateTopic& from, v1::CreateTopicRequest& to);
void encode_request(const wire::PublishBundle& from, v1::PublishBundleRequest& to);
void encode_request(const wire::PublishMessage& from, v1::PublishMessageRequest& to);
void encode_request(const wire::ReadTopic& from, v1::ReadTopicRequest& to);
void encode_request(const wire::SubscribeTopic& from, v1::SubscribeTopicRequest& to);
void encode_request(const wire::GetRelayInfo& from, v1::GetRelayInfoRequest& to);
void encode_request(const wire::GetChallenge& from, v1::GetChallengeRequest& to);
void encode_request(const wire::Login& from, v1::LoginRequest& to);
void encode_request(const wire::UploadKeyPackages& from, v1::UploadKeyPackagesRequest& to);
void encode_request(const wire::ClaimKeyPackages& from, v1::ClaimKeyPackagesRequest& to);
void encode_request(const wire::GetDeviceLog& from, v1::GetDeviceLogRequest& to);
void encode_request(const wire::AppendDeviceLog& from, v1::AppendDeviceLogRequest& to);
void encode_request(const wire::SendInbox& from, v1::SendInboxRequest& to);
void encode_request(const wire::ReadInbox& from, v1::ReadInboxRequest& to);
void encode_request(const wire::SubscribeInbox& from, v1::SubscribeInboxRequest& to);
void encode_request(const wire::AckInbox& from, v1::AckInboxRequest& to);
void encode_request(const wire::SetInboxPolicy& from, v1::SetInboxPolicyRequest& to);
void encode_request(const wire::GetStampTerms& from, v1::GetStampTermsRequest& to);
void encode_request(const wire::PutAgentEntry& from, v1::PutAgentEntryRequest& to);
void encode_request(const wire::ListAgents& from, v1::ListAgentsRequest& to);

// Replies: encode by the server, decode by the client.
[[nodiscard]] Result<wire::CreateTopic::Reply> decode_reply(const v1::CreateTopicResponse& from);
[[nodiscard]] Result<wire::PublishBundle::Reply> decode_reply(
    const v1::PublishBundleResponse& from);
[[nodiscard]] Result<wire::PublishMessage::Reply> decode_reply(
    const v1::PublishMessageResponse& from);
[[nodiscard]] Result<wire::ReadTopic::Reply> decode_reply(const v1::ReadTopicResponse& from);
[[nodiscard]] Result<wire::GetRelayInfo::Reply> decode_reply(const v1::GetRelayInfoResponse& from);
[[nodiscard]] Result<wire::GetChallenge::Reply> decode_reply(const v1::GetChallengeResponse& from);
[[nodiscard]] Result<wire::Login::Reply> decode_reply(const v1::LoginResponse& from);
[[nodiscard]] Result<wire::UploadKeyPackages::Reply> decode_reply(
    const v1::UploadKeyPackagesResponse& from);
[[nodiscard]] Result<wire::ClaimKeyPackages::Reply> decode_reply(
    const v1::ClaimKeyPackagesResponse& from);
[[nodiscard]] Result<wire::GetDeviceLog::Reply> decode_reply(const v1::GetDeviceLogResponse& from);
[[nodiscard]] Result<wire::AppendDeviceLog::Reply> decode_reply(
    const v1::AppendDeviceLogResponse& from);
[[nodiscard]] Result<wire::SendInbox::Reply> decode_reply(const v1::SendInboxResponse& from);
[[nodiscard]] Result<wire::ReadInbox::Reply> decode_reply(const v1::ReadInboxResponse& from);
[[nodiscard]] Result<wire::AckInbox::Reply> decode_reply(const v1::AckInboxResponse& from);
[[nodiscard]] Result<wire::SetInboxPolicy::Reply> decode_reply(
    const v1::SetInboxPolicyResponse& from);
[[nodiscard]] Result<wire::GetStampTerms::Reply> decode_reply(
    const v1::GetStampTermsResponse& from);
[[nodiscard]] Result<wire::PutAgentEntry::Reply> decode_reply(
    const v1::PutAgentEntryResponse& from);
[[nodiscard]] Result<wire::ListAgents::Reply> decode_reply(const v1::ListAgentsResponse& from);

void encode_reply(const wire::CreateTopic::Reply& from, v1::CreateTopicResponse& to);
void encode_reply(const wire::PublishBundle::Reply& from, v1::PublishBundleResponse& to);
void encode_reply(const wire::PublishMessage::Reply& from, v1::PublishMessageResponse& to);
void encode_reply(const wire::ReadTopic::Reply& from, v1::ReadTopicResponse& to);
void encode_reply(const wire::GetRelayInfo::Reply& from, v1::GetRelayInfoResponse& to);
void encode_reply(const wire::GetChallenge::Reply& from, v1::GetChallengeResponse& to);
void encode_reply(const wire::Login::Reply& from, v1::LoginResponse& to);
void encode_reply(const wire::UploadKeyPackages::Reply& from, v1::UploadKeyPackagesResponse& to);
void encode_reply(const wire::ClaimKeyPackages::Reply& from, v1::ClaimKeyPackagesResponse& to);
void encode_reply(const wire::GetDeviceLog::Reply& from, v1::GetDeviceLogResponse& to);
void encode_reply(const wire::AppendDeviceLog::Reply& from, v1::AppendDeviceLogResponse& to);
void encode_reply(const wire::SendInbox::Reply& from, v1::SendInboxResponse& to);
void encode_reply(const wire::ReadInbox::Reply& from, v1::ReadInboxResponse& to);
void encode_reply(const wire::AckInbox::Reply& from, v1::AckInboxResponse& to);
void encode_reply(const wire::SetInboxPolicy::Reply& from, v1::SetInboxPolicyResponse& to);
void encode_reply(const wire::GetStampTerms::Reply& from, v1::GetStampTermsResponse& to);
void encode_reply(const wire::PutAgentEntry::Reply& from, v1::PutAgentEntryResponse& to);
void encode_reply(const wire::ListAgents::Reply& from, v1::ListAgentsResponse& to);

// One message of a stream.
[[nodiscard]] Result<wire::Envelope> decode_pushed(const v1::SubscribeTopicResponse& from);
[[nodiscard]] Result<wire::InboxItem> decode_pushed(const v1::SubscribeInboxResponse& from);
void encode_pushed(const wire::Envelope& from, v1::SubscribeTopicResponse& to);
void encode_pushed(const wire::InboxItem& from, v1::SubscribeInboxResponse& to);

/// What belongs to a request type of wire/: its protobuf messages, its path, and the largest binary
/// body that can hold an honest request.
template <class WireRequest>
struct Rpc;

inline constexpr std::size_t kAccountMaxBytes = 128;
inline constexpr std::size_t kChannelMaxBytes = 128;
inline constexpr std::size_t kVersionMaxBytes = 64;
inline constexpr std::size_t kSmallRequestMaxBytes = std::size_t{4} << 10;
inline constexpr std::size_t kRequestSlackBytes = std::size_t{1} << 10;

#define CHATMCP_RPC(name, response, max_bytes)                                          \
    template <>                                                                         \
    struct Rpc<wire::name> {                                                            \
        using Request = v1::name##Request;                                              \
        using Response = v1::response;                                                  \
        static constexpr std::string_view kPath = "/chatmcp.v1.DeliveryService/" #name; \
        static constexpr std::size_t kRequestMaxBytes = max_bytes;                      \
    }

CHATMCP_RPC(CreateTopic, CreateTopicResponse, wire::kGroupInfoMaxBytes + kRequestSlackBytes);
CHATMCP_RPC(PublishBundle,
            PublishBundleResponse,
            wire::kBundleMaxBytes + wire::kWelcomesMax * (64 + wire::kPassMaxBytes) +
                kRequestSlackBytes);
CHATMCP_RPC(PublishMessage, PublishMessageResponse, wire::kEnvelopeMaxBytes + kRequestSlackBytes);
CHATMCP_RPC(ReadTopic, ReadTopicResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(SubscribeTopic, SubscribeTopicResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(GetRelayInfo, GetRelayInfoResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(GetChallenge, GetChallengeResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(Login, LoginResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(UploadKeyPackages,
            UploadKeyPackagesResponse,
            (wire::kKeyPackagesPerUploadMax + 1) * (wire::kKeyPackageMaxBytes + 8) +
                kRequestSlackBytes);
CHATMCP_RPC(ClaimKeyPackages,
            ClaimKeyPackagesResponse,
            wire::ClaimKeyPackages::kRootKeysMax * 40 + kRequestSlackBytes);
CHATMCP_RPC(GetDeviceLog, GetDeviceLogResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(AppendDeviceLog,
            AppendDeviceLogResponse,
            relay::kDeviceLogEntryMaxBytes + kRequestSlackBytes);
CHATMCP_RPC(SendInbox, SendInboxResponse, wire::kInboxPayloadMaxBytes + kRequestSlackBytes);
CHATMCP_RPC(ReadInbox, ReadInboxResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(SubscribeInbox, SubscribeInboxResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(AckInbox, AckInboxResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(SetInboxPolicy,
            SetInboxPolicyResponse,
            wire::kInboxPolicyMaxBytes + kRequestSlackBytes);
CHATMCP_RPC(GetStampTerms, GetStampTermsResponse, kSmallRequestMaxBytes);
CHATMCP_RPC(PutAgentEntry, PutAgentEntryResponse, relay::kAgentEntryMaxBytes + kRequestSlackBytes);
CHATMCP_RPC(ListAgents, ListAgentsResponse, kSmallRequestMaxBytes);

#undef CHATMCP_RPC

}  // namespace chatmcp::net
