#include "store/store_testing.h"

#include <array>
#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

// For ThreadSanitizer, which asks every program: RocksDB comes without its instrumentation, so what
// happens inside it looks unsynchronised. Nobody calls this elsewhere.
extern "C" const char* __tsan_default_suppressions();   // NOLINT(*-identifier*)
extern "C" const char* __tsan_default_suppressions() {  // NOLINT(*-identifier*)
    return "called_from_lib:librocksdb.so\nrace:librocksdb.so\n";
}

namespace chatmcp::store {
namespace {

constexpr int kNotPossible = 77;

bool write_text(const char* path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.flush();
    return file.good();
}

// Own mounts: at once for root, else in a user namespace where this user is root.
bool own_mounts() {
    if (::geteuid() == 0) {
        if (::unshare(CLONE_NEWNS) != 0) {
            return false;
        }
    } else {
        const std::string user = std::to_string(::geteuid());
        const std::string group = std::to_string(::getegid());
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
            !write_text("/proc/self/setgroups", "deny") ||
            !write_text("/proc/self/uid_map", "0 " + user + " 1") ||
            !write_text("/proc/self/gid_map", "0 " + group + " 1")) {
            return false;
        }
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "chatmcp-test-XXXXXX").string();
    CHATMCP_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

ChildOutcome in_child_process(const std::function<void()>& body) {
    static_cast<void>(std::fflush(nullptr));
    const ::pid_t child = ::fork();
    CHATMCP_CHECK(child >= 0);
    if (child == 0) {
        body();
        static_cast<void>(std::fflush(nullptr));
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    CHATMCP_CHECK(::waitpid(child, &status, 0) == child);
    return status == 0 ? ChildOutcome::passed : ChildOutcome::failed;
}

ChildOutcome in_small_filesystem(const std::string& folder,
                                 std::size_t size_bytes,
                                 const std::function<void()>& body) {
    static_cast<void>(std::fflush(nullptr));
    const ::pid_t child = ::fork();
    CHATMCP_CHECK(child >= 0);
    if (child == 0) {
        const std::string options = "mode=0700,size=" + std::to_string(size_bytes);
        if (!own_mounts() || ::mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) != 0) {
            ::_exit(kNotPossible);
        }
        body();
        static_cast<void>(std::fflush(nullptr));
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    CHATMCP_CHECK(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNotPossible) {
        return ChildOutcome::not_possible_here;
    }
    return status == 0 ? ChildOutcome::passed : ChildOutcome::failed;
}

void fill_disk(const std::string& folder, std::string_view name) {
    const std::string path = (std::filesystem::path(folder) / name).string();
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHATMCP_CHECK(file >= 0);
    static constexpr std::array<char, 4096> kPage{};
    while (::write(file, kPage.data(), kPage.size()) > 0) {
    }
    ::close(file);
}

void fill_disk_but(const std::string& folder, std::string_view name, std::uint64_t free_bytes) {
    fill_disk(folder, name);
    const auto path = std::filesystem::path(folder) / name;
    const auto size = std::filesystem::file_size(path);
    CHATMCP_CHECK(size > free_bytes);
    std::filesystem::resize_file(path, size - free_bytes);
}

}  // namespace chatmcp::store
