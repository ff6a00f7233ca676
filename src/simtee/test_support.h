#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/result.h"
#include "simtee/measured_files.h"

namespace chatmcp::simtee::testing {

/// A folder of its own for one test, gone afterwards. Others may enter it: tests start programs as
/// another user.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "chatmcp-simtee-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
        std::filesystem::permissions(path_, std::filesystem::perms(0755));
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }
    std::string write(std::string_view name, std::string_view content) const {
        std::ofstream(file(name), std::ios::binary) << content;
        return file(name);
    }

  private:
    std::filesystem::path path_;
};

/// The probe, a model and a configuration that are good, in a folder of their own.
struct MeasuredExample {
    MeasuredExample() {
        std::filesystem::copy_file(CHATMCP_PROBE, folder.file("program"));
        paths = {.program = folder.file("program"),
                 .model = folder.write("model", std::string(3'000'000, 'm')),
                 .configuration = folder.write("configuration", "{}"),
                 .arguments = {"serve", "--fast"}};
    }

    TemporaryFolder folder;
    MeasuredPaths paths;
};

/// The check id of a refusal, or "ok".
template <class T>
std::string check_of(const Result<T>& result) {
    return result.has_value() ? "ok" : result.error().check;
}

/// What `body` returns in a process of its own, for what cannot be undone: filters, limits,
/// capabilities.
inline std::string in_child(const std::function<std::string()>& body) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string said = body();
        const bool sent =
            ::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
        ::_exit(sent ? 0 : 1);
    }
    ::close(ends[1]);
    std::string said;
    char buffer[256];
    for (ssize_t size = 0; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        said.append(buffer, static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    return said;
}

}  // namespace chatmcp::simtee::testing
