#pragma once

#include <optional>
#include <vector>

#include "mls/key_schedule.h"

namespace chatmcp::mls {

/// Spec of this file: RFC 9420 section 12.4.3.

/// The group as a member describes it to somebody who is not in it yet.
struct GroupInfo {
    GroupContext context;
    Extensions extensions;
    Bytes confirmation_tag;
    LeafIndex signer;
    Bytes signature;

    static Result<GroupInfo> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
    void write_unsigned(wire::Writer& writer) const;

    void sign(const SignatureKey& key);
    /// Errors: bad_signature (MLS-45).
    [[nodiscard]] Result<void> verify(ByteView signature_key) const;
};

struct GroupSecrets {
    SecretBytes joiner_secret;
    std::optional<SecretBytes> path_secret;
    std::vector<PreSharedKeyId> psks;

    static Result<GroupSecrets> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

struct EncryptedGroupSecrets {
    Bytes new_member;  // KeyPackageRef
    HpkeCiphertext encrypted_group_secrets;
};

struct Welcome {
    CipherSuite suite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;
    std::vector<EncryptedGroupSecrets> secrets;
    Bytes encrypted_group_info;

    static Result<Welcome> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

[[nodiscard]] Bytes seal_group_info(CipherSuite suite,
                                    ByteView welcome_secret,
                                    const GroupInfo& group_info);
/// Errors: cannot_open (MLS-46).
[[nodiscard]] Result<GroupInfo> open_group_info(CipherSuite suite,
                                                ByteView welcome_secret,
                                                ByteView encrypted);

/// What the secrets of all who are added are sealed under.
[[nodiscard]] crypto::HpkeInfo group_secrets_info(CipherSuite suite, ByteView encrypted_group_info);
/// `info`: group_secrets_info. Errors: malformed (CRY-07, CRY-08) an init key that cannot be
/// encrypted to.
[[nodiscard]] Result<EncryptedGroupSecrets> seal_group_secrets(const crypto::HpkeInfo& info,
                                                               const KeyPackage& recipient,
                                                               const GroupSecrets& secrets,
                                                               crypto::Random& random);
/// Errors: cannot_open (MLS-47).
[[nodiscard]] Result<GroupSecrets> open_group_secrets(CipherSuite suite,
                                                      const crypto::HpkePrivateKey& init_key,
                                                      const EncryptedGroupSecrets& secrets,
                                                      ByteView encrypted_group_info);

}  // namespace chatmcp::mls
