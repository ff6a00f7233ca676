#include "simtee/sandbox_child.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "simtee/landlock.h"
#include "simtee/sandbox.h"
#include "tee/simulated_platform.h"

namespace chatmcp::simtee {
namespace {

constexpr int kHoldFdsFrom = 100;  // Where descriptors wait until their numbers are free.
constexpr rlim_t kOpenFilesMax = 64;
constexpr rlim_t kThreadsMax = 512;
constexpr rlim_t kFileBytesMax =
    rlim_t{1} * 1024 * 1024;  // Secret memory for keys counts as a file.
constexpr rlim_t kStackBytes = rlim_t{8} * 1024 * 1024;
constexpr unsigned long kCapabilityLast = 63;  // Above every capability that a kernel has.
constexpr const char* kProgramName = "chatmcp-enclave";

/// Says what failed and ends.
class Reporter {
  public:
    explicit Reporter(int fd) : fd_(fd) {}

    [[noreturn]] void fail(const char* check) const {
        ChildReport report;
        report.failed = 1;
        report.error_number = errno;
        std::strncpy(report.check, check, sizeof report.check - 1);
        send(report);
        ::_exit(125);
    }
    void need(bool done, const char* check) const {
        if (!done) {
            fail(check);
        }
    }
    void succeed(std::uint32_t layers) const {
        ChildReport report;
        report.layers = layers;
        send(report);
    }
    [[nodiscard]] int fd() const { return fd_; }
    void move_to(int fd) { fd_ = fd; }

  private:
    void send(const ChildReport& report) const {
        if (::write(fd_, &report, sizeof report) != static_cast<ssize_t>(sizeof report)) {
            ::_exit(125);
        }
    }
    int fd_;
};

void wait_for_go(int go, const Reporter& reporter) {
    char byte = 0;
    reporter.need(::read(go, &byte, 1) == 1, "TEE-36");
    // Another user than the launcher's root: exec then drops every capability of the namespace.
    reporter.need(::syscall(SYS_setresgid, kInnerId, kInnerId, kInnerId) == 0, "TEE-36");
    reporter.need(::syscall(SYS_setresuid, kInnerId, kInnerId, kInnerId) == 0, "TEE-36");
    // After the change of user, which clears it. If the launcher died before, its end of the pipe
    // is closed already.
    reporter.need(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, "TEE-36");
    pollfd launcher{.fd = go, .events = 0, .revents = 0};
    reporter.need(::poll(&launcher, 1, 0) == 0, "TEE-36");
}

/// What a process inherits and nobody measures: signals that are ignored or blocked, a personality
/// that makes readable memory executable, the session, the mask for new files.
void reset_inherited_state(const Reporter& reporter) {
    for (int signal = 1; signal < NSIG; ++signal) {
        static_cast<void>(::signal(signal, SIG_DFL));
    }
    sigset_t none;
    ::sigemptyset(&none);
    reporter.need(::pthread_sigmask(SIG_SETMASK, &none, nullptr) == 0, "TEE-36");
    reporter.need(::personality(PER_LINUX) != -1, "TEE-36");
    ::umask(077);
    static_cast<void>(::setsid());
    static_cast<void>(::sethostname("enclave", 7));
}

/// /dev/null of the host, which leaves nowhere to read from or write to.
int open_null(const Reporter& reporter) {
    constexpr unsigned kNullMajor = 1;
    constexpr unsigned kNullMinor = 3;
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    struct stat status{};
    reporter.need(null >= 0 && ::fstat(null, &status) == 0 && S_ISCHR(status.st_mode) &&
                      status.st_rdev == makedev(kNullMajor, kNullMinor),
                  "TEE-34");
    return null;
}

// A descriptor's copy at a number that no other step uses.
int hold(int fd, const Reporter& reporter) {
    const int held = ::fcntl(fd, F_DUPFD_CLOEXEC, kHoldFdsFrom);
    reporter.need(held >= 0, "TEE-34");
    return held;
}

/// Descriptors 0 to 6 as documented, the program at its number, the report at the one after it, and
/// nothing else.
void arrange_descriptors(const SandboxInputs& inputs, int null, Reporter& reporter) {
    constexpr int kReportFd = kProgramFd + 1;
    const int held_null = hold(null, reporter);
    const int held[] = {held_null,
                        held_null,
                        held_null,
                        hold(inputs.door, reporter),
                        hold(inputs.quoting, reporter),
                        hold(inputs.model, reporter),
                        hold(inputs.configuration, reporter)};
    static_assert(tee::kDoorFd == 3 && tee::kQuotingFd == 4 && tee::kModelFd == 5 &&
                  tee::kConfigurationFd == 6);
    const int held_program = hold(inputs.program, reporter);
    const int held_report = hold(reporter.fd(), reporter);
    reporter.move_to(held_report);
    for (int number = 0; number < static_cast<int>(std::size(held)); ++number) {
        reporter.need(::dup2(held[number], number) == number, "TEE-34");
    }
    reporter.need(::dup3(held_program, kProgramFd, O_CLOEXEC) == kProgramFd, "TEE-34");
    reporter.need(::dup3(held_report, kReportFd, O_CLOEXEC) == kReportFd, "TEE-34");
    reporter.move_to(kReportFd);
    reporter.need(::close_range(static_cast<unsigned>(std::size(held)), kProgramFd - 1, 0) == 0 &&
                      ::close_range(kReportFd + 1, ~0U, 0) == 0,
                  "TEE-34");
}

/// A root directory that is an empty read-only file system; the host's is gone.
void make_empty_root(const Reporter& reporter) {
    constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    reporter.need(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "TEE-33");
    reporter.need(::mount("none", "/tmp", "tmpfs", kFlags, "size=4k,nr_inodes=2,mode=0555") == 0,
                  "TEE-33");
    reporter.need(::chdir("/tmp") == 0, "TEE-33");
    // The old root lands on top of the new one and is taken away (pivot_root(2), "pivot_root(".",
    // ".")").
    reporter.need(::syscall(SYS_pivot_root, ".", ".") == 0, "TEE-33");
    reporter.need(::umount2(".", MNT_DETACH) == 0, "TEE-33");
    reporter.need(::chdir("/") == 0, "TEE-33");
    reporter.need(
        ::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kFlags, nullptr) == 0,
        "TEE-33");
}

void set_limits(const Reporter& reporter) {
    const auto limit = [&](int what, rlim_t value) {
        const rlimit both{value, value};
        reporter.need(::setrlimit(what, &both) == 0, "TEE-35");
    };
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, kFileBytesMax);
    limit(RLIMIT_NOFILE, kOpenFilesMax);
    limit(RLIMIT_NPROC, kThreadsMax);
    limit(RLIMIT_MSGQUEUE, 0);
    // glibc takes the size of threads' stacks from it, so it must not be the caller's.
    rlimit stack{};
    reporter.need(::getrlimit(RLIMIT_STACK, &stack) == 0, "TEE-35");
    limit(RLIMIT_STACK, stack.rlim_max < kStackBytes ? stack.rlim_max : kStackBytes);
}

