#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/content.h"
#include "wire/delivery.h"
#include "wire/tls.h"

namespace chatmcp::wire {

/// Component ids of our own data in the app_data_dictionary (DESIGN 3).
enum class ComponentId : std::uint16_t {
    roles = 0x8001,
    sequencer = 0x8002,
    development = 0x8003,
    companion_of = 0x8004,
    grant = 0x8005,
    title = 0x8006,
    successor_of = 0x8007,
    handshakes = 0x8008,
    log_head = 0x8010,
    automation = 0x8011,
    evidence = 0x8012,
};

/// Wire: opaque accounts<V> of opaque account<V> (CAIP-10 text), first the creator's.
/// Errors of read: malformed (CON-10) nobody, (CON-03) text; too_large (CON-09).
struct Roles {
    static constexpr std::size_t kAccountMaxBytes = 128;
    static constexpr std::size_t kAdminsMax = 100;
    std::vector<std::string> admins;
    static Result<Roles> read(Reader& reader);
    void write(Writer& writer) const;
};
/// Wire: opaque relay_key[32].
struct Sequencer {
    Ed25519Key relay_key{};
    static Result<Sequencer> read(Reader& reader);
    void write(Writer& writer) const;
};
/// Wire: opaque root_key[32]: the development root whose simulated quotes this companion admits.
struct Development {
    Ed25519Key root_key{};
    static Result<Development> read(Reader& reader);
    void write(Writer& writer) const;
};
/// Wire: opaque conversation_id[32].
struct CompanionOf {
    GroupId conversation_id{};
    static Result<CompanionOf> read(Reader& reader);
    void write(Writer& writer) const;
};
/// Wire: opaque text<V>, UTF-8 of at most kMaxBytes.
struct Title {
    static constexpr std::size_t kMaxBytes = 256;
    std::string text;
    static Result<Title> read(Reader& reader);
    void write(Writer& writer) const;
};
/// A group whose proposals and commits are all PublicMessages, so that its relay follows it and
/// refuses what breaks it. Without this component they are PrivateMessages.
///
/// Wire: uint16 wire_format, always 1 (mls_public_message, RFC 9420 section 6).
/// Errors of read: malformed (CON-13) another one.
struct Handshakes {
    static Result<Handshakes> read(Reader& reader);
    void write(Writer& writer) const;
};
/// Wire: uint64 sequence; opaque hash[32]. Head of the leaf account's device log, as the leaf's
/// owner knows it.
struct LogHead {
    std::uint64_t sequence = 0;
    Digest hash{};
    static Result<LogHead> read(Reader& reader);
    void write(Writer& writer) const;
};
/// Wire: opaque delegation<V> (identity::Delegation by the enclave key); opaque nonce[32]; opaque
/// evidence<V> (CMW).
struct EvidenceComponent {
    static constexpr std::size_t kEvidenceMaxBytes = std::size_t{32} * 1024;
    Bytes delegation;
    ByteArray<32> nonce{};
    Bytes evidence;
    static Result<EvidenceComponent> read(Reader& reader);
    void write(Writer& writer) const;
};

/// Sealed (HPKE) to an agent's directory key and sent to its inbox: please make a key package for
/// this group. Wire: opaque group_id[32]; opaque nonce[32]; opaque reply_inbox[32]; opaque
/// reply_key[32] (one-time X25519).
struct KeyPackageRequest {
    GroupId group_id{};
    ByteArray<32> nonce{};
    InboxId reply_inbox{};
    ByteArray<32> reply_key{};
    static Result<KeyPackageRequest> read(Reader& reader);
    void write(Writer& writer) const;
};
/// Sealed (HPKE) to reply_key. Wire: opaque group_id[32]; opaque key_package<V>.
struct KeyPackageReply {
    GroupId group_id{};
    Bytes key_package;
    static Result<KeyPackageReply> read(Reader& reader);
    void write(Writer& writer) const;
};
/// How both travel in an inbox. Wire: opaque enc[32]; opaque ciphertext<V>.
struct SealedToInbox {
    ByteArray<32> enc{};
    Bytes ciphertext;
    static Result<SealedToInbox> read(Reader& reader);
    void write(Writer& writer) const;
};

}  // namespace chatmcp::wire
