// The program as users start it: its own process, its own folder, its own port.

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/encoding.h"
#include "net/carrier.h"
#include "store/store_testing.h"
#include "support/identity.h"
#include "wire/labelled_sign.h"

namespace chatmcp::node {
namespace {

namespace fs = std::filesystem;
using testing::key_named;

/// One chatmcp-node, killed at the end if it still runs.
class Program {
  public:
    explicit Program(const std::vector<std::string>& arguments) {
        std::array<int, 2> out{};
        std::array<int, 2> err{};
        CHATMCP_CHECK(::pipe2(out.data(), O_CLOEXEC) == 0 && ::pipe2(err.data(), O_CLOEXEC) == 0);
        std::vector<std::string> words = {CHATMCP_NODE_PROGRAM};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> pointers;
        for (std::string& word : words) {
            pointers.push_back(word.data());
        }
        pointers.push_back(nullptr);
        process_ = ::fork();
        CHATMCP_CHECK(process_ >= 0);
        if (process_ == 0) {
            ::dup2(out[1], STDOUT_FILENO);
            ::dup2(err[1], STDERR_FILENO);
            ::execv(pointers[0], pointers.data());
            ::_exit(127);
        }
        ::close(out[1]);
        ::close(err[1]);
        out_ = out[0];
        err_ = err[0];
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (process_ > 0) {
            static_cast<void>(end(SIGKILL));
        }
        ::close(out_);
        ::close(err_);
    }

