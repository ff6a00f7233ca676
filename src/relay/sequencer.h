#pragma once

#include <functional>
#include <optional>

#include "base/result.h"
#include "relay/admit.h"
#include "relay/context.h"
#include "relay/first_contact.h"
#include "relay/follower.h"
#include "relay/records.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

/// The public admission key of one epoch of a topic, and where the epoch lies in its sequence.
struct EpochKey {
    wire::Ed25519Key admission_key{};
    std::uint64_t first_sequence = 1;
    std::optional<std::uint64_t> last_sequence;  // Absent: the current epoch.
    std::uint64_t head_sequence = 0;             // Of the topic, when this was looked up.
    bool followed = false;                       // Its handshakes are public.
};

/// Finds it. Errors: not_found (RLY-06) no such topic; future_epoch (RLY-10); history_expired
/// (RLY-16) an epoch of which nothing is kept any more.
[[nodiscard]] Result<EpochKey> find_epoch_key(store::Store& store,
                                              const wire::TopicId& topic,
                                              std::uint64_t epoch,
                                              UnixMs now);

/// Gives every accepted thing of a topic its place: one head row, changed by compare-and-set.
class Sequencer {
  public:
    Sequencer(const Context& context, const Admission& admission, const FirstContact& first_contact)
        : context_(context),
          admission_(admission),
          first_contact_(first_contact),
          follower_(context) {}

    /// Errors: those of Admission and of Follower::open; already_exists (RLY-07) under another
    ///         key; rate_limited (RLY-08), (RLY-35).
    [[nodiscard]] Result<wire::CreateTopic::Reply> create(const wire::CreateTopic& request,
                                                          const Peer& peer) const;

    struct Published {
        bool repeated = false;  // Nobody has to be told again.
        wire::Envelope envelope;
    };
    /// Errors: those of Admission; not_found (RLY-06); future_epoch (RLY-10); stale_epoch (RLY-09)
    ///         the slot is taken;
    ///         too_large (RLY-11), malformed (RLY-12) an empty commit or welcome; rate_limited
    ///         (RLY-13), resource_exhausted (RLY-14) an inbox takes no more; those of
    ///         FirstContact::admit and of Follower::look: the slot stays free.
    [[nodiscard]] Result<Published> bundle(const wire::PublishBundle& request,
                                           const Peer& peer) const;
    /// Errors: the same; stale_epoch (RLY-09) if the epoch has ended; rate_limited (RLY-35), as for
    ///         bundles, above Limits::published_kib_per_source.
    [[nodiscard]] Result<Published> message(const wire::PublishMessage& request,
                                            const Peer& peer) const;

  private:
    [[nodiscard]] Result<void> insert(const wire::CreateTopic& request,
                                      const Peer& peer,
                                      UnixMs now) const;
    // One thing of an epoch, to be put in the topic's next place.
    struct Item {
        const wire::TopicId& topic;
        std::uint64_t epoch;
        wire::EnvelopeKind kind;
        ByteView payload;
        ByteArray<32> once;
    };
    using Place =
        std::function<store::Change(const store::Head& head, const TopicState& state, UnixMs now)>;
    // Puts it there; where the relay follows the group, only if it does not break it.
    [[nodiscard]] Result<store::Updated> put(const Item& item,
                                             const EpochKey& key,
                                             UnixMs now,
                                             const Place& place) const;
    [[nodiscard]] wire::Acceptance accept(const wire::PublishBundle& request,
                                          std::uint64_t sequence,
                                          UnixMs accepted_at) const;
    [[nodiscard]] store::Change bundle_change(const wire::PublishBundle& request,
                                              const store::Head& head,
                                              const TopicState& state,
                                              UnixMs now) const;
    [[nodiscard]] store::Change message_change(const wire::PublishMessage& request,
                                               const store::Head& head,
                                               TopicState state,
                                               UnixMs now) const;
    [[nodiscard]] Result<void> check_volume(std::size_t size_bytes,
                                            const Peer& peer,
                                            UnixMs now) const;
    // `bundle`: names it, with its topic.
    [[nodiscard]] Result<void> check_welcomes(const wire::PublishBundle& request,
                                              const ByteArray<32>& bundle,
                                              const Peer& peer,
                                              UnixMs now) const;

    const Context& context_;
    const Admission& admission_;
    const FirstContact& first_contact_;
    Follower follower_;
};

}  // namespace chatmcp::relay
