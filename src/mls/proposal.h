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
};

/// Spec: RFC 9420 section 8.4.
struct PreSharedKeyId {
    enum class Type : std::uint8_t { external = 1, resumption = 2 };
    Type type = Type::external;
    Bytes psk_id;              // external
    ResumptionPsk resumption;  // resumption
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

struct Proposal {
    std::variant<Add, Update, Remove, PreSharedKey, ReInit, ExternalInit, GroupContextExtensions>
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
