#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "identity/device_log.h"
#include "relay/relay.h"
#include "store/memory_store.h"
#include "support/identity.h"
#include "support/random.h"
#include "wire/labelled_sign.h"

namespace chatmcp::relay {

using testing::key_named;
using testing::kTestNow;

inline Bytes text(std::string_view of) {
    return to_bytes(as_bytes(of));
}

/// "ok", or the row of docs/CHECKS.md that refused.
template <class T>
std::string check_of(const Result<T>& result) {
    return result.has_value() ? "ok" : result.error().check;
}
template <class T>
Errc code_of(const Result<T>& result) {
    return result.has_value() ? Errc{} : result.error().code;
}

/// A clock that several threads may read while a test sets it.
class TestClock final : public Clock {
  public:
    [[nodiscard]] UnixMs now() const override { return UnixMs{now_ms_.load()}; }
    void pass_ms(std::int64_t ms) { now_ms_ += ms; }

  private:
    std::atomic<std::int64_t> now_ms_ = kTestNow.value;
};

/// Counts what it was told.
class TestListener final : public Listener {
  public:
    void topic_changed(const wire::TopicId& topic) override {
        const std::lock_guard lock(mutex_);
        ++topics_[topic];
    }
    void inbox_changed(const wire::InboxId& inbox) override {
        const std::lock_guard lock(mutex_);
        ++inboxes_[inbox];
    }
    int topic(const wire::TopicId& topic) {
        const std::lock_guard lock(mutex_);
        return topics_[topic];
    }
    int inbox(const wire::InboxId& inbox) {
        const std::lock_guard lock(mutex_);
        return inboxes_[inbox];
    }

  private:
    std::mutex mutex_;
    std::map<wire::TopicId, int> topics_;
    std::map<wire::InboxId, int> inboxes_;
};

/// A relay over memory (or the store given), and what its clients do with it.
class TestRelay {
  public:
    explicit TestRelay(RelayOptions options = {}) : TestRelay(memory_, std::move(options)) {}
    TestRelay(store::Store& store, RelayOptions options)
        : relay(store, key_named("relay"), clock, random_, std::move(options)) {
        relay.set_listener(&listener);
    }

    [[nodiscard]] Bytes challenge() {
        return relay.handle(wire::GetChallenge{}, peer).value().challenge;
    }
    [[nodiscard]] wire::Login login_request(const crypto::SigningKey& root) {
        wire::Login login{.relay_key = relay.public_key(),
                          .root_key = root.public_key(),
                          .challenge = challenge(),
                          .channel = peer.channel,
                          .signature = {}};
        sign(root, login);
        return login;
    }
    static void sign(const crypto::SigningKey& root, wire::Login& login) {
        login.signature = to_array<64>(wire::sign(root, login));
    }
    [[nodiscard]] Bytes token(const crypto::SigningKey& root) {
        return relay.handle(login_request(root), peer).value().token;
    }

  private:
    store::MemoryStore memory_;
    crypto::SystemRandom random_;

  public:
    TestClock clock;
    TestListener listener;
    Peer peer{.source = text("192.0.2.1"), .channel = text("http://127.0.0.1:7400")};
    Relay relay;
};

/// A group as its members see it: they all know each epoch's admission key.
class TestGroup {
  public:
    explicit TestGroup(std::string name, Relay& relay)
        : name_(std::move(name)),
          relay_key_(relay.public_key()),
          topic_(wire::topic_of(crypto::sha256(as_bytes(name_)))) {}

    [[nodiscard]] const wire::TopicId& topic() const { return topic_; }
    [[nodiscard]] crypto::SigningKey key(std::uint64_t epoch) const {
        return key_named(name_ + "/" + std::to_string(epoch));
    }

    [[nodiscard]] wire::CreateTopic create() const {
        return signed_with(key(0),
                           wire::CreateTopic{.relay_key = relay_key_,
                                             .topic = topic_,
                                             .admission_key = key(0).public_key(),
                                             .group_info = {},
                                             .signature = {}});
    }
    [[nodiscard]] wire::PublishBundle bundle(
        std::uint64_t epoch,
        std::string_view commit,
        std::vector<wire::WelcomeDelivery> welcomes = {}) const {
        return signed_with(key(epoch),
                           wire::PublishBundle{.relay_key = relay_key_,
                                               .topic = topic_,
                                               .epoch = epoch,
                                               .commit = text(commit),
                                               .next_admission_key = key(epoch + 1).public_key(),
                                               .welcomes = std::move(welcomes),
                                               .signature = {}});
    }
    [[nodiscard]] wire::PublishMessage message(std::uint64_t epoch,
                                               std::string_view payload) const {
        return signed_with(key(epoch),
                           wire::PublishMessage{.relay_key = relay_key_,
                                                .topic = topic_,
                                                .epoch = epoch,
                                                .payload = text(payload),
                                                .signature = {}});
    }
    [[nodiscard]] wire::ReadTopic read(std::uint64_t epoch,
                                       std::uint64_t after,
                                       const Bytes& challenge,
                                       std::uint32_t limit = wire::kReadLimitMax) const {
        return signed_with(key(epoch),
                           wire::ReadTopic{.relay_key = relay_key_,
                                           .topic = topic_,
                                           .epoch = epoch,
                                           .after = after,
                                           .limit = limit,
                                           .challenge = challenge,
                                           .signature = {}});
    }
    [[nodiscard]] wire::SubscribeTopic subscribe(std::uint64_t epoch,
                                                 std::uint64_t after,
                                                 const Bytes& challenge) const {
        return signed_with(key(epoch),
                           wire::SubscribeTopic{.relay_key = relay_key_,
                                                .topic = topic_,
                                                .epoch = epoch,
                                                .after = after,
                                                .challenge = challenge,
                                                .signature = {}});
    }

    /// The request with a right signature of this key.
    template <class Request>
    [[nodiscard]] static Request signed_with(const crypto::SigningKey& key, Request request) {
        request.signature = to_array<64>(wire::sign(key, request.admission()));
        return request;
    }

  private:
    std::string name_;
    wire::Ed25519Key relay_key_;
    wire::TopicId topic_;
};

/// "1:hello 2:*commit": sequences, payloads, a star for bundles; "(ended)" and "(more)".
inline std::string show(const Result<wire::ReadTopic::Reply>& reply) {
    if (!reply.has_value()) {
        return reply.error().check;
    }
    std::string out;
    for (const wire::Envelope& envelope : reply->envelopes) {
        out += std::to_string(envelope.sequence) +
               (envelope.kind == wire::EnvelopeKind::bundle ? ":*" : ":") +
               to_text(envelope.payload) + " ";
    }
    out += reply->epoch_ended ? "(ended)" : "";
    out += reply->more ? "(more)" : "";
    return out;
}

}  // namespace chatmcp::relay
