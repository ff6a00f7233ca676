#include "relay/relay.h"

#include <utility>

#include "relay/admit.h"
#include "relay/context.h"
#include "relay/directory.h"
#include "relay/first_contact.h"
#include "relay/mailbox.h"
#include "relay/sequencer.h"
#include "relay/topic_reader.h"
#include "store/store.h"

namespace chatmcp::relay {

struct Relay::Parts {
    Parts(store::Store& store,
          crypto::SigningKey signing_key,
          const Clock& clock,
          crypto::Random& random,
          RelayOptions relay_options)
        : key(std::move(signing_key)),
          options(std::move(relay_options)),
          context{.store = store,
                  .key = key,
                  .clock = clock,
                  .random = random,
                  .options = options,
                  .limiter = limiter,
                  .inbox_usage = inbox_usage},
          admission(context),
          first_contact(context),
          sequencer(context, admission, first_contact),
          reader(context, admission),
          mailbox(context),
          directory(context) {}

    crypto::SigningKey key;
    RelayOptions options;
    RateLimiter limiter;
    InboxUsage inbox_usage;
    Metrics metrics;
    Listener* listener = nullptr;
    Context context;
    Admission admission;
    FirstContact first_contact;
    Sequencer sequencer;
    TopicReader reader;
    Mailbox mailbox;
    Directory directory;

    /// The only place where a refusal is counted.
    template <class T>
    Result<T> counted(std::string_view method, Result<T> result) {
        metrics.count_request(method);
        if (!result.has_value()) {
            metrics.count_refusal(method, result.error());
        }
        return result;
    }

    void tell_topic(const wire::TopicId& topic) const {
        if (listener != nullptr) {
            listener->topic_changed(topic);
        }
    }
    void tell_inbox(const wire::InboxId& inbox) const {
        if (listener != nullptr) {
            listener->inbox_changed(inbox);
        }
    }

