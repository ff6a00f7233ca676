// The launcher as a program, with a probe inside, as the host starts it.

#include "simtee/launcher.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <set>
#include <sstream>

#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "attest/appraise.h"
#include "attest/json_value.h"
#include "base/encoding.h"
#include "simtee/development_root.h"
#include "simtee/test_support.h"
#include "tee/sealing.h"
#include "tee/simulated_platform.h"

namespace chatmcp::simtee {
namespace {

constexpr int kWaitMsMax = 30'000;

/// Reads until `done` is content or the other end closes.
std::string read_until(int fd, const std::function<bool(const std::string&)>& done) {
    std::string text;
    while (!done(text)) {
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, kWaitMsMax) <= 0) {
            ADD_FAILURE() << "nothing came for " << kWaitMsMax << " ms after: " << text;
            break;
        }
        char buffer[4096];
        const ssize_t size = ::read(fd, buffer, sizeof buffer);
        if (size <= 0) {
            break;
        }
        text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
}

std::string read_all(int fd) {
    return read_until(fd, [](const std::string&) { return false; });
}

/// One run of chatmcp-simtee.
class Launch {
  public:
    explicit Launch(
        const std::vector<std::string>& arguments,
        const std::function<void()>& in_child = [] {},
        const std::string& program = CHATMCP_SIMTEE) {
        auto door = SocketPair::make();
        int out[2] = {-1, -1};
        int err[2] = {-1, -1};
        EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
        std::vector<std::string> all{program};
        all.insert(all.end(), arguments.begin(), arguments.end());
        std::vector<char*> pointers;
        for (std::string& argument : all) {
            pointers.push_back(argument.data());
        }
        pointers.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(door->theirs.get(), 0);
            ::dup2(out[1], 1);
            ::dup2(err[1], 2);
            in_child();
            ::execv(program.c_str(), pointers.data());
            ::_exit(127);
        }
        ::close(out[1]);
        ::close(err[1]);
        door_ = std::move(door->ours);
        out_ = FileDescriptor(out[0]);
        err_ = FileDescriptor(err[0]);
    }
    Launch(const Launch&) = delete;
    Launch& operator=(const Launch&) = delete;
    ~Launch() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            static_cast<void>(wait());
        }
    }

    [[nodiscard]] int door() const { return door_.get(); }
    void close_door() { door_.close(); }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// The line that run prints when the program runs.
    [[nodiscard]] attest::JsonValue started() const {
        const std::string line =
            read_until(out_.get(), [](const std::string& text) { return text.ends_with('\n'); });
        const auto json = attest::parse_json(line);
        EXPECT_TRUE(json.has_value()) << line << err();
        return json.has_value() ? *json : attest::JsonValue{};
    }
    [[nodiscard]] std::string out() const { return read_all(out_.get()); }
    [[nodiscard]] std::string err() const { return read_all(err_.get()); }
    /// The lines of the probe, up to "done".
    [[nodiscard]] std::vector<std::string> lines() const {
        std::istringstream text(read_until(
            door_.get(), [](const std::string& all) { return all.ends_with("done\n"); }));
        std::vector<std::string> lines;
        for (std::string line; std::getline(text, line) && line != "done";) {
            lines.push_back(line);
        }
        return lines;
    }
    [[nodiscard]] int wait() {
        int status = 0;
        EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

  private:
    pid_t pid_ = -1;
    FileDescriptor door_;
    FileDescriptor out_;
    FileDescriptor err_;
};

/// The example's files, and how to start them.
struct Machine : testing::MeasuredExample {
    [[nodiscard]] std::vector<std::string> command(const std::string& name,
                                                   const std::vector<std::string>& program) const {
        std::vector<std::string> all{name,
                                     "--program",
                                     paths.program,
                                     "--model",
                                     paths.model,
                                     "--config",
                                     paths.configuration};
        if (name == "run") {
            all.insert(all.end(), {"--root", folder.file("root")});
        } else {
            all.emplace_back("--json");
        }
        all.emplace_back("--");
        all.insert(all.end(), program.begin(), program.end());
        return all;
    }
    [[nodiscard]] std::vector<std::string> run(const std::vector<std::string>& program) const {
        return command("run", program);
    }
    /// What `measure` says.
    [[nodiscard]] std::string measurement(const std::vector<std::string>& program) const {
        const auto json = attest::parse_json(Launch(command("measure", program)).out());
        EXPECT_TRUE(json.has_value());
        return json.has_value() ? json->find("measurement")->text : "";
    }
};

void expect_all(const Launch& launch, std::string_view verdict, std::size_t lines_min) {
    const std::vector<std::string> lines = launch.lines();
    EXPECT_GE(lines.size(), lines_min);
    for (const std::string& line : lines) {
        EXPECT_EQ(line.rfind(verdict, 0), 0U) << line;
    }
}

