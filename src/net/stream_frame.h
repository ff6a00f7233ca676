#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::net {

/// One enveloped message of a Connect stream.
///
/// Wire:  one byte of flags, four bytes of length (big-endian), payload.
/// Spec:  Connect protocol, "Enveloped-Message".
struct StreamFrame {
    static constexpr std::uint8_t kCompressed = 0x01;
    static constexpr std::uint8_t kEndOfStream = 0x02;
    static constexpr std::size_t kPrefixBytes = 5;

    std::uint8_t flags = 0;
    Bytes payload;
};

/// Append a frame to a buffer that is about to be sent. Precondition (checked): the payload is
/// shorter than 4 GiB.
void append_frame(Bytes& to, std::uint8_t flags, ByteView payload);

/// Cuts a byte stream into frames. It holds at most one frame's bytes beyond what was fed last.
class FrameParser {
  public:
    explicit FrameParser(std::size_t payload_max_bytes) : payload_max_bytes_(payload_max_bytes) {}

    void feed(ByteView bytes);

    /// The next whole frame, or nothing if more bytes are needed.
    ///
    /// Errors: too_large (NET-10) the announced length is above the limit, before anything of it
    ///         is kept; unsupported (NET-11) the compressed flag; malformed (NET-12) another flag.
    ///         After an error the stream cannot be read any further.
    [[nodiscard]] Result<std::optional<StreamFrame>> next();

    /// Errors: malformed (NET-13): the stream ended inside a frame.
    [[nodiscard]] Result<void> finish() const;

  private:
    std::size_t payload_max_bytes_;
    Bytes buffer_;
    std::size_t consumed_ = 0;
};

}  // namespace chatmcp::net
