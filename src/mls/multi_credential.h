#pragma once

#include <vector>

#include "mls/cipher_suite.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::mls {

/// Several credentials in one leaf, each bound to the leaf's signature key by its holder's own key:
/// draft-ietf-mls-extensions, section "Multi-Credentials". The strong kind alone, of which every
/// member verifies every binding; the weak kind, of which members verify what each of them happens
/// to know, is refused.

inline constexpr std::size_t kBindingsMax = 8;

/// Sign over CredentialBindingTBS: `key` holds `credential`, and says that `leaf_signature_key` is
/// its own.
[[nodiscard]] CredentialBinding bind_credential(CipherSuite suite,
                                                Credential credential,
                                                const SignatureKey& key,
                                                ByteView leaf_signature_key);

/// Wire: struct { CredentialBinding bindings<V>; } MultiCredential. A Credential encodes as opaque
///       data here (types.h), which is the same on the wire: both are one vector.
/// Errors: malformed (EXT-18) no binding, more than kBindingsMax; those of CredentialBinding::read;
///         WIRE-05.
[[nodiscard]] Result<std::vector<CredentialBinding>> decode_multi_credential(
    const Credential& credential);
[[nodiscard]] Credential encode_multi_credential(const std::vector<CredentialBinding>& bindings);

/// What can be checked of it without trusting anybody: every binding is signed by its credential's
/// key, over this leaf's key, and an X.509 credential inside is of that key.
/// Errors: those of decode_multi_credential and check_credential; bad_signature (EXT-19).
/// Cost:   one verification for each binding.
[[nodiscard]] Result<void> check_multi_credential(const Credential& credential,
                                                  ByteView leaf_signature_key);

class RatchetTree;
class TreeDraft;

/// Every member supports cipher suite and credential type of every binding.
/// Errors: invalid_argument (EXT-20).
/// Cost:   of a draft O(changes), O(members) if a changed leaf has bindings or other capabilities
///         than before; of a tree O(members). Asked for where a multi-credential is in use alone.
[[nodiscard]] Result<void> check_bindings_supported(const RatchetTree& tree);
[[nodiscard]] Result<void> check_bindings_supported(const TreeDraft& draft);

}  // namespace chatmcp::mls