TEST(Launcher, EveryForbiddenThingIsRefusedFromInside) {
    const Machine machine;
    Launch launch(machine.run({"forbidden"}));
    expect_all(launch, "refused ", 70);
    EXPECT_EQ(launch.wait(), 0);
}

TEST(Launcher, WhatAnEnclaveNeedsWorks) {
    const Machine machine;
    Launch launch(machine.run({"needed"}));
    expect_all(launch, "works ", 12);
    EXPECT_EQ(launch.wait(), 0);
}

TEST(Launcher, TheSameHoldsForAnOrdinaryUser) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "the other tests already ran as an ordinary user";
    }
    Machine machine;
    constexpr unsigned kUser = 54321;
    std::filesystem::copy_file(CHATMCP_SIMTEE, machine.folder.file("simtee"));
    const std::string home = machine.folder.file("home");
    std::filesystem::create_directory(home);
    ASSERT_EQ(::chown(home.c_str(), kUser, kUser), 0);
    const auto become_user = [] {
        if (::setgroups(0, nullptr) != 0 || ::setresgid(kUser, kUser, kUser) != 0 ||
            ::setresuid(kUser, kUser, kUser) != 0) {
            ::_exit(126);
        }
    };
    for (const auto& [mode, verdict, lines_min] :
         {std::tuple{"forbidden", "refused ", std::size_t{70}},
          std::tuple{"needed", "works ", std::size_t{12}}}) {
        std::vector<std::string> arguments = machine.run({mode});
        *(std::ranges::find(arguments, "--root") + 1) = home + "/root";
        Launch launch(arguments, become_user, machine.folder.file("simtee"));
        expect_all(launch, verdict, lines_min);
        EXPECT_EQ(launch.wait(), 0) << launch.err();
    }
}

TEST(Launcher, TheProgramSeesNothingOfTheHost) {
    const Machine machine;
    Launch launch(machine.run({"world", "a b", "c"}), [] {
        ::setenv("SECRET", "of the host", 1);
        ::signal(SIGTERM, SIG_IGN);
        sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        ::dup2(0, 42);  // A descriptor that somebody forgot.
    });
    EXPECT_EQ(launch.lines(),
              (std::vector<std::string>{"arguments world a b c",
                                        "name chatmcp-enclave",
                                        "environment 0",
                                        "descriptors 0 1 2 3 4 5 6",
                                        "process 1",
                                        "standard input gives 0",
                                        "termination blocked 0",
                                        "stack 8388608"}));
    EXPECT_EQ(launch.wait(), 0);
}

TEST(Launcher, ASystemCallOfTheOtherTableEndsTheProgram) {
    const Machine machine;
    Launch launch(machine.run({"foreign"}));
    EXPECT_TRUE(launch.lines().empty());
    EXPECT_EQ(launch.wait(), 128 + SIGSYS);
}

TEST(Launcher, TheProgramsExitStatusIsTheLaunchers) {
    const Machine machine;
    EXPECT_EQ(Launch(machine.run({"exit", "7"})).wait(), 7);
}

TEST(Launcher, SaysWhichWallsStand) {
    const Machine machine;
    const Launch launch(machine.run({"files"}));
    const attest::JsonValue started = launch.started();
    std::set<std::string> layers;
    for (const attest::JsonValue& layer : started.find("sandbox_layers")->items) {
        layers.insert(layer.text);
    }
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(wire::SandboxLayer::not_dumpable);
         ++i) {
        EXPECT_TRUE(
            layers.contains(std::string(wire::layer_name(static_cast<wire::SandboxLayer>(i)))));
    }
}

TEST(Launcher, EachChangeBeforeTheStartChangesTheMeasurementAndRunAgreesWithMeasure) {
    Machine machine;
    std::set<std::string> seen;
    const auto measured = [&](const std::vector<std::string>& program) {
        const std::string offline = machine.measurement(program);
        Launch launch(machine.run(program));
        EXPECT_EQ(launch.started().find("measurement")->text, offline);
        return offline;
    };
    EXPECT_TRUE(seen.insert(measured({"exit", "0"})).second);
    EXPECT_TRUE(seen.insert(measured({"exit", "1"})).second) << "command line";
    machine.folder.write("configuration", "{ }");
    EXPECT_TRUE(seen.insert(measured({"exit", "0"})).second) << "configuration";
    machine.folder.write("model", std::string(3'000'000, 'n'));
    EXPECT_TRUE(seen.insert(measured({"exit", "0"})).second) << "model";
    std::ofstream(machine.paths.program, std::ios::app) << "x";
    EXPECT_TRUE(seen.insert(measured({"exit", "0"})).second) << "program";
    // And back again: only content counts.
    std::filesystem::copy_file(
        CHATMCP_PROBE, machine.paths.program, std::filesystem::copy_options::overwrite_existing);
    machine.folder.write("model", std::string(3'000'000, 'm'));
    machine.paths.configuration = machine.folder.write("elsewhere", "{}");
    EXPECT_TRUE(seen.contains(measured({"exit", "0"})));
}

