#include "wire/delivery.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "wire/cbor.h"

namespace chatmcp::wire {
namespace {

// A time is a uint64 on the wire and an int64 in memory; no maker is past the year 292 million.
Result<UnixMs> read_time(Reader& reader) {
    CHATMCP_TRY(const std::uint64_t value, reader.u64());
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return fail(Errc::malformed, "DEL-01");
    }
    return UnixMs{static_cast<std::int64_t>(value)};
}

void write_time(Writer& writer, UnixMs at) {
    CHATMCP_CHECK(at.value >= 0);
    writer.u64(static_cast<std::uint64_t>(at.value));
}

Bytes digest_of(ByteView body) {
    return to_bytes(crypto::sha256(body));
}

// Reads and subscribes sign where they start and the relay's challenge, so that an old signature
// opens nothing and an answer cannot be passed off as one for another cursor.
Bytes cursor_binding(std::uint64_t after, ByteView challenge) {
    Writer writer;
    writer.u64(after);
    writer.vector(challenge);
    return writer.take();
}

Result<void> check_scopes(ByteView scopes) {
    if (scopes.empty()) {
        return fail(Errc::malformed, "DEL-05");
    }
    for (std::size_t i = 1; i < scopes.size(); ++i) {
        if (scopes[i - 1] >= scopes[i]) {
            return fail(Errc::not_canonical, "DEL-06");
        }
    }
    return {};
}

}  // namespace

TopicId topic_of(ByteView group_id) {
    return crypto::sha256({as_bytes("chatmcp topic"), group_id});
}

void AdmissionContent::write_signed(Writer& writer) const {
    writer.fixed(relay_key);
    writer.fixed(topic);
    writer.u64(epoch);
    writer.u8(static_cast<std::uint8_t>(operation));
    writer.vector(binding);
}

