#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "mls/key_package.h"
#include "mls/update_path.h"

namespace chatmcp::mls {

/// RFC 9420 section 17.4.
enum class ProposalType : std::uint16_t {
    add = 1,
    update = 2,
    remove = 3,
    psk = 4,
    reinit = 5,
    external_init = 6,
    group_context_extensions = 7,
    // draft-ietf-mls-extensions:
    app_data_update = 8,
    app_ephemeral = 9,
    self_remove = 10,
};

/// Spec: RFC 9420 section 8.4; for type application draft-ietf-mls-extensions, section "Pre-Shared
/// Keys (PSKs)".
struct PreSharedKeyId {
    enum class Type : std::uint8_t { external = 1, resumption = 2, application = 3 };
    Type type = Type::external;
    std::uint16_t component = 0;  // application
    Bytes psk_id;                 // external, application
    ResumptionPsk resumption;     // resumption
    Bytes psk_nonce;

    /// Errors: malformed (MLS-34) a type or usage that does not exist.
    static Result<PreSharedKeyId> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    friend bool operator==(const PreSharedKeyId&, const PreSharedKeyId&) = default;
};

// Spec: RFC 9420 section 12.1.
struct Add {
    KeyPackage key_package;
};
struct Update {
    LeafNode leaf;
};
struct Remove {
    LeafIndex removed;
};
struct PreSharedKey {
    PreSharedKeyId psk;
};
struct ExternalInit {
    Bytes kem_output;
};
struct GroupContextExtensions {
    Extensions extensions;
};

// Spec: draft-ietf-mls-extensions, "Updating Application Data in the GroupContext", "Attaching
// Application Data to a Commit", "SelfRemove Proposal".

/// A component of the group's dictionary gets another value, or goes. What an update says is the
/// new value itself: every component that this build knows is replaced whole.
struct AppDataUpdate {
    std::uint16_t component_id = 0;
    std::optional<Bytes> update;  // Absent: remove.
};
/// Data that goes with a commit and leaves no state.
struct AppEphemeral {
    Component component;
};
/// The sender's own leaf, taken up also by those who join by an external commit.
struct SelfRemove {};

struct Proposal {
    std::variant<Add,
                 Update,
                 Remove,
                 PreSharedKey,
                 ReInit,
                 ExternalInit,
                 GroupContextExtensions,
                 AppDataUpdate,
                 AppEphemeral,
                 SelfRemove>
        content;

    [[nodiscard]] ProposalType type() const;
    /// Errors: unsupported (MLS-33) a type that this build does not know.
    static Result<Proposal> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// Spec: RFC 9420 section 12.4.
struct ProposalOrRef {
    std::variant<Proposal, Bytes> content;  // The proposal, or its ProposalRef.

    /// Errors: malformed (MLS-35) neither of the two.
    static Result<ProposalOrRef> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

struct Commit {
    std::vector<ProposalOrRef> proposals;
    std::optional<UpdatePath> path;

    static Result<Commit> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

}  // namespace chatmcp::mls
