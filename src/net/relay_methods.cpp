#include "net/relay_methods.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "net/peer_source.h"
#include "net/relay_codec.h"
#include "net/status.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;
using Parts = std::shared_ptr<const RelayParts>;

// A stream looks by itself after this long: its login may have expired meanwhile.
constexpr std::chrono::milliseconds kLookAgain{60'000};

relay::Peer peer_of(const CallContext& context) {
    return relay::Peer{.source = peer_source(context.peer_address).key, .channel = context.channel};
}

/// A request of wire/ with one reply: decode, let the relay handle it on a storage thread, encode.
template <class WireRequest>
class RelayMethod final : public UnaryMethod {
  public:
    using Request = typename Rpc<WireRequest>::Request;
    using Response = typename Rpc<WireRequest>::Response;

    explicit RelayMethod(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] std::unique_ptr<ProtobufMessage> new_request() const override {
        return std::make_unique<Request>();
    }

    asio::awaitable<UnaryReply> call(CallContextPtr context,
                                     std::unique_ptr<ProtobufMessage> request) override {
        return answer(parts_, std::move(context), std::move(request));
    }

  private:
    static asio::awaitable<UnaryReply> answer(Parts parts,
                                              CallContextPtr context,
                                              std::unique_ptr<ProtobufMessage> message) {
        UnaryReply reply;
        auto request = decode_request(dynamic_cast<const Request&>(*message));
        message.reset();
        if (!request.has_value()) {
            reply.error = refusal_of(request.error());
            co_return reply;
        }
        auto handle = [parts, wanted = *std::move(request), peer = peer_of(*context)]() {
            return parts->relay.handle(wanted, peer);
        };
        const auto handled = co_await parts->pool.run(std::move(handle));
        if (!handled.has_value()) {
            reply.error = refusal_of(handled.error());
            co_return reply;
        }
        auto response = std::make_shared<Response>();
        encode_reply(*handled, *response);
        reply.message = std::move(response);
        co_return reply;
    }

    Parts parts_;
};

// What differs between the two kinds of stream.
struct TopicKind {
    using WireRequest = wire::SubscribeTopic;
    using Stream = relay::TopicStream;
    static const Hub::Id& id(const Stream& stream) { return stream.topic(); }
    static auto& items(wire::ReadTopic::Reply& page) { return page.envelopes; }
    static bool is_over(const wire::ReadTopic::Reply& page) {
        return page.epoch_ended && !page.more;
    }
};
struct InboxKind {
    using WireRequest = wire::SubscribeInbox;
    using Stream = relay::InboxStream;
    static const Hub::Id& id(const Stream& stream) { return stream.inbox(); }
    static auto& items(wire::ReadInbox::Reply& page) { return page.items; }
    static bool is_over(const wire::ReadInbox::Reply& /*page*/) { return false; }
};

template <class Kind>
class RelayStream final : public StreamMethod {
  public:
    using WireRequest = typename Kind::WireRequest;
    using Request = typename Rpc<WireRequest>::Request;
    using Response = typename Rpc<WireRequest>::Response;

    explicit RelayStream(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] std::unique_ptr<ProtobufMessage> new_request() const override {
        return std::make_unique<Request>();
    }

    asio::awaitable<StreamEnd> call(CallContextPtr context,
                                    std::unique_ptr<ProtobufMessage> request,
                                    std::shared_ptr<StreamWriter> writer) override {
        return answer(parts_, std::move(context), std::move(request), std::move(writer));
    }

  private:
    static asio::awaitable<StreamEnd> answer(Parts parts,
                                             CallContextPtr context,
                                             std::unique_ptr<ProtobufMessage> message,
                                             std::shared_ptr<StreamWriter> writer) {
        StreamEnd end;
        auto request = decode_request(dynamic_cast<const Request&>(*message));
        if (!request.has_value()) {
            end.error = refusal_of(request.error());
            co_return end;
        }
        auto subscribe = [parts, wanted = *std::move(request), peer = peer_of(*context)]() {
            return parts->relay.subscribe(wanted, peer);
        };
        auto admitted = co_await parts->pool.run(std::move(subscribe));
        if (!admitted.has_value()) {
            end.error = refusal_of(admitted.error());
            co_return end;
        }
        auto stream = std::make_shared<typename Kind::Stream>(*std::move(admitted));
        writer->send_headers(Metadata());  // The subscriber sees that it was admitted.
        end.error = co_await follow(std::move(parts), std::move(stream), std::move(writer));
        co_return end;
    }

    // What is there, then what comes; ends with the epoch, or with a refusal.
    static asio::awaitable<std::optional<ConnectError>> follow(
        Parts parts,
        std::shared_ptr<typename Kind::Stream> stream,
        std::shared_ptr<StreamWriter> writer) {
        const auto executor = co_await asio::this_coro::executor;
        const auto wakeup = std::make_shared<Wakeup>(executor);
        // Before the first look, or a change in between would be missed.
        const Hub::Registration registration(parts->hub, Kind::id(*stream), wakeup);
        while (true) {
            auto read = [parts, stream]() { return parts->relay.read_next(*stream); };
            auto page = co_await parts->pool.run(std::move(read));
            if (!page.has_value()) {
                co_return refusal_of(page.error());
            }
            for (auto& item : Kind::items(*page)) {
                auto response = std::make_shared<Response>();
                encode_pushed(item, *response);
                item.payload = Bytes();  // A slow reader holds it once, not twice.
                const Result<void> sent = co_await writer->send(std::move(response));
                if (!sent.has_value()) {
                    co_return refusal_of(sent.error());
                }
            }
            if (Kind::is_over(*page)) {
                co_return std::nullopt;
            }
            if (!page->more) {
                co_await Wakeup::wait(wakeup, kLookAgain);
            }
        }
    }

    Parts parts_;
};

template <class WireRequest>
void add_unary(Routes& routes, const Parts& parts) {
    routes.add_unary(std::string(Rpc<WireRequest>::kPath),
                     Rpc<WireRequest>::kRequestMaxBytes,
                     std::make_unique<RelayMethod<WireRequest>>(parts));
}

template <class Kind>
void add_stream(Routes& routes, const Parts& parts) {
    using Row = Rpc<typename Kind::WireRequest>;
    routes.add_stream(
        std::string(Row::kPath), Row::kRequestMaxBytes, std::make_unique<RelayStream<Kind>>(parts));
}

}  // namespace

