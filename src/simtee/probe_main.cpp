// A program for tests, measured and started like the enclave: it tries from inside what the sandbox
// must refuse, and does what an enclave needs. It says what happened over the door, in lines.
//
//   forbidden   tries everything forbidden, one line each: "refused NAME" or "ALLOWED NAME"
//   needed      does what an enclave and its engine do: "works NAME" or "FAILS NAME"
//   world       what it sees: arguments, environment, descriptors, process id
//   files       the content of model and configuration, whenever a byte comes through the door
//   quotes      hands every byte of the door to the quoting service and back
//   nonsense    says something to the quoting service that it does not know
//   foreign     makes a 32-bit system call
//   exit N      leaves with this status
//
// Static and without our libraries: what it shows is the sandbox, not our code.

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

constexpr int kDoor = 3;
constexpr int kQuoting = 4;
constexpr int kModel = 5;
constexpr int kConfiguration = 6;
constexpr int kProgram = 60;
constexpr std::size_t kPage = 4096;

void say(const std::string& line) {
    const std::string text = line + "\n";
    if (write(kDoor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        _exit(9);
    }
}

/// A call that must fail, and by the sandbox: not because its arguments are nonsense.
void forbidden(const char* name, long result) {
    const int number = errno;
    if (result >= 0) {
        say(std::string("ALLOWED ") + name);
        return;
    }
    const bool by_sandbox = number == EPERM || number == EACCES || number == ENOSYS;
    say(std::string(by_sandbox ? "refused " : "OTHERWISE ") + name + " " +
        strerror(number));  // NOLINT(concurrency-mt-unsafe): one thread.
}

void works(const char* name, bool ok) {
    const int number = errno;
    say(ok ? std::string("works ") + name
           : std::string("FAILS ") + name + " " +
                 strerror(number));  // NOLINT(concurrency-mt-unsafe): one thread.
}

void try_files() {
    forbidden("open a file of the host", open("/etc/passwd", O_RDONLY));
    forbidden("open the root directory", open("/", O_RDONLY | O_DIRECTORY));
    forbidden("open /proc/self/mem", open("/proc/self/mem", O_RDWR));
    forbidden("create a file", open("/new", O_CREAT | O_WRONLY, 0600));
    forbidden("openat2", syscall(SYS_openat2, AT_FDCWD, "/", nullptr, 0));
    forbidden("open_by_handle_at", syscall(SYS_open_by_handle_at, kDoor, nullptr, 0));
    forbidden("make a directory", mkdir("/new", 0700));
    forbidden("link", link("/a", "/b"));
    forbidden("make a device", mknod("/null", S_IFCHR | 0600, makedev(1, 3)));
    forbidden("status of a path", syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", nullptr, 0));
    forbidden("list a directory", syscall(SYS_getdents64, kModel, nullptr, 0));
    forbidden("change the root", chroot("/"));
    forbidden("memory file", syscall(SYS_memfd_create, "x", 0));
    forbidden("write to the model", ftruncate(kModel, 0) == 0 ? 0 : (errno = EPERM, -1));
    forbidden("ioctl", syscall(SYS_ioctl, 0, 0x5401, nullptr));
}

void try_network() {
    forbidden("socket inet", socket(AF_INET, SOCK_STREAM, 0));
    forbidden("socket inet6", socket(AF_INET6, SOCK_DGRAM, 0));
    forbidden("socket unix", socket(AF_UNIX, SOCK_STREAM, 0));
    forbidden("socket netlink", socket(AF_NETLINK, SOCK_RAW, 0));
    forbidden("socket vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
    forbidden("socket packet", socket(AF_PACKET, SOCK_RAW, 0));
    int pair[2];
    forbidden("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    forbidden("sendmsg, which passes descriptors", syscall(SYS_sendmsg, kDoor, nullptr, 0));
    forbidden("recvmsg, which takes descriptors", syscall(SYS_recvmsg, kDoor, nullptr, 0));
    forbidden("sendto", syscall(SYS_sendto, kDoor, nullptr, 0, 0, nullptr, 0));
    forbidden("connect", syscall(SYS_connect, kDoor, nullptr, 0));
    forbidden("bind", syscall(SYS_bind, kDoor, nullptr, 0));
    forbidden("io_uring", syscall(SYS_io_uring_setup, 1, nullptr));
}

void try_processes() {
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    forbidden("fork", child);
    forbidden("vfork", syscall(SYS_vfork));
    forbidden("clone3", syscall(SYS_clone3, nullptr, 0));
    forbidden("clone into a namespace", syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0));
    char* none[] = {nullptr};
    forbidden("exec", execve("/program", none, none));
    const long again = syscall(SYS_execveat, kProgram, "", none, none, AT_EMPTY_PATH);
    if (again < 0 && errno == EBADF) {
        errno = EPERM;  // Allowed by the list for the first start; its descriptor is gone.
    }
    forbidden("exec of itself again", again);
    forbidden("exec of the model", syscall(SYS_execveat, kModel, "", none, none, AT_EMPTY_PATH));
    forbidden("ptrace", ptrace(PTRACE_SEIZE, 2, nullptr, nullptr));
    iovec vector{static_cast<void*>(none), sizeof none};
    forbidden("read another process", process_vm_readv(2, &vector, 1, &vector, 1, 0));
    forbidden("signal everybody", kill(-1, 0));
    forbidden("signal another thread group", syscall(SYS_tgkill, 2, 2, 0));
    forbidden("pidfd", syscall(SYS_pidfd_open, 1, 0));
    forbidden("take a descriptor of another process", syscall(SYS_pidfd_getfd, kDoor, 0, 0));
    forbidden("duplicate a descriptor", dup(kDoor));
    forbidden("duplicate by fcntl", fcntl(kDoor, F_DUPFD, 10));
}

void try_kernel() {
    forbidden("unshare", unshare(CLONE_NEWUSER));
    forbidden("setns", setns(kDoor, 0));
    forbidden("mount", syscall(SYS_mount, "none", "/", "tmpfs", 0, nullptr));
    forbidden("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    forbidden("bpf", syscall(SYS_bpf, 0, nullptr, 0));
    forbidden("perf_event_open", syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0));
    forbidden("userfaultfd", syscall(SYS_userfaultfd, 0));
    forbidden("keyctl", syscall(SYS_keyctl, 0, -3, 0));
    forbidden("add_key", syscall(SYS_add_key, nullptr, nullptr, nullptr, 0, 0));
    forbidden("uname", syscall(SYS_uname, nullptr));
    forbidden("sysinfo", syscall(SYS_sysinfo, nullptr));
    forbidden("syslog", syscall(SYS_syslog, 3, nullptr, 0));
    forbidden("reboot", syscall(SYS_reboot, 0, 0, 0, nullptr));
    forbidden("load a module", syscall(SYS_init_module, nullptr, 0, nullptr));
    forbidden("kexec", syscall(SYS_kexec_load, 0, 0, nullptr, 0));
    forbidden("set the clock", syscall(SYS_clock_settime, 0, nullptr));
    forbidden("setuid", setuid(0));
    forbidden("capset", syscall(SYS_capset, nullptr, nullptr));
    forbidden("shared memory", syscall(SYS_shmget, 0, kPage, 01600));
    forbidden("message queue", syscall(SYS_mq_open, "/x", O_CREAT, 0600, nullptr));
    forbidden("personality", syscall(SYS_personality, 0x0400000));
    forbidden("modify_ldt", syscall(SYS_modify_ldt, 0, nullptr, 0));
    rlimit limit{0, 0};
    forbidden("set a limit", syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, nullptr));
    forbidden("be dumpable", prctl(PR_SET_DUMPABLE, 1));
    forbidden("let others trace", prctl(PR_SET_PTRACER, -1));
}

void try_code() {
    constexpr int kReadExecute = PROT_READ | PROT_EXEC;
    const auto result = [](void* address) { return address == MAP_FAILED ? -1L : 0L; };
    forbidden("map code",
              result(mmap(nullptr, kPage, kReadExecute, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    forbidden("map the model as code",
              result(mmap(nullptr, kPage, kReadExecute, MAP_PRIVATE, kModel, 0)));
    void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    forbidden("turn data into code", mprotect(page, kPage, kReadExecute));
    forbidden("turn data into code with a key",
              syscall(SYS_pkey_mprotect, page, kPage, kReadExecute, -1));
    forbidden("map the model for writing",
              result(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, kModel, 0)));
    forbidden("attach shared memory as code", syscall(SYS_shmat, 0, nullptr, 0100000));
}

int do_forbidden() {
    try_files();
    try_network();
    try_processes();
    try_kernel();
    try_code();
    say("done");
    return 0;
}

int do_needed() {
    works("was not dumpable before", prctl(PR_GET_DUMPABLE) != 1);
    works("become not dumpable", prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_DUMPABLE) == 0);
    rlimit core{};
    works("core limit is zero", getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
    const int secret = static_cast<int>(syscall(SYS_memfd_secret, 0));
    works("secret memory", secret >= 0 && ftruncate(secret, kPage) == 0);
    void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    works("lock a page", mlock(page, kPage) == 0);
    std::uint64_t random = 0;
    works("random bytes", syscall(SYS_getrandom, &random, sizeof random, 0) == sizeof random);
    int sum = 0;
    std::thread([&sum] { sum = 42; }).join();
    works("a thread", sum == 42);
    struct stat status{};
    works("size of the model", fstat(kModel, &status) == 0 && status.st_size > 0);
    const void* model =
        mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, kModel, 0);
    works("map the model", model != MAP_FAILED);
    works("see the seals", (fcntl(kModel, F_GET_SEALS) & F_SEAL_WRITE) != 0);
    std::FILE* file = fdopen(kModel, "rb");
    char byte = 0;
    works("read the model as a stream", file != nullptr && fread(&byte, 1, 1, file) == 1);
    timespec now{};
    works("the time", clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec > 0);
    say("done");
    return 0;
}

int do_world(int argc, char** argv) {
    std::string line = "arguments";
    for (int i = 1; i < argc; ++i) {
        line += std::string(" ") + argv[i];
    }
    say(line);
    say(std::string("name ") + argv[0]);
    int variables = 0;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        ++variables;
    }
    say("environment " + std::to_string(variables));
    line = "descriptors";
    for (int fd = 0; fd < 4096; ++fd) {
        if (fcntl(fd, F_GETFL) >= 0) {
            line += " " + std::to_string(fd);
        }
    }
    say(line);
    say("process " + std::to_string(getpid()));
    char byte = 0;
    say("standard input gives " + std::to_string(read(0, &byte, 1)));
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    say("termination blocked " + std::to_string(sigismember(&blocked, SIGTERM)));
    rlimit stack{};
    getrlimit(RLIMIT_STACK, &stack);
    say("stack " + std::to_string(stack.rlim_cur));
    say("done");
    return 0;
}

std::string content(int fd) {
    struct stat status{};
    fstat(fd, &status);
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    return pread(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) ? text : "?";
}

int do_files() {
    char byte = 0;
    while (read(kDoor, &byte, 1) == 1) {
        say(content(kModel));
        say(content(kConfiguration));
    }
    return 0;
}

int do_quotes() {
    pollfd ends[2] = {{kDoor, POLLIN, 0}, {kQuoting, POLLIN, 0}};
    char buffer[4096];
    while (poll(ends, 2, -1) > 0) {
        for (int i = 0; i < 2; ++i) {
            if (ends[i].revents == 0) {
                continue;
            }
            const ssize_t size = read(ends[i].fd, buffer, sizeof buffer);
            if (size <= 0 ||
                write(ends[1 - i].fd, buffer, static_cast<std::size_t>(size)) != size) {
                return 0;
            }
        }
    }
    return 0;
}

int do_nonsense() {
    const unsigned char request[] = {0, 0, 0, 1, 99};
    if (write(kQuoting, request, sizeof request) != static_cast<ssize_t>(sizeof request)) {
        return 1;
    }
    char byte = 0;
    return read(kDoor, &byte, 1) == 0 ? 0 : 1;
}

int do_foreign() {
    // getpid of the 32-bit table.
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory");
    say("ALLOWED 32-bit call");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "forbidden") {
        return do_forbidden();
    }
    if (mode == "needed") {
        return do_needed();
    }
    if (mode == "world") {
        return do_world(argc, argv);
    }
    if (mode == "files") {
        return do_files();
    }
    if (mode == "quotes") {
        return do_quotes();
    }
    if (mode == "nonsense") {
        return do_nonsense();
    }
    if (mode == "foreign") {
        return do_foreign();
    }
    if (mode == "exit" && argc > 2) {
        return std::atoi(argv[2]);  // NOLINT(cert-err34-c): written by the test.
    }
    say("unknown mode");
    return 64;
}
