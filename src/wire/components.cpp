#include "wire/components.h"

#include "base/check.h"
#include "wire/cbor.h"

namespace chatmcp::wire {
namespace {

constexpr std::size_t kDelegationMaxBytes = 512;
constexpr std::uint16_t kPublicMessage = 1;  // WireFormat, RFC 9420 section 6.

Result<std::string> read_text(Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, reader.vector(max_bytes));
    if (!is_utf8(view)) {
        return fail(Errc::malformed, "CON-03");
    }
    return to_text(view);
}

}  // namespace

Result<Roles> Roles::read(Reader& reader) {
    Roles out;
    CHATMCP_TRY(Reader list, reader.sub(kAdminsMax * (kAccountMaxBytes + 2)));
    while (!list.empty()) {
        if (out.admins.size() == kAdminsMax) {
            return fail(Errc::too_large, "CON-09");
        }
        CHATMCP_TRY(std::string account, read_text(list, kAccountMaxBytes));
        out.admins.push_back(std::move(account));
    }
    // A group without an admin could never change again.
    if (out.admins.empty()) {
        return fail(Errc::malformed, "CON-10");
    }
    return out;
}

void Roles::write(Writer& writer) const {
    CHATMCP_CHECK(!admins.empty() && admins.size() <= kAdminsMax);
    writer.vector_of([&](Writer& list) {
        for (const std::string& account : admins) {
            CHATMCP_CHECK(account.size() <= kAccountMaxBytes);
            list.vector(as_bytes(account));
        }
    });
}

Result<Sequencer> Sequencer::read(Reader& reader) {
    Sequencer out;
    CHATMCP_TRY(out.relay_key, reader.array<32>());
    return out;
}

void Sequencer::write(Writer& writer) const {
    writer.fixed(relay_key);
}

Result<Development> Development::read(Reader& reader) {
    Development out;
    CHATMCP_TRY(out.root_key, reader.array<32>());
    return out;
}

void Development::write(Writer& writer) const {
    writer.fixed(root_key);
}

Result<CompanionOf> CompanionOf::read(Reader& reader) {
    CompanionOf out;
    CHATMCP_TRY(out.conversation_id, reader.array<32>());
    return out;
}

void CompanionOf::write(Writer& writer) const {
    writer.fixed(conversation_id);
}

Result<Title> Title::read(Reader& reader) {
    Title out;
    CHATMCP_TRY(out.text, read_text(reader, kMaxBytes));
    return out;
}

void Title::write(Writer& writer) const {
    CHATMCP_CHECK(text.size() <= kMaxBytes);
    writer.vector(as_bytes(text));
}

Result<Handshakes> Handshakes::read(Reader& reader) {
    CHATMCP_TRY(const std::uint16_t wire_format, reader.u16());
    return wire_format == kPublicMessage ? Result<Handshakes>(Handshakes{})
                                         : fail(Errc::malformed, "CON-13");
}

void Handshakes::write(Writer& writer) const {
    writer.u16(kPublicMessage);
}

Result<LogHead> LogHead::read(Reader& reader) {
    LogHead out;
    CHATMCP_TRY(out.sequence, reader.u64());
    CHATMCP_TRY(out.hash, reader.array<crypto::kSha256Bytes>());
    return out;
}

void LogHead::write(Writer& writer) const {
    writer.u64(sequence);
    writer.fixed(hash);
}

Result<EvidenceComponent> EvidenceComponent::read(Reader& reader) {
    EvidenceComponent out;
    CHATMCP_TRY(const ByteView delegation, reader.vector(kDelegationMaxBytes));
    out.delegation = to_bytes(delegation);
    CHATMCP_TRY(out.nonce, reader.array<32>());
    CHATMCP_TRY(const ByteView evidence, reader.vector(kEvidenceMaxBytes));
    out.evidence = to_bytes(evidence);
    return out;
}

void EvidenceComponent::write(Writer& writer) const {
    CHATMCP_CHECK(delegation.size() <= kDelegationMaxBytes && evidence.size() <= kEvidenceMaxBytes);
    writer.vector(delegation);
    writer.fixed(nonce);
    writer.vector(evidence);
}

Result<KeyPackageRequest> KeyPackageRequest::read(Reader& reader) {
    KeyPackageRequest out;
    CHATMCP_TRY(out.group_id, reader.array<32>());
    CHATMCP_TRY(out.nonce, reader.array<32>());
    CHATMCP_TRY(out.reply_inbox, reader.array<32>());
    CHATMCP_TRY(out.reply_key, reader.array<32>());
    return out;
}

void KeyPackageRequest::write(Writer& writer) const {
    writer.fixed(group_id);
    writer.fixed(nonce);
    writer.fixed(reply_inbox);
    writer.fixed(reply_key);
}

Result<KeyPackageReply> KeyPackageReply::read(Reader& reader) {
    KeyPackageReply out;
    CHATMCP_TRY(out.group_id, reader.array<32>());
    CHATMCP_TRY(const ByteView key_package, reader.vector(kInboxPayloadMaxBytes));
    out.key_package = to_bytes(key_package);
    return out;
}

void KeyPackageReply::write(Writer& writer) const {
    writer.fixed(group_id);
    writer.vector(key_package);
}

Result<SealedToInbox> SealedToInbox::read(Reader& reader) {
    SealedToInbox out;
    CHATMCP_TRY(out.enc, reader.array<32>());
    CHATMCP_TRY(const ByteView ciphertext, reader.vector(kInboxPayloadMaxBytes));
    out.ciphertext = to_bytes(ciphertext);
    return out;
}

void SealedToInbox::write(Writer& writer) const {
    writer.fixed(enc);
    writer.vector(ciphertext);
}

}  // namespace chatmcp::wire
