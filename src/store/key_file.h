#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/random.h"

namespace chatmcp::store {

/// The 32-byte seed in the file, which is for its owner only; made from `random` if there is none.
///
/// Two processes that start at once get the same seed. What is returned is durable.
/// Errors: storage_corrupt (STO-16) not 32 bytes, or not a plain file; permission_denied (STO-17)
///         others can read or write it; resource_exhausted (STO-03), storage (STO-11).
[[nodiscard]] Result<SecretBytes> load_or_create_seed(const std::string& path,
                                                      crypto::Random& random);

}  // namespace chatmcp::store
