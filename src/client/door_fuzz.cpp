// What passes an enclave's door, for both sides of it: the first byte chooses what it is, the
// second the method. What decodes encodes to the same bytes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "client/door_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp::client;
    if (size < 2) {
        return 0;
    }
    const std::uint16_t method = data[1];
    const chatmcp::ByteView body(data + 2, size - 2);
    switch (data[0] % 4) {
        case 0:
            if (const auto request = decode_door_request(method, body); request.has_value()) {
                CHATMCP_CHECK(door_method(*request) == method);
                CHATMCP_CHECK(chatmcp::equal(encode_door_request(*request), body));
            }
            break;
        case 1:
            if (const auto answer = decode_door_answer(method, body); answer.has_value()) {
                CHATMCP_CHECK(chatmcp::equal(encode_door_answer(*answer), body));
            }
            break;
        case 2:
            if (const auto reason = decode_door_reason(method, body); reason.has_value()) {
                CHATMCP_CHECK(chatmcp::equal(chatmcp::as_bytes(reason->check), body));
            }
            break;
        default:
            if (const auto item = decode_door_item(body); item.has_value()) {
                CHATMCP_CHECK(chatmcp::equal(encode_door_item(*item), body));
            }
    }
    return 0;
}