Result<Acceptance> Acceptance::read(Reader& reader) {
    Acceptance out;
    CHATMCP_TRY(out.relay_key, reader.array<std::tuple_size_v<Ed25519Key>>());
    CHATMCP_TRY(out.topic, reader.array<std::tuple_size_v<TopicId>>());
    CHATMCP_TRY(out.epoch, reader.u64());
    CHATMCP_TRY(out.commit_hash, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(out.next_admission_key, reader.array<std::tuple_size_v<Ed25519Key>>());
    CHATMCP_TRY(out.sequence, reader.u64());
    CHATMCP_TRY(out.accepted_at, read_time(reader));
    CHATMCP_TRY(out.signature, reader.array<std::tuple_size_v<Ed25519Signature>>());
    return out;
}

void Acceptance::write_signed(Writer& writer) const {
    writer.fixed(relay_key);
    writer.fixed(topic);
    writer.u64(epoch);
    writer.fixed(commit_hash);
    writer.fixed(next_admission_key);
    writer.u64(sequence);
    write_time(writer, accepted_at);
}

void Acceptance::write(Writer& writer) const {
    write_signed(writer);
    writer.fixed(signature);
}

Result<ReaddRequest> ReaddRequest::read(Reader& reader) {
    ReaddRequest out;
    CHATMCP_TRY(out.topic, reader.array<std::tuple_size_v<TopicId>>());
    CHATMCP_TRY(out.epoch, reader.u64());
    CHATMCP_TRY(out.authenticator_hash, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(out.made_at, read_time(reader));
    CHATMCP_TRY(const ByteView key_package, reader.vector(kKeyPackageMaxBytes));
    out.key_package = to_bytes(key_package);
    CHATMCP_TRY(out.signature, reader.array<std::tuple_size_v<Ed25519Signature>>());
    return out;
}

void ReaddRequest::write_signed(Writer& writer) const {
    writer.fixed(topic);
    writer.u64(epoch);
    writer.fixed(authenticator_hash);
    write_time(writer, made_at);
    writer.vector(key_package);
}

void ReaddRequest::write(Writer& writer) const {
    write_signed(writer);
    writer.fixed(signature);
}

crypto::Sha256Digest ReaddRequest::hash_of_authenticator(ByteView epoch_authenticator) {
    return crypto::sha256({as_bytes("chatmcp readd"), epoch_authenticator});
}

Result<Envelope> Envelope::read(Reader& reader) {
    Envelope out;
    CHATMCP_TRY(out.sequence, reader.u64());
    CHATMCP_TRY(out.epoch, reader.u64());
    CHATMCP_TRY(const std::uint8_t kind, reader.u8());
    if (kind != static_cast<std::uint8_t>(EnvelopeKind::message) &&
        kind != static_cast<std::uint8_t>(EnvelopeKind::bundle)) {
        return fail(Errc::malformed, "DEL-02");
    }
    out.kind = static_cast<EnvelopeKind>(kind);
    CHATMCP_TRY(out.accepted_at, read_time(reader));
    const bool is_bundle = out.kind == EnvelopeKind::bundle;
    CHATMCP_TRY(const ByteView payload,
                reader.vector(is_bundle ? kCommitMaxBytes : kEnvelopeMaxBytes));
    out.payload = to_bytes(payload);
    CHATMCP_TRY(const bool accepted, reader.presence());
    // A commit without an acceptance has no proof of its place, and a message has nothing to prove.
    if (accepted != is_bundle) {
        return fail(Errc::malformed, "DEL-03");
    }
    if (accepted) {
        CHATMCP_TRY(out.acceptance, Acceptance::read(reader));
    }
    return out;
}

void Envelope::write(Writer& writer) const {
    CHATMCP_CHECK(acceptance.has_value() == (kind == EnvelopeKind::bundle));
    writer.u64(sequence);
    writer.u64(epoch);
    writer.u8(static_cast<std::uint8_t>(kind));
    write_time(writer, accepted_at);
    writer.vector(payload);
    writer.presence(acceptance.has_value());
    if (acceptance.has_value()) {
        acceptance->write(writer);
    }
}

AdmissionContent CreateTopic::admission() const {
    Writer body;
    body.fixed(admission_key);
    if (!group_info.empty()) {
        body.vector(group_info);
    }
    return {.relay_key = relay_key,
            .topic = topic,
            .epoch = 0,
            .operation = AdmissionOperation::create,
            .binding = digest_of(body.view())};
}

AdmissionContent PublishBundle::admission() const {
    Writer body;
    body.vector(commit);
    body.fixed(next_admission_key);
    body.vector_of([this](Writer& list) {
        for (const WelcomeDelivery& delivery : welcomes) {
            list.fixed(delivery.inbox);
            list.vector(delivery.welcome);
        }
    });
    if (std::ranges::any_of(welcomes, [](const auto& each) { return each.pass.has_value(); })) {
        body.vector_of([this](Writer& list) {
            for (const WelcomeDelivery& delivery : welcomes) {
                list.presence(delivery.pass.has_value());
                if (delivery.pass.has_value()) {
                    delivery.pass->write(list);
                }
            }
        });
    }
    return {.relay_key = relay_key,
            .topic = topic,
            .epoch = epoch,
            .operation = AdmissionOperation::bundle,
            .binding = digest_of(body.view())};
}

AdmissionContent PublishMessage::admission() const {
    return {.relay_key = relay_key,
            .topic = topic,
            .epoch = epoch,
            .operation = AdmissionOperation::publish,
            .binding = digest_of(payload)};
}

AdmissionContent ReadTopic::admission() const {
    return {.relay_key = relay_key,
            .topic = topic,
            .epoch = epoch,
            .operation = AdmissionOperation::read,
            .binding = cursor_binding(after, challenge)};
}

AdmissionContent SubscribeTopic::admission() const {
    return {.relay_key = relay_key,
            .topic = topic,
            .epoch = epoch,
            .operation = AdmissionOperation::subscribe,
            .binding = cursor_binding(after, challenge)};
}

void Login::write_signed(Writer& writer) const {
    writer.fixed(relay_key);
    writer.vector(challenge);
    writer.vector(channel);
}

Result<AgentEntry> AgentEntry::read(Reader& reader) {
    AgentEntry out;
    CHATMCP_TRY(const ByteView credential, reader.vector(kCredentialMaxBytes));
    out.credential = to_bytes(credential);
    CHATMCP_TRY(out.hpke_key, reader.array<32>());
    CHATMCP_TRY(const ByteView name, reader.vector(kNameMaxBytes));
    CHATMCP_TRY(const ByteView model, reader.vector(kModelMaxBytes));
    if (!is_utf8(name) || !is_utf8(model)) {
        return fail(Errc::malformed, "DEL-04");
    }
    out.name = to_text(name);
    out.model = to_text(model);
    CHATMCP_TRY(const ByteView scopes, reader.vector(kScopesMax));
    CHATMCP_TRY_VOID(check_scopes(scopes));
    out.scopes = to_bytes(scopes);
    CHATMCP_TRY(out.issued_at, read_time(reader));
    CHATMCP_TRY(out.signature, reader.array<std::tuple_size_v<Ed25519Signature>>());
    return out;
}

void AgentEntry::write_signed(Writer& writer) const {
    writer.vector(credential);
    writer.fixed(hpke_key);
    writer.vector(as_bytes(name));
    writer.vector(as_bytes(model));
    writer.vector(scopes);
    write_time(writer, issued_at);
}

void AgentEntry::write(Writer& writer) const {
    write_signed(writer);
    writer.fixed(signature);
}

}  // namespace chatmcp::wire
