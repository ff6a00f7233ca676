#include "wire/frames.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/formats.h"

namespace chatmcp::wire {
namespace {

std::vector<HostFrame> host_frames() {
    Start start;
    start.host_time = UnixMs{1'795'000'000'000};
    start.relay_key.fill(1);
    start.operator_credential = {1, 2, 3};
    return {StoredState{{{{1}, {2, 3}}, {{4}, {}}}},
            start,
            OperatorCredential{{9, 9}},
            RelayReply{7, 68, {1}},
            RelayPush{7, {2, 2}},
            RelayEnd{7, 0},
            Tick{UnixMs{1'795'000'000'000}},
            StoreDone{3},
            Stop{}};
}

std::vector<EnclaveFrame> enclave_frames() {
    Started started;
    started.enclave_key.fill(1);
    started.measurement.fill(2);
    started.configuration_digest.fill(3);
    started.has_credential = true;
    return {started,
            StoreBatch{4, {{{1}, Bytes{2}}, {{3}, std::nullopt}}},
            RelayRequest{5, 6, {7}, {8, 8}},
            RelayCancel{5},
            LogLine{LogLine::Severity::warning, "MLS-07", 12},
            Stopped{"TEE-20"},
            Stopped{}};
}

/// A frame without the length in front.
ByteView payload(const Bytes& frame) {
    return ByteView(frame).subspan(kFrameHeadBytes);
}

template <class T>
void expect_refused(const Result<T>& result, Errc code, std::string_view check) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code);
    EXPECT_EQ(result.error().check, check);
}

TEST(Frames, EveryTypeReadsAsItWasWrittenAndOnlyInItsDirection) {
    ASSERT_EQ(host_frames().size(), std::variant_size_v<HostFrame>);
    for (const HostFrame& frame : host_frames()) {
        SCOPED_TRACE(frame.index());
        const Bytes encoded = encode_frame(frame);
        const auto decoded = decode_host_frame(payload(encoded));
        ASSERT_TRUE(decoded.has_value());
        EXPECT_EQ(decoded->index(), frame.index());
        EXPECT_EQ(encode_frame(*decoded), encoded);
        expect_refused(decode_enclave_frame(payload(encoded)), Errc::malformed, "FRM-03");
    }
    ASSERT_EQ(enclave_frames().size(), std::variant_size_v<EnclaveFrame> + 1);
    for (const EnclaveFrame& frame : enclave_frames()) {
        SCOPED_TRACE(frame.index());
        const Bytes encoded = encode_frame(frame);
        const auto decoded = decode_enclave_frame(payload(encoded));
        ASSERT_TRUE(decoded.has_value());
        EXPECT_EQ(decoded->index(), frame.index());
        EXPECT_EQ(encode_frame(*decoded), encoded);
        expect_refused(decode_host_frame(payload(encoded)), Errc::malformed, "FRM-03");
    }
}

TEST(Frames, EveryTypeIsWhatTheDocumentSays) {
    const char* host_names[] = {"StoredState",
                                "Start",
                                "OperatorCredential",
                                "RelayReply",
                                "RelayPush",
                                "RelayEnd",
                                "Tick",
                                "StoreDone",
                                "Stop"};
    const char* enclave_names[] = {
        "Started", "StoreBatch", "RelayRequest", "RelayCancel", "LogLine", "Stopped"};
    for (const HostFrame& frame : host_frames()) {
        const std::string name = std::string("wire::") + host_names[frame.index()];
        EXPECT_EQ(to_hex(encode_frame(frame)), to_hex(testing::format_vector(name))) << name;
    }
    std::vector<EnclaveFrame> frames = enclave_frames();
    frames.pop_back();  // A second one of a type that has its vector.
    for (const EnclaveFrame& frame : frames) {
        const std::string name = std::string("wire::") + enclave_names[frame.index()];
        EXPECT_EQ(to_hex(encode_frame(frame)), to_hex(testing::format_vector(name))) << name;
    }
}

TEST(Frames, EveryShorterFrameAndEveryLongerOneIsRefused) {
    for (const HostFrame& frame : host_frames()) {
        const Bytes encoded = encode_frame(frame);
        for (std::size_t size = 0; size < payload(encoded).size(); ++size) {
            EXPECT_FALSE(decode_host_frame(payload(encoded).first(size)).has_value());
        }
        Bytes longer = to_bytes(payload(encoded));
        longer.push_back(0);
        expect_refused(decode_host_frame(longer), Errc::trailing_bytes, "WIRE-05");
    }
    for (const EnclaveFrame& frame : enclave_frames()) {
        const Bytes encoded = encode_frame(frame);
        for (std::size_t size = 0; size < payload(encoded).size(); ++size) {
            EXPECT_FALSE(decode_enclave_frame(payload(encoded).first(size)).has_value());
        }
        Bytes longer = to_bytes(payload(encoded));
        longer.push_back(0);
        expect_refused(decode_enclave_frame(longer), Errc::trailing_bytes, "WIRE-05");
    }
}

TEST(Frames, AnotherVersionOfTheDoorIsRefused) {
    const Bytes start = encode_frame(HostFrame(Start{}));
    Bytes changed = to_bytes(payload(start));
    changed[3] = 2;
    expect_refused(decode_host_frame(changed), Errc::unsupported_version, "FRM-04");
    const Bytes started = encode_frame(EnclaveFrame(Started{}));
    changed = to_bytes(payload(started));
    changed[3] = 0;
    expect_refused(decode_enclave_frame(changed), Errc::unsupported_version, "FRM-04");
}

