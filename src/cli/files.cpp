#include "cli/files.h"

#include <cerrno>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace chatmcp::cli {

namespace {

constexpr std::size_t kBlockBytes = std::size_t{64} * 1024;

Result<Bytes> read_all(int descriptor, std::size_t max_bytes) {
    Bytes content;
    while (true) {
        const std::size_t before = content.size();
        content.resize(before + kBlockBytes);
        const ssize_t got = ::read(descriptor, content.data() + before, kBlockBytes);
        if (got < 0 && errno == EINTR) {
            content.resize(before);
            continue;
        }
        if (got < 0) {
            return fail(Errc::io, "CLI-10");
        }
        content.resize(before + static_cast<std::size_t>(got));
        if (content.size() > max_bytes) {
            return fail(Errc::too_large, "CLI-11");
        }
        if (got == 0) {
            return content;
        }
    }
}

/// Everything written and on disk, or an error.
bool write_all(int descriptor, ByteView content) {
    while (!content.empty()) {
        const ssize_t put = ::write(descriptor, content.data(), content.size());
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        content = content.subspan(static_cast<std::size_t>(put));
    }
    return ::fsync(descriptor) == 0;
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& file, std::size_t max_bytes) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);  // NOLINT(*-vararg)
    if (descriptor < 0) {
        return fail(Errc::io, "CLI-10");
    }
    auto content = read_all(descriptor, max_bytes);
    static_cast<void>(::close(descriptor));
    return content;
}

Result<Bytes> read_standard_input(std::size_t max_bytes) {
    return read_all(STDIN_FILENO, max_bytes);
}

Result<void> write_file(const std::filesystem::path& file, ByteView content, unsigned mode) {
    const std::string temporary = file.string() + ".new-" + std::to_string(::getpid());
    const int descriptor = ::open(
        temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);  // NOLINT(*-vararg)
    if (descriptor < 0) {
        return fail(Errc::io, "CLI-12");
    }
    const bool written = write_all(descriptor, content);
    const bool closed = ::close(descriptor) == 0;
    if (!written || !closed || ::rename(temporary.c_str(), file.c_str()) != 0) {
        static_cast<void>(::unlink(temporary.c_str()));
        return fail(Errc::io, "CLI-12");
    }
    return {};
}

Result<void> create_file(const std::filesystem::path& file, ByteView content, unsigned mode) {
    const int descriptor =
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);  // NOLINT(*-vararg)
    if (descriptor < 0) {
        return errno == EEXIST ? fail(Errc::already_exists, "CLI-13") : fail(Errc::io, "CLI-12");
    }
    const bool written = write_all(descriptor, content);
    const bool closed = ::close(descriptor) == 0;
    if (!written || !closed) {
        static_cast<void>(::unlink(file.c_str()));
        return fail(Errc::io, "CLI-12");
    }
    return {};
}

}  // namespace chatmcp::cli
