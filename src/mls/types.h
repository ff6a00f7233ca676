#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::wire {
class Reader;
class Writer;
}  // namespace chatmcp::wire

namespace chatmcp::mls {

/// RFC 9420 section 17.1. What this build does with a suite: cipher_suite.h.
enum class CipherSuite : std::uint16_t {
    x25519_aes128gcm_sha256_ed25519 = 1,
    p256_aes128gcm_sha256_p256 = 2,
    x25519_chacha20poly1305_sha256_ed25519 = 3,
    p521_aes256gcm_sha512_p521 = 5,
    p384_aes256gcm_sha384_p384 = 7,
    /// Experimental, of our own private-use number, and off unless Environment::experimental_suites
    /// says otherwise: what draft-ietf-mls-pq-ciphersuites calls
    /// MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519, which has no number yet. Who records
    /// messages now and has a quantum computer later cannot read them; signatures are not
    /// post-quantum.
    mlkem768x25519_aes256gcm_sha384_ed25519 = 0xF47A,
};

/// Position of a member in the tree's leaves (not a node index).
struct LeafIndex {
    std::uint32_t value = 0;
    friend auto operator<=>(const LeafIndex&, const LeafIndex&) = default;
};

struct Epoch {
    std::uint64_t value = 0;
    friend auto operator<=>(const Epoch&, const Epoch&) = default;
};

/// Named limits; all are checked before memory is taken.
struct Limits {
    std::uint32_t members_max = 10'000;
    std::uint32_t message_bytes_max =
        std::uint32_t{8} * 1024 * 1024;  // A Welcome with its tree is the largest.
    std::uint32_t generations_ahead_max =
        1000;                               // Skipped keys of one sender that one message may cost.
    std::uint32_t skipped_keys_max = 1000;  // Kept per sender for messages out of order.
    std::uint32_t past_epochs_max = 3;      // Message keys of that many epochs are kept.
    std::uint32_t open_proposals_max = 512;
};

/// One entry of the app_data_dictionary (draft-ietf-mls-extensions, extension type 6).
struct Component {
    std::uint16_t id = 0;
    Bytes data;
    friend bool operator==(const Component&, const Component&) = default;
};

/// RFC 9420 section 5.3: `type` and the credential's own bytes (for basic: the identity; for ours:
/// identity/credential.h).
struct Credential {
    std::uint16_t type = 0;
    Bytes data;
    friend bool operator==(const Credential&, const Credential&) = default;

    static Result<Credential> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// One of several credentials of a leaf: whose holder says, by its own key, that the leaf's
/// signature key is its own (multi_credential.h).
///
/// Wire: struct { CipherSuite cipher_suite; Credential credential; SignaturePublicKey
///       credential_key; opaque signature<V>; } CredentialBinding.
struct CredentialBinding {
    CipherSuite suite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;  // Of the signature.
    Credential credential;
    Bytes credential_key;
    Bytes signature;

    /// Errors: unsupported (MLS-02) a suite that this build does not have; malformed (EXT-17) a
    ///         multi-credential inside; WIRE-01 to WIRE-03.
    static Result<CredentialBinding> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// One extension; unknown types (GREASE among them) are kept byte for byte.
/// Spec: RFC 9420 section 13.
struct Extension {
    std::uint16_t type = 0;
    Bytes data;
    friend bool operator==(const Extension&, const Extension&) = default;

    static Result<Extension> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
using Extensions = std::vector<Extension>;

/// What a group is continued as. Spec: RFC 9420 section 12.1.5.
struct ReInit {
    Bytes group_id = {};
    std::uint16_t version = 1;
    std::uint16_t cipher_suite = 0;
    Extensions extensions = {};
    friend bool operator==(const ReInit&, const ReInit&) = default;

    static Result<ReInit> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// What a resumption PSK is for. Spec: RFC 9420 section 8.4.
enum class ResumptionUsage : std::uint8_t { application = 1, reinit = 2, branch = 3 };

/// The resumption PSK of an epoch of a group that we are or were in.
struct ResumptionPsk {
    ResumptionUsage usage = ResumptionUsage::application;
    Bytes group_id;
    Epoch epoch;
    friend bool operator==(const ResumptionPsk&, const ResumptionPsk&) = default;
};

/// A PSK that a component of the application agreed on (draft-ietf-mls-extensions, psktype 3).
struct ComponentPsk {
    std::uint16_t component = 0;
    Bytes psk_id;
};

/// RFC 9420 section 7.2.
struct Lifetime {
    std::uint64_t not_before_s = 0;  // Seconds since 1970.
    std::uint64_t not_after_s = 0;
};

enum class LeafSource : std::uint8_t { key_package = 1, update = 2, commit = 3 };

/// RFC 9420 section 6.
enum class ContentType : std::uint8_t { application = 1, proposal = 2, commit = 3 };

/// What rules and trust see of a leaf: everything that its signature covers and a decision may rest
/// on.
struct LeafView {
    LeafIndex index;  // Of the member; for a leaf that is not in the tree yet: where it will stand.
    Credential credential;
    Bytes signature_key;
    LeafSource source = LeafSource::key_package;
    std::optional<Lifetime> lifetime;   // Present if and only if source is key_package.
    std::vector<Component> components;  // The leaf's app_data_dictionary.
    /// Of a multi-credential: every one of them was verified over signature_key.
    std::vector<CredentialBinding> bindings = {};
};

/// When and how something came: the time in the sequencer's acceptance, never the local clock.
struct Arrival {
    UnixMs accepted_at;
    bool found = false;  // The leaf stood in a tree that we join: when it entered is not known.
};

}  // namespace chatmcp::mls
