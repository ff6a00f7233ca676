#include "simtee/sandbox.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/evidence.h"

namespace chatmcp::simtee {
namespace {

using wire::layer_bit;
using wire::SandboxLayer;

struct NamespaceLayer {
    const char* name;  // Of its file in /proc/PID/ns.
    SandboxLayer layer;
};
constexpr NamespaceLayer kNamespaces[] = {{"user", SandboxLayer::user_namespace},
                                          {"pid", SandboxLayer::pid_namespace},
                                          {"net", SandboxLayer::network_namespace},
                                          {"mnt", SandboxLayer::mount_namespace},
                                          {"ipc", SandboxLayer::ipc_namespace},
                                          {"uts", SandboxLayer::uts_namespace},
                                          {"cgroup", SandboxLayer::cgroup_namespace},
                                          {"time", SandboxLayer::time_namespace}};
constexpr std::uint64_t kNamespaceFlags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                          CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
                                          CLONE_NEWCGROUP | CLONE_NEWTIME;

std::string proc_path(pid_t pid, std::string_view file) {
    return "/proc/" + std::to_string(pid) + "/" + std::string(file);
}

std::string read_text(const std::string& path) {
    const std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

/// "net:[4026531840]"
std::string namespace_identity(const std::string& link) {
    std::array<char, 64> target{};
    const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
    return size <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

/// Every namespace of the child is another one than ours.
Result<void> check_namespaces(pid_t child) {
    for (const NamespaceLayer& one : kNamespaces) {
        const std::string file = std::string("ns/") + one.name;
        const std::string ours = namespace_identity("/proc/self/" + file);
        const std::string theirs = namespace_identity(proc_path(child, file));
        if (ours.empty() || theirs.empty() || ours == theirs) {
            return fail(Errc::internal, "TEE-32");
        }
    }
    return {};
}

bool write_text(const std::string& path, std::string_view text) {
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return file.is_open() &&
           ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// One user inside, who is the caller outside, or nobody when that is root.
Result<void> map_user(pid_t child) {
    const bool root = ::geteuid() == 0;
    const unsigned user = root ? kNobodyId : ::geteuid();
    const unsigned group = root ? kNobodyId : ::getegid();
    const std::string inner = std::to_string(kInnerId) + " ";
    if (!write_text(proc_path(child, "setgroups"), "deny") ||
        !write_text(proc_path(child, "uid_map"), inner + std::to_string(user) + " 1") ||
        !write_text(proc_path(child, "gid_map"), inner + std::to_string(group) + " 1")) {
        return fail(Errc::internal, "TEE-31");
    }
    return {};
}

/// The value of "Name:\tvalue" in /proc/PID/status.
std::string status_value(std::string_view status, std::string_view name) {
    const std::string wanted = std::string(name) + ":\t";
    std::size_t begin = status.find(wanted);
    while (begin != std::string_view::npos && begin != 0 && status[begin - 1] != '\n') {
        begin = status.find(wanted, begin + 1);
    }
    if (begin == std::string_view::npos) {
        return {};
    }
    const std::string_view value = status.substr(begin + wanted.size());
    return std::string(value.substr(0, value.find('\n')));
}

/// exec gives the process its new name last, after it has decided who may look into it.
bool wait_for_exec(pid_t child, const std::string& name_before) {
    constexpr int kTries = 2000;
    constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 1'000'000};
    for (int i = 0; i < kTries; ++i) {
        const std::string name = status_value(read_text(proc_path(child, "status")), "Name");
        if (name.empty() || name != name_before) {
            return !name.empty();
        }
        ::nanosleep(&kPause, nullptr);
    }
    return false;
}

/// The walls that the kernel shows from outside, whatever the child said.
Result<std::uint32_t> observed_layers(pid_t child) {
    const std::string status = read_text(proc_path(child, "status"));
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        if (status_value(status, set) != "0000000000000000") {
            return fail(Errc::internal, "TEE-39");
        }
    }
    // The kernel shows root as the owner of this file when the process cannot be dumped.
    struct stat environment{};
    if (::stat(proc_path(child, "environ").c_str(), &environment) != 0 || environment.st_uid != 0) {
        return fail(Errc::internal, "TEE-39");
    }
    // A filter is in force, or (in a process that just died of it) was.
    constexpr const char* kSeccompFilter = "2";
    constexpr const char* kSeccompDead = "3";
    const std::string seccomp = status_value(status, "Seccomp");
    if (status_value(status, "NoNewPrivs") != "1" ||
        (seccomp != kSeccompFilter && seccomp != kSeccompDead)) {
        return fail(Errc::internal, "TEE-39");
    }
    return layer_bit(SandboxLayer::no_capabilities) | layer_bit(SandboxLayer::no_new_privileges) |
           layer_bit(SandboxLayer::system_call_list) | layer_bit(SandboxLayer::not_dumpable);
}

/// The row that the child named, as a literal.
const char* child_check(const ChildReport& report) {
    for (const char* check : {"TEE-33", "TEE-34", "TEE-35", "TEE-36", "TEE-37"}) {
        if (std::strncmp(report.check, check, sizeof report.check) == 0) {
            return check;
        }
    }
    return "TEE-38";
}

/// Root's groups would go with the child; an ordinary user's cannot be put down, and open nothing
/// in an empty root.
void drop_groups() {
    if (::geteuid() == 0) {
        static_cast<void>(::setgroups(0, nullptr));
    }
}

}  // namespace

Result<Sandbox> Sandbox::prepare(const SandboxInputs& inputs) {
    CHATMCP_TRY(const SystemCallList system_calls, SystemCallList::make());
    int go[2] = {-1, -1};
    int report[2] = {-1, -1};
    if (::pipe2(go, O_CLOEXEC) != 0) {
        return fail(Errc::io, "TEE-41");
    }
    const FileDescriptor go_read(go[0]);
    Sandbox sandbox;
    sandbox.go_ = FileDescriptor(go[1]);
    if (::pipe2(report, O_CLOEXEC) != 0) {
        return fail(Errc::io, "TEE-41");
    }
    sandbox.report_ = FileDescriptor(report[0]);
    const FileDescriptor report_write(report[1]);

    drop_groups();
    int process = -1;
    clone_args arguments{};
    arguments.flags = kNamespaceFlags | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&process);  // NOLINT(*-reinterpret-cast)
    arguments.exit_signal = SIGCHLD;
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) {
        return fail(Errc::internal, "TEE-30");
    }
    if (pid == 0) {
        // Or the launcher's death would not be seen: we would hold its end open ourselves.
        ::close(go[1]);
        become_program(inputs, system_calls, go[0], report[1]);
    }
    sandbox.pid_ = static_cast<pid_t>(pid);
    sandbox.process_ = FileDescriptor(process);
    CHATMCP_TRY_VOID(check_namespaces(sandbox.pid_));
    CHATMCP_TRY_VOID(map_user(sandbox.pid_));
    return sandbox;
}

