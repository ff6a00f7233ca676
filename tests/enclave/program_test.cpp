// The program itself, as an ordinary process.
#include <array>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

namespace chatmcp::testing {
namespace {

struct Ended {
    int code = -1;
    std::string errors;
};

/// Run chatmcp-enclave with nothing but the standard descriptors; its input is empty.
Ended run(const std::vector<std::string>& arguments) {
    std::array<int, 2> errors{};
    CHATMCP_CHECK(::pipe2(errors.data(), O_CLOEXEC) == 0);
    std::vector<std::string> words = {CHATMCP_ENCLAVE_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    const ::pid_t process = ::fork();
    CHATMCP_CHECK(process >= 0);
    if (process == 0) {
        const int nothing = ::open("/dev/null", O_RDWR);
        ::dup2(nothing, STDIN_FILENO);
        ::dup2(nothing, STDOUT_FILENO);
        ::dup2(errors[1], STDERR_FILENO);
        ::close_range(STDERR_FILENO + 1, ~0U, 0);
        ::execv(pointers[0], pointers.data());
        ::_exit(127);
    }
    ::close(errors[1]);
    Ended ended;
    std::array<char, 256> block{};
    for (::ssize_t size = 0; (size = ::read(errors[0], block.data(), block.size())) > 0;) {
        ended.errors.append(block.data(), static_cast<std::size_t>(size));
    }
    ::close(errors[0]);
    int status = 0;
    CHATMCP_CHECK(::waitpid(process, &status, 0) == process);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return ended;
}

constexpr int kFailed = 4;

TEST(EnclaveProgram, OutsideItsSandboxItSaysThatThereIsNoDoor) {
    const Ended ended = run({});
    EXPECT_EQ(ended.code, kFailed);
    EXPECT_EQ(ended.errors, "chatmcp-enclave: ENC-30\n");
}

TEST(EnclaveProgram, AReplayWithoutItsFilesIsRefused) {
    const Ended ended = run({"--replay", "/no/such/model", "/no/such/configuration"});
    EXPECT_EQ(ended.code, kFailed);
    EXPECT_EQ(ended.errors, "chatmcp-enclave: ENC-30\n");
}

TEST(EnclaveProgram, AReplayOfWhatIsTooLargeIsRefused) {
    const Ended ended = run({"--replay", "/no/such/model", "/dev/zero"});
    EXPECT_EQ(ended.code, kFailed);
    EXPECT_EQ(ended.errors, "chatmcp-enclave: ENC-31\n");
}

}  // namespace
}  // namespace chatmcp::testing
