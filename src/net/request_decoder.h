#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "net/connect_protocol.h"

namespace google::protobuf {
class Message;
}

namespace chatmcp::net {

/// An HTTP answer with its body, ready to be sent.
struct Answer {
    unsigned status = 200;
    std::string content_type;
    Metadata headers;
    Bytes body;
};

[[nodiscard]] Answer answer_of(const ConnectError& error);
[[nodiscard]] Answer answer_of(const HttpRefusal& refusal);
[[nodiscard]] HttpRefusal refusal_with(unsigned status, const char* check);
/// The answer of a method that cannot be sent.
[[nodiscard]] ConnectError internal_error(const char* check);
/// A stream that ends before it began.
[[nodiscard]] Answer ended_stream(Codec codec, ConnectError error);

/// Unary trailers travel as headers with a prefix.
void add_trailers(Metadata& headers, const Metadata& trailers);

/// The largest message of a method in this codec: JSON writes bytes as base64 and names fields.
[[nodiscard]] std::size_t message_max_bytes(std::size_t binary_max_bytes, Codec codec);
/// The largest HTTP body that is read for it. A stream's may hold a little more than one frame, so
/// that a second one is refused for what it is.
[[nodiscard]] std::size_t body_max_bytes(std::size_t binary_max_bytes, const CallPlan& plan);

/// The message of an untrusted body of a unary call. No bytes are an empty message in binary, and
/// nothing at all in JSON.
///
/// Errors: invalid_argument (NET-14).
[[nodiscard]] ConnectResult<void> decode_unary_request(Codec codec,
                                                       const Bytes& body,
                                                       google::protobuf::Message& request);

/// The one message of an untrusted body of a server stream.
///
/// Errors: resource_exhausted (NET-10); internal (NET-11, NET-12); invalid_argument (NET-13,
///         NET-14); unimplemented (NET-45) none or several messages.
[[nodiscard]] ConnectResult<void> decode_stream_request(Codec codec,
                                                        const Bytes& body,
                                                        std::size_t binary_max_bytes,
                                                        google::protobuf::Message& request);

}  // namespace chatmcp::net
