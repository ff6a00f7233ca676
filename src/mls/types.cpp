#include "mls/types.h"

#include "mls/extension.h"

namespace chatmcp::mls {

Result<Credential> Credential::read(wire::Reader& reader) {
    Credential credential;
    CHATMCP_TRY(credential.type, reader.u16());
    CHATMCP_TRY(const ByteView data, reader.vector(kCredentialMaxBytes));
    credential.data = to_bytes(data);
    return credential;
}

void Credential::write(wire::Writer& writer) const {
    writer.u16(type);
    writer.vector(data);
}

Result<Extension> Extension::read(wire::Reader& reader) {
    Extension extension;
    CHATMCP_TRY(extension.type, reader.u16());
    CHATMCP_TRY(const ByteView data, reader.vector(kExtensionMaxBytes));
    extension.data = to_bytes(data);
    return extension;
}

void Extension::write(wire::Writer& writer) const {
    writer.u16(type);
    writer.vector(data);
}

Result<ReInit> ReInit::read(wire::Reader& reader) {
    ReInit reinit;
    CHATMCP_TRY(const ByteView group_id, reader.vector(kGroupIdMaxBytes));
    reinit.group_id = to_bytes(group_id);
    CHATMCP_TRY(reinit.version, reader.u16());
    CHATMCP_TRY(reinit.cipher_suite, reader.u16());
    CHATMCP_TRY(reinit.extensions, read_extensions(reader));
    return reinit;
}

void ReInit::write(wire::Writer& writer) const {
    writer.vector(group_id);
    writer.u16(version);
    writer.u16(cipher_suite);
    write_extensions(writer, extensions);
}

}  // namespace chatmcp::mls
