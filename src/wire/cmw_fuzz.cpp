// Any input: what decodes as a conceptual message or a collection of them encodes to the same
// bytes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "wire/cmw.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    const auto message = wire::decode_cmw(input);
    if (message.has_value()) {
        CHATMCP_CHECK(equal(wire::encode_cmw(*message), input));
    }
    const auto collection = wire::decode_cmw_collection(input);
    if (collection.has_value()) {
        CHATMCP_CHECK(equal(wire::encode_cmw_collection(*collection), input));
    }
    return 0;
}
