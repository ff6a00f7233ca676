#pragma once

#include <memory>

#include "base/result.h"

namespace chatmcp::simtee {

/// The number at which the sandbox holds the program for its one exec; closed by that exec.
inline constexpr int kProgramFd = 60;

/// The list of system calls that the measured program may make, with their arguments where these
/// matter; all others are refused with EPERM. No open, socket, fork, exec (but the one of
/// kProgramFd), sendmsg (so no descriptor passes the door), and no mapping that can be executed.
class SystemCallList {
  public:
    /// Made before the fork, because it allocates. Errors: internal (TEE-37).
    [[nodiscard]] static Result<SystemCallList> make();

    /// Irreversible for the process and its children; needs no_new_privs. Errors: internal
    /// (TEE-37).
    [[nodiscard]] Result<void> load() const;

  private:
    using Filter = std::unique_ptr<void, void (*)(void*)>;
    explicit SystemCallList(Filter filter) : filter_(std::move(filter)) {}

    Filter filter_;
};

}  // namespace chatmcp::simtee
