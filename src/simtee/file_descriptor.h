#pragma once

#include "base/result.h"

namespace chatmcp::simtee {

/// Owns one open descriptor and closes it.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept;
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor();

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }
    void close();

  private:
    int fd_ = -1;
};

/// Two connected stream sockets, closed on exec.
struct SocketPair {
    FileDescriptor ours;
    FileDescriptor theirs;
    /// Errors: io (TEE-41).
    [[nodiscard]] static Result<SocketPair> make();
};

/// The descriptor is a connected stream socket of this machine, as the door must be: a file or
/// device there would be a hole in the sandbox. Errors: invalid_argument (TEE-40).
[[nodiscard]] Result<void> check_is_local_stream(int fd);

}  // namespace chatmcp::simtee
