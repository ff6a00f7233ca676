#include "net/stream_frame.h"

#include <gtest/gtest.h>

namespace chatmcp::net {
namespace {

TEST(StreamFrame, FramesComeOutAsTheyWentInWhereverTheBytesAreCut) {
    Bytes stream;
    append_frame(stream, 0, as_bytes("first"));
    append_frame(stream, 0, {});
    append_frame(stream, StreamFrame::kEndOfStream, as_bytes("{}"));
    ASSERT_EQ(stream[4], 5);  // Big-endian length.

    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        FrameParser parser(5);
        std::vector<std::string> payloads;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            parser.feed(ByteView(stream).subspan(at, std::min(piece, stream.size() - at)));
            while (true) {
                const auto frame = parser.next();
                ASSERT_TRUE(frame.has_value());
                if (!frame->has_value()) {
                    break;
                }
                payloads.push_back(to_text((*frame)->payload));
            }
        }
        EXPECT_EQ(payloads, (std::vector<std::string>{"first", "", "{}"})) << piece;
        EXPECT_TRUE(parser.finish().has_value());
    }
}

TEST(StreamFrame, ALengthAboveTheLimitIsRefusedBeforeItsBytesArrive) {
    FrameParser parser(10);
    parser.feed(Bytes{0, 0, 0, 0, 11});
    const auto frame = parser.next();
    ASSERT_FALSE(frame.has_value());
    EXPECT_STREQ(frame.error().check, "NET-10");
    EXPECT_EQ(frame.error().code, Errc::too_large);
}

TEST(StreamFrame, ACompressedFrameIsRefused) {
    FrameParser parser(10);
    parser.feed(Bytes{1, 0, 0, 0, 0});
    EXPECT_STREQ(parser.next().error().check, "NET-11");
}

TEST(StreamFrame, AnUnknownFlagIsRefused) {
    FrameParser parser(10);
    parser.feed(Bytes{4, 0, 0, 0, 0});
    EXPECT_STREQ(parser.next().error().check, "NET-12");
}

TEST(StreamFrame, AStreamThatEndsInsideAFrameIsNoticed) {
    FrameParser parser(10);
    parser.feed(Bytes{0, 0, 0, 0, 3, 'a'});
    ASSERT_TRUE(parser.next().has_value());
    EXPECT_STREQ(parser.finish().error().check, "NET-13");
}

}  // namespace
}  // namespace chatmcp::net
