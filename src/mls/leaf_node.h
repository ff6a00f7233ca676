#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sign.h"
#include "mls/cipher_suite.h"
#include "mls/extension.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::mls {

inline constexpr std::uint16_t kProtocolVersionMls10 = 1;

/// Spec: RFC 9420 section 7.2.
struct Capabilities {
    std::vector<std::uint16_t> versions;
    std::vector<std::uint16_t> cipher_suites;
    std::vector<std::uint16_t> extensions;
    std::vector<std::uint16_t> proposals;
    std::vector<std::uint16_t> credentials;

    static Result<Capabilities> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// Most leaves fit into it: room to take before one is written.
inline constexpr std::size_t kUsualLeafBytes = 512;

/// A member's leaf: its keys, who it says it is, and what it can do.
///
/// Trust: read() checks the encoding alone; verify_signature and check_form the rest.
/// Spec:  RFC 9420 section 7.2.
struct LeafNode {
    Bytes encryption_key;
    Bytes signature_key;
    Credential credential;
    Capabilities capabilities;
    LeafSource source = LeafSource::key_package;
    std::optional<Lifetime> lifetime;  // Present if and only if source is key_package.
    Bytes parent_hash;                 // Only if source is commit.
    Extensions extensions;
    Bytes signature;

    /// Errors: malformed (MLS-05) a leaf_node_source that does not exist.
    static Result<LeafNode> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;

    /// Everything but the signature.
    void write_unsigned(wire::Writer& writer) const;
};

/// Where a leaf of source `update` or `commit` stands: part of what its signature covers.
struct LeafPlace {
    ByteView group_id;
    LeafIndex index;
};

/// Sign over LeafNodeTBS; `place` is ignored for a leaf of source key_package.
void sign_leaf(CipherSuite suite, const SignatureKey& key, const LeafPlace& place, LeafNode& leaf);
/// Errors: bad_signature (MLS-06).
[[nodiscard]] Result<void> verify_leaf_signature(CipherSuite suite,
                                                 const LeafNode& leaf,
                                                 const LeafPlace& place);

/// What a leaf must fulfil by itself, in any group: it supports MLS 1.0 and this suite, its own
/// credential type and the extensions that it carries, and those of known type parse whole.
/// Errors: invalid_argument (MLS-07) capabilities; malformed (MLS-04, WIRE-..) known extensions;
///         check_credential's.
/// Spec:   RFC 9420 section 7.3.
[[nodiscard]] Result<void> check_leaf_form(CipherSuite suite, const LeafNode& leaf);
/// Errors: invalid_argument (MLS-08) the leaf does not list a required extension, proposal or
///         credential type.
[[nodiscard]] Result<void> check_required_capabilities(const LeafNode& leaf,
                                                       const RequiredCapabilities& required);
/// Errors: invalid_argument (MLS-09) a group context extension that the leaf does not list.
[[nodiscard]] Result<void> check_supports_extensions(const LeafNode& leaf,
                                                     const Extensions& context_extensions);

/// For rules, trust and the application. Precondition: check_leaf_form passed.
[[nodiscard]] LeafView view_of(const LeafNode& leaf, LeafIndex index);

}  // namespace chatmcp::mls