void drop_privileges(const Reporter& reporter) {
    for (unsigned long capability = 0; capability <= kCapabilityLast; ++capability) {
        // EINVAL: the kernel has no capability of this number.
        reporter.need(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0 || errno == EINVAL,
                      "TEE-36");
    }
    reporter.need(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0, "TEE-36");
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    reporter.need(::syscall(SYS_capset, &header, none) == 0, "TEE-36");
    reporter.need(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "TEE-36");
}

}  // namespace

void become_program(const SandboxInputs& inputs,
                    const SystemCallList& system_calls,
                    int go,
                    int report) {
    Reporter reporter(report);
    std::vector<const char*> arguments{kProgramName};
    for (const std::string& argument : inputs.arguments) {
        arguments.push_back(argument.c_str());
    }
    arguments.push_back(nullptr);
    const char* const no_environment[] = {nullptr};

    wait_for_go(go, reporter);
    reset_inherited_state(reporter);
    const int null = open_null(reporter);
    make_empty_root(reporter);
    arrange_descriptors(inputs, null, reporter);
    set_limits(reporter);
    drop_privileges(reporter);
    const auto landlock = landlock_nothing();
    reporter.need(landlock.has_value(), "TEE-36");
    reporter.succeed(*landlock);
    // From here only the listed system calls work; the report's pipe stays writable until exec.
    reporter.need(system_calls.load().has_value(), "TEE-37");
    ::syscall(SYS_execveat, kProgramFd, "", arguments.data(), no_environment, AT_EMPTY_PATH);
    reporter.fail("TEE-38");
}

}  // namespace chatmcp::simtee
