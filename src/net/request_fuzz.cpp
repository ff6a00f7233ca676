// From the head of an HTTP request and its body to the request of wire/: whatever is sent, the
// answer is a refusal or a structure that encodes again.
//
// Input: lines of "name: value" for the headers, an empty line, the body. The first header line's
// value "S" asks for a stream.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <google/protobuf/util/message_differencer.h>

#include "base/check.h"
#include "net/relay_codec.h"
#include "net/request_decoder.h"

namespace {

using namespace chatmcp;

net::UntrustedRequestHead take_head(std::string_view& input) {
    net::UntrustedRequestHead head;
    head.method = "POST";
    while (!input.empty()) {
        const std::size_t end = std::min(input.find('\n'), input.size());
        const std::string_view line = input.substr(0, end);
        input.remove_prefix(std::min(end + 1, input.size()));
        if (line.empty()) {
            break;
        }
        const std::size_t colon = line.find(": ");
        if (colon != std::string_view::npos) {
            head.headers.add(line.substr(0, colon), line.substr(colon + 2));
        }
    }
    return head;
}

// What decodes is written and read back without loss.
template <class WireRequest>
void decode(net::Codec codec, const Bytes& body, bool stream) {
    typename net::Rpc<WireRequest>::Request message;
    constexpr std::size_t kMaxBytes = net::Rpc<WireRequest>::kRequestMaxBytes;
    const auto read = stream ? net::decode_stream_request(codec, body, kMaxBytes, message)
                             : net::decode_unary_request(codec, body, message);
    if (!read.has_value()) {
        CHATMCP_CHECK(!net::encode_error_json(read.error()).empty());
        return;
    }
    const auto request = net::decode_request(message);
    if (!request.has_value()) {
        return;
    }
    typename net::Rpc<WireRequest>::Request again;
    net::encode_request(*request, again);
    message.DiscardUnknownFields();
    CHATMCP_CHECK(google::protobuf::util::MessageDifferencer::Equals(message, again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input = as_text(ByteView(data, size));
    const net::UntrustedRequestHead head = take_head(input);
    const bool stream = head.headers.first("x-kind") == "S";
    const auto plan =
        net::plan_call(head, stream ? net::StreamType::server_stream : net::StreamType::unary);
    if (!plan.has_value()) {
        CHATMCP_CHECK(plan.error().status >= 400);
        return 0;
    }
    const Bytes body = to_bytes(as_bytes(input));
    if (body.size() > net::body_max_bytes(std::size_t{1} << 20, *plan)) {
        return 0;
    }
    decode<wire::CreateTopic>(plan->codec, body, stream);
    decode<wire::PublishBundle>(plan->codec, body, stream);
    decode<wire::PublishMessage>(plan->codec, body, stream);
    decode<wire::ReadTopic>(plan->codec, body, stream);
    decode<wire::SubscribeTopic>(plan->codec, body, stream);
    decode<wire::Login>(plan->codec, body, stream);
    decode<wire::UploadKeyPackages>(plan->codec, body, stream);
    decode<wire::ClaimKeyPackages>(plan->codec, body, stream);
    decode<wire::GetDeviceLog>(plan->codec, body, stream);
    decode<wire::AppendDeviceLog>(plan->codec, body, stream);
    decode<wire::SendInbox>(plan->codec, body, stream);
    decode<wire::ReadInbox>(plan->codec, body, stream);
    decode<wire::SubscribeInbox>(plan->codec, body, stream);
    decode<wire::AckInbox>(plan->codec, body, stream);
    decode<wire::SetInboxPolicy>(plan->codec, body, stream);
    decode<wire::GetStampTerms>(plan->codec, body, stream);
    decode<wire::PutAgentEntry>(plan->codec, body, stream);
    return 0;
}
