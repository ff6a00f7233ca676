#include "simtee/measured_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chatmcp::simtee {
namespace {

// linux/memfd.h of kernel 6.3; older kernels refuse the flags, and then everything is executable.
constexpr unsigned kMfdNoExecSeal = 0x0008U;
constexpr unsigned kMfdExec = 0x0010U;
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

enum class Use : std::uint8_t { execute, read };

struct Source {
    FileDescriptor file;
    std::uint64_t size_bytes = 0;
};

Result<Source> open_source(const std::string& path, std::uint64_t max_bytes) {
    // Without O_NONBLOCK a named pipe in the file's place would hold the launcher for ever.
    Source source{FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), 0};
    struct stat status{};
    if (!source.file.is_open() || ::fstat(source.file.get(), &status) != 0 ||
        !S_ISREG(status.st_mode)) {
        return fail(Errc::io, "TEE-42");
    }
    source.size_bytes = static_cast<std::uint64_t>(status.st_size);
    if (source.size_bytes > max_bytes) {
        return fail(Errc::too_large, "TEE-43");
    }
    return source;
}

Result<FileDescriptor> memory_file(const char* name, Use use) {
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    FileDescriptor file(
        ::memfd_create(name, flags | (use == Use::execute ? kMfdExec : kMfdNoExecSeal)));
    if (!file.is_open() && errno == EINVAL) {
        file = FileDescriptor(::memfd_create(name, flags));
    }
    if (!file.is_open()) {
        return fail(Errc::io, "TEE-41");
    }
    return file;
}

/// The file's content in a memory file that nobody can change any more.
Result<FileDescriptor> sealed_copy(const Source& source, const char* name, Use use) {
    CHATMCP_TRY(FileDescriptor copy, memory_file(name, use));
    std::uint64_t left = source.size_bytes;
    while (left > 0) {
        constexpr std::uint64_t kPieceBytes = std::uint64_t{64} * 1024 * 1024;
        const ssize_t moved = ::sendfile(copy.get(),
                                         source.file.get(),
                                         nullptr,
                                         static_cast<std::size_t>(std::min(left, kPieceBytes)));
        if (moved < 0 && errno == EINTR) {
            continue;
        }
        if (moved <= 0) {
            // Zero: the file became shorter while it was read.
            return fail(Errc::io, "TEE-42");
        }
        left -= static_cast<std::uint64_t>(moved);
    }
    // A program that may be executed but not read is not dumpable from its first instruction on:
    // the kernel would show what may not be read. The others are opened anew for reading, because
    // the descriptor at hand can write.
    if (use == Use::execute) {
        if (::fchmod(copy.get(), S_IXUSR | S_IXGRP | S_IXOTH) != 0 ||
            ::fcntl(copy.get(), F_ADD_SEALS, kSeals) != 0) {
            return fail(Errc::io, "TEE-41");
        }
        return copy;
    }
    const std::string self = "/proc/self/fd/" + std::to_string(copy.get());
    FileDescriptor read_only(::open(self.c_str(), O_RDONLY | O_CLOEXEC));
    if (!read_only.is_open() || ::fcntl(copy.get(), F_ADD_SEALS, kSeals) != 0) {
        return fail(Errc::io, "TEE-41");
    }
    return read_only;
}

/// A file's bytes, mapped.
class Mapping {
  public:
    Mapping(int fd, std::size_t size_bytes) : size_bytes_(size_bytes) {
        address_ = ::mmap(nullptr, size_bytes, PROT_READ, MAP_SHARED, fd, 0);
        if (is_mapped()) {
            static_cast<void>(::madvise(address_, size_bytes_, MADV_SEQUENTIAL));
        }
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (is_mapped()) {
            ::munmap(address_, size_bytes_);
        }
    }
    [[nodiscard]] bool is_mapped() const { return address_ != MAP_FAILED; }
    [[nodiscard]] ByteView view() const {
        return {static_cast<const std::uint8_t*>(address_), size_bytes_};
    }

  private:
    void* address_ = nullptr;
    std::size_t size_bytes_;
};

