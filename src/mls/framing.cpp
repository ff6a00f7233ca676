#include "mls/framing.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/aead.h"
#include "mls/proposal.h"

namespace chatmcp::mls {
namespace {

constexpr std::string_view kFramedContentLabel = "FramedContentTBS";
constexpr std::size_t kSenderDataBytes = 12;
/// Room for the longest length prefix of the application data, so that padding hides which one it
/// is.
constexpr std::size_t kLengthPrefixMaxBytes = 4;

Result<Bytes> read_bytes(wire::Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, reader.vector(max_bytes));
    return to_bytes(view);
}

Result<ContentType> read_content_type(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint8_t type, reader.u8());
    if (type < static_cast<std::uint8_t>(ContentType::application) ||
        type > static_cast<std::uint8_t>(ContentType::commit)) {
        return fail(Errc::malformed, "MLS-37");
    }
    return static_cast<ContentType>(type);
}

/// The bytes of the body, parsed once to find its end and to refuse what does not parse.
Result<Bytes> read_body(wire::Reader& reader, ContentType type) {
    if (type == ContentType::application) {
        return read_bytes(reader, wire::kVectorMaxBytes);
    }
    const std::size_t start = reader.position();
    if (type == ContentType::proposal) {
        CHATMCP_TRY_VOID(Proposal::read(reader));
    } else {
        CHATMCP_TRY_VOID(Commit::read(reader));
    }
    return to_bytes(reader.since(start));
}

void write_body(wire::Writer& writer, ContentType type, ByteView body) {
    if (type == ContentType::application) {
        writer.vector(body);
    } else {
        writer.fixed(body);
    }
}

/// AuthenticatedContentTBM: what is signed, then signature and confirmation tag.
Bytes to_be_macced(const AuthenticatedContent& content, ByteView context) {
    wire::Writer writer;
    writer.fixed(content_to_be_signed(content.wire_format, content.content, context));
    content.auth.write(writer, content.content.content_type);
    return writer.take();
}

struct KeyAndNonce {
    SecretBytes key;
    SecretBytes nonce;
};

/// Section 6.3.2: the sample of the ciphertext makes key and nonce of the sender data unique.
KeyAndNonce sender_data_key(CipherSuite suite, ByteView sender_data_secret, ByteView ciphertext) {
    const ByteView sample = ciphertext.first(std::min(ciphertext.size(), hash_bytes(suite)));
    return KeyAndNonce{
        expand_with_label(suite, sender_data_secret, "key", sample, aead_key_bytes(suite)),
        expand_with_label(suite, sender_data_secret, "nonce", sample, kNonceBytes)};
}

Bytes sender_data_aad(ByteView group_id, Epoch epoch, ContentType type) {
    wire::Writer writer;
    writer.vector(group_id);
    writer.u64(epoch.value);
    writer.u8(static_cast<std::uint8_t>(type));
    return writer.take();
}

Bytes private_content_aad(const PrivateMessage& message) {
    wire::Writer writer;
    writer.reserve(message.group_id.size() + message.authenticated_data.size() + 24);
    writer.vector(message.group_id);
    writer.u64(message.epoch.value);
    writer.u8(static_cast<std::uint8_t>(message.content_type));
    writer.vector(message.authenticated_data);
    return writer.take();
}

ByteArray<kNonceBytes> guarded_nonce(const MessageKey& key,
                                     const ByteArray<kReuseGuardBytes>& reuse_guard) {
    auto nonce = to_array<kNonceBytes>(key.nonce.view());
    for (std::size_t i = 0; i < kReuseGuardBytes; ++i) {
        nonce[i] ^= reuse_guard[i];
    }
    return nonce;
}

}  // namespace

Result<Sender> Sender::read(wire::Reader& reader) {
    Sender sender;
    CHATMCP_TRY(const std::uint8_t type, reader.u8());
    sender.type = static_cast<SenderType>(type);
    switch (sender.type) {
        case SenderType::member:
        case SenderType::external: {
            CHATMCP_TRY(sender.index, reader.u32());
            return sender;
        }
        case SenderType::new_member_proposal:
        case SenderType::new_member_commit:
            return sender;
    }
    return fail(Errc::malformed, "MLS-36");
}

