#include "mls/component.h"

#include <algorithm>

#include "mls/content_media_types.h"

namespace chatmcp::mls {
namespace {

constexpr std::string_view kBaseLabel = "MLS Component";

/// Every id that a list of the group names is in the leaf's list of the same component.
Result<void> check_listed(const Extensions& leaf, const Extensions& context, DraftComponent list) {
    const auto required = find_component(context, list);
    if (!required.has_value()) {
        return {};
    }
    CHATMCP_TRY(const auto ids, decode_components_list(*required));
    std::vector<std::uint16_t> known;
    if (const auto own = find_component(leaf, list); own.has_value()) {
        CHATMCP_TRY(known, decode_components_list(*own));
    }
    const auto is_known = [&](std::uint16_t id) { return contains(known, id); };
    return std::ranges::all_of(ids, is_known) ? Result<void>()
                                              : fail(Errc::invalid_argument, "EXT-04");
}

}  // namespace

Bytes component_operation_label(const ComponentOperation& operation) {
    wire::Writer writer;
    writer.vector(as_bytes(kBaseLabel));
    writer.u16(operation.component);
    writer.vector(as_bytes(operation.label));
    return writer.take();
}

Bytes safe_sign(CipherSuite suite,
                const SignatureKey& key,
                const ComponentOperation& operation,
                ByteView content) {
    return sign_with_label(suite, key, as_text(component_operation_label(operation)), content);
}

Result<void> safe_verify(CipherSuite suite,
                         ByteView public_key,
                         const ComponentOperation& operation,
                         ByteView content,
                         ByteView signature) {
    return verify_with_label(suite,
                             public_key,
                             as_text(component_operation_label(operation)),
                             content,
                             signature,
                             "EXT-02");
}

Result<crypto::HpkeCiphertext> safe_encrypt(CipherSuite suite,
                                            ByteView public_key,
                                            const ComponentOperation& operation,
                                            ByteView context,
                                            ByteView plaintext,
                                            crypto::Random& random) {
    return encrypt_with_label(suite,
                              public_key,
                              as_text(component_operation_label(operation)),
                              context,
                              plaintext,
                              random);
}

Result<SecretBytes> safe_decrypt(CipherSuite suite,
                                 const crypto::HpkePrivateKey& key,
                                 const ComponentOperation& operation,
                                 ByteView context,
                                 const crypto::HpkeCiphertext& sealed) {
    return decrypt_with_label(suite,
                              key,
                              as_text(component_operation_label(operation)),
                              context,
                              sealed.enc,
                              sealed.ciphertext,
                              "EXT-03");
}

Result<std::vector<std::uint16_t>> decode_components_list(ByteView data) {
    wire::Reader reader(data);
    CHATMCP_TRY(auto ids, read_u16_list(reader));
    CHATMCP_TRY_VOID(reader.finish());
    return ids;
}

Bytes encode_components_list(const std::vector<std::uint16_t>& ids) {
    wire::Writer writer;
    writer.u16_vector(ids);
    return writer.take();
}

std::optional<ByteView> find_component(const Extensions& extensions, DraftComponent id) {
    const Extension* dictionary = find_extension(extensions, ExtensionType::app_data_dictionary);
    if (dictionary == nullptr) {
        return std::nullopt;
    }
    wire::Reader reader(dictionary->data);
    auto inner = reader.sub(kExtensionMaxBytes);
    while (inner.has_value() && !inner->empty()) {
        const auto number = inner->u16();
        const auto data = inner->vector(kExtensionMaxBytes);
        if (!number.has_value() || !data.has_value() || *number > static_cast<std::uint16_t>(id)) {
            return std::nullopt;
        }
        if (*number == static_cast<std::uint16_t>(id)) {
            return *data;
        }
    }
    return std::nullopt;
}

bool requires_component(const Extensions& context_extensions, std::uint16_t id) {
    const auto list = find_component(context_extensions, DraftComponent::app_components);
    if (!list.has_value()) {
        return false;
    }
    const auto ids = decode_components_list(*list);
    return ids.has_value() && contains(*ids, id);
}

Result<void> check_known_components(const std::vector<Component>& components) {
    for (const Component& component : components) {
        switch (static_cast<DraftComponent>(component.id)) {
            case DraftComponent::app_components:
            case DraftComponent::safe_aad: {
                CHATMCP_TRY_VOID(decode_components_list(component.data));
                break;
            }
            case DraftComponent::content_media_types: {
                CHATMCP_TRY_VOID(decode_media_types(component.data));
                break;
            }
            default:
                break;
        }
    }
    return {};
}

Result<void> check_leaf_components(const Extensions& leaf_extensions,
                                   const Extensions& context_extensions) {
    for (const DraftComponent list : {DraftComponent::app_components, DraftComponent::safe_aad}) {
        CHATMCP_TRY_VOID(check_listed(leaf_extensions, context_extensions, list));
    }
    return check_leaf_media_types(leaf_extensions, context_extensions);
}

Result<SafeAad> decode_safe_aad(ByteView authenticated_data) {
    wire::Reader reader(authenticated_data);
    CHATMCP_TRY_VOID(reader.vector(kExtensionMaxBytes));
    SafeAad aad;
    // The items have the form of a dictionary.
    CHATMCP_TRY(aad.items, decode_dictionary(reader.since(0)));
    aad.rest = to_bytes(authenticated_data.subspan(reader.position()));
    return aad;
}

Bytes encode_safe_aad(const SafeAad& aad) {
    return concat({encode_dictionary(aad.items), aad.rest});
}

Bytes empty_authenticated_data(const Extensions& context_extensions) {
    return find_component(context_extensions, DraftComponent::safe_aad).has_value()
               ? encode_safe_aad({})
               : Bytes();
}

Result<void> check_authenticated_data(const Extensions& context_extensions,
                                      ByteView authenticated_data) {
    if (!find_component(context_extensions, DraftComponent::safe_aad).has_value() ||
        decode_safe_aad(authenticated_data).has_value()) {
        return {};
    }
    return fail(Errc::malformed, "EXT-05");
}

}  // namespace chatmcp::mls
