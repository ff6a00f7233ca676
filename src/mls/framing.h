#pragma once

#include <optional>
#include <variant>

#include "mls/cipher_suite.h"
#include "mls/extension.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::mls {

/// Spec of this file: RFC 9420 section 6.

enum class WireFormat : std::uint16_t {
    public_message = 1,
    private_message = 2,
    welcome = 3,
    group_info = 4,
    key_package = 5,
};

enum class SenderType : std::uint8_t {
    member = 1,
    external = 2,
    new_member_proposal = 3,
    new_member_commit = 4,
};

struct Sender {
    SenderType type = SenderType::member;
    std::uint32_t index = 0;  // Leaf of a member, or position among the external senders.

    /// Errors: malformed (MLS-36) a sender type that does not exist.
    static Result<Sender> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// What a sender says. The body stays encoded: opaque application data, a Proposal or a Commit.
struct FramedContent {
    Bytes group_id;
    Epoch epoch;
    Sender sender;
    Bytes authenticated_data;
    ContentType content_type = ContentType::application;
    Bytes body;  // application: the data itself; else the encoding of Proposal or Commit.

    /// Errors: malformed (MLS-37) a content type that does not exist.
    static Result<FramedContent> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

struct FramedContentAuthData {
    Bytes signature;
    Bytes confirmation_tag;  // Of a commit only.

    static Result<FramedContentAuthData> read(wire::Reader& reader, ContentType content_type);
    void write(wire::Writer& writer, ContentType content_type) const;
};

/// A content and its signature, however it travels.
struct AuthenticatedContent {
    WireFormat wire_format = WireFormat::private_message;
    FramedContent content;
    FramedContentAuthData auth;

    static Result<AuthenticatedContent> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// FramedContentTBS of section 6.1. `context`: the encoded GroupContext of the content's epoch
/// (left out for senders that are not members yet).
[[nodiscard]] Bytes content_to_be_signed(WireFormat wire_format,
                                         const FramedContent& content,
                                         ByteView context);
void sign_content(CipherSuite suite,
                  const SignatureKey& key,
                  ByteView context,
                  AuthenticatedContent& content);
/// Errors: bad_signature (MLS-38).
[[nodiscard]] Result<void> verify_content(CipherSuite suite,
                                          ByteView signature_key,
                                          ByteView context,
                                          const AuthenticatedContent& content);

/// Section 6.2.
struct PublicMessage {
    FramedContent content;
    FramedContentAuthData auth;
    Bytes membership_tag;  // Of a member only.

    /// Errors: malformed (MLS-39) application data, which may never be sent in the clear.
    static Result<PublicMessage> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
/// Sign is done; add the membership tag.
[[nodiscard]] PublicMessage protect_public(CipherSuite suite,
                                           ByteView membership_key,
                                           ByteView context,
                                           AuthenticatedContent content);
/// Errors: bad_mac (MLS-40). The signature is not looked at.
[[nodiscard]] Result<AuthenticatedContent> unprotect_public(CipherSuite suite,
                                                            ByteView membership_key,
                                                            ByteView context,
                                                            PublicMessage message);

/// Section 6.3.
struct PrivateMessage {
    Bytes group_id;
    Epoch epoch;
    ContentType content_type = ContentType::application;
    Bytes authenticated_data;
    Bytes encrypted_sender_data;
    Bytes ciphertext;

    static Result<PrivateMessage> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

inline constexpr std::size_t kReuseGuardBytes = 4;
struct SenderData {
    LeafIndex leaf;
    std::uint32_t generation = 0;
    ByteArray<kReuseGuardBytes> reuse_guard{};
};

/// Key and nonce of one message (section 9.1), not spent yet.
struct MessageKey {
    SecretBytes key;
    SecretBytes nonce;
    std::uint32_t generation = 0;
};

/// Encrypt content that is signed. The zero padding brings the encoded application data to
/// `padded_bytes` + 4 bytes, so that every text up to that size gives the same ciphertext size.
[[nodiscard]] PrivateMessage protect_private(CipherSuite suite,
                                             const AuthenticatedContent& content,
                                             ByteView sender_data_secret,
                                             const MessageKey& key,
                                             const ByteArray<kReuseGuardBytes>& reuse_guard,
                                             std::size_t padded_bytes);
/// Errors: cannot_open (MLS-41).
[[nodiscard]] Result<SenderData> open_sender_data(CipherSuite suite,
                                                  ByteView sender_data_secret,
                                                  const PrivateMessage& message);
/// Errors: cannot_open (MLS-42); malformed (MLS-43) padding that is not all zero. The signature is
/// not looked at.
[[nodiscard]] Result<AuthenticatedContent> unprotect_private(CipherSuite suite,
                                                             const PrivateMessage& message,
                                                             const SenderData& sender_data,
                                                             const MessageKey& key);

/// `MLSMessage` around one of the five; Welcome, GroupInfo and KeyPackage are in files of their
/// own, so only the header is read here.
/// Errors: unsupported_version (MLS-10); malformed (MLS-44) a wire format that does not exist.
[[nodiscard]] Result<WireFormat> read_message_header(wire::Reader& reader);
void write_message_header(wire::Writer& writer, WireFormat wire_format);
/// A PrivateMessage that says in its clear part that it holds a proposal or a commit.
[[nodiscard]] bool is_private_handshake(ByteView message);

template <class T>
[[nodiscard]] Bytes encode_message(WireFormat wire_format, const T& message) {
    wire::Writer writer;
    write_message_header(writer, wire_format);
    message.write(writer);
    return writer.take();
}

}  // namespace chatmcp::mls
