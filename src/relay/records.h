#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"
#include "wire/delivery.h"
#include "wire/tls.h"

namespace chatmcp::relay {

// What the relay keeps in its store. All in the TLS presentation language; every record begins with
// a version.
// Errors of all read functions: storage_corrupt (RLY-30): these bytes were ours, so whatever is
// wrong with them is damage.

inline constexpr std::uint8_t kRecordVersion = 1;

/// The head of a topic: what the compare-and-set is about. Never expires.
///
/// Wire:  uint8 version (2); uint64 epoch; opaque admission_key[32]; uint64 first_sequence; uint64
///        last_accepted_at_ms; uint64 created_at_ms; opaque created_with[32]; optional<uint64>
///        followed. Version 1 ends before `followed`.
struct TopicState {
    std::uint64_t epoch = 0;
    wire::Ed25519Key admission_key{};  // Of this epoch.
    std::uint64_t first_sequence = 1;  // The epoch's first.
    UnixMs last_accepted_at;           // Acceptance times of a topic never go back.
    UnixMs created_at;
    wire::Ed25519Key created_with{};  // Admission key of epoch 0.
    /// Where the group's handshakes are public: how many were followed, which is the version of
    /// its FollowedGroup.
    std::optional<std::uint64_t> followed;

    static Result<TopicState> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// The group of a topic whose handshakes are public, as it is after `version` of them. Kept as long
/// as the topic, under followed_group_name().
///
/// Wire:  uint8 version; uint64 followed; opaque group<V> (mls::PublicGroup::encode).
struct FollowedGroup {
    std::uint64_t followed = 0;
    Bytes group;

    static Result<FollowedGroup> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// An epoch that has ended: kept as long as the bundle that ended it.
///
/// Wire:  uint8 version; opaque admission_key[32]; uint64 first_sequence; uint64 last_sequence.
struct EpochRecord {
    wire::Ed25519Key admission_key{};
    std::uint64_t first_sequence = 1;
    std::uint64_t last_sequence = 1;  // Of the bundle that ended it.

    static Result<EpochRecord> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// An item of an inbox without its sequence, which the store gives.
///
/// Wire:  uint8 version (2); uint8 kind; uint64 received_at_ms; opaque payload<V>;
/// optional<Acceptance>; optional<Pass>. Version 1 ends before the pass.
struct InboxRecord {
    wire::InboxKind kind = wire::InboxKind::welcome;
    UnixMs received_at;
    Bytes payload;
    std::optional<wire::Acceptance> acceptance;
    std::optional<wire::Pass> pass = std::nullopt;

    static Result<InboxRecord> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// A stamp that let a welcome in. It lets no other one in.
struct UsedStamp {
    ByteArray<32> one_time_key{};
    ByteArray<32> bundle{};  // SHA-256 of the topic and the content of the bundle it came with.
    UnixMs used_at;
};

/// What strangers have to bring to an inbox, and the stamps that they brought. The head of a
/// partition of its own.
///
/// Wire:  uint8 version; optional<InboxPolicy>; { opaque one_time_key[32]; opaque bundle[32];
/// uint64 used_at_ms } used<V>.
struct FirstContactState {
    static constexpr std::size_t kUsedMax = 20'000;

    std::optional<wire::InboxPolicy> policy;
    std::vector<UsedStamp> used;

    static Result<FirstContactState> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// Decode a record of ours.
template <class T>
[[nodiscard]] Result<T> decode_record(ByteView stored) {
    auto decoded = wire::decode<T>(stored);
    if (!decoded.has_value()) {
        return fail(Errc::storage_corrupt, "RLY-30");
    }
    return decoded;
}

[[nodiscard]] store::Partition topic_partition(const wire::TopicId& topic);
[[nodiscard]] store::Partition inbox_partition(const wire::InboxId& inbox);
[[nodiscard]] store::Partition key_package_partition(const wire::Ed25519Key& root_key);
[[nodiscard]] store::Partition device_log_partition(std::string_view account);
[[nodiscard]] store::Partition agents_partition();
[[nodiscard]] store::Partition first_contact_partition(const wire::InboxId& inbox);
/// The name of an epoch's record in its topic.
[[nodiscard]] Bytes epoch_name(std::uint64_t epoch);
[[nodiscard]] Bytes followed_group_name();

}  // namespace chatmcp::relay
