#include "store/key_file.h"

#include <cerrno>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"

namespace chatmcp::store {
namespace {

constexpr std::size_t kSeedBytes = 32;

Error error_of_system(int reason) {
    if (reason == ENOSPC || reason == EDQUOT) {
        return {Errc::resource_exhausted, "STO-03"};
    }
    return {Errc::storage, "STO-11"};
}

/// A descriptor that closes itself.
class File {
  public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    [[nodiscard]] int get() const { return descriptor_; }

  private:
    int descriptor_;
};

Result<std::optional<SecretBytes>> load(const std::string& path) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0) {
        return errno == ENOENT ? Result<std::optional<SecretBytes>>(std::nullopt)
                               : fail(error_of_system(errno));
    }
    struct ::stat status{};
    if (::fstat(file.get(), &status) != 0) {
        return fail(error_of_system(errno));
    }
    if (!S_ISREG(status.st_mode) || status.st_size != static_cast<::off_t>(kSeedBytes)) {
        return fail(Errc::storage_corrupt, "STO-16");
    }
    if ((status.st_mode & 0077) != 0 || status.st_uid != ::geteuid()) {
        return fail(Errc::permission_denied, "STO-17");
    }
    SecretBytes seed(kSeedBytes);
    if (::read(file.get(), seed.mutable_view().data(), kSeedBytes) !=
        static_cast<::ssize_t>(kSeedBytes)) {
        return fail(error_of_system(errno));
    }
    return std::optional<SecretBytes>(std::move(seed));
}

Result<void> sync_folder(const std::string& path) {
    const auto folder = std::filesystem::path(path).parent_path();
    const File directory(
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory.get() >= 0 && ::fsync(directory.get()) == 0 ? Result<void>{}
                                                                 : fail(error_of_system(errno));
}

}  // namespace

Result<SecretBytes> load_or_create_seed(const std::string& path, crypto::Random& random) {
    CHATMCP_TRY(auto existing, load(path));
    if (existing.has_value()) {
        return *std::move(existing);
    }
    // Written whole under another name first: a seed that is cut short would never be noticed.
    const std::string temporary = path + "." + to_hex(random.array<8>());
    {
        const File file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (file.get() < 0) {
            return fail(error_of_system(errno));
        }
        const SecretBytes seed = random.secret(kSeedBytes);
        if (::write(file.get(), seed.view().data(), kSeedBytes) !=
                static_cast<::ssize_t>(kSeedBytes) ||
            ::fsync(file.get()) != 0) {
            const Error error = error_of_system(errno);
            ::unlink(temporary.c_str());
            return fail(error);
        }
    }
    // A link never replaces: whoever comes first decides the seed.
    const bool linked = ::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST;
    const int reason = errno;
    ::unlink(temporary.c_str());
    if (!linked) {
        return fail(error_of_system(reason));
    }
    CHATMCP_TRY_VOID(sync_folder(path));
    CHATMCP_TRY(auto made, load(path));
    if (!made.has_value()) {
        return fail(Errc::storage, "STO-11");
    }
    return *std::move(made);
}

}  // namespace chatmcp::store