/// Digest of a sealed copy, so of bytes that cannot change under it.
Result<crypto::Sha256Digest> digest_of_sealed(int fd, std::uint64_t size_bytes) {
    if (size_bytes == 0) {
        return crypto::sha256(ByteView{});
    }
    const Mapping mapping(fd, static_cast<std::size_t>(size_bytes));
    if (!mapping.is_mapped()) {
        return fail(Errc::io, "TEE-41");
    }
    return crypto::sha256(mapping.view());
}

/// Digest of a file of the host, which may change under it: read, never mapped.
Result<crypto::Sha256Digest> digest_of_source(const Source& source) {
    crypto::Sha256 hash;
    Bytes piece(std::size_t{1024} * 1024);
    std::uint64_t left = source.size_bytes;
    while (left > 0) {
        const ssize_t received =
            ::read(source.file.get(),
                   piece.data(),
                   static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size())));
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0) {
            return fail(Errc::io, "TEE-42");
        }
        hash.update(ByteView(piece).first(static_cast<std::size_t>(received)));
        left -= static_cast<std::uint64_t>(received);
    }
    return hash.finish();
}

/// A 64-bit ELF program that asks for no interpreter: in the sandbox there is none to be found.
Result<void> check_static_elf(int fd) {
    const auto read_at = [fd](void* into, std::size_t size_bytes, std::uint64_t offset) {
        return ::pread(fd, into, size_bytes, static_cast<off_t>(offset)) ==
               static_cast<ssize_t>(size_bytes);
    };
    Elf64_Ehdr header{};
    if (!read_at(&header, sizeof header, 0) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr)) {
        return fail(Errc::unsupported, "TEE-48");
    }
    for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        if (!read_at(&segment, sizeof segment, header.e_phoff + i * sizeof segment) ||
            segment.p_type == PT_INTERP) {
            return fail(Errc::unsupported, "TEE-48");
        }
    }
    return {};
}

Result<crypto::Sha256Digest> measured_command_line(const std::vector<std::string>& arguments) {
    const bool too_long = std::ranges::any_of(arguments, [](const std::string& argument) {
        return argument.size() > wire::kArgumentMaxBytes;
    });
    if (too_long || arguments.size() > wire::kArgumentsMax) {
        return fail(Errc::too_large, "TEE-44");
    }
    return wire::command_line_digest(arguments);
}

}  // namespace

Result<MeasuredFiles> copy_and_measure(const MeasuredPaths& paths) {
    MeasuredFiles files;
    CHATMCP_TRY(files.digests.command_line, measured_command_line(paths.arguments));

    CHATMCP_TRY(const Source program, open_source(paths.program, kProgramMaxBytes));
    CHATMCP_TRY(files.program, sealed_copy(program, "program", Use::execute));
    CHATMCP_TRY_VOID(check_static_elf(files.program.get()));
    CHATMCP_TRY(files.digests.program, digest_of_sealed(files.program.get(), program.size_bytes));

    CHATMCP_TRY(const Source configuration,
                open_source(paths.configuration, kConfigurationMaxBytes));
    CHATMCP_TRY(files.configuration, sealed_copy(configuration, "configuration", Use::read));
    CHATMCP_TRY(files.digests.configuration,
                digest_of_sealed(files.configuration.get(), configuration.size_bytes));

    CHATMCP_TRY(const Source model, open_source(paths.model, kModelMaxBytes));
    CHATMCP_TRY(files.model, sealed_copy(model, "model", Use::read));
    CHATMCP_TRY(files.digests.model, digest_of_sealed(files.model.get(), model.size_bytes));
    return files;
}

Result<wire::MeasuredDigests> measure(const MeasuredPaths& paths) {
    wire::MeasuredDigests digests;
    CHATMCP_TRY(digests.command_line, measured_command_line(paths.arguments));
    CHATMCP_TRY(const Source program, open_source(paths.program, kProgramMaxBytes));
    CHATMCP_TRY_VOID(check_static_elf(program.file.get()));
    CHATMCP_TRY(digests.program, digest_of_source(program));
    CHATMCP_TRY(const Source configuration,
                open_source(paths.configuration, kConfigurationMaxBytes));
    CHATMCP_TRY(digests.configuration, digest_of_source(configuration));
    CHATMCP_TRY(const Source model, open_source(paths.model, kModelMaxBytes));
    CHATMCP_TRY(digests.model, digest_of_source(model));
    return digests;
}

}  // namespace chatmcp::simtee
