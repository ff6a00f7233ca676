#pragma once

#include <vector>

#include "base/bytes.h"
#include "wire/content.h"

namespace chatmcp::client {

/// Root of the Merkle tree over these leaves, in their order. Spec: RFC 9162 section 2.1.1,
/// SHA-256; the tree without leaves has the hash of nothing. Cost: O(leaves) hashes, no recursion.
[[nodiscard]] wire::Digest merkle_root(const std::vector<wire::Digest>& leaves);

/// One model call as a receipt's prompts_root commits to it: HMAC-SHA-256(keys.prompts, opaque
/// prompt<V>; opaque output<V>). Whoever has the prompt and runs it again finds out whether the
/// output was the same, and nobody else learns anything.
[[nodiscard]] wire::Digest call_commitment(const wire::CommitmentKeys& keys,
                                           ByteView prompt,
                                           ByteView output);

}  // namespace chatmcp::client
