#pragma once

#include <string_view>
#include <vector>

#include "base/secret.h"
#include "mls/cipher_suite.h"
#include "mls/extension.h"
#include "mls/proposal.h"

namespace chatmcp::mls {

/// What all members of an epoch agree on. Spec: RFC 9420 section 8.1.
struct GroupContext {
    CipherSuite suite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;
    Bytes group_id;
    Epoch epoch;
    Bytes tree_hash;
    Bytes confirmed_transcript_hash;
    Extensions extensions;

    /// Errors: unsupported_version (MLS-10), unsupported (MLS-02).
    static Result<GroupContext> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// The secrets of one epoch (table 4 of section 8). The encryption secret is not here: it goes into
/// the secret tree and nowhere else.
struct EpochSecrets {
    SecretBytes sender_data_secret;
    SecretBytes exporter_secret;
    SecretBytes external_secret;
    SecretBytes confirmation_key;
    SecretBytes membership_key;
    SecretBytes resumption_psk;
    SecretBytes epoch_authenticator;
    SecretBytes init_secret;  // Of the next epoch.
    /// draft-ietf-mls-extensions, section "Exported Secrets". Empty from the moment at which the
    /// epoch is entered: the exporter tree has it then (exporter_tree.h).
    SecretBytes application_export_secret;
};

struct NewEpoch {
    SecretBytes joiner_secret;
    SecretBytes welcome_secret;
    SecretBytes encryption_secret;
    EpochSecrets secrets;
};

/// Figure 22 of section 8, from init and commit secret. `context`: the new epoch's, encoded.
/// `psk_secret` empty: no PSK.
[[nodiscard]] NewEpoch next_epoch(CipherSuite suite,
                                  ByteView init_secret,
                                  ByteView commit_secret,
                                  ByteView psk_secret,
                                  ByteView context);
/// The same from the joiner secret of a Welcome.
[[nodiscard]] NewEpoch join_epoch(CipherSuite suite,
                                  SecretBytes joiner_secret,
                                  ByteView psk_secret,
                                  ByteView context);
/// What a Welcome's GroupInfo is encrypted under, before its context is known.
[[nodiscard]] SecretBytes derive_welcome_secret(CipherSuite suite,
                                                ByteView joiner_secret,
                                                ByteView psk_secret);

/// Section 8.5.
[[nodiscard]] SecretBytes mls_exporter(CipherSuite suite,
                                       ByteView exporter_secret,
                                       std::string_view label,
                                       ByteView context,
                                       std::size_t size_bytes);
/// Section 8.3.
[[nodiscard]] crypto::HpkePrivateKey external_key(CipherSuite suite, ByteView external_secret);

/// Section 8.4: all PSKs of a commit or Welcome, in order, become one secret.
struct Psk {
    PreSharedKeyId id;
    SecretBytes secret;
};
[[nodiscard]] SecretBytes derive_psk_secret(CipherSuite suite, const std::vector<Psk>& psks);

/// Section 8.1, 6.1: MAC(confirmation_key, confirmed_transcript_hash).
[[nodiscard]] Hash confirmation_tag(CipherSuite suite,
                                    ByteView confirmation_key,
                                    ByteView confirmed_transcript_hash);

}  // namespace chatmcp::mls
