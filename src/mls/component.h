#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "mls/cipher_suite.h"
#include "mls/extension.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::mls {

/// Application components and what keeps them apart: draft-ietf-mls-extensions (revision 9 and
/// later, where a ComponentID has 16 bits), sections "The Safe Application Interface" and
/// "Negotiating Extensions and Components".

/// The components that the draft itself defines ("MLS Component Types").
enum class DraftComponent : std::uint16_t {
    app_components = 1,
    safe_aad = 2,
    content_media_types = 3,
    last_resort_key_package = 4,
    app_ack = 5,
};

/// What a component does with a key of MLS: its own number, and its name for the operation.
struct ComponentOperation {
    std::uint16_t component = 0;
    std::string_view label;
};
/// Wire: struct { opaque base_label<V> = "MLS Component"; ComponentID component_id; opaque
///       label<V>; } ComponentOperationLabel.
/// Spec: section "Component IDs".
[[nodiscard]] Bytes component_operation_label(const ComponentOperation& operation);

/// SafeSignWithLabel and SafeVerifyWithLabel: a signature of one component holds for no other, nor
/// for anything that MLS signs. Spec: section "Signature Keys".
/// Errors: bad_signature (EXT-02).
[[nodiscard]] Bytes safe_sign(CipherSuite suite,
                              const SignatureKey& key,
                              const ComponentOperation& operation,
                              ByteView content);
[[nodiscard]] Result<void> safe_verify(CipherSuite suite,
                                       ByteView public_key,
                                       const ComponentOperation& operation,
                                       ByteView content,
                                       ByteView signature);

/// SafeEncryptWithLabel and SafeDecryptWithLabel, for a leaf's, an init or the external key.
/// Spec: section "Hybrid Public Key Encryption (HPKE) Keys".
/// Errors: those of encrypt_with_label; cannot_open (EXT-03) whatever was wrong.
[[nodiscard]] Result<crypto::HpkeCiphertext> safe_encrypt(CipherSuite suite,
                                                          ByteView public_key,
                                                          const ComponentOperation& operation,
                                                          ByteView context,
                                                          ByteView plaintext,
                                                          crypto::Random& random);
[[nodiscard]] Result<SecretBytes> safe_decrypt(CipherSuite suite,
                                               const crypto::HpkePrivateKey& key,
                                               const ComponentOperation& operation,
                                               ByteView context,
                                               const crypto::HpkeCiphertext& sealed);

/// `struct { ComponentID component_ids<V>; } ComponentsList`: content of app_components and
/// safe_aad. In a leaf: what it knows; in the group context: what everybody has to know.
/// Errors: WIRE-01 to WIRE-03, WIRE-05.
[[nodiscard]] Result<std::vector<std::uint16_t>> decode_components_list(ByteView data);
[[nodiscard]] Bytes encode_components_list(const std::vector<std::uint16_t>& ids);

/// One component of a dictionary that was checked (check_known_extensions), borrowed from it.
/// Cost: no allocation.
[[nodiscard]] std::optional<ByteView> find_component(const Extensions& extensions,
                                                     DraftComponent id);
/// Whether a context's app_components names this component: everybody knows it.
[[nodiscard]] bool requires_component(const Extensions& context_extensions, std::uint16_t id);

/// Parse every component of a dictionary whose format the draft fixes. Errors: WIRE-01 to WIRE-03,
/// WIRE-05; those of decode_media_types.
[[nodiscard]] Result<void> check_known_components(const std::vector<Component>& components);

/// Whoever brings a leaf into a group, or changes what the group asks for, sees to it that they fit
/// together. It is the committer's duty: a commit that neglects it stays valid.
/// Errors: invalid_argument (EXT-04) a component of the group's app_components or safe_aad that the
///         leaf does not list, (EXT-09) a media type that it does not list.
[[nodiscard]] Result<void> check_leaf_components(const Extensions& leaf_extensions,
                                                 const Extensions& context_extensions);

/// What stands in authenticated_data of a group whose context has safe_aad: items by component, in
/// ascending order, then whatever else. Items of components that the reader does not know are
/// ignored.
///
/// Wire: struct { ComponentID component_id; opaque aad_item_data<V>; } SafeAADItem;
///       struct { SafeAADItem aad_items<V>; } SafeAAD; opaque rest[].
/// Spec: section "Safe Additional Authenticated Data (AAD)".
struct SafeAad {
    std::vector<Component> items;
    Bytes rest;
};
/// Errors: WIRE-01 to WIRE-03; malformed (MLS-04) ids out of order or repeated.
[[nodiscard]] Result<SafeAad> decode_safe_aad(ByteView authenticated_data);
[[nodiscard]] Bytes encode_safe_aad(const SafeAad& aad);

/// Authenticated data with nothing to say: an empty SafeAAD where the group asks for one.
[[nodiscard]] Bytes empty_authenticated_data(const Extensions& context_extensions);
/// Errors: malformed (EXT-05) no SafeAAD in front where the group asks for one.
[[nodiscard]] Result<void> check_authenticated_data(const Extensions& context_extensions,
                                                    ByteView authenticated_data);

}  // namespace chatmcp::mls
