// Any stream: the assembler and both decoders survive it, and what decodes encodes to the same
// bytes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "wire/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    wire::FrameAssembler assembler;
    ByteView rest(data, size);
    while (!rest.empty()) {
        // Pieces of changing size, so that frames are cut everywhere.
        const std::size_t piece = std::min<std::size_t>(rest.size(), 1 + rest.front() % 16);
        assembler.push(rest.first(piece));
        rest = rest.subspan(piece);
        for (;;) {
            const auto next = assembler.next();
            if (!next.has_value()) {
                return 0;
            }
            if (!next->has_value()) {
                break;
            }
            const Bytes& payload = **next;
            if (const auto frame = wire::decode_host_frame(payload); frame.has_value()) {
                CHATMCP_CHECK(wire::encode_frame(*frame) == wire::with_length(payload));
            }
            if (const auto frame = wire::decode_enclave_frame(payload); frame.has_value()) {
                CHATMCP_CHECK(wire::encode_frame(*frame) == wire::with_length(payload));
            }
        }
    }
    return 0;
}
