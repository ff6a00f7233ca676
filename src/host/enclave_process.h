#pragma once

#include <string>

#include <sys/types.h>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::host {

struct EnclavePaths {
    std::string simtee;
    std::string program;
    std::string model;
    std::string configuration;
};

/// The launcher as a child process, with our end of the door. The enclave ends with it.
class EnclaveProcess {
  public:
    /// Errors: io (HST-02) it cannot be started, or ended before its program ran; its own messages
    ///         are on standard error.
    [[nodiscard]] static Result<EnclaveProcess> start(const EnclavePaths& paths);
    EnclaveProcess(EnclaveProcess&& other) noexcept;
    EnclaveProcess& operator=(EnclaveProcess&&) = delete;
    EnclaveProcess(const EnclaveProcess&) = delete;
    EnclaveProcess& operator=(const EnclaveProcess&) = delete;
    /// Ends what still runs.
    ~EnclaveProcess();

    [[nodiscard]] int door() const { return door_; }
    /// Fingerprint of the development root, as the launcher printed it.
    [[nodiscard]] const std::string& root_fingerprint() const { return root_; }

    /// Errors: io (HST-05) the door is closed.
    [[nodiscard]] Result<void> send(ByteView frame) const;

  private:
    EnclaveProcess(pid_t pid, int door, std::string root)
        : pid_(pid), door_(door), root_(std::move(root)) {}

    pid_t pid_ = -1;
    int door_ = -1;
    std::string root_;
};

}  // namespace chatmcp::host
