#pragma once

#include "mls/leaf_node.h"

namespace chatmcp::mls {

/// What somebody leaves in a directory so that others can add it to a group while it is away.
///
/// Trust: read() checks the encoding alone; verify() the rest that can be checked without a group.
/// Spec:  RFC 9420 section 10.
struct KeyPackage {
    CipherSuite suite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;
    Bytes init_key;
    LeafNode leaf;
    Extensions extensions;
    Bytes signature;

    /// Errors: unsupported_version (MLS-10); unsupported (MLS-02) suite.
    static Result<KeyPackage> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    void write_unsigned(wire::Writer& writer) const;

    /// Spec: RFC 9420 section 10.1.
    /// Errors: bad_signature (MLS-11) of the package, (MLS-06) of the leaf; invalid_argument
    ///         (MLS-12) a leaf of another source, (MLS-13) init key equal to the leaf's encryption
    ///         key, (MLS-14) a lifetime that ends before it begins; check_leaf_form's.
    [[nodiscard]] Result<void> verify() const;
    [[nodiscard]] Hash reference() const;
};

void sign_key_package(const SignatureKey& key, KeyPackage& package);

/// The bytes of a KeyPackage, as MLSMessage or bare (the two differ in the first four bytes).
[[nodiscard]] Result<KeyPackage> decode_key_package(ByteView bytes);

}  // namespace chatmcp::mls
