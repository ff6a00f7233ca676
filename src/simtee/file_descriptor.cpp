#include "simtee/file_descriptor.h"

#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace chatmcp::simtee {

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

FileDescriptor::~FileDescriptor() {
    close();
}

void FileDescriptor::close() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

Result<SocketPair> SocketPair::make() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return fail(Errc::io, "TEE-41");
    }
    return SocketPair{.ours = FileDescriptor(ends[0]), .theirs = FileDescriptor(ends[1])};
}

Result<void> check_is_local_stream(int fd) {
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof(int);
    if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) {
        return fail(Errc::invalid_argument, "TEE-40");
    }
    size = sizeof(int);
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
        return fail(Errc::invalid_argument, "TEE-40");
    }
    return {};
}

}  // namespace chatmcp::simtee