void Sender::write(wire::Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(type));
    if (type == SenderType::member || type == SenderType::external) {
        writer.u32(index);
    }
}

Result<FramedContent> FramedContent::read(wire::Reader& reader) {
    FramedContent content;
    CHATMCP_TRY(content.group_id, read_bytes(reader, kGroupIdMaxBytes));
    CHATMCP_TRY(content.epoch.value, reader.u64());
    CHATMCP_TRY(content.sender, Sender::read(reader));
    CHATMCP_TRY(content.authenticated_data, read_bytes(reader, wire::kVectorMaxBytes));
    CHATMCP_TRY(content.content_type, read_content_type(reader));
    CHATMCP_TRY(content.body, read_body(reader, content.content_type));
    return content;
}

void FramedContent::write(wire::Writer& writer) const {
    writer.vector(group_id);
    writer.u64(epoch.value);
    sender.write(writer);
    writer.vector(authenticated_data);
    writer.u8(static_cast<std::uint8_t>(content_type));
    write_body(writer, content_type, body);
}

Result<FramedContentAuthData> FramedContentAuthData::read(wire::Reader& reader,
                                                          ContentType content_type) {
    FramedContentAuthData auth;
    CHATMCP_TRY(auth.signature, read_bytes(reader, kSignatureMaxBytes));
    if (content_type == ContentType::commit) {
        CHATMCP_TRY(auth.confirmation_tag, read_bytes(reader, kHashMaxBytes));
    }
    return auth;
}

void FramedContentAuthData::write(wire::Writer& writer, ContentType content_type) const {
    writer.vector(signature);
    if (content_type == ContentType::commit) {
        writer.vector(confirmation_tag);
    }
}

Result<AuthenticatedContent> AuthenticatedContent::read(wire::Reader& reader) {
    AuthenticatedContent content;
    CHATMCP_TRY(const std::uint16_t format, reader.u16());
    if (format != static_cast<std::uint16_t>(WireFormat::public_message) &&
        format != static_cast<std::uint16_t>(WireFormat::private_message)) {
        return fail(Errc::malformed, "MLS-44");
    }
    content.wire_format = static_cast<WireFormat>(format);
    CHATMCP_TRY(content.content, FramedContent::read(reader));
    CHATMCP_TRY(content.auth, FramedContentAuthData::read(reader, content.content.content_type));
    return content;
}

void AuthenticatedContent::write(wire::Writer& writer) const {
    writer.u16(static_cast<std::uint16_t>(wire_format));
    content.write(writer);
    auth.write(writer, content.content_type);
}

Bytes content_to_be_signed(WireFormat wire_format, const FramedContent& content, ByteView context) {
    wire::Writer writer;
    writer.reserve(content.body.size() + content.authenticated_data.size() + context.size() + 128);
    writer.u16(kProtocolVersionMls10);
    writer.u16(static_cast<std::uint16_t>(wire_format));
    content.write(writer);
    if (content.sender.type == SenderType::member ||
        content.sender.type == SenderType::new_member_commit) {
        writer.fixed(context);
    }
    return writer.take();
}

void sign_content(CipherSuite suite,
                  const SignatureKey& key,
                  ByteView context,
                  AuthenticatedContent& content) {
    content.auth.signature =
        sign_with_label(suite,
                        key,
                        kFramedContentLabel,
                        content_to_be_signed(content.wire_format, content.content, context));
}

Result<void> verify_content(CipherSuite suite,
                            ByteView signature_key,
                            ByteView context,
                            const AuthenticatedContent& content) {
    return verify_with_label(suite,
                             signature_key,
                             kFramedContentLabel,
                             content_to_be_signed(content.wire_format, content.content, context),
                             content.auth.signature,
                             "MLS-38");
}

