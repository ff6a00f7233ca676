// Any input to the quote's reader and to both sides of the quoting service.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "wire/quoting.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    if (const auto quote = wire::decode<wire::SimulatedQuote>(input); quote.has_value()) {
        CHATMCP_CHECK(equal(wire::encode(*quote), input));
    }
    if (const auto request = wire::decode_quoting_request(input); request.has_value()) {
        CHATMCP_CHECK(equal(wire::encode_quoting_request(*request), input));
    }
    if (const auto reply = wire::decode_quoting_reply(input); reply.has_value()) {
        CHATMCP_CHECK(equal(wire::encode_quoting_reply(*reply).view(), input));
    }
    return 0;
}
