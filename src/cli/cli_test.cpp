// Runs the real program: what a user types, the exit code and the row of docs/CHECKS.md that comes
// back.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "attest/test_quote.h"
#include "client/view.h"
#include "crypto/hash.h"

namespace chatmcp::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Ran {
    int exit_code = -1;
    std::string output;

    [[nodiscard]] Json last() const {
        const auto end = output.find_last_not_of('\n');
        const auto begin = output.rfind('\n', end);
        return Json::parse(
            output.substr(begin == std::string::npos ? 0 : begin + 1), nullptr, false);
    }
    [[nodiscard]] std::string check() const {
        return last().is_object() ? last().value("check", "") : "";
    }
};

/// `words` are given to the shell as they are; standard input is empty.
Ran run(const std::string& words, const std::string& environment = "") {
    const std::string command = environment + " timeout 60 '" CHATMCP_PROGRAM "' --json " + words +
                                " </dev/null 2>/dev/null";
    Ran ran;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    char block[4096];
    while (const std::size_t got = std::fread(block, 1, sizeof block, pipe)) {
        ran.output.append(block, got);
    }
    ran.exit_code = WEXITSTATUS(::pclose(pipe));
    return ran;
}

class Cli : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "chatmcp-cli-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string at(const std::string& name) const {
        return (folder_ / name).string();
    }
    std::string put(const std::string& name, const std::string& content) const {
        std::ofstream(at(name), std::ios::binary) << content;
        return at(name);
    }
    std::string put(const std::string& name, ByteView content) const {
        return put(name, to_text(content));
    }
    [[nodiscard]] std::string wallet() const {
        if (!fs::exists(at("wallet.json"))) {
            EXPECT_EQ(run("wallet new " + at("wallet.json")).exit_code, 0);
        }
        return at("wallet.json");
    }
    [[nodiscard]] std::string login(const std::string& node) const {
        return "--timeout 1 --home " + at("home") + node + " login --wallet " + wallet();
    }

    fs::path folder_;
};

constexpr const char* kPassphrase = "CHATMCP_PASSPHRASE=test";

/// A relay that takes connections and never answers.
class SilentRelay {
  public:
    SilentRelay() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(socket_, 8), 0);
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~SilentRelay() { ::close(socket_); }
    SilentRelay(const SilentRelay&) = delete;
    SilentRelay& operator=(const SilentRelay&) = delete;
    [[nodiscard]] std::string option() const {
        return " --node http://127.0.0.1:" + std::to_string(port_);
    }
    /// Somebody connects within a minute.
    [[nodiscard]] bool is_called() const {
        pollfd waiting{socket_, POLLIN, 0};
        return ::poll(&waiting, 1, 60'000) == 1;
    }

  private:
    int socket_;
    int port_ = 0;
};

