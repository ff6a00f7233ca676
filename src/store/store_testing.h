#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace chatmcp::store {

/// A folder of its own under the system's temporary folder, removed at the end. For tests.
class TemporaryFolder {
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    [[nodiscard]] std::string path() const { return path_.string(); }
    [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

enum class ChildOutcome { passed, failed, not_possible_here };

/// Runs `body` in a child process, so that threads it starts are not this one's: a program with
/// threads that forks again is beyond ThreadSanitizer. The child fails if an expectation in it
/// fails.
[[nodiscard]] ChildOutcome in_child_process(const std::function<void()>& body);

/// Runs `body` in a child process that has a file system of `size_bytes` of its own mounted on
/// `folder`, and nothing else of it shared. The child fails if an expectation in it fails.
/// not_possible_here: this machine forbids user namespaces.
[[nodiscard]] ChildOutcome in_small_filesystem(const std::string& folder,
                                               std::size_t size_bytes,
                                               const std::function<void()>& body);

/// Fills the file system of `folder` with the file `name` until nothing more goes in.
void fill_disk(const std::string& folder, std::string_view name);
/// The same, and gives back `free_bytes` of it.
void fill_disk_but(const std::string& folder, std::string_view name, std::uint64_t free_bytes);

}  // namespace chatmcp::store
