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

/// The file's name is on disk too.
bool sync_folder_of(const std::filesystem::path& file) {
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    const int descriptor =
        ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);  // NOLINT(*-vararg)
    if (descriptor < 0) {
        return false;
    }
    // A folder on a file system that cannot be synchronised (EINVAL) loses nothing by it.
    const bool synchronised = ::fsync(descriptor) == 0 || errno == EINVAL;
    return ::close(descriptor) == 0 && synchronised;
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

Result<void> create_file(const std::filesystem::path& file, ByteView content, unsigned mode) {
    const int descriptor =
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);  // NOLINT(*-vararg)
    if (descriptor < 0) {
        return errno == EEXIST ? fail(Errc::already_exists, "CLI-13") : fail(Errc::io, "CLI-12");
    }
    const bool written = write_all(descriptor, content);
    const bool closed = ::close(descriptor) == 0;
    if (!written || !closed || !sync_folder_of(file)) {
        static_cast<void>(::unlink(file.c_str()));
        return fail(Errc::io, "CLI-12");
    }
    return {};
}

Result<void> write_file(const std::filesystem::path& file, ByteView content, unsigned mode) {
    // Made anew, so that neither a link nor somebody's file of that name is written through.
    const std::string temporary = file.string() + ".new-" + std::to_string(::getpid());
    static_cast<void>(::unlink(temporary.c_str()));
    if (!create_file(temporary, content, mode).has_value()) {
        return fail(Errc::io, "CLI-12");
    }
    if (::rename(temporary.c_str(), file.c_str()) != 0) {
        static_cast<void>(::unlink(temporary.c_str()));
        return fail(Errc::io, "CLI-12");
    }
    return sync_folder_of(file) ? Result<void>() : fail(Errc::io, "CLI-12");
}

}  // namespace chatmcp::cli
