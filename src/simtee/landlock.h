#pragma once

#include <cstdint>

#include "base/result.h"

namespace chatmcp::simtee {

/// Landlock rules that allow nothing: a second wall that does not depend on the mount and network
/// namespaces.
///
/// Returns the layers of wire::SandboxLayer that this kernel gave, none where it has no Landlock.
/// Irreversible for the process and its children.
/// Errors: internal (TEE-36) the kernel has Landlock and refused the rules.
[[nodiscard]] Result<std::uint32_t> landlock_nothing();

}  // namespace chatmcp::simtee
