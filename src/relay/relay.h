#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "relay/limits.h"
#include "relay/metrics.h"
#include "wire/delivery.h"

namespace chatmcp::stamps {
class StampBook;
}  // namespace chatmcp::stamps

namespace chatmcp::store {
class Store;
}  // namespace chatmcp::store

namespace chatmcp::relay {

/// What the server knows about the other end of a connection.
struct Peer {
    /// Whom rate limits count for: an address (IPv6: its /64), or any other opaque bytes of at most
    /// 64. Never stored and never logged.
    Bytes source;
    /// What Login::channel has to be on this connection: the TLS exporter
    /// ("EXPORTER-chatmcp login", 32 bytes), or on plain loopback the origin text. Empty refuses
    /// every login.
    Bytes channel;
};

/// Told, after it is durable, that a topic or an inbox has something new. Called from the thread
/// that handled the request, with no lock of the relay held; must return quickly and not call back
/// into the relay.
class Listener {
  public:
    virtual ~Listener() = default;
    virtual void topic_changed(const wire::TopicId& topic) = 0;
    virtual void inbox_changed(const wire::InboxId& inbox) = 0;

  protected:
    Listener() = default;
    Listener(const Listener&) = default;
    Listener& operator=(const Listener&) = default;
};

/// A subscription that was admitted: its holder may read one epoch of one topic. Only
/// Relay::subscribe makes one.
class TopicStream {
  public:
    [[nodiscard]] const wire::TopicId& topic() const { return topic_; }

  private:
    friend class Relay;
    TopicStream() = default;

    wire::TopicId topic_{};
    std::uint64_t epoch_ = 0;
    std::uint64_t after_ = 0;
};

/// The same for a device's own inbox; ends when the login that opened it expires.
class InboxStream {
  public:
    [[nodiscard]] const wire::InboxId& inbox() const { return inbox_; }
    [[nodiscard]] UnixMs expires_at() const { return expires_at_; }

  private:
    friend class Relay;
    InboxStream() = default;

    wire::InboxId inbox_{};
    UnixMs expires_at_;
    std::uint64_t after_ = 0;
};

struct RelayOptions {
    std::int64_t retention_ms = 30 * kDayMs;  // Of envelopes and welcomes.
    /// A group whose handshakes are public, as it is followed: about 4000 members.
    std::size_t followed_group_max_bytes = std::size_t{4} << 20U;
    Limits limits;
    /// The chain's stamps; outlives the relay. Without it every welcome is taken.
    const stamps::StampBook* stamp_book = nullptr;
    std::string version = "0";  // Told to anybody by GetRelayInfo.
};

/// The relay of DESIGN 5: topics, inboxes, key package directory, device logs. No sockets, no
/// threads of its own; every function may be called from several threads at once and may block for
/// one write to disk. What it acknowledges is durable.
///
/// Trust:  requests are whatever a stranger sent; each handle() checks all of it.
/// Errors: each names its CHECKS row (RLY-..); what the store refuses comes through (STO-..).
///         Every refusal is counted once, here.
class Relay {
  public:
    /// `store`, `clock` and `random` outlive the relay and are safe for concurrent use.
    Relay(store::Store& store,
          crypto::SigningKey key,
          const Clock& clock,
          crypto::Random& random,
          RelayOptions options = {});
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Before the first request; nullptr for none. The listener outlives the relay.
    void set_listener(Listener* listener);

    // Group topics.
    Result<wire::CreateTopic::Reply> handle(const wire::CreateTopic& request, const Peer& peer);
    Result<wire::PublishBundle::Reply> handle(const wire::PublishBundle& request, const Peer& peer);
    Result<wire::PublishMessage::Reply> handle(const wire::PublishMessage& request,
                                               const Peer& peer);
    Result<wire::ReadTopic::Reply> handle(const wire::ReadTopic& request, const Peer& peer);

    /// Checks the subscription once. Then call read_next until its answer has `more` false; then
    /// wait for topic_changed(topic) and go on; after an answer with `epoch_ended` the stream is
    /// over. Register for topic_changed before the first read_next, or a change in between is
    /// missed.
    Result<TopicStream> subscribe(const wire::SubscribeTopic& request, const Peer& peer);
    Result<wire::ReadTopic::Reply> read_next(TopicStream& stream);

    // Devices and enclaves.
    Result<wire::GetRelayInfo::Reply> handle(const wire::GetRelayInfo& request, const Peer& peer);
    Result<wire::GetChallenge::Reply> handle(const wire::GetChallenge& request, const Peer& peer);
    Result<wire::Login::Reply> handle(const wire::Login& request, const Peer& peer);
    Result<wire::UploadKeyPackages::Reply> handle(const wire::UploadKeyPackages& request,
                                                  const Peer& peer);
    Result<wire::ClaimKeyPackages::Reply> handle(const wire::ClaimKeyPackages& request,
                                                 const Peer& peer);
    Result<wire::GetDeviceLog::Reply> handle(const wire::GetDeviceLog& request, const Peer& peer);
    Result<wire::AppendDeviceLog::Reply> handle(const wire::AppendDeviceLog& request,
                                                const Peer& peer);
    Result<wire::SendInbox::Reply> handle(const wire::SendInbox& request, const Peer& peer);
    Result<wire::ReadInbox::Reply> handle(const wire::ReadInbox& request, const Peer& peer);
    Result<wire::AckInbox::Reply> handle(const wire::AckInbox& request, const Peer& peer);
    Result<wire::SetInboxPolicy::Reply> handle(const wire::SetInboxPolicy& request,
                                               const Peer& peer);
    Result<wire::GetStampTerms::Reply> handle(const wire::GetStampTerms& request, const Peer& peer);

    /// As for topics, with inbox_changed; read_next answers unauthenticated once the login expired.
    Result<InboxStream> subscribe(const wire::SubscribeInbox& request, const Peer& peer);
    Result<wire::ReadInbox::Reply> read_next(InboxStream& stream);

    // Assistants.
    Result<wire::PutAgentEntry::Reply> handle(const wire::PutAgentEntry& request, const Peer& peer);
    Result<wire::ListAgents::Reply> handle(const wire::ListAgents& request, const Peer& peer);

    /// Deletes what is over its time, a bounded number at once; returns how many. Call it every
    /// minute or so, and again at once while it returns kExpireBatchMax.
    static constexpr std::size_t kExpireBatchMax = 1000;
    Result<std::size_t> expire();

    [[nodiscard]] Metrics& metrics();
    /// Prometheus text: the counters of metrics() and what the store has done since it was opened
    /// (chatmcp_store_operations_total, chatmcp_store_syncs_total,
    /// chatmcp_store_written_bytes_total).
    [[nodiscard]] std::string metrics_text() const;
    [[nodiscard]] const wire::Ed25519Key& public_key() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace chatmcp::relay
