#include "host/bridge.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <thread>
#include <utility>

#include <sys/socket.h>

#include "base/clock.h"
#include "client/door_codec.h"

namespace chatmcp::host {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{100};
constexpr std::size_t kStatePairs = 256;
constexpr std::size_t kStateFrameBytes = std::size_t{8} * 1024 * 1024;

// The places in client::DoorReply that a relay's answer goes to.
std::optional<client::DoorReply> door_reply(const client::ReplyBody& body) {
    return std::visit(
        [](const auto& reply) -> std::optional<client::DoorReply> {
            if constexpr (std::is_constructible_v<client::DoorReply, decltype(reply)>) {
                return client::DoorReply(reply);
            } else {
                return std::nullopt;
            }
        },
        body);
}

}  // namespace

Bridge::Bridge(EnclaveProcess& enclave,
               net::Carrier& carrier,
               store::SqliteKeyValue& store,
               HostCounters& counters,
               Events events)
    : enclave_(enclave),
      carrier_(carrier),
      store_(store),
      counters_(counters),
      events_(std::move(events)) {}

Result<void> Bridge::send(const wire::HostFrame& frame) {
    const Bytes bytes = wire::encode_frame(frame);
    counters_.frames_in.fetch_add(1);
    const std::lock_guard lock(door_mutex_);
    return enclave_.send(bytes);
}

void Bridge::finish() {
    finish_ = true;
}

Result<void> Bridge::send_state() {
    CHATMCP_TRY(const auto transaction, store_.begin());
    wire::StoredState state;
    std::size_t bytes = 0;
    Bytes after;
    while (true) {
        CHATMCP_TRY(auto page, transaction->scan({}, after, kStatePairs));
        for (KeyValuePair& pair : page) {
            after = pair.key;
            bytes += pair.value.size() + pair.key.size();
            state.pairs.push_back({std::move(pair.key), std::move(pair.value)});
            if (bytes > kStateFrameBytes) {
                CHATMCP_TRY_VOID(send(std::exchange(state, {})));
                bytes = 0;
            }
        }
        if (page.size() < kStatePairs) {
            return state.pairs.empty() ? Result<void>() : send(std::move(state));
        }
    }
}

Result<RunEnd> Bridge::run(const wire::Ed25519Key& relay_key) {
    const SystemClock clock;
    CHATMCP_TRY_VOID(send_state());
    CHATMCP_TRY_VOID(send(wire::Start{clock.now(), relay_key, {}}));
    std::thread reader([this] { read_door(); });
    RunEnd end = RunEnd::enclave_ended;
    UnixMs ticked = clock.now();
    bool open = true;
    while (open && !door_closed_.load()) {
        auto next = carrier_.next(kTick);
        if (std::holds_alternative<net::Carrier::Interrupted>(next) || finish_.load()) {
            end = RunEnd::asked;
            open = send(wire::Stop{}).has_value();
            break;
        }
        if (auto* arrived = std::get_if<net::Carrier::Arrived>(&next)) {
            open = deliver(std::move(*arrived)).has_value();
        }
        if (const UnixMs now = clock.now(); now.value - ticked.value >= kTick.count()) {
            ticked = now;
            open = open && send(wire::Tick{now}).has_value();
        }
    }
    if (end != RunEnd::asked) {
        static_cast<void>(::shutdown(enclave_.door(), SHUT_WR));
    }
    reader.join();
    const std::lock_guard lock(mutex_);
    if (failed_.has_value()) {
        return fail(*failed_);
    }
    return end;
}

// ---- From the enclave ----

void Bridge::read_door() {
    const auto read = read_frames();
    if (!read.has_value()) {
        const std::lock_guard lock(mutex_);
        failed_ = read.error();
    }
    static_cast<void>(::shutdown(enclave_.door(), SHUT_RDWR));
    door_closed_ = true;
}

Result<void> Bridge::read_frames() {
    wire::FrameAssembler frames;
    Bytes block(std::size_t{256} * 1024);
    while (true) {
        CHATMCP_TRY(auto payload, frames.next());
        if (payload.has_value()) {
            counters_.frames_out.fetch_add(1);
            auto frame = wire::decode_enclave_frame(*payload);
            if (!frame.has_value()) {
                return fail(Errc::malformed, "HST-04");
            }
            CHATMCP_TRY_VOID(take(*std::move(frame)));
            continue;
        }
        const ssize_t received = ::recv(enclave_.door(), block.data(), block.size(), 0);
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0) {
            return {};
        }
        frames.push(ByteView(block).first(static_cast<std::size_t>(received)));
    }
}