TEST(Frames, AFlagOrSeverityOutOfRangeIsRefused) {
    const Bytes started = encode_frame(EnclaveFrame(Started{}));
    Bytes changed = to_bytes(payload(started));
    changed.back() = 2;
    expect_refused(decode_enclave_frame(changed), Errc::malformed, "FRM-05");

    const Bytes line = encode_frame(EnclaveFrame(LogLine{LogLine::Severity::note, "MLS-07", 1}));
    for (const std::uint8_t severity : {std::uint8_t{0}, std::uint8_t{4}}) {
        changed = to_bytes(payload(line));
        changed[2] = severity;
        expect_refused(decode_enclave_frame(changed), Errc::malformed, "FRM-05");
    }
}

TEST(Frames, ALogLineCarriesARowOfChecksAndNoOtherText) {
    for (const char* text : {"hello",
                             "MLS-",
                             "-07",
                             "M-1",
                             "mls-07",
                             "MLS-07 secret",
                             "MLS_07",
                             "ABCDEFGHI-1",
                             "MLS-12345",
                             "ML5-1",
                             ""}) {
        SCOPED_TRACE(text);
        EXPECT_FALSE(is_check_id(text));
        Writer writer;
        writer.u16(105);
        writer.u8(1);
        writer.vector(as_bytes(text));
        writer.u64(1);
        EXPECT_FALSE(decode_enclave_frame(writer.view()).has_value());
    }
    Writer writer;
    writer.u16(105);
    writer.u8(1);
    writer.vector(as_bytes("hello"));
    writer.u64(1);
    expect_refused(decode_enclave_frame(writer.view()), Errc::malformed, "FRM-06");
    Writer stopped;
    stopped.u16(107);
    stopped.vector(as_bytes("a secret"));
    expect_refused(decode_enclave_frame(stopped.view()), Errc::malformed, "FRM-06");
    EXPECT_TRUE(is_check_id("MLS-07"));
    EXPECT_TRUE(is_check_id("CBOR-0123"));
}

TEST(Frames, TooManyItemsAreRefused) {
    Writer batch;
    batch.u16(102);
    batch.u64(1);
    batch.vector_of([](Writer& list) {
        for (std::size_t i = 0; i <= kStoreWritesMax; ++i) {
            list.vector({});
            list.presence(false);
        }
    });
    expect_refused(decode_enclave_frame(batch.view()), Errc::too_large, "FRM-08");

    Writer state;
    state.u16(1);
    state.vector_of([](Writer& list) {
        for (std::size_t i = 0; i <= kStoreWritesMax; ++i) {
            list.vector({});
            list.vector({});
        }
    });
    expect_refused(decode_host_frame(state.view()), Errc::too_large, "FRM-08");
}

TEST(Frames, ATimeThatNoClockShowsIsRefused) {
    Writer writer;
    writer.u16(7);
    writer.u64(std::uint64_t{1} << 63);
    expect_refused(decode_host_frame(writer.view()), Errc::malformed, "FRM-09");
}

TEST(FrameAssembler, CutsAStreamThatArrivesByteByByte) {
    Bytes stream;
    for (const HostFrame& frame : host_frames()) {
        append(stream, encode_frame(frame));
    }
    FrameAssembler assembler;
    std::size_t frames = 0;
    for (const std::uint8_t byte : stream) {
        assembler.push({&byte, 1});
        const auto next = assembler.next();
        ASSERT_TRUE(next.has_value());
        if (next->has_value()) {
            EXPECT_EQ(with_length(**next), encode_frame(host_frames()[frames]));
            ++frames;
        }
    }
    EXPECT_EQ(frames, host_frames().size());
    EXPECT_TRUE(assembler.finish().has_value());
}

TEST(FrameAssembler, HandsOutAllFramesOfOnePiece) {
    Bytes stream;
    for (int i = 0; i < 100; ++i) {
        append(stream, encode_frame(HostFrame(StoreDone{static_cast<std::uint64_t>(i)})));
    }
    FrameAssembler assembler;
    assembler.push(stream);
    for (std::uint64_t i = 0; i < 100; ++i) {
        const auto next = assembler.next();
        ASSERT_TRUE(next.has_value() && next->has_value());
        const auto frame = decode_host_frame(**next);
        ASSERT_TRUE(frame.has_value());
        EXPECT_EQ(std::get<StoreDone>(*frame).sequence, i);
    }
    EXPECT_FALSE(assembler.next().value().has_value());
}

TEST(FrameAssembler, AnEmptyFrameIsRefusedForGood) {
    FrameAssembler assembler;
    const Bytes empty = {0, 0, 0, 0};
    assembler.push(empty);
    expect_refused(assembler.next(), Errc::malformed, "FRM-01");
    assembler.push(encode_frame(HostFrame(Stop{})));
    expect_refused(assembler.next(), Errc::malformed, "FRM-01");
}

TEST(FrameAssembler, ATooLongFrameIsRefusedWhenItsLengthArrives) {
    FrameAssembler assembler;
    const Bytes head = {0x02, 0x00, 0x00, 0x01};
    assembler.push(head);
    expect_refused(assembler.next(), Errc::too_large, "FRM-02");
    FrameAssembler small(10);
    const Bytes eleven = {0, 0, 0, 11};
    small.push(eleven);
    expect_refused(small.next(), Errc::too_large, "FRM-02");
}

TEST(FrameAssembler, AStreamThatEndsInsideAFrameIsNoticed) {
    FrameAssembler assembler;
    const Bytes encoded = encode_frame(HostFrame(Stop{}));
    assembler.push(ByteView(encoded).first(encoded.size() - 1));
    ASSERT_TRUE(assembler.next().has_value());
    expect_refused(assembler.finish(), Errc::malformed, "FRM-10");
}

}  // namespace
}  // namespace chatmcp::wire
