#include "mls/leaf_node.h"

#include "mls/credential.h"
#include "mls/multi_credential.h"

namespace chatmcp::mls {
namespace {

constexpr std::string_view kLeafNodeLabel = "LeafNodeTBS";

Result<Bytes> read_bytes(wire::Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, reader.vector(max_bytes));
    return to_bytes(view);
}

/// LeafNodeTBS (section 7.2): a leaf that stands in a group is signed for its place in it, so that
/// nobody can move it to another.
Bytes to_be_signed(const LeafNode& leaf, const LeafPlace& place) {
    wire::Writer writer;
    writer.reserve(kUsualLeafBytes);
    leaf.write_unsigned(writer);
    if (leaf.source != LeafSource::key_package) {
        writer.vector(place.group_id);
        writer.u32(place.index.value);
    }
    return writer.take();
}

}  // namespace

Result<Capabilities> Capabilities::read(wire::Reader& reader) {
    Capabilities capabilities;
    CHATMCP_TRY(capabilities.versions, read_u16_list(reader));
    CHATMCP_TRY(capabilities.cipher_suites, read_u16_list(reader));
    CHATMCP_TRY(capabilities.extensions, read_u16_list(reader));
    CHATMCP_TRY(capabilities.proposals, read_u16_list(reader));
    CHATMCP_TRY(capabilities.credentials, read_u16_list(reader));
    return capabilities;
}

void Capabilities::write(wire::Writer& writer) const {
    writer.u16_vector(versions);
    writer.u16_vector(cipher_suites);
    writer.u16_vector(extensions);
    writer.u16_vector(proposals);
    writer.u16_vector(credentials);
}

Result<LeafNode> LeafNode::read(wire::Reader& reader) {
    LeafNode leaf;
    CHATMCP_TRY(leaf.encryption_key, read_bytes(reader, kPublicKeyMaxBytes));
    CHATMCP_TRY(leaf.signature_key, read_bytes(reader, kPublicKeyMaxBytes));
    CHATMCP_TRY(leaf.credential, Credential::read(reader));
    CHATMCP_TRY(leaf.capabilities, Capabilities::read(reader));
    CHATMCP_TRY(const std::uint8_t source, reader.u8());
    leaf.source = static_cast<LeafSource>(source);
    switch (leaf.source) {
        case LeafSource::key_package: {
            Lifetime lifetime;
            CHATMCP_TRY(lifetime.not_before_s, reader.u64());
            CHATMCP_TRY(lifetime.not_after_s, reader.u64());
            leaf.lifetime = lifetime;
            break;
        }
        case LeafSource::update:
            break;
        case LeafSource::commit: {
            CHATMCP_TRY(leaf.parent_hash, read_bytes(reader, kHashMaxBytes));
            break;
        }
        default:
            return fail(Errc::malformed, "MLS-05");
    }
    CHATMCP_TRY(leaf.extensions, read_extensions(reader));
    CHATMCP_TRY(leaf.signature, read_bytes(reader, kSignatureMaxBytes));
    return leaf;
}

void LeafNode::write_unsigned(wire::Writer& writer) const {
    writer.vector(encryption_key);
    writer.vector(signature_key);
    credential.write(writer);
    capabilities.write(writer);
    writer.u8(static_cast<std::uint8_t>(source));
    if (source == LeafSource::key_package) {
        const Lifetime written = lifetime.value_or(Lifetime{});
        writer.u64(written.not_before_s);
        writer.u64(written.not_after_s);
    } else if (source == LeafSource::commit) {
        writer.vector(parent_hash);
    }
    write_extensions(writer, extensions);
}

void LeafNode::write(wire::Writer& writer) const {
    write_unsigned(writer);
    writer.vector(signature);
}

void sign_leaf(CipherSuite suite, const SignatureKey& key, const LeafPlace& place, LeafNode& leaf) {
    leaf.signature = sign_with_label(suite, key, kLeafNodeLabel, to_be_signed(leaf, place));
}

Result<void> verify_leaf_signature(CipherSuite suite,
                                   const LeafNode& leaf,
                                   const LeafPlace& place) {
    return verify_with_label(suite,
                             leaf.signature_key,
                             kLeafNodeLabel,
                             to_be_signed(leaf, place),
                             leaf.signature,
                             "MLS-06");
}

Result<void> check_leaf_form(CipherSuite suite, const LeafNode& leaf) {
    // Not the suite: section 7.3 does not ask for it, and members of others (mlspp in suite 7) do
    // not list what they use.
    const Capabilities& can = leaf.capabilities;
    if (!contains(can.versions, kProtocolVersionMls10) ||
        !contains(can.credentials, leaf.credential.type)) {
        return fail(Errc::invalid_argument, "MLS-07");
    }
    for (const Extension& extension : leaf.extensions) {
        if (!is_default_extension(extension.type) && !contains(can.extensions, extension.type)) {
            return fail(Errc::invalid_argument, "MLS-07");
        }
    }
    CHATMCP_TRY_VOID(check_credential(suite, leaf.credential, leaf.signature_key));
    return check_known_extensions(leaf.extensions);
}

Result<void> check_required_capabilities(const LeafNode& leaf,
                                         const RequiredCapabilities& required) {
    for (const std::uint16_t type : required.extension_types) {
        if (!is_default_extension(type) && !contains(leaf.capabilities.extensions, type)) {
            return fail(Errc::invalid_argument, "MLS-08");
        }
    }
    for (const std::uint16_t type : required.proposal_types) {
        // Types 1 to 7 are everybody's (section 7.2).
        const bool is_default = type >= 1 && type <= 7;
        if (!is_default && !contains(leaf.capabilities.proposals, type)) {
            return fail(Errc::invalid_argument, "MLS-08");
        }
    }
    for (const std::uint16_t type : required.credential_types) {
        if (!contains(leaf.capabilities.credentials, type)) {
            return fail(Errc::invalid_argument, "MLS-08");
        }
    }
    return {};
}

Result<void> check_supports_extensions(const LeafNode& leaf, const Extensions& context_extensions) {
    for (const Extension& extension : context_extensions) {
        if (!is_default_extension(extension.type) &&
            !contains(leaf.capabilities.extensions, extension.type)) {
            return fail(Errc::invalid_argument, "MLS-09");
        }
    }
    return {};
}

LeafView view_of(const LeafNode& leaf, LeafIndex index) {
    LeafView view;
    view.index = index;
    view.credential = leaf.credential;
    view.signature_key = leaf.signature_key;
    view.source = leaf.source;
    view.lifetime = leaf.lifetime;
    if (auto components = components_of(leaf.extensions); components.has_value()) {
        view.components = *std::move(components);
    }
    if (leaf.credential.type == static_cast<std::uint16_t>(CredentialType::multi)) {
        if (auto bindings = decode_multi_credential(leaf.credential); bindings.has_value()) {
            view.bindings = *std::move(bindings);
        }
    }
    return view;
}

}  // namespace chatmcp::mls
