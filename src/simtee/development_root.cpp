#include "simtee/development_root.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/kdf.h"
#include "simtee/file_descriptor.h"
#include "wire/quoting.h"
#include "wire/tls.h"

namespace chatmcp::simtee {
namespace {

SecretBytes derive(ByteView secret, std::string_view purpose) {
    const SecretBytes prk = crypto::hkdf_extract(
        crypto::HashId::sha256, as_bytes("ChatMCP development root 1"), secret);
    return crypto::hkdf_expand(crypto::HashId::sha256, prk.view(), as_bytes(purpose), 32);
}

/// Nobody when there is no file.
Result<SecretBytes> read_secret(const std::string& path, bool& exists) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    exists = file.is_open() || errno != ENOENT;
    struct stat status{};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
        return fail(Errc::storage, "TEE-47");
    }
    constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
    if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
        (status.st_mode & kOthers) != 0) {
        return fail(Errc::permission_denied, "TEE-45");
    }
    if (status.st_size != static_cast<off_t>(DevelopmentRoot::kSecretBytes)) {
        return fail(Errc::storage_corrupt, "TEE-46");
    }
    SecretBytes secret(DevelopmentRoot::kSecretBytes);
    if (::read(file.get(), secret.mutable_view().data(), secret.size()) !=
        static_cast<ssize_t>(secret.size())) {
        return fail(Errc::storage, "TEE-47");
    }
    return secret;
}

bool sync_folder(const std::string& folder) {
    const FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory.is_open() && ::fsync(directory.get()) == 0;
}

/// A new secret under its name, whole and durable, or nothing. When another launcher was first, its
/// secret stays.
Result<void> make_secret(const std::string& path, crypto::Random& random) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::error_code error;
    if (!folder.empty() && std::filesystem::create_directories(folder, error)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    const std::string draft = path + "." + std::to_string(::getpid()) + ".new";
    const FileDescriptor file(
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open()) {
        return fail(Errc::storage, "TEE-47");
    }
    const SecretBytes secret = random.secret(DevelopmentRoot::kSecretBytes);
    const bool written = ::write(file.get(), secret.view().data(), secret.size()) ==
                             static_cast<ssize_t>(secret.size()) &&
                         ::fsync(file.get()) == 0;
    const bool linked = written && (::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
    ::unlink(draft.c_str());
    if (!linked || !sync_folder(folder.empty() ? "." : folder.string())) {
        return fail(Errc::storage, "TEE-47");
    }
    return {};
}

}  // namespace

DevelopmentRoot::DevelopmentRoot(crypto::SigningKey signing_key, SecretBytes sealing_secret)
    : signing_key_(std::move(signing_key)), sealing_secret_(std::move(sealing_secret)) {}

Result<DevelopmentRoot> DevelopmentRoot::open_or_make(const std::string& path,
                                                      crypto::Random& random) {
    bool exists = false;
    auto secret = read_secret(path, exists);
    if (!secret.has_value() && !exists) {
        CHATMCP_TRY_VOID(make_secret(path, random));
        secret = read_secret(path, exists);
    }
    if (!secret.has_value()) {
        return fail(secret.error());
    }
    const SecretBytes seed = derive(secret->view(), "signing");
    return DevelopmentRoot(crypto::SigningKey::from_seed(seed.view()),
                           derive(secret->view(), "sealing"));
}

wire::RootFingerprint DevelopmentRoot::fingerprint() const {
    return wire::root_fingerprint(signing_key_.public_key());
}

SecretBytes DevelopmentRoot::sealing_key(const wire::Measurement& measurement,
                                         ByteView context) const {
    wire::Writer info;
    info.fixed(measurement);
    info.vector(context);
    return crypto::hkdf_expand(
        crypto::HashId::sha256, sealing_secret_.view(), info.view(), wire::kSealingKeyBytes);
}

std::string default_root_path() {
    // Read once, before any thread: NOLINTNEXTLINE(concurrency-mt-unsafe)
    if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && state[0] == '/') {
        return std::string(state) + "/chatmcp/development-root";
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
        return std::string(home) + "/.local/state/chatmcp/development-root";
    }
    return {};
}

}  // namespace chatmcp::simtee
