// chatmcp-sbpf-link as a person calls it.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "sbpf/object_test_support.h"

namespace chatmcp::sbpf {
namespace {

struct Outcome {
    int status = 0;
    std::string text;  // Standard output and error.
};

class LinkProgram : public ::testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    static Outcome run(const std::string& arguments) {
        const std::string command = std::string(CHATMCP_SBPF_LINK) + " " + arguments + " 2>&1";
        std::FILE* pipe = ::popen(command.c_str(), "r");
        CHATMCP_CHECK(pipe != nullptr);
        Outcome outcome;
        std::array<char, 4096> block{};
        while (const std::size_t got = std::fread(block.data(), 1, block.size(), pipe)) {
            outcome.text.append(block.data(), got);
        }
        outcome.status = WEXITSTATUS(::pclose(pipe));
        return outcome;
    }
    static std::string object(const std::string& name) {
        return std::string(CHATMCP_SBPF_OBJECTS "/") + name + ".o";
    }
    [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder_), {}));
    }

  private:
    std::filesystem::path folder_ =
        std::filesystem::path(::testing::TempDir()) / ("sbpf_link_" + std::to_string(::getpid()));
};

TEST_F(LinkProgram, PrintsSizeHashAndFormatOfTheFileThatItWrote) {
    const Outcome text = run(object("program") + " " + file("a.so"));
    EXPECT_EQ(text.status, 0) << text.text;
    const Bytes written = load_file(file("a.so"));
    const std::string digest = to_hex(crypto::sha256(written));
    EXPECT_NE(text.text.find(std::to_string(written.size()) + " bytes"), std::string::npos);
    EXPECT_NE(text.text.find(digest), std::string::npos);
    EXPECT_NE(text.text.find("sBPF v3"), std::string::npos);
    const Outcome json = run(object("program") + " " + file("b.so") + " --json --version 0");
    EXPECT_EQ(json.status, 0) << json.text;
    EXPECT_NE(json.text.find("\"sbpf_version\":0,"
                             "\"system_calls\":[\"sol_log_\",\"sol_log_64_\"]}"),
              std::string::npos)
        << json.text;
    EXPECT_NE(json.text.find(to_hex(crypto::sha256(load_file(file("b.so"))))), std::string::npos);
    EXPECT_EQ(files(), 2u);
}

TEST_F(LinkProgram, TwoRunsGiveTheSameBytes) {
    EXPECT_EQ(run(object("program") + " " + file("a.so")).status, 0);
    EXPECT_EQ(run(object("program") + " " + file("b.so")).status, 0);
    EXPECT_EQ(load_file(file("a.so")), load_file(file("b.so")));
}

TEST_F(LinkProgram, WhatIsRefusedLeavesTheFileThatWasThere) {
    std::ofstream(file("a.so")) << "before";
    const Outcome refused = run(object("signed_division") + " " + file("a.so"));
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.text.find("SBF-32"), std::string::npos) << refused.text;
    EXPECT_NE(refused.text.find("entrypoint"), std::string::npos) << refused.text;
    EXPECT_EQ(load_file(file("a.so")), to_bytes(as_bytes("before")));
    EXPECT_EQ(files(), 1u);
}

TEST_F(LinkProgram, FilesThatCannotBeReadOrWrittenAreNamed) {
    const Outcome unread = run(file("none.o") + " " + file("a.so"));
    EXPECT_EQ(unread.status, 4);
    EXPECT_NE(unread.text.find("none.o: No such file"), std::string::npos) << unread.text;
    EXPECT_EQ(run(file("") + " " + file("a.so")).status, 4);
    const Outcome unwritten = run(object("program") + " " + file("none/a.so"));
    EXPECT_EQ(unwritten.status, 4);
    EXPECT_NE(unwritten.text.find("none/a.so: No such file"), std::string::npos) << unwritten.text;
    std::filesystem::create_directories(file("folder.so"));
    EXPECT_EQ(run(object("program") + " " + file("folder.so")).status, 4);
    EXPECT_EQ(files(), 1u);
}

TEST_F(LinkProgram, WrongUseIsAnotherExitStatusThanARefusal) {
    EXPECT_EQ(run("--help").status, 0);
    EXPECT_EQ(run("").status, 2);
    EXPECT_EQ(run(object("program")).status, 2);
    EXPECT_EQ(run(object("program") + " " + file("a.so") + " --version 2").status, 2);
    EXPECT_EQ(run(object("program") + " " + file("a.so") + " --fly").status, 2);
    EXPECT_EQ(run(object("other_entry") + " " + file("a.so") + " --entry nothing").status, 1);
    EXPECT_EQ(run(object("other_entry") + " " + file("a.so") + " --entry process").status, 0);
}

}  // namespace
}  // namespace chatmcp::sbpf
