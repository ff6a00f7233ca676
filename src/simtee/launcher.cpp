#include "simtee/launcher.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "simtee/development_root.h"
#include "simtee/quoting_service.h"
#include "simtee/sandbox.h"

namespace chatmcp::simtee {
namespace {

std::unexpected<Failure> failure(const Error& error, int error_number = 0) {
    return std::unexpected(Failure{error, explain(error, error_number)});
}

/// Signals that end the launcher, as a descriptor. Until the program runs they end it at once.
FileDescriptor ending_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        ::sigaddset(&signals, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return FileDescriptor(::signalfd(-1, &signals, SFD_CLOEXEC));
}

bool send_all(int fd, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

/// Answers the program until it ends. False when it said something that cannot be answered.
bool serve(QuotingService& service, int quoting, const Sandbox& sandbox, int signals) {
    std::array<pollfd, 3> waiting{
        {{.fd = sandbox.process_descriptor(), .events = POLLIN, .revents = 0},
         {.fd = signals, .events = POLLIN, .revents = 0},
         {.fd = quoting, .events = POLLIN, .revents = 0}}};
    for (;;) {
        if (::poll(waiting.data(), waiting.size(), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        if (waiting[0].revents != 0) {
            return true;
        }
        if (waiting[1].revents != 0) {
            sandbox.kill();
            return true;
        }
        std::array<std::uint8_t, wire::kQuotingFrameMaxBytes> buffer{};
        const ssize_t size = ::read(quoting, buffer.data(), buffer.size());
        if (size <= 0) {
            waiting[2].fd = -1;  // The program wants no more quotes; it still runs.
            continue;
        }
        const auto replies =
            service.receive(ByteView(buffer).first(static_cast<std::size_t>(size)));
        if (!replies.has_value() || !send_all(quoting, replies->view())) {
            return false;
        }
    }
}

std::string layers_json(std::uint32_t layers) {
    std::string out = "[";
    for (std::uint8_t i = 0; i < wire::kSandboxLayers; ++i) {
        const auto layer = static_cast<wire::SandboxLayer>(i);
        if ((layers & wire::layer_bit(layer)) != 0) {
            out += (out.size() == 1 ? "\"" : ",\"") + std::string(wire::layer_name(layer)) + "\"";
        }
    }
    return out + "]";
}

void print_started(const LaunchedProgram& program, const DevelopmentRoot& root, pid_t pid) {
    std::string line = measurement_json(program.digests);
    line.pop_back();  // The closing brace; more follows.
    line += ",\"root\":\"" + to_hex(root.fingerprint()) + "\",\"pid\":" + std::to_string(pid) +
            ",\"sandbox_layers\":" + layers_json(program.sandbox_layers) + "}\n";
    static_cast<void>(std::fwrite(line.data(), 1, line.size(), stdout));
    static_cast<void>(std::fflush(stdout));
}

struct Explanation {
    std::string_view check;
    std::string_view sentence;
};
constexpr Explanation kExplanations[] = {
    {"TEE-30", "this machine gives no user namespace, so there is no sandbox"},
    {"TEE-31", "the sandbox's user cannot be mapped (CAP_SETUID and CAP_SETGID are missing)"},
    {"TEE-32", "the sandbox's namespaces cannot be confirmed (is /proc mounted?)"},
    {"TEE-33", "the sandbox's empty root directory cannot be made"},
    {"TEE-34", "the sandbox's descriptors cannot be arranged"},
    {"TEE-35", "the sandbox's limits cannot be set"},
    {"TEE-36", "the sandbox's privileges cannot be dropped"},
    {"TEE-37", "the kernel takes no list of system calls (seccomp)"},
    {"TEE-38", "the program cannot be started"},
    {"TEE-39", "the kernel does not show all walls of the sandbox (is fs.suid_dumpable 1?)"},
    {"TEE-40", "the door is no stream socket of this machine"},
    {"TEE-41", "no memory file, pipe or socket can be made (vm.memfd_noexec must not be 2)"},
    {"TEE-42", "a file cannot be read, or is no ordinary file"},
    {"TEE-43", "a file is larger than its limit"},
    {"TEE-44", "the command line has more than 64 arguments or one above 4096 bytes"},
    {"TEE-45", "the development root's file is open to others: it must be yours, with mode 0600"},
    {"TEE-46", "the development root's file is damaged: it must have 32 bytes"},
    {"TEE-47", "the development root's file cannot be read or made"},
    {"TEE-48", "the program is no static 64-bit ELF program (link it with -static-pie)"},
    {"TEE-49", "the program asked the quoting service for something that it does not know"},
};

}  // namespace

std::string explain(const Error& error, int error_number) {
    std::string text;
    for (const Explanation& explanation : kExplanations) {
        if (explanation.check == error.check) {
            text = explanation.sentence;
        }
    }
    if (text.empty()) {
        text = errc_name(error.code);
    }
    text += " (" + std::string(error.check) + ")";
    if (error_number != 0) {
        text += ": ";
        text += std::strerror(error_number);  // NOLINT(concurrency-mt-unsafe): one thread.
    }
    const std::string_view check = error.check;
    if (check == "TEE-30" || check == "TEE-31" || check == "TEE-33") {
        const std::string advice = namespace_advice("/proc/sys");
        if (!advice.empty()) {
            text += "\n" + advice;
        } else if (check == "TEE-30") {
            text +=
                "\nuser namespaces are forbidden by something that is no sysctl: in a container, "
                "allow clone3 with CLONE_NEWUSER in its seccomp profile (docker run --security-opt "
                "seccomp=unconfined), or build the kernel with CONFIG_USER_NS=y\n";
        }
    }
    return text;
}

std::string measurement_json(const wire::MeasuredDigests& digests) {
    return "{\"measurement\":\"" + to_hex(wire::measurement_of(digests)) + "\",\"program\":\"" +
           to_hex(digests.program) + "\",\"model\":\"" + to_hex(digests.model) +
           "\",\"configuration\":\"" + to_hex(digests.configuration) + "\",\"command_line\":\"" +
           to_hex(digests.command_line) + "\"}";
}

std::expected<int, Failure> run(const RunOptions& options) {
    if (const auto door = check_is_local_stream(options.door_fd); !door.has_value()) {
        return failure(door.error());
    }
    auto files = copy_and_measure(options.paths);
    if (!files.has_value()) {
        return failure(files.error(), errno);
    }
    auto quoting = SocketPair::make();
    if (!quoting.has_value()) {
        return failure(quoting.error(), errno);
    }
    auto sandbox = Sandbox::prepare({.door = options.door_fd,
                                     .quoting = quoting->theirs.get(),
                                     .model = files->model.get(),
                                     .configuration = files->configuration.get(),
                                     .program = files->program.get(),
                                     .arguments = options.paths.arguments});
    if (!sandbox.has_value()) {
        return failure(sandbox.error(), errno);
    }
    // Only now: the mapping of users above needs a child that can still be looked into.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    crypto::SystemRandom random;
    const auto root = DevelopmentRoot::open_or_make(options.root_path, random);
    if (!root.has_value()) {
        return failure(root.error(), errno);
    }
    const auto layers = sandbox->release();
    if (!layers.has_value()) {
        return failure(layers.error(), sandbox->error_number());
    }
    LaunchedProgram program{files->digests, *layers};
    if (host_is_without_swap("/proc")) {
        program.sandbox_layers |= wire::layer_bit(wire::SandboxLayer::host_without_swap);
    }
    // The copies are the program's alone now, and the door is closed when it closes it.
    *files = MeasuredFiles{};
    quoting->theirs.close();
    ::close(options.door_fd);

    const FileDescriptor signals = ending_signals();  // Before anybody knows whom to signal.
    print_started(program, *root, sandbox->process_id());
    const SystemClock clock;
    QuotingService service(*root, program, clock);
    const bool served = serve(service, quoting->ours.get(), *sandbox, signals.get());
    if (!served) {
        sandbox->kill();
        static_cast<void>(sandbox->wait());
        return failure({Errc::malformed, "TEE-49"});
    }
    return sandbox->wait();
}

std::expected<void, Failure> check_machine() {
    // It waits for a word that never comes.
    const auto sandbox = Sandbox::prepare(SandboxInputs{});
    if (!sandbox.has_value()) {
        return failure(sandbox.error(), errno);
    }
    return {};
}

}  // namespace chatmcp::simtee