Result<PublicMessage> PublicMessage::read(wire::Reader& reader) {
    PublicMessage message;
    CHATMCP_TRY(message.content, FramedContent::read(reader));
    if (message.content.content_type == ContentType::application) {
        return fail(Errc::malformed, "MLS-39");
    }
    CHATMCP_TRY(message.auth, FramedContentAuthData::read(reader, message.content.content_type));
    if (message.content.sender.type == SenderType::member) {
        CHATMCP_TRY(message.membership_tag, read_bytes(reader, kHashMaxBytes));
    }
    return message;
}

void PublicMessage::write(wire::Writer& writer) const {
    content.write(writer);
    auth.write(writer, content.content_type);
    if (content.sender.type == SenderType::member) {
        writer.vector(membership_tag);
    }
}

PublicMessage protect_public(CipherSuite suite,
                             ByteView membership_key,
                             ByteView context,
                             AuthenticatedContent content) {
    PublicMessage message;
    if (content.content.sender.type == SenderType::member) {
        message.membership_tag =
            mac(suite, membership_key, to_be_macced(content, context)).to_bytes();
    }
    message.content = std::move(content.content);
    message.auth = std::move(content.auth);
    return message;
}

Result<AuthenticatedContent> unprotect_public(CipherSuite suite,
                                              ByteView membership_key,
                                              ByteView context,
                                              PublicMessage message) {
    AuthenticatedContent content{
        WireFormat::public_message, std::move(message.content), std::move(message.auth)};
    if (content.content.sender.type == SenderType::member) {
        const Hash expected = mac(suite, membership_key, to_be_macced(content, context));
        // Sizes first, then in constant time: an empty tag must never equal anything.
        if (!equal_constant_time(expected.view(), message.membership_tag)) {
            return fail(Errc::bad_mac, "MLS-40");
        }
    }
    return content;
}

Result<PrivateMessage> PrivateMessage::read(wire::Reader& reader) {
    PrivateMessage message;
    CHATMCP_TRY(message.group_id, read_bytes(reader, kGroupIdMaxBytes));
    CHATMCP_TRY(message.epoch.value, reader.u64());
    CHATMCP_TRY(message.content_type, read_content_type(reader));
    CHATMCP_TRY(message.authenticated_data, read_bytes(reader, wire::kVectorMaxBytes));
    CHATMCP_TRY(message.encrypted_sender_data, read_bytes(reader, kHashMaxBytes));
    CHATMCP_TRY(message.ciphertext, read_bytes(reader, wire::kVectorMaxBytes));
    return message;
}

void PrivateMessage::write(wire::Writer& writer) const {
    writer.reserve(group_id.size() + authenticated_data.size() + encrypted_sender_data.size() +
                   ciphertext.size() + 32);
    writer.vector(group_id);
    writer.u64(epoch.value);
    writer.u8(static_cast<std::uint8_t>(content_type));
    writer.vector(authenticated_data);
    writer.vector(encrypted_sender_data);
    writer.vector(ciphertext);
}

PrivateMessage protect_private(CipherSuite suite,
                               const AuthenticatedContent& content,
                               ByteView sender_data_secret,
                               const MessageKey& key,
                               const ByteArray<kReuseGuardBytes>& reuse_guard,
                               std::size_t padded_bytes) {
    const FramedContent& framed = content.content;
    PrivateMessage message;
    message.group_id = framed.group_id;
    message.epoch = framed.epoch;
    message.content_type = framed.content_type;
    message.authenticated_data = framed.authenticated_data;

    wire::Writer plaintext;
    plaintext.reserve(std::max(framed.body.size(), padded_bytes) + kSignatureMaxBytes / 32);
    write_body(plaintext, framed.content_type, framed.body);
    const std::size_t body_bytes = plaintext.view().size();
    content.auth.write(plaintext, framed.content_type);
    if (padded_bytes > 0 && body_bytes < padded_bytes + kLengthPrefixMaxBytes) {
        plaintext.fixed(Bytes(padded_bytes + kLengthPrefixMaxBytes - body_bytes));
    }
    Bytes secret = plaintext.take();
    message.ciphertext = crypto::aead_seal(aead_of(suite),
                                           key.key.view(),
                                           guarded_nonce(key, reuse_guard),
                                           private_content_aad(message),
                                           secret);
    wipe(secret);

    wire::Writer sender_data;
    sender_data.u32(framed.sender.index);
    sender_data.u32(key.generation);
    sender_data.fixed(reuse_guard);
    const KeyAndNonce outer = sender_data_key(suite, sender_data_secret, message.ciphertext);
    message.encrypted_sender_data =
        crypto::aead_seal(aead_of(suite),
                          outer.key.view(),
                          outer.nonce.view(),
                          sender_data_aad(framed.group_id, framed.epoch, framed.content_type),
                          sender_data.view());
    return message;
}

