// What a relay may answer: any bytes as each reply and pushed item. A client survives them, and
// what decodes encodes to the same message.
#include <cstddef>
#include <cstdint>

#include <google/protobuf/util/message_differencer.h>

#include "base/check.h"
#include "net/message_codec.h"
#include "net/relay_codec.h"
#include "net/status.h"

namespace {

using namespace chatmcp;
using google::protobuf::util::MessageDifferencer;

template <class Message>
bool read(ByteView body, Message& message) {
    if (!net::decode_message(net::Codec::proto, body, message).has_value()) {
        return false;
    }
    message.DiscardUnknownFields();
    return true;
}

template <class Message>
void reply(ByteView body) {
    Message message;
    if (!read(body, message)) {
        return;
    }
    if (const auto decoded = net::decode_reply(message); decoded.has_value()) {
        Message again;
        net::encode_reply(*decoded, again);
        CHATMCP_CHECK(MessageDifferencer::Equals(message, again));
    }
}

template <class Message>
void pushed(ByteView body) {
    Message message;
    if (!read(body, message)) {
        return;
    }
    if (const auto decoded = net::decode_pushed(message); decoded.has_value()) {
        Message again;
        net::encode_pushed(*decoded, again);
        CHATMCP_CHECK(MessageDifferencer::Equals(message, again));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView body(data, size);
    reply<net::v1::CreateTopicResponse>(body);
    reply<net::v1::PublishBundleResponse>(body);
    reply<net::v1::PublishMessageResponse>(body);
    reply<net::v1::ReadTopicResponse>(body);
    reply<net::v1::GetRelayInfoResponse>(body);
    reply<net::v1::GetChallengeResponse>(body);
    reply<net::v1::LoginResponse>(body);
    reply<net::v1::UploadKeyPackagesResponse>(body);
    reply<net::v1::ClaimKeyPackagesResponse>(body);
    reply<net::v1::GetDeviceLogResponse>(body);
    reply<net::v1::AppendDeviceLogResponse>(body);
    reply<net::v1::ReadInboxResponse>(body);
    reply<net::v1::ListAgentsResponse>(body);
    pushed<net::v1::SubscribeTopicResponse>(body);
    pushed<net::v1::SubscribeInboxResponse>(body);
    net::ConnectError error;
    error.code = net::ConnectCode::aborted;
    error.details.push_back(
        {.type = "chatmcp.v1.RefusalDetail", .value = Bytes(data, data + size)});
    const net::RemoteRefusal refusal = net::remote_refusal_of(error);
    CHATMCP_CHECK(net::coarse_status(refusal.code) == error.code);
    return 0;
}