TEST_F(Cli, WalletFilesAreMadeOnceShownAndPrivate) {
    const Ran made = run("wallet new " + at("w.json"));
    ASSERT_EQ(made.exit_code, 0);
    struct stat facts{};
    ASSERT_EQ(::stat(at("w.json").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    const Ran shown = run("wallet show " + at("w.json"));
    EXPECT_EQ(shown.last()["address"], made.last()["address"]);
    const Ran again = run("wallet new " + at("w.json"));
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_EQ(again.check(), "CLI-13");
}

TEST_F(Cli, FilesThatCannotBeReadOrWrittenAreNamed) {
    EXPECT_EQ(run("wallet show " + at("missing")).check(), "CLI-10");
    EXPECT_EQ(run("wallet show " + at("missing")).exit_code, 4);
    EXPECT_EQ(run("wallet new " + at("no/such/folder/w.json")).check(), "CLI-12");
    const Ran large = run("wallet show " + put("large", std::string(1 << 20, ' ')));
    EXPECT_EQ(large.check(), "CLI-11");
    EXPECT_EQ(large.exit_code, 2);
}

TEST_F(Cli, CommandsWithoutAHomeAreRefused) {
    const Ran ran = run("--home " + at("home") + " status", kPassphrase);
    EXPECT_EQ(ran.check(), "CLI-01");
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_FALSE(fs::exists(at("home")));
}

TEST_F(Cli, AHomeThatCannotBeMadeIsNamed) {
    static_cast<void>(put("file", "x"));
    const Ran ran = run("--home " + at("file/home") + " login --wallet " + wallet(), kPassphrase);
    EXPECT_EQ(ran.check(), "CLI-02");
    EXPECT_EQ(ran.exit_code, 4);
}

TEST_F(Cli, AnEmptyPassphraseIsRefused) {
    const Ran ran = run(login("") + " --passphrase-file " + put("empty", "\n"));
    EXPECT_EQ(ran.check(), "CLI-03");
    EXPECT_EQ(ran.exit_code, 4);
}

TEST_F(Cli, ANewPassphraseIsAskedTwiceAndHasToBeTheSame) {
    const std::string words = login("");
    int terminal = -1;
    const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) {
        ::unsetenv("CHATMCP_PASSPHRASE");
        const std::string command = "exec '" CHATMCP_PROGRAM "' --json " + words;
        ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
        ::_exit(127);
    }
    std::string seen;
    std::size_t answered = 0;
    char block[512];
    for (ssize_t got = 0; (got = ::read(terminal, block, sizeof block)) > 0;) {
        seen.append(block, static_cast<std::size_t>(got));
        const bool asks = seen.ends_with("passphrase: ") || seen.ends_with("the same again: ");
        if (asks && answered < 2) {
            const std::string line = answered++ == 0 ? "one\n" : "two\n";
            ASSERT_EQ(::write(terminal, line.data(), line.size()),
                      static_cast<ssize_t>(line.size()));
        }
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(terminal);
    EXPECT_EQ(WEXITSTATUS(status), 4);
    EXPECT_NE(seen.find("CLI-04"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("one"), std::string::npos) << "the passphrase was shown";
}

TEST_F(Cli, AnInterruptAtThePassphraseGivesTheTerminalBack) {
    const std::string words = login("");
    int terminal = -1;
    int inside = -1;  // Kept open here, so that the terminal outlives the program.
    ASSERT_EQ(::openpty(&terminal, &inside, nullptr, nullptr, nullptr), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::login_tty(inside);
        ::unsetenv("CHATMCP_PASSPHRASE");
        const std::string command = "exec '" CHATMCP_PROGRAM "' " + words;
        ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
        ::_exit(127);
    }
    const auto shows = [&] {
        termios mode{};
        EXPECT_EQ(::tcgetattr(inside, &mode), 0);
        return (mode.c_lflag & ECHO) != 0;
    };
    std::string seen;
    while (!seen.contains("passphrase: ")) {
        char block[512];
        const ssize_t got = ::read(terminal, block, sizeof block);
        ASSERT_GT(got, 0) << seen;
        seen.append(block, static_cast<std::size_t>(got));
    }
    EXPECT_FALSE(shows());
    // Between the prompt and the read a signal is noted and not acted on: as people do, again.
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        ::kill(child, SIGINT);
        ::usleep(50'000);
    }
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
    EXPECT_TRUE(shows());
    ::close(terminal);
    ::close(inside);
}

TEST_F(Cli, ALoginWithoutARelayIsRefused) {
    const Ran ran = run(login(""), kPassphrase);
    EXPECT_EQ(ran.check(), "CLI-05");
    EXPECT_EQ(ran.exit_code, 2);
}

TEST_F(Cli, ARelayThatNeverAnswersIsUnreachable) {
    const SilentRelay relay;
    const Ran ran = run(login(relay.option()), kPassphrase);
    EXPECT_EQ(ran.check(), "CLI-07");
    EXPECT_EQ(ran.exit_code, 3);
}

TEST_F(Cli, AnInterruptEndsACommandAndSaysSo) {
    const SilentRelay relay;
    const std::string called = at("called");
    std::jthread watcher([&] {
        EXPECT_TRUE(relay.is_called());
        std::ofstream(called) << "yes";
    });
    const Ran ran = run("--timeout 60 --home " + at("home") + relay.option() + " login --wallet " +
                            wallet() + " & while [ ! -e '" + called +
                            "' ]; do sleep 0.05; done; kill -INT $!; wait $!; true",
                        kPassphrase);
    EXPECT_EQ(ran.check(), "CLI-06") << ran.output;
}

TEST_F(Cli, AWrongPassphraseIsNamed) {
    const SilentRelay relay;
    EXPECT_EQ(run(login(relay.option()), kPassphrase).exit_code, 3);
    const Ran ran =
        run("--home " + at("home") + relay.option() + " status", "CHATMCP_PASSPHRASE=other");
    EXPECT_EQ(ran.last()["error"], "wrong_passphrase");
    EXPECT_EQ(ran.exit_code, 4);
}

TEST_F(Cli, UnknownScopesAndFingerprintsAreRefusedBeforeAnythingElse) {
    const Ran scope =
        run("assistant invite aaaaaa bbbbbb --scope answer,dream --until 2027-01-01T00:00:00Z");
    EXPECT_EQ(scope.check(), "CLI-21");
    EXPECT_EQ(scope.exit_code, 2);
    const Ran fingerprint = run("policy allow-simulated abcd");
    EXPECT_EQ(fingerprint.check(), "CLI-22");
    const Ran measurement =
        run("policy allow-simulated " + std::string(64, 'a') + " --measurement xyz");
    EXPECT_EQ(measurement.check(), "CLI-22");
    EXPECT_EQ(fingerprint.exit_code, 2);
}

TEST_F(Cli, UsageErrorsEndWithTwo) {
    EXPECT_EQ(run("").exit_code, 2);
    EXPECT_EQ(run("send").exit_code, 2);
    EXPECT_EQ(run("fly").exit_code, 2);
    EXPECT_EQ(run("--timeout -1 status").exit_code, 2);
}

TEST_F(Cli, EvidenceFromAFileIsVerifiedAndHeldAgainstReportData) {
    const attest::testing::TestPlatform platform;
    const std::string file = put("evidence.cmw", ByteView(platform.evidence()));
    const Ran unset = run("attest verify " + file + " --at 2023-11-14T22:14:00Z");
    EXPECT_EQ(unset.exit_code, 1) << unset.output;
    EXPECT_TRUE(unset.last()["verifies"]);
    EXPECT_FALSE(unset.last()["accepted"]);
    const Ran bound = run("attest verify " + file + " --report-data " + std::string(128, '0'));
    bool refused = false;
    for (const Json& refusal : bound.last()["refusals"]) {
        refused = refused || refusal["check"] == "ATT-21";
    }
    EXPECT_TRUE(refused) << bound.output;
    const Ran broken = run("attest verify " + put("broken", "not evidence"));
    EXPECT_EQ(broken.exit_code, 2);
    EXPECT_EQ(broken.check(), "CLI-24");
    const Ran forced = run("attest verify " + file + " --kind nitro");
    EXPECT_EQ(forced.exit_code, 1);
    EXPECT_FALSE(forced.last()["verifies"]);
    const std::string result = file + ".eat";
    const std::string key = put("result-key", std::string(64, '1') + "\n");
    EXPECT_EQ(
        run("attest verify " + file + " --result " + result + " --result-key " + key).exit_code, 1);
    EXPECT_GT(std::filesystem::file_size(result), 64U);
    for (const std::string& wrong : {" --result " + result,
                                     " --result-key " + key,
                                     " --result " + result + " --result-key " + file}) {
        const Ran without = run("attest verify " + file + wrong);
        EXPECT_EQ(without.exit_code, 2) << wrong;
        EXPECT_TRUE(without.check() == "CLI-27" || without.check() == "CLI-11") << without.output;
    }
    const Ran unknown = run("attest verify " + file + " --kind abacus");
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_EQ(unknown.check(), "CLI-25");
}

TEST_F(Cli, AFolderWithAQuoteAndItsCollateralIsVerified) {
    const std::string genuine =
        std::string(CHATMCP_SOURCE_DIR) + "/tests/vectors/evidence/tdx/dstack-v4-uptodate-2026-02";
    const Ran ran = run("attest verify " + genuine + " --at 2026-03-05T10:50:03Z");
    EXPECT_EQ(ran.exit_code, 1) << ran.output;
    EXPECT_EQ(ran.last()["kind"], "tdx");
    EXPECT_TRUE(ran.last()["verifies"]);
    EXPECT_FALSE(ran.last()["accepted"]);
    EXPECT_EQ(ran.last()["claims"]["tcb_status"], "UpToDate");
    const std::string when = " --at 2026-03-05T10:50:03Z";
    const Ran strict = run("attest verify " + genuine + when + " --policy strict");
    EXPECT_EQ(strict.exit_code, 0) << strict.output;
    EXPECT_TRUE(strict.last()["accepted"]);
    EXPECT_GE(strict.last()["factors"].size(), 45U);
    const std::string roots =
        " --roots " + std::string(CHATMCP_SOURCE_DIR) + "/tests/vectors/evidence/roots";
    EXPECT_EQ(run("attest verify " + genuine + when + " --policy strict" + roots).exit_code, 0);
    const Ran listed = run("attest roots" + roots);
    EXPECT_EQ(listed.exit_code, 0) << listed.output;
    EXPECT_EQ(listed.last()["kinds"], "nvidia-gpu");
    EXPECT_EQ(listed.last()["fingerprint"],
              "102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48");
    EXPECT_EQ(run("attest roots").output, listed.output);
    const Ran rootless = run("attest verify " + genuine + when + " --roots " + genuine);
    EXPECT_EQ(rootless.exit_code, 2);
    EXPECT_EQ(rootless.check(), "ATT-298");
    const Ran later = run("attest verify " + genuine + " --at 2027-03-05T10:50:03Z");
    EXPECT_FALSE(later.last()["verifies"]);
    const Ran alone = run("attest verify " + genuine + "/quote.bin --at 2026-03-05T10:50:03Z");
    EXPECT_TRUE(alone.last()["verifies"]);
    EXPECT_FALSE(alone.last()["claims"].contains("tcb_status"));
    const Ran nothing = run("attest verify " + std::string(CHATMCP_SOURCE_DIR) + "/docs");
    EXPECT_EQ(nothing.exit_code, 2) << nothing.output;
    EXPECT_EQ(nothing.check(), "CLI-24");
}

TEST_F(Cli, AReplayNamesWhatItCannotDo) {
    const std::string model = put("model", "weights");
    const std::string config = put("config", "{}");
    client::ReceiptFile file;
    file.announcement.grant.scopes = {wire::Scope::answer};
    file.answer_post.asked.type = wire::ContentType::question;
    file.answer_post.asked.body = wire::encode(wire::Question{.text = "?"});
    file.answer_post.receipt.weights_root = crypto::sha256(as_bytes("weights"));
    file.answer_post.receipt.configuration_digest = crypto::sha256(as_bytes("{}"));
    const auto verify =
        [&](const std::string& name, const std::string& enclave, const std::string& used_model) {
            const std::string path = put(name, ByteView(wire::encode(file)));
            const std::string files = enclave.empty() ? ""
                                                      : " --enclave " + enclave + " --model " +
                                                            used_model + " --config " + config;
            return run("receipt verify " + path + " --replay" + files);
        };
    EXPECT_EQ(verify("a", "", "").check(), "CLI-30");
    EXPECT_EQ(verify("b", "/bin/true", model).check(), "CLI-31");
    file.prompts.push_back(Bytes{1});
    EXPECT_EQ(verify("c", "/bin/false", model).check(), "CLI-32");
    EXPECT_EQ(verify("d", "/bin/true", model).check(), "CLI-33");
    EXPECT_EQ(verify("e", "/bin/true", config).last()["replay"], "not comparable");
}

TEST_F(Cli, AnAssistantThatNobodyKnowsIsRefusedByName) {
    const std::string node =
        std::string("'" CHATMCP_NODE_PROGRAM "' --json --listen 127.0.0.1:0 --data ") + at("node") +
        " > " + at("node.out") + " 2>/dev/null & echo $!";
    std::FILE* pipe = ::popen(node.c_str(), "r");
    int process = 0;
    ASSERT_EQ(std::fscanf(pipe, "%d", &process), 1);
    static_cast<void>(::pclose(pipe));
    std::string line;
    for (int tries = 0; tries < 200 && line.empty(); ++tries) {
        ::usleep(50'000);
        std::ifstream ready(at("node.out"));
        std::getline(ready, line);
    }
    const Json ready = Json::parse(line, nullptr, false);
    const std::string url = ready.is_object() ? ready.value("url", "") : "";
    const std::string global = "--home " + at("home") + " --node " + url;
    EXPECT_EQ(run(global + " login --wallet " + wallet(), kPassphrase).exit_code, 0);
    const Ran ran = run(global + " assistant show deadbeefdead", kPassphrase);
    ::kill(process, SIGTERM);
    EXPECT_EQ(ran.check(), "CLI-20") << ran.output;
    EXPECT_EQ(ran.exit_code, 1);
}

/// Words in back quotes of the paragraph that begins with "JSON", at any depth.
std::set<std::string> documented_fields(const std::string& section) {
    std::set<std::string> words;
    const auto begin = section.find("JSON");
    const std::string rest = begin == std::string::npos ? "" : section.substr(begin);
    const std::regex word("`([a-z_]+)`");
    for (auto it = std::sregex_iterator(rest.begin(), rest.end(), word);
         it != std::sregex_iterator();
         ++it) {
        words.insert((*it)[1]);
    }
    return words;
}

TEST(CliManual, NamesEveryCommandOptionAndFieldAndNothingElse) {
    std::ifstream in(CHATMCP_SOURCE_DIR "/docs/cli.md");
    const std::string manual{std::istreambuf_iterator<char>(in), {}};
    const Json program = Json::parse(run("describe").output);
    std::set<std::string> documented;
    const std::regex heading("### ([a-z]+(?: [a-z-]+)*)");
    for (auto it = std::sregex_iterator(manual.begin(), manual.end(), heading);
         it != std::sregex_iterator();
         ++it) {
        documented.insert((*it)[1]);
    }
    std::set<std::string> existing;
    for (const Json& command : program["commands"]) {
        const std::string name = command["name"];
        existing.insert(name);
        const auto begin = manual.find("### " + name);
        ASSERT_NE(begin, std::string::npos) << name;
        const std::string section = manual.substr(begin, manual.find("\n### ", begin + 4) - begin);
        const std::set<std::string> fields = documented_fields(section);
        for (const Json& field : command["fields"]) {
            EXPECT_TRUE(fields.contains(field.get<std::string>()))
                << name << " does not document " << field;
        }
        for (const Json& option : command["options"]) {
            EXPECT_TRUE(option == "--help" ||
                        section.find(option.get<std::string>()) != std::string::npos)
                << name << " " << option;
        }
    }
    EXPECT_EQ(documented, existing);
    for (const Json& option : program["options"]) {
        EXPECT_NE(manual.find(option.get<std::string>()), std::string::npos) << option;
    }
}

TEST(CliManual, CompletionScriptsKnowEveryCommand) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const std::string script = run(std::string("completion ") + shell).output;
        for (const char* word : {"chat", "requests accept", "--passphrase-file", "invite"}) {
            EXPECT_NE(script.find(word), std::string::npos) << shell << " " << word;
        }
    }
    EXPECT_EQ(run("completion tcsh").exit_code, 2);
}

}  // namespace
}  // namespace chatmcp::cli