Result<SenderData> open_sender_data(CipherSuite suite,
                                    ByteView sender_data_secret,
                                    const PrivateMessage& message) {
    const KeyAndNonce outer = sender_data_key(suite, sender_data_secret, message.ciphertext);
    const auto opened =
        crypto::aead_open(aead_of(suite),
                          outer.key.view(),
                          outer.nonce.view(),
                          sender_data_aad(message.group_id, message.epoch, message.content_type),
                          message.encrypted_sender_data);
    if (!opened.has_value() || opened->size() != kSenderDataBytes) {
        return fail(Errc::cannot_open, "MLS-41");
    }
    wire::Reader reader(*opened);
    SenderData data;
    CHATMCP_TRY(data.leaf.value, reader.u32());
    CHATMCP_TRY(data.generation, reader.u32());
    CHATMCP_TRY(data.reuse_guard, reader.array<kReuseGuardBytes>());
    return data;
}

Result<AuthenticatedContent> unprotect_private(CipherSuite suite,
                                               const PrivateMessage& message,
                                               const SenderData& sender_data,
                                               const MessageKey& key) {
    const auto opened = crypto::aead_open(aead_of(suite),
                                          key.key.view(),
                                          guarded_nonce(key, sender_data.reuse_guard),
                                          private_content_aad(message),
                                          message.ciphertext);
    if (!opened.has_value()) {
        return fail(Errc::cannot_open, "MLS-42");
    }
    AuthenticatedContent content;
    content.wire_format = WireFormat::private_message;
    content.content.group_id = message.group_id;
    content.content.epoch = message.epoch;
    content.content.sender = Sender{SenderType::member, sender_data.leaf.value};
    content.content.authenticated_data = message.authenticated_data;
    content.content.content_type = message.content_type;
    wire::Reader reader(*opened);
    CHATMCP_TRY(content.content.body, read_body(reader, message.content_type));
    CHATMCP_TRY(content.auth, FramedContentAuthData::read(reader, message.content_type));
    // Anything but zeros would be a hidden channel, and a second encoding of the same message.
    CHATMCP_TRY(const ByteView padding, reader.fixed(reader.remaining()));
    if (std::ranges::any_of(padding, [](std::uint8_t byte) { return byte != 0; })) {
        return fail(Errc::malformed, "MLS-43");
    }
    return content;
}

Result<WireFormat> read_message_header(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint16_t version, reader.u16());
    if (version != kProtocolVersionMls10) {
        return fail(Errc::unsupported_version, "MLS-10");
    }
    CHATMCP_TRY(const std::uint16_t format, reader.u16());
    if (format < static_cast<std::uint16_t>(WireFormat::public_message) ||
        format > static_cast<std::uint16_t>(WireFormat::key_package)) {
        return fail(Errc::malformed, "MLS-44");
    }
    return static_cast<WireFormat>(format);
}

void write_message_header(wire::Writer& writer, WireFormat wire_format) {
    writer.u16(kProtocolVersionMls10);
    writer.u16(static_cast<std::uint16_t>(wire_format));
}

bool is_private_handshake(ByteView message) {
    wire::Reader reader(message);
    const auto format = read_message_header(reader);
    if (!format.has_value() || *format != WireFormat::private_message) {
        return false;
    }
    const auto group_id = reader.vector(kGroupIdMaxBytes);
    const auto epoch = reader.u64();
    const auto content_type = reader.u8();
    return group_id.has_value() && epoch.has_value() && content_type.has_value() &&
           *content_type != static_cast<std::uint8_t>(ContentType::application);
}

}  // namespace chatmcp::mls
