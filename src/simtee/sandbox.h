#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "simtee/file_descriptor.h"
#include "simtee/sandbox_child.h"

namespace chatmcp::simtee {

/// User and group inside the sandbox.
inline constexpr unsigned kInnerId = 1000;
/// Whom they are on the host when root is the launcher: nobody.
inline constexpr unsigned kNobodyId = 65534;

/// One program in a world without files, network, environment and privileges.
///
/// In two steps, so that the launcher reads its secrets between them: after the last moment at
/// which another process of the same user could look into it, and before the program asks for
/// anything.
class Sandbox {
  public:
    Sandbox(Sandbox&&) noexcept = default;
    Sandbox& operator=(Sandbox&&) noexcept = delete;
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;
    /// Ends the program.
    ~Sandbox();

    /// A child in namespaces of its own, which waits. `inputs` are borrowed until release returns.
    ///
    /// Errors: internal (TEE-30) the kernel gives no user namespace, see namespace_advice; (TEE-31)
    ///         no user mapping; (TEE-32) a namespace that is not its own; (TEE-37), (TEE-41).
    [[nodiscard]] static Result<Sandbox> prepare(const SandboxInputs& inputs);

    /// Let it build its walls and run. Returns the layers (wire::SandboxLayer) that stand, as the
    /// kernel shows them from outside once the program runs; all of kRequiredSandboxLayers or an
    /// error.
    ///
    /// Errors: internal (TEE-33..38) the step that failed; (TEE-39) a wall that the kernel does not
    ///         show.
    [[nodiscard]] Result<std::uint32_t> release();

    /// Readable once the program has ended.
    [[nodiscard]] int process_descriptor() const { return process_.get(); }
    [[nodiscard]] pid_t process_id() const { return pid_; }
    /// Waits for the end. Its exit status, or 128 and the number of the signal.
    [[nodiscard]] int wait();
    void kill() const;
    /// errno of the step that failed, for the message.
    [[nodiscard]] int error_number() const { return error_number_; }

  private:
    Sandbox() = default;

    FileDescriptor process_;
    FileDescriptor go_;
    FileDescriptor report_;
    pid_t pid_ = -1;
    int error_number_ = 0;
};

/// Which setting of this machine forbids user namespaces, and how to change it: lines for people,
/// empty when none of the known ones does. `sys` is "/proc/sys".
[[nodiscard]] std::string namespace_advice(const std::string& sys);

/// No swap at this moment. `proc` is "/proc". False when it cannot be read.
[[nodiscard]] bool host_is_without_swap(const std::string& proc);

}  // namespace chatmcp::simtee
