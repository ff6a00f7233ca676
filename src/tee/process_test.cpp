#include "tee/process.h"

#include <cerrno>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chatmcp::tee {
namespace {

constexpr int kAllSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

int memory_file(ByteView content, int seals) {
    const int fd = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT_GE(fd, 0);
    EXPECT_EQ(::write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    EXPECT_EQ(::fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

/// The check of harden_process in a child, because what it does cannot be undone.
int hardened_child(rlim_t core_limit_max) {
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit limit{0, core_limit_max};
        if (::setrlimit(RLIMIT_CORE, &limit) != 0) {
            ::_exit(99);
        }
        const auto result = harden_process();
        if (result.has_value()) {
            ::_exit(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 98);
        }
        ::_exit(result.error() == (Error{Errc::internal, "TEE-18"}) ? 18 : 97);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Process, IsNotDumpableAfterwards) {
    EXPECT_EQ(hardened_child(0), 0);
}

// What a launcher of another version might forbid: then the program must not go on.
TEST(Process, ThatStaysDumpableIsRefused) {
    const pid_t child = ::fork();
    if (child == 0) {
        scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
        const scmp_arg_cmp set_dumpable{0, SCMP_CMP_EQ, PR_SET_DUMPABLE, 0};
        if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1, set_dumpable) !=
                0 ||
            ::seccomp_load(filter) != 0) {
            ::_exit(99);
        }
        const auto result = harden_process();
        ::_exit(!result.has_value() && result.error() == Error{Errc::internal, "TEE-17"} ? 17 : 97);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 17) << status;
}

TEST(Process, ACoreLimitThatIsNotZeroIsRefused) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_CORE, &limit), 0);
    if (limit.rlim_max == 0) {
        GTEST_SKIP() << "core dumps are forbidden here for everybody";
    }
    EXPECT_EQ(hardened_child(limit.rlim_max), 18);
}

TEST(SealedFiles, ASealedOneIsReadWhole) {
    const Bytes content(100'000, 7);
    const int fd = memory_file(content, kAllSeals);
    EXPECT_EQ(read_sealed(fd, content.size()).value(), content);
    EXPECT_EQ(read_sealed(fd, content.size()).value(), content) << "reading moves no offset";
    ::close(fd);
}

TEST(SealedFiles, OneWithAMissingSealIsRefused) {
    for (const int missing : {F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_SEAL}) {
        const int fd = memory_file(Bytes(10), kAllSeals & ~missing);
        const auto content = read_sealed(fd, 100);
        ASSERT_FALSE(content.has_value());
        EXPECT_EQ(content.error(), (Error{Errc::untrusted_identity, "TEE-20"}));
        ::close(fd);
    }
    const int ordinary = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(check_sealed(ordinary).error(), (Error{Errc::untrusted_identity, "TEE-20"}));
    ::close(ordinary);
}

TEST(SealedFiles, ADescriptorThatIsNotOpenIsRefused) {
    EXPECT_EQ(check_sealed(-1).error(), (Error{Errc::io, "TEE-19"}));
}

TEST(SealedFiles, OneAboveTheLimitIsRefused) {
    const int fd = memory_file(Bytes(101), kAllSeals);
    EXPECT_EQ(read_sealed(fd, 100).error(), (Error{Errc::too_large, "TEE-21"}));
    ::close(fd);
}

}  // namespace
}  // namespace chatmcp::tee
