#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::tee {

/// What a measured program must do about itself before it reads a key: exec undoes what a launcher
/// could set for it.
///
/// Makes the process not dumpable (no core, no ptrace and no /proc/PID/mem by the same user) and
/// checks that it took effect and that core dumps are off.
///
/// Errors: internal (TEE-17) the process can still be dumped; (TEE-18) its core limit is not zero.
[[nodiscard]] Result<void> harden_process();

/// A sealed memory file that the launcher gave: it cannot change any more, whoever has it open.
///
/// Errors: io (TEE-19) no such descriptor, or not readable; untrusted_identity (TEE-20) it is not
///         sealed against writing, growing and shrinking, so what was measured may not be what is
///         read.
[[nodiscard]] Result<void> check_sealed(int fd);

/// The whole content of a sealed memory file, read from its beginning.
/// Errors: as check_sealed; too_large (TEE-21).
[[nodiscard]] Result<Bytes> read_sealed(int fd, std::size_t max_bytes);

}  // namespace chatmcp::tee
