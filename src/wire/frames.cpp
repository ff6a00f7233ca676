#include "wire/frames.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace chatmcp::wire {
namespace {

// The types' numbers are never reused. The two directions share no number.
enum class FrameType : std::uint16_t {
    stored_state = 1,
    start = 2,
    operator_credential = 3,
    relay_reply = 4,
    relay_push = 5,
    relay_end = 6,
    tick = 7,
    store_done = 8,
    stop = 9,

    started = 101,
    store_batch = 102,
    relay_request = 103,
    relay_cancel = 104,
    log_line = 105,
    stopped = 107,
};

constexpr std::size_t kCheckMaxBytes = 13;

Result<UnixMs> read_time(Reader& reader) {
    CHATMCP_TRY(const std::uint64_t ms, reader.u64());
    if (ms > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        return fail(Errc::malformed, "FRM-09");
    }
    return UnixMs{static_cast<std::int64_t>(ms)};
}

void write_time(Writer& writer, UnixMs time) {
    CHATMCP_CHECK(time.value >= 0);
    writer.u64(static_cast<std::uint64_t>(time.value));
}

Result<void> read_version(Reader& reader) {
    CHATMCP_TRY(const std::uint16_t version, reader.u16());
    if (version != kDoorVersion) {
        return fail(Errc::unsupported_version, "FRM-04");
    }
    return {};
}

Result<bool> read_flag(Reader& reader) {
    CHATMCP_TRY(const std::uint8_t flag, reader.u8());
    if (flag > 1) {
        return fail(Errc::malformed, "FRM-05");
    }
    return flag == 1;
}

Result<Bytes> read_bytes(Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, reader.vector(max_bytes));
    return to_bytes(view);
}

void write_bytes(Writer& writer, ByteView bytes, std::size_t max_bytes) {
    CHATMCP_CHECK(bytes.size() <= max_bytes);
    writer.vector(bytes);
}

// ---- One reader and one writer for each structure. ----

Result<StoredState> read_stored_state(Reader& reader) {
    StoredState state;
    CHATMCP_TRY(Reader pairs, reader.sub(kDoorFrameMaxBytes));
    while (!pairs.empty()) {
        if (state.pairs.size() == kStoreWritesMax) {
            return fail(Errc::too_large, "FRM-08");
        }
        StoredState::Pair pair;
        CHATMCP_TRY(pair.key, read_bytes(pairs, kStoreKeyMaxBytes));
        CHATMCP_TRY(pair.value, read_bytes(pairs, kStoreValueMaxBytes));
        state.pairs.push_back(std::move(pair));
    }
    return state;
}

Result<Start> read_start(Reader& reader) {
    CHATMCP_TRY_VOID(read_version(reader));
    Start start;
    CHATMCP_TRY(start.host_time, read_time(reader));
    CHATMCP_TRY(start.relay_key, reader.array<crypto::kEd25519PublicBytes>());
    CHATMCP_TRY(start.operator_credential, read_bytes(reader, kOperatorCredentialMaxBytes));
    return start;
}

Result<RelayReply> read_relay_reply(Reader& reader) {
    RelayReply reply;
    CHATMCP_TRY(reply.request, reader.u64());
    CHATMCP_TRY(reply.status, reader.u16());
    CHATMCP_TRY(reply.body, read_bytes(reader, kRelayBodyMaxBytes));
    return reply;
}

Result<RelayPush> read_relay_push(Reader& reader) {
    RelayPush push;
    CHATMCP_TRY(push.request, reader.u64());
    CHATMCP_TRY(push.body, read_bytes(reader, kRelayBodyMaxBytes));
    return push;
}

Result<RelayEnd> read_relay_end(Reader& reader) {
    RelayEnd end;
    CHATMCP_TRY(end.request, reader.u64());
    CHATMCP_TRY(end.status, reader.u16());
    return end;
}

Result<HostFrame> read_host_frame(FrameType type, Reader& reader) {
    switch (type) {
        case FrameType::stored_state:
            return read_stored_state(reader);
        case FrameType::start:
            return read_start(reader);
        case FrameType::operator_credential: {
            CHATMCP_TRY(Bytes credential, read_bytes(reader, kOperatorCredentialMaxBytes));
            return OperatorCredential{std::move(credential)};
        }
        case FrameType::relay_reply:
            return read_relay_reply(reader);
        case FrameType::relay_push:
            return read_relay_push(reader);
        case FrameType::relay_end:
            return read_relay_end(reader);
        case FrameType::tick: {
            CHATMCP_TRY(const UnixMs time, read_time(reader));
            return Tick{time};
        }
        case FrameType::store_done: {
            CHATMCP_TRY(const std::uint64_t sequence, reader.u64());
            return StoreDone{sequence};
        }
        case FrameType::stop:
            return Stop{};
        default:
            return fail(Errc::malformed, "FRM-03");
    }
}

