#include "mls/transcript_hash.h"

namespace chatmcp::mls {

Hash confirmed_transcript_hash(CipherSuite suite,
                               ByteView interim_before,
                               const AuthenticatedContent& commit) {
    wire::Writer writer;
    writer.reserve(interim_before.size() + commit.content.body.size() + 512);
    writer.fixed(interim_before);
    writer.u16(static_cast<std::uint16_t>(commit.wire_format));
    commit.content.write(writer);
    writer.vector(commit.auth.signature);
    return hash(suite, writer.view());
}

Hash interim_transcript_hash(CipherSuite suite, ByteView confirmed, ByteView confirmation_tag) {
    wire::Writer writer;
    writer.fixed(confirmed);
    writer.vector(confirmation_tag);
    return hash(suite, writer.view());
}

}  // namespace chatmcp::mls
