#include "host/enclave_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace chatmcp::host {
namespace {

constexpr int kChildDoor = 3;
constexpr std::size_t kFirstLineMaxBytes = 8192;
constexpr int kEndMaxMs = 8000;

Result<std::string> first_line(int fd) {
    std::string line;
    char byte = 0;
    while (line.size() < kFirstLineMaxBytes) {
        const ssize_t received = ::read(fd, &byte, 1);
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0) {
            break;
        }
        if (byte == '\n') {
            return line;
        }
        line.push_back(byte);
    }
    return fail(Errc::io, "HST-02");
}

Result<pid_t> spawn(std::vector<std::string> words, int door, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, door, kChildDoor);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // Ctrl-C on the terminal is this program's to answer.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_t pid = -1;
    const int spawned =
        ::posix_spawn(&pid, arguments.front(), &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return spawned == 0 ? Result<pid_t>(pid) : fail(Errc::io, "HST-02");
}

}  // namespace

Result<EnclaveProcess> EnclaveProcess::start(const EnclavePaths& paths) {
    std::array<int, 2> door{};
    std::array<int, 2> output{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, door.data()) != 0 ||
        ::pipe2(output.data(), O_CLOEXEC) != 0) {
        return fail(Errc::io, "HST-02");
    }
    // Above the number that the child gets it under: a dup2 onto itself would keep CLOEXEC.
    const int theirs = ::fcntl(door[1], F_DUPFD_CLOEXEC, 16);  // NOLINT(*-vararg)
    auto pid = spawn({paths.simtee,
                      "run",
                      "--program",
                      paths.program,
                      "--model",
                      paths.model,
                      "--config",
                      paths.configuration,
                      "--door-fd",
                      std::to_string(kChildDoor)},
                     theirs,
                     output[1]);
    for (const int fd : {door[1], theirs, output[1]}) {
        static_cast<void>(::close(fd));
    }
    if (!pid.has_value()) {
        static_cast<void>(::close(door[0]));
        static_cast<void>(::close(output[0]));
        return fail(pid.error());
    }
    EnclaveProcess process(*pid, door[0], {});
    const auto line = first_line(output[0]);
    static_cast<void>(::close(output[0]));
    if (!line.has_value()) {
        return fail(line.error());
    }
    const auto started = nlohmann::json::parse(*line, nullptr, false);
    if (!started.is_object() || !started.contains("root") || !started["root"].is_string()) {
        return fail(Errc::io, "HST-02");
    }
    process.root_ = started["root"].get<std::string>();
    return process;
}

EnclaveProcess::EnclaveProcess(EnclaveProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      door_(std::exchange(other.door_, -1)),
      root_(std::move(other.root_)) {}

EnclaveProcess::~EnclaveProcess() {
    if (door_ >= 0) {
        static_cast<void>(::close(door_));  // The enclave takes that as Stop.
    }
    if (pid_ <= 0) {
        return;
    }
    constexpr int kStepMs = 20;
    for (int waited = 0; waited < kEndMaxMs; waited += kStepMs) {
        if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
            return;
        }
        if (waited == kEndMaxMs / 2) {
            static_cast<void>(::kill(pid_, SIGTERM));
        }
        static_cast<void>(::poll(nullptr, 0, kStepMs));
    }
    static_cast<void>(::kill(pid_, SIGKILL));
    static_cast<void>(::waitpid(pid_, nullptr, 0));
}

Result<void> EnclaveProcess::send(ByteView frame) const {
    while (!frame.empty()) {
        const ssize_t sent = ::send(door_, frame.data(), frame.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return fail(Errc::io, "HST-05");
        }
        frame = frame.subspan(static_cast<std::size_t>(sent));
    }
    return {};
}

}  // namespace chatmcp::host