Result<Started> read_started(Reader& reader) {
    CHATMCP_TRY_VOID(read_version(reader));
    Started started;
    CHATMCP_TRY(started.enclave_key, reader.array<crypto::kEd25519PublicBytes>());
    CHATMCP_TRY(started.measurement, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(started.configuration_digest, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(started.has_credential, read_flag(reader));
    return started;
}

Result<StoreBatch> read_store_batch(Reader& reader) {
    StoreBatch batch;
    CHATMCP_TRY(batch.sequence, reader.u64());
    CHATMCP_TRY(Reader writes, reader.sub(kDoorFrameMaxBytes));
    while (!writes.empty()) {
        if (batch.writes.size() == kStoreWritesMax) {
            return fail(Errc::too_large, "FRM-08");
        }
        StoreBatch::Write write;
        CHATMCP_TRY(write.key, read_bytes(writes, kStoreKeyMaxBytes));
        CHATMCP_TRY(const bool present, writes.presence());
        if (present) {
            CHATMCP_TRY(write.value, read_bytes(writes, kStoreValueMaxBytes));
        }
        batch.writes.push_back(std::move(write));
    }
    return batch;
}

Result<RelayRequest> read_relay_request(Reader& reader) {
    RelayRequest request;
    CHATMCP_TRY(request.request, reader.u64());
    CHATMCP_TRY(request.method, reader.u16());
    CHATMCP_TRY(request.topic, read_bytes(reader, kRelayTopicMaxBytes));
    CHATMCP_TRY(request.body, read_bytes(reader, kRelayBodyMaxBytes));
    return request;
}

Result<LogLine> read_log_line(Reader& reader) {
    LogLine line;
    CHATMCP_TRY(const std::uint8_t severity, reader.u8());
    if (severity < static_cast<std::uint8_t>(LogLine::Severity::note) ||
        severity > static_cast<std::uint8_t>(LogLine::Severity::error)) {
        return fail(Errc::malformed, "FRM-05");
    }
    line.severity = static_cast<LogLine::Severity>(severity);
    CHATMCP_TRY(const ByteView check, reader.vector(kCheckMaxBytes));
    if (!is_check_id(as_text(check))) {
        return fail(Errc::malformed, "FRM-06");
    }
    line.check = to_text(check);
    CHATMCP_TRY(line.count, reader.u64());
    return line;
}

Result<Stopped> read_stopped(Reader& reader) {
    CHATMCP_TRY(const ByteView check, reader.vector(kCheckMaxBytes));
    if (!check.empty() && !is_check_id(as_text(check))) {
        return fail(Errc::malformed, "FRM-06");
    }
    return Stopped{to_text(check)};
}

Result<EnclaveFrame> read_enclave_frame(FrameType type, Reader& reader) {
    switch (type) {
        case FrameType::started:
            return read_started(reader);
        case FrameType::store_batch:
            return read_store_batch(reader);
        case FrameType::relay_request:
            return read_relay_request(reader);
        case FrameType::relay_cancel: {
            CHATMCP_TRY(const std::uint64_t request, reader.u64());
            return RelayCancel{request};
        }
        case FrameType::log_line:
            return read_log_line(reader);
        case FrameType::stopped:
            return read_stopped(reader);
        default:
            return fail(Errc::malformed, "FRM-03");
    }
}

/// Writes the type and then the structure.
struct FrameWriter {
    Writer& writer;

    void type(FrameType value) { writer.u16(static_cast<std::uint16_t>(value)); }

    void operator()(const StoredState& state) {
        type(FrameType::stored_state);
        CHATMCP_CHECK(state.pairs.size() <= kStoreWritesMax);
        writer.vector_of([&](Writer& pairs) {
            for (const StoredState::Pair& pair : state.pairs) {
                write_bytes(pairs, pair.key, kStoreKeyMaxBytes);
                write_bytes(pairs, pair.value, kStoreValueMaxBytes);
            }
        });
    }
    void operator()(const Start& start) {
        type(FrameType::start);
        writer.u16(kDoorVersion);
        write_time(writer, start.host_time);
        writer.fixed(start.relay_key);
        write_bytes(writer, start.operator_credential, kOperatorCredentialMaxBytes);
    }
    void operator()(const OperatorCredential& credential) {
        type(FrameType::operator_credential);
        write_bytes(writer, credential.credential, kOperatorCredentialMaxBytes);
    }
    void operator()(const RelayReply& reply) {
        type(FrameType::relay_reply);
        writer.u64(reply.request);
        writer.u16(reply.status);
        write_bytes(writer, reply.body, kRelayBodyMaxBytes);
    }
    void operator()(const RelayPush& push) {
        type(FrameType::relay_push);
        writer.u64(push.request);
        write_bytes(writer, push.body, kRelayBodyMaxBytes);
    }
    void operator()(const RelayEnd& end) {
        type(FrameType::relay_end);
        writer.u64(end.request);
        writer.u16(end.status);
    }
    void operator()(const Tick& tick) {
        type(FrameType::tick);
        write_time(writer, tick.host_time);
    }
    void operator()(const StoreDone& done) {
        type(FrameType::store_done);
        writer.u64(done.sequence);
    }
    void operator()(const Stop&) { type(FrameType::stop); }

    void operator()(const Started& started) {
        type(FrameType::started);
        writer.u16(kDoorVersion);
        writer.fixed(started.enclave_key);
        writer.fixed(started.measurement);
        writer.fixed(started.configuration_digest);
        writer.u8(started.has_credential ? 1 : 0);
    }
    void operator()(const StoreBatch& batch) {
        type(FrameType::store_batch);
        CHATMCP_CHECK(batch.writes.size() <= kStoreWritesMax);
        writer.u64(batch.sequence);
        writer.vector_of([&](Writer& writes) {
            for (const StoreBatch::Write& write : batch.writes) {
                write_bytes(writes, write.key, kStoreKeyMaxBytes);
                writes.presence(write.value.has_value());
                if (write.value.has_value()) {
                    write_bytes(writes, *write.value, kStoreValueMaxBytes);
                }
            }
        });
    }
    void operator()(const RelayRequest& request) {
        type(FrameType::relay_request);
        writer.u64(request.request);
        writer.u16(request.method);
        write_bytes(writer, request.topic, kRelayTopicMaxBytes);
        write_bytes(writer, request.body, kRelayBodyMaxBytes);
    }
    void operator()(const RelayCancel& cancel) {
        type(FrameType::relay_cancel);
        writer.u64(cancel.request);
    }
    void operator()(const LogLine& line) {
        type(FrameType::log_line);
        CHATMCP_CHECK(is_check_id(line.check));
        writer.u8(static_cast<std::uint8_t>(line.severity));
        writer.vector(as_bytes(line.check));
        writer.u64(line.count);
    }
    void operator()(const Stopped& stopped) {
        type(FrameType::stopped);
        CHATMCP_CHECK(stopped.check.empty() || is_check_id(stopped.check));
        writer.vector(as_bytes(stopped.check));
    }
};

template <class Frame>
Bytes encode_any(const Frame& frame) {
    Writer writer;
    std::visit(FrameWriter{writer}, frame);
    return with_length(writer.view());
}

}  // namespace

bool is_check_id(std::string_view text) {
    constexpr std::size_t kLettersMax = 8;
    constexpr std::size_t kDigitsMax = 4;
    const std::size_t minus = text.find('-');
    if (minus == std::string_view::npos || minus < 2 || minus > kLettersMax) {
        return false;
    }
    const std::string_view letters = text.substr(0, minus);
    const std::string_view digits = text.substr(minus + 1);
    return !digits.empty() && digits.size() <= kDigitsMax &&
           std::ranges::all_of(letters, [](char c) { return c >= 'A' && c <= 'Z'; }) &&
           std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

Result<HostFrame> decode_host_frame(ByteView payload) {
    Reader reader(payload);
    CHATMCP_TRY(const std::uint16_t type, reader.u16());
    CHATMCP_TRY(HostFrame frame, read_host_frame(static_cast<FrameType>(type), reader));
    CHATMCP_TRY_VOID(reader.finish());
    return frame;
}

Result<EnclaveFrame> decode_enclave_frame(ByteView payload) {
    Reader reader(payload);
    CHATMCP_TRY(const std::uint16_t type, reader.u16());
    CHATMCP_TRY(EnclaveFrame frame, read_enclave_frame(static_cast<FrameType>(type), reader));
    CHATMCP_TRY_VOID(reader.finish());
    return frame;
}

Bytes encode_frame(const HostFrame& frame) {
    return encode_any(frame);
}

Bytes encode_frame(const EnclaveFrame& frame) {
    return encode_any(frame);
}

Bytes with_length(ByteView payload) {
    CHATMCP_CHECK(!payload.empty() && payload.size() <= kDoorFrameMaxBytes);
    Writer writer;
    writer.reserve(kFrameHeadBytes + payload.size());
    writer.u32(static_cast<std::uint32_t>(payload.size()));
    writer.fixed(payload);
    return writer.take();
}

void FrameAssembler::push(ByteView received) {
    // Handed-out bytes are dropped when they are the larger half, so that each byte moves at most
    // once on average.
    if (begin_ > buffer_.size() / 2) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
        begin_ = 0;
    }
    append(buffer_, received);
}

Result<std::optional<Bytes>> FrameAssembler::next() {
    const ByteView waiting = ByteView(buffer_).subspan(begin_);
    if (waiting.size() < kFrameHeadBytes) {
        return std::optional<Bytes>();
    }
    std::size_t length = 0;
    for (const std::uint8_t byte : waiting.first(kFrameHeadBytes)) {
        length = length << 8 | byte;
    }
    if (length == 0) {
        return fail(Errc::malformed, "FRM-01");
    }
    if (length > frame_max_bytes_) {
        return fail(Errc::too_large, "FRM-02");
    }
    if (waiting.size() - kFrameHeadBytes < length) {
        return std::optional<Bytes>();
    }
    begin_ += kFrameHeadBytes + length;
    return std::optional<Bytes>(to_bytes(waiting.subspan(kFrameHeadBytes, length)));
}

Result<void> FrameAssembler::finish() const {
    if (begin_ != buffer_.size()) {
        return fail(Errc::malformed, "FRM-10");
    }
    return {};
}

}  // namespace chatmcp::wire
