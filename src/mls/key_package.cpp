#include "mls/key_package.h"

namespace chatmcp::mls {
namespace {

constexpr std::string_view kKeyPackageLabel = "KeyPackageTBS";
constexpr std::uint16_t kWireFormatKeyPackage = 5;

}  // namespace

Result<KeyPackage> KeyPackage::read(wire::Reader& reader) {
    KeyPackage package;
    CHATMCP_TRY(const std::uint16_t version, reader.u16());
    if (version != kProtocolVersionMls10) {
        return fail(Errc::unsupported_version, "MLS-10");
    }
    CHATMCP_TRY(const std::uint16_t suite, reader.u16());
    CHATMCP_TRY(package.suite, cipher_suite(suite));
    CHATMCP_TRY(const ByteView init_key, reader.vector(kPublicKeyMaxBytes));
    package.init_key = to_bytes(init_key);
    CHATMCP_TRY(package.leaf, LeafNode::read(reader));
    CHATMCP_TRY(package.extensions, read_extensions(reader));
    CHATMCP_TRY(const ByteView signature, reader.vector(kSignatureMaxBytes));
    package.signature = to_bytes(signature);
    return package;
}

void KeyPackage::write_unsigned(wire::Writer& writer) const {
    writer.u16(kProtocolVersionMls10);
    writer.u16(static_cast<std::uint16_t>(suite));
    writer.vector(init_key);
    leaf.write(writer);
    write_extensions(writer, extensions);
}

void KeyPackage::write(wire::Writer& writer) const {
    write_unsigned(writer);
    writer.vector(signature);
}

Result<void> KeyPackage::verify() const {
    if (leaf.source != LeafSource::key_package || !leaf.lifetime.has_value()) {
        return fail(Errc::invalid_argument, "MLS-12");
    }
    if (equal(init_key, leaf.encryption_key)) {
        return fail(Errc::invalid_argument, "MLS-13");
    }
    if (leaf.lifetime->not_after_s < leaf.lifetime->not_before_s) {
        return fail(Errc::invalid_argument, "MLS-14");
    }
    CHATMCP_TRY_VOID(check_leaf_form(suite, leaf));
    CHATMCP_TRY_VOID(check_known_extensions(extensions));
    CHATMCP_TRY_VOID(verify_leaf_signature(suite, leaf, LeafPlace{}));
    wire::Writer writer;
    write_unsigned(writer);
    return verify_with_label(
        suite, leaf.signature_key, kKeyPackageLabel, writer.view(), signature, "MLS-11");
}

Hash KeyPackage::reference() const {
    return key_package_ref(suite, wire::encode(*this));
}

void sign_key_package(const SignatureKey& key, KeyPackage& package) {
    wire::Writer writer;
    package.write_unsigned(writer);
    package.signature = sign_with_label(package.suite, key, kKeyPackageLabel, writer.view());
}

Result<KeyPackage> decode_key_package(ByteView bytes) {
    // MLSMessage: version mls10, wire format 5, then the KeyPackage, which begins with the version
    // again and a cipher suite. Suite 5 followed by a version cannot be confused: the next byte
    // after a bare package's suite is the length of its init key, never 0.
    wire::Reader reader(bytes);
    CHATMCP_TRY(const std::uint16_t version, reader.u16());
    CHATMCP_TRY(const std::uint16_t format, reader.u16());
    if (version == kProtocolVersionMls10 && format == kWireFormatKeyPackage &&
        reader.remaining() > 0 && bytes[reader.position()] == 0) {
        CHATMCP_TRY(KeyPackage package, KeyPackage::read(reader));
        CHATMCP_TRY_VOID(reader.finish());
        return package;
    }
    return wire::decode<KeyPackage>(bytes);
}

}  // namespace chatmcp::mls