Result<std::uint32_t> Sandbox::release() {
    const std::string name = status_value(read_text(proc_path(pid_, "status")), "Name");
    const char byte = 'g';
    if (::write(go_.get(), &byte, 1) != 1) {
        error_number_ = errno;
        return fail(Errc::internal, "TEE-36");
    }
    // Success, then the end of the pipe by exec; or success and then the failure of the exec
    // itself.
    ChildReport report;
    bool succeeded = false;
    std::uint32_t landlock = 0;
    ssize_t size = 0;
    while ((size = ::read(report_.get(), &report, sizeof report)) ==
           static_cast<ssize_t>(sizeof report)) {
        if (report.failed != 0) {
            error_number_ = report.error_number;
            return fail(Errc::internal, child_check(report));
        }
        succeeded = true;
        landlock = report.layers;
    }
    if (size != 0 || !succeeded) {
        return fail(Errc::internal, "TEE-38");
    }
    if (!wait_for_exec(pid_, name)) {
        return fail(Errc::internal, "TEE-39");
    }
    CHATMCP_TRY(const std::uint32_t observed, observed_layers(pid_));
    constexpr std::uint32_t kByChild =
        layer_bit(SandboxLayer::empty_root) | layer_bit(SandboxLayer::empty_environment) |
        layer_bit(SandboxLayer::resource_limits) | layer_bit(SandboxLayer::sealed_memory_files);
    std::uint32_t namespaces = 0;
    for (const NamespaceLayer& one : kNamespaces) {
        namespaces |= layer_bit(one.layer);
    }
    return observed | kByChild | namespaces | landlock;
}

Sandbox::~Sandbox() {
    if (process_.is_open()) {
        kill();
        static_cast<void>(wait());
    }
}

int Sandbox::wait() {
    constexpr int kSignalBase = 128;
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED) != 0 &&
           errno == EINTR) {
    }
    process_.close();
    return info.si_code == CLD_EXITED ? info.si_status : kSignalBase + info.si_status;
}

void Sandbox::kill() const {
    static_cast<void>(::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0U));
}

std::string namespace_advice(const std::string& sys) {
    struct Setting {
        const char* file;
        const char* forbidding;
        const char* name;
        const char* allowing;
    };
    constexpr Setting kSettings[] = {
        {"/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone", "1"},
        {"/user/max_user_namespaces", "0", "user.max_user_namespaces", "15000"},
        {"/kernel/apparmor_restrict_unprivileged_userns",
         "1",
         "kernel.apparmor_restrict_unprivileged_userns",
         "0"}};
    std::string advice;
    for (const Setting& setting : kSettings) {
        std::string value = read_text(sys + setting.file);
        value.erase(value.find_last_not_of(" \n") + 1);
        if (value == setting.forbidding) {
            advice += std::string(setting.name) + " is " + value + "; change it with: sysctl -w " +
                      setting.name + "=" + setting.allowing + "\n";
        }
    }
    return advice;
}

bool host_is_without_swap(const std::string& proc) {
    // One line of heading, then one for each swap area.
    const std::string swaps = read_text(proc + "/swaps");
    return swaps.starts_with("Filename") && swaps.find('\n') + 1 == swaps.size();
}

}  // namespace chatmcp::simtee
