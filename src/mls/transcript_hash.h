#pragma once

#include "mls/framing.h"

namespace chatmcp::mls {

/// Spec: RFC 9420 section 8.2.

/// ConfirmedTranscriptHashInput is wire format, content and signature of the commit.
[[nodiscard]] Hash confirmed_transcript_hash(CipherSuite suite,
                                             ByteView interim_before,
                                             const AuthenticatedContent& commit);
[[nodiscard]] Hash interim_transcript_hash(CipherSuite suite,
                                           ByteView confirmed,
                                           ByteView confirmation_tag);

}  // namespace chatmcp::mls