TEST(Launcher, ChangesAfterTheStartDoNotReachTheProgram) {
    const Machine machine;
    machine.folder.write("model", "the model");
    machine.folder.write("configuration", "the configuration");
    const Launch launch(machine.run({"files"}));
    static_cast<void>(launch.started());
    // Written over in place, so that an open or mapped file of the host would show it.
    machine.folder.write("model", "THE MODEL");
    machine.folder.write("configuration", "THE CONFIGURATION");
    std::ofstream(machine.paths.program) << "gone";
    std::filesystem::remove(machine.paths.program);
    const std::string expected = "the model\nthe configuration\n";
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(::write(launch.door(), "?", 1), 1);
        EXPECT_EQ(
            read_until(launch.door(),
                       [&](const std::string& text) { return text.size() >= expected.size(); }),
            expected);
    }
}

/// A quote from inside a real sandbox, and what a client makes of it.
class Quotes : public ::testing::Test {
  protected:
    Quotes() {
        binding_.enclave_key.fill(1);
        binding_.leaf_signature_key.fill(2);
        binding_.group_id.fill(3);
        binding_.nonce.fill(4);
    }

    /// Starts the machine's files and asks for evidence through the probe.
    Bytes evidence() {
        const Launch launch(machine_.run({"quotes"}));
        static_cast<void>(launch.started());
        const auto platform = tee::SimulatedPlatform::connect(launch.door());
        EXPECT_TRUE(platform.has_value());
        binding_.configuration_digest = configuration_;
        const auto evidence = (*platform)->evidence(attest::report_data(binding_));
        EXPECT_TRUE(evidence.has_value());
        key_ = (*platform)->sealing_key(as_bytes("state")).value();
        return *evidence;
    }

    /// A client that trusts this machine's root for the program as it was at first.
    attest::Appraisal appraise(ByteView evidence) {
        crypto::SystemRandom random;
        const auto root = DevelopmentRoot::open_or_make(machine_.folder.file("root"), random);
        const attest::Policy policy =
            attest::allow_simulated_measurement({}, root->fingerprint(), measurement_).value();
        attest::Expectation expectation;
        expectation.binding = binding_;
        expectation.measurement = measurement_;
        expectation.judged_at = SystemClock().now();
        expectation.development = wire::Development{root->signing_key().public_key()};
        return attest::examine(evidence, attest::builtin_roots(), policy, expectation);
    }

    Machine machine_;
    wire::Measurement measurement_ = attest::parse_digest(machine_.measurement({"quotes"})).value();
    crypto::Sha256Digest configuration_ = crypto::sha256(as_bytes("{}"));
    attest::ReportDataInput binding_;
    SecretBytes key_;
};

TEST_F(Quotes, AreAcceptedByAClientThatTrustsThisRootForThisProgram) {
    const attest::Appraisal appraisal = appraise(evidence());
    EXPECT_TRUE(appraisal.evidence().has_value()) << attest::report_to_text(appraisal.report);
}

TEST_F(Quotes, OfAChangedProgramModelConfigurationOrCommandLineAreRefused) {
    const SecretBytes key = [&] {
        static_cast<void>(evidence());
        return std::move(key_);
    }();
    const auto expect_refused = [&](const char* what, std::string_view check) {
        SCOPED_TRACE(what);
        const attest::Appraisal appraisal = appraise(evidence());
        ASSERT_FALSE(appraisal.evidence().has_value());
        EXPECT_EQ(appraisal.evidence().error().check, check);
        EXPECT_FALSE(equal(key.view(), key_.view())) << "nor does it get the sealing key";
    };
    machine_.folder.write("model", "another model");
    expect_refused("model", "ATT-26");
    machine_.folder.write("model", std::string(3'000'000, 'm'));
    machine_.folder.write("configuration", "{ }");
    expect_refused("configuration", "ATT-26");
    machine_.folder.write("configuration", "{}");
    std::ofstream(machine_.paths.program, std::ios::app) << "x";
    expect_refused("program", "ATT-26");
    std::filesystem::copy_file(
        CHATMCP_PROBE, machine_.paths.program, std::filesystem::copy_options::overwrite_existing);
    const attest::Appraisal again = appraise(evidence());
    EXPECT_TRUE(again.evidence().has_value());
    EXPECT_TRUE(equal(key.view(), key_.view())) << "the same program gets the same key again";
    // The command line: the client expects what `measure` says for another one.
    measurement_ = attest::parse_digest(machine_.measurement({"quotes", "--debug"})).value();
    EXPECT_EQ(appraise(evidence()).evidence().error().check, std::string_view("ATT-26"));
}