Hub::Registration::Registration(std::shared_ptr<Hub> hub,
                                const Id& id,
                                std::shared_ptr<Wakeup> wakeup)
    : hub_(std::move(hub)), id_(id), wakeup_(std::move(wakeup)) {
    const std::lock_guard lock(hub_->mutex_);
    hub_->waiting_.emplace(id_, wakeup_);
}

Hub::Registration::~Registration() {
    const std::lock_guard lock(hub_->mutex_);
    auto [at, end] = hub_->waiting_.equal_range(id_);
    const auto mine = std::find_if(at, end, [&](const auto& row) { return row.second == wakeup_; });
    if (mine != end) {
        hub_->waiting_.erase(mine);
    }
}

std::size_t Hub::IdHash::operator()(const Id& id) const {
    // Ids are hashes or random already.
    std::size_t out = 0;
    std::memcpy(&out, id.data(), sizeof out);
    return out;
}

std::size_t Hub::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

void Hub::wake(const Id& id) {
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = waiting_.equal_range(id);
    for (auto at = begin; at != end; ++at) {
        at->second->notify();
    }
}

void add_delivery_service(Routes& routes, const Parts& parts) {
    add_unary<wire::CreateTopic>(routes, parts);
    add_unary<wire::PublishBundle>(routes, parts);
    add_unary<wire::PublishMessage>(routes, parts);
    add_unary<wire::ReadTopic>(routes, parts);
    add_stream<TopicKind>(routes, parts);
    add_unary<wire::GetRelayInfo>(routes, parts);
    add_unary<wire::GetChallenge>(routes, parts);
    add_unary<wire::ClaimKeyPackages>(routes, parts);
    add_unary<wire::GetDeviceLog>(routes, parts);
    add_unary<wire::AppendDeviceLog>(routes, parts);
    add_unary<wire::SendInbox>(routes, parts);
    add_unary<wire::ListAgents>(routes, parts);
    add_unary<wire::Login>(routes, parts);
    add_unary<wire::UploadKeyPackages>(routes, parts);
    add_unary<wire::ReadInbox>(routes, parts);
    add_stream<InboxKind>(routes, parts);
    add_unary<wire::AckInbox>(routes, parts);
    add_unary<wire::SetInboxPolicy>(routes, parts);
    add_unary<wire::GetStampTerms>(routes, parts);
    add_unary<wire::PutAgentEntry>(routes, parts);
}

}  // namespace chatmcp::net