Result<void> Bridge::take(wire::EnclaveFrame frame) {
    if (const auto* batch = std::get_if<wire::StoreBatch>(&frame)) {
        return keep(*batch);
    }
    if (auto* request = std::get_if<wire::RelayRequest>(&frame)) {
        return carry(std::move(*request));
    }
    if (const auto* cancel = std::get_if<wire::RelayCancel>(&frame)) {
        static_cast<void>(method_of(cancel->request, true));
        carrier_.close(client::EffectId{cancel->request});
    } else if (const auto* started = std::get_if<wire::Started>(&frame)) {
        events_.started(*started);
    } else if (const auto* line = std::get_if<wire::LogLine>(&frame)) {
        counters_.notes.fetch_add(1);
        events_.noted(line->check);
        static_cast<void>(
            std::fprintf(stderr,
                         "{\"level\":\"%s\",\"event\":\"enclave\",\"check\":\"%s\"}\n",
                         line->severity == wire::LogLine::Severity::error ? "error" : "warning",
                         line->check.c_str()));
    } else if (const auto* stopped = std::get_if<wire::Stopped>(&frame)) {
        if (!stopped->check.empty()) {
            static_cast<void>(std::fprintf(
                stderr,
                "{\"level\":\"error\",\"event\":\"enclave stopped\",\"check\":\"%s\"}\n",
                stopped->check.c_str()));
        }
    }
    return {};
}

Result<void> Bridge::keep(const wire::StoreBatch& batch) {
    CHATMCP_TRY(const auto transaction, store_.begin());
    for (const wire::StoreBatch::Write& write : batch.writes) {
        CHATMCP_TRY_VOID(write.value.has_value() ? transaction->put(write.key, *write.value)
                                                 : transaction->erase(write.key));
    }
    CHATMCP_TRY_VOID(transaction->commit());
    counters_.batches.fetch_add(1);
    static_cast<void>(send(wire::StoreDone{batch.sequence}));
    events_.stored();
    return {};
}

Result<void> Bridge::carry(wire::RelayRequest request) {
    auto body = client::decode_door_request(request.method, request.body);
    if (!body.has_value()) {
        return fail(Errc::malformed, "HST-04");
    }
    if (client::is_message_method(request.method)) {
        counters_.message_frames.fetch_add(1);
    }
    {
        const std::lock_guard lock(mutex_);
        methods_.insert_or_assign(request.request, request.method);
    }
    carrier_.carry(client::Request{
        client::EffectId{request.request},
        std::visit([]<class T>(T&& each) { return client::RequestBody(std::forward<T>(each)); },
                   *std::move(body))});
    return {};
}

std::uint16_t Bridge::method_of(std::uint64_t request, bool forget) {
    const std::lock_guard lock(mutex_);
    const auto found = methods_.find(request);
    if (found == methods_.end()) {
        return 0;
    }
    const std::uint16_t method = found->second;
    if (forget) {
        methods_.erase(found);
    }
    return method;
}

// ---- To the enclave ----

Result<void> Bridge::deliver(net::Carrier::Arrived arrived) {
    if (auto* replied = std::get_if<client::Replied>(&arrived)) {
        const std::uint16_t method = method_of(replied->id.value, true);
        if (method == 0) {
            return {};
        }
        if (const auto* reason = std::get_if<client::Reason>(&replied->outcome)) {
            return send(wire::RelayReply{replied->id.value,
                                         static_cast<std::uint16_t>(reason->code),
                                         to_bytes(as_bytes(reason->check))});
        }
        const auto& body = std::get<client::ReplyBody>(replied->outcome);
        auto reply = door_reply(body);
        if (!reply.has_value()) {
            return {};
        }
        if (std::holds_alternative<wire::PutAgentEntry::Reply>(body)) {
            events_.listed();
        }
        return send(wire::RelayReply{
            replied->id.value,
            0,
            client::encode_door_answer({std::move(replied->channel), *std::move(reply)})});
    }
    if (const auto* envelope = std::get_if<client::PushedEnvelope>(&arrived)) {
        if (method_of(envelope->id.value, false) == 0) {
            return {};
        }
        counters_.message_frames.fetch_add(1);
        return send(wire::RelayPush{envelope->id.value, wire::encode(envelope->envelope)});
    }
    if (const auto* item = std::get_if<client::PushedInboxItem>(&arrived)) {
        return method_of(item->id.value, false) == 0
                   ? Result<void>()
                   : send(wire::RelayPush{item->id.value, client::encode_door_item(item->item)});
    }
    const auto& ended = std::get<client::StreamEnded>(arrived);
    if (method_of(ended.id.value, true) == 0) {
        return {};
    }
    const auto status = ended.reason.has_value() ? static_cast<std::uint16_t>(ended.reason->code)
                                                 : std::uint16_t{0};
    return send(wire::RelayEnd{ended.id.value, status});
}

}  // namespace chatmcp::host
