#include "net/request_decoder.h"

#include <utility>

#include "net/message_codec.h"
#include "net/stream_frame.h"

namespace chatmcp::net {

namespace {

constexpr std::size_t kJsonFactor = 2;
constexpr std::size_t kJsonSlackBytes = 4096;
constexpr std::size_t kSecondFrameBytes = std::size_t{16} << 10;

std::unexpected<ConnectError> unreadable() {
    return refuse(ConnectCode::invalid_argument, "NET-14", "the message cannot be read");
}

}  // namespace

Answer answer_of(const ConnectError& error) {
    Answer answer;
    answer.status = http_status(error.code);
    answer.content_type = "application/json";
    answer.body = to_bytes(as_bytes(encode_error_json(error)));
    return answer;
}

Answer answer_of(const HttpRefusal& refusal) {
    Answer answer;
    if (refusal.error.has_value()) {
        answer = answer_of(*refusal.error);
    }
    answer.status = refusal.status;
    answer.headers = refusal.headers;
    return answer;
}

HttpRefusal refusal_with(unsigned status, const char* check) {
    HttpRefusal refusal;
    refusal.status = status;
    refusal.check = check;
    return refusal;
}

ConnectError internal_error(const char* check) {
    return refuse(ConnectCode::internal, check, "the answer cannot be sent").error();
}

Answer ended_stream(Codec codec, ConnectError error) {
    Answer answer;
    answer.content_type = std::string(content_type(StreamType::server_stream, codec));
    EndOfStream end;
    end.error = std::move(error);
    append_frame(answer.body, StreamFrame::kEndOfStream, as_bytes(encode_end_of_stream(end)));
    return answer;
}

void add_trailers(Metadata& headers, const Metadata& trailers) {
    for (const MetadataEntry& entry : trailers.entries()) {
        headers.add("trailer-" + entry.name, entry.value);
    }
}

std::size_t message_max_bytes(std::size_t binary_max_bytes, Codec codec) {
    return codec == Codec::json ? binary_max_bytes * kJsonFactor + kJsonSlackBytes
                                : binary_max_bytes;
}

std::size_t body_max_bytes(std::size_t binary_max_bytes, const CallPlan& plan) {
    const std::size_t max_bytes = message_max_bytes(binary_max_bytes, plan.codec);
    return plan.type == StreamType::unary
               ? max_bytes
               : max_bytes + 2 * StreamFrame::kPrefixBytes + kSecondFrameBytes;
}

ConnectResult<void> decode_unary_request(Codec codec,
                                         const Bytes& body,
                                         google::protobuf::Message& request) {
    const bool empty_json = codec == Codec::json && body.empty();
    if (empty_json || !decode_message(codec, body, request).has_value()) {
        return unreadable();
    }
    return {};
}

ConnectResult<void> decode_stream_request(Codec codec,
                                          const Bytes& body,
                                          std::size_t binary_max_bytes,
                                          google::protobuf::Message& request) {
    FrameParser parser(message_max_bytes(binary_max_bytes, codec));
    parser.feed(body);
    const auto frame = parser.next();
    if (!frame.has_value()) {
        const Error& error = frame.error();
        if (error.code == Errc::too_large) {
            return refuse(ConnectCode::resource_exhausted, error.check, "the message is too large");
        }
        // A compressed message without an agreed compression is, by the protocol, internal.
        return refuse(ConnectCode::internal, error.check, "the frame's flags are not allowed");
    }
    const auto& message = *frame;
    const bool whole = parser.finish().has_value();
    if (!message.has_value() && !whole) {
        return refuse(ConnectCode::invalid_argument, "NET-13", "the frame is incomplete");
    }
    if (!message.has_value() || !whole) {
        return refuse(ConnectCode::unimplemented, "NET-45", "the call takes exactly one message");
    }
    if (message->flags != 0) {
        return unreadable();
    }
    return decode_unary_request(codec, message->payload, request);
}

}  // namespace chatmcp::net
