// The real program with a real model behind a door that a test holds, without the sandbox.
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "simtee/quoting_service.h"
#include "tee/simulated_platform.h"
#include "wire/frames.h"

namespace chatmcp::testing {
namespace {

constexpr int kWaitMaxMs = 120'000;
constexpr int kFailed = 4;

Bytes small_model() {
    const char* const folder = std::getenv("CHATMCP_MODEL_DIR");
    const auto path = std::filesystem::path(folder != nullptr ? folder : CHATMCP_MODELS) /
                      "smollm2-135m-instruct-q4_1.gguf";
    std::ifstream file(path, std::ios::binary);
    CHATMCP_CHECK(file.good());
    Bytes content(std::filesystem::file_size(path));
    file.read(reinterpret_cast<char*>(content.data()),  // NOLINT(*-reinterpret-cast)
              static_cast<std::streamsize>(content.size()));
    return content;
}

int sealed_memory(ByteView content) {
    const int fd = ::memfd_create("measured", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHATMCP_CHECK(fd >= 0);
    while (!content.empty()) {
        const ::ssize_t written = ::write(fd, content.data(), content.size());
        CHATMCP_CHECK(written > 0);
        content = content.subspan(static_cast<std::size_t>(written));
    }
    CHATMCP_CHECK(
        ::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0);
    CHATMCP_CHECK(::lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

std::array<int, 2> socket_pair() {
    std::array<int, 2> ends{};
    CHATMCP_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return ends;
}

/// chatmcp-enclave with the descriptors that the launcher gives, and the launcher's own quoting
/// service.
class RealEnclave {
  public:
    RealEnclave() {
        const auto door = socket_pair();
        const auto quoting = socket_pair();
        const int model = sealed_memory(small_model());
        const int configuration = sealed_memory(as_bytes(
            R"({"name":"a","scopes":["answer"],"context_tokens":2048,"answer_seconds_max":60})"));
        process_ = ::fork();
        CHATMCP_CHECK(process_ >= 0);
        if (process_ == 0) {
            become({door[1], quoting[1], model, configuration});
        }
        for (const int fd : {door[1], quoting[1], model, configuration}) {
            ::close(fd);
        }
        door_ = door[0];
        service_ = std::thread([fd = quoting[0]] { serve_quotes(fd); });
    }
    RealEnclave(const RealEnclave&) = delete;
    RealEnclave& operator=(const RealEnclave&) = delete;
    ~RealEnclave() {
        ::close(door_);
        if (process_ > 0) {
            static_cast<void>(end());
        }
        service_.join();
    }

    void send(ByteView bytes) {
        while (!bytes.empty()) {
            const ::ssize_t sent = ::send(door_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            ASSERT_GT(sent, 0);
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
    }
    /// The next frame of this kind; what else comes is passed over. Nothing: the door was closed.
    template <class T>
    std::optional<T> wait_for() {
        while (true) {
            auto payload = frames_.next();
            CHATMCP_CHECK(payload.has_value());
            if (payload->has_value()) {
                auto frame = wire::decode_enclave_frame(**payload);
                CHATMCP_CHECK(frame.has_value());
                if (auto* wanted = std::get_if<T>(&*frame)) {
                    return std::move(*wanted);
                }
                continue;
            }
            pollfd waiting{.fd = door_, .events = POLLIN, .revents = 0};
            Bytes block(std::size_t{64} * 1024);
            if (::poll(&waiting, 1, kWaitMaxMs) <= 0) {
                ADD_FAILURE() << "the enclave says nothing";
                return std::nullopt;
            }
            const ::ssize_t received = ::read(door_, block.data(), block.size());
            if (received <= 0) {
                return std::nullopt;
            }
            frames_.push(ByteView(block).first(static_cast<std::size_t>(received)));
        }
    }
    int end() {
        int status = 0;
        CHATMCP_CHECK(::waitpid(std::exchange(process_, -1), &status, 0) > 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

  private:
    [[noreturn]] static void become(const std::array<int, 4>& given) {
        constexpr int kOutOfTheWay = 100;
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_CORE, &none);
        std::array<int, 4> moved{};
        for (std::size_t i = 0; i < given.size(); ++i) {
            moved[i] = ::fcntl(given[i], F_DUPFD_CLOEXEC, kOutOfTheWay);
        }
        const int nothing = ::open("/dev/null", O_RDWR);
        for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            ::dup2(nothing, standard);
        }
        for (const auto& [from, to] : {std::pair(moved[0], tee::kDoorFd),
                                       std::pair(moved[1], tee::kQuotingFd),
                                       std::pair(moved[2], tee::kModelFd),
                                       std::pair(moved[3], tee::kConfigurationFd)}) {
            ::dup2(from, to);
        }
        std::string name = CHATMCP_ENCLAVE_PROGRAM;
        std::array<char*, 2> arguments{name.data(), nullptr};
        ::execv(name.c_str(), arguments.data());
        ::_exit(127);
    }
    static void serve_quotes(int fd) {
        std::string folder =
            (std::filesystem::temp_directory_path() / "chatmcp-door-XXXXXX").string();
        CHATMCP_CHECK(::mkdtemp(folder.data()) != nullptr);
        crypto::SystemRandom random;
        const auto root = simtee::DevelopmentRoot::open_or_make(folder + "/root", random);
        CHATMCP_CHECK(root.has_value());
        const simtee::LaunchedProgram program{};
        const SystemClock clock;
        simtee::QuotingService service(*root, program, clock);
        std::array<std::uint8_t, 4096> block{};
        for (::ssize_t size = 0; (size = ::read(fd, block.data(), block.size())) > 0;) {
            const auto reply =
                service.receive(ByteView(block).first(static_cast<std::size_t>(size)));
            CHATMCP_CHECK(reply.has_value());
            const ByteView bytes = reply->view();
            CHATMCP_CHECK(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                          static_cast<::ssize_t>(bytes.size()));
        }
        ::close(fd);
        std::filesystem::remove_all(folder);
    }

    ::pid_t process_ = -1;
    int door_ = -1;
    std::thread service_;
    wire::FrameAssembler frames_;
};

const wire::Start kStart{
    .host_time = UnixMs{1'780'000'000'000}, .relay_key = {}, .operator_credential = {}};

TEST(EnclaveDoor, AFrameThatCannotBeReadIsNamedAndTheNextOneIsTaken) {
    RealEnclave enclave;
    enclave.send(wire::with_length(Bytes{0xff, 0xff, 1, 2, 3}));
    const auto before = enclave.wait_for<wire::LogLine>();
    ASSERT_TRUE(before.has_value());
    EXPECT_EQ(before->check, "FRM-03");
    enclave.send(wire::encode_frame(wire::HostFrame(kStart)));
    const auto started = enclave.wait_for<wire::Started>();
    ASSERT_TRUE(started.has_value());
    EXPECT_FALSE(started->has_credential);
    Bytes cut = wire::encode_frame(wire::HostFrame(wire::OperatorCredential{Bytes(100, 1)}));
    cut.resize(cut.size() - 1);
    enclave.send(wire::with_length(ByteView(cut).subspan(wire::kFrameHeadBytes)));
    EXPECT_TRUE(enclave.wait_for<wire::LogLine>().has_value());
    enclave.send(wire::encode_frame(wire::HostFrame(wire::OperatorCredential{Bytes(100, 1)})));
    const auto refused = enclave.wait_for<wire::LogLine>();
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->check, "ENC-04");
    enclave.send(wire::encode_frame(wire::HostFrame(wire::Stop{})));
    const auto stopped = enclave.wait_for<wire::Stopped>();
    ASSERT_TRUE(stopped.has_value());
    EXPECT_TRUE(stopped->check.empty());
    EXPECT_EQ(enclave.end(), 0);
}

// Where the frames begin is not known any more after a length that is none.
TEST(EnclaveDoor, AStreamThatIsOutOfStepEndsTheEnclaveByName) {
    RealEnclave enclave;
    enclave.send(wire::encode_frame(wire::HostFrame(kStart)));
    ASSERT_TRUE(enclave.wait_for<wire::Started>().has_value());
    enclave.send(Bytes(8, 0xff));
    const auto stopped = enclave.wait_for<wire::Stopped>();
    ASSERT_TRUE(stopped.has_value());
    EXPECT_EQ(stopped->check, "FRM-02");
    EXPECT_EQ(enclave.end(), kFailed);
}

TEST(EnclaveDoor, NothingComesBeforeTheStart) {
    RealEnclave enclave;
    enclave.send(wire::encode_frame(wire::HostFrame(wire::Tick{kStart.host_time})));
    const auto stopped = enclave.wait_for<wire::Stopped>();
    ASSERT_TRUE(stopped.has_value());
    EXPECT_EQ(stopped->check, "ENC-05");
    EXPECT_EQ(enclave.end(), kFailed);
}

}  // namespace
}  // namespace chatmcp::testing
