#include "tee/process.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chatmcp::tee {

Result<void> harden_process() {
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return fail(Errc::internal, "TEE-17");
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0) {
        return fail(Errc::internal, "TEE-18");
    }
    return {};
}

Result<void> check_sealed(int fd) {
    constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    const int seals = ::fcntl(fd, F_GET_SEALS);
    if (seals < 0 && errno == EBADF) {
        return fail(Errc::io, "TEE-19");
    }
    if (seals < 0 || (seals & kSeals) != kSeals) {
        return fail(Errc::untrusted_identity, "TEE-20");
    }
    return {};
}

Result<Bytes> read_sealed(int fd, std::size_t max_bytes) {
    CHATMCP_TRY_VOID(check_sealed(fd));
    struct stat status{};
    if (::fstat(fd, &status) != 0 || status.st_size < 0) {
        return fail(Errc::io, "TEE-19");
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > max_bytes) {
        return fail(Errc::too_large, "TEE-21");
    }
    Bytes content(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t received =
            ::pread(fd, content.data() + done, size - done, static_cast<off_t>(done));
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0) {
            return fail(Errc::io, "TEE-19");
        }
        done += static_cast<std::size_t>(received);
    }
    return content;
}

}  // namespace chatmcp::tee
