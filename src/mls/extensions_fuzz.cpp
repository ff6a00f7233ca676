// What members write for the components of draft-ietf-mls-extensions: what decodes encodes to the
// same bytes again. The first byte says which decoder reads the rest.

#include "base/check.h"
#include "mls/app_ack.h"
#include "mls/component.h"
#include "mls/content_media_types.h"
#include "mls/exporter_tree.h"
#include "mls/multi_credential.h"
#include "mls/proposal.h"

namespace chatmcp::mls {
namespace {

template <class T>
void round_trip(ByteView input) {
    if (const auto decoded = wire::decode<T>(input); decoded.has_value()) {
        CHATMCP_CHECK(equal(wire::encode(*decoded), input));
    }
}

void app_ack(ByteView input) {
    const auto ack = wire::decode<AppAck>(input);
    if (!ack.has_value()) {
        return;
    }
    CHATMCP_CHECK(equal(wire::encode(*ack), input));
    const auto ranges = normalised(ack->received_ranges);
    CHATMCP_CHECK(normalised(ranges) == ranges);
    CHATMCP_CHECK(difference(ranges, ranges).empty());
    CHATMCP_CHECK(difference(ranges, {}) == ranges);
}

void run(std::uint8_t which, ByteView input) {
    switch (which) {
        case 0:
            if (const auto aad = decode_safe_aad(input); aad.has_value()) {
                CHATMCP_CHECK(equal(encode_safe_aad(*aad), input));
            }
            return;
        case 1:
            if (const auto ids = decode_components_list(input); ids.has_value()) {
                CHATMCP_CHECK(equal(encode_components_list(*ids), input));
            }
            return;
        case 2:
            if (const auto types = decode_media_types(input); types.has_value()) {
                CHATMCP_CHECK(equal(encode_media_types(*types), input));
                CHATMCP_CHECK(same_media_type(types->front(), types->front()));
            }
            return;
        case 3:
            return round_trip<ApplicationFraming>(input);
        case 4:
            return app_ack(input);
        case 5:
            return round_trip<PreSharedKeyId>(input);
        case 6:
            return round_trip<ExporterTree>(input);
        default:
            if (const auto bindings = decode_multi_credential({3, to_bytes(input)});
                bindings.has_value()) {
                CHATMCP_CHECK(equal(encode_multi_credential(*bindings).data, input));
            }
            static_cast<void>(check_multi_credential({3, to_bytes(input)}, Bytes(32, 7)));
    }
}

}  // namespace
}  // namespace chatmcp::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) {
        chatmcp::mls::run(data[0], {data + 1, size - 1});
    }
    return 0;
}
