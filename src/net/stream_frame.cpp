#include "net/stream_frame.h"

#include <limits>

#include "base/check.h"

namespace chatmcp::net {

void append_frame(Bytes& to, std::uint8_t flags, ByteView payload) {
    CHATMCP_CHECK(payload.size() <= std::numeric_limits<std::uint32_t>::max());
    const auto size = static_cast<std::uint32_t>(payload.size());
    to.reserve(to.size() + StreamFrame::kPrefixBytes + payload.size());
    to.push_back(flags);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        to.push_back(static_cast<std::uint8_t>((size >> shift) & 0xff));
    }
    append(to, payload);
}

void FrameParser::feed(ByteView bytes) {
    if (consumed_ > 0) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_));
        consumed_ = 0;
    }
    append(buffer_, bytes);
}

Result<std::optional<StreamFrame>> FrameParser::next() {
    const ByteView rest = ByteView(buffer_).subspan(consumed_);
    if (rest.size() < StreamFrame::kPrefixBytes) {
        return std::optional<StreamFrame>();
    }
    const std::uint8_t flags = rest[0];
    if ((flags & StreamFrame::kCompressed) != 0) {
        return fail(Errc::unsupported, "NET-11");
    }
    if (flags != 0 && flags != StreamFrame::kEndOfStream) {
        return fail(Errc::malformed, "NET-12");
    }
    std::size_t size = 0;
    for (std::size_t i = 1; i < StreamFrame::kPrefixBytes; ++i) {
        size = (size << 8) | rest[i];
    }
    if (size > payload_max_bytes_) {
        return fail(Errc::too_large, "NET-10");
    }
    if (rest.size() - StreamFrame::kPrefixBytes < size) {
        return std::optional<StreamFrame>();
    }
    consumed_ += StreamFrame::kPrefixBytes + size;
    return std::optional<StreamFrame>(StreamFrame{
        .flags = flags, .payload = to_bytes(rest.subspan(StreamFrame::kPrefixBytes, size))});
}

Result<void> FrameParser::finish() const {
    if (consumed_ != buffer_.size()) {
        return fail(Errc::malformed, "NET-13");
    }
    return {};
}

}  // namespace chatmcp::net
