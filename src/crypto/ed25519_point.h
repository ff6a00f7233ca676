#pragma once

#include "base/bytes.h"

namespace chatmcp::crypto {

/// Whether 32 bytes decode to a point of Ed25519's curve. Solana derives the addresses of programs
/// so that they do not: what is no point has no private key.
///
/// Precondition (checked): 32 bytes. They are public; the time depends on them.
/// Spec: RFC 8032 section 5.1.3, as Solana's validators read it (curve25519-dalek): the highest bit
///       is the sign of x and the rest y modulo p, so that y at or above p and x = 0 with a sign
///       are points too.
/// Cost: one exponentiation modulo p.
[[nodiscard]] bool is_ed25519_point(ByteView encoded);

}  // namespace chatmcp::crypto