    Result<wire::PublishBundle::Reply> bundle(const wire::PublishBundle& request,
                                              const Peer& peer) const;
    Result<wire::PublishMessage::Reply> message(const wire::PublishMessage& request,
                                                const Peer& peer) const;
    Result<wire::UploadKeyPackages::Reply> upload(const wire::UploadKeyPackages& request,
                                                  const Peer& peer) const;
    Result<wire::SendInbox::Reply> send(const wire::SendInbox& request, const Peer& peer) const;
    Result<wire::ReadInbox::Reply> read_inbox(const wire::ReadInbox& request,
                                              const Peer& peer) const;
    Result<wire::AckInbox::Reply> ack(const wire::AckInbox& request, const Peer& peer) const;
    Result<wire::SetInboxPolicy::Reply> set_policy(const wire::SetInboxPolicy& request,
                                                   const Peer& peer) const;
    Result<wire::PutAgentEntry::Reply> put_agent(const wire::PutAgentEntry& request,
                                                 const Peer& peer) const;
    Result<wire::ReadInbox::Reply> next_items(const wire::InboxId& inbox,
                                              UnixMs expires_at,
                                              std::uint64_t after) const;
};

Result<wire::PublishBundle::Reply> Relay::Parts::bundle(const wire::PublishBundle& request,
                                                        const Peer& peer) const {
    CHATMCP_TRY(auto published, sequencer.bundle(request, peer));
    const auto& acceptance = published.envelope.acceptance;
    if (!acceptance.has_value()) {
        return fail(Errc::storage_corrupt, "RLY-30");
    }
    if (!published.repeated) {
        tell_topic(request.topic);
        for (const wire::WelcomeDelivery& delivery : request.welcomes) {
            tell_inbox(delivery.inbox);
        }
    }
    return wire::PublishBundle::Reply{.acceptance = *acceptance};
}

Result<wire::PublishMessage::Reply> Relay::Parts::message(const wire::PublishMessage& request,
                                                          const Peer& peer) const {
    CHATMCP_TRY(const auto published, sequencer.message(request, peer));
    if (!published.repeated) {
        tell_topic(request.topic);
    }
    return wire::PublishMessage::Reply{.sequence = published.envelope.sequence,
                                       .accepted_at = published.envelope.accepted_at};
}

Result<wire::UploadKeyPackages::Reply> Relay::Parts::upload(const wire::UploadKeyPackages& request,
                                                            const Peer& peer) const {
    CHATMCP_TRY(const LoggedIn device, admission.check_token(request.token, peer));
    return directory.upload(device.root_key(), request);
}

Result<wire::SendInbox::Reply> Relay::Parts::send(const wire::SendInbox& request,
                                                  const Peer& peer) const {
    CHATMCP_TRY(const Mailbox::Sent sent, mailbox.send(request, peer));
    if (!sent.repeated) {
        tell_inbox(request.inbox);
    }
    return wire::SendInbox::Reply{};
}

Result<wire::ReadInbox::Reply> Relay::Parts::read_inbox(const wire::ReadInbox& request,
                                                        const Peer& peer) const {
    CHATMCP_TRY(const LoggedIn device, admission.check_token(request.token, peer));
    return mailbox.read(
        device.inbox(), request.after, {.items_max = request.limit, .bytes_max = kReadBytesMax});
}

Result<wire::AckInbox::Reply> Relay::Parts::ack(const wire::AckInbox& request,
                                                const Peer& peer) const {
    CHATMCP_TRY(const LoggedIn device, admission.check_token(request.token, peer));
    CHATMCP_TRY_VOID(mailbox.acknowledge(device.inbox(), request.sequence));
    return wire::AckInbox::Reply{};
}

Result<wire::SetInboxPolicy::Reply> Relay::Parts::set_policy(const wire::SetInboxPolicy& request,
                                                             const Peer& peer) const {
    CHATMCP_TRY(const LoggedIn device, admission.check_token(request.token, peer));
    return first_contact.set_policy(device.inbox(), request.policy);
}

Result<wire::PutAgentEntry::Reply> Relay::Parts::put_agent(const wire::PutAgentEntry& request,
                                                           const Peer& peer) const {
    CHATMCP_TRY(const LoggedIn enclave, admission.check_token(request.token, peer));
    return directory.put_agent(enclave.root_key(), request.entry, peer);
}

Result<wire::ReadInbox::Reply> Relay::Parts::next_items(const wire::InboxId& inbox,
                                                        UnixMs expires_at,
                                                        std::uint64_t after) const {
    if (context.clock.now() >= expires_at) {
        return fail(Errc::unauthenticated, "RLY-21");
    }
    return mailbox.read(inbox, after, kStreamPage);
}

Relay::Relay(store::Store& store,
             crypto::SigningKey key,
             const Clock& clock,
             crypto::Random& random,
             RelayOptions options)
    : parts_(std::make_unique<Parts>(store, std::move(key), clock, random, std::move(options))) {}

Relay::~Relay() = default;

void Relay::set_listener(Listener* listener) {
    parts_->listener = listener;
}

Result<wire::CreateTopic::Reply> Relay::handle(const wire::CreateTopic& request, const Peer& peer) {
    return parts_->counted("CreateTopic", parts_->sequencer.create(request, peer));
}

Result<wire::PublishBundle::Reply> Relay::handle(const wire::PublishBundle& request,
                                                 const Peer& peer) {
    return parts_->counted("PublishBundle", parts_->bundle(request, peer));
}

Result<wire::PublishMessage::Reply> Relay::handle(const wire::PublishMessage& request,
                                                  const Peer& peer) {
    return parts_->counted("PublishMessage", parts_->message(request, peer));
}

Result<wire::ReadTopic::Reply> Relay::handle(const wire::ReadTopic& request, const Peer& peer) {
    return parts_->counted("ReadTopic", parts_->reader.read(request, peer));
}

Result<TopicStream> Relay::subscribe(const wire::SubscribeTopic& request, const Peer& peer) {
    const auto checked = parts_->counted("SubscribeTopic", parts_->reader.check(request, peer));
    CHATMCP_TRY_VOID(checked);
    TopicStream stream;
    stream.topic_ = request.topic;
    stream.epoch_ = request.epoch;
    stream.after_ = request.after;
    return stream;
}

Result<wire::ReadTopic::Reply> Relay::read_next(TopicStream& stream) {
    CHATMCP_TRY(auto reply,
                parts_->counted("SubscribeTopic.next",
                                parts_->reader.read_admitted(
                                    stream.topic_, stream.epoch_, stream.after_, kStreamPage)));
    if (!reply.envelopes.empty()) {
        stream.after_ = reply.envelopes.back().sequence;
    }
    return reply;
}

Result<wire::GetRelayInfo::Reply> Relay::handle(const wire::GetRelayInfo& /*request*/,
                                                const Peer& /*peer*/) {
    return parts_->counted<wire::GetRelayInfo::Reply>(
        "GetRelayInfo",
        wire::GetRelayInfo::Reply{.relay_key = parts_->key.public_key(),
                                  .now = parts_->context.clock.now(),
                                  .version = parts_->options.version});
}

Result<wire::GetChallenge::Reply> Relay::handle(const wire::GetChallenge& /*request*/,
                                                const Peer& /*peer*/) {
    return parts_->counted<wire::GetChallenge::Reply>(
        "GetChallenge", wire::GetChallenge::Reply{.challenge = parts_->admission.new_challenge()});
}

Result<wire::Login::Reply> Relay::handle(const wire::Login& request, const Peer& peer) {
    return parts_->counted("Login", parts_->admission.log_in(request, peer));
}

Result<wire::UploadKeyPackages::Reply> Relay::handle(const wire::UploadKeyPackages& request,
                                                     const Peer& peer) {
    return parts_->counted("UploadKeyPackages", parts_->upload(request, peer));
}

Result<wire::ClaimKeyPackages::Reply> Relay::handle(const wire::ClaimKeyPackages& request,
                                                    const Peer& peer) {
    return parts_->counted("ClaimKeyPackages", parts_->directory.claim(request, peer));
}

Result<wire::GetDeviceLog::Reply> Relay::handle(const wire::GetDeviceLog& request,
                                                const Peer& /*peer*/) {
    return parts_->counted("GetDeviceLog", parts_->directory.device_log(request));
}

Result<wire::AppendDeviceLog::Reply> Relay::handle(const wire::AppendDeviceLog& request,
                                                   const Peer& peer) {
    return parts_->counted("AppendDeviceLog", parts_->directory.append_device_log(request, peer));
}

Result<wire::SendInbox::Reply> Relay::handle(const wire::SendInbox& request, const Peer& peer) {
    return parts_->counted("SendInbox", parts_->send(request, peer));
}

Result<wire::ReadInbox::Reply> Relay::handle(const wire::ReadInbox& request, const Peer& peer) {
    return parts_->counted("ReadInbox", parts_->read_inbox(request, peer));
}

Result<wire::AckInbox::Reply> Relay::handle(const wire::AckInbox& request, const Peer& peer) {
    return parts_->counted("AckInbox", parts_->ack(request, peer));
}

Result<wire::SetInboxPolicy::Reply> Relay::handle(const wire::SetInboxPolicy& request,
                                                  const Peer& peer) {
    return parts_->counted("SetInboxPolicy", parts_->set_policy(request, peer));
}

Result<wire::GetStampTerms::Reply> Relay::handle(const wire::GetStampTerms& request,
                                                 const Peer& /*peer*/) {
    return parts_->counted("GetStampTerms", parts_->first_contact.terms(request.inbox));
}

Result<InboxStream> Relay::subscribe(const wire::SubscribeInbox& request, const Peer& peer) {
    CHATMCP_TRY(
        const LoggedIn device,
        parts_->counted("SubscribeInbox", parts_->admission.check_token(request.token, peer)));
    InboxStream stream;
    stream.inbox_ = device.inbox();
    stream.expires_at_ = device.expires_at();
    stream.after_ = request.after;
    return stream;
}

Result<wire::ReadInbox::Reply> Relay::read_next(InboxStream& stream) {
    CHATMCP_TRY(
        auto reply,
        parts_->counted("SubscribeInbox.next",
                        parts_->next_items(stream.inbox_, stream.expires_at_, stream.after_)));
    if (!reply.items.empty()) {
        stream.after_ = reply.items.back().sequence;
    }
    return reply;
}

Result<wire::PutAgentEntry::Reply> Relay::handle(const wire::PutAgentEntry& request,
                                                 const Peer& peer) {
    return parts_->counted("PutAgentEntry", parts_->put_agent(request, peer));
}

Result<wire::ListAgents::Reply> Relay::handle(const wire::ListAgents& /*request*/,
                                              const Peer& /*peer*/) {
    return parts_->counted("ListAgents", parts_->directory.agents());
}

Result<std::size_t> Relay::expire() {
    return parts_->context.store.expire(parts_->context.clock.now(), kExpireBatchMax);
}

Metrics& Relay::metrics() {
    return parts_->metrics;
}

std::string Relay::metrics_text() const {
    const store::StoreStatistics done = parts_->context.store.statistics();
    std::string text = parts_->metrics.prometheus_text();
    const auto counter = [&text](std::string_view name, std::string_view help, std::uint64_t of) {
        text += "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " +
                std::string(name) + " counter\n" + std::string(name) + " " + std::to_string(of) +
                "\n";
    };
    counter("chatmcp_store_operations_total", "Changes that are durable.", done.operations);
    counter("chatmcp_store_syncs_total", "Times that the disk was waited for.", done.syncs);
    counter("chatmcp_store_written_bytes_total", "Bytes given to the disk.", done.written_bytes);
    return text;
}

const wire::Ed25519Key& Relay::public_key() const {
    return parts_->key.public_key();
}

}  // namespace chatmcp::relay
