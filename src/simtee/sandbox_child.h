#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "base/errc.h"
#include "simtee/system_calls.h"

namespace chatmcp::simtee {

/// Descriptors that become the program's; borrowed.
struct SandboxInputs {
    int door = -1;           // Becomes tee::kDoorFd.
    int quoting = -1;        // Becomes tee::kQuotingFd.
    int model = -1;          // Becomes tee::kModelFd.
    int configuration = -1;  // Becomes tee::kConfigurationFd.
    int program = -1;        // Is executed and closed.
    std::span<const std::string> arguments;
};

/// What the child of the launcher says before it becomes the program, over a pipe that the exec
/// closes: a failure, or which optional layers it has put up.
struct ChildReport {
    std::uint32_t failed = 0;  // 1: `check` and `error_number` say what.
    std::uint32_t layers = 0;
    std::int32_t error_number = 0;
    char check[8] = {};  // "TEE-33"
};
static_assert(std::is_trivially_copyable_v<ChildReport>);

/// The child's whole life: waits for one byte on `go`, builds the walls around itself and executes
/// the program. Every step that fails ends it with a report.
///
/// Checks: TEE-33 (root), TEE-34 (descriptors), TEE-35 (limits), TEE-36 (privileges, Landlock),
///         TEE-37 (system calls), TEE-38 (exec).
[[noreturn]] void become_program(const SandboxInputs& inputs,
                                 const SystemCallList& system_calls,
                                 int go,
                                 int report);

}  // namespace chatmcp::simtee
