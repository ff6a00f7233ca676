#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "wire/first_contact.h"
#include "wire/labelled_sign.h"
#include "wire/tls.h"

namespace chatmcp::wire {

// What clients and relays say to each other (DESIGN 5). A request is complete and signed when the
// client state machine hands it out; who carries it (terminal, browser worker, enclave host)
// changes nothing. On the socket these structures travel as protobuf (proto/chatmcp/v1); what is
// *signed* is the TLS presentation language of write_signed() below.

using TopicId = ByteArray<32>;
using InboxId = ByteArray<32>;
using Ed25519Key = ByteArray<crypto::kEd25519PublicBytes>;
using Ed25519Signature = ByteArray<crypto::kEd25519SignatureBytes>;

inline constexpr std::size_t kGroupIdBytes = 32;
inline constexpr std::size_t kEnvelopeMaxBytes =
    std::size_t{512} * 1024;  // One application message.
inline constexpr std::size_t kCommitMaxBytes = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t kWelcomeMaxBytes = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t kWelcomesMax = 1000;  // In one bundle.
inline constexpr std::size_t kBundleMaxBytes = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kInboxPayloadMaxBytes =
    std::size_t{64} * 1024;  // kp_request, kp_reply, readd.
inline constexpr std::size_t kGroupInfoMaxBytes =
    std::size_t{64} * 1024;  // Of a group that has its creator alone.
inline constexpr std::size_t kKeyPackageMaxBytes = std::size_t{32} * 1024;
inline constexpr std::size_t kKeyPackagesPerUploadMax = 100;
inline constexpr std::size_t kChallengeMaxBytes = 64;
inline constexpr std::size_t kTokenMaxBytes = 128;
inline constexpr std::uint32_t kReadLimitMax = 1000;
inline constexpr std::int64_t kChallengeLifetimeMs = 5 * kMinuteMs;
/// As `after` of a read: from the oldest envelope of the epoch that is still kept. What a client
/// asks for after history_expired, having shown the gap.
inline constexpr std::uint64_t kReadFromOldest = ~std::uint64_t{0};

/// SHA-256("chatmcp topic" || group id).
[[nodiscard]] TopicId topic_of(ByteView group_id);

enum class AdmissionOperation : std::uint8_t {
    create = 1,
    bundle = 2,
    publish = 3,
    read = 4,
    subscribe = 5
};

/// What an epoch's admission key signs.
///
/// Wire:  opaque relay_key[32]; opaque topic[32]; uint64 epoch; uint8 operation; opaque binding<V>.
///        binding = SHA-256 of the body (see each request), or
///        for read and subscribe: uint64 after; opaque challenge<V>.
struct AdmissionContent {
    static constexpr auto kLabel = SignatureLabel::admission;
    Ed25519Key relay_key{};
    TopicId topic{};
    std::uint64_t epoch = 0;
    AdmissionOperation operation = AdmissionOperation::create;
    Bytes binding;
    void write_signed(Writer& writer) const;
};

/// What the relay signs when a commit takes its slot: portable proof of order and time.
///
/// Wire:  opaque relay_key[32]; opaque topic[32]; uint64 epoch (that the commit ends); opaque
/// commit_hash[32] (SHA-256 of the MLSMessage);
///        opaque next_admission_key[32]; uint64 sequence; uint64 accepted_at_ms; opaque
///        signature[64].
struct Acceptance {
    static constexpr auto kLabel = SignatureLabel::acceptance;
    Ed25519Key relay_key{};
    TopicId topic{};
    std::uint64_t epoch = 0;
    crypto::Sha256Digest commit_hash{};
    Ed25519Key next_admission_key{};
    std::uint64_t sequence = 0;
    UnixMs accepted_at;
    Ed25519Signature signature{};

    static Result<Acceptance> read(Reader& reader);
    void write(Writer& writer) const;
    void write_signed(Writer& writer) const;
};

enum class EnvelopeKind : std::uint8_t { message = 1, bundle = 2 };

/// One stored thing of a group topic. Sequences of a topic rise by one from 1, messages and commits
/// together.
///
/// Wire:  uint64 sequence; uint64 epoch; uint8 kind; uint64 accepted_at_ms; opaque payload<V>;
///        optional<Acceptance> acceptance.
/// Errors of read: malformed (DEL-01) a time above 2^63 - 1, (DEL-02) kind, (DEL-03) an acceptance
///        without a bundle or the reverse.
struct Envelope {
    std::uint64_t sequence = 0;
    std::uint64_t epoch = 0;
    EnvelopeKind kind = EnvelopeKind::message;
    UnixMs accepted_at;                    // The relay's clock.
    Bytes payload;                         // MLSMessage.
    std::optional<Acceptance> acceptance;  // Present if and only if kind is bundle.

