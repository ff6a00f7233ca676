#include "relay/records.h"

#include "base/check.h"
#include "crypto/hash.h"

namespace chatmcp::relay {
namespace {

using wire::Reader;
using wire::Writer;

constexpr std::uint8_t kTopicStateVersion = 2;
constexpr std::uint8_t kInboxRecordVersion = 2;
constexpr std::size_t kUsedStampBytes = 32 + 32 + 8;

Result<void> read_version(Reader& reader) {
    CHATMCP_TRY(const std::uint8_t version, reader.u8());
    return version == kRecordVersion ? Result<void>{} : fail(Errc::storage_corrupt, "RLY-30");
}

void write_time(Writer& writer, UnixMs at) {
    CHATMCP_CHECK(at.value >= 0);
    writer.u64(static_cast<std::uint64_t>(at.value));
}

Result<UnixMs> read_time(Reader& reader) {
    CHATMCP_TRY(const std::uint64_t value, reader.u64());
    return UnixMs{static_cast<std::int64_t>(value)};
}

}  // namespace

Result<TopicState> TopicState::read(Reader& reader) {
    CHATMCP_TRY(const std::uint8_t version, reader.u8());
    if (version != kRecordVersion && version != kTopicStateVersion) {
        return fail(Errc::storage_corrupt, "RLY-30");
    }
    TopicState out;
    CHATMCP_TRY(out.epoch, reader.u64());
    CHATMCP_TRY(out.admission_key, reader.array<32>());
    CHATMCP_TRY(out.first_sequence, reader.u64());
    CHATMCP_TRY(out.last_accepted_at, read_time(reader));
    CHATMCP_TRY(out.created_at, read_time(reader));
    CHATMCP_TRY(out.created_with, reader.array<32>());
    if (version == kRecordVersion) {
        return out;
    }
    CHATMCP_TRY(const bool follows, reader.presence());
    if (follows) {
        CHATMCP_TRY(out.followed, reader.u64());
    }
    return out;
}

void TopicState::write(Writer& writer) const {
    writer.u8(kTopicStateVersion);
    writer.u64(epoch);
    writer.fixed(admission_key);
    writer.u64(first_sequence);
    write_time(writer, last_accepted_at);
    write_time(writer, created_at);
    writer.fixed(created_with);
    writer.presence(followed.has_value());
    if (followed.has_value()) {
        writer.u64(*followed);
    }
}

Result<FollowedGroup> FollowedGroup::read(Reader& reader) {
    CHATMCP_TRY_VOID(read_version(reader));
    FollowedGroup out;
    CHATMCP_TRY(out.followed, reader.u64());
    CHATMCP_TRY(const ByteView group, reader.vector(store::Store::kValueMaxBytes));
    out.group = to_bytes(group);
    return out;
}

void FollowedGroup::write(Writer& writer) const {
    writer.u8(kRecordVersion);
    writer.u64(followed);
    writer.vector(group);
}

Result<EpochRecord> EpochRecord::read(Reader& reader) {
    CHATMCP_TRY_VOID(read_version(reader));
    EpochRecord out;
    CHATMCP_TRY(out.admission_key, reader.array<32>());
    CHATMCP_TRY(out.first_sequence, reader.u64());
    CHATMCP_TRY(out.last_sequence, reader.u64());
    return out;
}

void EpochRecord::write(Writer& writer) const {
    writer.u8(kRecordVersion);
    writer.fixed(admission_key);
    writer.u64(first_sequence);
    writer.u64(last_sequence);
}

Result<InboxRecord> InboxRecord::read(Reader& reader) {
    CHATMCP_TRY(const std::uint8_t version, reader.u8());
    if (version != kRecordVersion && version != kInboxRecordVersion) {
        return fail(Errc::storage_corrupt, "RLY-30");
    }
    InboxRecord out;
    CHATMCP_TRY(const std::uint8_t kind, reader.u8());
    out.kind = static_cast<wire::InboxKind>(kind);
    CHATMCP_TRY(out.received_at, read_time(reader));
    CHATMCP_TRY(const ByteView payload, reader.vector(wire::kWelcomeMaxBytes));
    out.payload = to_bytes(payload);
    CHATMCP_TRY(const bool accepted, reader.presence());
    if (accepted) {
        CHATMCP_TRY(out.acceptance, wire::Acceptance::read(reader));
    }
    if (version == kRecordVersion) {
        return out;
    }
    CHATMCP_TRY(const bool has_pass, reader.presence());
    if (has_pass) {
        CHATMCP_TRY(out.pass, wire::Pass::read(reader));
    }
    return out;
}

void InboxRecord::write(Writer& writer) const {
    writer.u8(kInboxRecordVersion);
    writer.u8(static_cast<std::uint8_t>(kind));
    write_time(writer, received_at);
    writer.vector(payload);
    writer.presence(acceptance.has_value());
    if (acceptance.has_value()) {
        acceptance->write(writer);
    }
    writer.presence(pass.has_value());
    if (pass.has_value()) {
        pass->write(writer);
    }
}

Result<FirstContactState> FirstContactState::read(Reader& reader) {
    CHATMCP_TRY_VOID(read_version(reader));
    FirstContactState out;
    CHATMCP_TRY(const bool has_policy, reader.presence());
    if (has_policy) {
        CHATMCP_TRY(out.policy, wire::InboxPolicy::read(reader));
    }
    CHATMCP_TRY(Reader list, reader.sub(kUsedMax * kUsedStampBytes));
    while (!list.empty()) {
        UsedStamp& stamp = out.used.emplace_back();
        CHATMCP_TRY(stamp.one_time_key, list.array<32>());
        CHATMCP_TRY(stamp.bundle, list.array<32>());
        CHATMCP_TRY(stamp.used_at, read_time(list));
    }
    return out;
}

void FirstContactState::write(Writer& writer) const {
    writer.u8(kRecordVersion);
    writer.presence(policy.has_value());
    if (policy.has_value()) {
        policy->write(writer);
    }
    writer.vector_of([this](Writer& list) {
        for (const UsedStamp& stamp : used) {
            list.fixed(stamp.one_time_key);
            list.fixed(stamp.bundle);
            write_time(list, stamp.used_at);
        }
    });
}

store::Partition topic_partition(const wire::TopicId& topic) {
    return {.space = store::Space::topic, .id = topic};
}

store::Partition inbox_partition(const wire::InboxId& inbox) {
    return {.space = store::Space::inbox, .id = inbox};
}

store::Partition first_contact_partition(const wire::InboxId& inbox) {
    return {.space = store::Space::first_contact, .id = inbox};
}

store::Partition key_package_partition(const wire::Ed25519Key& root_key) {
    return {.space = store::Space::key_packages, .id = root_key};
}

store::Partition device_log_partition(std::string_view account) {
    return {.space = store::Space::device_log,
            .id = crypto::sha256({as_bytes("chatmcp account"), as_bytes(account)})};
}

store::Partition agents_partition() {
    return {.space = store::Space::agents, .id = {}};
}

Bytes epoch_name(std::uint64_t epoch) {
    Writer writer;
    writer.u8('e');
    writer.u64(epoch);
    return writer.take();
}

Bytes followed_group_name() {
    return to_bytes(as_bytes("g"));
}

}  // namespace chatmcp::relay
