#include "net/message_codec.h"

#include <limits>

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

namespace chatmcp::net {

namespace {

namespace protobuf = google::protobuf;

// Deepest nesting in a JSON body, counted before protobuf's recursive reader sees it: its own limit
// does not count the levels inside an Any.
constexpr int kJsonDepthMax = 64;

bool nests_too_deep(std::string_view json) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kJsonDepthMax) {
                return true;
            }
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

}  // namespace

Result<void> decode_message(Codec codec, ByteView body, protobuf::Message& message) {
    if (body.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        return fail(Errc::malformed, "NET-14");
    }
    if (codec == Codec::proto) {
        if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
            return fail(Errc::malformed, "NET-14");
        }
        return {};
    }
    const std::string_view json = as_text(body);
    if (nests_too_deep(json)) {
        return fail(Errc::malformed, "NET-14");
    }
    protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    const auto status = protobuf::util::JsonStringToMessage(
        protobuf::StringPiece(json.data(), json.size()), &message, options);
    if (!status.ok()) {
        return fail(Errc::malformed, "NET-14");
    }
    return {};
}

Result<Bytes> encode_message(Codec codec, const protobuf::Message& message) {
    if (codec == Codec::proto) {
        Bytes out(message.ByteSizeLong());
        if (!message.SerializeToArray(out.data(), static_cast<int>(out.size()))) {
            return fail(Errc::internal, "NET-16");
        }
        return out;
    }
    std::string json;
    if (!protobuf::util::MessageToJsonString(message, &json).ok()) {
        return fail(Errc::internal, "NET-16");
    }
    return to_bytes(as_bytes(json));
}

}  // namespace chatmcp::net
