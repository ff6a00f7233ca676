#include "simtee/system_calls.h"

#include <cerrno>
#include <cstdint>
#include <initializer_list>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

namespace chatmcp::simtee {
namespace {

// No descriptor can be opened with these, so they reach only what the launcher gave. In the order:
// reading and writing, waiting, memory, threads, time, signals, the end.
constexpr int kPlainCalls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(fadvise64),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mlock),
    SCMP_SYS(mlock2),
    SCMP_SYS(munlock),
    SCMP_SYS(memfd_secret),
    SCMP_SYS(ftruncate),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(rseq),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// What glibc's pthread_create asks for, and nothing else: a thread, never a process and never a
// namespace.
constexpr std::uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM |
                                       CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS |
                                       CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
constexpr std::uint64_t kSelf = 1;  // The program is process 1 of its own namespace.

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp has_none_of(unsigned argument, std::uint64_t bits) {
    return {argument, SCMP_CMP_MASKED_EQ, bits, 0};
}

/// Adds rules and remembers whether all were taken.
class Rules {
  public:
    explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

    void allow(int call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
        add(SCMP_ACT_ALLOW, call, conditions);
    }
    void refuse_as_missing(int call) { add(SCMP_ACT_ERRNO(ENOSYS), call, {}); }
    [[nodiscard]] bool complete() const { return complete_; }

  private:
    void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions) {
        complete_ = complete_ && ::seccomp_rule_add_array(filter_,
                                                          action,
                                                          call,
                                                          static_cast<unsigned>(conditions.size()),
                                                          conditions.begin()) == 0;
    }

    scmp_filter_ctx filter_;
    bool complete_ = true;
};

void add_rules(Rules& rules) {
    for (const int call : kPlainCalls) {
        rules.allow(call);
    }
    // Status of an open descriptor, never of a path.
    rules.allow(SCMP_SYS(newfstatat), {equals(3, AT_EMPTY_PATH)});
    // Code is only what the kernel mapped at exec.
    rules.allow(SCMP_SYS(mmap), {has_none_of(2, PROT_EXEC)});
    rules.allow(SCMP_SYS(mprotect), {has_none_of(2, PROT_EXEC)});
    // The flags of clone3 lie in memory, where a filter cannot look; glibc then uses clone.
    rules.allow(SCMP_SYS(clone), {equals(0, kThreadFlags)});
    rules.refuse_as_missing(SCMP_SYS(clone3));
    // What a program does about itself: less, never more.
    rules.allow(SCMP_SYS(prctl), {equals(0, PR_SET_DUMPABLE), equals(1, 0)});
    rules.allow(SCMP_SYS(prctl), {equals(0, PR_GET_DUMPABLE)});
    rules.allow(SCMP_SYS(prctl), {equals(0, PR_SET_NAME)});
    rules.allow(SCMP_SYS(prctl), {equals(0, PR_SET_NO_NEW_PRIVS)});
    rules.allow(SCMP_SYS(seccomp), {equals(0, SECCOMP_SET_MODE_FILTER), equals(1, 0)});
    rules.allow(SCMP_SYS(prlimit64), {equals(0, 0), equals(2, 0)});  // Read the own limits.
    rules.allow(SCMP_SYS(fcntl), {equals(1, F_GETFD)});
    rules.allow(SCMP_SYS(fcntl), {equals(1, F_GETFL)});
    rules.allow(SCMP_SYS(fcntl), {equals(1, F_SETFL)});
    rules.allow(SCMP_SYS(fcntl), {equals(1, F_GET_SEALS)});
    rules.allow(SCMP_SYS(tgkill), {equals(0, kSelf)});  // abort()
    // Once: the descriptor is closed by the exec, and no call here can make another one.
    rules.allow(SCMP_SYS(execveat), {equals(0, kProgramFd), equals(4, AT_EMPTY_PATH)});
}

}  // namespace

Result<SystemCallList> SystemCallList::make() {
    Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                  [](void* context) { ::seccomp_release(context); });
    if (filter == nullptr) {
        return fail(Errc::internal, "TEE-37");
    }
    // A 32-bit system call has other numbers; the process that tries one ends.
    Rules rules(filter.get());
    if (::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0) {
        return fail(Errc::internal, "TEE-37");
    }
    add_rules(rules);
    if (!rules.complete()) {
        return fail(Errc::internal, "TEE-37");
    }
    return SystemCallList(std::move(filter));
}

Result<void> SystemCallList::load() const {
    if (::seccomp_load(filter_.get()) != 0) {
        return fail(Errc::internal, "TEE-37");
    }
    return {};
}

}  // namespace chatmcp::simtee