TEST(Launcher, AProgramThatTalksNonsenseToTheQuotingServiceIsEnded) {
    const Machine machine;
    Launch launch(machine.run({"nonsense"}));
    EXPECT_EQ(read_all(launch.door()), "");
    EXPECT_EQ(launch.wait(), 4);
    EXPECT_NE(launch.err().find("(TEE-49)"), std::string::npos);
}

TEST(Launcher, TheProgramDiesWithTheLauncher) {
    const Machine machine;
    Launch launch(machine.run({"files"}));
    static_cast<void>(launch.started());
    ASSERT_EQ(::kill(launch.pid(), SIGKILL), 0);
    EXPECT_EQ(launch.wait(), -SIGKILL);
    EXPECT_EQ(read_all(launch.door()), "") << "the door's other end is closed";
}

TEST(Launcher, ASignalToEndEndsTheProgramToo) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        const Machine machine;
        Launch launch(machine.run({"files"}));
        const attest::JsonValue started = launch.started();
        ASSERT_EQ(::kill(launch.pid(), signal), 0);
        EXPECT_EQ(launch.wait(), 128 + SIGKILL);
        EXPECT_EQ(read_all(launch.door()), "");
        EXPECT_EQ(::kill(static_cast<pid_t>(started.find("pid")->number), 0), -1);
    }
}

TEST(Launcher, AClosedDoorIsTheProgramsToSee) {
    const Machine machine;
    Launch launch(machine.run({"files"}));
    static_cast<void>(launch.started());
    launch.close_door();
    EXPECT_EQ(launch.wait(), 0);
}

TEST(Launcher, ADoorThatIsNoSocketIsRefused) {
    const Machine machine;
    std::vector<std::string> arguments = machine.run({"files"});
    arguments.insert(arguments.begin() + 1, {"--door-fd", "1"});  // A pipe.
    Launch launch(arguments);
    EXPECT_EQ(launch.wait(), 4);
    EXPECT_NE(launch.err().find("(TEE-40)"), std::string::npos);
}

TEST(Launcher, AMachineThatForbidsUserNamespacesStartsNothingAndSaysWhy) {
    const Machine machine;
    const auto forbid = [] {
        scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
        if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone3), 0) != 0 ||
            ::seccomp_load(filter) != 0) {
            ::_exit(126);
        }
    };
    for (const auto& arguments : {machine.run({"world"}), std::vector<std::string>{"check"}}) {
        Launch launch(arguments, forbid);
        EXPECT_EQ(launch.wait(), 4);
        const std::string message = launch.err();
        EXPECT_NE(message.find("(TEE-30): Operation not permitted\n"), std::string::npos);
        EXPECT_NE(message.find("CLONE_NEWUSER"), std::string::npos) << message;
        EXPECT_EQ(read_all(launch.door()), "");
    }
    EXPECT_EQ(Launch({"check"}).wait(), 0);
}

TEST(Launcher, TheRootCommandPrintsWhatPoliciesName) {
    const Machine machine;
    const std::string path = machine.folder.file("root");
    Launch first({"root", "--root", path});
    const std::string fingerprint = first.out();
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(fingerprint.size(), 65U);
    Launch second({"root", "--root", path, "--json"});
    const auto json = attest::parse_json(second.out());
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(json->find("root")->text + "\n", fingerprint);
    const Bytes key = from_hex(json->find("root_key")->text).value();
    EXPECT_EQ(to_hex(wire::root_fingerprint(key)) + "\n", fingerprint);
}

TEST(Launcher, WrongUseIsAnotherExitStatusThanARefusal) {
    EXPECT_EQ(Launch({}).wait(), 2);
    EXPECT_EQ(Launch({"run"}).wait(), 2);
    EXPECT_EQ(Launch({"fly"}).wait(), 2);
    EXPECT_EQ(Launch({"--help"}).wait(), 0);
    EXPECT_EQ(
        Launch({"measure", "--program", "/nothing", "--model", "/x", "--config", "/x"}).wait(), 4);
}

TEST(Launcher, EveryRowHasASentenceForPeople) {
    for (int row = 30; row <= 49; ++row) {
        const std::string check = "TEE-" + std::to_string(row);
        const std::string text = explain({Errc::internal, check.c_str()}, 0);
        EXPECT_NE(text.find("(" + check + ")"), std::string::npos);
        EXPECT_EQ(text.find("internal"), std::string::npos) << text;
    }
    EXPECT_NE(explain({Errc::io, "XYZ-1"}, ENOENT).find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace chatmcp::simtee