    static Result<Envelope> read(Reader& reader);
    void write(Writer& writer) const;
};

// ---- Group topics: no login, the epoch's admission key signs. ----

/// The only insert-if-absent. Repeated byte for byte it gets its first answer again.
struct CreateTopic {
    Ed25519Key relay_key{};
    TopicId topic{};
    Ed25519Key admission_key{};  // Of epoch 0.
    Bytes group_info;  // MLSMessage of epoch 0, with its tree; empty unless handshakes are public.
    Ed25519Signature signature{};
    /// Body: opaque admission_key[32]; and unless it is empty opaque group_info<V>.
    [[nodiscard]] AdmissionContent admission() const;
    struct Reply {
        UnixMs accepted_at;
    };
};

struct WelcomeDelivery {
    InboxId inbox{};
    Bytes welcome;                            // MLSMessage
    std::optional<Pass> pass = std::nullopt;  // For an inbox that does not take everybody's.
};

/// A commit that wants its epoch's slot, signed with the current epoch's key. Errors: stale_epoch
/// (the slot is taken).
struct PublishBundle {
    Ed25519Key relay_key{};
    TopicId topic{};
    std::uint64_t epoch = 0;  // That the commit ends.
    Bytes commit;
    Ed25519Key next_admission_key{};
    std::vector<WelcomeDelivery> welcomes;  // Released to their inboxes only with this commit.
    Ed25519Signature signature{};
    /// Body: opaque commit<V>; opaque next_admission_key[32]; { opaque inbox[32]; opaque welcome<V>
    /// } welcomes<V>; where any has a pass, also { optional<Pass> } passes<V>, one for each.
    [[nodiscard]] AdmissionContent admission() const;
    struct Reply {
        Acceptance acceptance;
    };
};

/// An application message (or a proposal) of the current epoch. Errors: stale_epoch.
struct PublishMessage {
    Ed25519Key relay_key{};
    TopicId topic{};
    std::uint64_t epoch = 0;
    Bytes payload;
    Ed25519Signature signature{};
    /// Body: the payload.
    [[nodiscard]] AdmissionContent admission() const;
    struct Reply {
        std::uint64_t sequence = 0;
        UnixMs accepted_at;
    };
};

/// Envelopes of one epoch, and the bundle that ends it, nothing later. Errors: history_expired;
/// permission_denied.
struct ReadTopic {
    Ed25519Key relay_key{};
    TopicId topic{};
    std::uint64_t epoch = 0;
    std::uint64_t after = 0;  // Sequence.
    std::uint32_t limit = kReadLimitMax;
    Bytes challenge;
    Ed25519Signature signature{};
    [[nodiscard]] AdmissionContent admission() const;
    struct Reply {
        std::vector<Envelope> envelopes;
        bool more = false;         // The limit cut the answer.
        bool epoch_ended = false;  // The last envelope is the bundle that ends the epoch.
    };
};

/// The same as a stream: what is there, then what comes, until the bundle that ends the epoch (then
/// the stream ends).
struct SubscribeTopic {
    Ed25519Key relay_key{};
    TopicId topic{};
    std::uint64_t epoch = 0;
    std::uint64_t after = 0;
    Bytes challenge;
    Ed25519Signature signature{};
    [[nodiscard]] AdmissionContent admission() const;
};

// ---- A device (or enclave): login with its root key opens its own inbox, key packages and log,
// nothing else. ----

struct GetRelayInfo {
    struct Reply {
        Ed25519Key relay_key{};
        UnixMs now;
        std::string version;
    };
};

struct GetChallenge {
    struct Reply {
        Bytes challenge;  // Valid for kChallengeLifetimeMs by the relay's clock.
    };
};

/// Wire (signed): opaque relay_key[32]; opaque challenge<V>; opaque channel<V>.
struct Login {
    static constexpr auto kLabel = SignatureLabel::login;
    Ed25519Key relay_key{};
    Ed25519Key root_key{};
    Bytes challenge;
    Bytes channel;  // TLS exporter ("EXPORTER-chatmcp login", 32 bytes) or, on plain loopback, the
                    // origin text "http://host:port".
    Ed25519Signature signature{};
    void write_signed(Writer& writer) const;
    struct Reply {
        Bytes token;
        UnixMs expires_at;
    };
};

struct UploadKeyPackages {
    Bytes token;
    std::vector<Bytes> key_packages;
    std::optional<Bytes> last_resort;  // Replaces the one before.
    struct Reply {
        std::uint32_t available = 0;    // Left in the directory, the last-resort one not counted.
        bool last_resort_used = false;  // Since it was uploaded.
    };
};

/// One package of each device, each handed out once. From anybody, rate-limited per target and
/// source.
struct ClaimKeyPackages {
    static constexpr std::size_t kRootKeysMax = 200;
    std::vector<Ed25519Key> root_keys;
    struct Reply {
        std::vector<std::optional<Bytes>>
            key_packages;  // Same order; absent: none left or unknown.
    };
};

struct GetDeviceLog {
    std::string account;  // CAIP-10
    struct Reply {
        std::vector<Bytes> entries;  // identity::DeviceLogEntry, from sequence 0.
    };
};

/// The relay checks the entry whole (identity::verify_device_log over the log with it); the first
/// one needs no login.
struct AppendDeviceLog {
    Bytes entry;
    struct Reply {
        std::uint64_t sequence = 0;
    };
};

enum class InboxKind : std::uint8_t { welcome = 1, kp_request = 2, kp_reply = 3, readd = 4 };

/// A device that can no longer follow a group asks its members to take it out and in again
/// (DESIGN 5, Repair). Signed by the device's root key. It names the topic and not the group, so
/// that the relay reads nothing that it does not know.
///
/// Wire: opaque topic[32]; uint64 epoch (the last one of the device); opaque authenticator_hash[32]
///       (hash_of_authenticator); uint64 made_at_ms; opaque key_package<V>; opaque signature[64].
/// Errors of read: malformed (DEL-01) a time above 2^63 - 1.
struct ReaddRequest {
    static constexpr auto kLabel = SignatureLabel::readd;
    TopicId topic{};
    std::uint64_t epoch = 0;
    crypto::Sha256Digest authenticator_hash{};
    UnixMs made_at;
    Bytes key_package;  // MLSMessage, for this group alone.
    Ed25519Signature signature{};

