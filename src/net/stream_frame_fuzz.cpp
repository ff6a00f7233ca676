// Any bytes in any pieces: the frame parser and the readers of errors and stream ends survive them,
// and what parses is written back to what it was.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "net/connect_protocol.h"
#include "net/stream_frame.h"

namespace {

using namespace chatmcp;

void parse_text(ByteView payload) {
    const auto end = net::parse_end_of_stream(as_text(payload));
    if (end.has_value()) {
        const auto again = net::parse_end_of_stream(net::encode_end_of_stream(*end));
        CHATMCP_CHECK(again.has_value());
        CHATMCP_CHECK(again->error.has_value() == end->error.has_value());
        CHATMCP_CHECK(again->trailers.entries().size() == end->trailers.entries().size());
    }
    const auto error = net::parse_error_json(as_text(payload), net::ConnectCode::unknown);
    if (error.has_value()) {
        const auto again =
            net::parse_error_json(net::encode_error_json(*error), net::ConnectCode::internal);
        CHATMCP_CHECK(again.has_value());
        CHATMCP_CHECK(again->code == error->code);
        CHATMCP_CHECK(again->details == error->details);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kPayloadMaxBytes = 4096;
    net::FrameParser parser(kPayloadMaxBytes);
    ByteView rest(data, size);
    std::size_t consumed = 0;
    while (!rest.empty()) {
        const std::size_t piece = std::min<std::size_t>(rest.size(), 1 + rest.front() % 16);
        parser.feed(rest.first(piece));
        rest = rest.subspan(piece);
        while (true) {
            const auto frame = parser.next();
            if (!frame.has_value()) {
                return 0;
            }
            if (!frame->has_value()) {
                break;
            }
            CHATMCP_CHECK((*frame)->payload.size() <= kPayloadMaxBytes);
            Bytes written;
            net::append_frame(written, (*frame)->flags, (*frame)->payload);
            CHATMCP_CHECK(equal(written, ByteView(data, size).subspan(consumed, written.size())));
            consumed += written.size();
            parse_text((*frame)->payload);
        }
    }
    CHATMCP_CHECK(parser.finish().has_value() == (consumed == size));
    return 0;
}