    /// The first line of its output, as JSON; null if it ends without one.
    [[nodiscard]] nlohmann::json ready() const {
        std::string line;
        char next = 0;
        while (::read(out_, &next, 1) == 1 && next != '\n') {
            line.push_back(next);
        }
        return nlohmann::json::parse(line, nullptr, false);
    }
    [[nodiscard]] std::string errors() const {
        std::string out;
        std::array<char, 4096> block{};
        ::ssize_t size = 0;
        while ((size = ::read(err_, block.data(), block.size())) > 0) {
            out.append(block.data(), static_cast<std::size_t>(size));
        }
        return out;
    }
    /// Its resident memory. Linux only.
    [[nodiscard]] long resident_kib() const {
        std::ifstream status("/proc/" + std::to_string(process_) + "/status");
        std::string line;
        while (std::getline(status, line)) {
            if (line.starts_with("VmRSS:")) {
                return std::stol(line.substr(6));
            }
        }
        return -1;
    }
    void signal(int number) const { ::kill(process_, number); }
    /// Exit code, or minus the signal that ended it.
    int end(std::optional<int> number = {}) {
        if (number.has_value()) {
            signal(*number);
        }
        int status = 0;
        CHATMCP_CHECK(::waitpid(process_, &status, 0) == process_);
        process_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

  private:
    ::pid_t process_ = -1;
    int out_ = -1;
    int err_ = -1;
};

std::vector<std::string> arguments(const std::string& data, std::vector<std::string> more = {}) {
    std::vector<std::string> out = {"--data", data, "--listen", "127.0.0.1:0", "--json"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

/// Sends one request over a socket and waits for its answer.
template <class Request>
std::variant<typename Request::Reply, std::string> ask(net::Carrier& carrier,
                                                       const Request& request) {
    static std::uint64_t next_id = 0;
    const client::EffectId id{++next_id};
    carrier.carry({.id = id, .body = request});
    const auto next = carrier.next(std::chrono::seconds(30));
    const auto* arrived = std::get_if<net::Carrier::Arrived>(&next);
    CHATMCP_CHECK(arrived != nullptr);
    const auto& replied = std::get<client::Replied>(*arrived);
    CHATMCP_CHECK(replied.id == id);
    if (const auto* reason = std::get_if<client::Reason>(&replied.outcome)) {
        return std::string(errc_name(reason->code));
    }
    return std::get<typename Request::Reply>(std::get<client::ReplyBody>(replied.outcome));
}

net::Carrier connect(const nlohmann::json& ready) {
    auto carrier = net::Carrier::open({.url = ready.at("url").get<std::string>(),
                                       .ca_file = {},
                                       .timeout = std::chrono::seconds(30),
                                       .take_signals = false});
    CHATMCP_CHECK(carrier.has_value());
    return *std::move(carrier);
}

/// One group's requests to the node whose key is `relay_key`.
struct Group {
    wire::Ed25519Key relay_key;
    crypto::SigningKey key = key_named("admission");
    wire::TopicId topic = wire::topic_of(crypto::sha256(as_bytes("group")));

    template <class Request>
    [[nodiscard]] Request with_signature(Request request) const {
        request.signature = to_array<64>(wire::sign(key, request.admission()));
        return request;
    }
    [[nodiscard]] wire::CreateTopic create() const {
        return with_signature(wire::CreateTopic{.relay_key = relay_key,
                                                .topic = topic,
                                                .admission_key = key.public_key(),
                                                .group_info = {},
                                                .signature = {}});
    }
    [[nodiscard]] wire::PublishMessage message(std::size_t number, std::size_t size_bytes) const {
        Bytes payload = to_bytes(as_bytes(std::to_string(number)));
        payload.resize(payload.size() + size_bytes);
        return with_signature(wire::PublishMessage{.relay_key = relay_key,
                                                   .topic = topic,
                                                   .epoch = 0,
                                                   .payload = payload,
                                                   .signature = {}});
    }
    [[nodiscard]] wire::ReadTopic read(std::uint64_t after, const Bytes& challenge) const {
        return with_signature(wire::ReadTopic{.relay_key = relay_key,
                                              .topic = topic,
                                              .epoch = 0,
                                              .after = after,
                                              .limit = wire::kReadLimitMax,
                                              .challenge = challenge,
                                              .signature = {}});
    }
};

Group group_of(const nlohmann::json& ready) {
    return {.relay_key = to_array<32>(from_hex(ready.at("relay_key").get<std::string>()).value())};
}

/// Sequences of all envelopes that the node has.
std::vector<std::uint64_t> sequences(net::Carrier& carrier, const Group& group) {
    std::vector<std::uint64_t> out;
    bool more = true;
    while (more) {
        const auto challenge = std::get<0>(ask(carrier, wire::GetChallenge{})).challenge;
        const auto reply =
            std::get<0>(ask(carrier, group.read(out.empty() ? 0 : out.back(), challenge)));
        for (const wire::Envelope& envelope : reply.envelopes) {
            out.push_back(envelope.sequence);
        }
        more = reply.more;
    }
    return out;
}

TEST(NodeProgram, SaysWhereItListensAndWithWhichKeyAndStopsOnSignals) {
    const store::TemporaryFolder folder;
    std::string relay_key;
    for (const int number : {SIGTERM, SIGINT}) {
        Program program(arguments(folder.file("node")));
        const auto ready = program.ready();
        ASSERT_TRUE(ready.is_object());
        EXPECT_EQ(ready.at("event"), "ready");
        EXPECT_GT(ready.at("port").get<int>(), 0);
        EXPECT_EQ(ready.at("url"),
                  "http://127.0.0.1:" + std::to_string(ready.at("port").get<int>()));
        EXPECT_EQ(ready.at("relay_key").get<std::string>().size(), 64u);
        EXPECT_EQ(ready.at("fingerprint").get<std::string>().size(), 16u);
        if (relay_key.empty()) {
            relay_key = ready.at("relay_key");
        }
        EXPECT_EQ(ready.at("relay_key"), relay_key);  // The same after a restart.
        net::Carrier carrier = connect(ready);
        EXPECT_EQ(std::get<0>(ask(carrier, wire::GetRelayInfo{})).relay_key,
                  group_of(ready).relay_key);
        EXPECT_EQ(program.end(number), 0);
        EXPECT_NE(program.errors().find("\"event\":\"node.stopped\""), std::string::npos);
    }
}

TEST(NodeProgram, AFolderBelongsToOneProcess) {
    const store::TemporaryFolder folder;
    Program first(arguments(folder.file("node")));
    ASSERT_TRUE(first.ready().is_object());
    Program second(arguments(folder.file("node")));
    EXPECT_EQ(second.end(), 4);
    EXPECT_NE(second.errors().find("STO-14"), std::string::npos);
    EXPECT_EQ(first.end(SIGTERM), 0);
}

TEST(NodeProgram, AStoreWithoutItsKeyDoesNotStart) {
    const store::TemporaryFolder folder;
    {
        Program program(arguments(folder.file("node")));
        ASSERT_TRUE(program.ready().is_object());
        EXPECT_EQ(program.end(SIGTERM), 0);
    }
    fs::rename(folder.file("node/relay.key"), folder.file("backup"));
    Program without(arguments(folder.file("node")));
    EXPECT_EQ(without.end(), 4);
    EXPECT_NE(without.errors().find("NODE-04"), std::string::npos);
    EXPECT_FALSE(fs::exists(folder.file("node/relay.key")));
    fs::rename(folder.file("backup"), folder.file("node/relay.key"));
    Program with(arguments(folder.file("node")));
    EXPECT_TRUE(with.ready().is_object());
}

TEST(NodeProgram, ACertificateThatIsNotThereIsUnusableInput) {
    const store::TemporaryFolder folder;
    Program program(
        arguments(folder.file("node"),
                  {"--tls-cert", folder.file("none"), "--tls-key", folder.file("none")}));
    EXPECT_EQ(program.end(), 2);
    EXPECT_NE(program.errors().find("NODE-02"), std::string::npos);
}

TEST(NodeProgram, AFolderThatCannotBeMadeIsALocalFailure) {
    const store::TemporaryFolder folder;
    std::ofstream(folder.file("file")) << "x";
    Program program(arguments(folder.file("file") + "/node"));
    EXPECT_EQ(program.end(), 4);
    EXPECT_NE(program.errors().find("NODE-03"), std::string::npos);
}

TEST(NodeProgram, PlainHttpIsForLoopbackOnly) {
    const store::TemporaryFolder folder;
    Program program({"--data", folder.file("node"), "--listen", "0.0.0.0:0"});
    EXPECT_EQ(program.end(), 2);
    EXPECT_NE(program.errors().find("loopback only"), std::string::npos);
}

TEST(NodeProgram, WhatItAcknowledgedSurvivesKill9) {
    const store::TemporaryFolder folder;
    std::size_t number = 0;
    std::uint64_t acknowledged = 0;
    for (int round = 0; round < 4; ++round) {
        Program program(arguments(folder.file("node")));
        const auto ready = program.ready();
        ASSERT_TRUE(ready.is_object());
        net::Carrier carrier = connect(ready);
        const Group group = group_of(ready);
        ASSERT_EQ(ask(carrier, group.create()).index(), 0u);
        const auto found = sequences(carrier, group);
        ASSERT_EQ(found.size(), acknowledged);
        for (int i = 0; i < 15; ++i) {
            const auto reply = ask(carrier, group.message(number++, 500));
            ASSERT_EQ(reply.index(), 0u);
            EXPECT_EQ(std::get<0>(reply).sequence, ++acknowledged);
        }
        EXPECT_EQ(program.end(SIGKILL), -SIGKILL);
    }
}

void expect_full_disk_is_refused_and_survived(const std::string& folder) {
    Program program(arguments(folder + "/node"));
    const auto ready = program.ready();
    ASSERT_TRUE(ready.is_object());
    net::Carrier carrier = connect(ready);
    const Group group = group_of(ready);
    ASSERT_EQ(ask(carrier, group.create()).index(), 0u);
    ASSERT_EQ(ask(carrier, group.message(1, 1000)).index(), 0u);
    store::fill_disk(folder, "ballast");
    for (std::size_t i = 0; i < 3; ++i) {
        const auto refused = ask(carrier, group.message(100 + i, 1000));
        ASSERT_EQ(refused.index(), 1u);
        EXPECT_EQ(std::get<1>(refused), "resource_exhausted");
    }
    EXPECT_EQ(sequences(carrier, group), std::vector<std::uint64_t>{1});
    ASSERT_TRUE(fs::remove(folder + "/ballast"));
    ASSERT_EQ(ask(carrier, group.message(100, 1000)).index(), 0u);
    EXPECT_EQ(sequences(carrier, group), (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(program.end(SIGTERM), 0);
}

TEST(NodeProgram, AFullDiskRefusesPublishesUntilThereIsRoom) {
    const store::TemporaryFolder folder;
    const auto outcome =
        store::in_small_filesystem(folder.path(), std::size_t{64} * 1024 * 1024, [&folder] {
            expect_full_disk_is_refused_and_survived(folder.path());
        });
    if (outcome == store::ChildOutcome::not_possible_here) {
        GTEST_SKIP() << "user namespaces are forbidden here";
    }
    EXPECT_EQ(outcome, store::ChildOutcome::passed);
}

TEST(NodeProgram, IdleItStaysWithin64MiB) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "a sanitizer's memory is not the program's";
#endif
#endif
    const store::TemporaryFolder folder;
    Program program(arguments(folder.file("node")));
    const auto ready = program.ready();
    ASSERT_TRUE(ready.is_object());
    net::Carrier carrier = connect(ready);
    const Group group = group_of(ready);
    ASSERT_EQ(ask(carrier, group.create()).index(), 0u);
    for (std::size_t i = 0; i < 400; ++i) {
        ASSERT_EQ(ask(carrier, group.message(i, 60'000)).index(), 0u);
    }
    const auto info = std::get<0>(ask(carrier, wire::GetRelayInfo{}));
    EXPECT_EQ(info.relay_key, group.relay_key);
    const long resident_kib = program.resident_kib();
    EXPECT_GT(resident_kib, 0);
    EXPECT_LE(resident_kib, 64 * 1024);
    RecordProperty("resident_kib", static_cast<int>(resident_kib));
}

}  // namespace
}  // namespace chatmcp::node