    static Result<ReaddRequest> read(Reader& reader);
    void write(Writer& writer) const;
    void write_signed(Writer& writer) const;

    /// SHA-256("chatmcp readd" || epoch_authenticator): tells two epochs of one number apart, and
    /// gives nobody the authenticator.
    [[nodiscard]] static crypto::Sha256Digest hash_of_authenticator(ByteView epoch_authenticator);
};

/// From anybody, rate-limited per inbox and source, kept 24 h. `welcome` is refused here: it is
/// released by its bundle.
struct SendInbox {
    InboxId inbox{};
    InboxKind kind = InboxKind::kp_request;
    Bytes payload;
    struct Reply {};
};

/// From the owner of an inbox: what strangers have to bring from now on.
struct SetInboxPolicy {
    Bytes token;
    std::optional<InboxPolicy> policy;  // Absent: every welcome is taken from now on.
    struct Reply {};
};

/// From anybody who is about to write to this inbox.
struct GetStampTerms {
    InboxId inbox{};
    struct Reply {
        std::optional<StampTerms> terms;  // Absent: every welcome is taken.
    };
};

struct InboxItem {
    std::uint64_t sequence = 0;
    InboxKind kind = InboxKind::welcome;
    UnixMs received_at;
    Bytes payload;
    std::optional<Acceptance>
        acceptance;  // Of the commit that released it; present if and only if kind is welcome.
    std::optional<Pass> pass = std::nullopt;  // That the welcome came with.
};

struct ReadInbox {
    Bytes token;
    std::uint64_t after = 0;
    std::uint32_t limit = kReadLimitMax;
    struct Reply {
        std::vector<InboxItem> items;
        bool more = false;
    };
};
struct SubscribeInbox {
    Bytes token;
    std::uint64_t after = 0;
};
/// Items up to and with `sequence` are done and may be deleted.
struct AckInbox {
    Bytes token;
    std::uint64_t sequence = 0;
    struct Reply {};
};

// ---- Assistants: a hint; only the evidence counts. ----

/// An enclave's directory entry, signed by its enclave key.
///
/// Wire:  opaque credential<V> (identity::AgentCredential); opaque hpke_key[32]; opaque name<V>
/// (UTF-8, <= 64); opaque model<V> (<= 128);
///        opaque scopes<V> (one byte each, rising, at least one); uint64 issued_at_ms; opaque
///        signature[64].
/// Errors of read: malformed (DEL-04) name or model not UTF-8, (DEL-05) no scope; not_canonical
///        (DEL-06) scopes out of order or twice.
struct AgentEntry {
    static constexpr auto kLabel = SignatureLabel::agent_entry;
    static constexpr std::size_t kCredentialMaxBytes = 4096;
    static constexpr std::size_t kNameMaxBytes = 64;
    static constexpr std::size_t kModelMaxBytes = 128;
    static constexpr std::size_t kScopesMax = 16;
    Bytes credential;
    ByteArray<32> hpke_key{};  // X25519: kp_request is sealed to it.
    std::string name;
    std::string model;
    Bytes scopes;
    UnixMs issued_at;
    Ed25519Signature signature{};

    static Result<AgentEntry> read(Reader& reader);
    void write(Writer& writer) const;
    void write_signed(Writer& writer) const;
};

/// Needs the login of the enclave key that the credential names.
struct PutAgentEntry {
    Bytes token;
    Bytes entry;
    struct Reply {};
};
struct ListAgents {
    struct Reply {
        std::vector<Bytes> entries;
    };
};

}  // namespace chatmcp::wire
