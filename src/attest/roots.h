#pragma once

#include <vector>

#include "base/bytes.h"
#include "crypto/sign.h"

namespace chatmcp::attest {

/// The keys that signature verification starts from, per kind; an argument, so that tests bring
/// their own.
///
/// The simulated platform has no maker whose root could stand here: a quote names its development
/// root, verification proves that this root signed it, and whether anybody trusts that root is the
/// policy's to say. What stands here for it are the roots that nobody may trust.
struct Roots {
    /// Keys whose private half is public (test vectors of standards and of ours). Refused
    /// everywhere, whatever a policy says.
    std::vector<ByteArray<crypto::kEd25519PublicBytes>> published_keys;
    /// Certificate of Intel's root for SGX and TDX, in DER.
    Bytes intel_sgx;
};

/// What programs use.
[[nodiscard]] Roots builtin_roots();

}  // namespace chatmcp::attest
