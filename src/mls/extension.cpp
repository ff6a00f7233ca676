#include "mls/extension.h"

#include <algorithm>

#include "mls/component.h"

namespace chatmcp::mls {

Result<Extensions> read_extensions(wire::Reader& reader) {
    CHATMCP_TRY(wire::Reader inner, reader.sub(kExtensionMaxBytes));
    Extensions extensions;
    while (!inner.empty()) {
        CHATMCP_TRY(Extension extension, Extension::read(inner));
        extensions.push_back(std::move(extension));
    }
    // A second one could be read by some members where others read the first.
    std::vector<std::uint16_t> types;
    for (const Extension& extension : extensions) {
        types.push_back(extension.type);
    }
    std::ranges::sort(types);
    if (std::ranges::adjacent_find(types) != types.end()) {
        return fail(Errc::malformed, "MLS-03");
    }
    return extensions;
}

void write_extensions(wire::Writer& writer, const Extensions& extensions) {
    writer.vector_of([&](wire::Writer& inner) {
        for (const Extension& extension : extensions) {
            extension.write(inner);
        }
    });
}

const Extension* find_extension(const Extensions& extensions, ExtensionType type) {
    for (const Extension& extension : extensions) {
        if (extension.type == static_cast<std::uint16_t>(type)) {
            return &extension;
        }
    }
    return nullptr;
}

void set_extension(Extensions& extensions, ExtensionType type, Bytes data) {
    for (Extension& extension : extensions) {
        if (extension.type == static_cast<std::uint16_t>(type)) {
            extension.data = std::move(data);
            return;
        }
    }
    extensions.push_back(Extension{static_cast<std::uint16_t>(type), std::move(data)});
}

bool is_default_extension(std::uint16_t type) {
    return type >= static_cast<std::uint16_t>(ExtensionType::application_id) &&
           type <= static_cast<std::uint16_t>(ExtensionType::external_senders);
}

Result<std::vector<std::uint16_t>> read_u16_list(wire::Reader& reader) {
    CHATMCP_TRY(wire::Reader inner, reader.sub(kExtensionMaxBytes));
    std::vector<std::uint16_t> values;
    values.reserve(inner.remaining() / 2);
    while (!inner.empty()) {
        CHATMCP_TRY(const std::uint16_t value, inner.u16());
        values.push_back(value);
    }
    return values;
}

bool contains(const std::vector<std::uint16_t>& values, std::uint16_t value) {
    return std::ranges::find(values, value) != values.end();
}

Result<RequiredCapabilities> RequiredCapabilities::read(wire::Reader& reader) {
    RequiredCapabilities required;
    CHATMCP_TRY(required.extension_types, read_u16_list(reader));
    CHATMCP_TRY(required.proposal_types, read_u16_list(reader));
    CHATMCP_TRY(required.credential_types, read_u16_list(reader));
    return required;
}

void RequiredCapabilities::write(wire::Writer& writer) const {
    writer.u16_vector(extension_types);
    writer.u16_vector(proposal_types);
    writer.u16_vector(credential_types);
}

Result<RequiredCapabilities> required_capabilities_of(const Extensions& extensions) {
    const Extension* required = find_extension(extensions, ExtensionType::required_capabilities);
    if (required == nullptr) {
        return RequiredCapabilities{};
    }
    return wire::decode<RequiredCapabilities>(required->data);
}

Result<ExternalSender> ExternalSender::read(wire::Reader& reader) {
    ExternalSender sender;
    CHATMCP_TRY(const ByteView key, reader.vector(kPublicKeyMaxBytes));
    sender.signature_key = to_bytes(key);
    CHATMCP_TRY(sender.credential, Credential::read(reader));
    return sender;
}

void ExternalSender::write(wire::Writer& writer) const {
    writer.vector(signature_key);
    credential.write(writer);
}

Result<std::vector<ExternalSender>> external_senders_of(const Extensions& extensions) {
    std::vector<ExternalSender> senders;
    const Extension* extension = find_extension(extensions, ExtensionType::external_senders);
    if (extension == nullptr) {
        return senders;
    }
    wire::Reader reader(extension->data);
    CHATMCP_TRY(wire::Reader inner, reader.sub(kExtensionMaxBytes));
    CHATMCP_TRY_VOID(reader.finish());
    while (!inner.empty()) {
        CHATMCP_TRY(ExternalSender sender, ExternalSender::read(inner));
        senders.push_back(std::move(sender));
    }
    return senders;
}

Bytes encode_external_senders(const std::vector<ExternalSender>& senders) {
    wire::Writer writer;
    writer.vector_of([&](wire::Writer& inner) {
        for (const ExternalSender& sender : senders) {
            sender.write(inner);
        }
    });
    return writer.take();
}

Result<Bytes> decode_external_pub(ByteView data) {
    wire::Reader reader(data);
    CHATMCP_TRY(const ByteView key, reader.vector(kPublicKeyMaxBytes));
    CHATMCP_TRY_VOID(reader.finish());
    return to_bytes(key);
}

Bytes encode_external_pub(ByteView public_key) {
    wire::Writer writer;
    writer.vector(public_key);
    return writer.take();
}

Result<std::vector<Component>> decode_dictionary(ByteView data) {
    wire::Reader reader(data);
    CHATMCP_TRY(wire::Reader inner, reader.sub(kExtensionMaxBytes));
    CHATMCP_TRY_VOID(reader.finish());
    std::vector<Component> components;
    while (!inner.empty()) {
        Component component;
        CHATMCP_TRY(component.id, inner.u16());
        CHATMCP_TRY(const ByteView content, inner.vector(kExtensionMaxBytes));
        component.data = to_bytes(content);
        if (!components.empty() && component.id <= components.back().id) {
            return fail(Errc::malformed, "MLS-04");
        }
        components.push_back(std::move(component));
    }
    return components;
}

Bytes encode_dictionary(const std::vector<Component>& components) {
    wire::Writer writer;
    writer.vector_of([&](wire::Writer& inner) {
        for (const Component& component : components) {
            inner.u16(component.id);
            inner.vector(component.data);
        }
    });
    return writer.take();
}

Result<std::vector<Component>> components_of(const Extensions& extensions) {
    const Extension* dictionary = find_extension(extensions, ExtensionType::app_data_dictionary);
    if (dictionary == nullptr) {
        return std::vector<Component>{};
    }
    return decode_dictionary(dictionary->data);
}

Result<void> check_known_extensions(const Extensions& extensions) {
    CHATMCP_TRY(const auto components, components_of(extensions));
    CHATMCP_TRY_VOID(check_known_components(components));
    CHATMCP_TRY_VOID(required_capabilities_of(extensions));
    if (const auto* id = find_extension(extensions, ExtensionType::application_id); id != nullptr) {
        wire::Reader reader(id->data);
        CHATMCP_TRY_VOID(reader.vector(kExtensionMaxBytes));
        CHATMCP_TRY_VOID(reader.finish());
    }
    CHATMCP_TRY_VOID(external_senders_of(extensions));
    return {};
}

}  // namespace chatmcp::mls
