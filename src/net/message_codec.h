#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "net/connect_protocol.h"

namespace google::protobuf {
class Message;
}

namespace chatmcp::net {

/// Read a protobuf message from an untrusted body, in binary or in protobuf's JSON mapping. Unknown
/// fields are skipped in both, so that an older program understands a newer one.
///
/// Errors: malformed (NET-14). Cost: JSON goes through the binary form once.
[[nodiscard]] Result<void> decode_message(Codec codec,
                                          ByteView body,
                                          google::protobuf::Message& message);

/// Errors: internal (NET-16): a message that JSON cannot express (an Any of an unknown type).
[[nodiscard]] Result<Bytes> encode_message(Codec codec, const google::protobuf::Message& message);

}  // namespace chatmcp::net
